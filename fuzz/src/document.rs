//! What must hold for an event as it is logged, whatever it is.
//!
//! Called by the fuzz target and, with a bounded number of random inputs, by the
//! crate's ordinary tests.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloudvault_obs_core::{
    log::nested,
    redact::{MARK, Redactor},
};
use serde_json::Value;

/// Logs `data` as an event, if it is JSON, and one with it as text and in a form behind
/// base64.
///
/// # Panics
///
/// When what is logged does not parse, or the form's planted secret survives.
pub(crate) fn document(data: &[u8]) {
    let redactor = Redactor::default();
    let logged = |event: &str, room: usize| {
        let mut out = Vec::new();
        nested(&mut out, event, room, &redactor);
        serde_json::from_slice::<Value>(&out).expect("what is logged parses")
    };
    let noise = String::from_utf8_lossy(data);
    if serde_json::from_str::<Value>(&noise).is_ok() {
        logged(&noise, usize::MAX);
        logged(&noise, 100);
    }
    let form = STANDARD.encode(format!("{noise}&password=pl4nt3d-s3cr3t"));
    let event = serde_json::json!({"noise": noise, "body": form}).to_string();
    assert_eq!(logged(&event, usize::MAX)["body"], MARK);
    logged(&event, 100);
}
