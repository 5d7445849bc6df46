//! Runs the tests that the files declare.

use std::collections::{BTreeMap, BTreeSet};

use obs_cloudwatch::alarm::State;
use obs_cloudwatch::metric::{MemorySource, MetricId, Sample, Unit};

use super::fleet::{Fleet, closure};
use super::run::{Change, Simulation};
use super::strip::Strip;
use crate::model::test::{Expectation, TestSeries};
use crate::model::{Actions, Alarm, AlarmTest, MetricRef};
use crate::resolve::Resolved;
use crate::source::file::Span;

const MINUTE_MS: i64 = 60_000;

/// The alarms of a project, for tests to run on.
#[derive(Debug)]
pub struct Bench<'a> {
    alarms: BTreeMap<&'a str, &'a Alarm>,
    /// Key of each topic by its ARN.
    topics: BTreeMap<String, &'a str>,
}

/// How a test went.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The test's sentence.
    pub name: String,
    /// Where it stands.
    pub span: Span,
    /// Expectations that were not met, in the order of time.
    pub misses: Vec<Miss>,
    /// Series that no alarm of the test reads: a slip, more often than not.
    pub unread: Vec<String>,
}

/// An expectation that was not met.
#[derive(Clone, Debug, PartialEq)]
pub struct Miss {
    /// Where it stands.
    pub span: Span,
    /// Milliseconds after the test's start.
    pub at_ms: i64,
    /// The alarm.
    pub alarm: String,
    /// What was wanted and not found.
    pub wants: Vec<Want>,
    /// The reason of the alarm's state; empty before its first transition.
    pub reason: String,
    /// Whether CloudWatch's documents leave the last transition open.
    pub inferred: bool,
    /// What its last evaluation saw.
    pub strip: Option<Strip>,
    /// Its transitions so far; times are milliseconds after the test's start.
    pub changes: Vec<Change>,
}

/// One thing that was wanted and not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// `state`, `reason` or `told`.
    pub what: &'static str,
    /// As the file has it.
    pub expected: String,
    /// As it was.
    pub got: String,
}

impl<'a> Bench<'a> {
    /// A project's alarms (both kinds, as [`crate::model::Desired::all_alarms`] gives them).
    pub fn new(resolved: &'a Resolved, alarms: &'a [Alarm]) -> Bench<'a> {
        let target = &resolved.desired.target;
        Bench {
            alarms: alarms.iter().map(|alarm| (alarm.name(), alarm)).collect(),
            topics: resolved
                .topics
                .iter()
                .map(|(key, name)| (target.topic_arn(name), key.as_str()))
                .collect(),
        }
    }

    /// Runs a test.
    pub fn run(&self, test: &AlarmTest) -> Outcome {
        let named = test.expect.iter().map(|expect| expect.alarm.as_str());
        // A name that is no alarm's was refused when the files were read.
        let named = named.filter_map(|name| self.alarms.get_key_value(name).map(|it| *it.0));
        let mut fleet = Fleet::of(closure(named, &self.alarms));
        for watch in fleet.watches_mut() {
            // Not at the start itself: no interval has passed, and the emptiness before
            // a test is nobody's data.
            watch.first_ms = test.start_ms + watch.step_ms.min(MINUTE_MS);
        }
        let source = source(test);
        let mut simulation = Simulation::new(&fleet, &source, &test.initial, test.start_ms);
        let mut heard = BTreeMap::new();
        let mut misses = Vec::new();
        for expect in &test.expect {
            simulation.advance(test.start_ms.saturating_add(expect.at_ms));
            let from = heard.insert(expect.alarm.as_str(), simulation.acts().len());
            let told = self.told(&simulation, &expect.alarm, from.unwrap_or(0));
            misses.extend(miss(test, expect, &simulation, &told));
        }
        Outcome {
            name: test.name.clone(),
            span: test.span,
            misses,
            unread: unread(test, &fleet),
        }
    }

    /// Keys of the topics that an alarm told since the act with this number.
    fn told(&self, simulation: &Simulation<'_>, alarm: &str, from: usize) -> BTreeSet<&'a str> {
        let acts = simulation.acts().iter().skip(from);
        acts.filter(|act| act.alarm == alarm)
            .flat_map(|act| self.actions(alarm, act.state))
            .filter_map(|arn| self.topics.get(arn).copied())
            .collect()
    }

    /// ARNs that an alarm tells when it comes to a state.
    fn actions(&self, alarm: &str, state: State) -> &'a [String] {
        let (actions, enabled): (&Actions, bool) = match self.alarms.get(alarm) {
            Some(Alarm::Metric(alarm)) => (&alarm.actions, alarm.actions_enabled),
            Some(Alarm::Composite(alarm)) => (&alarm.actions, alarm.actions_enabled),
            None => return &[],
        };
        match (enabled, state) {
            (false, _) => &[],
            (true, State::Alarm) => &actions.alarm,
            (true, State::Ok) => &actions.ok,
            (true, State::InsufficientData) => &actions.insufficient_data,
        }
    }
}

/// The series as data: a value lies at the start of its interval.
fn source(test: &AlarmTest) -> MemorySource {
    let mut source = MemorySource::new();
    for series in &test.series {
        let metric = id(&series.metric);
        // A unit that is none was refused when the files were read.
        let unit = series.unit.as_deref().and_then(Unit::parse);
        for (index, value) in series.values.iter().enumerate() {
            let Some(value) = *value else { continue };
            source.push(
                &metric,
                Sample {
                    timestamp_ms: test.start_ms + index as i64 * test.interval_ms,
                    // What comes more often than every minute is of high resolution.
                    resolution_s: if test.interval_ms < 60_000 { 1 } else { 60 },
                    unit: unit.unwrap_or(Unit::NONE),
                    value,
                    count: series.samples,
                    of_set: false,
                },
            );
        }
    }
    source
}

pub(crate) fn id(metric: &MetricRef) -> MetricId {
    let dimensions = metric.dimensions.clone().into_iter().collect();
    MetricId::new(&metric.namespace, &metric.name, dimensions)
}

fn unread(test: &AlarmTest, fleet: &Fleet) -> Vec<String> {
    let read = fleet.metrics();
    let unread = |series: &&TestSeries| !read.contains(&id(&series.metric));
    let series = test.series.iter().filter(unread);
    series.map(|series| series.metric.to_string()).collect()
}

fn miss(
    test: &AlarmTest,
    expect: &Expectation,
    simulation: &Simulation<'_>,
    told: &BTreeSet<&str>,
) -> Option<Miss> {
    let mut miss = Miss {
        span: expect.span,
        at_ms: expect.at_ms,
        alarm: expect.alarm.clone(),
        wants: Vec::new(),
        reason: String::new(),
        inferred: false,
        strip: simulation.strip(&expect.alarm),
        changes: Vec::new(),
    };
    match simulation.status(&expect.alarm) {
        Ok(status) => {
            miss.wants = wants(expect, status, told);
            miss.reason.clone_from(&status.reason);
            miss.inferred = status.inferred;
        }
        Err(unknowable) => miss.wants.push(Want {
            what: "an alarm",
            expected: "one that can be simulated".to_owned(),
            got: format!("failed to {unknowable}"),
        }),
    }
    let own = simulation.changes().iter();
    let own = own.filter(|change| change.alarm == expect.alarm);
    miss.changes = own
        .map(|change| Change {
            at_ms: change.at_ms - test.start_ms,
            ..change.clone()
        })
        .collect();
    (!miss.wants.is_empty()).then_some(miss)
}

fn wants(expect: &Expectation, status: &super::Status, told: &BTreeSet<&str>) -> Vec<Want> {
    let mut wants = Vec::new();
    let mut want = |what, expected: String, got: String| {
        wants.push(Want {
            what,
            expected,
            got,
        });
    };
    if let Some(state) = expect.state.filter(|state| *state != status.state) {
        want("state", state.to_string(), status.state.to_string());
    }
    if let Some(part) = &expect.reason
        && !status.reason.contains(part)
    {
        let got = match status.reason.as_str() {
            "" => "no reason yet: its state never changed",
            reason => reason,
        };
        want("reason", format!("with `{part}`"), got.to_owned());
    }
    if let Some(expected) = &expect.told
        && !expected.iter().map(String::as_str).eq(told.iter().copied())
    {
        let told: Vec<&str> = told.iter().copied().collect();
        want("told", list(&expected.join(", ")), list(&told.join(", ")));
    }
    wants
}

fn list(keys: &str) -> String {
    match keys {
        "" => "nobody".to_owned(),
        keys => keys.to_owned(),
    }
}
