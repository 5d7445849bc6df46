//! Metrics: the [`metrics`] facade into the journal, or into embedded metric
//! format where no extension is attached.
//!
//! ```
//! use cloudvault_obs::metric;
//!
//! metrics::describe_histogram!("Latency", metrics::Unit::Milliseconds, "time to answer");
//! metric::high_resolution("Failures");
//! metrics::histogram!("Latency").record(12.5);
//! metrics::counter!("Failures", "bucket" => "vault").increment(1);
//! ```
//!
//! The namespace is `OBS_NAMESPACE`, the first dimension `service`; the facade's
//! labels are further dimensions. CloudWatch bills every distinct set of them as
//! a metric of its own.
//!
//! A name, dimension or value that CloudWatch would refuse is counted as lost
//! and said in one line for each series.

mod handle;
mod sink;
mod recorder;

pub(crate) use recorder::Recorder;
pub use recorder::high_resolution;

#[cfg(test)]
mod tests;
