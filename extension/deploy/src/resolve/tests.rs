//! `tests:`: read and checked here, run elsewhere.

use obs_cloudwatch::alarm::State;
use obs_cloudwatch::metric::Unit;
use obs_cloudwatch::time::parse_iso;

use super::alarms::Names;
use super::signal::dimensions;
use super::topics;
use super::{Context, fixed_keys, items};
use crate::model::MetricRef;
use crate::model::test::{AlarmTest, Expectation, TestSeries};
use crate::shape::test::{AlarmState, Expect, KEYS, Series, Test};
use crate::source::At;
use crate::source::decode::decode;
use crate::source::near;
use crate::source::node::Node;
use crate::source::problem::{Problem, Problems};

/// Milliseconds of a minute.
const MINUTE: i64 = 60_000;
/// Where a test begins that says no other: 2026-01-01T00:00:00Z, a Thursday.
const START: i64 = 1_767_225_600_000;

/// Reads the tests of all files; the alarms are known.
pub(super) fn read(
    context: &Context<'_>,
    files: &[Node],
    beside: &[Node],
    names: (&Names, &topics::Names),
    problems: &mut Problems,
) -> Vec<AlarmTest> {
    let mut nodes: Vec<&Node> = beside.iter().collect();
    for file in files {
        let keys = fixed_keys(file, KEYS, "a file of tests", problems);
        if let Some(list) = keys.get("tests") {
            nodes.extend(items(list, "tests", problems));
        }
    }
    let (alarms, topics) = names;
    nodes
        .into_iter()
        .filter_map(|node| {
            let node = context.variables.apply(node, context.files, problems);
            let shape: Test = decode(&node, problems)?;
            let mut reader = Reader {
                context,
                alarms,
                topics,
                problems,
            };
            reader.test(&shape)
        })
        .collect()
}

struct Reader<'a> {
    context: &'a Context<'a>,
    alarms: &'a Names,
    topics: &'a topics::Names,
    problems: &'a mut Problems,
}

impl Reader<'_> {
    fn test(&mut self, shape: &Test) -> Option<AlarmTest> {
        let start_ms = match &shape.start {
            None => START,
            Some(start) => parse_iso(&start.value).or_else(|| {
                self.problems.add(
                    Problem::at(start.span, format!("`{}` is not a time", start.value))
                        .label("expected one such as `2026-01-01T00:00:00Z`"),
                );
                None
            })?,
        };
        let interval_ms = match &shape.interval {
            None => MINUTE,
            Some(interval) => milliseconds(interval.value),
        };
        for name in shape.initial.keys() {
            self.known(name, shape.name.span);
        }
        let mut expect: Vec<Expectation> = shape
            .expect
            .iter()
            .map(|expect| self.expectation(expect))
            .collect();
        if expect.is_empty() {
            self.problems.add(
                Problem::at(shape.name.span, "the test expects nothing")
                    .help("add an item to `expect:`"),
            );
        }
        expect.sort_by_key(|expect| expect.at_ms);
        let initial = shape.initial.iter();
        Some(AlarmTest {
            name: shape.name.value.clone(),
            span: shape.name.span,
            start_ms,
            interval_ms,
            series: shape.series.iter().map(|it| self.series(it)).collect(),
            initial: initial
                .map(|(name, state)| (name.clone(), of(*state)))
                .collect(),
            expect,
        })
    }

    fn series(&mut self, at: &At<Series>) -> TestSeries {
        let shape = &at.value;
        let resource = shape
            .resource
            .as_ref()
            .and_then(|name| self.context.resources.find(name, self.problems));
        let metric = &shape.metric;
        if let Some(unit) = &metric.unit
            && Unit::parse(&unit.value).is_none()
        {
            self.problems.add(
                Problem::at(unit.span, format!("`{}` is not a unit", unit.value))
                    .help(near::suggestion(&unit.value, Unit::all().map(Unit::as_str))),
            );
        }
        let samples = shape.samples.as_ref().map_or(1.0, |it| it.value);
        if let Some(at) = &shape.samples
            && !(at.value.is_finite() && at.value > 0.0)
        {
            self.problems.add(
                Problem::at(at.span, format!("`{}` samples cannot be", at.value))
                    .label("expected a number above 0"),
            );
        }
        TestSeries {
            metric: MetricRef {
                namespace: metric.namespace.value.clone(),
                name: metric.name.value.clone(),
                dimensions: dimensions(metric.dimensions.as_ref(), resource),
            },
            unit: metric.unit.as_ref().map(|unit| unit.value.clone()),
            samples,
            values: shape.values.value.0.clone(),
        }
    }

    fn expectation(&mut self, at: &At<Expect>) -> Expectation {
        let shape = &at.value;
        self.known(&shape.alarm.value, shape.alarm.span);
        if shape.state.is_none() && shape.reason.is_none() && shape.told.is_none() {
            self.problems.add(
                Problem::at(at.span, "nothing is expected of the alarm")
                    .help("add `state:`, `reason:` or `told:`"),
            );
        }
        let told = shape.told.as_ref().map(|told| {
            let mut keys: Vec<String> = told
                .iter()
                .map(|topic| {
                    if !self.topics.contains_key(&topic.value) {
                        self.problems.add(topics::unknown_topic(topic, self.topics));
                    }
                    topic.value.clone()
                })
                .collect();
            keys.sort();
            keys
        });
        Expectation {
            span: at.span,
            at_ms: milliseconds(shape.at.value),
            alarm: shape.alarm.value.clone(),
            state: shape.state.map(of),
            reason: shape.reason.clone(),
            told,
        }
    }

    fn known(&mut self, name: &str, span: crate::source::file::Span) {
        if self.alarms.incomplete || self.alarms.taken.contains_key(name) {
            return;
        }
        let known = self.alarms.taken.keys().map(String::as_str);
        self.problems.add(
            Problem::at(span, format!("unknown alarm `{name}`"))
                .label("no alarm of this project")
                .help(near::suggestion(name, known)),
        );
    }
}

fn milliseconds(duration: crate::value::Duration) -> i64 {
    // A duration is at most a hundred years.
    i64::try_from(duration.milliseconds()).unwrap_or(i64::MAX)
}

fn of(state: AlarmState) -> State {
    match state {
        AlarmState::Ok => State::Ok,
        AlarmState::Alarm => State::Alarm,
        AlarmState::InsufficientData => State::InsufficientData,
    }
}
