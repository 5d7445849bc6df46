//! From samples to series: one number a period.
//!
//! A [`Grid`] says which periods a range has; [`Series`] holds the points of one
//! metric or expression on it. A missing point is absent, never a zero: what a gap
//! means is the business of whoever reads it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::metric::{MetricId, MetricSource, Sample, TimeRange, Unit};
use crate::statistic::{Statistic, Values};

/// The most datapoints that one call returns or one `FILL` makes.
pub const MAX_DATAPOINTS: usize = 100_800;

/// A period: 1, 5, 10, 20, 30 or a multiple of 60, seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Period(u32);

/// A number of seconds that is no period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("use the period {0}: expected 1, 5, 10, 20, 30 or a multiple of 60 up to 604800 seconds")]
pub struct PeriodError(u32);

impl Period {
    /// One minute.
    pub const MINUTE: Period = Period(60);

    /// The period of so many seconds.
    ///
    /// # Errors
    /// When CloudWatch has no such period.
    pub fn new(seconds: u32) -> Result<Period, PeriodError> {
        let known =
            matches!(seconds, 1 | 5 | 10 | 20 | 30) || (seconds > 0 && seconds.is_multiple_of(60));
        if known && seconds <= 604_800 {
            Ok(Period(seconds))
        } else {
            Err(PeriodError(seconds))
        }
    }

    /// The shortest multiple of a minute that holds so many seconds.
    pub fn at_least(seconds: i64) -> Period {
        let minutes = (seconds.clamp(1, 604_800) + 59) / 60;
        Period((minutes * 60) as u32)
    }

    /// Its length in seconds.
    pub fn seconds(self) -> u32 {
        self.0
    }

    /// Its length in milliseconds.
    pub fn ms(self) -> i64 {
        i64::from(self.0) * 1000
    }
}

impl TryFrom<u32> for Period {
    type Error = PeriodError;

    fn try_from(seconds: u32) -> Result<Self, Self::Error> {
        Period::new(seconds)
    }
}

impl From<Period> for u32 {
    fn from(period: Period) -> u32 {
        period.0
    }
}

/// Where the periods of a range begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Alignment {
    /// At multiples of the period since 1970, as graphs and GetMetricData have it;
    /// a range that starts inside a period includes the whole of it.
    #[default]
    Epoch,
    /// At the start of the range, as GetMetricStatistics and alarms have it: an
    /// alarm's periods slide with it minute by minute.
    Start,
}

/// A range of time cut into periods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// The range.
    pub range: TimeRange,
    /// Where its periods begin.
    pub alignment: Alignment,
    /// When it is asked, for retention: data older than 3 h has no period below a
    /// minute, than 15 days none below 5 minutes, than 63 days none below an hour.
    /// `None` keeps everything.
    pub now_ms: Option<i64>,
}

impl Grid {
    /// The start of the first period.
    pub fn origin(&self, period: Period) -> i64 {
        match self.alignment {
            Alignment::Epoch => floor(self.range.start_ms, period.ms()),
            Alignment::Start => self.range.start_ms,
        }
    }

    /// How many periods the range has.
    pub fn count(&self, period: Period) -> i64 {
        let length = self.range.end_ms.saturating_sub(self.origin(period));
        if length <= 0 {
            0
        } else {
            (length - 1) / period.ms() + 1
        }
    }

    /// The start of each period; never more than [`MAX_DATAPOINTS`].
    pub fn slots(&self, period: Period) -> impl Iterator<Item = i64> + use<> {
        let origin = self.origin(period);
        let count = self.count(period).min(MAX_DATAPOINTS as i64);
        (0..count).map(move |index| origin + index * period.ms())
    }

    /// Whether CloudWatch would still have data of this period for the range.
    fn retains(&self, period: Period) -> bool {
        let Some(now) = self.now_ms else { return true };
        let age_s = now.saturating_sub(self.range.start_ms) / 1000;
        let day = 86_400;
        let floor = match age_s {
            age if age > 63 * day => 3_600,
            age if age > 15 * day => 300,
            age if age > 3 * 3_600 => 60,
            _ => 1,
        };
        period.seconds() >= floor
    }
}

/// Which number of which metric: what `MetricStat` says in a query.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricStat {
    /// The metric.
    pub metric: MetricId,
    /// How long each period is.
    pub period: Period,
    /// Which number stands for a period's values.
    pub stat: Statistic,
    /// Only samples of this unit. Without one, samples of every unit count, and
    /// the numbers of a metric recorded in two units mean little.
    pub unit: Option<Unit>,
}

impl MetricStat {
    /// Whether a sample counts: one of its unit, and for periods below a minute one of
    /// high resolution.
    pub(crate) fn takes(&self, sample: &Sample) -> bool {
        self.unit.is_none_or(|unit| unit == sample.unit)
            && (self.period.seconds() >= 60 || sample.resolution_s < 60)
    }
}

/// One point of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The start of its period, milliseconds since 1970.
    pub timestamp_ms: i64,
    /// Its value; finite.
    pub value: f64,
}

/// The points of one metric or expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What a legend calls it.
    pub label: String,
    /// How long its periods are.
    pub period: Period,
    /// Oldest first; a period without data has no point.
    pub points: Vec<Point>,
    /// The metric it comes from, unless an expression made it.
    pub source: Option<Box<MetricStat>>,
}

impl Series {
    /// The value at a period's start.
    pub fn at(&self, timestamp_ms: i64) -> Option<f64> {
        let found = self
            .points
            .binary_search_by_key(&timestamp_ms, |p| p.timestamp_ms);
        found.ok().map(|index| self.points[index].value)
    }

    /// Its values, oldest first.
    pub fn values(&self) -> impl Iterator<Item = f64> + '_ {
        self.points.iter().map(|p| p.value)
    }
}

/// The values of each period that has any, oldest first.
pub fn periods(stat: &MetricStat, grid: &Grid, source: &dyn MetricSource) -> BTreeMap<i64, Values> {
    if !grid.retains(stat.period) {
        return BTreeMap::new();
    }
    let origin = grid.origin(stat.period);
    let range = TimeRange {
        start_ms: origin,
        end_ms: grid.range.end_ms,
    };
    let samples = source
        .samples(&stat.metric, range)
        .into_iter()
        .filter(|s| range.contains(s.timestamp_ms) && stat.takes(s));
    group(samples, origin, stat.period)
}

/// The last multiple of a step at or before a time. Times come from whoever may
/// call the endpoint, so the ends of the number line must not wrap.
pub(crate) fn floor(timestamp_ms: i64, step_ms: i64) -> i64 {
    timestamp_ms.div_euclid(step_ms).saturating_mul(step_ms)
}

/// Puts samples into the periods that begin at `origin`.
pub(crate) fn group(
    samples: impl Iterator<Item = Sample>,
    origin: i64,
    period: Period,
) -> BTreeMap<i64, Values> {
    let mut buckets: BTreeMap<i64, Vec<Sample>> = BTreeMap::new();
    for sample in samples {
        let start = origin.saturating_add(floor(
            sample.timestamp_ms.saturating_sub(origin),
            period.ms(),
        ));
        buckets.entry(start).or_default().push(sample);
    }
    buckets
        .into_iter()
        .map(|(start, samples)| (start, Values::of(&samples)))
        .collect()
}

/// The series of a metric's statistic; its label is the metric's name.
pub fn collect(stat: &MetricStat, grid: &Grid, source: &dyn MetricSource) -> Series {
    let points = periods(stat, grid, source)
        .into_iter()
        .filter_map(|(timestamp_ms, values)| {
            let value = values.statistic(&stat.stat)?;
            Some(Point {
                timestamp_ms,
                value,
            })
        });
    Series {
        label: stat.metric.name.clone(),
        period: stat.period,
        points: points.collect(),
        source: Some(Box::new(stat.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::MemorySource;
    use proptest::prelude::*;

    fn minute_values() -> (MetricId, MemorySource) {
        let metric = MetricId::new("NS", "M", vec![]);
        let mut source = MemorySource::new();
        let values: Vec<Option<f64>> = (0..10).map(|v| Some(f64::from(v))).collect();
        source.push_periods(&metric, 600_000, 60, &values);
        (metric, source)
    }

    fn sums(period_s: u32, start_ms: i64, alignment: Alignment) -> Vec<(i64, f64)> {
        let (metric, source) = minute_values();
        let stat = MetricStat {
            metric,
            period: Period::new(period_s).unwrap(),
            stat: Statistic::Sum,
            unit: None,
        };
        let grid = Grid {
            range: TimeRange {
                start_ms,
                end_ms: 1_200_000,
            },
            alignment,
            now_ms: None,
        };
        collect(&stat, &grid, &source)
            .points
            .iter()
            .map(|p| (p.timestamp_ms / 60_000, p.value))
            .collect()
    }

    #[test]
    fn a_point_carries_the_start_of_its_period() {
        assert_eq!(
            sums(300, 600_000, Alignment::Epoch),
            [(10, 10.0), (15, 35.0)]
        );
        assert_eq!(
            sums(300, 720_000, Alignment::Epoch),
            [(10, 10.0), (15, 35.0)],
            "the first period is whole"
        );
        assert_eq!(
            sums(300, 720_000, Alignment::Start),
            [(12, 20.0), (17, 24.0)],
            "an alarm's window slides"
        );
    }

    #[test]
    fn periods_below_a_minute_see_only_high_resolution() {
        assert_eq!(sums(10, 600_000, Alignment::Epoch), []);
        let metric = MetricId::new("NS", "Fast", vec![]);
        let mut source = MemorySource::new();
        source.push_periods(&metric, 0, 1, &[Some(1.0); 20]);
        let stat = MetricStat {
            metric,
            period: Period::new(10).unwrap(),
            stat: Statistic::Sum,
            unit: None,
        };
        let grid = |now_ms| Grid {
            range: TimeRange {
                start_ms: 0,
                end_ms: 20_000,
            },
            alignment: Alignment::Epoch,
            now_ms,
        };
        assert_eq!(
            collect(&stat, &grid(Some(20_000)), &source)
                .values()
                .collect::<Vec<_>>(),
            [10.0, 10.0]
        );
        assert_eq!(
            collect(&stat, &grid(Some(4 * 3_600_000)), &source).points,
            [],
            "after 3 hours it is gone"
        );
    }

    #[test]
    fn units_are_separate_streams() {
        let metric = MetricId::new("NS", "M", vec![]);
        let mut source = MemorySource::new();
        for unit in ["Count", "Bytes"] {
            let unit = Unit::parse(unit).unwrap();
            source.push(
                &metric,
                Sample {
                    timestamp_ms: 0,
                    resolution_s: 60,
                    unit,
                    value: 1.0,
                    count: 1.0,
                    of_set: false,
                },
            );
        }
        let stat = MetricStat {
            metric,
            period: Period::MINUTE,
            stat: Statistic::Sum,
            unit: Unit::parse("Count"),
        };
        let grid = Grid {
            range: TimeRange {
                start_ms: 0,
                end_ms: 60_000,
            },
            alignment: Alignment::Epoch,
            now_ms: None,
        };
        assert_eq!(
            collect(&stat, &grid, &source).values().collect::<Vec<_>>(),
            [1.0]
        );
    }

    #[test]
    fn only_cloudwatchs_periods_are_periods() {
        for good in [1, 5, 10, 20, 30, 60, 120, 300, 3_600, 86_400, 604_800] {
            assert!(Period::new(good).is_ok(), "{good}");
        }
        for bad in [0, 2, 15, 45, 61, 90, 604_860] {
            assert!(Period::new(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_range_makes_a_grid_panic(start_ms: i64, end_ms: i64, period in prop::sample::select(vec![1_u32, 60, 604_800]), epoch: bool) {
            let alignment = if epoch { Alignment::Epoch } else { Alignment::Start };
            let grid = Grid { range: TimeRange { start_ms, end_ms }, alignment, now_ms: Some(0) };
            let slots = grid.slots(Period::new(period).unwrap());
            prop_assert!(slots.count() <= MAX_DATAPOINTS);
            let sample = Sample { timestamp_ms: end_ms, resolution_s: 1, unit: Unit::NONE, value: 1.0, count: 1.0, of_set: false };
            prop_assert_eq!(group([sample].into_iter(), start_ms, Period::new(period).unwrap()).len(), 1);
        }

        #[test]
        fn the_sum_over_short_periods_is_the_sum_over_long_ones(values in prop::collection::vec(-100_i32..100, 1..200)) {
            let metric = MetricId::new("NS", "M", vec![]);
            let mut source = MemorySource::new();
            let values: Vec<Option<f64>> = values.into_iter().map(|v| Some(f64::from(v))).collect();
            source.push_periods(&metric, 0, 60, &values);
            let grid = Grid { range: TimeRange { start_ms: 0, end_ms: 200 * 60_000 }, alignment: Alignment::Epoch, now_ms: None };
            let total = |seconds| {
                let stat = MetricStat { metric: metric.clone(), period: Period::new(seconds).unwrap(), stat: Statistic::Sum, unit: None };
                collect(&stat, &grid, &source).values().sum::<f64>()
            };
            prop_assert_eq!(total(60), total(300));
            prop_assert_eq!(total(60), total(3_600));
        }
    }
}
