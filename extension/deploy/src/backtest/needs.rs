//! Which numbers of the past alarms read, and at which resolution they still exist.

use std::collections::BTreeMap;

use obs_cloudwatch::alarm::Subject;
use obs_cloudwatch::metric::{MemorySource, MetricId, Sample, Unit};
use obs_cloudwatch::query::QueryKind;
use obs_cloudwatch::series::MetricStat;
use obs_cloudwatch::statistic::{Bounds, Statistic};

use super::ask::{Ask, Points, cut};
use crate::model::alarm::Term;
use crate::model::{MetricRef, Query};
use crate::simulate::{Fleet, Watch};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// What is asked for keeps away from the end of what is kept: the call comes later than
/// its plan, and one number too old empties the whole answer.
const MARGIN: i64 = 5 * 60_000;

/// How long CloudWatch keeps periods that are multiples of so many seconds.
const KEPT: [(u32, i64); 4] = [
    (10, 3 * HOUR),
    (60, 15 * DAY),
    (300, 63 * DAY),
    (3_600, 455 * DAY),
];

/// Everything a replay has to fetch.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    readings: BTreeMap<MetricId, Reading>,
    /// What is to be known of an alarm's replay, by name.
    notes: BTreeMap<String, String>,
}

/// One statistic of one metric.
#[derive(Clone, Debug)]
struct Reading {
    metric: MetricRef,
    unit: Option<String>,
    statistic: String,
    /// Whether the number of samples is asked for, too.
    counted: bool,
    period: u32,
    start_ms: i64,
}

/// What stands for the values of a period that CloudWatch does not give out.
enum Stand {
    /// A longer period is put together from shorter ones; the statistic that does it.
    Adds(Statistic),
    /// Only whole periods are known.
    Whole(Statistic),
}

impl Needs {
    /// Adds what the metric alarms of a fleet read from `from_ms` on, at `now_ms`, and
    /// makes the alarms read it: their metrics are renamed to what was fetched.
    pub fn prepare(&mut self, fleet: &mut Fleet, from_ms: i64, now_ms: i64) {
        for watch in fleet.watches_mut() {
            self.watch(watch, from_ms, now_ms);
        }
    }

    /// What is to be known of an alarm's replay.
    pub fn note(&self, alarm: &str) -> Option<&str> {
        self.notes.get(alarm).map(String::as_str)
    }

    fn watch(&mut self, watch: &mut Watch, from_ms: i64, now_ms: i64) {
        let period = watch.alarm.period().seconds();
        let range = i64::from(watch.alarm.m_out_of_n.evaluation_range());
        let wanted_ms = from_ms - watch.alarm.period().ms() * range;
        let fits = KEPT.iter().filter(|(unit, _)| period.is_multiple_of(*unit));
        let fine = if period < 60 { 10 } else { 60 };
        let fits: Vec<&(u32, i64)> = fits.filter(|(unit, _)| *unit >= fine).collect();
        let oldest = |kept: i64| now_ms - kept + MARGIN;
        let reaches = |kept: &&&(u32, i64)| oldest(kept.1) <= wanted_ms;
        let Some((unit, kept)) = fits.iter().find(reaches).or(fits.last()) else {
            return;
        };
        let start_ms = wanted_ms.max(oldest(*kept));
        watch.first_ms = from_ms.max(oldest(*kept));
        watch.step_ms = watch.step_ms.max(i64::from(*unit) * 1000);
        let mut notes = Vec::new();
        if watch.first_ms > from_ms {
            let kept = crate::simulate::report::offset(*kept);
            notes.push(format!(
                "from {kept} ago: periods of {period} s are not kept longer"
            ));
        }
        let mut whole = false;
        for stat in stats(&mut watch.alarm.subject) {
            whole |= self.read(stat, *unit, start_ms);
        }
        if whole && watch.alarm.period().ms() > watch.step_ms {
            watch.step_ms = watch.alarm.period().ms();
            notes.push(format!(
                "looked at every {period} s: its statistic is known of whole periods only"
            ));
        }
        if !notes.is_empty() {
            self.notes
                .insert(watch.alarm.name.clone(), notes.join("; "));
        }
    }

    /// Notes a reading and renames the statistic to it; gives whether it is known of
    /// whole periods only.
    fn read(&mut self, stat: &mut MetricStat, unit: u32, start_ms: i64) -> bool {
        let (period, becomes, whole) = match stand(&stat.stat) {
            Stand::Adds(becomes) => (unit, becomes, false),
            Stand::Whole(becomes) => (stat.period.seconds(), becomes, true),
        };
        let statistic = stat.stat.to_string();
        let only = stat.unit.map(|unit| unit.as_str().to_owned());
        let metric = MetricRef {
            namespace: stat.metric.namespace.clone(),
            name: stat.metric.name.clone(),
            dimensions: stat.metric.dimensions.iter().cloned().collect(),
        };
        // A name that no metric has: it holds a control character.
        stat.metric.name = format!(
            "{}\u{1f}{statistic}\u{1f}{period}\u{1f}{}",
            metric.name,
            only.as_deref().unwrap_or_default()
        );
        let counted = matches!(stat.stat, Statistic::Average | Statistic::Percentile(_));
        let step_ms = i64::from(period) * 1000;
        let start_ms = start_ms.div_euclid(step_ms) * step_ms;
        let reading = self
            .readings
            .entry(stat.metric.clone())
            .or_insert_with(|| Reading {
                metric,
                unit: only,
                statistic,
                counted,
                period,
                start_ms,
            });
        reading.start_ms = reading.start_ms.min(start_ms);
        stat.stat = becomes;
        stat.unit = None;
        whole
    }

    /// The calls that fetch it all, up to a time.
    pub fn asks(&self, end_ms: i64) -> Vec<Ask> {
        let mut groups: BTreeMap<(u32, i64), Vec<Query>> = BTreeMap::new();
        for (index, reading) in self.readings.values().enumerate() {
            let group = groups.entry((reading.period, reading.start_ms));
            group.or_default().extend(reading.queries(index));
        }
        groups
            .into_iter()
            .flat_map(|((period, start_ms), queries)| {
                cut(&queries, (start_ms, end_ms), i64::from(period) * 1000)
            })
            .collect()
    }

    /// What was fetched as data for the renamed metrics: the answers of each call, in
    /// the order of its queries.
    pub fn source(&self, answers: &[(Ask, Vec<Points>)]) -> MemorySource {
        let mut found: BTreeMap<&str, BTreeMap<i64, f64>> = BTreeMap::new();
        for (ask, answers) in answers {
            for (query, points) in ask.queries.iter().zip(answers) {
                let known = found.entry(query.id.as_str()).or_default();
                known.extend(points.iter().copied());
            }
        }
        let mut source = MemorySource::new();
        for (index, (metric, reading)) in self.readings.iter().enumerate() {
            let counts = found.get(format!("n{index}").as_str());
            let values = found.get(format!("v{index}").as_str());
            for (timestamp_ms, value) in values.into_iter().flatten() {
                let count = match reading.counted {
                    true => counts.and_then(|counts| counts.get(timestamp_ms)).copied(),
                    false => None,
                };
                source.push(metric, reading.sample(*timestamp_ms, *value, count));
            }
        }
        source
    }
}

impl Reading {
    fn queries(&self, index: usize) -> Vec<Query> {
        let query = |id: String, statistic: &str| Query {
            id,
            label: None,
            returns: true,
            term: Term::Metric {
                metric: self.metric.clone(),
                statistic: statistic.to_owned(),
                unit: self.unit.clone(),
                period: self.period,
            },
        };
        let mut queries = vec![query(format!("v{index}"), &self.statistic)];
        if self.counted {
            queries.push(query(format!("n{index}"), "SampleCount"));
        }
        queries
    }

    fn sample(&self, timestamp_ms: i64, value: f64, count: Option<f64>) -> Sample {
        let (value, count) = match self.statistic.as_str() {
            "SampleCount" => (1.0, value),
            _ => (value, count.filter(|count| *count > 0.0).unwrap_or(1.0)),
        };
        Sample {
            timestamp_ms,
            resolution_s: if self.period < 60 { 1 } else { 60 },
            unit: Unit::NONE,
            value,
            count,
            of_set: false,
        }
    }
}

fn stats(subject: &mut Subject) -> Vec<&mut MetricStat> {
    match subject {
        Subject::Stat(stat) => vec![stat],
        Subject::Math { queries, .. } => queries
            .iter_mut()
            .filter_map(|query| match &mut query.kind {
                QueryKind::Stat(stat) => Some(stat),
                QueryKind::Expression { .. } => None,
            })
            .collect(),
    }
}

/// How a statistic of a longer period comes from what was fetched. Each fetched number
/// is one value, or one value seen as often as there were samples.
fn stand(statistic: &Statistic) -> Stand {
    match statistic {
        Statistic::Sum
        | Statistic::SampleCount
        | Statistic::Average
        | Statistic::Minimum
        | Statistic::Maximum => Stand::Adds(statistic.clone()),
        // Values between two bounds add up over time; shares of all values do not.
        Statistic::TrimmedCount(Bounds::Absolute { .. })
        | Statistic::TrimmedSum(Bounds::Absolute { .. }) => Stand::Adds(Statistic::Sum),
        Statistic::Percentile(_) => Stand::Whole(statistic.clone()),
        _ => Stand::Whole(Statistic::Average),
    }
}
