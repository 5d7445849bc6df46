//! The shapes of a query and its answer. Both serialise as AWS's JSON does.

use serde::{Deserialize, Serialize};

use super::wire;
use crate::metric::TimeRange;
use crate::series::{Alignment, Grid, MetricStat, Period};

/// One query of a `GetMetricData` call, a math alarm or a metric widget. Reads and
/// writes the JSON of AWS's `MetricDataQuery`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "wire::Query", into = "wire::Query")]
pub struct MetricDataQuery {
    /// The name by which expressions call it: `[a-z][A-Za-z0-9_]*`, at most 255.
    pub id: String,
    /// What it asks for.
    pub kind: QueryKind,
    /// The label to give the result; may be dynamic, such as `p99 ${MAX}`.
    pub label: Option<String>,
    /// Whether the result is returned, or only feeds expressions.
    pub return_data: bool,
}

/// What a query asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum QueryKind {
    /// The statistic of a metric.
    Stat(MetricStat),
    /// A metric math expression or a search.
    Expression {
        /// Its text.
        text: String,
        /// The period of the series that it makes up itself; else that of its metrics.
        period: Option<Period>,
    },
}

/// Whether a text can name a query: `[a-z][A-Za-z0-9_]*` of at most 255 characters.
pub fn is_query_id(text: &str) -> bool {
    text.len() <= 255
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// In which order a result's points come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ScanBy {
    /// Newest first, CloudWatch's default.
    #[default]
    TimestampDescending,
    /// Oldest first.
    TimestampAscending,
}

/// Everything an evaluation depends on besides queries and data.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The time asked for.
    pub range: TimeRange,
    /// Where periods begin.
    pub alignment: Alignment,
    /// The order of the points returned.
    pub scan_by: ScanBy,
    /// When the question is asked: for retention and for labels such as `3 minutes
    /// ago`. `None` keeps everything and counts from the range's end.
    pub now_ms: Option<i64>,
    /// How far the clock of times in labels is ahead of UTC, milliseconds.
    pub label_zone_ms: i64,
    /// What `${PROP('Region')}` says.
    pub region: String,
    /// What `${PROP('AccountId')}` says.
    pub account_id: String,
}

impl Options {
    /// The periods of the range.
    pub fn grid(&self) -> Grid {
        Grid {
            range: self.range,
            alignment: self.alignment,
            now_ms: self.now_ms,
        }
    }
}

impl From<TimeRange> for Options {
    fn from(range: TimeRange) -> Self {
        Self {
            range,
            alignment: Alignment::default(),
            scan_by: ScanBy::default(),
            now_ms: None,
            label_zone_ms: 0,
            region: "us-east-1".to_owned(),
            account_id: "000000000000".to_owned(),
        }
    }
}

/// One returned series: an expression over several can return several with one id.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricDataResult {
    /// The query's id.
    pub id: String,
    /// What a legend calls it.
    pub label: String,
    /// The start of each period, milliseconds since 1970, in the order asked for.
    pub timestamps_ms: Vec<i64>,
    /// The value of each; as long as `timestamps_ms`.
    pub values: Vec<f64>,
    /// Whether that is everything.
    pub status: StatusCode,
    /// What went wrong short of a refusal.
    pub messages: Vec<ResultMessage>,
    /// How long its periods are.
    pub period: Period,
}

/// Whether a result is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum StatusCode {
    /// It is.
    Complete,
    /// The call reached its limit of datapoints; those that come first in the order
    /// asked for are there.
    PartialData,
}

/// A remark on one result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResultMessage {
    /// A word for programs.
    pub code: String,
    /// A sentence for people.
    pub value: String,
}

/// Why a set of queries cannot be evaluated; reads after "failed to". CloudWatch
/// answers it with `ValidationError`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct QueryError {
    message: String,
    id: Option<String>,
    position: Option<usize>,
}

impl QueryError {
    /// An error of the whole call.
    pub(crate) fn call(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            id: None,
            position: None,
        }
    }

    /// An error of one query.
    pub(crate) fn query(id: &str, message: impl std::fmt::Display) -> Self {
        Self {
            message: format!("evaluate the query `{id}`: {message}"),
            id: Some(id.to_owned()),
            position: None,
        }
    }

    /// An error at a place in a query's expression.
    pub(crate) fn expression(id: &str, error: &crate::math::MathError) -> Self {
        Self {
            position: Some(error.position()),
            ..Self::query(id, error)
        }
    }

    /// The query it is about.
    pub fn query_id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Where in the query's expression, in bytes from its start.
    pub fn position(&self) -> Option<usize> {
        self.position
    }
}
