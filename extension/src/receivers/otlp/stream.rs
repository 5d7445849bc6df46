//! Points to samples. A cumulative stream is remembered, since CloudWatch wants
//! what came and not what there is.

use std::{collections::HashMap, sync::Arc};

use cloudvault_obs_core::metric::{Kind, Resolution, Series, Unit};

use super::model::{Export, Metric, Point, Shape, Temporality, Value};
use crate::{intake::Sample, platform::Scope};

/// Cumulative streams that are remembered.
const MOST_STREAMS: usize = 10_000;
/// A writer's clock and ours are one; its start may be read a little before.
const SAME_START_MS: i64 = 1_000;

/// Turns exports into samples.
#[derive(Debug)]
pub struct Streams {
    scope: Scope,
    /// When this process began, milliseconds since the epoch.
    born_ms: i64,
    known: HashMap<Series, Known>,
}

#[derive(Debug)]
struct Known {
    start_ns: u64,
    value: Value,
}

/// What became of an export's points.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// The samples.
    pub samples: Vec<Sample>,
    /// Points that no sample can be made of.
    pub rejected: u64,
}

impl Streams {
    /// Metrics go to the namespace of `scope` and carry its service, unless a
    /// resource names one.
    #[must_use]
    pub fn new(scope: Scope, born_ms: i64) -> Self {
        Self {
            scope,
            born_ms,
            known: HashMap::new(),
        }
    }

    /// Turns one export that came at `now_ms` into samples.
    pub fn read(&mut self, export: &Export, now_ms: i64) -> Outcome {
        let mut outcome = Outcome::default();
        for metric in &export.metrics {
            for point in metric.points.iter().filter(|point| !point.absent) {
                match self.values(metric, point) {
                    Some((series, values)) => {
                        let series = Arc::new(series);
                        let sample = |(value, count)| Sample {
                            series: Arc::clone(&series),
                            value,
                            count,
                            timestamp_ms: milliseconds(point.time_ns).unwrap_or(now_ms),
                        };
                        outcome.samples.extend(values.into_iter().map(sample));
                    }
                    None => outcome.rejected = outcome.rejected.saturating_add(1),
                }
            }
        }
        outcome
    }

    fn values(&mut self, metric: &Metric, point: &Point) -> Option<(Series, Vec<(f64, u64)>)> {
        let (kind, cumulative) = match metric.shape {
            Shape::Gauge => (Kind::Gauge, false),
            // A total that may fall is a level.
            Shape::Sum {
                temporality: Temporality::Cumulative,
                monotonic: false,
            } => (Kind::Gauge, false),
            Shape::Sum { temporality, .. } => (Kind::Counter, is_cumulative(temporality)?),
            Shape::Histogram(temporality) => (Kind::Histogram, is_cumulative(temporality)?),
            Shape::Unsupported => return None,
        };
        let series = self.series(metric, point, kind);
        let value = match cumulative {
            true => self.since(&series, point)?,
            false => point.value.clone(),
        };
        let values = match value {
            // A cumulative stream's first point is where counting begins.
            Value::None if cumulative => Vec::new(),
            Value::None => return None,
            Value::Number(0.0) if cumulative => Vec::new(),
            Value::Number(number) => vec![(number, 1)],
            Value::Counts(counts) => counts.values(),
        };
        Some((series, values))
    }

    /// What came since the last point of the stream.
    fn since(&mut self, series: &Series, point: &Point) -> Option<Value> {
        if point.value == Value::None {
            return None;
        }
        // One that began after we did has been counting for us all along. Of an
        // older one we do not know what a process before us has delivered.
        let since_us = milliseconds(point.start_ns)
            .is_some_and(|start| start >= self.born_ms.saturating_sub(SAME_START_MS));
        let Some(known) = self.known.get_mut(series) else {
            if self.known.len() >= MOST_STREAMS {
                return None;
            }
            let known = Known {
                start_ns: point.start_ns,
                value: point.value.clone(),
            };
            self.known.insert(series.clone(), known);
            return Some(if since_us {
                point.value.clone()
            } else {
                Value::None
            });
        };
        let anew = known.start_ns != point.start_ns && point.start_ns != 0;
        let before = std::mem::replace(&mut known.value, point.value.clone());
        known.start_ns = point.start_ns;
        let grown = match (&point.value, &before) {
            _ if anew => None,
            (Value::Number(now), Value::Number(then)) => {
                (now >= then).then(|| Value::Number(now - then))
            }
            (Value::Counts(now), Value::Counts(then)) => now.since(then).map(Value::Counts),
            _ => None,
        };
        // Less than before: it was set back, and all of it is new.
        Some(grown.unwrap_or_else(|| point.value.clone()))
    }

    fn series(&self, metric: &Metric, point: &Point, kind: Kind) -> Series {
        let service = metric.service.as_ref().unwrap_or(&self.scope.service);
        let mut dimensions = point.attributes.clone();
        dimensions.retain(|(name, value)| !name.is_empty() && !value.trim().is_empty());
        dimensions.sort();
        dimensions.dedup_by(|a, b| a.0 == b.0);
        if !dimensions.iter().any(|(name, _)| name == "service") {
            dimensions.insert(0, ("service".to_owned(), service.clone()));
        }
        Series {
            namespace: self.scope.namespace.clone(),
            name: metric.name.clone(),
            dimensions,
            unit: unit(&metric.unit),
            resolution: Resolution::Standard,
            kind,
        }
    }
}

fn is_cumulative(temporality: Temporality) -> Option<bool> {
    match temporality {
        Temporality::Delta => Some(false),
        Temporality::Cumulative => Some(true),
        Temporality::Unspecified => None,
    }
}

fn milliseconds(ns: u64) -> Option<i64> {
    let ms = i64::try_from(ns / 1_000_000).ok();
    ms.filter(|ms| *ms > 0)
}

/// UCUM's codes, of which OpenTelemetry's conventions use a handful. An
/// annotation (`{request}`) counts things; what CloudWatch does not know has no
/// unit.
fn unit(ucum: &str) -> Unit {
    let (of, per_second) = match ucum.strip_suffix("/s") {
        Some(of) => (of, true),
        None => (ucum, false),
    };
    let counts = of.starts_with('{') && of.ends_with('}');
    match (of, per_second) {
        ("s", false) => Unit::Seconds,
        ("ms", false) => Unit::Milliseconds,
        ("us", false) => Unit::Microseconds,
        ("%", false) => Unit::Percent,
        ("By", false) => Unit::Bytes,
        ("kBy", false) => Unit::Kilobytes,
        ("MBy", false) => Unit::Megabytes,
        ("GBy", false) => Unit::Gigabytes,
        ("TBy", false) => Unit::Terabytes,
        ("bit", false) => Unit::Bits,
        ("By", true) => Unit::BytesPerSecond,
        ("kBy", true) => Unit::KilobytesPerSecond,
        ("MBy", true) => Unit::MegabytesPerSecond,
        ("bit", true) => Unit::BitsPerSecond,
        (_, false) if counts => Unit::Count,
        (_, true) if counts => Unit::CountPerSecond,
        _ => Unit::None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::receivers::otlp::{json, protobuf};

    const NS: u64 = 1_000_000;

    fn streams(born_ms: i64) -> Streams {
        let scope = Scope {
            namespace: "N".into(),
            service: "s".into(),
        };
        Streams::new(scope, born_ms)
    }

    fn export(metric: &serde_json::Value) -> Export {
        let request = json!({"resourceMetrics": [{
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
            "scopeMetrics": [{"scope": {}, "metrics": [metric]}],
        }]});
        json::read(request.to_string().as_bytes()).unwrap()
    }

    fn sum(value: u64, start_ms: u64, temporality: u8, monotonic: bool) -> Export {
        export(&json!({"name": "m", "unit": "By", "sum": {
            "aggregationTemporality": temporality, "isMonotonic": monotonic,
            "dataPoints": [{"asInt": value.to_string(), "startTimeUnixNano": (start_ms * NS).to_string(),
                "timeUnixNano": (9 * NS).to_string(), "attributes": [
                    {"key": "b", "value": {"intValue": "7"}}, {"key": "a", "value": {"boolValue": true}},
                    {"key": "c", "value": {"arrayValue": {}}}]}]}}))
    }

    fn taken(streams: &mut Streams, export: &Export) -> Vec<(f64, u64)> {
        let outcome = streams.read(export, 5);
        assert_eq!(outcome.rejected, 0);
        outcome.samples.iter().map(|s| (s.value, s.count)).collect()
    }

    #[test]
    fn a_delta_is_a_counter_with_its_attributes_in_one_order() {
        let outcome = streams(0).read(&sum(3, 1, 1, true), 5);
        let [sample] = outcome.samples.as_slice() else {
            panic!("{outcome:?}")
        };
        let dimensions = [("service", "shop"), ("a", "true"), ("b", "7")];
        let dimensions = dimensions.map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(sample.series.dimensions, dimensions);
        assert_eq!(
            (sample.series.unit, sample.series.kind),
            (Unit::Bytes, Kind::Counter)
        );
        assert_eq!((sample.value, sample.timestamp_ms), (3.0, 9));
    }

    #[test]
    fn a_cumulative_sum_gives_what_came_since() {
        let mut ours = streams(10_000);
        for (value, start_ms, expect) in [
            (5, 10_000, &[(5.0, 1)][..]),
            (7, 10_000, &[(2.0, 1)]),
            (7, 10_000, &[]),
            // Begun anew, as after a restart of the handler; and set back.
            (9, 20_000, &[(9.0, 1)]),
            (4, 20_000, &[(4.0, 1)]),
        ] {
            assert_eq!(taken(&mut ours, &sum(value, start_ms, 2, true)), expect);
        }
        // What it counted before we were there may have been delivered.
        let mut late = streams(1_000_000);
        assert_eq!(taken(&mut late, &sum(5, 10_000, 2, true)), []);
        assert_eq!(taken(&mut late, &sum(6, 10_000, 2, true)), [(1.0, 1)]);
    }

    #[test]
    fn a_total_that_may_fall_is_a_level() {
        let outcome = streams(0).read(&sum(3, 0, 2, false), 5);
        assert_eq!(
            outcome.samples.first().map(|s| s.series.kind),
            Some(Kind::Gauge)
        );
    }

    #[test]
    fn what_no_sample_can_be_made_of_is_counted() {
        let cases = [
            json!({"name": "m", "summary": {"dataPoints": [{}]}}),
            json!({"name": "m", "sum": {"dataPoints": [{"asInt": "1"}]}}),
            json!({"name": "m", "gauge": {"dataPoints": [{}]}}),
            json!({"name": "m", "histogram": {"aggregationTemporality": 1,
                "dataPoints": [{"bucketCounts": ["1"], "explicitBounds": [1, 2]}]}}),
        ];
        for case in &cases {
            let outcome = streams(0).read(&export(case), 5);
            assert_eq!((outcome.samples.len(), outcome.rejected), (0, 1), "{case}");
        }
        let absent = json!({"name": "m", "gauge": {"dataPoints": [{"flags": 1}]}});
        assert_eq!(streams(0).read(&export(&absent), 5), Outcome::default());
    }

    #[test]
    fn histograms_become_values_and_counts() {
        let histogram = |counts: [&str; 3], sum: f64| {
            export(
                &json!({"name": "m", "unit": "ms", "histogram": {"aggregationTemporality": 2,
                "dataPoints": [{"bucketCounts": counts, "explicitBounds": [10, 20], "sum": sum,
                    "min": 0, "max": 30, "startTimeUnixNano": "1000000000"}]}}),
            )
        };
        let mut streams = streams(0);
        assert_eq!(
            taken(&mut streams, &histogram(["1", "0", "0"], 4.0)),
            [(4.0, 1)]
        );
        assert_eq!(
            taken(&mut streams, &histogram(["1", "2", "0"], 30.0)),
            [(13.0, 2)]
        );
        let exponential = export(
            &json!({"name": "e", "exponentialHistogram": {"aggregationTemporality": 1,
            "dataPoints": [{"scale": 0, "zeroCount": "2", "positive": {"offset": 1, "bucketCounts": ["3"]},
                "sum": 9}]}}),
        );
        assert_eq!(taken(&mut streams, &exponential), [(0.0, 2), (3.0, 3)]);
    }

    #[test]
    fn units_are_cloudwatchs() {
        for (ucum, expect) in [
            ("s", Unit::Seconds),
            ("By/s", Unit::BytesPerSecond),
            ("{request}", Unit::Count),
            ("{request}/s", Unit::CountPerSecond),
            ("1", Unit::None),
            ("", Unit::None),
            ("/s", Unit::None),
        ] {
            assert_eq!(unit(ucum), expect, "{ucum}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived_in_both_encodings(body in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut streams = streams(0);
            for export in [protobuf::read(&body), json::read(&body)].into_iter().flatten() {
                let _ = streams.read(&export, 0);
            }
        }

        #[test]
        fn a_counter_loses_nothing_whatever_its_restarts(
            steps in prop::collection::vec((0..100u64, any::<bool>()), 1..40),
        ) {
            let mut streams = streams(1);
            let (mut value, mut start, mut all, mut got) = (0, 2_000, 0, 0.0);
            for (more, restarts) in steps {
                if restarts {
                    (value, start) = (0, start + 1);
                }
                value += more;
                all += more;
                got += taken(&mut streams, &sum(value, start, 2, true)).iter().map(|(v, _)| v).sum::<f64>();
            }
            prop_assert_eq!(got, all as f64);
        }
    }
}
