//! `alarms/*.yaml`: alarms from presets and one's own, composites, events, tests.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::project::Anything;
use super::select::Select;
use super::test::Test;
use crate::source::{At, Raw};
use crate::value::{Condition, Datapoints, Duration};

/// The keys of a file in `alarms/`.
pub const KEYS: &[&str] = &["presets", "alarms", "composites", "events", "tests"];

/// A file in `alarms/`.
#[derive(Clone, Debug, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "alarms/*.yaml")]
pub struct AlarmFile {
    /// Ready-made alarms for a kind of resources.
    pub presets: Option<Vec<Preset>>,
    /// Alarms on metrics and expressions.
    pub alarms: Option<Vec<Alarm>>,
    /// Alarms over other alarms.
    pub composites: Option<Vec<Composite>>,
    /// Events that go to topics without an alarm between.
    pub events: Option<Vec<Event>>,
    /// Tests of the alarms.
    pub tests: Option<Vec<Test>>,
}

/// Ready-made alarms for the resources of a kind: AWS's recommended ones and more.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// The preset: the kind of resources it is for, such as `functions`.
    #[serde(rename = "use")]
    pub uses: At<String>,
    /// Only resources whose names match one of these; `*` stands for any text.
    #[serde(default)]
    pub only: Vec<At<String>>,
    /// Not resources whose names match one of these.
    #[serde(default)]
    pub except: Vec<At<String>>,
    /// Severity of all its alarms; the preset's own `page` and `notice` when left out.
    pub severity: Option<At<String>>,
    /// What to do: a link; `${alarm}` stands for the alarm's name.
    pub runbook: Option<String>,
    /// Who looks after it.
    pub owner: Option<String>,
    /// Changes to single alarms of the preset, by their key; `off` leaves one out.
    #[serde(default)]
    pub alarms: BTreeMap<String, Change>,
    /// Changes for single resources, by name and then by the alarm's key.
    #[serde(default)]
    pub resources: BTreeMap<String, BTreeMap<String, Change>>,
}

/// A change to an alarm of a preset: `off`, or any keys of an alarm. They are laid over
/// the preset's; the result is read like an alarm of one's own.
pub type Change = Anything;

/// An event that goes to topics without an alarm between.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Unique among EventBridge's rules; `${resource}` stands for the item of
    /// `for_each`.
    pub name: At<String>,
    /// One for each resource of this kind.
    #[serde(default)]
    pub for_each: Option<At<Select>>,
    /// Who is told.
    pub severity: At<String>,
    /// What it means.
    pub description: Option<String>,
    /// EventBridge's pattern of the events.
    pub pattern: At<Anything>,
}

/// The keys of an event.
pub const EVENT_KEYS: &[&str] = &["name", "for_each", "severity", "description", "pattern"];

/// An alarm on one metric or on an expression over several.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alarm {
    /// Unique; `${resource}` stands for the item of `for_each`.
    pub name: At<String>,
    /// One alarm for each resource of this kind.
    #[serde(default)]
    pub for_each: Option<At<Select>>,
    /// The one resource it is about, as `KIND/NAME` or `NAME`.
    #[serde(default)]
    pub resource: Option<At<String>>,
    /// Who is told; `none` for an alarm that only composites look at.
    pub severity: At<String>,
    /// What it means, for the person who is woken.
    pub description: Option<String>,
    /// What to do: a link.
    pub runbook: Option<String>,
    /// Who looks after it.
    pub owner: Option<String>,
    /// Lines of a log group that are counted into `metric`.
    pub filter: Option<At<Filter>>,
    /// The metric; this or `expression`.
    pub metric: Option<At<Metric>>,
    /// Sum, Average, Minimum, Maximum, SampleCount or an extended statistic (`p90`).
    pub statistic: Option<At<String>>,
    /// Metric math over `metrics`.
    pub expression: Option<At<String>>,
    /// What the expression itself is called, when it is not `result`.
    pub result: Option<At<Named>>,
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

/// A metric filter: lines of a log group become datapoints of the alarm's metric.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// The log group.
    pub log_group: At<String>,
    /// CloudWatch Logs' pattern of the lines, such as `{ $.level = "ERROR" }`.
    pub pattern: At<String>,
    /// What a line counts as: a number or a `$.selector`; 1 when left out.
    pub value: Option<Raw>,
}

/// A metric: namespace, name and dimensions.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, Deserialize, JsonSchema)]
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

/// What an alarm's expression is called in CloudWatch.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Its id; `result` when left out.
    pub id: Option<String>,
    /// Its name in a graph.
    pub label: Option<String>,
}

/// What missing data counts as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, Deserialize, JsonSchema)]
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
    /// What keeps it quiet.
    pub suppressor: Option<At<Suppressor>>,
}

/// An alarm that keeps a composite quiet while it is in ALARM.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Suppressor {
    /// The alarm's name.
    pub alarm: At<String>,
    /// How long the composite waits for it to go to ALARM; `1m` when left out.
    pub wait: Option<At<Duration>>,
    /// How long the composite stays quiet after it is over; `1m` when left out.
    pub extension: Option<At<Duration>>,
}
