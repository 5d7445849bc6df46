//! The words of a metric alarm, in CloudWatch's spelling.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::near;
use crate::query::MetricDataQuery;
use crate::series::{MetricStat, Period};

/// The state of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum State {
    /// The condition does not hold.
    #[serde(rename = "OK")]
    Ok,
    /// The condition holds.
    #[serde(rename = "ALARM")]
    Alarm,
    /// There is not enough data to say; every alarm starts here.
    #[serde(rename = "INSUFFICIENT_DATA")]
    InsufficientData,
}

/// Makes an enum of fixed spellings readable from and writable to text.
macro_rules! spellings {
    ($type:ident, $what:literal, $($variant:ident => $text:literal),+ $(,)?) => {
        impl $type {
            /// CloudWatch's spelling.
            pub fn as_str(self) -> &'static str {
                match self { $($type::$variant => $text),+ }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $type {
            type Err = AlarmError;

            fn from_str(text: &str) -> Result<Self, AlarmError> {
                match text {
                    $($text => Ok($type::$variant),)+
                    _ => Err(AlarmError::word($what, text, &[$($text),+])),
                }
            }
        }
    };
}

spellings!(State, "state", Ok => "OK", Alarm => "ALARM", InsufficientData => "INSUFFICIENT_DATA");

/// How a datapoint is held against the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `>=`
    GreaterThanOrEqualToThreshold,
    /// `>`
    GreaterThanThreshold,
    /// `<`
    LessThanThreshold,
    /// `<=`
    LessThanOrEqualToThreshold,
}

spellings!(
    Comparison,
    "comparison operator",
    GreaterThanOrEqualToThreshold => "GreaterThanOrEqualToThreshold",
    GreaterThanThreshold => "GreaterThanThreshold",
    LessThanThreshold => "LessThanThreshold",
    LessThanOrEqualToThreshold => "LessThanOrEqualToThreshold",
);

impl Comparison {
    /// Whether a value breaches the threshold.
    pub fn breaches(self, value: f64, threshold: f64) -> bool {
        match self {
            Comparison::GreaterThanOrEqualToThreshold => value >= threshold,
            Comparison::GreaterThanThreshold => value > threshold,
            Comparison::LessThanThreshold => value < threshold,
            Comparison::LessThanOrEqualToThreshold => value <= threshold,
        }
    }

    /// The words of a reason: `greater than or equal to`.
    pub fn words(self) -> &'static str {
        match self {
            Comparison::GreaterThanOrEqualToThreshold => "greater than or equal to",
            Comparison::GreaterThanThreshold => "greater than",
            Comparison::LessThanThreshold => "less than",
            Comparison::LessThanOrEqualToThreshold => "less than or equal to",
        }
    }

    /// The sign: `>=`.
    pub fn sign(self) -> &'static str {
        match self {
            Comparison::GreaterThanOrEqualToThreshold => ">=",
            Comparison::GreaterThanThreshold => ">",
            Comparison::LessThanThreshold => "<",
            Comparison::LessThanOrEqualToThreshold => "<=",
        }
    }
}

/// What a period without data counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TreatMissingData {
    /// Nothing; without any data the state is `INSUFFICIENT_DATA`.
    #[default]
    Missing,
    /// Nothing; without any data the state stays.
    Ignore,
    /// A breach.
    Breaching,
    /// No breach.
    NotBreaching,
}

spellings!(
    TreatMissingData,
    "treatment of missing data",
    Missing => "missing",
    Ignore => "ignore",
    Breaching => "breaching",
    NotBreaching => "notBreaching",
);

/// What a percentile of too few samples does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LowSamples {
    /// It decides like any other.
    #[default]
    Evaluate,
    /// It decides nothing: the state stays.
    Ignore,
}

spellings!(LowSamples, "treatment of low sample counts", Evaluate => "evaluate", Ignore => "ignore");

/// What an alarm watches.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// The statistic of one metric.
    Stat(MetricStat),
    /// Metric math: at most ten queries of one period, one of them returned.
    Math {
        /// The queries.
        queries: Vec<MetricDataQuery>,
        /// The period they share.
        period: Period,
    },
}

impl Subject {
    /// How long one period is.
    pub fn period(&self) -> Period {
        match self {
            Subject::Stat(stat) => stat.period,
            Subject::Math { period, .. } => *period,
        }
    }
}

/// The part of a metric alarm that its state depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricAlarm {
    /// Its name, 1 to 255 characters.
    pub name: String,
    /// What it watches.
    pub subject: Subject,
    /// How a datapoint is held against the threshold.
    pub comparison: Comparison,
    /// The threshold; finite.
    pub threshold: f64,
    /// M datapoints to alarm out of N evaluation periods.
    pub m_out_of_n: super::MOutOfN,
    /// What a period without data counts as.
    pub treat_missing_data: TreatMissingData,
    /// What a percentile of too few samples does.
    pub low_samples: LowSamples,
    /// Where its periods begin.
    pub window: super::EvaluationWindow,
}

impl MetricAlarm {
    /// How long one evaluation period is.
    pub fn period(&self) -> Period {
        self.subject.period()
    }

    /// Reads the JSON of a `PutMetricAlarm` request or of a `MetricAlarm` that
    /// `DescribeAlarms` returned; what its state does not depend on is not looked at.
    ///
    /// # Errors
    /// When CloudWatch would refuse the alarm.
    pub fn from_json(body: &serde_json::Value) -> Result<MetricAlarm, AlarmError> {
        super::parse::parse(body)
    }

    /// The condition in a line: `Errors Sum > 0 for 1 out of 1 periods of 60 s`.
    pub fn condition(&self) -> String {
        let subject = match &self.subject {
            Subject::Stat(stat) => format!("{} {}", stat.metric.name, stat.stat),
            Subject::Math { queries, .. } => {
                returned(queries).map_or_else(String::new, |query| match &query.kind {
                    crate::query::QueryKind::Expression { text, .. } => text.clone(),
                    crate::query::QueryKind::Stat(stat) => {
                        format!("{} {}", stat.metric.name, stat.stat)
                    }
                })
            }
        };
        format!(
            "{subject} {} {} for {} out of {} periods of {} s",
            self.comparison.sign(),
            self.threshold,
            self.m_out_of_n.m(),
            self.m_out_of_n.n(),
            self.period().seconds()
        )
    }
}

/// The query of a math alarm that is returned.
pub(super) fn returned(queries: &[MetricDataQuery]) -> Option<&MetricDataQuery> {
    queries.iter().find(|query| query.return_data)
}

/// Why an alarm cannot be read or evaluated; reads after "failed to". CloudWatch
/// answers it with `ValidationError`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AlarmError(String);

impl AlarmError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// A word that is not among those known.
    fn word(what: &str, found: &str, known: &[&str]) -> Self {
        let found: String = found.chars().take(64).collect();
        let hint = near::hint(&found, known.iter().copied());
        Self(format!(
            "read the {what} `{found}`: expected {}{hint}",
            known.join(", ")
        ))
    }
}
