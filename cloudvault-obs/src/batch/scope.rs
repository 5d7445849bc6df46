//! Which record is worked on: outgoing messages carry its id, not the batch's.
//!
//! Like the current invocation, this is a thread-local that holds for the length
//! of one poll or one call, and never longer.

use std::{cell::RefCell, sync::Arc};

use cloudvault_obs_core::{correlation::CorrelationId, lineage::Lineage};

use crate::{
    invocation::{self, Invocation},
    log::warn_of_loop,
};

/// A record's id and way, in the invocation that the record came with.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    invocation: Arc<Invocation>,
    id: CorrelationId,
    lineage: Lineage,
}

thread_local! {
    static RECORD: RefCell<Option<Scope>> = const { RefCell::new(None) };
}

impl Scope {
    /// `None` outside an invocation, where nothing is passed on.
    pub(super) fn new(id: CorrelationId, lineage: Option<Lineage>) -> Option<Self> {
        let invocation = invocation::current()?;
        let lineage = lineage.unwrap_or_default().through(invocation.function());
        warn_of_loop(&invocation, &lineage);
        Some(Self {
            invocation,
            id,
            lineage,
        })
    }

    pub(super) fn enter(&self) -> Entered {
        let scope = Some(self.clone());
        Entered(
            RECORD
                .try_with(|record| record.replace(scope))
                .ok()
                .flatten(),
        )
    }
}

/// Puts the former record back when it is dropped.
pub(super) struct Entered(Option<Scope>);

impl Drop for Entered {
    fn drop(&mut self) {
        // Unreachable thread-locals mean that the thread is ending.
        let _ = RECORD.try_with(|record| *record.borrow_mut() = self.0.take());
    }
}

/// The id and way of the record of `invocation` that is worked on, if one is.
pub(crate) fn current(invocation: &Arc<Invocation>) -> Option<(CorrelationId, Lineage)> {
    RECORD
        .try_with(|record| {
            let record = record.borrow();
            let scope = record.as_ref()?;
            Arc::ptr_eq(&scope.invocation, invocation)
                .then(|| (scope.id.clone(), scope.lineage.clone()))
        })
        .ok()
        .flatten()
}
