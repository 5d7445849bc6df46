//! The breaker: an outage of CloudWatch is not paid for at every invocation.
//!
//! Lambda bills the time that a flush takes. After a few flushes in a row that
//! ended in failure, none is tried for a while; the points wait in the journal.

use super::Jitter;

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
    /// None is tried before `until_ms`; the first one after it decides =>
    /// (Closed | Open).
    Open {
        /// Milliseconds since the epoch.
        until_ms: i64,
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
    pub fn allows(self, now_ms: i64) -> bool {
        match self {
            Self::Closed { .. } => true,
            Self::Open { until_ms, .. } => now_ms >= until_ms,
        }
    }

    /// The flush delivered what it had.
    pub fn succeed(&mut self) {
        *self = Self::default();
    }

    /// The flush left points behind because CloudWatch failed.
    pub fn fail(&mut self, now_ms: i64, jitter: &mut Jitter) {
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
            until_ms: now_ms.saturating_add_unsigned(wait),
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
        breaker.fail(0, &mut jitter);
        breaker.fail(0, &mut jitter);
        assert!(breaker.allows(0));
        let mut waits = Vec::new();
        for _ in 0..9 {
            breaker.fail(0, &mut jitter);
            assert!(!breaker.allows(0));
            let Breaker::Open { until_ms, .. } = breaker else {
                panic!("{breaker:?}")
            };
            assert!(breaker.allows(until_ms));
            waits.push(until_ms);
        }
        assert!((500..=1000).contains(&waits[0]) && (1000..=2000).contains(&waits[1]));
        assert!(
            waits[8] >= 30_000 && waits.iter().all(|&wait| wait <= 60_000),
            "{waits:?}"
        );
        breaker.succeed();
        breaker.fail(0, &mut jitter);
        assert!(breaker.allows(0));
    }
}
