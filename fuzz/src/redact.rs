//! What must hold for the redactor, whatever the text.
//!
//! Called by the fuzz target and, with a bounded number of random inputs, by the
//! crate's ordinary tests.

use cloudvault_obs_core::{
    json,
    redact::{MARK, Marked, Redactor},
};

/// Redacts `data` as text at three depths of JSON.
///
/// # Panics
///
/// When the rest does not parse, or a planted secret survives.
pub(crate) fn redactor(data: &[u8]) {
    let redactor = Redactor::default();
    let noise = String::from_utf8_lossy(data);
    if noise.contains("pl4nt3d") {
        // The fuzzer has learnt the secret: it may put it where no key stands.
        return;
    }
    let mut text = format!("{noise}\" {{\"password\":\"pl4nt3d-s3cr3t\"}}");
    for _ in 0..3 {
        let mut out = vec![b'"'];
        json::escape(&mut out, &text);
        redactor.escaped(&mut out, 1, Marked(true));
        out.push(b'"');
        let read: String = serde_json::from_slice(&out).expect("redacted text parses");
        assert!(!read.contains("pl4nt3d"), "a planted secret survived");
        assert!(read.contains(MARK));
        text = format!("{{\"inner\":{}}}", serde_json::Value::from(text));
    }
}
