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

/// The second that it is by the kernel's last tick, in milliseconds since the epoch,
/// for what is counted by the second at the finest. The kernel keeps it in a word of
/// its own, which costs less than any other way to ask for the time.
#[inline]
#[cfg(all(target_env = "gnu", target_pointer_width = "64"))]
pub(crate) fn second_ms() -> i64 {
    #[expect(
        unsafe_code,
        reason = "a call for every point, which has no other name"
    )]
    // SAFETY: where no place is given to store the time in, it is returned alone.
    let now = unsafe { libc::time(std::ptr::null_mut()) };
    now * 1000
}

/// The same where `time` reads the exact clock, as musl's does.
#[inline]
#[cfg(not(all(target_env = "gnu", target_pointer_width = "64")))]
pub(crate) fn second_ms() -> i64 {
    rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse).tv_sec * 1000
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
