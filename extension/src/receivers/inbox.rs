//! What has been received and not yet taken, bounded.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::intake::Sample;

/// Samples that wait for the flush. It takes them at the end of every invocation;
/// what comes faster is refused (OTLP) or dropped (StatsD), and counted.
const MOST_SAMPLES: usize = 50_000;

/// Shared by the receivers and the flush.
#[derive(Debug, Default)]
pub struct Inbox(Mutex<Content>);

#[derive(Debug, Default)]
struct Content {
    samples: Vec<Sample>,
    totals: InboxTotals,
}

/// What came in since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InboxTotals {
    /// Samples that were taken in.
    pub received: u64,
    /// Lines, requests or points that cannot be understood or expressed.
    pub malformed: u64,
    /// Samples that found no room.
    pub overflowed: u64,
}

impl Inbox {
    /// Puts all of `samples` in, or, when they do not fit, none.
    ///
    /// # Errors
    ///
    /// When there is no room; they are counted.
    pub fn put(&self, samples: Vec<Sample>) -> Result<(), Full> {
        let mut content = self.lock();
        let count = samples.len() as u64;
        if content.samples.len().saturating_add(samples.len()) > MOST_SAMPLES {
            content.totals.overflowed = content.totals.overflowed.saturating_add(count);
            return Err(Full);
        }
        content.totals.received = content.totals.received.saturating_add(count);
        content.samples.extend(samples);
        Ok(())
    }

    /// Counts what could not be understood.
    pub fn refuse(&self, malformed: u64) {
        let mut content = self.lock();
        content.totals.malformed = content.totals.malformed.saturating_add(malformed);
    }

    /// Takes what has come.
    #[must_use]
    pub fn take(&self) -> Vec<Sample> {
        std::mem::take(&mut self.lock().samples)
    }

    /// What came in since the start.
    #[must_use]
    pub fn totals(&self) -> InboxTotals {
        self.lock().totals
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// There is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;
