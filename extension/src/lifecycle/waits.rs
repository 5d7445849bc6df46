//! What the loop waits for, beside signals.

use std::time::Duration;

use tokio::time::{Instant, Interval, sleep, sleep_until};

use super::{Api, ApiError, Event};
use crate::intake::Writing;

/// How soon it is seen that the process which should ring is gone, and how long
/// a ring may run ahead of its invocation's event.
pub(super) const LOOK: Duration = Duration::from_millis(50);
/// Failed calls of `/event/next` in a row before the API counts as gone.
const MOST_FAILURES: u32 = 10;

/// Waits until no library is attached any more.
pub(super) async fn gone(writing: &Writing) {
    while writing.is_held() {
        sleep(LOOK).await;
    }
}

/// Waits for a time, if there is one.
pub(super) async fn at(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// `/event/next`, tried again when it fails: an extension that leaves takes the
/// environment with it.
pub(super) async fn next(api: &Api) -> Result<Event, ApiError> {
    let mut failures = 0;
    loop {
        let error = match api.next().await {
            Ok(event) => return Ok(event),
            Err(error) => error,
        };
        failures += 1;
        if failures == MOST_FAILURES {
            return Err(error);
        }
        sleep(Duration::from_millis(20 << failures)).await;
    }
}

/// Waits for the timer's next tick, if there is one.
pub(super) async fn tick(timer: Option<&mut Interval>) {
    match timer {
        Some(timer) => {
            timer.tick().await;
        }
        None => std::future::pending().await,
    }
}
