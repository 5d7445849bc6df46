//! One alarm over a stretch of the past, each datapoint worked out once.
//!
//! Windows overlap: of the periods that an alarm looks at in one minute, most are those
//! of the minute before. Whoever replays weeks asks here and gets what [`look`] says,
//! an order of magnitude sooner.

use std::collections::VecDeque;

use super::evaluate::{Datapoint, Look, Moment, judge, look, math_points};
use super::model::{AlarmError, MetricAlarm, Subject};
use super::window::window;
use crate::math;
use crate::metric::{MetricSource, Sample, TimeRange};
use crate::query::QueryKind;
use crate::series::MetricStat;
use crate::statistic::Values;

/// Datapoints worked out at a time: the source is asked this much less often.
const AHEAD: i64 = 64;

/// An alarm and what is known of its past. The source must not change meanwhile.
#[expect(missing_debug_implementations, reason = "a source need not have one")]
pub struct Past<'a> {
    alarm: &'a MetricAlarm,
    source: &'a dyn MetricSource,
    /// Between two windows, milliseconds.
    step_ms: i64,
    /// The start of the first period of `known`.
    first_ms: i64,
    /// The datapoint of the period that starts at each step.
    known: VecDeque<Option<Datapoint>>,
    /// Whether a datapoint is the same in whichever window it is seen.
    lasting: bool,
}

impl<'a> Past<'a> {
    /// The past of an alarm; nothing is read yet.
    pub fn new(alarm: &'a MetricAlarm, source: &'a dyn MetricSource) -> Past<'a> {
        let step_ms = match alarm.period().seconds() {
            ..60 => 10_000,
            _ => 60_000,
        };
        Past {
            alarm,
            source,
            step_ms,
            first_ms: 0,
            known: VecDeque::new(),
            lasting: lasting(alarm, step_ms),
        }
    }

    /// What [`look`] says of the alarm at a moment. Moments may come in any order;
    /// forward is fast.
    ///
    /// # Errors
    /// When its expression cannot be evaluated or gives more than one series.
    pub fn look(&mut self, moment: Moment) -> Result<Look<'a>, AlarmError> {
        if !self.lasting {
            return look(self.alarm, moment, self.source);
        }
        let range = window(self.alarm, moment.now_ms);
        self.learn(range)?;
        Ok(judge(self.alarm, moment, |start_ms| {
            let index = usize::try_from((start_ms - self.first_ms) / self.step_ms).ok()?;
            self.known.get(index).copied().flatten()
        }))
    }

    /// Makes sure that every period of a window is known.
    fn learn(&mut self, range: TimeRange) -> Result<(), AlarmError> {
        let end_ms = self.end_ms();
        if range.start_ms < self.first_ms || range.start_ms > end_ms {
            self.known.clear();
            self.first_ms = range.start_ms;
        }
        let passed = (range.start_ms - self.first_ms) / self.step_ms;
        self.known.drain(..passed as usize);
        self.first_ms = range.start_ms;
        // The last period starts a period before the end.
        let last_ms = range.end_ms - self.alarm.period().ms();
        while self.end_ms() <= last_ms {
            let from_ms = self.end_ms();
            match &self.alarm.subject {
                Subject::Stat(stat) => self.learn_stat(stat, from_ms),
                Subject::Math { .. } => self.learn_math(from_ms)?,
            }
        }
        Ok(())
    }

    /// The start of the first period that is not known.
    fn end_ms(&self) -> i64 {
        self.first_ms + self.known.len() as i64 * self.step_ms
    }

    fn learn_stat(&mut self, stat: &MetricStat, from_ms: i64) {
        let length_ms = stat.period.ms();
        let range = TimeRange {
            start_ms: from_ms,
            end_ms: from_ms + (AHEAD - 1) * self.step_ms + length_ms,
        };
        let mut samples = self.source.samples(&stat.metric, range);
        samples.retain(|s| stat.takes(s));
        samples.sort_by_key(|s| s.timestamp_ms);
        let before = |end_ms: i64| samples.partition_point(|s| s.timestamp_ms < end_ms);
        for index in 0..AHEAD {
            let start_ms = from_ms + index * self.step_ms;
            let inside: &[Sample] = &samples[before(start_ms)..before(start_ms + length_ms)];
            let values = Values::of(inside);
            let value = values.statistic(&stat.stat);
            self.known
                .push_back(value.map(|value| (value, Some(values.sample_count()))));
        }
    }

    fn learn_math(&mut self, from_ms: i64) -> Result<(), AlarmError> {
        let range = TimeRange {
            start_ms: from_ms,
            end_ms: from_ms + AHEAD * self.step_ms,
        };
        let found = math_points(self.alarm, range, self.source)?;
        let starts = (0..AHEAD).map(|index| from_ms + index * self.step_ms);
        self.known
            .extend(starts.map(|start_ms| found.get(&start_ms).copied()));
        Ok(())
    }
}

/// A metric's datapoint is its own. An expression's is, when it looks at nothing beside
/// it, and when every window cuts the periods alike.
fn lasting(alarm: &MetricAlarm, step_ms: i64) -> bool {
    let Subject::Math { queries, .. } = &alarm.subject else {
        return true;
    };
    let mut expressions = queries.iter().filter_map(|query| match &query.kind {
        QueryKind::Expression { text, .. } => Some(text),
        QueryKind::Stat(_) => None,
    });
    alarm.period().ms() == step_ms
        && expressions.all(|text| math::parse(text).is_ok_and(|expr| expr.is_point_by_point()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::alarm::State;
    use crate::metric::{MemorySource, MetricId};

    /// Alarms of every shape on NS/M.
    fn alarm(shape: usize, period: u32, m: u32) -> MetricAlarm {
        let mut body = json!({
            "AlarmName": "a", "EvaluationPeriods": 3, "DatapointsToAlarm": m, "Threshold": 4.0,
            "ComparisonOperator": "GreaterThanThreshold",
        });
        let expression = ["10 * m1 / (m1 + 1)", "FILL(m1, 5)", "m1 - AVG(m1)"].get(shape);
        if let Some(expression) = expression {
            let metric = json!({"Namespace": "NS", "MetricName": "M"});
            let stat = json!({"Metric": metric, "Period": period, "Stat": "Sum"});
            body["Metrics"] = json!([
                {"Id": "m1", "MetricStat": stat, "ReturnData": false},
                {"Id": "e1", "Expression": expression, "ReturnData": true},
            ]);
        } else {
            let (name, statistic) = [("Statistic", "Sum"), ("ExtendedStatistic", "p90")][shape % 2];
            body[name] = Json::from(statistic);
            for (name, value) in [("Namespace", "NS"), ("MetricName", "M")] {
                body[name] = Json::from(value);
            }
            body["Period"] = period.into();
        }
        MetricAlarm::from_json(&body).unwrap()
    }

    proptest! {
        #[test]
        fn the_past_says_what_a_look_says(
            values in prop::collection::vec(prop::option::weighted(0.7, -9_i32..9), 1..200),
            shape in 0_usize..5,
            period in prop::sample::select(vec![60_u32, 120, 300]),
            m in 1_u32..4,
            back in 0_usize..20,
        ) {
            let alarm = alarm(shape, period, m);
            let mut source = MemorySource::new();
            let values: Vec<Option<f64>> = values.into_iter().map(|v| v.map(f64::from)).collect();
            source.push_periods(&MetricId::new("NS", "M", vec![]), 0, 60, &values);
            let mut past = Past::new(&alarm, &source);
            let mut minutes: Vec<i64> = (0..values.len() as i64 + 30).collect();
            // Once back, as somebody does who looks again.
            minutes.extend(0..back as i64);
            let mut state = State::InsufficientData;
            for minute in minutes {
                let moment = Moment { now_ms: minute * 60_000 + 7_000, state };
                let (seen, expected) = (past.look(moment), look(&alarm, moment, &source));
                prop_assert_eq!(&seen, &expected);
                state = seen.map_or(state, |seen| seen.state());
            }
        }

        #[test]
        fn the_past_of_ten_seconds_says_what_a_look_says(
            values in prop::collection::vec(prop::option::of(-9_i32..9), 1..200),
        ) {
            let alarm = alarm(3, 10, 2);
            let mut source = MemorySource::new();
            let values: Vec<Option<f64>> = values.into_iter().map(|v| v.map(f64::from)).collect();
            source.push_periods(&MetricId::new("NS", "M", vec![]), 0, 1, &values);
            let mut past = Past::new(&alarm, &source);
            for now_ms in (0..values.len() as i64 * 1000 + 60_000).step_by(10_000) {
                let moment = Moment { now_ms, state: State::Ok };
                prop_assert_eq!(past.look(moment), look(&alarm, moment, &source));
            }
        }
    }
}
