//! The last transition of a composite, kept until its actions may run.

use crate::alarm::State;

use super::suppress::{Outcome, Suppression, SuppressionConfig};

/// A [`Suppression`] together with what is to be acted on: `T` is whatever the caller
/// needs for that.
#[derive(Debug, Clone)]
pub struct Held<T> {
    suppression: Suppression,
    last: Option<(State, T)>,
}

impl<T: Clone> Held<T> {
    /// Nothing is held; the suppressor is in this state.
    pub fn new(config: SuppressionConfig, suppressor: State) -> Self {
        Self {
            suppression: Suppression::new(config, suppressor),
            last: None,
        }
    }

    /// The suppressor is in this state at this time. Gives the transition whose actions
    /// may run now. To be told whenever time has passed, too: see [`Held::until`].
    pub fn suppressor_seen(&mut self, suppressor: State, now_ms: i64) -> Option<T> {
        match self.suppression.suppressor_changed(suppressor, now_ms) {
            Outcome::Act(_) => self.last.as_ref().map(|(_, what)| what.clone()),
            Outcome::Wait(_) | Outcome::Suppressed | Outcome::Idle => None,
        }
    }

    /// The composite went into another state. Gives the transition whose actions may run
    /// now: this one, or the one before, when it was due first.
    pub fn changed(&mut self, state: State, transition: T, now_ms: i64) -> Option<T> {
        let before = self.last.replace((state, transition));
        let outcome = self.suppression.composite_changed(state, now_ms);
        let due = |held: &&(State, T)| outcome == Outcome::Act(held.0);
        let held = self.last.as_ref().filter(due);
        held.or(before.as_ref().filter(due))
            .map(|(_, what)| what.clone())
    }

    /// When a wait ends, milliseconds since 1970: the time to look again.
    pub fn until(&self) -> Option<i64> {
        self.suppression.until()
    }
}
