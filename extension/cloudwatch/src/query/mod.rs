//! `GetMetricData` and `GetMetricStatistics`: queries in, labelled series out.
//!
//! The alarm, the dashboard and the local account all ask through [`evaluate`], so
//! a number on the page and the number that fired an alarm cannot differ.

mod model;
mod wire;
mod evaluate;
mod statistics;

pub use evaluate::evaluate;
pub(crate) use evaluate::{evaluate_series, result_type};
pub use model::{
    MetricDataQuery, MetricDataResult, Options, QueryError, QueryKind, ResultMessage, ScanBy,
    StatusCode, is_query_id,
};
pub use statistics::{Datapoint, StatisticsRequest, statistics};
