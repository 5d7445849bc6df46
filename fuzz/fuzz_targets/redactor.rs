//! The redactor on arbitrary text.
#![no_main]

#[path = "../src/redact.rs"]
mod redact;

libfuzzer_sys::fuzz_target!(|data: &[u8]| redact::redactor(data));
