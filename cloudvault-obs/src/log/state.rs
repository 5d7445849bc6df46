//! What lines need of one invocation: its keys, its debug decision, its buffer.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU8, Ordering},
};

use cloudvault_obs_core::log::Members;

use super::{Kept, Shared};

/// The log's half of an invocation. Everything in it ends with the invocation.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) shared: Arc<Shared>,
    pub(crate) function_arn: String,
    /// Milliseconds since the epoch; 0 where none is known.
    pub(crate) deadline_ms: u64,
    debug: AtomicBool,
    has_keys: AtomicBool,
    keys: Mutex<Members>,
    pub(crate) kept: Kept,
    told: AtomicU8,
}

/// What is said, or happens, at most once an invocation.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(crate) enum Once {
    Panic = 1,
    Timeout = 2,
    Loop = 4,
    /// The handler's, whatever it is.
    Answer = 8,
}

impl State {
    /// `upstream` is the sender's debug decision, `random` decides where it made
    /// none.
    pub(crate) fn new(shared: &Arc<Shared>, upstream: Option<bool>, random: u64) -> Self {
        let state = Self {
            shared: Arc::clone(shared),
            function_arn: String::new(),
            deadline_ms: 0,
            debug: AtomicBool::new(false),
            has_keys: AtomicBool::new(false),
            keys: Mutex::default(),
            kept: Kept::default(),
            told: AtomicU8::new(0),
        };
        let sampled = (random as u32 as f64) < shared.settings.sample * 4_294_967_296.0;
        state.set_debug(upstream.unwrap_or(sampled));
        state
    }

    pub(crate) fn debug(&self) -> bool {
        self.debug.load(Ordering::Relaxed)
    }

    pub(crate) fn set_debug(&self, debug: bool) {
        match (self.debug.swap(debug, Ordering::Relaxed), debug) {
            (false, true) => self.shared.levels.arm(),
            (true, false) => self.shared.levels.disarm(),
            _ => {}
        }
    }

    /// Whether this is the first time it is asked.
    pub(crate) fn first(&self, what: Once) -> bool {
        self.told.fetch_or(what as u8, Ordering::Relaxed) & what as u8 == 0
    }

    pub(crate) fn was_told(&self, what: Once) -> bool {
        self.told.load(Ordering::Relaxed) & what as u8 != 0
    }

    #[inline]
    pub(crate) fn has_keys(&self) -> bool {
        self.has_keys.load(Ordering::Acquire)
    }

    pub(crate) fn with_keys(&self, with: impl FnOnce(&Members)) {
        with(&self.keys.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn change_keys<T>(&self, change: impl FnOnce(&mut Members) -> T) -> T {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut keys);
        self.has_keys.store(!keys.is_empty(), Ordering::Release);
        result
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.set_debug(false);
    }
}
