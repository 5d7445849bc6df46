//! Sending what is pending until it is all settled or the time is up.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::{Jitter, Pending};
use crate::{
    cloudwatch::{Class, Put, PutError},
    config::OnTimeout,
    tally::Tally,
};

/// One try takes at most this long: within a budget of two seconds a connection
/// that hangs leaves room for another.
const ATTEMPT: Duration = Duration::from_secs(1);

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
}

/// What to do next.
enum Next {
    Go,
    Wait,
    Stop,
}

impl Delivery<'_> {
    /// Delivers for at most `budget`. What is not settled then stays pending.
    pub async fn run(&mut self, put: &impl Put, budget: Duration) -> Trouble {
        let until = Instant::now() + budget;
        let mut trouble = Trouble::default();
        let mut failures = 0;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Some(batch) = self.pending.front() else {
                break;
            };
            if left.is_zero() {
                break;
            }
            self.tally.put_requests += 1;
            let result = match timeout(left.min(ATTEMPT), put.put(batch)).await {
                Ok(result) => result,
                Err(_) => Err(PutError {
                    class: Class::Unconfirmed,
                    code: "NoAnswer".into(),
                    message: "CloudWatch did not answer in time".into(),
                }),
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
                    sleep(wait).await;
                }
            }
        }
        trouble
    }

    fn judge(&mut self, result: Result<(), PutError>, trouble: &mut Trouble) -> Next {
        let Err(error) = result else {
            self.tally.delivered += self.pending.settle().map_or(0, |batch| batch.points());
            trouble.failed = None;
            return Next::Go;
        };
        self.tally.put_errors += 1;
        match error.class {
            Class::Transient => {
                trouble.failed = Some(error);
                Next::Wait
            }
            Class::Denied => {
                trouble.failed = Some(error);
                Next::Stop
            }
            Class::Unconfirmed => {
                self.tally.put_unconfirmed += 1;
                match self.on_timeout {
                    OnTimeout::Retry => {
                        trouble.failed = Some(error);
                        Next::Wait
                    }
                    OnTimeout::Drop => {
                        let points = self.pending.settle().map_or(0, |batch| batch.points());
                        self.tally.dropped.unconfirmed += points;
                        trouble.drop_points(points, error);
                        Next::Wait
                    }
                }
            }
            Class::Unacceptable => {
                self.single_out(error, trouble);
                Next::Go
            }
        }
    }

    /// One bad datum must not cost its neighbours: halve the request until it
    /// stands alone, and drop only that.
    fn single_out(&mut self, error: PutError, trouble: &mut Trouble) {
        let Some(batch) = self.pending.settle() else {
            return;
        };
        match batch.halve() {
            Ok((first, second)) => {
                self.pending.push_front(second);
                self.pending.push_front(first);
            }
            Err(batch) => {
                self.tally.dropped.refused += batch.points();
                trouble.drop_points(batch.points(), error);
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
