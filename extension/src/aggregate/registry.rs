//! The series that are known, bounded in number.
//!
//! A dimension that takes a new value at every request makes a new series each
//! time, and CloudWatch bills each as a metric. Past the limit a further series
//! folds: the dimension with the most values (the one that explodes) gets the
//! value `_other`, as the library's own guard writes it. If that is new too and
//! room is short, every dimension does.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use cloudvault_obs_core::metric::Series;

/// The value of a dimension that was folded.
pub const OTHER: &str = "_other";
/// A series that was not recorded for so long makes room: CloudWatch bills by
/// the hour.
const IDLE_MS: i64 = 60 * 60 * 1000;
/// Looking for idle series costs a walk over all.
const LOOK_MS: i64 = 60 * 1000;
/// Series that did not explode are folded with every dimension: told so.
const ALL: &str = "all";

/// A series' place, until [`Registry::forget`] gives it to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot(u32);

impl Slot {
    #[inline]
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// There is no room for the series, folded or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany;

/// Points that were folded because a dimension explodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exploded {
    /// Namespace and name of the metric.
    pub metric: (String, String),
    /// The dimension whose value is now `_other`; `all` if all are.
    pub dimension: String,
    /// Points folded.
    pub points: u64,
}

#[derive(Debug, Default)]
pub(super) struct Registry {
    limit: usize,
    by_series: HashMap<Arc<Series>, Slot>,
    entries: Vec<Entry>,
    free: Vec<Slot>,
    bytes: usize,
    looked_ms: i64,
    /// By namespace and name: the dimension that explodes, once it is known.
    exploding: HashMap<(String, String), String>,
    exploded: BTreeMap<((String, String), String), u64>,
}

#[derive(Debug)]
struct Entry {
    /// None while the place is free.
    series: Option<Arc<Series>>,
    used_ms: i64,
    /// The dimension that was folded, if this is an `_other`.
    folded: Option<String>,
}

impl Registry {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    pub(super) fn series(&self, slot: Slot) -> &Series {
        let series = self.entries[slot.index()].series.as_ref();
        series.expect("a current slot holds a series")
    }

    pub(super) fn len(&self) -> usize {
        self.by_series.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The series' place, or that of the `_other` it folds into.
    pub(super) fn place(&mut self, series: &Arc<Series>) -> Result<Slot, TooMany> {
        if let Some(slot) = self.find(series) {
            return Ok(slot);
        }
        if self.len() < self.limit {
            return Ok(self.insert(Arc::clone(series), None));
        }
        // A tenth more for what explodes by one dimension, another for the rest.
        let dimension = self.explodes(series);
        let folded = fold(series, |name| name == dimension);
        self.place_folded(folded, &dimension, self.limit + self.limit / 10 + 8)
            .or_else(|_| {
                let folded = fold(series, |_| true);
                self.place_folded(folded, ALL, self.limit + self.limit / 5 + 16)
            })
    }

    fn place_folded(&mut self, folded: Series, what: &str, limit: usize) -> Result<Slot, TooMany> {
        if let Some(slot) = self.find(&folded) {
            return Ok(slot);
        }
        if self.len() >= limit {
            return Err(TooMany);
        }
        Ok(self.insert(Arc::new(folded), Some(what.to_owned())))
    }

    fn find(&self, series: &Series) -> Option<Slot> {
        self.by_series.get(series).copied()
    }

    fn insert(&mut self, series: Arc<Series>, folded: Option<String>) -> Slot {
        self.bytes += weight(&series);
        let slot = self.free.pop().unwrap_or_else(|| {
            self.entries.push(Entry {
                series: None,
                used_ms: i64::MAX,
                folded: None,
            });
            let number = u32::try_from(self.entries.len() - 1);
            Slot(number.expect("series are bounded far below 2^32"))
        });
        let entry = &mut self.entries[slot.index()];
        entry.series = Some(Arc::clone(&series));
        // Not idle before its first points have left.
        entry.used_ms = i64::MAX;
        entry.folded = folded;
        self.by_series.insert(series, slot);
        slot
    }

    /// Notes that `points` of a series leave, and gives the series.
    pub(super) fn used(&mut self, slot: Slot, points: u64, now_ms: i64) -> Arc<Series> {
        let entry = &mut self.entries[slot.index()];
        entry.used_ms = now_ms;
        let series = entry
            .series
            .as_ref()
            .expect("what holds values has a series");
        if let Some(dimension) = &entry.folded {
            let metric = (series.namespace.clone(), series.name.clone());
            *self
                .exploded
                .entry((metric, dimension.clone()))
                .or_default() += points;
        }
        Arc::clone(series)
    }

    pub(super) fn exploded(&mut self) -> Vec<Exploded> {
        std::mem::take(&mut self.exploded)
            .into_iter()
            .map(|((metric, dimension), points)| Exploded {
                metric,
                dimension,
                points,
            })
            .collect()
    }

    /// Forgets series that were idle for an hour, and says whether there were any:
    /// their places may be given to others. Call it only when no values wait.
    pub(super) fn forget(&mut self, now_ms: i64) -> bool {
        if now_ms.saturating_sub(self.looked_ms).saturating_abs() < LOOK_MS {
            return false;
        }
        self.looked_ms = now_ms;
        let before = self.free.len();
        for (number, entry) in (0..).zip(&mut self.entries) {
            // A clock that stepped back makes a series look younger, never older.
            let idle = entry.used_ms != i64::MAX && now_ms.saturating_sub(entry.used_ms) > IDLE_MS;
            if !idle {
                continue;
            }
            let Some(series) = entry.series.take() else {
                continue;
            };
            self.by_series.remove(&series);
            self.bytes = self.bytes.saturating_sub(weight(&series));
            self.exploding.clear();
            self.free.push(Slot(number));
        }
        self.free.len() > before
    }

    /// The dimension of the metric with the most distinct values.
    fn explodes(&mut self, series: &Series) -> String {
        let metric = (series.namespace.clone(), series.name.clone());
        if let Some(dimension) = self.exploding.get(&metric) {
            return dimension.clone();
        }
        let mut values: BTreeMap<&str, HashSet<&str>> = BTreeMap::new();
        let known = self.by_series.keys().map(|known| &**known);
        let of_metric =
            |known: &&Series| known.name == series.name && known.namespace == series.namespace;
        for (name, value) in known
            .filter(of_metric)
            .chain([series])
            .flat_map(|series| &series.dimensions)
        {
            values.entry(name).or_default().insert(value);
        }
        let most = values.iter().max_by_key(|(_, values)| values.len());
        let dimension = most.map_or(ALL, |(name, _)| name).to_owned();
        self.exploding.insert(metric, dimension.clone());
        dimension
    }
}

fn fold(series: &Series, which: impl Fn(&str) -> bool) -> Series {
    let mut series = series.clone();
    for (name, value) in &mut series.dimensions {
        if which(name) {
            OTHER.clone_into(value);
        }
    }
    series
}

/// Bytes that a series holds, with its places in the tables.
fn weight(series: &Series) -> usize {
    let dimensions: usize = series
        .dimensions
        .iter()
        .map(|(name, value)| name.len() + value.len() + 2 * size_of::<String>())
        .sum();
    size_of::<Series>() + 64 + series.namespace.len() + series.name.len() + dimensions
}
