//! Points put together as CloudWatch stores them: by series and time bucket,
//! each distinct value with how often it was recorded.
//!
//! Values and counts lose nothing, so percentiles and trimmed means come out as
//! if every point had been sent alone.

use std::{collections::BTreeMap, sync::Arc};

use cloudvault_obs_core::{journal::SeriesId, metric::Series};

/// The points of many invocations, put together.
#[derive(Debug, Default)]
pub struct Aggregate {
    /// Ordered, so that the same points make the same requests.
    buckets: BTreeMap<(SeriesId, i64), Bucket>,
}

#[derive(Debug)]
struct Bucket {
    series: Arc<Series>,
    /// Sortable bits of the value to its count.
    values: BTreeMap<u64, u64>,
}

/// All values of one series in one bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution {
    /// What the values belong to.
    pub series: Arc<Series>,
    /// Start of the bucket, milliseconds since the epoch.
    pub timestamp_ms: i64,
    /// Distinct values, ascending, and how often each was recorded.
    pub values: Vec<(f64, u64)>,
}

/// Start of the bucket that `timestamp_ms` falls in: a minute, or a second for a
/// series of high resolution.
#[must_use]
pub fn bucket_ms(series: &Series, timestamp_ms: i64) -> i64 {
    let width = i64::from(series.resolution.seconds()) * 1000;
    timestamp_ms.saturating_sub(timestamp_ms.rem_euclid(width))
}

impl Aggregate {
    /// Adds one point. `bucket_ms` is what [`bucket_ms`] gave, and `value` is
    /// not NaN.
    pub fn add(&mut self, id: SeriesId, series: &Arc<Series>, bucket_ms: i64, value: f64) {
        let bucket = self
            .buckets
            .entry((id, bucket_ms))
            .or_insert_with(|| Bucket {
                series: Arc::clone(series),
                values: BTreeMap::new(),
            });
        *bucket.values.entry(sortable(value)).or_default() += 1;
    }

    /// Whether there is nothing to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// Hands everything out, ordered by series and time.
    pub fn into_distributions(self) -> impl Iterator<Item = Distribution> {
        self.buckets
            .into_iter()
            .map(|((_, timestamp_ms), bucket)| Distribution {
                series: bucket.series,
                timestamp_ms,
                values: bucket
                    .values
                    .into_iter()
                    .map(|(bits, count)| (unsortable(bits), count))
                    .collect(),
            })
    }
}

const SIGN: u64 = 1 << 63;

/// Bits that order like the values do. The two zeros are one value.
fn sortable(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

fn unsortable(bits: u64) -> f64 {
    f64::from_bits(if bits & SIGN == 0 {
        !bits
    } else {
        bits & !SIGN
    })
}

#[cfg(test)]
mod tests {
    use cloudvault_obs_core::metric::{Kind, Resolution, Unit};
    use proptest::prelude::*;

    use super::*;

    fn series(resolution: Resolution) -> Series {
        Series {
            namespace: "N".into(),
            name: "m".into(),
            dimensions: Vec::new(),
            unit: Unit::None,
            resolution,
            kind: Kind::Histogram,
        }
    }

    #[test]
    fn buckets_are_a_minute_or_a_second() {
        let check = |resolution, ms, expect| assert_eq!(bucket_ms(&series(resolution), ms), expect);
        check(Resolution::Standard, 1_795_405_294_505, 1_795_405_260_000);
        check(Resolution::High, 1_795_405_294_505, 1_795_405_294_000);
        check(Resolution::High, -1, -1000);
        check(Resolution::Standard, i64::MIN, i64::MIN);
    }

    proptest! {
        #[test]
        fn values_keep_their_order_and_their_bits(a in -1e300..1e300f64, b in -1e300..1e300f64) {
            prop_assert_eq!(a < b, sortable(a) < sortable(b));
            prop_assert_eq!(unsortable(sortable(a)), a);
        }
    }

    #[test]
    fn the_two_zeros_are_one_value() {
        assert_eq!(sortable(-0.0), sortable(0.0));
    }
}
