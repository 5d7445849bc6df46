//! Tests of the functions as a whole; one binary, so that they link once.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which may panic as the tests do"
)]

mod common;
mod process;
mod handlers;
mod correlation;
mod traffic;
