//! Requests within CloudWatch's limits.
//!
//! PutMetricData takes one namespace, 1,000 data, 150 distinct values a datum
//! and 1 MB a request. The size is judged by the shape of the body on the wire
//! (rpc-v2-cbor, before compression), rounded up.

use std::{collections::VecDeque, sync::Arc};

use cloudvault_obs_core::metric::Series;

use crate::aggregate::{Aggregate, Distribution};

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
}

impl Batch {
    /// How many points the request carries: the sum of all counts.
    #[must_use]
    pub fn points(&self) -> u64 {
        self.data.iter().map(Datum::points).sum()
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

impl Datum {
    /// How many points it carries.
    #[must_use]
    pub fn points(&self) -> u64 {
        self.values.iter().map(|(_, count)| count).sum()
    }

    /// A bound on its bytes in the request's body.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let Series {
            name, dimensions, ..
        } = &*self.series;
        // A name or a text costs at most 5 bytes of head, a double 9. Keys:
        // MetricName, Dimensions, Timestamp, Unit, StorageResolution, Values,
        // Counts with heads come to less than 128, a dimension's Name and Value
        // with heads to 24.
        let dimensions: usize = dimensions.iter().map(|(n, v)| n.len() + v.len() + 24).sum();
        160 + name.len() + dimensions + 18 * self.values.len()
    }
}

/// Cuts an aggregate into requests. Same points, same requests.
#[must_use]
pub fn batches(aggregate: Aggregate) -> VecDeque<Batch> {
    let mut done = VecDeque::new();
    let mut open: Vec<Open> = Vec::new();
    for datum in aggregate.into_distributions().flat_map(pieces) {
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
        // The frame: two keys and their heads.
        let bytes = 64 + namespace.len();
        Self {
            batch: Batch {
                namespace: namespace.to_owned(),
                data: Vec::new(),
            },
            bytes,
        }
    }
}

fn pieces(distribution: Distribution) -> Vec<Datum> {
    let Distribution {
        series,
        timestamp_ms,
        values,
    } = distribution;
    values
        .chunks(MOST_VALUES)
        .map(|values| Datum {
            series: Arc::clone(&series),
            timestamp_ms,
            values: values.to_vec(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use cloudvault_obs_core::{
        journal::{Draining, Journal, Layout, Reader, Writer},
        metric::{Kind, Resolution, Unit},
    };
    use proptest::prelude::*;

    use super::*;
    use crate::aggregate::bucket_ms;

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
        let mut aggregate = Aggregate::default();
        Reader::attach(&journal).drain(Draining::Final, |point| {
            let bucket = bucket_ms(point.series, point.timestamp_ms);
            aggregate.add(
                point.series_id,
                &Arc::new(point.series.clone()),
                bucket,
                point.value,
            );
        });
        batches(aggregate)
    }

    fn within_limits(batch: &Batch) {
        assert!(!batch.data.is_empty() && batch.data.len() <= MOST_DATA);
        let bytes: usize = batch.data.iter().map(Datum::bytes).sum();
        assert!(bytes <= MOST_BYTES, "{bytes}");
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
