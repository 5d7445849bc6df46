//! Structured logs, X-Ray segments and metrics for Rust on AWS Lambda.
//!
//! One dependency and one wrapped handler:
//!
//! ```no_run
//! use cloudvault_obs as obs;
//! use serde_json::{Value, json};
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), obs::Error> {
//!     obs::run(obs::service_fn(handler)).await
//! }
//!
//! async fn handler(event: obs::LambdaEvent<Value>) -> Result<Value, obs::Error> {
//!     let size = store(&event.payload).await?;
//!     tracing::info!(size, "file stored");
//!     metrics::counter!("FilesStored").increment(1);
//!     Ok(json!({ "size": size }))
//! }
//!
//! #[tracing::instrument(skip_all)]
//! async fn store(payload: &Value) -> Result<usize, obs::Error> {
//!     Ok(payload.to_string().len())
//! }
//! ```
//!
//! What this gives:
//!
//! * **Logs.** Every `tracing` event is one line of JSON on stdout, with the
//!   fields of the spans around it and the invocation's `request_id`,
//!   `correlation_id`, `xray_trace_id` and `cold_start`.
//! * **Traces.** Every span of level INFO and above is an X-Ray subsegment below
//!   the function's own segment; its fields are annotations.
//! * **Metrics.** The [`metrics`] facade writes into the journal, from which the
//!   extension sends to CloudWatch; without the extension, lines in embedded
//!   metric format.
//!
//! Telemetry never fails, blocks or panics the handler. What is lost is counted
//! and said in a line at the end of the invocation that lost it.
//!
//! # A tour in reading order
//!
//! [`run`](fn@run) reads the environment once and installs everything; [`Layer`]
//! does the same for those who call `lambda_runtime` themselves. The crate's
//! modules stand in the order in which an invocation meets them: the event gives
//! the correlation id, the invocation its context, the subscriber writes lines
//! and subsegments, [`metric`] records points, [`propagation`] says what to put
//! on outgoing messages.
//!
//! # Environment
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `AWS_LAMBDA_LOG_LEVEL`, then `OBS_LOG` | least severe level written: `TRACE` `DEBUG` `INFO` `WARN` `ERROR` `FATAL` | `INFO` |
//! | `OBS_SERVICE` | `service` on every line, and the metrics' dimension | the function's name |
//! | `OBS_NAMESPACE` | CloudWatch namespace of the handler's metrics | the service |
//! | `OBS_JOURNAL` | path of the journal shared with the extension | `/tmp/cloudvault-obs/journal` |
//! | `AWS_XRAY_DAEMON_ADDRESS` | where subsegments go, set by Lambda; without it none are sent | |

mod config;
mod clock;
mod output;
mod event;
mod invocation;
mod subscriber;
pub mod metric;
pub mod propagation;
mod telemetry;
mod run;

pub use invocation::{Layer, Service};
pub use lambda_runtime::{Context, Error, LambdaEvent, service_fn};
pub use run::{layer, run};
