//! Tests of alarms: which series come in, and what the alarms say at which time.

use std::collections::BTreeMap;

use obs_cloudwatch::alarm::State;

use super::MetricRef;
use crate::source::file::Span;

/// One test.
#[derive(Clone, Debug, PartialEq)]
pub struct AlarmTest {
    /// What it shows, as a sentence.
    pub name: String,
    /// Where it stands, for its failure's report.
    pub span: Span,
    /// Milliseconds since 1970 of the first value.
    pub start_ms: i64,
    /// Distance of two values in milliseconds.
    pub interval_ms: i64,
    /// What comes in.
    pub series: Vec<TestSeries>,
    /// States at the start; `INSUFFICIENT_DATA` for alarms that are not named.
    pub initial: BTreeMap<String, State>,
    /// What is expected, in the order of time.
    pub expect: Vec<Expectation>,
}

/// One metric's values.
#[derive(Clone, Debug, PartialEq)]
pub struct TestSeries {
    /// Which metric.
    pub metric: MetricRef,
    /// Its unit, when the alarms ask for one.
    pub unit: Option<String>,
    /// How many samples of its value each number stands for; 1 unless told.
    pub samples: f64,
    /// One number an interval; `None` is missing.
    pub values: Vec<Option<f64>>,
}

/// What an alarm has to say at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// Where it stands, for its failure's report.
    pub span: Span,
    /// Milliseconds after the start.
    pub at_ms: i64,
    /// A metric alarm or a composite.
    pub alarm: String,
    /// Its state.
    pub state: Option<State>,
    /// A part of the state's reason.
    pub reason: Option<String>,
    /// Keys of the topics it has told since the expectation before, sorted; `None`:
    /// not looked at.
    pub told: Option<Vec<String>>,
}
