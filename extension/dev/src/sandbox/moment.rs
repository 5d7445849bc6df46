//! Points in time: the account's clock for the calendar, a monotonic one for durations.
//!
//! Lambda writes RFC 3339 in UTC with milliseconds everywhere.

use std::time::{Duration, Instant};

use obs_cloudwatch::time::civil;

use crate::Clock;

/// A point in time that knows both the wall clock and the monotonic clock.
///
/// Wall time has millisecond steps; adding what the monotonic clock measured gives a trace
/// its microseconds, and a clock that is set back cannot make a duration negative.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// Milliseconds since the epoch.
    pub(crate) ms: i64,
    /// The same point on the monotonic clock.
    pub(crate) instant: Instant,
}

impl Moment {
    /// Now, by the clock given.
    pub(crate) fn now(clock: &dyn Clock) -> Moment {
        Moment {
            ms: clock.now_ms(),
            instant: Instant::now(),
        }
    }

    /// Seconds since the epoch, as segment documents count.
    pub(crate) fn seconds(&self) -> f64 {
        self.ms as f64 / 1000.0
    }

    /// Seconds since the epoch, `later` after this point.
    pub(crate) fn seconds_after(&self, later: Duration) -> f64 {
        self.seconds() + later.as_secs_f64()
    }

    /// RFC 3339 in UTC with milliseconds.
    pub(crate) fn rfc3339(&self) -> String {
        rfc3339(self.ms)
    }
}

/// A duration in milliseconds, rounded to microseconds as Lambda's reports are.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}

/// `2025-01-29T09:30:00.250Z` for milliseconds since the epoch.
pub(crate) fn rfc3339(ms: i64) -> String {
    let c = civil(ms);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        c.year, c.month, c.day, c.hour, c.minute, c.second, c.millisecond
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_written_as_lambda_writes_them() {
        let check = |ms: i64, expect: &str| assert_eq!(rfc3339(ms), expect);
        check(0, "1970-01-01T00:00:00.000Z");
        check(951_782_400_000, "2000-02-29T00:00:00.000Z");
        check(1_738_143_000_250, "2025-01-29T09:30:00.250Z");
        check(1_795_404_658_826, "2026-11-23T03:30:58.826Z");
        check(-1, "1969-12-31T23:59:59.999Z");
        check(4_102_444_799_999, "2099-12-31T23:59:59.999Z");
    }
}
