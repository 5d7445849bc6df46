//! Points that leave as lines, kept until the end of their invocation.
//!
//! Each invocation has a [`Kept`] of its own, so that its lines hold its points
//! and its ids and no others', however many run in the process at once. What is
//! recorded outside any invocation waits in the recorder's own.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use cloudvault_obs_core::{
    emf::{Frame, Prepared, Sample, Written, write_samples},
    metric::Resolution,
};

/// Members that stand on an invocation's lines beside its metrics.
pub(super) type Properties = Vec<(Cow<'static, str>, Vec<u8>)>;

/// Values that are kept before they leave early: memory stays bounded.
const MAX_VALUES: usize = 10_000;
/// Bytes of metadata that an invocation's lines carry.
const MAX_METADATA: usize = 32 * 1024;
/// Series that most invocations stay below.
const USUAL: usize = 32;
/// A value is looked for among so many before it is kept anew.
const LOOK_BACK: usize = 16;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    entries: Vec<Entry>,
    /// By a series' number: one more than the place of its latest entry.
    places: Vec<u32>,
    values: usize,
    metadata: Properties,
    ended: bool,
}

#[derive(Debug)]
struct Entry {
    line: Line,
    timestamp_ms: i64,
    exact: bool,
    values: Values,
}

/// What a point's line has to know of its series.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) prepared: Arc<Prepared>,
    /// The recorder's number for the series; none for one with a timestamp of
    /// its own.
    pub(super) number: Option<u32>,
    pub(super) resolution: Resolution,
}

/// Most series have one value in an invocation: it needs no allocation.
#[derive(Debug)]
enum Values {
    One((f64, u64)),
    Many(Vec<(f64, u64)>),
}

impl Values {
    fn as_slice(&self) -> &[(f64, u64)] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }

    /// Adds a value; false when it was there already and is only counted.
    fn add(&mut self, value: f64, count: u64) -> bool {
        let known = match self {
            Self::One(one) => std::slice::from_mut(one),
            Self::Many(values) => values.as_mut_slice(),
        };
        let mut latest = known.iter_mut().rev().take(LOOK_BACK);
        if let Some((_, times)) = latest.find(|(other, _)| other.to_bits() == value.to_bits()) {
            *times += count;
            return false;
        }
        match self {
            Self::One(one) => *self = Self::Many(vec![*one, (value, count)]),
            Self::Many(values) => values.push((value, count)),
        }
        true
    }
}

/// What became of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeping {
    /// It waits.
    Waits,
    /// It waits, and so much does that lines should leave now.
    Enough,
    /// The invocation has ended: nobody would send it.
    Ended,
}

impl Kept {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps `count` points of `value`.
    pub(super) fn add(&self, line: &Line, timestamp_ms: i64, point: (f64, u64)) -> Keeping {
        let (value, count) = point;
        let mut inner = self.inner();
        if inner.ended {
            return Keeping::Ended;
        }
        let place = line.number.map(|number| number as usize);
        let latest = place
            .and_then(|place| inner.places.get(place).copied())
            .and_then(|place| (place as usize).checked_sub(1));
        let added = match latest.and_then(|index| inner.entries.get_mut(index)) {
            Some(entry) if entry.takes(timestamp_ms) => entry.values.add(value, count),
            _ => {
                if inner.entries.is_empty() {
                    inner.entries.reserve(USUAL);
                }
                inner.entries.push(Entry {
                    line: line.clone(),
                    timestamp_ms,
                    exact: line.number.is_none(),
                    values: Values::One((value, count)),
                });
                if let Some(place) = place {
                    let entries = inner.entries.len();
                    if inner.places.len() <= place {
                        inner.places.resize((place + 1).next_multiple_of(USUAL), 0);
                    }
                    // Entries are bounded far below 32 bits.
                    inner.places[place] = u32::try_from(entries).unwrap_or(0);
                }
                true
            }
        };
        inner.values += usize::from(added);
        if inner.values >= MAX_VALUES {
            Keeping::Enough
        } else {
            Keeping::Waits
        }
    }

    /// Adds a member to the lines; false when there is no more room for it.
    pub(super) fn note(&self, key: Cow<'static, str>, value: Vec<u8>) -> bool {
        let mut inner = self.inner();
        let others = inner.metadata.iter().filter(|(other, _)| *other != key);
        let bytes: usize = others.map(|(key, value)| key.len() + value.len()).sum();
        if bytes + key.len() + value.len() > MAX_METADATA {
            return false;
        }
        inner.metadata.retain(|(other, _)| *other != key);
        inner.metadata.push((key, value));
        true
    }

    /// Takes what waits; with [`Ending::Last`] nothing more is kept.
    pub(super) fn take(&self, ending: Ending) -> Taken {
        let mut inner = self.inner();
        inner.ended |= ending == Ending::Last;
        inner.places.clear();
        inner.values = 0;
        Taken {
            entries: std::mem::take(&mut inner.entries),
            metadata: inner.metadata.clone(),
        }
    }
}

/// Whether an invocation goes on after its points were taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    GoesOn,
    Last,
}

impl Entry {
    /// Whether CloudWatch would put a point of `timestamp_ms` into the same
    /// datapoint as this entry's.
    fn takes(&self, timestamp_ms: i64) -> bool {
        let width = i64::from(self.line.resolution.seconds()) * 1000;
        self.timestamp_ms.div_euclid(width) == timestamp_ms.div_euclid(width)
    }
}

/// Points on their way out.
#[derive(Debug)]
pub(super) struct Taken {
    entries: Vec<Entry>,
    metadata: Properties,
}

impl Taken {
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// About how long the lines will be.
    pub(super) fn bytes(&self) -> usize {
        512 + self.entries.len() * 128
    }

    /// Appends lines with `ids` and the metadata on each.
    pub(super) fn write(mut self, out: &mut Vec<u8>, level: &str, ids: Properties) -> Written {
        self.align();
        let mut properties = ids;
        properties.extend(self.metadata);
        let mut written = Written::default();
        for entries in self
            .entries
            .chunk_by(|a, b| a.timestamp_ms == b.timestamp_ms)
        {
            let samples: Vec<_> = entries
                .iter()
                .map(|entry| Sample {
                    series: &entry.line.prepared,
                    values: entry.values.as_slice(),
                })
                .collect();
            let frame = Frame {
                timestamp_ms: entries[0].timestamp_ms,
                level,
                properties: &properties,
            };
            let part = write_samples(out, &frame, &samples);
            written.lines += part.lines;
            written.points += part.points;
            written.dropped += part.dropped;
        }
        written
    }

    /// Gives points of one datapoint one timestamp, since a line has only one:
    /// an invocation within a second fits on one line, whatever the resolution.
    fn align(&mut self) {
        let free = || self.entries.iter().filter(|entry| !entry.exact);
        let Some(first) = free().map(|entry| entry.timestamp_ms).min() else {
            return self.entries.sort_by_key(|entry| entry.timestamp_ms);
        };
        let within = |ms: i64| ms.div_euclid(1000) == first.div_euclid(1000);
        if self
            .entries
            .iter()
            .all(|entry| !entry.exact && within(entry.timestamp_ms))
        {
            for entry in &mut self.entries {
                entry.timestamp_ms = first;
            }
            return;
        }
        let mut earliest = BTreeMap::new();
        for entry in free() {
            let bucket = entry.timestamp_ms.div_euclid(match entry.line.resolution {
                Resolution::Standard => 60_000,
                Resolution::High => 1000,
            });
            let key = (entry.line.resolution.seconds(), bucket);
            let known = earliest.entry(key).or_insert(entry.timestamp_ms);
            *known = entry.timestamp_ms.min(*known);
        }
        for entry in self.entries.iter_mut().filter(|entry| !entry.exact) {
            let of = |seconds: u8| {
                let bucket = entry.timestamp_ms.div_euclid(i64::from(seconds) * 1000);
                earliest.get(&(seconds, bucket)).copied()
            };
            let second = entry.timestamp_ms.div_euclid(1000);
            entry.timestamp_ms = match entry.line.resolution {
                Resolution::Standard => of(60),
                Resolution::High => of(60)
                    .filter(|minute| minute.div_euclid(1000) == second)
                    .or_else(|| of(1)),
            }
            .unwrap_or(entry.timestamp_ms);
        }
        self.entries.sort_by_key(|entry| entry.timestamp_ms);
    }
}
