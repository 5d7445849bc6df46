//! The handler's end of the journal.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    Journal, RecordError, SeriesId,
    layout::word,
    region::{Cell, Ring, Shape},
    series_table::{self, Cursor},
};
use crate::{metric::Series, sync::Ordering};

/// Records points from any number of threads of one process.
///
/// Only one process may write at a time (the library holds a lock file): a
/// second one would not corrupt memory, but could garble the series table.
#[derive(Debug)]
pub struct Writer {
    ring: Ring,
    shape: Shape,
    table: Mutex<HashMap<Series, SeriesId>>,
}

impl Writer {
    /// Attaches to `journal`, taking over the series that an earlier process
    /// of the same environment named.
    #[must_use]
    pub fn attach(journal: &Journal) -> Self {
        let region = Arc::clone(&journal.region);
        let shape = region.shape();
        let head = region.word(word::HEAD).load(Ordering::Acquire);
        region
            .word(word::WRITER_START)
            .store(head, Ordering::Release);
        let mut cursor = Cursor::default();
        let known = std::iter::from_fn(|| cursor.next(&region, shape));
        let table = known
            .zip(0..)
            .map(|(series, number)| (series, SeriesId(number)))
            .collect();
        Self {
            ring: Ring::of(region, shape),
            shape,
            table: Mutex::new(table),
        }
    }

    /// The number of `series`, adding it to the table when it is new. This is
    /// the slow path: keep the answer.
    ///
    /// # Errors
    ///
    /// [`RecordError::TableFull`] and [`RecordError::TooLarge`].
    pub fn series(&self, series: &Series) -> Result<SeriesId, RecordError> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(&id) = table.get(series) {
            return Ok(id);
        }
        let id = SeriesId(u32::try_from(table.len()).map_err(|_| RecordError::TableFull)?);
        series_table::append(self.ring.region(), self.shape, series)?;
        table.insert(series.clone(), id);
        Ok(id)
    }

    /// Records one point: a claim and four stores, no lock and no system call.
    ///
    /// # Errors
    ///
    /// [`RecordError::Full`] when every cell waits for delivery.
    #[inline]
    pub fn record(
        &self,
        series: SeriesId,
        value: f64,
        timestamp_ms: i64,
    ) -> Result<(), RecordError> {
        let mut head = self.ring.head();
        loop {
            match self.ring.claim(head) {
                Ok(cell) => {
                    fill(cell, head, (series, value, timestamp_ms));
                    return Ok(());
                }
                Err(Unclaimed::Taken(now)) => head = now,
                Err(Unclaimed::Full) => {
                    self.ring.header()[word::REFUSED].fetch_add(1, Ordering::Relaxed);
                    return Err(RecordError::Full);
                }
            }
        }
    }

    /// A writer of one series alone.
    #[must_use]
    pub fn of_series(&self, series: SeriesId) -> SeriesWriter {
        SeriesWriter {
            ring: self.ring.clone(),
            series,
        }
    }
}

/// Records points of one series, with all that it takes at hand.
#[derive(Debug)]
pub struct SeriesWriter {
    ring: Ring,
    series: SeriesId,
}

impl SeriesWriter {
    /// Records one point as [`Writer::record`] does, but in one attempt, and says
    /// whether it went well. It did not where another thread was faster or no cell is
    /// free; that is not counted.
    #[inline]
    #[must_use]
    pub fn record(&self, value: f64, timestamp_ms: i64) -> bool {
        let head = self.ring.head();
        let Ok(cell) = self.ring.claim(head) else {
            return false;
        };
        fill(cell, head, (self.series, value, timestamp_ms));
        true
    }
}

impl Ring {
    #[inline(always)]
    fn head(&self) -> u64 {
        self.header()[word::HEAD].load(Ordering::Relaxed)
    }

    /// Claims the cell at `head`, if that is the head.
    #[inline(always)]
    fn claim(&self, head: u64) -> Result<&Cell, Unclaimed> {
        let (header, cells) = (self.header(), self.cells());
        // Acquire: the cell's last reader is done with it before we write.
        let used = head.wrapping_sub(header[word::TAIL].load(Ordering::Acquire));
        if used >= cells.len() as u64 {
            return Err(Unclaimed::Full);
        }
        header[word::HEAD]
            .compare_exchange(
                head,
                head.wrapping_add(1),
                Ordering::AcqRel,
                Ordering::Relaxed,
            )
            .map_err(Unclaimed::Taken)?;
        // Their number is a power of two.
        let cell = cells.get(head as usize & cells.len().wrapping_sub(1));
        cell.ok_or(Unclaimed::Full)
    }
}

/// Why a cell is not ours.
enum Unclaimed {
    /// None is free.
    Full,
    /// Another thread was faster; the head is here now.
    Taken(u64),
}

/// Writes a point into the cell that was claimed for it.
#[inline(always)]
fn fill(
    [sequence, number, bits, time]: &Cell,
    claimed: u64,
    (series, value, timestamp_ms): (SeriesId, f64, i64),
) {
    number.store(u64::from(series.0), Ordering::Relaxed);
    bits.store(value.to_bits(), Ordering::Relaxed);
    time.store(timestamp_ms.cast_unsigned(), Ordering::Relaxed);
    // Release: whoever sees the sequence number sees the point.
    sequence.store(claimed.wrapping_add(1), Ordering::Release);
}
