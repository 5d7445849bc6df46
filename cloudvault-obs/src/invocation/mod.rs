//! One invocation: what belongs to it alone, and how it begins and ends.
//!
//! Nothing here is a process global. The current invocation is a thread-local
//! that [`future::InvocationFuture`] sets for the length of each poll and puts
//! back after it, so that concurrent invocations in one process never see each
//! other; spans carry it on to tasks that are spawned in them.

mod request;
mod layer;
mod future;
mod handler;

pub(crate) use handler::HandlerService;
pub use layer::{Layer, ResponseLayer, Service};

use std::{cell::RefCell, sync::Arc};

use cloudvault_obs_core::{
    correlation::CorrelationId,
    lineage::Lineage,
    trace::{Sampled, SegmentId, TraceHeader},
};

use crate::{metric::Kept, segment::Trail};

/// What every span, line and outgoing message of one invocation shares.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) request_id: String,
    pub(crate) correlation_id: CorrelationId,
    /// The header that Lambda gave, with the function's facade as its parent.
    pub(crate) trace: Option<TraceHeader>,
    pub(crate) cold_start: bool,
    /// The functions that the request has passed, this one included.
    pub(crate) lineage: Lineage,
    /// Random: what makes this invocation's segment ids its own.
    nonce: u64,
    /// Its subsegments.
    pub(crate) trail: Trail,
    /// Points on their way to lines.
    pub(crate) points: Kept,
    /// Its keys, its debug decision, its buffer.
    pub(crate) log: crate::log::State,
}

impl Invocation {
    /// The header's trace when its documents are to be recorded: it is sampled,
    /// and there is somebody to send them to.
    pub(crate) fn sampled(&self) -> Option<(&TraceHeader, SegmentId)> {
        let trace = self
            .trace
            .as_ref()
            .filter(|trace| trace.sampled == Sampled::Yes)?;
        let parent = trace.parent?;
        self.trail
            .segments()
            .is_recording()
            .then_some((trace, parent))
    }

    /// What tells this function from others: its ARN, where one is known.
    pub(crate) fn function(&self) -> &str {
        &self.log.function_arn
    }

    /// Whether it writes DEBUG lines whatever the level; to be passed on to all
    /// that it calls.
    pub(crate) fn debug(&self) -> bool {
        self.log.debug()
    }

    /// The segment id of a span: the same whenever it is asked for, different
    /// for every span of every invocation.
    pub(crate) fn segment_id(&self, span: &tracing::span::Id) -> SegmentId {
        SegmentId::from_bits(mix(self.nonce.wrapping_add(span.into_u64())))
    }

    /// Ends the invocation and sends its subsegments.
    pub(crate) fn end(&self) {
        self.trail.end(self.sampled().map(|(trace, _)| trace.root));
    }
}

/// A bijection of 64 bits that scatters neighbours (splitmix64's finish).
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<Invocation>>> = const { RefCell::new(None) };
}

/// The invocation being polled on this thread.
pub(crate) fn current() -> Option<Arc<Invocation>> {
    CURRENT
        .try_with(|current| current.borrow().clone())
        .ok()
        .flatten()
}

/// Puts the former invocation back when it is dropped.
struct Entered(Option<Arc<Invocation>>);

fn enter(invocation: Arc<Invocation>) -> Entered {
    Entered(
        CURRENT
            .try_with(|current| current.borrow_mut().replace(invocation))
            .ok()
            .flatten(),
    )
}

impl Drop for Entered {
    fn drop(&mut self) {
        // Unreachable thread-locals mean that the thread is ending.
        let _ = CURRENT.try_with(|current| *current.borrow_mut() = self.0.take());
    }
}

#[cfg(test)]
mod tests;
