//! Lines of embedded metric format from arbitrary series.
#![no_main]

#[path = "../src/emf.rs"]
mod emf;

libfuzzer_sys::fuzz_target!(|data: &[u8]| emf::lines(data));
