//! What the extension tells of itself, as metrics.
//!
//! They cost as any other metric does, so by default only those are sent that
//! tell of trouble, and only when there was some. They ride along with points of
//! their namespace and never cause a request, and count as no points themselves.

use std::{collections::BTreeMap, sync::Arc};

use cloudvault_obs_core::{
    metric::{Kind, Series},
    names::{WellKnown, extension as names},
};

use crate::{
    aggregate::Exploded, batch::Datum, cloudwatch::Class, config::SelfMetrics,
    segments::SegmentTally, tally::Tally,
};

const MINUTE_MS: i64 = 60_000;
/// Dimensions that explode are told one by one up to this many.
const MOST_TOLD: usize = 64;

/// Everything that can be told, at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reading {
    /// What became of every point.
    pub tally: Tally,
    /// Series that are known.
    pub series: u64,
    /// Bytes of the spill file.
    pub spill_bytes: u64,
    /// How often the spill file failed.
    pub spill_failures: u64,
    /// Bytes at its end that were torn when it was opened.
    pub spill_torn: u64,
    /// Points that found the journal full: the library wrote them as lines.
    pub journal_refused: u64,
    /// What became of every document of a segment.
    pub segments: SegmentTally,
    /// How often the segments' spool failed.
    pub spool_failures: u64,
}

/// Makes data of readings.
#[derive(Debug)]
pub struct Own {
    which: SelfMetrics,
    namespace: String,
    service: String,
    resident_bytes: fn() -> Option<u64>,
    /// The reading at the last call.
    told: Reading,
    exploded: BTreeMap<String, u64>,
    seen: Vec<((String, String), String)>,
    news: Vec<Exploded>,
}

impl Own {
    /// Metrics go to `namespace` with dimension `service`. `resident_bytes` tells
    /// how much memory this process holds.
    #[must_use]
    pub fn new(
        which: SelfMetrics,
        namespace: &str,
        service: &str,
        resident_bytes: fn() -> Option<u64>,
    ) -> Self {
        Self {
            which,
            namespace: namespace.to_owned(),
            service: service.to_owned(),
            resident_bytes,
            told: Reading::default(),
            exploded: BTreeMap::new(),
            seen: Vec::new(),
            news: Vec::new(),
        }
    }

    /// No metrics.
    #[must_use]
    pub fn off() -> Self {
        Self::new(SelfMetrics::Off, "", "", || None)
    }

    /// Notes points that were folded.
    pub fn exploded(&mut self, exploded: Exploded) {
        *self.exploded.entry(exploded.dimension.clone()).or_default() += exploded.points;
        let key = (exploded.metric.clone(), exploded.dimension.clone());
        if self.seen.len() < MOST_TOLD && !self.seen.contains(&key) {
            self.seen.push(key);
            self.news.push(exploded);
        }
    }

    /// What exploded for the first time since the last call.
    pub fn told(&mut self) -> Vec<Exploded> {
        std::mem::take(&mut self.news)
    }

    /// What has happened since the last call, as data.
    pub fn data(&mut self, reading: &Reading, now_ms: i64) -> Vec<Datum> {
        if self.which == SelfMetrics::Off {
            return Vec::new();
        }
        let mut data = Vec::new();
        let before = std::mem::replace(&mut self.told, *reading);
        let exploded = std::mem::take(&mut self.exploded);
        let mut tell = |known: &WellKnown, more: Option<(&str, &str)>, value: u64| {
            data.push(self.datum(known, more, value, now_ms));
        };
        for (known, dimension, value) in trouble(&before, reading) {
            if value > 0 {
                tell(known, dimension, value);
            }
        }
        for (dimension, points) in &exploded {
            tell(&names::OVERFLOWED, Some(("dimension", dimension)), *points);
        }
        if self.which == SelfMetrics::All {
            let resident = (self.resident_bytes)().map(|bytes| (&names::RESIDENT, bytes));
            for (known, value) in normal(&before, reading).into_iter().chain(resident) {
                tell(known, None, value);
            }
        }
        data
    }

    fn datum(
        &self,
        known: &WellKnown,
        more: Option<(&str, &str)>,
        value: u64,
        now_ms: i64,
    ) -> Datum {
        let more = more.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let service = ("service".to_owned(), self.service.clone());
        Datum {
            series: Arc::new(Series {
                namespace: self.namespace.clone(),
                name: known.name.to_owned(),
                dimensions: [service].into_iter().chain(more).collect(),
                unit: known.unit,
                resolution: known.resolution,
                kind: if LEVELS.contains(&known.name) {
                    Kind::Gauge
                } else {
                    Kind::Counter
                },
            }),
            timestamp_ms: now_ms.saturating_sub(now_ms.rem_euclid(MINUTE_MS)),
            values: vec![(value as f64, 1)],
            points: 0,
        }
    }
}

/// These stand at a level; the others add up.
const LEVELS: [&str; 3] = [
    names::SERIES.name,
    names::SPILL_BYTES.name,
    names::RESIDENT.name,
];

type Told = (
    &'static WellKnown,
    Option<(&'static str, &'static str)>,
    u64,
);

/// What tells of trouble: all of it is zero while all is well.
fn trouble(before: &Reading, now: &Reading) -> Vec<Told> {
    let (then, tally) = (&before.tally, &now.tally);
    let mut told = vec![
        (&names::REQUEUED, None, tally.requeued - then.requeued),
        (
            &names::DEADLINE_SKIPS,
            None,
            tally.deadline_skips - then.deadline_skips,
        ),
        (
            &names::AMBIGUOUS_RETRIES,
            None,
            tally.ambiguous_retries - then.ambiguous_retries,
        ),
        (&names::SPILL_BYTES, None, now.spill_bytes),
        (
            &names::SPILL_FAILURES,
            None,
            now.spill_failures - before.spill_failures,
        ),
        (
            &names::SEGMENTS_DROPPED,
            None,
            now.segments.dropped - before.segments.dropped,
        ),
        (
            &names::SEGMENT_ERRORS,
            None,
            now.segments.errors - before.segments.errors,
        ),
    ];
    let dropped = tally.dropped.by_reason().into_iter();
    for ((reason, count), (_, before)) in dropped.zip(then.dropped.by_reason()) {
        let reason = reason.strip_prefix("dropped_").unwrap_or(reason);
        told.push((&names::DROPPED, Some(("reason", reason)), count - before));
    }
    for (index, class) in Class::ALL.iter().enumerate() {
        let count = tally.put_errors_by_class[index] - then.put_errors_by_class[index];
        let class = Some(("class", class.as_str()));
        told.push((&names::PUT_ERRORS, class, count));
    }
    told
}

/// What tells how life goes on.
fn normal(before: &Reading, now: &Reading) -> [(&'static WellKnown, u64); 6] {
    let (then, tally) = (&before.tally, &now.tally);
    [
        (&names::RECEIVED, tally.recorded - then.recorded),
        (&names::SENT, tally.delivered - then.delivered),
        (
            &names::SEGMENTS_FORWARDED,
            now.segments.forwarded - before.segments.forwarded,
        ),
        (&names::SERIES, now.series),
        (&names::FLUSH_TIME, tally.flush_ms - then.flush_ms),
        (&names::OVERHEAD, tally.overhead_ms - then.overhead_ms),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(data: &[Datum]) -> Vec<String> {
        let text = |datum: &Datum| {
            let more: Vec<_> = datum.series.dimensions[1..]
                .iter()
                .map(|(name, value)| format!(" {name}={value}"))
                .collect();
            format!(
                "{}{} {}",
                datum.series.name,
                more.concat(),
                datum.values[0].0
            )
        };
        data.iter().map(text).collect()
    }

    fn troubled() -> Reading {
        let mut reading = Reading::default();
        reading.tally.put_failed(Class::Throttled);
        reading.tally.put_failed(Class::Throttled);
        reading.tally.dropped.too_old = 7;
        reading.tally.recorded = 100;
        reading
    }

    #[test]
    fn a_healthy_life_costs_nothing() {
        let mut own = Own::new(SelfMetrics::Trouble, "N", "vault", || Some(1));
        let mut reading = Reading::default();
        reading.tally.recorded = 5;
        reading.tally.delivered = 5;
        reading.series = 3;
        assert_eq!(own.data(&reading, 0), []);
    }

    #[test]
    fn trouble_is_told_once_with_its_reason() {
        let mut own = Own::new(SelfMetrics::Trouble, "N", "vault", || None);
        own.exploded(Exploded {
            metric: ("N".into(), "m".into()),
            dimension: "request".into(),
            points: 9,
        });
        let data = own.data(&troubled(), 61_000);
        assert_eq!(
            names(&data),
            [
                "ExtensionPointsDropped reason=too_old 7",
                "ExtensionPutErrors class=throttled 2",
                "ExtensionPointsOverflowed dimension=request 9",
            ]
        );
        assert!(data.iter().all(|datum| {
            datum.points == 0
                && datum.timestamp_ms == 60_000
                && datum.series.check().is_ok()
                && datum.series.dimensions[0] == ("service".into(), "vault".into())
        }));
        assert_eq!(own.data(&troubled(), 61_000), []);
    }

    #[test]
    fn all_of_it_can_be_asked_for_and_none() {
        let mut own = Own::new(SelfMetrics::All, "N", "vault", || Some(4096));
        let told = names(&own.data(&troubled(), 0));
        assert!(told.contains(&"ExtensionPointsReceived 100".to_owned()));
        assert!(told.contains(&"ExtensionResidentBytes 4096".to_owned()));
        let mut own = Own::off();
        assert_eq!(own.data(&troubled(), 0), []);
    }
}
