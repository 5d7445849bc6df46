//! Histograms, explicit and exponential, as values and counts.
//!
//! What is in a bucket is not known but for its edges. The values sent stand at
//! the same place within every bucket, chosen so that their sum is the one that
//! was measured: averages come out exact, percentiles within a bucket's width.

use std::collections::BTreeMap;

/// Buckets of one point that hold anything. CloudWatch takes 150 values a datum.
const MOST_BUCKETS: usize = 2_000;
/// Scales that the specification's SDKs use are within this.
const SCALES: std::ops::RangeInclusive<i32> = -20..=20;

/// How often something was measured, by bucket.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Counts {
    /// Where the buckets stand.
    pub grid: Grid,
    /// Buckets that hold something.
    pub counts: BTreeMap<Where, u64>,
    /// Sum of all that was measured.
    pub sum: Option<f64>,
    /// The least.
    pub min: Option<f64>,
    /// The greatest.
    pub max: Option<f64>,
}

/// Where buckets stand.
#[derive(Debug, Clone, PartialEq)]
pub enum Grid {
    /// Between these bounds, which ascend.
    Explicit(Vec<f64>),
    /// Between powers of 2^(2^-scale).
    Exponential {
        /// The scale.
        scale: i32,
    },
}

impl Default for Grid {
    fn default() -> Self {
        Self::Explicit(Vec::new())
    }
}

/// One bucket: its side of zero (-1, 0, 1), and its index away from there.
pub type Where = (i8, i32);

impl Counts {
    /// Of `explicit_bounds` and `bucket_counts`. None when these do not go
    /// together.
    #[must_use]
    pub fn explicit(bounds: Vec<f64>, counts: &[u64]) -> Option<Self> {
        let ascending = bounds.is_sorted_by(|a, b| a < b) && bounds.iter().all(|b| b.is_finite());
        let fits = counts.is_empty() || counts.len() == bounds.len().checked_add(1)?;
        if !ascending || !fits || bounds.len() > MOST_BUCKETS {
            return None;
        }
        let filled = (0..).zip(counts).filter(|(_, count)| **count > 0);
        Some(Self {
            counts: filled.map(|(at, count)| ((1, at), *count)).collect(),
            grid: Grid::Explicit(bounds),
            ..Self::default()
        })
    }

    /// Without a bucket. None for a scale that cannot be.
    #[must_use]
    pub fn exponential(scale: i32, zero: u64) -> Option<Self> {
        SCALES.contains(&scale).then(|| Self {
            grid: Grid::Exponential { scale },
            counts: (zero > 0).then_some(((0, 0), zero)).into_iter().collect(),
            ..Self::default()
        })
    }

    /// Adds the buckets of one side, `side` 1 or -1. None when there are too many.
    pub fn with_side(mut self, side: i8, offset: i32, counts: &[u64]) -> Option<Self> {
        for (index, &count) in (0_i32..).zip(counts) {
            if count == 0 {
                continue;
            }
            self.counts
                .insert((side, offset.checked_add(index)?), count);
            if self.counts.len() > MOST_BUCKETS {
                return None;
            }
        }
        Some(self)
    }

    /// What came since `before`. None when something is less than it was, or the
    /// buckets are others: then it has begun anew.
    #[must_use]
    pub fn since(&self, before: &Self) -> Option<Self> {
        let mut counts = self.counts.clone();
        for (at, &count) in &before.on(&self.grid)? {
            let now = counts.get_mut(at)?;
            *now = now.checked_sub(count)?;
        }
        counts.retain(|_, count| *count > 0);
        let sum = self.sum.zip(before.sum).map(|(now, then)| now - then);
        Some(Self {
            grid: self.grid.clone(),
            counts,
            sum,
            // Of all time, and so of what came since.
            min: self.min,
            max: self.max,
        })
    }

    /// The counts on another grid: a scale that fell merges neighbours.
    fn on(&self, grid: &Grid) -> Option<BTreeMap<Where, u64>> {
        if self.grid == *grid {
            return Some(self.counts.clone());
        }
        let (Grid::Exponential { scale: from }, Grid::Exponential { scale: to }) =
            (&self.grid, grid)
        else {
            return None;
        };
        let down = u32::try_from(from.checked_sub(*to)?)
            .ok()
            .filter(|down| *down < 32)?;
        let mut merged: BTreeMap<Where, u64> = BTreeMap::new();
        for (&(side, at), &count) in &self.counts {
            let all = merged.entry((side, at >> down)).or_default();
            *all = all.saturating_add(count);
        }
        Some(merged)
    }

    /// Values and counts, bucket by bucket.
    #[must_use]
    pub fn values(&self) -> Vec<(f64, u64)> {
        let (least, greatest) = (
            self.min.unwrap_or(f64::NEG_INFINITY),
            self.max.unwrap_or(f64::INFINITY),
        );
        let edges = |(at, count): (&Where, &u64)| {
            let (low, high) = self.grid.edges(*at);
            let (low, high) = (low.max(least).min(high), high.min(greatest).max(low));
            // A bucket without an end stands at the end that it has.
            let low = if low.is_finite() { low } else { high };
            let high = if high.is_finite() { high } else { low };
            ((low + high) / 2.0, (high - low) / 2.0, *count)
        };
        let buckets: Vec<_> = self.counts.iter().map(edges).collect();
        let (middle, reach) = buckets.iter().fold((0.0, 0.0), |(middle, reach), bucket| {
            let count = bucket.2 as f64;
            (middle + bucket.0 * count, reach + bucket.1 * count)
        });
        let shift = self.sum.map_or(0.0, |sum| (sum - middle) / reach);
        let shift = if shift.is_finite() {
            shift.clamp(-1.0, 1.0)
        } else {
            0.0
        };
        let place = |(middle, half, count)| (middle + shift * half, count);
        buckets.into_iter().map(place).collect()
    }
}

impl Grid {
    /// The edges of a bucket, ascending; the outer ones may be infinite.
    fn edges(&self, (side, at): Where) -> (f64, f64) {
        match self {
            Self::Explicit(bounds) => {
                let bound = |at: Option<usize>| at.and_then(|at| bounds.get(at)).copied();
                let at = usize::try_from(at).ok();
                (
                    bound(at.and_then(|at| at.checked_sub(1))).unwrap_or(f64::NEG_INFINITY),
                    bound(at).unwrap_or(f64::INFINITY),
                )
            }
            Self::Exponential { scale } => {
                let edge = |at: f64| (at * (-f64::from(*scale)).exp2()).exp2();
                let at = f64::from(at);
                let (near, far) = (edge(at), edge(at + 1.0));
                match side {
                    0 => (0.0, 0.0),
                    1.. => (near, far),
                    _ => (-far, -near),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn explicit(bounds: &[f64], counts: &[u64], sum: f64) -> Counts {
        Counts {
            sum: Some(sum),
            ..Counts::explicit(bounds.to_vec(), counts).unwrap()
        }
    }

    #[test]
    fn values_add_up_to_the_sum_that_was_measured() {
        let counts = explicit(&[0.0, 10.0, 20.0], &[0, 2, 2, 0], 48.0);
        assert_eq!(counts.values(), [(7.0, 2), (17.0, 2)]);
    }

    #[test]
    fn a_bucket_without_an_end_stands_at_what_is_known() {
        let mut counts = explicit(&[10.0], &[1, 1], 0.0);
        counts.sum = None;
        assert_eq!(counts.values(), [(10.0, 1), (10.0, 1)]);
        (counts.min, counts.max) = (Some(4.0), Some(30.0));
        assert_eq!(counts.values(), [(7.0, 1), (20.0, 1)]);
    }

    #[test]
    fn buckets_that_do_not_go_together_are_none() {
        assert_eq!(Counts::explicit(vec![1.0, 1.0], &[1, 1, 1]), None);
        assert_eq!(Counts::explicit(vec![1.0], &[1]), None);
        assert_eq!(Counts::explicit(vec![f64::NAN], &[1, 1]), None);
        assert_eq!(Counts::exponential(21, 0), None);
        assert_eq!(
            Counts::exponential(0, 1)
                .unwrap()
                .with_side(1, i32::MAX, &[1, 1]),
            None
        );
    }

    #[test]
    fn a_scale_that_falls_merges_what_was_before() {
        let before = Counts::exponential(1, 1)
            .unwrap()
            .with_side(1, 0, &[1, 2, 3])
            .unwrap();
        let now = Counts::exponential(0, 4)
            .unwrap()
            .with_side(1, 0, &[5, 5])
            .unwrap();
        let since = now.since(&before).unwrap();
        assert_eq!(
            since.counts,
            BTreeMap::from([((0, 0), 3), ((1, 0), 2), ((1, 1), 2)])
        );
        assert_eq!(before.since(&now), None);
    }

    proptest! {
        #[test]
        fn sums_are_kept_where_the_buckets_allow(values in prop::collection::vec(0.1..99.9f64, 1..60)) {
            let bounds: Vec<f64> = (0..=10).map(|n| f64::from(n) * 10.0).collect();
            let mut counts = vec![0; 12];
            for value in &values {
                counts[(*value / 10.0).ceil() as usize] += 1;
            }
            let sum: f64 = values.iter().sum();
            let placed = explicit(&bounds, &counts, sum).values();
            let again: f64 = placed.iter().map(|(value, count)| value * *count as f64).sum();
            prop_assert!((again - sum).abs() < 1e-6, "{} {}", again, sum);
            prop_assert_eq!(placed.iter().map(|(_, count)| count).sum::<u64>(), values.len() as u64);
        }

        #[test]
        fn exponential_buckets_hold_their_values(value in 1e-6..1e9f64, scale in -4..=8i32) {
            let at = (value.log2() * f64::from(scale).exp2()).ceil() as i32 - 1;
            let counts = Counts::exponential(scale, 0).unwrap().with_side(1, at, &[1]).unwrap();
            let (low, high) = counts.grid.edges((1, at));
            prop_assert!(low <= value * (1.0 + 1e-9) && value <= high * (1.0 + 1e-9), "{} {} {}", low, value, high);
        }
    }
}
