//! StatsD, OTLP and telemetry from arbitrary bytes.
#![no_main]

#[path = "../src/receivers.rs"]
mod receivers;

libfuzzer_sys::fuzz_target!(|data: &[u8]| receivers::readers(data));
