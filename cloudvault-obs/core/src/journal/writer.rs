//! The handler's end of the journal.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    Journal, RecordError, SeriesId,
    layout::word,
    region::{Ring, Shape},
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
        let (header, cells) = (self.ring.header(), self.ring.cells());
        let (head, tail) = (&header[word::HEAD], &header[word::TAIL]);
        let mut claimed = head.load(Ordering::Relaxed);
        loop {
            // Acquire: the cell's last reader is done with it before we write.
            if claimed.wrapping_sub(tail.load(Ordering::Acquire)) >= cells.len() as u64 {
                header[word::REFUSED].fetch_add(1, Ordering::Relaxed);
                return Err(RecordError::Full);
            }
            match head.compare_exchange_weak(
                claimed,
                claimed.wrapping_add(1),
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => break,
                Err(now) => claimed = now,
            }
        }
        let cell = cells.get(claimed as usize & cells.len().wrapping_sub(1));
        let [sequence, number, bits, time] = cell.ok_or(RecordError::Full)?;
        number.store(u64::from(series.0), Ordering::Relaxed);
        bits.store(value.to_bits(), Ordering::Relaxed);
        time.store(timestamp_ms.cast_unsigned(), Ordering::Relaxed);
        // Release: whoever sees the sequence number sees the point.
        sequence.store(claimed.wrapping_add(1), Ordering::Release);
        Ok(())
    }
}
