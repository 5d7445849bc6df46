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
//! The namespace is `OBS_NAMESPACE`, the first dimension `service`, then come
//! those of `OBS_DIMENSIONS` and [`default_dimensions`]; the facade's labels are
//! further dimensions. CloudWatch bills every distinct set of them as a metric of
//! its own.
//!
//! | wanted | how |
//! |---|---|
//! | a unit | `metrics::describe_*!`, or [`describe`] for every unit of CloudWatch |
//! | a datapoint a second | [`high_resolution`] |
//! | several dimension sets | [`Description::dimension_sets`] |
//! | another namespace, dimensions or time | [`single`], or the labels [`NAMESPACE`], [`DIMENSIONS`], [`TIMESTAMP`] |
//! | something to search for that is no dimension | [`metadata`] |
//! | cold starts counted | `OBS_COLD_START_METRIC=true`: metric `ColdStart` |
//! | nothing at all | `OBS_METRICS=off` |
//!
//! # What is lost, and where it shows
//!
//! * A name, dimension, value (NaN, the infinities, beyond 2^360) or timestamp
//!   that CloudWatch would refuse is counted as lost, and a line says why, once a
//!   metric and reason.
//! * A name with more than `OBS_MAX_SERIES` series (500) has a dimension that
//!   explodes: a line names it, its further values are folded into `_other`, and
//!   the folded points are counted. More than four times as many names are lost.
//! * Lines wait for the end of their invocation. Points recorded outside any
//!   invocation wait for the end of the next one.

mod settings;
mod declared;
mod label;
mod single;
mod guard;
mod recorder;
mod core;
mod handle;
mod kept;
mod sink;

pub use cloudvault_obs_core::metric::{Resolution, Unit};
pub use declared::{Description, default_dimensions, describe, high_resolution};
pub(crate) use kept::Kept;
pub use label::{DIMENSIONS, NAMESPACE, RESOLUTION, TIMESTAMP, UNIT};
pub(crate) use recorder::Recorder;
pub(crate) use settings::Settings;
pub use single::{Single, single};

use crate::invocation;

/// Adds a member to the metric lines of the current invocation: searchable in
/// the logs, and no dimension, so it costs nothing in CloudWatch.
///
/// Metadata exists only on lines: where the extension sends the metrics, write
/// a log line instead. Outside an invocation this does nothing. An invocation
/// takes 32 KiB of it; what is more is left out and a line says so.
///
/// ```
/// cloudvault_obs::metric::metadata("order_id", 4711);
/// ```
pub fn metadata(key: impl Into<String>, value: impl Into<serde_json::Value>) {
    let Some(invocation) = invocation::current() else {
        return;
    };
    let key = key.into();
    let rendered = value.into().to_string().into_bytes();
    if !invocation.points.note(key.clone().into(), rendered) {
        tracing::warn!(key, "metadata of metrics is over 32 KiB: left out");
    }
}

#[cfg(test)]
mod tests;
