//! The extension's end of the journal.

use std::sync::Arc;

use super::{
    Journal, SeriesId, Totals,
    layout::{CELL_WORDS, word},
    region::{Region, Shape},
    series_table::Cursor,
};
use crate::{metric::Series, sync::Ordering};

/// One recorded point, lent while the journal is drained.
#[derive(Debug, Clone, Copy)]
pub struct Point<'a> {
    /// The series' number, dense from 0.
    pub series_id: SeriesId,
    /// What the point belongs to.
    pub series: &'a Series,
    /// The value as recorded: a counter's increment, a gauge's or a
    /// histogram's value. May be any `f64`, NaN included.
    pub value: f64,
    /// When it was recorded, milliseconds since the epoch.
    pub timestamp_ms: i64,
}

/// Whether the writers may still be alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Draining {
    /// Stop at a cell that is claimed and not yet written: its writer is about
    /// to finish.
    Live,
    /// Skip such a cell and count it as torn: its writer is dead.
    Final,
}

/// What one [`Reader::drain`] saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Drained {
    /// Points handed to the closure.
    pub points: u64,
    /// Cells skipped.
    pub torn: u64,
}

/// How far a reader has read; what [`Reader::release`] takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    next: u64,
    torn: u64,
}

/// Reads points in the order in which they were claimed. There is one reader a
/// journal (the extension holds the file's lock).
#[derive(Debug)]
pub struct Reader {
    region: Arc<Region>,
    shape: Shape,
    cursor: Cursor,
    series: Vec<Series>,
    next: u64,
    /// Torn cells between the released position and `next`.
    torn: u64,
    /// Torn cells already released.
    torn_released: u64,
}

impl Reader {
    /// Attaches at the first point that is not yet delivered.
    #[must_use]
    pub fn attach(journal: &Journal) -> Self {
        let region = Arc::clone(&journal.region);
        let next = region.word(word::TAIL).load(Ordering::Acquire);
        let torn_released = region.word(word::TORN).load(Ordering::Acquire);
        Self {
            shape: region.shape(),
            region,
            cursor: Cursor::default(),
            series: Vec::new(),
            next,
            torn: torn_released,
            torn_released,
        }
    }

    /// Hands every point recorded since the last call to `take`. The cells stay
    /// taken until [`Reader::release`].
    pub fn drain(&mut self, draining: Draining, mut take: impl FnMut(Point<'_>)) -> Drained {
        let head = self.region.word(word::HEAD).load(Ordering::Acquire);
        // The handler's process owns these numbers: a wild one costs a bound.
        let head = head.min(self.next.saturating_add(self.shape.cells()));
        let dead_before = self.region.word(word::WRITER_START).load(Ordering::Acquire);
        let mut drained = Drained::default();
        let Self {
            region,
            shape,
            cursor,
            series,
            next,
            ..
        } = self;
        let words = region.words();
        while *next < head {
            // One bounds check for the whole cell.
            let cell = words.get(shape.cell(*next)..);
            let Some(cell) = cell.and_then(<[_]>::first_chunk::<CELL_WORDS>) else {
                break;
            };
            let [sequence, number, bits, time] = cell;
            let written = sequence.load(Ordering::Acquire) == next.wrapping_add(1);
            let dead = draining == Draining::Final || *next < dead_before;
            if !written && !dead {
                break;
            }
            let known = if written {
                let number = number.load(Ordering::Relaxed);
                known(series, number, || cursor.next(region, *shape))
            } else {
                None
            };
            match known {
                Some((series_id, series)) => {
                    drained.points += 1;
                    take(Point {
                        series_id,
                        series,
                        value: f64::from_bits(bits.load(Ordering::Relaxed)),
                        timestamp_ms: time.load(Ordering::Relaxed).cast_signed(),
                    });
                }
                None => drained.torn += 1,
            }
            *next += 1;
        }
        self.torn += drained.torn;
        drained
    }

    /// How far the reader has come.
    #[must_use]
    pub fn position(&self) -> Position {
        Position {
            next: self.next,
            torn: self.torn,
        }
    }

    /// Gives the cells before `position` back to the writers. Call this only
    /// when every point before it has been delivered, or is safe elsewhere.
    pub fn release(&mut self, position: Position) {
        let torn = position.torn.saturating_sub(self.torn_released);
        self.torn_released += torn;
        self.region
            .word(word::TORN)
            .fetch_add(torn, Ordering::Relaxed);
        // Release: our reads of the cells come before a writer's next stores.
        self.region
            .word(word::TAIL)
            .fetch_max(position.next, Ordering::Release);
    }

    /// How many points the journal holds before it is full.
    #[must_use]
    pub fn cells(&self) -> u64 {
        self.shape.cells()
    }

    /// The journal's counters as they stand.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.region.totals()
    }
}

/// The series of `number`, read from the table when it is new.
#[inline]
fn known(
    series: &mut Vec<Series>,
    number: u64,
    mut next: impl FnMut() -> Option<Series>,
) -> Option<(SeriesId, &Series)> {
    let id = SeriesId(u32::try_from(number).ok()?);
    while series.len() <= id.index() {
        series.push(next()?);
    }
    Some((id, &series[id.index()]))
}
