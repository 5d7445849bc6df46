//! `tests:`: read and checked here, run elsewhere. What is expected of an alarm that the
//! environment leaves out is left out as well, and a test of nothing else.

use std::collections::{BTreeMap, BTreeSet};

use obs_cloudwatch::alarm::State;
use obs_cloudwatch::metric::Unit;
use obs_cloudwatch::time::parse_iso;

use super::alarms::Names;
use super::expand::{Expanded, expand};
use super::resources::Resource;
use super::signal::dimensions;
use super::topics;
use super::{Context, fixed_keys, items};
use crate::model::MetricRef;
use crate::model::test::{AlarmTest, Expectation, TestSeries};
use crate::shape::test::{AlarmState, Expect, KEYS, Series, Test};
use crate::source::At;
use crate::source::decode::decode;
use crate::source::near;
use crate::source::node::{Kind, Node};
use crate::source::problem::{Problem, Problems};

/// Milliseconds of a minute.
const MINUTE: i64 = 60_000;
/// The longest time after which something can be expected.
const LONGEST: i64 = 455 * 24 * 60 * MINUTE;
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
    let mut tests = Vec::new();
    for node in nodes {
        for expanded in expand(context, node, problems) {
            let Some(shape) = decode(&expanded.node, problems) else {
                continue;
            };
            let mut reader = Reader {
                context,
                alarms,
                topics,
                expanded: &expanded,
                problems,
            };
            tests.extend(reader.test(&shape));
        }
    }
    tests
}

struct Reader<'a> {
    context: &'a Context<'a>,
    alarms: &'a Names,
    topics: &'a topics::Names,
    /// The test, and the item of `for_each` it is for.
    expanded: &'a Expanded<'a>,
    problems: &'a mut Problems,
}

impl<'a> Reader<'a> {
    /// The test; `None` when it cannot be read, or expects nothing in this environment.
    fn test(&mut self, shape: &Test) -> Option<AlarmTest> {
        let start_ms = self.start(shape.start.as_ref())?;
        let interval_ms = match &shape.interval {
            None => MINUTE,
            Some(interval) => milliseconds(interval.value),
        };
        if shape.expect.is_empty() {
            self.problems.add(
                Problem::at(shape.name.span, "the test expects nothing")
                    .help("add an item to `expect:`"),
            );
        }
        let mut expect: Vec<Expectation> = shape
            .expect
            .iter()
            .filter_map(|expect| self.expectation(expect))
            .collect();
        expect.sort_by_key(|expect| expect.at_ms);
        let test = AlarmTest {
            name: shape.name.value.clone(),
            span: shape.name.span,
            start_ms,
            interval_ms,
            series: shape.series.iter().map(|it| self.series(it)).collect(),
            initial: self.initial(shape),
            expect,
        };
        (!test.expect.is_empty()).then_some(test)
    }

    fn start(&mut self, start: Option<&At<String>>) -> Option<i64> {
        let Some(start) = start else {
            return Some(START);
        };
        let time = parse_iso(&start.value);
        if time.is_none() {
            self.problems.add(
                Problem::at(start.span, format!("`{}` is not a time", start.value))
                    .label("expected one such as `2026-01-01T00:00:00Z`"),
            );
        }
        time
    }

    /// The states at the start. Variables are filled in where values stand; here they may
    /// stand in keys.
    fn initial(&mut self, shape: &Test) -> BTreeMap<String, State> {
        let node = self.expanded.node.get("initial");
        let places = match node.map(|node| &node.kind) {
            Some(Kind::Map(entries)) => &entries[..],
            _ => &[],
        };
        let mut initial = BTreeMap::new();
        for (key, state) in &shape.initial {
            let name = match self.expanded.item {
                Some(item) => key.replace("${resource}", &item.name),
                None => key.clone(),
            };
            let place = places.iter().find(|place| place.key == *key);
            let span = place.map_or(shape.name.span, |place| place.key_span);
            self.known(&name, span);
            initial.insert(name, of(*state));
        }
        initial
    }

    fn series(&mut self, at: &At<Series>) -> TestSeries {
        let shape = &at.value;
        let resource: Option<&Resource> = match &shape.resource {
            Some(name) => self.context.resources.find(name, self.problems),
            None => self.expanded.item,
        };
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

    /// What is expected; `None` of an alarm that the environment leaves out.
    fn expectation(&mut self, at: &At<Expect>) -> Option<Expectation> {
        let shape = &at.value;
        self.known(&shape.alarm.value, shape.alarm.span);
        if shape.state.is_none() && shape.reason.is_none() && shape.told.is_none() {
            self.problems.add(
                Problem::at(at.span, "nothing is expected of the alarm")
                    .help("add `state:`, `reason:` or `told:`"),
            );
        }
        if milliseconds(shape.at.value) > LONGEST {
            self.problems.add(
                Problem::at(
                    shape.at.span,
                    format!("`{}` is too long a test", shape.at.value),
                )
                .label("expected at most 455 days, as long as CloudWatch keeps a number"),
            );
        }
        let told = shape.told.as_ref().map(|told| self.told(told));
        let expectation = Expectation {
            span: at.span,
            at_ms: milliseconds(shape.at.value),
            alarm: shape.alarm.value.clone(),
            state: shape.state.map(of),
            reason: shape.reason.clone(),
            told,
        };
        (!self.alarms.left_out.contains(&expectation.alarm)).then_some(expectation)
    }

    /// Keys of topics, sorted: those that are named, and those of severities.
    fn told(&mut self, told: &[At<String>]) -> Vec<String> {
        let mut keys: BTreeSet<&str> = BTreeSet::new();
        for name in told {
            let text = name.value.as_str();
            if let Some((key, _)) = self.topics.get_key_value(text) {
                keys.insert(key);
            } else if let Some(route) = self.context.severities.get(text) {
                let topics = self.topics.iter();
                let told = topics.filter(|(_, name)| route.topics.contains(name));
                keys.extend(told.map(|(key, _)| key.as_str()));
            } else {
                let known = self.topics.keys().chain(self.context.severities.keys());
                let help = near::suggestion(text, known.map(String::as_str));
                self.problems.add(
                    Problem::at(name.span, format!("unknown topic `{text}`"))
                        .label("under neither `topics:` nor `severities:` in obs.yaml")
                        .help(help),
                );
            }
        }
        keys.into_iter().map(str::to_owned).collect()
    }

    fn known(&mut self, name: &str, span: crate::source::file::Span) {
        let known = self.alarms.taken.contains_key(name)
            || self.alarms.left_out.iter().any(|it| it == name);
        if self.alarms.incomplete || known {
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
