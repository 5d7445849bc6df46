//! Sending what is pending until it is all settled or the time is up.

use std::{cell::Cell, time::Duration};

use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout},
};

use super::{Jitter, Pending};
use crate::{
    cloudwatch::{Class, Put, PutError},
    config::OnTimeout,
    tally::Tally,
};

/// One try takes at most this long: within a budget of two seconds a connection
/// that hangs leaves room for another.
pub(crate) const ATTEMPT: Duration = Duration::from_secs(1);
/// A request that is under way when a flush is asked to stop is given this long.
pub(crate) const GRACE: Duration = Duration::from_millis(300);

/// A request keeps to its limit by itself, and knows then how far it came. One that
/// does not is given up so much later: at the same moment the two clocks would race,
/// and an answer that is there would be called none.
const SLACK: Duration = Duration::from_millis(20);

/// Sends pending batches in order.
#[derive(Debug)]
pub struct Delivery<'a> {
    /// What is to be sent.
    pub pending: &'a mut Pending,
    /// Counts what became of it.
    pub tally: &'a mut Tally,
    /// Waits between tries.
    pub jitter: &'a mut Jitter,
    /// What becomes of a request that got no answer.
    pub on_timeout: OnTimeout,
    /// When this began, milliseconds since the epoch.
    pub now_ms: i64,
}

/// Asks a flush to end early: an event came that matters more.
#[derive(Debug, Default)]
pub struct Stop {
    asked: Cell<bool>,
    notify: Notify,
}

impl Stop {
    /// Asks. The request under way is given a moment, no further one is begun.
    pub fn ask(&self) {
        self.asked.set(true);
        self.notify.notify_one();
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.asked.get()
    }

    pub(crate) async fn asked(&self) {
        if !self.asked.get() {
            self.notify.notified().await;
        }
    }
}

/// What went wrong on the way, to be told once a flush.
#[derive(Debug, Default)]
pub struct Trouble {
    /// The last failure that left points pending.
    pub failed: Option<PutError>,
    /// The first failure that dropped some.
    pub dropped: Option<PutError>,
    /// Points dropped in this flush.
    pub points_dropped: u64,
    /// The last failure that left segments waiting.
    pub segments: Option<PutError>,
}

/// What to do next.
enum Next {
    Go,
    Wait,
    Stop,
}

impl Delivery<'_> {
    /// Delivers for at most `budget`. What is not settled then stays pending.
    pub async fn run(&mut self, put: &impl Put, budget: Duration, stop: &Stop) -> Trouble {
        let until = Instant::now() + budget;
        let mut trouble = Trouble::default();
        let mut failures = 0;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || stop.is_asked() {
                break;
            }
            let Some(result) = self.attempt(put, left.min(ATTEMPT), stop).await else {
                break;
            };
            match self.judge(result, &mut trouble) {
                Next::Go => failures = 0,
                Next::Stop => break,
                Next::Wait => {
                    failures += 1;
                    let wait = self.jitter.wait(failures);
                    // A wait that outlasts the budget only burns billed time.
                    if wait >= until.saturating_duration_since(Instant::now()) {
                        break;
                    }
                    tokio::select! {
                        () = sleep(wait) => {}
                        () = stop.asked() => {}
                    }
                }
            }
        }
        trouble
    }

    /// One request; none when nothing is pending.
    async fn attempt(
        &mut self,
        put: &impl Put,
        limit: Duration,
        stop: &Stop,
    ) -> Option<Result<(), PutError>> {
        self.tally.ambiguous_retries += u64::from(self.pending.is_ambiguous());
        let batch = self.pending.front(self.now_ms)?;
        self.tally.put_requests += 1;
        let mut request = std::pin::pin!(put.put(batch, limit));
        let unanswered = || {
            Err(PutError {
                class: Class::Unconfirmed,
                code: "NoAnswer".into(),
                message: "CloudWatch did not answer in time".into(),
            })
        };
        let answer = tokio::select! {
            answer = timeout(limit + SLACK, &mut request) => answer,
            () = stop.asked() => timeout(limit.min(GRACE), &mut request).await,
        };
        Some(answer.unwrap_or_else(|_| unanswered()))
    }

    fn judge(&mut self, result: Result<(), PutError>, trouble: &mut Trouble) -> Next {
        let Err(error) = result else {
            self.tally.delivered += self.settle();
            trouble.failed = None;
            return Next::Go;
        };
        self.tally.put_failed(error.class);
        match error.class {
            Class::Throttled | Class::Transient => {
                trouble.failed = Some(error);
                Next::Wait
            }
            Class::Denied => {
                trouble.failed = Some(error);
                Next::Stop
            }
            Class::Unconfirmed => {
                match self.on_timeout {
                    OnTimeout::Retry => {
                        self.pending.doubt();
                        trouble.failed = Some(error);
                    }
                    OnTimeout::Drop => {
                        let points = self.settle();
                        self.tally.dropped.unconfirmed += points;
                        trouble.drop_points(points, error);
                    }
                }
                Next::Wait
            }
            Class::Unacceptable | Class::TooLarge => {
                self.single_out(error, trouble);
                Next::Go
            }
        }
    }

    /// Takes the first request out; gives its points.
    fn settle(&mut self) -> u64 {
        self.pending.settle().map_or(0, |batch| batch.points())
    }

    /// One bad datum must not cost its neighbours: halve the request until it
    /// stands alone, and drop only that. One that is too large is halved further.
    fn single_out(&mut self, error: PutError, trouble: &mut Trouble) {
        let Some(batch) = self.pending.front(self.now_ms).cloned() else {
            return;
        };
        let halves = match batch.halve() {
            Err(batch) if error.class == Class::TooLarge => batch.halve_values(),
            halves => halves,
        };
        match halves {
            Ok(halves) => self.pending.replace_front(halves),
            Err(_) => {
                let points = self.settle();
                self.tally.dropped.refused += points;
                trouble.drop_points(points, error);
            }
        }
    }
}

impl Trouble {
    fn drop_points(&mut self, points: u64, error: PutError) {
        self.points_dropped += points;
        self.dropped.get_or_insert(error);
    }
}
