//! The rendered fields of an open span, in memory that its thread keeps.

use std::{
    cell::RefCell,
    ops::{Deref, DerefMut},
};

use cloudvault_obs_core::log::Members;

/// Memory of closed spans that a thread keeps for the next ones.
const SPARE: usize = 16;
/// Memory that one huge span has grown is given back.
const KEEP: usize = 16 * 1024;

thread_local! {
    static MEMBERS: RefCell<Vec<Members>> = const { RefCell::new(Vec::new()) };
}

/// The members of one span and of those above it. Copied, not shared: a copy into
/// memory that is there costs less than counting references.
pub(super) struct Rendered(Members);

impl Default for Rendered {
    fn default() -> Self {
        let spare = MEMBERS.try_with(|spare| spare.try_borrow_mut().ok()?.pop());
        Self(spare.ok().flatten().unwrap_or_default())
    }
}

impl Rendered {
    /// What a span below one with these members begins with.
    pub(super) fn below(members: &Members) -> Self {
        let mut below = Self::default();
        below.0.clone_from(members);
        below.0.mark();
        below
    }
}

impl Drop for Rendered {
    fn drop(&mut self) {
        if self.0.capacity() > KEEP {
            return;
        }
        let mut members = std::mem::take(&mut self.0);
        members.clear();
        let _ = MEMBERS.try_with(|spare| {
            if let Ok(mut spare) = spare.try_borrow_mut()
                && spare.len() < SPARE
            {
                spare.push(members);
            }
        });
    }
}

impl Deref for Rendered {
    type Target = Members;

    fn deref(&self) -> &Members {
        &self.0
    }
}

impl DerefMut for Rendered {
    fn deref_mut(&mut self) -> &mut Members {
        &mut self.0
    }
}
