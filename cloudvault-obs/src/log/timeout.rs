//! Speaking up before Lambda ends an invocation that takes too long.
//!
//! Lambda kills the process at the deadline, and with it every line that was
//! still kept. A timer inside the invocation's own future fires a little
//! earlier. It needs neither thread nor task; in exchange a handler that blocks
//! its thread without ever awaiting cannot be warned.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::Context,
    time::Duration,
};

use tokio::time::Sleep;

use super::{Once, panic};
use crate::{clock, invocation::Invocation};

/// Lines of this target write the invocation's kept lines before themselves.
pub(crate) const TARGET: &str = "cloudvault_obs::timeout";

/// Waits for the moment before the deadline.
#[derive(Debug, Default)]
pub(crate) enum Guard {
    /// The handler has not waited yet. Unset => (Waiting | Over).
    #[default]
    Unset,
    /// Waiting => (Over).
    Waiting(Pin<Box<Sleep>>),
    /// The warning is given, or can never be: there is no deadline, or the
    /// runtime has no timer.
    Over,
}

impl Guard {
    /// Warns once when the moment has come; to be asked inside the invocation,
    /// whenever it waits. A handler that answers without waiting needs no timer,
    /// nor does the response on its way: setting one wakes the runtime up.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, invocation: &Invocation) {
        if matches!(self, Self::Unset) && !invocation.log.was_told(Once::Answer) {
            *self = Self::begin(invocation);
        }
        if let Self::Waiting(timer) = self
            && timer.as_mut().poll(cx).is_ready()
        {
            *self = Self::Over;
            warn(invocation);
        }
    }

    fn begin(invocation: &Invocation) -> Self {
        let log = &invocation.log;
        let margin = log.shared.settings.margin;
        margin
            .and_then(|margin| wait(log.deadline_ms, clock::now_ms(), margin))
            .and_then(sleep)
            .map_or(Self::Over, Self::Waiting)
    }
}

fn warn(invocation: &Invocation) {
    let now = u64::try_from(clock::now_ms()).unwrap_or(0);
    if invocation.log.first(Once::Timeout) {
        tracing::warn!(
            target: TARGET,
            remaining_ms = invocation.log.deadline_ms.saturating_sub(now),
            "the invocation is about to time out"
        );
    }
}

/// How long to wait: up to `margin` before the deadline, of a short invocation a
/// quarter.
fn wait(deadline_ms: u64, now_ms: i64, margin: Duration) -> Option<Duration> {
    let left = deadline_ms.checked_sub(u64::try_from(now_ms).ok()?)?;
    let left = Duration::from_millis(left);
    (!left.is_zero()).then(|| left - margin.min(left / 4))
}

/// A runtime without timers panics when one is made. That is its owner's choice
/// and no reason to fail the handler, nor to say so on every invocation.
fn sleep(wait: Duration) -> Option<Pin<Box<Sleep>>> {
    tokio::runtime::Handle::try_current().ok()?;
    let _quiet = panic::Quiet::enter();
    catch_unwind(AssertUnwindSafe(|| Box::pin(tokio::time::sleep(wait)))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_margin_shrinks_for_short_invocations() {
        let ms = Duration::from_millis;
        for (deadline, now, expect) in [
            (10_000, 0, Some(ms(9_500))),
            (1_000, 0, Some(ms(750))),
            (1_000, 1_000, None),
            (0, 1_000, None),
        ] {
            assert_eq!(wait(deadline, now, ms(500)), expect);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_timer_is_made_where_the_runtime_has_one() {
        assert!(sleep(Duration::from_millis(1)).is_some());
    }

    #[test]
    fn a_runtime_without_timers_gives_an_idle_guard() {
        assert!(sleep(Duration::from_millis(1)).is_none());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        assert!(
            runtime
                .block_on(async { sleep(Duration::from_millis(1)) })
                .is_none()
        );
    }
}
