//! One half of a differential test: the function that the conformance suite runs
//! beside `xtask/conformance/twin.py`.
//!
//! Both are Lambda functions, both get the same events from the same Runtime API,
//! and both do the same work on a subject: this one with this library, the other
//! with AWS's X-Ray SDK and Powertools. The suite compares what they emit. To
//! change one half is to change the other.

mod trace;
mod log;
mod metric;
mod batch;

use std::env;

/// Runs the function whose subject is the first argument.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), obs::Error> {
    match env::args().nth(1).as_deref() {
        Some("trace") => obs::run(obs::service_fn(trace::handler)).await,
        Some("log") => obs::run(obs::service_fn(log::handler)).await,
        Some("metric") => obs::run(obs::service_fn(metric::handler)).await,
        Some("batch") => obs::run(obs::service_fn(batch::handler)).await,
        other => Err(format!("run {other:?}: expected trace, log, metric or batch").into()),
    }
}
