//! What happened, counted, with what was expected told apart from what was not.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;

/// How many unexpected happenings are kept in full.
const MAX_SURPRISES: usize = 20;

/// The summary of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Summary {
    /// How long requests were sent and the queue drained.
    pub seconds: f64,
    /// Invocations, by function.
    pub invocations: BTreeMap<String, u64>,
    /// Invocations that ended in a function error, by function.
    pub function_errors: BTreeMap<String, u64>,
    /// Function errors and failed batch items that a poisoned image explains.
    pub expected_failures: u64,
    /// Everything else that went wrong; a run with any of these failed.
    pub unexpected_failures: u64,
    /// The first of those, in words.
    pub surprises: Vec<String>,
    /// Invocations refused with 429 and tried again.
    pub throttled: u64,
    /// Files stored by `upload`, the poisoned ones included.
    pub uploads: u64,
    /// Files put behind a presigned URL.
    pub presigned_uploads: u64,
    /// Poisoned images among the uploads.
    pub poisoned: u64,
    /// Files handed out.
    pub downloads: u64,
    /// Pages listed.
    pub listings: u64,
    /// Shares put on the queue.
    pub shares: u64,
    /// Shares taken from the queue with correlation id and trace header on them.
    pub shares_delivered: u64,
    /// Requests answered with the 4xx they deserved.
    pub refused: u64,
    /// Images whose record `thumbnail` handled without failing.
    pub thumbnails: u64,
    /// Records that `thumbnail` failed, each try counted.
    pub thumbnail_failures: u64,
    /// Runs of `cleanup`.
    pub cleanups: u64,
    /// Files that `cleanup` deleted.
    pub expired: u64,
    /// Messages in the dead-letter queue at the end.
    pub dead_letters: usize,
    /// Messages still in the queue at the end.
    pub messages_left: usize,
}

impl Summary {
    /// Whether nothing happened that should not.
    #[must_use]
    pub fn is_as_expected(&self) -> bool {
        self.unexpected_failures == 0
    }

    /// Counts one invocation.
    pub fn invoked(&mut self, function: &str) {
        *self.invocations.entry(function.to_owned()).or_default() += 1;
    }

    /// Counts something that should not have happened.
    pub fn surprise(&mut self, what: String) {
        self.unexpected_failures += 1;
        if self.surprises.len() < MAX_SURPRISES {
            self.surprises.push(what);
        }
    }

    /// One line on how it goes.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_progress(&self, elapsed: Duration, out: &mut dyn Write) -> io::Result<()> {
        let invocations: u64 = self.invocations.values().sum();
        writeln!(
            out,
            "{:6.1} s  {invocations} invocations, {} uploads, {} thumbnails, {} shares, {} expired, \
             {} poisoned ({} failures expected), {} unexpected",
            elapsed.as_secs_f64(),
            self.uploads + self.presigned_uploads,
            self.thumbnails,
            self.shares_delivered,
            self.expired,
            self.poisoned,
            self.expected_failures,
            self.unexpected_failures,
        )
    }
}

/// The summary while it grows, shared by the threads of a run.
#[derive(Debug, Default)]
pub struct Tally(Mutex<Summary>);

impl Tally {
    /// The summary, to count in. A thread that panicked while counting spoils nothing here.
    pub fn lock(&self) -> MutexGuard<'_, Summary> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
