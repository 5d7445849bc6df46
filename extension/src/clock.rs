//! The one place where time enters.
//!
//! Deadlines and timestamps come as milliseconds since the epoch, so by a clock
//! that may step. How long something took is told by one that may not, and that
//! stands still while the environment is frozen. A [`Moment`] has both. Waiting
//! is done on tokio's own clock, so that tests can pause it.

use std::{sync::OnceLock, time::Instant};

/// One reading of both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    /// Milliseconds since the epoch; may step back and forward.
    pub wall_ms: i64,
    /// Milliseconds since some start; never goes back.
    pub mono_ms: i64,
}

/// The clocks may differ by so much through reading one after the other, and
/// through slewing.
const JITTER_MS: i64 = 1000;

impl Moment {
    /// A moment at which both clocks read the same, for tests.
    #[must_use]
    pub const fn at(ms: i64) -> Self {
        Self {
            wall_ms: ms,
            mono_ms: ms,
        }
    }

    /// Milliseconds since `then`, by the clock that went further: the one that
    /// was neither stopped nor set back.
    #[must_use]
    pub fn since(self, then: Self) -> i64 {
        let wall = self.wall_ms.saturating_sub(then.wall_ms);
        let mono = self.mono_ms.saturating_sub(then.mono_ms);
        wall.max(mono).max(0)
    }

    /// Whether the clocks went apart since `then`: the environment was frozen, or
    /// the wall clock stepped.
    #[must_use]
    pub fn leapt(self, then: Self) -> bool {
        let wall = self.wall_ms.saturating_sub(then.wall_ms);
        let mono = self.mono_ms.saturating_sub(then.mono_ms);
        wall.abs_diff(mono) > JITTER_MS.unsigned_abs()
    }
}

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Both clocks.
    fn now(&self) -> Moment;

    /// Milliseconds since the epoch.
    fn now_ms(&self) -> i64 {
        self.now().wall_ms
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// When the clock was first asked.
static START: OnceLock<Instant> = OnceLock::new();

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that others are handed"
    )]
    fn now(&self) -> Moment {
        let wall = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        let mono = START.get_or_init(Instant::now).elapsed();
        let ms = |time: std::time::Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        Moment {
            wall_ms: ms(wall),
            mono_ms: ms(mono),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_that_went_further_counts() {
        let then = Moment::at(10_000);
        let check = |wall_ms, mono_ms, since, leapt| {
            let now = Moment { wall_ms, mono_ms };
            assert_eq!(
                (now.since(then), now.leapt(then)),
                (since, leapt),
                "{now:?}"
            );
        };
        check(12_000, 12_000, 2000, false);
        // Frozen for a minute.
        check(72_000, 12_000, 62_000, true);
        // Set back by five seconds, and forward.
        check(7000, 12_000, 2000, true);
        check(17_000, 12_000, 7000, true);
        check(i64::MIN, 10_000, 0, true);
    }
}
