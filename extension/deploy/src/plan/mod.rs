//! What has to be done to make an account what it should be: a complete, immutable
//! list of steps, each with its calls. Whoever applies it makes no choice.

pub mod observe;
pub mod step;
pub mod topics;
pub mod alarms;
pub mod dashboards;
pub mod body_diff;
pub mod render;

use crate::account::AccountError;
use crate::model::{Desired, Target};

pub use self::observe::{Observed, observe};
pub use self::render::Style;
pub use self::step::{Action, Kind, Step};

/// A complete plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Where it applies.
    pub target: Target,
    /// In the order they are made.
    pub steps: Vec<Step>,
    /// Resources that are as they should be.
    pub unchanged: usize,
    /// Worth knowing, and nothing to do about it here.
    pub notes: Vec<String>,
}

/// Why there is no plan.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PlanError {
    /// The account did not answer.
    #[error("{0}")]
    Account(#[from] AccountError),
    /// The credentials belong elsewhere.
    #[error(
        "the credentials belong to account {found}, but environment `{environment}` is account {expected}: use credentials of {expected}, or another environment with `-e`"
    )]
    OtherAccount {
        /// Whose they are.
        found: String,
        /// Whose they should be.
        expected: String,
        /// The environment's name.
        environment: String,
    },
    /// Something of the same name is there and is not ours.
    #[error(
        "{} in the account and not kept by {project}/{environment}: {}; rename ours, or delete what is there",
        if names.len() == 1 { "one resource of the same name is" } else { "resources of the same names are" },
        names.join(", ")
    )]
    NotOurs {
        /// Kind and name of each.
        names: Vec<String>,
        /// The project.
        project: String,
        /// The environment.
        environment: String,
    },
}

impl Plan {
    /// True when there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// How many steps have this action.
    pub fn count(&self, action: Action) -> usize {
        self.steps
            .iter()
            .filter(|step| step.action == action)
            .count()
    }
}

/// Compares what should be with what is.
///
/// # Errors
/// [`PlanError::NotOurs`] when a name is taken by something of somebody else.
pub fn plan(desired: &Desired, observed: &Observed) -> Result<Plan, PlanError> {
    let mut work = Work::default();
    topics::compare(desired, observed, &mut work);
    alarms::compare(desired, observed, &mut work);
    dashboards::compare(desired, observed, &mut work);
    undone(desired, &mut work.notes);
    if !work.not_ours.is_empty() {
        return Err(PlanError::NotOurs {
            names: work.not_ours,
            project: desired.target.project.clone(),
            environment: desired.target.environment.clone(),
        });
    }
    // Creation goes down the list of kinds, deletion up: what others lean on comes
    // first and goes last.
    let mut steps = work.first;
    steps.sort_by_key(|step| step.kind);
    let mut last = work.last;
    last.sort_by_key(|step| std::cmp::Reverse(step.kind));
    steps.extend(last);
    Ok(Plan {
        target: desired.target.clone(),
        steps,
        unchanged: work.unchanged,
        notes: work.notes,
    })
}

/// What the files declare and no step brings about is said, never passed over.
fn undone(desired: &Desired, notes: &mut Vec<String>) {
    for (count, what) in [
        (desired.sampling_rules.len(), "sampling rules"),
        (desired.metric_filters.len(), "metric filters"),
        (desired.event_rules.len(), "EventBridge rules"),
        (desired.mute_rules.len(), "mute rules"),
    ] {
        if count > 0 {
            notes.push(format!("{count} {what} are declared and not applied yet"));
        }
    }
    for topic in &desired.topics {
        if topic.kms_key.is_some() {
            notes.push(format!("topic {}: its key is not applied yet", topic.name));
        }
        for chat in &topic.chats {
            notes.push(format!(
                "topic {}: {chat} shows it once the chat configuration lists the topic",
                topic.name
            ));
        }
    }
    if let Some(role) = &desired.target.role {
        notes.push(format!("the role {} is not assumed yet", role.arn));
    }
}

/// A plan in the making.
#[derive(Default)]
pub(crate) struct Work {
    /// Creations and updates.
    pub(crate) first: Vec<Step>,
    /// Deletions.
    pub(crate) last: Vec<Step>,
    pub(crate) unchanged: usize,
    pub(crate) not_ours: Vec<String>,
    pub(crate) notes: Vec<String>,
}
