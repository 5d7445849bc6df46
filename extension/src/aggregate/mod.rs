//! Points put together as CloudWatch stores them: by series and time bucket.
//!
//! A counter becomes its sum, a gauge its least, last and greatest value, a
//! histogram its distinct values with how often each was recorded, so that
//! percentiles and trimmed means come out as if every point had been sent alone.
//! Past a number of distinct values these fold into buckets less than 1 % wide.
//!
//! Memory is bounded twice: by series (further ones fold into `_other`, see
//! [`registry`]) and by bytes ([`Aggregate::is_full`]).

pub mod registry;
pub mod values;

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use cloudvault_obs_core::{
    journal::SeriesId,
    metric::{Resolution, Series},
};

pub use registry::{Exploded, TooMany};
use registry::{Registry, Slot};
use values::Values;

/// What an aggregate may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Series at a time, before further ones fold into `_other`.
    pub series: usize,
    /// Distinct values of one series in one bucket before they fold.
    pub exact: usize,
    /// Bytes of memory, estimated.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            series: 10_000,
            exact: 1_000,
            bytes: 16 << 20,
        }
    }
}

/// The points of many invocations, put together.
#[derive(Debug, Default)]
pub struct Aggregate {
    limits: Limits,
    registry: Registry,
    /// By slot.
    cells: Vec<Cell>,
    /// Slots whose cell holds something: what a flush costs follows from what
    /// was recorded, not from what was ever seen.
    filled: Vec<Slot>,
    /// Where the journal's series stand, by their numbers, which are dense. Valid
    /// until the registry forgets a series.
    of_journal: Vec<Option<Slot>>,
    points: u64,
    bytes: usize,
}

/// The values of one series. Nearly always there is one bucket; `others` holds
/// the rest of a flush that spans a minute, or of timestamps given by hand.
#[derive(Debug, Default)]
struct Cell {
    bucket_ms: i64,
    values: Option<Values>,
    others: BTreeMap<i64, Values>,
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
    /// Points that came in. A counter's are one value by now.
    pub points: u64,
}

/// Start of the bucket that `timestamp_ms` falls in: a minute, or a second for a
/// series of high resolution.
#[must_use]
pub fn bucket_ms(series: &Series, timestamp_ms: i64) -> i64 {
    bucket(series.resolution, timestamp_ms).start
}

fn bucket(resolution: Resolution, timestamp_ms: i64) -> Range<i64> {
    let width = i64::from(resolution.seconds()) * 1000;
    let into = timestamp_ms.rem_euclid(width);
    timestamp_ms.saturating_sub(into)..timestamp_ms.saturating_add(width - into)
}

/// Gives what [`bucket_ms`] does, and remembers the last bucket of each width:
/// points come in the order of time, and the division would be a third of what
/// taking one in costs.
#[derive(Debug, Default)]
pub struct Buckets {
    minute: Range<i64>,
    second: Range<i64>,
}

impl Buckets {
    /// As [`bucket_ms`].
    #[inline]
    pub fn of(&mut self, series: &Series, timestamp_ms: i64) -> i64 {
        let last = match series.resolution {
            Resolution::Standard => &mut self.minute,
            Resolution::High => &mut self.second,
        };
        if !last.contains(&timestamp_ms) {
            *last = bucket(series.resolution, timestamp_ms);
        }
        last.start
    }
}

impl Aggregate {
    /// An empty one.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            registry: Registry::new(limits.series),
            ..Self::default()
        }
    }

    /// Adds one point of the journal's series `id`. `bucket_ms` is what
    /// [`bucket_ms`] gave, and `value` is not NaN.
    ///
    /// # Errors
    ///
    /// When there are so many series that not even `_other` has room.
    #[inline]
    pub fn add(
        &mut self,
        id: SeriesId,
        series: &Arc<Series>,
        bucket_ms: i64,
        value: f64,
    ) -> Result<(), TooMany> {
        let known = self.of_journal.get(id.index()).copied().flatten();
        let slot = match known {
            Some(slot) => slot,
            None => self.place_of_journal(id, series)?,
        };
        self.put(slot, bucket_ms, value, 1);
        Ok(())
    }

    /// Adds a point that was recorded `count` times over.
    ///
    /// # Errors
    ///
    /// As [`Aggregate::add`].
    pub fn add_many(
        &mut self,
        series: &Arc<Series>,
        bucket_ms: i64,
        value: f64,
        count: u64,
    ) -> Result<(), TooMany> {
        let slot = self.registry.place(series)?;
        self.put(slot, bucket_ms, value, count);
        Ok(())
    }

    #[cold]
    fn place_of_journal(&mut self, id: SeriesId, series: &Arc<Series>) -> Result<Slot, TooMany> {
        let slot = self.registry.place(series)?;
        if self.of_journal.len() <= id.index() {
            self.of_journal.resize(id.index() + 1, None);
        }
        self.of_journal[id.index()] = Some(slot);
        Ok(slot)
    }

    #[inline]
    fn put(&mut self, slot: Slot, bucket_ms: i64, value: f64, count: u64) {
        let index = slot.index();
        if self.cells.len() <= index {
            self.cells.resize_with(index + 1, Cell::default);
        }
        let cell = &mut self.cells[index];
        self.points += count;
        if cell.bucket_ms == bucket_ms
            && let Some(values) = &mut cell.values
        {
            self.bytes += values.add(value, count, self.limits.exact);
            return;
        }
        self.bytes += match &mut cell.values {
            Some(_) => {
                let kind = self.registry.series(slot).kind;
                let other = cell.others.entry(bucket_ms);
                let values = other.or_insert_with(|| Values::new(kind));
                BUCKET + values.add(value, count, self.limits.exact)
            }
            None => {
                let mut values = Values::new(self.registry.series(slot).kind);
                let grown = values.add(value, count, self.limits.exact);
                self.filled.push(slot);
                cell.bucket_ms = bucket_ms;
                cell.values = Some(values);
                BUCKET + grown
            }
        };
    }

    /// Whether there is nothing to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.filled.is_empty()
    }

    /// Points that wait.
    #[must_use]
    pub fn points(&self) -> u64 {
        self.points
    }

    /// Whether the bound on memory is reached: send or store what is here before
    /// more is added.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.bytes() >= self.limits.bytes
    }

    /// Bytes of memory, estimated: values and series.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes + self.registry.bytes()
    }

    /// Series that are known.
    #[must_use]
    pub fn series(&self) -> usize {
        self.registry.len()
    }

    /// Points that were folded into `_other` since the last call, by the
    /// dimension that explodes.
    pub fn exploded(&mut self) -> Vec<Exploded> {
        self.registry.exploded()
    }

    /// Hands everything out, ordered by series and time. Series that were not
    /// recorded for an hour before `now_ms` are forgotten.
    pub fn take(&mut self, now_ms: i64) -> Vec<Distribution> {
        let mut filled = std::mem::take(&mut self.filled);
        filled.sort_unstable();
        let mut taken = Vec::with_capacity(filled.len());
        for slot in filled.drain(..) {
            let cell = &mut self.cells[slot.index()];
            let mut buckets = std::mem::take(&mut cell.others);
            if let Some(values) = cell.values.take() {
                buckets.insert(cell.bucket_ms, values);
            }
            let points = buckets.values().map(Values::points).sum();
            let series = self.registry.used(slot, points, now_ms);
            taken.extend(
                buckets
                    .into_iter()
                    .map(|(timestamp_ms, values)| Distribution {
                        series: Arc::clone(&series),
                        timestamp_ms,
                        points: values.points(),
                        values: values.into_pairs(),
                    }),
            );
        }
        // The allocation is used again.
        self.filled = filled;
        self.points = 0;
        self.bytes = 0;
        if self.registry.forget(now_ms) {
            self.of_journal.clear();
        }
        taken
    }
}

/// What a bucket costs before its values do.
const BUCKET: usize = size_of::<Cell>();

#[cfg(test)]
mod tests;
