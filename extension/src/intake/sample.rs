//! Points that do not come through the journal: Lambda's own numbers, StatsD,
//! OTLP.

use std::sync::Arc;

use cloudvault_obs_core::metric::Series;

/// A value of a series, recorded once or, equal, many times over.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// What it belongs to.
    pub series: Arc<Series>,
    /// The value.
    pub value: f64,
    /// How often it was recorded, at least once.
    pub count: u64,
    /// When, milliseconds since the epoch.
    pub timestamp_ms: i64,
}
