//! What became of each record so far, shared by those that are under way.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use super::report::{Failure, Report};
use crate::event::{Source, record::Record};

/// Which records have to keep their order among each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lane {
    /// None: each record stands for itself.
    Free,
    /// Those of one message group of a FIFO queue: what follows a failure in a
    /// group must not overtake it.
    Group(String),
    /// All: Lambda reads a shard again from the first failure on, so whatever
    /// came behind it would be done twice.
    Shard,
}

impl Lane {
    pub(super) fn of(record: &Record) -> Self {
        match (record.source, &record.group) {
            (Source::Kinesis | Source::DynamoDb, _) => Self::Shard,
            (Source::Sqs, Some(group)) if record.fifo => Self::Group(group.clone()),
            _ => Self::Free,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    entries: Vec<Entry>,
    stopped: HashSet<String>,
    shard_stopped: bool,
    /// Whether the records are a stream's.
    stream: bool,
}

#[derive(Debug, Default)]
struct Entry {
    identifier: Option<String>,
    done: bool,
    error: Option<String>,
}

impl Ledger {
    fn with<T>(&self, with: impl FnOnce(&mut State) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A place for every record.
    pub(super) fn open(&self, records: usize) {
        self.with(|state| state.entries.resize_with(records, Entry::default));
    }

    /// Names the record at `index`.
    pub(super) fn name(&self, index: usize, record: &Record, lane: &Lane) {
        self.with(|state| {
            state.stream |= *lane == Lane::Shard;
            if let Some(entry) = state.entries.get_mut(index) {
                entry.identifier.clone_from(&record.item);
            }
        });
    }

    /// Whether a record in `lane` failed, so that none behind it may be tried.
    pub(super) fn is_stopped(&self, lane: &Lane) -> bool {
        self.with(|state| match lane {
            Lane::Free => false,
            Lane::Group(group) => state.stopped.contains(group),
            Lane::Shard => state.shard_stopped,
        })
    }

    pub(super) fn succeed(&self, index: usize) {
        self.with(|state| {
            if let Some(entry) = state.entries.get_mut(index) {
                entry.done = true;
            }
        });
    }

    pub(super) fn fail(&self, index: usize, lane: &Lane, error: Option<String>) {
        self.with(|state| {
            if let Some(entry) = state.entries.get_mut(index) {
                entry.error = error;
            }
            match lane {
                Lane::Free => {}
                Lane::Group(group) => drop(state.stopped.insert(group.clone())),
                Lane::Shard => state.shard_stopped = true,
            }
        });
    }

    /// Whatever is not done by now has failed.
    pub(super) fn report(&self) -> Report {
        self.with(|state| {
            let entries = state.entries.iter().enumerate();
            let failures = entries
                .filter(|(_, entry)| !entry.done)
                .map(|(index, entry)| Failure {
                    index,
                    identifier: entry.identifier.clone(),
                    error: entry.error.clone(),
                })
                .collect();
            Report::new(state.entries.len(), failures, state.stream)
        })
    }
}
