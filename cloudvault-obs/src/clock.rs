//! The one place that reads the clock.

use std::time::Instant;
#[cfg(feature = "otel")]
use std::time::SystemTime;

/// Microseconds since the epoch; a clock before 1970 reads as 0. Two of them are
/// read for every span, so the kernel's numbers are taken as they are.
#[inline]
pub(crate) fn now_us() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
    (now.tv_sec * 1_000_000 + now.tv_nsec / 1000).max(0)
}

/// Milliseconds since the epoch as of the kernel's last tick, at most 10 ms ago:
/// a fifth of the price of the exact time, for what is counted by the minute or
/// the second.
#[inline]
pub(crate) fn coarse_ms() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
    // Less than a second, so that a multiplication does for the division.
    now.tv_sec * 1000 + i64::from(now.tv_nsec as u32 / 1_000_000)
}

/// The time, as signing takes it.
#[cfg(feature = "otel")]
#[expect(clippy::disallowed_methods, reason = "this is the clock")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

/// A time that never goes back, to wait until.
pub(crate) fn instant() -> Instant {
    Instant::now()
}

/// Milliseconds since the epoch.
pub(crate) fn now_ms() -> i64 {
    now_us() / 1000
}
