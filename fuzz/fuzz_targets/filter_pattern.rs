//! CloudWatch Logs' filter patterns from arbitrary text.
#![no_main]

#[path = "../src/filter.rs"]
mod filter;

libfuzzer_sys::fuzz_target!(|data: &[u8]| filter::pattern(data));
