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
pub use layer::{Layer, Service};

use std::{
    cell::RefCell,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use cloudvault_obs_core::{
    correlation::CorrelationId,
    trace::{Sampled, SegmentId, TraceHeader},
};

/// What every span, line and outgoing message of one invocation shares.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) request_id: String,
    pub(crate) correlation_id: CorrelationId,
    /// The header that Lambda gave, with the function's facade as its parent.
    pub(crate) trace: Option<TraceHeader>,
    pub(crate) cold_start: bool,
    /// Random: what makes this invocation's segment ids its own.
    nonce: u64,
    /// Finished subsegments, each a whole datagram, until the invocation ends.
    outbox: Mutex<Vec<Vec<u8>>>,
    ended: AtomicBool,
}

impl Invocation {
    /// The header's trace when its documents are to be recorded.
    pub(crate) fn sampled(&self) -> Option<(&TraceHeader, SegmentId)> {
        let trace = self
            .trace
            .as_ref()
            .filter(|trace| trace.sampled == Sampled::Yes)?;
        Some((trace, trace.parent?))
    }

    /// The segment id of a span: the same whenever it is asked for, different
    /// for every span of every invocation.
    pub(crate) fn segment_id(&self, span: &tracing::span::Id) -> SegmentId {
        SegmentId::from_bits(mix(self.nonce.wrapping_add(span.into_u64())))
    }

    /// Keeps a datagram for the end of the invocation. Gives it back when the
    /// invocation has already ended: a task outlived it.
    pub(crate) fn post(&self, datagram: Vec<u8>) -> Result<(), Vec<u8>> {
        let mut outbox = self.outbox.lock().unwrap_or_else(PoisonError::into_inner);
        if self.ended.load(Ordering::Relaxed) {
            return Err(datagram);
        }
        outbox.push(datagram);
        Ok(())
    }

    /// Ends the invocation and hands over what it had kept.
    pub(crate) fn end(&self) -> Vec<Vec<u8>> {
        let mut outbox = self.outbox.lock().unwrap_or_else(PoisonError::into_inner);
        self.ended.store(true, Ordering::Relaxed);
        std::mem::take(&mut outbox)
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
