//! The breaker: an outage of CloudWatch is not paid for at every invocation.
//!
//! Lambda bills the time that a flush takes. After a few flushes in a row that
//! ended in failure, none is tried for a while; the points wait in the journal.

use super::Jitter;
use crate::clock::Moment;

/// Failed flushes in a row before flushes are skipped.
const PATIENCE: u32 = 3;
const FIRST_MS: u64 = 1_000;
const LONGEST_MS: u64 = 60_000;

/// Whether a flush is worth trying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breaker {
    /// Flushes are tried => (Closed | Open).
    Closed {
        /// Failures in a row.
        failures: u32,
    },
    /// None is tried for `wait_ms` from `since`; the first one after it decides
    /// => (Closed | Open). Either clock may tell that the time is over: one stands
    /// still in a freeze, the other may be set back.
    Open {
        /// When it opened.
        since: Moment,
        /// For how long.
        wait_ms: i64,
        /// How often it opened in a row.
        times: u32,
    },
}

impl Default for Breaker {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Breaker {
    /// Whether to try.
    #[must_use]
    pub fn allows(self, now: Moment) -> bool {
        match self {
            Self::Closed { .. } => true,
            Self::Open { since, wait_ms, .. } => now.since(since) >= wait_ms,
        }
    }

    /// Whether the last flush failed.
    #[must_use]
    pub fn is_troubled(self) -> bool {
        self != Self::default()
    }

    /// The flush delivered what it had.
    pub fn succeed(&mut self) {
        *self = Self::default();
    }

    /// The flush left points behind because CloudWatch failed.
    pub fn fail(&mut self, now: Moment, jitter: &mut Jitter) {
        let times = match *self {
            Self::Closed { failures } if failures + 1 < PATIENCE => {
                *self = Self::Closed {
                    failures: failures + 1,
                };
                return;
            }
            Self::Closed { .. } => 1,
            Self::Open { times, .. } => times.saturating_add(1),
        };
        // Half of the wait is certain, half is chance.
        let longest = FIRST_MS
            .saturating_mul(1 << (times - 1).min(16))
            .min(LONGEST_MS);
        let wait = longest / 2 + jitter.below(longest / 2);
        *self = Self::Open {
            since: now,
            wait_ms: i64::try_from(wait).unwrap_or(i64::MAX),
            times,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_failures_open_it_for_longer_and_longer_and_one_success_closes_it() {
        let (mut breaker, mut jitter) = (Breaker::default(), Jitter::new(1));
        let start = Moment::at(0);
        breaker.fail(start, &mut jitter);
        breaker.fail(start, &mut jitter);
        assert!(breaker.allows(start));
        let mut waits = Vec::new();
        for _ in 0..9 {
            breaker.fail(start, &mut jitter);
            assert!(!breaker.allows(start));
            let Breaker::Open { wait_ms, .. } = breaker else {
                panic!("{breaker:?}")
            };
            assert!(breaker.allows(Moment::at(wait_ms)));
            waits.push(wait_ms);
        }
        assert!((500..=1000).contains(&waits[0]) && (1000..=2000).contains(&waits[1]));
        assert!(
            waits[8] >= 30_000 && waits.iter().all(|&wait| wait <= 60_000),
            "{waits:?}"
        );
        breaker.succeed();
        breaker.fail(start, &mut jitter);
        assert!(breaker.allows(start));
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_hold_it_open() {
        let (mut breaker, mut jitter) = (Breaker::default(), Jitter::new(1));
        (0..3).for_each(|_| breaker.fail(Moment::at(1_000_000), &mut jitter));
        let later = Moment {
            wall_ms: -3_600_000,
            mono_ms: 1_001_000,
        };
        assert!(breaker.allows(later));
    }
}
