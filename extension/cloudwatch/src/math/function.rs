//! The functions of metric math by name.

use super::error::MathError;
use crate::near;

/// A function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    /// Point by point.
    Abs,
    Ceil,
    Floor,
    Log,
    Log10,
    /// A series to a number, an array to a series.
    Avg,
    Max,
    Min,
    Sum,
    Stddev,
    DatapointCount,
    /// Against the previous point.
    Diff,
    DiffTime,
    Rate,
    RunningSum,
    /// A part of each point's time.
    Minute,
    Hour,
    Day,
    Date,
    Month,
    Year,
    Epoch,
    /// Shapes.
    Fill,
    RemoveEmpty,
    First,
    Last,
    Slice,
    Sort,
    Metrics,
    MetricCount,
    Period,
    TimeSeries,
    If,
    Search,
}

use Function as F;

/// Every function and how an expression writes it.
const NAMES: [(&str, Function); 34] = [
    ("ABS", F::Abs),
    ("CEIL", F::Ceil),
    ("FLOOR", F::Floor),
    ("LOG", F::Log),
    ("LOG10", F::Log10),
    ("AVG", F::Avg),
    ("MAX", F::Max),
    ("MIN", F::Min),
    ("SUM", F::Sum),
    ("STDDEV", F::Stddev),
    ("DATAPOINT_COUNT", F::DatapointCount),
    ("DIFF", F::Diff),
    ("DIFF_TIME", F::DiffTime),
    ("RATE", F::Rate),
    ("RUNNING_SUM", F::RunningSum),
    ("MINUTE", F::Minute),
    ("HOUR", F::Hour),
    ("DAY", F::Day),
    ("DATE", F::Date),
    ("MONTH", F::Month),
    ("YEAR", F::Year),
    ("EPOCH", F::Epoch),
    ("FILL", F::Fill),
    ("REMOVE_EMPTY", F::RemoveEmpty),
    ("FIRST", F::First),
    ("LAST", F::Last),
    ("SLICE", F::Slice),
    ("SORT", F::Sort),
    ("METRICS", F::Metrics),
    ("METRIC_COUNT", F::MetricCount),
    ("PERIOD", F::Period),
    ("TIME_SERIES", F::TimeSeries),
    ("IF", F::If),
    ("SEARCH", F::Search),
];

/// What only AWS can compute, with what it would need.
const REFUSED: [(&str, &str); 5] = [
    ("ANOMALY_DETECTION_BAND", "a model that CloudWatch trains"),
    ("SERVICE_QUOTA", "the quotas of an AWS account"),
    ("INSIGHT_RULE_METRIC", "Contributor Insights"),
    ("LAMBDA", "a data source function behind CloudWatch"),
    ("DB_PERF_INSIGHTS", "Performance Insights"),
];

impl Function {
    /// The function of this name at a place, or why there is none.
    pub(super) fn find(name: &str, at: usize) -> Result<Function, MathError> {
        if let Some((_, function)) = NAMES.iter().find(|(known, _)| *known == name) {
            return Ok(*function);
        }
        if let Some((_, needs)) = REFUSED.iter().find(|(known, _)| *known == name) {
            return Err(MathError::needing_aws(
                at,
                format!("the function {name} needs {needs} and has no local meaning"),
            ));
        }
        let name: String = name.chars().take(64).collect();
        let hint = near::hint(&name, NAMES.iter().map(|(known, _)| *known));
        Err(MathError::new(
            at,
            format!("there is no function `{name}`{hint}"),
        ))
    }

    /// How an expression writes it.
    pub(super) fn name(self) -> &'static str {
        NAMES
            .iter()
            .find(|(_, function)| *function == self)
            .map_or("", |(name, _)| name)
    }
}
