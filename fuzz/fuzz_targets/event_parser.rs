//! Events, records and batches from arbitrary bytes.
#![no_main]

#[path = "../src/event.rs"]
mod event;

libfuzzer_sys::fuzz_target!(|data: &[u8]| event::payload(data));
