//! The one place that reads the clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// Microseconds since the epoch; a clock before 1970 reads as 0.
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub(crate) fn now_us() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
        })
}

/// Milliseconds since the epoch.
pub(crate) fn now_ms() -> i64 {
    now_us() / 1000
}
