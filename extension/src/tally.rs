//! What became of every point. Recorded = delivered + written as EMF + dropped +
//! pending, at all times.

use crate::intake::Refusal;

/// Counters of one process's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Points read from the journal.
    pub recorded: u64,
    /// Points that CloudWatch answered 200 for.
    pub delivered: u64,
    /// Points written as lines of the embedded metric format at the end.
    pub emf: u64,
    /// Points that went nowhere.
    pub dropped: Dropped,
    /// Journal cells whose writer died in the middle of a store.
    pub torn: u64,
    /// PutMetricData requests begun.
    pub put_requests: u64,
    /// Of these, those that were not answered 200.
    pub put_errors: u64,
    /// Of these, those that CloudWatch may have taken all the same. What was in
    /// them may be counted twice, or with `OBS_ON_TIMEOUT=drop` not at all.
    pub put_unconfirmed: u64,
}

/// Points that went nowhere, by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dropped {
    /// The value is not a number that CloudWatch takes.
    pub value: u64,
    /// The timestamp is more than 14 days ago.
    pub too_old: u64,
    /// The timestamp is more than two hours ahead.
    pub too_new: u64,
    /// The series breaks a limit.
    pub series: u64,
    /// CloudWatch refused the datum.
    pub refused: u64,
    /// The request got no answer, and `OBS_ON_TIMEOUT=drop`.
    pub unconfirmed: u64,
    /// The embedded metric format cannot express it, or standard output failed.
    pub unwritable: u64,
}

impl Dropped {
    /// Counts a point that was turned away.
    pub fn refuse(&mut self, refusal: Refusal) {
        match refusal {
            Refusal::Value => self.value += 1,
            Refusal::TooOld => self.too_old += 1,
            Refusal::TooNew => self.too_new += 1,
            Refusal::Series => self.series += 1,
        }
    }

    /// Every reason by name.
    #[must_use]
    pub fn by_reason(&self) -> [(&'static str, u64); 7] {
        [
            ("dropped_value", self.value),
            ("dropped_too_old", self.too_old),
            ("dropped_too_new", self.too_new),
            ("dropped_series", self.series),
            ("dropped_refused", self.refused),
            ("dropped_unconfirmed", self.unconfirmed),
            ("dropped_unwritable", self.unwritable),
        ]
    }

    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.by_reason().iter().map(|(_, count)| count).sum()
    }
}
