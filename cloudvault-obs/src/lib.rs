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
//! [`run`](fn@run) reads the environment once and installs everything, [`run_init`]
//! before what a function prepares at its start; [`Layer`] does the same for those
//! who call `lambda_runtime` themselves. The crate's
//! modules stand in the order in which an invocation meets them: the [`event`]
//! gives the correlation id, the invocation its context, a [`batch`] each of its
//! records its own, the subscriber writes lines and subsegments, [`metric`]
//! records points, [`propagation`] says what to put on outgoing messages.
//!
//! # Environment
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `AWS_LAMBDA_LOG_LEVEL`, then `OBS_LOG` | least severe level written: `TRACE` `DEBUG` `INFO` `WARN` `ERROR` `FATAL` | `INFO` |
//! | `OBS_LOG_FORMAT`, then `AWS_LAMBDA_LOG_FORMAT` | `json`, `text` (one readable line an event), `pretty` (for a terminal, in colour unless `NO_COLOR` is set) | `pretty` on a terminal, else `json` |
//! | `OBS_LOG_SAMPLE` | part of the invocations that write DEBUG lines too, 0 to 1; a caller's decision goes before it | 0 |
//! | `OBS_LOG_BUFFER` | bytes of lines below the level (DEBUG at the least) kept for each invocation, written when it logs an error, panics or is about to time out; those of the start, when it fails or with the first invocation's error | 0 |
//! | `OBS_LOG_LIMIT` | longest line in bytes; longer ones are cut with a mark | 262118 |
//! | `OBS_REDACT` | `on`, `off`, or some of `keys,tokens,emails,cards,aws` | `on` |
//! | `OBS_REDACT_KEYS`, `OBS_REDACT_ALLOW` | further keys whose values are secrets, and keys whose values are none, with `*` for any text | |
//! | `OBS_LOG_EVENT`, `OBS_LOG_RESPONSE` | `true` logs the incoming event, the response of [`run`](fn@run) or [`Layer::with_responses`], redacted, also behind base64; JSON as JSON under `event`, `response`, cut to what the line has room for | `false` |
//! | `OBS_TIMEZONE`, then `TZ` | the clock that lines show, with the feature `timezone`: an IANA name; EMF lines and segments stay in UTC | `UTC` |
//! | `OBS_TIMEOUT_MARGIN` | how long before the deadline an invocation is said to time out: `500ms`, `2s`, `off` | `500ms` |
//! | `OBS_LOOP_LIMIT` | rounds through one function at which a call chain is said, once an invocation, to be a loop, 0 for never; counted by `Lineage` of the trace header and by what our own messages carry ([`propagation`]) | 8 |
//! | `OBS_SERVICE` | `service` on every line, and the metrics' dimension | the function's name |
//! | `OBS_NAMESPACE` | CloudWatch namespace of the handler's metrics | the service |
//! | `OBS_METRICS` | `on`, `emf` (lines even where the extension is there), `off` | `on` |
//! | `OBS_DIMENSIONS` | dimensions of every metric, `name=value,name=value` | |
//! | `OBS_COLD_START_METRIC` | `true` counts cold starts as the metric `ColdStart` | `false` |
//! | `OBS_MAX_SERIES` | series of one metric name before a dimension that explodes is folded, 0 for no limit | 500 |
//! | `OBS_JOURNAL` | path of the journal shared with the extension | `/tmp/cloudvault-obs/journal` |
//! | `AWS_XRAY_DAEMON_ADDRESS` | where subsegments go, set by Lambda; without it none are sent | |
//! | `OBS_TRACE_CAPTURE_RESPONSE` | whether [`run`](fn@run) keeps what the handler answers, up to 16 KB, in the metadata of its subsegment | `true` |
//! | `OBS_TRACE_CAPTURE_ERROR` | whether types and messages of errors are kept as causes in subsegments | `true` |
//! | `OBS_TRACE_IN_PROGRESS` | how long a span lasts before it is sent as in progress: `500ms`, `2s`, `off` | `2s` |
//!
//! # Features
//!
//! | feature | gives |
//! |---|---|
//! | `events` | the records of `aws_lambda_events` as batches, read without being written down |
//! | `aws` | `aws::Interceptor` for AWS SDK clients |
//! | `reqwest` | `propagation::HttpMiddleware` for the clients of `reqwest-middleware` |
//! | `timezone` | timestamps in a time zone of choice |
//! | `otel` | exporters and a propagator for code that uses the OpenTelemetry API |
//!
//! Without any, the crate is `lambda_runtime`, `tracing`, `metrics` and a few small
//! ones more.
//!
//! Rust 1.89 or later; with `aws` or `otel` 1.94.1, because the AWS SDK's crates
//! need it.

mod config;
mod clock;
mod output;
pub mod event;
mod invocation;
pub mod batch;
mod segment;
pub mod log;
mod subscriber;
pub mod metric;
pub mod propagation;
#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "otel")]
pub mod otel;
mod telemetry;
mod run;
pub mod testing;

pub use invocation::{Layer, ResponseLayer, Service};
pub use lambda_runtime::{Context, Error, LambdaEvent, service_fn};
pub use run::{layer, layer_with, run, run_init, run_with};
