//! How long a flush may take.

use std::time::Duration;

/// Lambda kills an extension 2 s after SHUTDOWN; what is left over is for
/// writing what could not be delivered, and for leaving.
const SHUTDOWN: Duration = Duration::from_millis(1500);
/// Where no deadline is known: a SHUTDOWN that comes meanwhile has to find the
/// flush nearly done.
const BETWEEN: Duration = Duration::from_secs(1);

/// The two bounds that the configuration sets.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// The longest a flush may take.
    pub longest: Duration,
    /// What is kept free before a deadline.
    pub margin: Duration,
}

impl Budget {
    /// Time until the margin before `deadline_ms` begins; zero when it has. An
    /// emulator that knows no deadline says 0: then there is the longest time.
    #[must_use]
    pub fn until(self, deadline_ms: i64, now_ms: i64) -> Duration {
        if deadline_ms <= 0 {
            return self.longest;
        }
        let left = u64::try_from(deadline_ms.saturating_sub(now_ms)).unwrap_or(0);
        Duration::from_millis(left).saturating_sub(self.margin)
    }

    /// For a flush within an invocation.
    #[must_use]
    pub fn invocation(self, deadline_ms: i64, now_ms: i64) -> Duration {
        self.longest.min(self.until(deadline_ms, now_ms))
    }

    /// For the last flush.
    #[must_use]
    pub fn shutdown(self, deadline_ms: i64, now_ms: i64) -> Duration {
        SHUTDOWN.min(self.until(deadline_ms, now_ms))
    }

    /// For a flush between invocations.
    #[must_use]
    pub fn between(self) -> Duration {
        self.longest.min(BETWEEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deadline_bounds_what_is_configured() {
        let budget = Budget {
            longest: Duration::from_secs(2),
            margin: Duration::from_millis(200),
        };
        let check = |deadline, expect| {
            assert_eq!(
                budget.invocation(deadline, 1000),
                Duration::from_millis(expect)
            );
        };
        check(61_000, 2000);
        check(2000, 800);
        check(1200, 0);
        check(1, 0);
        check(0, 2000);
        check(i64::MIN, 2000);
        assert_eq!(budget.shutdown(3000, 1000), SHUTDOWN);
    }
}
