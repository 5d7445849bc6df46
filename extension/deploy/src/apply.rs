//! Makes the calls of a plan, wave by wave, and chooses nothing.
//!
//! There is no journal of what was done: a plan that stopped half-way is healed by
//! the next one, which reads the account anew.

use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::account::{AccountError, Writes};
use crate::plan::{Plan, Step};

/// Steps of a wave under way at once: enough to keep an API at its quota when an
/// answer takes a second.
const AT_ONCE: usize = 16;

/// How far an apply came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Steps that are complete.
    pub steps: usize,
    /// Calls that were made.
    pub calls: usize,
    /// What the service remarked.
    pub remarks: Vec<String>,
}

/// An apply that stopped.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct Stopped {
    /// What had been done.
    pub done: Done,
    /// Steps of the plan.
    pub of: usize,
    /// The step that failed.
    pub at: String,
    /// Why.
    pub error: AccountError,
}

/// Makes the plan's calls. `progress` hears of each step when it is complete, with how
/// many are.
///
/// # Errors
/// [`Stopped`] at the first call that fails. What was under way beside it is brought
/// to its end, nothing more is begun, and what was done stays done.
pub async fn apply<A, P>(account: &A, plan: &Plan, mut progress: P) -> Result<Done, Box<Stopped>>
where
    A: Writes,
    P: FnMut(usize, &Step),
{
    let mut done = Done::default();
    for wave in plan.steps.chunk_by(|one, next| one.wave == next.wave) {
        let mut waiting = wave.iter();
        let mut running: FuturesUnordered<_> = waiting
            .by_ref()
            .take(AT_ONCE)
            .map(|step| perform(account, step))
            .collect();
        let mut stopped = None;
        while let Some((step, outcome)) = running.next().await {
            done.calls += outcome.calls;
            done.remarks.extend(outcome.remarks);
            match outcome.error {
                None => {
                    done.steps += 1;
                    progress(done.steps, step);
                }
                Some(error) => {
                    stopped.get_or_insert((step.title(), error));
                }
            }
            if stopped.is_none() {
                running.extend(waiting.next().map(|step| perform(account, step)));
            }
        }
        if let Some((at, error)) = stopped {
            return Err(Box::new(Stopped {
                done,
                of: plan.steps.len(),
                at,
                error,
            }));
        }
    }
    Ok(done)
}

/// How one step ended.
struct Outcome {
    calls: usize,
    remarks: Vec<String>,
    error: Option<AccountError>,
}

async fn perform<'a, A: Writes>(account: &A, step: &'a Step) -> (&'a Step, Outcome) {
    let mut outcome = Outcome {
        calls: 0,
        remarks: Vec::new(),
        error: None,
    };
    for call in &step.calls {
        match account.write(call).await {
            Ok(remarks) => {
                outcome.calls += 1;
                let remarks = remarks.into_iter();
                let titled = remarks.map(|remark| format!("{}: {remark}", step.title()));
                outcome.remarks.extend(titled);
            }
            Err(error) => {
                outcome.error = Some(error);
                break;
            }
        }
    }
    (step, outcome)
}
