//! Trace headers of both kinds, and the record of functions passed.

use cloudvault_obs_core::{lineage::Lineage, trace::TraceHeader};

/// Any text: what is read is written so that it reads back the same.
pub fn header(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(header) = text.parse::<TraceHeader>() {
        let written = header.to_string();
        assert_eq!(written.parse(), Ok(header.clone()), "{written}");
        // The same ids in W3C's spelling, where it has one for them.
        if let Some(w3c) = header
            .to_traceparent()
            .filter(|_| header.root.to_bits() != 0)
        {
            let read = TraceHeader::from_traceparent(&w3c).expect("what we write we read");
            assert_eq!(
                (read.root, read.parent),
                (header.root, header.parent),
                "{w3c}"
            );
        }
    }
    let Ok(lineage) = text.parse::<Lineage>();
    assert_eq!(lineage.to_string().parse(), Ok(lineage.clone()));
    let rounds = lineage.rounds("f");
    assert_eq!(lineage.through("f").rounds("f"), rounds.saturating_add(1));
    if let Ok(header) = TraceHeader::from_traceparent(text) {
        let written = header.to_traceparent().expect("a traceparent has a parent");
        assert_eq!(
            TraceHeader::from_traceparent(&written),
            Ok(header),
            "{written}"
        );
    }
}
