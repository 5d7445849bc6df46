//! X-Ray's filter expressions from arbitrary text.
#![no_main]

#[path = "../src/trace_filter.rs"]
mod trace_filter;

libfuzzer_sys::fuzz_target!(|data: &[u8]| trace_filter::expression(data));
