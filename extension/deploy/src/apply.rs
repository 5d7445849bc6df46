//! Makes the calls of a plan, one after another, and chooses nothing.
//!
//! There is no journal of what was done: a plan that stopped half-way is healed by
//! the next one, which reads the account anew.

use crate::account::{AccountError, Writes};
use crate::plan::{Plan, Step};

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

/// Makes the plan's calls. `progress` hears of each step before it is made.
///
/// # Errors
/// [`Stopped`] at the first call that fails; what was done before it stays done.
pub async fn apply<A, P>(account: &A, plan: &Plan, mut progress: P) -> Result<Done, Box<Stopped>>
where
    A: Writes,
    P: FnMut(usize, &Step),
{
    let mut done = Done::default();
    for (index, step) in plan.steps.iter().enumerate() {
        progress(index, step);
        for call in &step.calls {
            match account.write(call).await {
                Ok(remarks) => {
                    done.calls += 1;
                    done.remarks.extend(
                        remarks
                            .into_iter()
                            .map(|remark| format!("{} {}: {remark}", step.kind.word(), step.name)),
                    );
                }
                Err(error) => {
                    return Err(Box::new(Stopped {
                        done,
                        of: plan.steps.len(),
                        at: format!("{} {}", step.kind.word(), step.name),
                        error,
                    }));
                }
            }
        }
        done.steps += 1;
    }
    Ok(done)
}
