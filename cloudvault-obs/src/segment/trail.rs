//! The subsegments of one invocation: those that are open, and those that are
//! finished and wait for its end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloudvault_obs_core::{
    redact::Redactor,
    segment::{Batch, Delivery, Fields, Subsegment},
    trace::{SegmentId, TraceId},
};

use super::Segments;

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

/// What an `in_progress` document says.
#[derive(Debug, Clone, Copy)]
struct Entry {
    name: &'static str,
    id: SegmentId,
    parent: SegmentId,
    start_us: i64,
    announced: bool,
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

    /// Notes an open subsegment, for an `in_progress` document should it last.
    pub(super) fn open(
        &self,
        name: &'static str,
        (id, parent): (SegmentId, SegmentId),
        start_us: i64,
    ) -> Slot {
        let entry = Entry {
            name,
            id,
            parent,
            start_us,
            announced: false,
        };
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

    /// Keeps a finished subsegment for the end of the invocation. One that ends
    /// later, in a task that outlives it, is sent at once.
    pub(super) fn close(&self, slot: Slot, subsegment: &Subsegment<'_>) {
        let mut state = self.lock();
        let announced = state.open[slot].take().is_some_and(|entry| entry.announced);
        state.free.push(slot);
        let delivery = if announced {
            Delivery::Alone
        } else {
            Delivery::Nested
        };
        state.finished.push(subsegment, delivery);
        if state.ended || state.finished.len() > MAX_WAITING {
            let finished = std::mem::replace(&mut state.finished, self.segments.spare());
            drop(state);
            self.segments.send(&finished);
            self.segments.give_back(finished);
        }
    }

    /// Adds a finished subsegment that was never open here.
    #[cfg(feature = "otel")]
    pub(crate) fn add(&self, subsegment: &Subsegment<'_>) {
        let mut state = self.lock();
        state.finished.push(subsegment, Delivery::Nested);
        if state.ended || state.finished.len() > MAX_WAITING {
            let finished = std::mem::replace(&mut state.finished, self.segments.spare());
            drop(state);
            self.segments.send(&finished);
            self.segments.give_back(finished);
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
        state.announce(&mut batch, trace_id, before_us);
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
            state.announce(&mut batch, trace_id, i64::MAX);
        }
        drop(state);
        self.segments.send(&batch);
        self.segments.give_back(batch);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn announce(&mut self, batch: &mut Batch, trace_id: TraceId, before_us: i64) {
        let fields = Fields::default();
        let waiting = |entry: &&mut Entry| !entry.announced && entry.start_us <= before_us;
        for entry in self.open.iter_mut().flatten().filter(waiting) {
            entry.announced = true;
            let subsegment = Subsegment {
                name: entry.name,
                id: entry.id,
                trace_id,
                parent_id: Some(entry.parent),
                start_us: entry.start_us,
                end_us: None,
                fields: &fields,
            };
            batch.push(&subsegment, Delivery::Alone);
        }
    }
}
