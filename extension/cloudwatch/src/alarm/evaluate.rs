//! Evaluates one alarm at one moment: the window, its datapoints, the decision and
//! the reason.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::decide::{Cell, Decision, decide};
use super::model::{AlarmError, LowSamples, MetricAlarm, State, Subject, returned};
use super::reason;
use super::window::window;
use crate::metric::{MetricSource, TimeRange};
use crate::query::{Options, evaluate_series};
use crate::series::{Alignment, Grid, MetricStat, Period, periods};

/// When an alarm is evaluated, and the state it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since 1970.
    pub now_ms: i64,
    /// The state the alarm is in.
    pub state: State,
}

/// One period of the evaluation range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EvaluatedPoint {
    /// The start of the period, milliseconds since 1970.
    pub timestamp_ms: i64,
    /// Its datapoint, if it has one.
    pub value: Option<f64>,
    /// How many samples the datapoint rests on; not known of an expression.
    pub sample_count: Option<f64>,
    /// Whether the datapoint breaches.
    pub breaching: bool,
}

impl EvaluatedPoint {
    /// What the decision sees of it.
    pub fn cell(&self) -> Cell {
        match (self.value, self.breaching) {
            (None, _) => Cell::Missing,
            (Some(_), true) => Cell::Breaching,
            (Some(_), false) => Cell::Fine,
        }
    }
}

/// What evaluating an alarm came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// The state the alarm belongs in.
    pub state: State,
    /// Whether that is another state than before: then, and only then, CloudWatch
    /// acts and replaces the reason.
    pub changed: bool,
    /// Why, in CloudWatch's words.
    pub reason: String,
    /// The same for programs: CloudWatch's `StateReasonData`.
    pub reason_data: Json,
    /// The evaluation range, oldest first.
    pub points: Vec<EvaluatedPoint>,
    /// Whether CloudWatch's documents leave this case open.
    pub inferred: bool,
}

/// An evaluation that is not put into words yet. Whoever replays weeks minute by
/// minute asks for a state a hundred thousand times and for its reason ten times.
#[derive(Debug, Clone, PartialEq)]
pub struct Look<'a> {
    alarm: &'a MetricAlarm,
    moment: Moment,
    points: Vec<EvaluatedPoint>,
    decision: Decision,
}

impl Look<'_> {
    /// The state the alarm belongs in.
    pub fn state(&self) -> State {
        self.decision.state
    }

    /// Whether that is another state than before.
    pub fn changed(&self) -> bool {
        self.decision.state != self.moment.state
    }

    /// The evaluation range, oldest first.
    pub fn points(&self) -> &[EvaluatedPoint] {
        &self.points
    }

    /// Whether CloudWatch's documents leave this case open.
    pub fn inferred(&self) -> bool {
        self.decision.inferred
    }

    /// The same in CloudWatch's words.
    pub fn tell(self) -> Evaluation {
        let story = reason::Story {
            alarm: self.alarm,
            points: &self.points,
            decision: self.decision,
            now_ms: self.moment.now_ms,
        };
        Evaluation {
            state: self.state(),
            changed: self.changed(),
            reason: story.text(),
            reason_data: story.data(),
            inferred: self.inferred(),
            points: self.points,
        }
    }
}

/// Evaluates an alarm.
///
/// # Errors
/// When its expression cannot be evaluated or gives more than one series.
pub fn evaluate(
    alarm: &MetricAlarm,
    moment: Moment,
    source: &dyn MetricSource,
) -> Result<Evaluation, AlarmError> {
    look(alarm, moment, source).map(Look::tell)
}

/// Evaluates an alarm and leaves the words for later.
///
/// # Errors
/// When its expression cannot be evaluated or gives more than one series.
pub fn look<'a>(
    alarm: &'a MetricAlarm,
    moment: Moment,
    source: &dyn MetricSource,
) -> Result<Look<'a>, AlarmError> {
    let range = window(alarm, moment.now_ms);
    let found = match &alarm.subject {
        Subject::Stat(stat) => stat_points(stat, range, source),
        Subject::Math { .. } => math_points(alarm, range, source)?,
    };
    Ok(judge(alarm, moment, |start| found.get(&start).copied()))
}

/// Decides from the datapoint of each period, by the period's start.
pub(super) fn judge(
    alarm: &MetricAlarm,
    moment: Moment,
    datapoint: impl FnMut(i64) -> Option<Datapoint>,
) -> Look<'_> {
    let points = lay_out(alarm, window(alarm, moment.now_ms), datapoint);
    let cells: Vec<Cell> = points.iter().map(EvaluatedPoint::cell).collect();
    let mut decision = decide(
        alarm.m_out_of_n,
        alarm.treat_missing_data,
        &cells,
        moment.state,
    );
    if decides_on_too_few(alarm, &points) {
        decision.state = moment.state;
        decision.inferred = true;
    }
    Look {
        alarm,
        moment,
        points,
        decision,
    }
}

/// Value and sample count; the count is not known of an expression.
pub(super) type Datapoint = (f64, Option<f64>);

/// Datapoints by the start of the period.
pub(super) type Found = BTreeMap<i64, Datapoint>;

/// The datapoints of a metric.
fn stat_points(stat: &MetricStat, range: TimeRange, source: &dyn MetricSource) -> Found {
    let grid = Grid {
        range,
        alignment: Alignment::Start,
        now_ms: None,
    };
    let number = |(start, values): (i64, crate::statistic::Values)| {
        let value = values.statistic(&stat.stat)?;
        Some((start, (value, Some(values.sample_count()))))
    };
    periods(stat, &grid, source)
        .into_iter()
        .filter_map(number)
        .collect()
}

/// The datapoints of the expression that a math alarm returns.
pub(super) fn math_points(
    alarm: &MetricAlarm,
    range: TimeRange,
    source: &dyn MetricSource,
) -> Result<Found, AlarmError> {
    let Subject::Math { queries, .. } = &alarm.subject else {
        return Ok(Found::new());
    };
    let options = Options {
        alignment: Alignment::Start,
        ..Options::from(range)
    };
    let evaluated =
        evaluate_series(queries, &options, source).map_err(|e| AlarmError::new(e.to_string()))?;
    let id = returned(queries).map_or("", |query| query.id.as_str());
    let mut series = evaluated
        .into_iter()
        .filter(|e| e.id == id)
        .flat_map(|e| e.series);
    let only = series.next();
    if series.next().is_some() {
        return Err(AlarmError::new(format!(
            "evaluate the alarm `{}`: `{id}` gives several series; expected one",
            alarm.name
        )));
    }
    let points = only.into_iter().flat_map(|s| s.points);
    Ok(points.map(|p| (p.timestamp_ms, (p.value, None))).collect())
}

/// Puts the datapoints into the periods of the evaluation range.
fn lay_out(
    alarm: &MetricAlarm,
    range: TimeRange,
    mut datapoint: impl FnMut(i64) -> Option<Datapoint>,
) -> Vec<EvaluatedPoint> {
    let period: Period = alarm.period();
    let count = i64::from(alarm.evaluation_range());
    let point = |index| {
        let timestamp_ms = range.start_ms + index * period.ms();
        let datapoint = datapoint(timestamp_ms);
        EvaluatedPoint {
            timestamp_ms,
            value: datapoint.map(|d| d.0),
            sample_count: datapoint.and_then(|d| d.1),
            breaching: datapoint.is_some_and(|d| alarm.comparison.breaches(d.0, alarm.threshold)),
        }
    };
    (0..count).map(point).collect()
}

/// Whether one of the newest N datapoints is a percentile of too few samples and
/// the alarm does not want those: fewer than 10/(1-p), below the median 10/p.
fn decides_on_too_few(alarm: &MetricAlarm, points: &[EvaluatedPoint]) -> bool {
    let Subject::Stat(stat) = &alarm.subject else {
        return false;
    };
    let (Some(share), LowSamples::Ignore) = (stat.stat.percentile_share(), alarm.low_samples)
    else {
        return false;
    };
    let needed = match share {
        // The least and the largest value rest on any number of samples.
        ..=0.0 | 1.0.. => return false,
        0.5.. => 10.0 / (1.0 - share),
        _ => 10.0 / share,
    };
    let newest = points
        .iter()
        .rev()
        .filter_map(|p| p.sample_count)
        .take(alarm.m_out_of_n.n() as usize);
    // The division is a hair off for shares such as 0.9.
    newest
        .into_iter()
        .any(|count| count < needed * (1.0 - 1e-9))
}
