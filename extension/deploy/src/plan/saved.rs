//! A plan on paper: what was reviewed is what is applied, or nothing is.
//!
//! The paper holds what should be and the plan that was made of it. Before it is
//! applied the account is read again and planned for anew: only when the very same
//! plan comes out may it be made.

use serde::{Deserialize, Serialize};

use super::{Adopt, Observed, Plan, PlanError, plan};
use crate::model::Desired;

/// Version of the format; files of another one are refused.
const FORMAT: u32 = 1;

/// Names that a message lists before it counts the rest.
const NAMED: usize = 5;

/// A plan with what it was made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    /// What should be, as the files said it then.
    pub desired: Desired,
    /// What was to be taken over.
    pub adopt: Adopt,
    /// What was to be done.
    pub plan: Plan,
}

/// The file: the plans of one command, one for each environment.
#[derive(Serialize, Deserialize)]
struct Paper {
    obs_plan: u32,
    plans: Vec<Saved>,
}

/// Why a saved plan is not applied.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    /// The text is no saved plan.
    #[error("read a saved plan: {0}; `obs plan --out FILE` writes one")]
    NotOne(#[from] serde_json::Error),
    /// Another version of obs wrote it.
    #[error(
        "read a saved plan of format {found}: this obs reads format {FORMAT}; plan again with it"
    )]
    OtherFormat {
        /// What the file says.
        found: u32,
    },
    /// The account is not as it was.
    #[error(
        "{environment} has changed since the plan was saved ({}): plan again and look at it anew",
        names.join(", ")
    )]
    Moved {
        /// The environment.
        environment: String,
        /// What is planned otherwise now.
        names: Vec<String>,
    },
    /// There is no plan of the account as it is now.
    #[error("{0}")]
    NoPlan(#[from] PlanError),
}

impl Saved {
    /// The file's text. Same plans, same bytes.
    pub fn write(plans: Vec<Saved>) -> String {
        let paper = Paper {
            obs_plan: FORMAT,
            plans,
        };
        let mut text = serde_json::to_string_pretty(&paper)
            .expect("a plan holds only text, numbers and lists");
        text.push('\n');
        text
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// [`SavedError::NotOne`] and [`SavedError::OtherFormat`].
    pub fn read(text: &str) -> Result<Vec<Saved>, SavedError> {
        #[derive(Deserialize)]
        struct Head {
            obs_plan: u32,
        }
        let head: Head = serde_json::from_str(text)?;
        if head.obs_plan != FORMAT {
            return Err(SavedError::OtherFormat {
                found: head.obs_plan,
            });
        }
        let paper: Paper = serde_json::from_str(text)?;
        Ok(paper.plans)
    }

    /// Plans again and compares.
    ///
    /// # Errors
    /// [`SavedError::Moved`] when anything would be planned otherwise now.
    pub fn still_holds(&self, observed: &Observed) -> Result<(), SavedError> {
        let now = plan(&self.desired, observed, &self.adopt)?;
        if now.steps == self.plan.steps {
            return Ok(());
        }
        let (then, now) = (&self.plan.steps, &now.steps);
        let gone = then.iter().filter(|step| !now.contains(step));
        let new = now.iter().filter(|step| !then.contains(step));
        let mut names: Vec<String> = gone.chain(new).map(super::Step::title).collect();
        names.sort();
        names.dedup();
        if names.len() > NAMED {
            let rest = names.len() - NAMED;
            names.truncate(NAMED);
            names.push(format!("{rest} more"));
        }
        Err(SavedError::Moved {
            environment: self.plan.target.environment.clone(),
            names,
        })
    }
}
