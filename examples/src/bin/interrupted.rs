//! What survives a handler that is killed? Every point that it had recorded.
//!
//! The function records as many points as it is asked to, says so, and then
//! sleeps, so that whoever looks on can `kill -9` it in the middle of its
//! invocation:
//!
//! ```text
//! obs dev --function interrupted=target/debug/interrupted
//! curl -d '{"points": 1000, "sleep_ms": 60000}' \
//!     http://127.0.0.1:4400/2015-03-31/functions/interrupted/invocations
//! ```
//!
//! The points are in the journal, a file that the kernel keeps; the extension
//! sends them when Lambda tells it that the function is gone.

use std::time::Duration;

use obs::{Error, LambdaEvent};
use serde::Deserialize;

/// `{"points": 1000, "sleep_ms": 60000}`
#[derive(Debug, Deserialize)]
struct Request {
    points: u32,
    #[serde(default)]
    sleep_ms: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    obs::run(obs::service_fn(handler)).await
}

async fn handler(event: LambdaEvent<Request>) -> Result<(), Error> {
    for _ in 0..event.payload.points {
        metrics::counter!("PointsBeforeTheEnd").increment(1);
    }
    tracing::info!(points = event.payload.points, "points recorded");
    tokio::time::sleep(Duration::from_millis(event.payload.sleep_ms)).await;
    Ok(())
}
