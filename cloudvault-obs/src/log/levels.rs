//! Which events are written: the process's level, and the invocations that log
//! more than that.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use tracing::{Level, level_filters::LevelFilter};

/// The level in force, which can change while the process runs.
#[derive(Debug)]
pub(crate) struct Levels {
    base: AtomicU8,
    /// Living invocations that log DEBUG. While there is one, callsites of that
    /// level are switched on and each event asks its own invocation.
    debugging: AtomicUsize,
    /// DEBUG events are rendered for the buffer.
    buffering: bool,
}

impl Levels {
    pub(crate) fn new(base: LevelFilter, buffering: bool) -> Self {
        Self {
            base: AtomicU8::new(number(base)),
            debugging: AtomicUsize::new(0),
            buffering,
        }
    }

    /// Whether every invocation writes events as severe as this.
    #[inline]
    pub(crate) fn writes(&self, Severity(number): Severity) -> bool {
        number <= self.base.load(Ordering::Relaxed)
    }

    /// The least severe level that anybody may want.
    pub(crate) fn widest(&self) -> LevelFilter {
        let base = self.base();
        if self.buffering || self.debugging.load(Ordering::Relaxed) > 0 {
            base.max(LevelFilter::DEBUG)
        } else {
            base
        }
    }

    pub(crate) fn base(&self) -> LevelFilter {
        filter(self.base.load(Ordering::Relaxed))
    }

    pub(crate) fn set(&self, level: LevelFilter) {
        if self.base.swap(number(level), Ordering::Relaxed) != number(level) {
            tracing::callsite::rebuild_interest_cache();
        }
    }

    /// One more invocation logs DEBUG.
    pub(crate) fn arm(&self) {
        let first = self.debugging.fetch_add(1, Ordering::Relaxed) == 0;
        if first && !self.buffering && self.base() < LevelFilter::DEBUG {
            tracing::callsite::rebuild_interest_cache();
        }
    }

    /// One less.
    pub(crate) fn disarm(&self) {
        let last = self.debugging.fetch_sub(1, Ordering::Relaxed) == 1;
        if last && !self.buffering && self.base() < LevelFilter::DEBUG {
            tracing::callsite::rebuild_interest_cache();
        }
    }
}

/// A level as a number: 1 is the most severe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Severity(u8);

impl Severity {
    pub(crate) const DEBUG: Self = Self::of(Level::DEBUG);

    pub(crate) const fn of(level: Level) -> Self {
        Self(match level {
            Level::ERROR => 1,
            Level::WARN => 2,
            Level::INFO => 3,
            Level::DEBUG => 4,
            Level::TRACE => 5,
        })
    }
}

fn number(filter: LevelFilter) -> u8 {
    filter.into_level().map_or(0, |level| Severity::of(level).0)
}

fn filter(number: u8) -> LevelFilter {
    match number {
        0 => LevelFilter::OFF,
        1 => LevelFilter::ERROR,
        2 => LevelFilter::WARN,
        3 => LevelFilter::INFO,
        4 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    }
}
