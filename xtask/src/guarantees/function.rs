//! The handler of the fault matrix: records as many points as its event says, says so,
//! and then returns, aborts, or waits to be killed.

use cloudvault_obs as obs;
use obs::{Error, LambdaEvent};
use serde::Deserialize;

/// `{"first": 40, "distinct": 20, "points": 20, "then": "return"}`
#[derive(Debug, Deserialize)]
struct Request {
    /// The smallest value recorded.
    first: u32,
    /// Values from there on that are recorded in turn.
    distinct: u32,
    /// Points recorded of each of the two metrics.
    points: u32,
    then: Then,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Then {
    Return,
    Abort,
    Wait,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    obs::run(obs::service_fn(handler)).await
}

async fn handler(event: LambdaEvent<Request>) -> Result<(), Error> {
    let request = event.payload;
    let values = metrics::histogram!("Values");
    let points = metrics::counter!("Points");
    for number in 0..request.points {
        values.record(f64::from(request.first + number % request.distinct));
        points.increment(1);
    }
    tracing::info!(first = request.first, "points recorded");
    match request.then {
        Then::Return => Ok(()),
        Then::Abort => std::process::abort(),
        Then::Wait => std::future::pending().await,
    }
}
