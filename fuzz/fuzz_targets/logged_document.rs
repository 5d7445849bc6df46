//! Events and responses as they are logged.
#![no_main]

#[path = "../src/document.rs"]
mod document;

libfuzzer_sys::fuzz_target!(|data: &[u8]| document::document(data));
