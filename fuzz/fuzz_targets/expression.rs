//! Metric math from arbitrary text.
#![no_main]

#[path = "../src/expression.rs"]
mod expression;

libfuzzer_sys::fuzz_target!(|data: &[u8]| expression::expression(data));
