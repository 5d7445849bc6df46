//! Requests within CloudWatch's limits.
//!
//! PutMetricData takes one namespace, 1,000 data, 150 distinct values a datum
//! and 1 MB a request. The size is that of the body as AWS's client encodes it
//! (rpc-v2-cbor, before compression), counted to the byte.

use std::{collections::VecDeque, sync::Arc};

use cloudvault_obs_core::metric::{Kind, Series};

use crate::aggregate::Distribution;

/// Most data in a request.
pub const MOST_DATA: usize = 1000;
/// Most distinct values in a datum.
pub const MOST_VALUES: usize = 150;
/// Most bytes in a request. CloudWatch says 1 MB; the megabyte is the small one
/// here, and signing and framing stay outside the body.
pub const MOST_BYTES: usize = 1_000_000;

/// One PutMetricData request.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The namespace of all data.
    pub namespace: String,
    /// The data, at least one.
    pub data: Vec<Datum>,
}

/// One datum: at most [`MOST_VALUES`] values of one series at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Datum {
    /// What the values belong to.
    pub series: Arc<Series>,
    /// Start of the bucket, milliseconds since the epoch.
    pub timestamp_ms: i64,
    /// Distinct values and how often each was recorded.
    pub values: Vec<(f64, u64)>,
    /// Points that came in. A counter's are one value by now; the extension's own
    /// metrics count as none.
    pub points: u64,
}

impl Batch {
    /// How many points the request carries.
    #[must_use]
    pub fn points(&self) -> u64 {
        self.data.iter().map(|datum| datum.points).sum()
    }

    /// Two requests with half the data each, or the same one if it has a single
    /// datum: how a refused datum is told from its neighbours.
    ///
    /// # Errors
    ///
    /// The batch itself, when it cannot be halved.
    pub fn halve(mut self) -> Result<(Self, Self), Self> {
        if self.data.len() < 2 {
            return Err(self);
        }
        let data = self.data.split_off(self.data.len() / 2);
        let second = Self {
            namespace: self.namespace.clone(),
            data,
        };
        Ok((self, second))
    }
}

impl Batch {
    /// Two requests with half the values each of the only datum: how one that is
    /// too large by itself gets through.
    ///
    /// # Errors
    ///
    /// The batch itself, when it has other data, or its datum a single value or
    /// one that cannot be taken apart.
    pub fn halve_values(mut self) -> Result<(Self, Self), Self> {
        let [datum] = self.data.as_mut_slice() else {
            return Err(self);
        };
        if datum.values.len() < 2 || datum.series.kind != Kind::Histogram {
            return Err(self);
        }
        let values = datum.values.split_off(datum.values.len() / 2);
        datum.points = counts(&datum.values);
        let second = Self {
            namespace: self.namespace.clone(),
            data: vec![Datum {
                series: Arc::clone(&datum.series),
                timestamp_ms: datum.timestamp_ms,
                points: counts(&values),
                values,
            }],
        };
        Ok((self, second))
    }

    /// Whether `more` fits in as well.
    #[must_use]
    pub fn has_room(&self, more: &[Datum]) -> bool {
        let bytes: usize = more.iter().map(Datum::bytes).sum();
        // The list's head may grow by two bytes.
        self.data.len() + more.len() <= MOST_DATA && self.bytes() + bytes + 2 <= MOST_BYTES
    }

    /// Bytes of the request's body.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let data: usize = self.data.iter().map(Datum::bytes).sum();
        frame(&self.namespace) + head(self.data.len()) + data
    }
}

fn counts(values: &[(f64, u64)]) -> u64 {
    values.iter().map(|(_, count)| count).sum()
}

impl Datum {
    /// Its bytes in the request's body.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let series = &*self.series;
        let pairs: usize = series
            .dimensions
            .iter()
            .map(|(name, value)| MAP + key("Name") + text(name) + key("Value") + text(value))
            .sum();
        let dimensions = match series.dimensions.len() {
            0 => 0,
            count => key("Dimensions") + head(count) + pairs,
        };
        let list = head(self.values.len()) + DOUBLE * self.values.len();
        let resolution = head(usize::from(series.resolution.seconds()));
        MAP + key("MetricName")
            + text(&series.name)
            + dimensions
            + (key("Timestamp") + 1 + DOUBLE)
            + (key("Values") + list)
            + (key("Counts") + list)
            + (key("Unit") + text(series.unit.as_str()))
            + (key("StorageResolution") + resolution)
    }
}

/// A map of unknown length has a byte before it and one behind.
const MAP: usize = 2;
/// A double with its head.
const DOUBLE: usize = 9;

/// Bytes of what tells a length, or a small number.
const fn head(length: usize) -> usize {
    match length {
        0..=23 => 1,
        24..=0xff => 2,
        0x100..=0xffff => 3,
        _ => 5,
    }
}

const fn text(text: &str) -> usize {
    head(text.len()) + text.len()
}

const fn key(name: &str) -> usize {
    text(name)
}

/// The body without its data and the head of their list.
fn frame(namespace: &str) -> usize {
    MAP + key("Namespace") + text(namespace) + key("MetricData")
}

/// Cuts what was put together into requests. Same points, same requests.
#[must_use]
pub fn batches(distributions: Vec<Distribution>) -> VecDeque<Batch> {
    of_data(distributions.into_iter().flat_map(pieces))
}

/// Gathers data into requests, by namespace and in their order.
pub fn of_data(data: impl IntoIterator<Item = Datum>) -> VecDeque<Batch> {
    let mut done = VecDeque::new();
    let mut open: Vec<Open> = Vec::new();
    for datum in data {
        let namespace = &datum.series.namespace;
        let at = match open.iter().position(|o| o.batch.namespace == *namespace) {
            Some(at) => at,
            None => {
                open.push(Open::new(namespace));
                open.len() - 1
            }
        };
        let bytes = datum.bytes();
        let target = &mut open[at];
        if target.batch.data.len() == MOST_DATA || target.bytes + bytes > MOST_BYTES {
            let full = std::mem::replace(target, Open::new(namespace));
            done.push_back(full.batch);
        }
        target.bytes += bytes;
        target.batch.data.push(datum);
    }
    done.extend(open.into_iter().map(|o| o.batch));
    done
}

struct Open {
    batch: Batch,
    bytes: usize,
}

impl Open {
    fn new(namespace: &str) -> Self {
        Self {
            bytes: frame(namespace) + head(MOST_DATA),
            batch: Batch {
                namespace: namespace.to_owned(),
                data: Vec::new(),
            },
        }
    }
}

fn pieces(distribution: Distribution) -> Vec<Datum> {
    let Distribution {
        series,
        timestamp_ms,
        values,
        points,
    } = distribution;
    let distinct = series.kind == Kind::Histogram;
    values
        .chunks(MOST_VALUES)
        .map(|values| Datum {
            series: Arc::clone(&series),
            timestamp_ms,
            values: values.to_vec(),
            // Of a counter or a gauge there is one piece.
            points: if distinct { counts(values) } else { points },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use cloudvault_obs_core::{
        journal::{Draining, Journal, Layout, Reader, Writer},
        metric::{Resolution, Unit},
    };
    use proptest::prelude::*;

    use super::*;
    use crate::aggregate::{Aggregate, Limits, bucket_ms};

    fn series(namespace: u8, name: u16, dimension: usize) -> Series {
        Series {
            namespace: format!("N{namespace}"),
            name: format!("m{name}"),
            dimensions: vec![("service".into(), "x".repeat(dimension + 1))],
            unit: Unit::None,
            resolution: Resolution::Standard,
            kind: Kind::Histogram,
        }
    }

    /// What a journal of these points makes.
    fn made(points: &[(Series, f64, i64)]) -> VecDeque<Batch> {
        let journal = Journal::in_memory(Layout::new(
            points.len() as u32,
            64 * 1024 + 1200 * points.len() as u32,
        ));
        let writer = Writer::attach(&journal);
        for (series, value, time) in points {
            let handle = writer.series(series).unwrap();
            writer.record(handle, *value, *time).unwrap();
        }
        let mut aggregate = Aggregate::new(Limits::default());
        Reader::attach(&journal).drain(Draining::Final, |point| {
            let bucket = bucket_ms(point.series, point.timestamp_ms);
            aggregate
                .add(
                    point.series_id,
                    &Arc::new(point.series.clone()),
                    bucket,
                    point.value,
                )
                .unwrap();
        });
        batches(aggregate.take(0))
    }

    fn within_limits(batch: &Batch) {
        assert!(!batch.data.is_empty() && batch.data.len() <= MOST_DATA);
        assert!(batch.bytes() <= MOST_BYTES, "{}", batch.bytes());
        for datum in &batch.data {
            assert!(!datum.values.is_empty() && datum.values.len() <= MOST_VALUES);
            assert_eq!(datum.series.namespace, batch.namespace);
        }
    }

    #[test]
    fn many_distinct_values_become_several_data_of_one_time() {
        let one = series(0, 0, 0);
        let points: Vec<_> = (0..400)
            .map(|n| (one.clone(), f64::from(n), 60_000))
            .collect();
        let batches = made(&points);
        assert_eq!(batches.len(), 1);
        let sizes: Vec<_> = batches[0].data.iter().map(|d| d.values.len()).collect();
        assert_eq!(sizes, [150, 150, 100]);
        assert_eq!(batches[0].points(), 400);
    }

    #[test]
    fn a_repeated_value_is_counted_once() {
        let one = series(0, 0, 0);
        let points: Vec<_> = (0..400).map(|_| (one.clone(), 1.0, 60_000)).collect();
        assert_eq!(made(&points)[0].data[0].values, [(1.0, 400)]);
    }

    #[test]
    fn large_data_are_cut_by_bytes() {
        let points: Vec<_> = (0..2500)
            .map(|n| (series(0, n, 1000), f64::from(n), 60_000))
            .collect();
        let batches = made(&points);
        assert!(batches.len() > 2);
        batches.iter().for_each(within_limits);
        assert_eq!(batches.iter().map(Batch::points).sum::<u64>(), 2500);
    }

    #[test]
    fn a_datum_that_is_too_large_by_itself_is_halved_down_to_single_values() {
        let one = series(0, 0, 0);
        let points: Vec<_> = (0..5)
            .map(|n| (one.clone(), f64::from(n), 60_000))
            .collect();
        let mut rest = vec![made(&points).remove(0).unwrap()];
        let mut single = Vec::new();
        while let Some(batch) = rest.pop() {
            match batch.halve_values() {
                Ok((first, second)) => rest.extend([first, second]),
                Err(batch) => single.push(batch),
            }
        }
        assert_eq!(single.len(), 5);
        assert!(single.iter().all(|batch| batch.points() == 1));
    }

    proptest! {
        #[test]
        fn points_in_are_points_out_within_the_limits(
            points in prop::collection::vec(
                (0..3u8, 0..5u16, -1e9..1e9f64, 0..200_000i64), 0..600),
        ) {
            let points: Vec<_> =
                points.into_iter().map(|(n, m, v, t)| (series(n, m, 3), v, t)).collect();
            let batches = made(&points);
            batches.iter().for_each(within_limits);
            let count: u64 = batches.iter().map(Batch::points).sum();
            prop_assert_eq!(count, points.len() as u64);
            let sum: f64 = batches.iter().flat_map(|b| &b.data).flat_map(|d| &d.values)
                .map(|(value, count)| value * *count as f64).sum();
            let expect: f64 = points.iter().map(|(_, value, _)| value).sum();
            prop_assert!((sum - expect).abs() <= 1e-3, "{} {}", sum, expect);
        }
    }
}
