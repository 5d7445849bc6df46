//! The values of one series in one bucket, by the series' kind.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use cloudvault_obs_core::metric::{Kind, value_is_valid};

/// Values put together.
#[derive(Debug, Clone)]
pub(super) enum Values {
    /// A counter: increments add up.
    Sum { total: f64, points: u64 },
    /// A gauge: the last value stands, and the extremes between two flushes are
    /// not forgotten.
    Level {
        least: f64,
        last: f64,
        greatest: f64,
        points: u64,
    },
    /// A histogram: every value counts.
    Distinct { values: Distinct, points: u64 },
}

/// Distinct values and their counts.
#[derive(Debug, Clone)]
pub(super) enum Distinct {
    /// Looked through one by one => Exact.
    Few(Vec<(u64, u64)>),
    /// Sortable bits to count => Folded.
    Exact(HashMap<u64, u64, Mixed>),
    /// The upper bits of the sortable bits, to count and sum of what fell there.
    Folded(HashMap<u64, (u64, f64), Mixed>),
}

/// More than so many values are looked up and no longer looked through.
const FEW: usize = 16;
/// Bits of the mantissa below a bucket's width: 7 are left, so a bucket is 1/128
/// of its power of two wide, and two values in one differ by less than 0.8 %.
const FOLD: u32 = 52 - 7;
/// What one more distinct value costs in a hash table that is half full.
const ENTRY: usize = 36;

impl Values {
    pub(super) fn new(kind: Kind) -> Self {
        match kind {
            Kind::Counter => Self::Sum {
                total: 0.0,
                points: 0,
            },
            Kind::Gauge => Self::Level {
                least: f64::INFINITY,
                last: 0.0,
                greatest: f64::NEG_INFINITY,
                points: 0,
            },
            Kind::Histogram => Self::Distinct {
                values: Distinct::Few(Vec::new()),
                points: 0,
            },
        }
    }

    /// Adds `count` points of `value`; gives the bytes by which memory grew.
    #[inline]
    pub(super) fn add(&mut self, value: f64, count: u64, exact: usize) -> usize {
        match self {
            Self::Sum { total, points } => {
                *total += value * count as f64;
                *points += count;
                0
            }
            Self::Level {
                least,
                last,
                greatest,
                points,
            } => {
                *least = least.min(value);
                *last = value;
                *greatest = greatest.max(value);
                *points += count;
                0
            }
            Self::Distinct { values, points } => {
                *points += count;
                values.add(value, count, exact)
            }
        }
    }

    /// Points that came in.
    pub(super) fn points(&self) -> u64 {
        match self {
            Self::Sum { points, .. }
            | Self::Level { points, .. }
            | Self::Distinct { points, .. } => *points,
        }
    }

    /// Values, ascending, and how often each counts.
    pub(super) fn into_pairs(self) -> Vec<(f64, u64)> {
        match self {
            Self::Sum { total, points } => {
                if value_is_valid(total) {
                    return vec![(total, 1)];
                }
                // Each increment is valid, so their mean is, and it adds up.
                vec![(mean(total, points), points)]
            }
            Self::Level {
                least,
                last,
                greatest,
                ..
            } => {
                let mut values = vec![(least, 1), (last, 1), (greatest, 1)];
                values.dedup_by_key(|(value, _)| sortable(*value));
                values
            }
            Self::Distinct { values, .. } => values.into_pairs(),
        }
    }
}

fn mean(sum: f64, count: u64) -> f64 {
    sum / count as f64
}

impl Distinct {
    fn add(&mut self, value: f64, count: u64, exact: usize) -> usize {
        let bits = sortable(value);
        match self {
            Self::Few(values) => {
                if let Some((_, times)) = values.iter_mut().find(|(other, _)| *other == bits) {
                    *times += count;
                    return 0;
                }
                if values.len() < FEW.min(exact) {
                    values.push((bits, count));
                    return size_of::<(u64, u64)>();
                }
                *self = Self::Exact(values.drain(..).collect());
                self.add(value, count, exact) + FEW * ENTRY
            }
            Self::Exact(values) => {
                if let Some(times) = values.get_mut(&bits) {
                    *times += count;
                    return 0;
                }
                if values.len() < exact {
                    values.insert(bits, count);
                    return ENTRY;
                }
                let mut folded = HashMap::default();
                for (&bits, &count) in &*values {
                    fold(&mut folded, unsortable(bits), count);
                }
                *self = Self::Folded(folded);
                self.add(value, count, exact)
            }
            Self::Folded(values) => {
                let before = values.len();
                fold(values, value, count);
                (values.len() - before) * ENTRY
            }
        }
    }

    fn into_pairs(self) -> Vec<(f64, u64)> {
        let mut pairs: Vec<(f64, u64)> = match self {
            Self::Few(values) => values.into_iter().map(exact_pair).collect(),
            Self::Exact(values) => values.into_iter().map(exact_pair).collect(),
            // The mean of a bucket lies in it and keeps the sum.
            Self::Folded(values) => values
                .into_values()
                .map(|(count, sum)| (mean(sum, count), count))
                .collect(),
        };
        pairs.sort_unstable_by_key(|(value, _)| sortable(*value));
        pairs
    }
}

fn exact_pair((bits, count): (u64, u64)) -> (f64, u64) {
    (unsortable(bits), count)
}

fn fold(values: &mut HashMap<u64, (u64, f64), Mixed>, value: f64, count: u64) {
    let (times, sum) = values.entry(sortable(value) >> FOLD).or_default();
    *times += count;
    *sum += value * count as f64;
}

const SIGN: u64 = 1 << 63;

/// Bits that order like the values do. The two zeros are one value.
pub(super) fn sortable(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

pub(super) fn unsortable(bits: u64) -> f64 {
    f64::from_bits(if bits & SIGN == 0 {
        !bits
    } else {
        bits & !SIGN
    })
}

/// One multiplication instead of SipHash: the keys are a function's own numbers,
/// nobody's attack.
pub(super) type Mixed = BuildHasherDefault<Mix>;

/// See [`Mixed`].
#[derive(Debug, Clone, Default)]
pub(super) struct Mix(u64);

impl Hasher for Mix {
    fn write_u64(&mut self, key: u64) {
        // Round numbers differ in the upper bits of the product only.
        let mixed = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(self.0 ^ u64::from(byte));
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
