//! Rules of composite alarms from arbitrary text.
#![no_main]

#[path = "../src/rule.rs"]
mod rule;

libfuzzer_sys::fuzz_target!(|data: &[u8]| rule::rule(data));
