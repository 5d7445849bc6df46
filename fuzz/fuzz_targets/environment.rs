//! The function's environment from arbitrary variables.
#![no_main]

#[path = "../src/environment.rs"]
mod environment;

libfuzzer_sys::fuzz_target!(|data: &[u8]| environment::variables(data));
