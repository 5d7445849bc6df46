//! What a handler emits, captured in a unit test: its log lines, its segments
//! and its metrics.
//!
//! A function's telemetry is part of what it does: an alarm watches the metric, an
//! on-call engineer searches for the field. So it can be tested like an answer.
//! Nothing has to be installed, mocked or started:
//!
//! ```test_harness
//! use cloudvault_obs as obs;
//! use serde_json::{Value, json};
//!
//! async fn handler(event: obs::LambdaEvent<Value>) -> Result<Value, obs::Error> {
//!     let size = store(&event.payload["bucket"]).await;
//!     tracing::info!(size, "file stored");
//!     metrics::counter!("FilesStored").increment(1);
//!     Ok(json!({ "size": size }))
//! }
//!
//! #[tracing::instrument]
//! async fn store(bucket: &Value) -> u64 {
//!     3
//! }
//!
//! #[tokio::test]
//! async fn a_stored_file_is_observed() {
//!     let event = json!({"bucket": "b", "headers": {"x-correlation-id": "order-7"}});
//!     let observed = obs::testing::invoke(handler, event).await;
//!
//!     assert_eq!(observed.response()["size"], 3);
//!     observed
//!         .log("file stored")
//!         .field("size", 3)
//!         .field("correlation_id", "order-7");
//!     observed.segment("store").below("handler").succeeded();
//!     observed
//!         .metric("FilesStored")
//!         .sum(1.0)
//!         .unit(obs::metric::Unit::Count);
//!     observed.nothing_else_than_info();
//! }
//! ```
//!
//! The test needs `tokio` with its features `macros` and `rt`, and `serde_json`
//! for the event; the event may be any value that serializes, one of
//! `aws_lambda_events` too.
//!
//! # What to ask
//!
//! | to see | ask |
//! |---|---|
//! | the handler's answer, or its error's message | [`Observed::response`], [`Observed::error`] |
//! | a line, by its message, and its fields | [`Observed::log`], [`Line::field`], [`Line::level`] |
//! | that a line is not there, or none is a warning | [`Observed::no_log`], [`Observed::nothing_else_than_info`] |
//! | a span as the segment that X-Ray gets, and where it stands | [`Observed::segment`], [`Segment::annotation`], [`Segment::below`] |
//! | a metric over all its series, or one of them | [`Observed::metric`], [`Metric::sum`], [`Metric::dimension`] |
//! | everything, as it leaves | [`Observed::logs`], [`Observed::segments`], [`Observed::metric_lines`] |
//! | a warm start, a setting from the environment, the next call | [`Function`] |
//! | another request id or trace header | [`Function::invoke_with`] |
//! | code that is no handler | [`Function::observe`] |
//!
//! An assertion that fails says what there was instead, so the first run of a test
//! is the quickest way to learn what a handler emits:
//!
//! ```should_panic
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! # use cloudvault_obs::{self as obs, Error, LambdaEvent};
//! # use serde_json::{Value, json};
//! # let handler = async |_: LambdaEvent<Value>| { tracing::info!("file stored"); Ok::<_, Error>(()) };
//! # let observed = obs::testing::invoke(handler, json!({})).await;
//! observed.log("file lost");
//! // no log line says "file lost"
//! // log lines seen: 1
//! //   {"cold_start":true,...,"level":"INFO",...,"message":"file stored",...}
//! // segments seen: 1
//! //   {"annotations":{"cold_start":true,...},...,"name":"handler",...}
//! // metric lines seen: 0
//! # }
//! ```
//!
//! # What is real, and what is not
//!
//! Everything on the way is the library's own: the event goes through the
//! correlation parser, lines and documents are those that would leave, secrets are
//! redacted, limits are kept. Only stdout, the daemon's socket and the process's
//! environment are memory of the test.
//!
//! Nothing is installed for the process: subscriber and recorder hold while the
//! handler is polled, so tests run beside each other, in threads or in one
//! runtime. What a task does that the handler spawns is seen if it is spawned with
//! the handler's subscriber (`tracing::instrument::WithSubscriber`);
//! [`Function::block_on`] sees all tasks of a current-thread runtime.

mod function;
mod observed;
mod assert;

pub use assert::{Line, Metric, Segment};
pub use function::Function;
pub use observed::Observed;

use lambda_runtime::{Error, LambdaEvent};
use serde::{Serialize, de::DeserializeOwned};

/// Invokes `handler` once with `event`, in a new environment of its own.
///
/// The event goes the way that Lambda's goes: it is written as JSON, its ids are
/// read, then it is parsed as the handler's type; an event that does not parse
/// is the invocation's error.
///
/// # Panics
///
/// As the handler does.
pub async fn invoke<H, F, P, T, X>(handler: H, event: impl Serialize) -> Observed<T>
where
    H: FnOnce(LambdaEvent<P>) -> F,
    F: Future<Output = Result<T, X>>,
    P: DeserializeOwned,
    T: Serialize,
    X: Into<Error>,
{
    Function::new().invoke(handler, event).await
}

#[cfg(test)]
mod tests;
