//! How long a flush may take: min(configured, deadline - now - margin).

use std::time::Duration;

use crate::clock::Moment;

/// Lambda kills an extension 2 s after SHUTDOWN; what is left over is for
/// writing what could not be delivered, and for leaving.
const SHUTDOWN: Duration = Duration::from_millis(1500);
/// What Lambda gives external extensions to shut down, in milliseconds.
const GIVEN_MS: i64 = 2_000;
/// Where no deadline is known: a SHUTDOWN that comes meanwhile has to find the
/// flush nearly done.
const BETWEEN: Duration = Duration::from_secs(1);

/// When everything has to be over. Lambda tells it by the wall clock; it is kept
/// by both, so that a clock that is set back meanwhile gives no time that is not
/// there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// None where an emulator knows no deadline and says 0.
    at: Option<Moment>,
}

impl Deadline {
    /// The deadline that an event told at `now`.
    #[must_use]
    pub fn told(deadline_ms: i64, now: Moment) -> Self {
        let left = deadline_ms.saturating_sub(now.wall_ms);
        let at = Moment {
            wall_ms: deadline_ms,
            mono_ms: now.mono_ms.saturating_add(left),
        };
        Self {
            at: (deadline_ms > 0).then_some(at),
        }
    }

    /// The deadline that SHUTDOWN told at `now`. Lambda gives 2 s, so an event that
    /// was just heard and leaves no time, or more, was told by another clock than
    /// this one shows (it was set meanwhile): then it is 2 s from now.
    #[must_use]
    pub fn of_shutdown(deadline_ms: i64, now: Moment) -> Self {
        let left = deadline_ms.saturating_sub(now.wall_ms);
        let given = if (1..=GIVEN_MS).contains(&left) {
            left
        } else {
            GIVEN_MS
        };
        Self::told(now.wall_ms.saturating_add(given), now)
    }

    /// Time left by the clock that says less; none where there is no deadline.
    #[must_use]
    pub fn left(self, now: Moment) -> Option<Duration> {
        let at = self.at?;
        let wall = at.wall_ms.saturating_sub(now.wall_ms);
        let mono = at.mono_ms.saturating_sub(now.mono_ms);
        let left = u64::try_from(wall.min(mono)).unwrap_or(0);
        Some(Duration::from_millis(left))
    }
}

/// The two bounds that the configuration sets.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// The longest a flush may take.
    pub longest: Duration,
    /// What is kept free before a deadline.
    pub margin: Duration,
}

impl Budget {
    /// Time until the margin before the deadline begins; zero when it has. Where
    /// there is no deadline, the longest time.
    #[must_use]
    pub fn until(self, deadline: Deadline, now: Moment) -> Duration {
        let left = deadline.left(now);
        left.map_or(self.longest, |left| left.saturating_sub(self.margin))
    }

    /// For a flush within an invocation.
    #[must_use]
    pub fn invocation(self, deadline: Deadline, now: Moment) -> Duration {
        self.longest.min(self.until(deadline, now))
    }

    /// For the last flush: a quarter of the time is for writing down what could
    /// not be delivered.
    #[must_use]
    pub fn shutdown(self, deadline: Deadline, now: Moment) -> Duration {
        SHUTDOWN.min(self.until(deadline, now) * 3 / 4)
    }

    /// For a flush between invocations.
    #[must_use]
    pub fn between(self) -> Duration {
        self.longest.min(BETWEEN)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BUDGET: Budget = Budget {
        longest: Duration::from_secs(2),
        margin: Duration::from_millis(200),
    };

    #[test]
    fn the_deadline_bounds_what_is_configured() {
        let now = Moment::at(1000);
        let check = |deadline, expect| {
            assert_eq!(
                BUDGET.invocation(Deadline::told(deadline, now), now),
                Duration::from_millis(expect)
            );
        };
        check(61_000, 2000);
        check(2000, 800);
        check(1200, 0);
        check(1, 0);
        check(0, 2000);
        check(i64::MIN, 2000);
    }

    #[test]
    fn shutdown_has_its_two_seconds_whatever_the_clock_was_set_to() {
        let now = Moment::at(2_000_000);
        let shutdown = |left| {
            let deadline = Deadline::of_shutdown(now.wall_ms + left, now);
            BUDGET.shutdown(deadline, now).as_millis()
        };
        assert_eq!(shutdown(2000), 1350);
        assert_eq!(shutdown(600), 300);
        // Set forward or back by half an hour.
        assert_eq!(shutdown(2000 - 1_800_000), 1350);
        assert_eq!(shutdown(2000 + 1_800_000), 1350);
        assert_eq!(shutdown(0), 1350);
    }

    proptest! {
        /// Whatever the wall clock does meanwhile.
        #[test]
        fn no_flush_is_given_time_beyond_the_margin(
            given in 0..100_000i64, passed in 0..100_000i64, step in -10_000_000..10_000_000i64,
        ) {
            let then = Moment::at(20_000_000);
            let deadline = Deadline::told(then.wall_ms + given, then);
            let now = Moment {
                wall_ms: then.wall_ms + passed + step,
                mono_ms: then.mono_ms + passed,
            };
            for budget in [BUDGET.invocation(deadline, now), BUDGET.shutdown(deadline, now)] {
                let end = passed + budget.as_millis() as i64;
                prop_assert!(budget.is_zero() || end <= given - 200, "{}", end);
            }
        }
    }
}
