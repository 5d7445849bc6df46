//! `alarms/*.yaml`: `alarms:` and `composites:`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::source::{At, Raw};
use crate::value::{Condition, Datapoints, Duration};

/// The keys of a file in `alarms/`.
pub const KEYS: &[&str] = &["alarms", "composites"];

/// An alarm on one metric or on an expression over several.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alarm {
    /// Unique; `${resource}` stands for the item of `for_each`.
    pub name: At<String>,
    /// One alarm for each resource of this kind.
    #[serde(default)]
    pub for_each: Option<At<String>>,
    /// The one resource it is about, as `KIND/NAME` or `NAME`.
    #[serde(default)]
    pub resource: Option<At<String>>,
    /// Who is told.
    pub severity: At<String>,
    /// What it means, for the person who is woken.
    pub description: Option<String>,
    /// What to do: a link.
    pub runbook: Option<String>,
    /// Who looks after it.
    pub owner: Option<String>,
    /// The metric; this or `expression`.
    pub metric: Option<At<Metric>>,
    /// Sum, Average, Minimum, Maximum, SampleCount or an extended statistic (`p90`).
    pub statistic: Option<At<String>>,
    /// Metric math over `metrics`.
    pub expression: Option<At<String>>,
    /// What the expression names.
    #[serde(default)]
    pub metrics: BTreeMap<String, At<Term>>,
    /// Length of a datapoint: 10s, 20s, 30s or whole minutes.
    pub period: At<Duration>,
    /// When a datapoint breaches.
    pub condition: At<Condition>,
    /// M of N; `1 of 1` when left out.
    pub datapoints: Option<At<Datapoints>>,
    /// What missing data counts as.
    #[serde(default)]
    pub treat_missing_data: MissingData,
    /// What a percentile does with too few samples.
    pub low_samples: Option<LowSamples>,
}

/// A metric: namespace, name and dimensions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// Such as `AWS/Lambda`.
    pub namespace: At<String>,
    /// Such as `Errors`.
    pub name: At<String>,
    /// Those of the alarm's resource when left out.
    pub dimensions: Option<BTreeMap<String, Raw>>,
    /// Only datapoints of this unit.
    pub unit: Option<At<String>>,
}

/// One name of an expression: a metric with its statistic, or an expression again.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// Namespace of the metric.
    pub namespace: Option<At<String>>,
    /// Name of the metric.
    pub name: Option<At<String>>,
    /// Those of the alarm's resource when left out.
    pub dimensions: Option<BTreeMap<String, Raw>>,
    /// Only datapoints of this unit.
    pub unit: Option<At<String>>,
    /// The metric's statistic.
    pub statistic: Option<At<String>>,
    /// An expression over other names.
    pub expression: Option<At<String>>,
    /// Name in a graph.
    pub label: Option<String>,
}

/// What missing data counts as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MissingData {
    /// CloudWatch's default: no data at all is INSUFFICIENT_DATA.
    #[default]
    Missing,
    /// Keep the state.
    Ignore,
    /// As a breach.
    Breaching,
    /// As none.
    NotBreaching,
}

impl MissingData {
    /// CloudWatch's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            MissingData::Missing => "missing",
            MissingData::Ignore => "ignore",
            MissingData::Breaching => "breaching",
            MissingData::NotBreaching => "notBreaching",
        }
    }
}

/// What a percentile alarm does with too few samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LowSamples {
    /// Keep the state.
    Ignore,
    /// Evaluate all the same.
    Evaluate,
}

impl LowSamples {
    /// CloudWatch's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            LowSamples::Ignore => "ignore",
            LowSamples::Evaluate => "evaluate",
        }
    }
}

/// An alarm over the states of other alarms.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Composite {
    /// Unique among all alarms.
    pub name: At<String>,
    /// Who is told.
    pub severity: At<String>,
    /// What it means.
    pub description: Option<String>,
    /// What to do: a link.
    pub runbook: Option<String>,
    /// Who looks after it.
    pub owner: Option<String>,
    /// Such as `ALARM("a") OR ALARM("b")`.
    pub rule: At<String>,
}
