//! What lines and spans within a span take over from it.

use std::sync::Arc;

use cloudvault_obs_core::{log::Members, trace::SegmentId};

use crate::invocation::{self, Invocation};

/// Memory that one huge span has grown is given back.
const KEEP: usize = 16 * 1024;

/// A span's rendered fields and its place in the trace. Copied, not shared: a copy
/// into memory that is there costs less than counting references.
#[derive(Default)]
pub(super) struct Context {
    /// The fields of the span and of those above it.
    pub(super) members: Members,
    pub(super) invocation: Option<Arc<Invocation>>,
    /// The span's own subsegment.
    pub(super) segment: Option<SegmentId>,
}

impl Context {
    /// Becomes what `other` is.
    pub(super) fn copy(&mut self, other: &Self) {
        self.members.clone_from(&other.members);
        self.invocation.clone_from(&other.invocation);
        self.segment = other.segment;
    }

    /// Becomes that of a span below one with the context `above`; answers the
    /// subsegment there.
    #[inline]
    pub(super) fn inherit(&mut self, above: &Self) -> Option<SegmentId> {
        self.members.clone_from(&above.members);
        self.members.mark();
        self.invocation.clone_from(&above.invocation);
        above.segment
    }

    /// Becomes what there is outside of spans. The memory is kept, unless it is much.
    #[inline]
    pub(super) fn leave(&mut self) {
        self.clear();
        self.invocation = invocation::current();
    }

    #[inline]
    pub(super) fn clear(&mut self) {
        if self.members.capacity() > KEEP {
            self.members = Members::default();
        }
        self.members.clear();
        (self.invocation, self.segment) = (None, None);
    }
}
