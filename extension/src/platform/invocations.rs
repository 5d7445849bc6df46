//! What has been counted of which invocation.
//!
//! `platform.runtimeDone`, `platform.report` and SHUTDOWN's reason may all tell of
//! one failure, in any order, and the report usually comes while the next
//! invocation runs. Whoever is first counts.

use std::collections::VecDeque;

/// Invocations that are remembered: one runs at a time, or, on Managed Instances,
/// as many as the runtime takes at once.
const REMEMBERED: usize = 256;

/// What has been counted of one invocation.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Invocation {
    pub(super) request_id: String,
    /// How long the runtime took, once it was told.
    pub(super) runtime_ms: Option<f64>,
    /// Whether the runtime is done with it.
    pub(super) done: bool,
    /// Whether its report came.
    pub(super) reported: bool,
    pub(super) failed: bool,
    pub(super) timed_out: bool,
    pub(super) out_of_memory: bool,
}

/// The invocations that this process has been told of, oldest first.
#[derive(Debug, Default)]
pub(super) struct Invocations(VecDeque<Invocation>);

impl Invocations {
    /// Remembers an invocation; `true` when it is new.
    pub(super) fn announce(&mut self, request_id: &str) -> bool {
        if self.find(request_id).is_some() {
            return false;
        }
        if self.0.len() >= REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(Invocation {
            request_id: request_id.to_owned(),
            ..Invocation::default()
        });
        true
    }

    /// The invocation of that id, unless it is not known (any more).
    pub(super) fn find(&mut self, request_id: &str) -> Option<&mut Invocation> {
        // The one that is asked for is nearly always among the last.
        self.0
            .iter_mut()
            .rev()
            .find(|invocation| invocation.request_id == request_id)
    }

    /// How many are in the runtime's hands.
    pub(super) fn in_hand(&self) -> usize {
        self.0.iter().filter(|invocation| !invocation.done).count()
    }

    /// The last one, if the runtime still has it.
    pub(super) fn running(&mut self) -> Option<&mut Invocation> {
        self.0.back_mut().filter(|invocation| !invocation.done)
    }
}
