//! The subsegments of one invocation: those that are open, and those that are
//! finished and wait for its end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloudvault_obs_core::{
    redact::Redactor,
    segment::{Batch, Delivery, Fields, Subsegment},
    trace::{SegmentId, TraceId},
};

use super::Segments;
use crate::clock;

/// What an invocation leaves behind in its trace.
#[derive(Debug)]
pub(crate) struct Trail {
    segments: Arc<Segments>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    open: Vec<Option<Entry>>,
    free: Vec<Slot>,
    finished: Batch,
    ended: bool,
}

/// Where an open subsegment stands in its trail.
pub(super) type Slot = usize;

/// An open subsegment, as far as it is known.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) id: SegmentId,
    pub(super) parent: SegmentId,
    pub(super) start_us: i64,
    /// Whether its `in_progress` document has been sent.
    pub(super) announced: bool,
    pub(super) fields: Box<Fields>,
}

impl Entry {
    /// Adds its document to `batch`.
    fn push(&self, batch: &mut Batch, (trace_id, end_us): (TraceId, Option<i64>)) {
        let subsegment = Subsegment {
            name: self.name,
            id: self.id,
            trace_id,
            parent_id: Some(self.parent),
            start_us: self.start_us,
            end_us,
            fields: &self.fields,
        };
        // X-Ray completes a document by one of the same kind.
        let delivery = if self.announced {
            Delivery::Alone
        } else {
            Delivery::Nested
        };
        batch.push(&subsegment, delivery);
    }
}

/// Finished documents beyond this many bytes are sent before the invocation
/// ends, so that one with a million spans does not keep them all.
const MAX_WAITING: usize = 256 * 1024;

impl Trail {
    pub(crate) fn new(segments: Arc<Segments>) -> Self {
        let state = State {
            finished: segments.spare(),
            ..State::default()
        };
        Self {
            segments,
            state: Mutex::new(state),
        }
    }

    /// Where the documents go.
    pub(crate) fn segments(&self) -> &Arc<Segments> {
        &self.segments
    }

    /// What takes secrets out of documents.
    pub(super) fn redactor(&self) -> &Redactor {
        &self.segments.settings.redactor
    }

    /// Keeps an open subsegment, for an `in_progress` document should it last.
    pub(super) fn open(&self, entry: Entry) -> Slot {
        let mut state = self.lock();
        match state.free.pop() {
            Some(slot) => {
                state.open[slot] = Some(entry);
                slot
            }
            None => {
                state.open.push(Some(entry));
                state.open.len() - 1
            }
        }
    }

    /// Records more on an open subsegment.
    pub(super) fn record(&self, slot: Slot, more: impl FnOnce(&mut Fields)) {
        if let Some(Some(entry)) = self.lock().open.get_mut(slot) {
            more(&mut entry.fields);
        }
    }

    /// Keeps a finished subsegment for the end of the invocation, and gives its
    /// fields back for their memory. One that ends later, in a task that outlives
    /// it, is sent at once.
    pub(super) fn close(&self, slot: Slot, trace_id: Option<TraceId>) -> Option<Box<Fields>> {
        let end_us = clock::now_us();
        let mut state = self.lock();
        let mut entry = state.open.get_mut(slot)?.take()?;
        state.free.push(slot);
        if !self.segments.settings.capture_error {
            entry.fields.forget_causes();
        }
        entry.push(&mut state.finished, (trace_id?, Some(end_us)));
        if state.ended || state.finished.len() > MAX_WAITING {
            self.send(state);
        }
        Some(entry.fields)
    }

    /// Sends what is finished, outside the lock.
    #[cold]
    fn send(&self, mut state: MutexGuard<'_, State>) {
        let finished = std::mem::replace(&mut state.finished, self.segments.spare());
        drop(state);
        self.segments.send(&finished);
        self.segments.give_back(finished);
    }

    /// Adds a finished subsegment that was never open here.
    #[cfg(feature = "otel")]
    pub(crate) fn add(&self, subsegment: &Subsegment<'_>) {
        let mut state = self.lock();
        state.finished.push(subsegment, Delivery::Nested);
        if state.ended || state.finished.len() > MAX_WAITING {
            self.send(state);
        }
    }

    /// Sends what has finished, and an `in_progress` document for each open
    /// subsegment that began before `before_us` and was not yet announced.
    /// Answers whether the invocation still goes on.
    pub(super) fn announce(&self, trace_id: TraceId, before_us: i64) -> bool {
        let mut state = self.lock();
        if state.ended {
            return false;
        }
        let mut batch = std::mem::take(&mut state.finished);
        self.announce_open(&mut state, &mut batch, (trace_id, before_us));
        drop(state);
        self.segments.send(&batch);
        true
    }

    /// Ends the invocation: everything finished is sent, and what a task goes on
    /// with is announced.
    pub(crate) fn end(&self, trace_id: Option<TraceId>) {
        let mut state = self.lock();
        state.ended = true;
        let mut batch = std::mem::take(&mut state.finished);
        if let Some(trace_id) = trace_id {
            self.announce_open(&mut state, &mut batch, (trace_id, i64::MAX));
        }
        drop(state);
        self.segments.send(&batch);
        self.segments.give_back(batch);
    }

    /// An `in_progress` document, with what is recorded so far, for each open
    /// subsegment that began before `before_us` and has had none.
    fn announce_open(
        &self,
        state: &mut State,
        batch: &mut Batch,
        (trace_id, before_us): (TraceId, i64),
    ) {
        let waiting = |entry: &&mut Entry| !entry.announced && entry.start_us <= before_us;
        for entry in state.open.iter_mut().flatten().filter(waiting) {
            entry.announced = true;
            if !self.segments.settings.capture_error {
                entry.fields.forget_causes();
            }
            entry.push(batch, (trace_id, None));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
