//! `GetMetricStatistics`: several statistics of one metric, a datapoint a period
//! and unit.

use std::collections::BTreeSet;

use crate::metric::{MetricId, MetricSource, TimeRange, Unit};
use crate::series::{Alignment, Grid, MetricStat, Period, floor, periods};
use crate::statistic::Statistic;

/// What `GetMetricStatistics` asks.
#[derive(Debug, Clone, PartialEq)]
pub struct StatisticsRequest {
    /// The metric.
    pub metric: MetricId,
    /// The time asked for; its start is rounded down to a whole minute, or to the
    /// period when that is shorter.
    pub range: TimeRange,
    /// How long each period is.
    pub period: Period,
    /// Which numbers, simple and extended alike.
    pub statistics: Vec<Statistic>,
    /// Only this unit; without one, every unit gives its own datapoints.
    pub unit: Option<Unit>,
}

/// The numbers of one period.
#[derive(Debug, Clone, PartialEq)]
pub struct Datapoint {
    /// The start of the period, milliseconds since 1970.
    pub timestamp_ms: i64,
    /// The unit of the samples.
    pub unit: Unit,
    /// Each statistic that has a number, in the order asked for.
    pub values: Vec<(Statistic, f64)>,
}

/// The datapoints of one metric, oldest first, within a period by unit.
pub fn statistics(request: &StatisticsRequest, source: &dyn MetricSource) -> Vec<Datapoint> {
    let step = request.period.ms().min(60_000);
    let range = TimeRange {
        start_ms: floor(request.range.start_ms, step),
        end_ms: request.range.end_ms,
    };
    let grid = Grid {
        range,
        alignment: Alignment::Start,
        now_ms: None,
    };
    let units: BTreeSet<Unit> = match request.unit {
        Some(unit) => BTreeSet::from([unit]),
        None => source
            .samples(&request.metric, range)
            .iter()
            .map(|s| s.unit)
            .collect(),
    };
    let mut datapoints: Vec<Datapoint> = units
        .into_iter()
        .flat_map(|unit| of_unit(request, unit, &grid, source))
        .collect();
    datapoints.sort_by_key(|d| (d.timestamp_ms, d.unit));
    datapoints
}

/// The datapoints of one unit.
fn of_unit(
    request: &StatisticsRequest,
    unit: Unit,
    grid: &Grid,
    source: &dyn MetricSource,
) -> Vec<Datapoint> {
    let stat = MetricStat {
        metric: request.metric.clone(),
        period: request.period,
        stat: Statistic::SampleCount,
        unit: Some(unit),
    };
    let of_period = |(timestamp_ms, values): (i64, crate::statistic::Values)| {
        let number = |s: &Statistic| values.statistic(s).map(|value| (s.clone(), value));
        let values = request.statistics.iter().filter_map(number).collect();
        Datapoint {
            timestamp_ms,
            unit,
            values,
        }
    };
    periods(&stat, grid, source)
        .into_iter()
        .map(of_period)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::{MemorySource, Sample};

    #[test]
    fn each_period_and_unit_has_its_datapoint_with_every_statistic() {
        let metric = MetricId::new("NS", "M", vec![]);
        let mut source = MemorySource::new();
        for (timestamp_ms, unit, value, count) in [
            (60_000, "Count", 1.0, 3.0),
            (61_000, "Count", 5.0, 1.0),
            (61_000, "Bytes", 9.0, 1.0),
            (125_000, "Count", 2.0, 1.0),
        ] {
            let unit = Unit::parse(unit).unwrap();
            source.push(
                &metric,
                Sample {
                    timestamp_ms,
                    resolution_s: 60,
                    unit,
                    value,
                    count,
                    of_set: false,
                },
            );
        }
        let request = StatisticsRequest {
            metric,
            range: TimeRange {
                start_ms: 60_500,
                end_ms: 180_000,
            },
            period: Period::MINUTE,
            statistics: vec![Statistic::Sum, "p50".parse().unwrap()],
            unit: None,
        };
        let found: Vec<_> = statistics(&request, &source)
            .into_iter()
            .map(|d| {
                (
                    d.timestamp_ms,
                    d.unit.as_str(),
                    d.values.iter().map(|v| v.1).collect::<Vec<_>>(),
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                (60_000, "Bytes", vec![9.0, 9.0]),
                (60_000, "Count", vec![8.0, 1.0]),
                (120_000, "Count", vec![2.0, 2.0]),
            ]
        );
    }
}
