//! What became of every point. Recorded + found in the spill file = delivered +
//! written as EMF + dropped + pending + in the spill file, at all times.

use crate::{cloudwatch::Class, intake::Refusal};

/// Counters of one process's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Points that came in: from the journal, and from elsewhere.
    pub recorded: u64,
    /// Of these, points that did not come by the journal: Lambda's own numbers and
    /// what the receivers took in.
    pub sampled: u64,
    /// Points that an earlier process left in the spill file.
    pub found: u64,
    /// Points that CloudWatch answered 200 for.
    pub delivered: u64,
    /// Points written as lines of the embedded metric format at the end.
    pub emf: u64,
    /// Points that went nowhere.
    pub dropped: Dropped,
    /// Points that were left pending by a flush that failed; one may be counted
    /// at several flushes.
    pub requeued: u64,
    /// Points that went through the spill file.
    pub spilled: u64,
    /// Points whose series folded into `_other`.
    pub overflowed: u64,
    /// Journal cells whose writer died in the middle of a store.
    pub torn: u64,
    /// PutMetricData requests begun.
    pub put_requests: u64,
    /// Of these, those that were not answered 200.
    pub put_errors: u64,
    /// The same by what could be done about it, in the order of [`Class::ALL`].
    pub put_errors_by_class: [u64; Class::ALL.len()],
    /// Of these, those that CloudWatch may have taken all the same. What was in
    /// them may be counted twice, or with `OBS_ON_TIMEOUT=drop` not at all.
    pub put_unconfirmed: u64,
    /// Requests that were sent again though CloudWatch may have taken them.
    pub ambiguous_retries: u64,
    /// Flushes that sent something.
    pub flushes: u64,
    /// Their time in milliseconds.
    pub flush_ms: u64,
    /// Flushes that did not begin, since the deadline was near.
    pub deadline_skips: u64,
    /// Times that an outage kept a flush from beginning.
    pub breaker_skips: u64,
    /// Milliseconds between the end of an invocation and the request for the
    /// next event.
    pub overhead_ms: u64,
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
    /// There are so many series that not even `_other` has room.
    pub overflow: u64,
    /// Memory and spill file are full.
    pub memory: u64,
    /// CloudWatch refused the datum.
    pub refused: u64,
    /// The request got no answer, and `OBS_ON_TIMEOUT=drop`.
    pub unconfirmed: u64,
    /// The embedded metric format cannot express it.
    pub unwritable: u64,
}

impl Tally {
    /// Counts a request that was not answered 200.
    pub fn put_failed(&mut self, class: Class) {
        self.put_errors += 1;
        self.put_unconfirmed += u64::from(class == Class::Unconfirmed);
        let index = Class::ALL.iter().position(|&other| other == class);
        self.put_errors_by_class[index.expect("all classes are counted")] += 1;
    }

    /// Points that have found their end.
    #[must_use]
    pub fn settled(&self) -> u64 {
        self.delivered + self.emf + self.dropped.total()
    }
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
    pub fn by_reason(&self) -> [(&'static str, u64); 9] {
        [
            ("dropped_value", self.value),
            ("dropped_too_old", self.too_old),
            ("dropped_too_new", self.too_new),
            ("dropped_series", self.series),
            ("dropped_overflow", self.overflow),
            ("dropped_memory", self.memory),
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
