//! Trace headers of both kinds.

use cloudvault_obs_core::trace::TraceHeader;

/// Any text: what is read is written so that it reads back the same.
pub fn header(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(header) = text.parse::<TraceHeader>() {
        let written = header.to_string();
        assert_eq!(written.parse(), Ok(header), "{written}");
    }
    if let Ok(header) = TraceHeader::from_traceparent(text) {
        let written = header.to_traceparent().expect("a traceparent has a parent");
        assert_eq!(
            TraceHeader::from_traceparent(&written),
            Ok(header),
            "{written}"
        );
    }
}
