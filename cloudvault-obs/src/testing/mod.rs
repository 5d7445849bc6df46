//! What a handler emits, captured in a unit test: its log lines, its segments
//! and its metrics.
//!
//! ```
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
//! # /*
//! #[tokio::test]
//! # */
//! # #[tokio::main(flavor = "current_thread")]
//! # async
//! # fn main() { a_stored_file_is_observed().await }
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
//! An assertion that fails prints what was seen instead.
//!
//! Nothing is installed for the process: subscriber and recorder hold while the
//! handler is polled, so tests run beside each other. What a task does that the
//! handler spawns is seen if it is spawned with the handler's subscriber
//! (`tracing::instrument::WithSubscriber`); [`Function::block_on`] sees all tasks
//! of a current-thread runtime.
//!
//! [`Function`] keeps a function's environment over several invocations: cold
//! and warm ones, and other settings than the defaults.

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
