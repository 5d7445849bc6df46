//! Traces of a range with their segments, as GetTraceSummaries goes through them: a
//! bounded piece at a time, from a place where the last one ended.

use rusqlite::params;

use super::segments::{self, SegmentRow};
use super::{Store, StoreError};

/// Which traces to read, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceRange {
    /// Started at or after, in seconds since 1970.
    pub from: f64,
    /// Started before, in seconds since 1970.
    pub to: f64,
    /// Only traces that follow this place: a start and a number.
    pub after: Option<(f64, i64)>,
    /// At most so many traces.
    pub traces: usize,
    /// No further trace once those read have so many segments: one is always read.
    pub segments: usize,
}

/// The traces that were read: each its id and its segments by start.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TracePage {
    /// The traces, newest first.
    pub traces: Vec<(String, Vec<SegmentRow>)>,
    /// The place to go on from, if there is more.
    pub next: Option<(f64, i64)>,
}

impl Store {
    /// Reads traces up to the range's bounds.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn trace_page(&self, range: &TraceRange) -> Result<TracePage, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(
            "SELECT trace_id, start, seq FROM traces WHERE start >= ?1 AND start < ?2
             AND (start, seq) < (?3, ?4) ORDER BY start DESC, seq DESC LIMIT ?5",
        )?;
        let (start, seq) = range.after.unwrap_or((f64::INFINITY, i64::MAX));
        // One more than is given: it tells that there is more.
        let limit = i64::try_from(range.traces)
            .unwrap_or(i64::MAX)
            .saturating_add(1);
        let mut rows = statement.query(params![range.from, range.to, start, seq, limit])?;
        let (mut page, mut last, mut segments) = (TracePage::default(), None, 0);
        while let Some(row) = rows.next()? {
            if page.traces.len() == range.traces || segments >= range.segments {
                page.next = last;
                break;
            }
            let id: String = row.get(0)?;
            last = Some((row.get(1)?, row.get(2)?));
            let own = segments::of_trace(&connection, &id)?;
            segments += own.len().max(1);
            page.traces.push((id, own));
        }
        Ok(page)
    }
}
