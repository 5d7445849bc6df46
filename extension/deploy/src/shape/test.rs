//! `tests:` beside alarms, and files named `*.test.yaml`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::alarm::Metric;
use super::select::Select;
use crate::source::At;
use crate::value::{Duration, Values};

/// The keys of a file named `*.test.yaml`.
pub const KEYS: &[&str] = &["tests"];

/// A file of tests, `alarms/*.test.yaml`.
#[derive(Clone, Debug, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "alarms/*.test.yaml")]
pub struct TestFile {
    /// The tests.
    pub tests: Option<Vec<Test>>,
}

/// A test: series come in, and alarms say at which time what.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// What it shows, as a sentence; `${resource}` stands for the item of `for_each`.
    pub name: At<String>,
    /// One test for each of these resources, whose dimensions its series have; `${resource}`
    /// is the name.
    pub for_each: Option<At<Select>>,
    /// Time of the first value, as ISO 8601; `2026-01-01T00:00:00Z` when left out.
    pub start: Option<At<String>>,
    /// Distance of two values; `1m` when left out.
    pub interval: Option<At<Duration>>,
    /// What comes in.
    pub series: Vec<At<Series>>,
    /// States of alarms at the start, by name; INSUFFICIENT_DATA when left out.
    #[serde(default)]
    pub initial: BTreeMap<String, AlarmState>,
    /// What is expected.
    pub expect: Vec<At<Expect>>,
}

/// One metric's values.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// Which metric.
    pub metric: Metric,
    /// The resource whose dimensions the metric has, as `KIND/NAME` or `NAME`.
    pub resource: Option<At<String>>,
    /// One number an interval: `0 0 5x10 _` is twice 0, ten times 5, then nothing.
    pub values: At<Values>,
    /// How many samples of its value each number stands for; 1 when left out.
    pub samples: Option<At<f64>>,
}

/// What an alarm has to say.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// So long after the first value.
    pub at: At<Duration>,
    /// The alarm. What is expected of one that the environment leaves out is left out, too.
    pub alarm: At<String>,
    /// Its state.
    pub state: Option<AlarmState>,
    /// A part of the state's reason.
    pub reason: Option<String>,
    /// Topics it has told since the expectation before it, or severities, which stand for
    /// the topics they tell of an alarm; `[]` for nobody.
    pub told: Option<Vec<At<String>>>,
}

/// The state of an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AlarmState {
    /// The condition does not hold.
    Ok,
    /// The condition holds.
    Alarm,
    /// There is not enough data to say.
    InsufficientData,
}
