//! The subsegments of one invocation that are finished and wait for its end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[cfg(feature = "otel")]
use cloudvault_obs_core::segment::{Delivery, Subsegment};
use cloudvault_obs_core::{redact::Redactor, segment::Batch, trace::TraceId};

use super::{Known, Open, Segments};
use crate::clock;

/// What an invocation leaves behind in its trace.
#[derive(Debug)]
pub(crate) struct Trail {
    segments: Arc<Segments>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    finished: Batch,
    ended: bool,
}

/// Where the spans are that are open.
pub(crate) trait OpenSpans: std::fmt::Debug + Send + Sync {
    /// Shows each open subsegment of one trail.
    fn each(&self, of: &Trail, look: &mut dyn FnMut(&mut Open, Known<'_>));
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

    /// Keeps a subsegment that ends now for the end of the invocation. One that
    /// ends later, in a task that outlives it, is sent at once.
    #[inline]
    pub(super) fn close(&self, open: &mut Open, known: Known<'_>, trace_id: TraceId) {
        let end_us = clock::now_us();
        if !self.segments.settings.capture_error {
            open.forget_causes();
        }
        let mut state = self.lock();
        open.push(known, &mut state.finished, (trace_id, Some(end_us)));
        self.send_early(state);
    }

    /// Sends what is finished, where nobody else is going to or there is much of it.
    #[inline]
    fn send_early(&self, state: MutexGuard<'_, State>) {
        if state.ended || state.finished.len() > MAX_WAITING {
            self.send(state);
        }
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
        self.send_early(state);
    }

    /// Sends what has finished, and an `in_progress` document for each open
    /// subsegment that began before `before_us` and was not yet announced.
    pub(super) fn announce(&self, trace_id: TraceId, before_us: i64) {
        let mut state = self.lock();
        if state.ended {
            return;
        }
        let mut batch = std::mem::take(&mut state.finished);
        drop(state);
        self.announce_open(&mut batch, (trace_id, before_us));
        self.segments.send(&batch);
    }

    /// Ends the invocation: everything finished is sent, and what a task goes on
    /// with is announced.
    pub(crate) fn end(&self, trace_id: Option<TraceId>) {
        let mut state = self.lock();
        state.ended = true;
        let mut batch = std::mem::take(&mut state.finished);
        drop(state);
        if let Some(trace_id) = trace_id {
            self.announce_open(&mut batch, (trace_id, i64::MAX));
        }
        self.segments.send(&batch);
        self.segments.give_back(batch);
    }

    /// An `in_progress` document, with what is recorded so far, for each open
    /// subsegment that began before `before_us` and has had none.
    fn announce_open(&self, batch: &mut Batch, (trace_id, before_us): (TraceId, i64)) {
        self.segments.each_open(self, &mut |open, known| {
            if open.waits(before_us) {
                if !self.segments.settings.capture_error {
                    open.forget_causes();
                }
                open.announce(known, batch, trace_id);
            }
        });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
