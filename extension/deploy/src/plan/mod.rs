//! What has to be done to make an account what it should be: a complete, immutable
//! list of steps, each with its calls. Whoever applies it makes no choice.

pub mod observe;
pub mod step;
mod ownership;
mod order;
mod observe_rules;
mod topics;
mod filters;
mod event_rules;
mod alarms;
mod mutes;
mod dashboards;
mod sampling;
mod body_diff;
pub mod cost;
pub mod reach;
mod unseen;
mod log_groups;
mod quotas;
pub mod render;
pub mod saved;

use crate::account::{AccountError, Reads};
use crate::model::{Desired, Target};
use serde::{Deserialize, Serialize};

pub use self::cost::Bill;
pub use self::observe::{Observed, observe};
pub use self::ownership::Adopt;
pub use self::reach::Reach;
pub use self::render::Style;
pub use self::step::{Action, Hands, Kind, Step, Wave};

/// A complete plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Where it applies.
    pub target: Target,
    /// In the order they are made.
    pub steps: Vec<Step>,
    /// Resources that are as they should be.
    pub unchanged: usize,
    /// What is paid for now, and what after the plan.
    pub cost: Costs,
    /// Who will hear what.
    pub reach: Vec<Reach>,
    /// Worth knowing, and nothing to do about it here.
    pub notes: Vec<String>,
}

/// What is kept here, before and after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Costs {
    /// As it is.
    pub before: Bill,
    /// As it will be.
    pub after: Bill,
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
        "{} in the account and not kept by {project}/{environment}: {}; take {} over with `--adopt NAME`, rename ours, or delete what is there",
        if names.len() == 1 { "one resource of the same name is" } else { "resources of the same names are" },
        names.join(", "),
        if names.len() == 1 { "it" } else { "them" },
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

    /// Resources that hands changed since the last apply and that this plan would
    /// change back or delete.
    pub fn hand_made(&self) -> Vec<String> {
        self.steps
            .iter()
            .filter(|step| step.hands == Hands::On)
            .map(Step::title)
            .collect()
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
/// [`PlanError::NotOurs`] when a name is taken by something of somebody else that
/// `adopt` does not name.
pub fn plan(desired: &Desired, observed: &Observed, adopt: &Adopt) -> Result<Plan, PlanError> {
    let mut work = Work::new(adopt);
    topics::compare(desired, observed, &mut work);
    filters::compare(desired, observed, &mut work);
    event_rules::compare(desired, observed, &mut work);
    alarms::compare(desired, observed, &mut work);
    mutes::compare(desired, observed, &mut work);
    dashboards::compare(desired, observed, &mut work);
    sampling::compare(desired, observed, &mut work);
    work.notes.extend(observed.unread.iter().cloned());
    work.notes.extend(adopt.unknown(observed));
    elsewhere(desired, &mut work.notes);
    if !work.not_ours.is_empty() {
        return Err(PlanError::NotOurs {
            names: work.not_ours,
            project: desired.target.project.clone(),
            environment: desired.target.environment.clone(),
        });
    }
    let mut steps = work.steps;
    steps.sort_by_key(|step| step.wave);
    let target = &desired.target;
    work.notes.extend(quotas::notes(target, observed, &steps));
    work.notes.extend(shadowed(desired, observed));
    Ok(Plan {
        target: desired.target.clone(),
        steps,
        unchanged: work.unchanged,
        cost: costs(desired, observed),
        reach: reach::reach(desired, observed),
        notes: work.notes,
    })
}

/// Sampling rules that one of the account keeps X-Ray from asking.
fn shadowed(desired: &Desired, observed: &Observed) -> Vec<String> {
    let ours = &desired.sampling_rules;
    let wanted = |name: &str| ours.iter().any(|one| one.name == name);
    let is_ours = |name: &str| {
        let tags = observed.sampling_tags.get(name);
        tags.is_some_and(|tags| desired.target.owns(tags))
    };
    let others = observed.sampling_rules.values();
    let others = others.filter(|one| !wanted(&one.name) && !is_ours(&one.name));
    let others: Vec<_> = others.collect();
    let notes = ours.iter().filter_map(|rule| {
        let first = others.iter().find(|first| first.shadows(rule))?;
        Some(format!(
            "sampling rule {}: somebody else's {} decides first (priority {}) and matches all that it does, so that X-Ray never asks it",
            rule.name, first.name, first.priority
        ))
    });
    notes.collect()
}

/// What has to be true outside of the account's alarms for a topic to be heard, and no
/// call of ours can make true.
fn elsewhere(desired: &Desired, notes: &mut Vec<String>) {
    let target = &desired.target;
    for topic in &desired.topics {
        if let (Some(key), Some(grant)) = (&topic.kms_key, topic.key_grant(target)) {
            notes.push(format!(
                "topic {}: the policy of key {key} has to contain {grant}",
                topic.name
            ));
        }
        for subscription in &topic.subscriptions {
            if let Some(grant) = subscription.grant(&target.topic_arn(&topic.name)) {
                notes.push(format!("topic {}: {grant}", topic.name));
            }
        }
        for chat in &topic.chats {
            notes.push(format!(
                "topic {}: {chat} shows it once the chat configuration lists the topic",
                topic.name
            ));
        }
    }
}

impl Plan {
    /// Adds a note for each log group that a filter of the plan reads and that does not
    /// exist, and for each metric that the plan's alarms look at and the account has not
    /// seen.
    ///
    /// # Errors
    /// Whatever the account answers.
    pub async fn look_around<A: Reads>(&mut self, account: &A) -> Result<(), AccountError> {
        self.notes
            .extend(log_groups::notes(account, &self.steps).await?);
        self.notes
            .extend(unseen::notes(account, &self.steps).await?);
        Ok(())
    }
}

fn costs(desired: &Desired, observed: &Observed) -> Costs {
    let target = &desired.target;
    let kept = observed
        .alarms
        .values()
        .filter(|alarm| alarms::owns(target, observed, alarm));
    let boards = observed.dashboard_tags.values();
    let boards = boards.filter(|tags| target.owns(tags)).count();
    Costs {
        before: Bill::of(kept, boards),
        after: Bill::of(&desired.all_alarms(), desired.dashboards.len()),
    }
}

/// A plan in the making.
pub(crate) struct Work<'a> {
    pub(crate) adopt: &'a Adopt,
    pub(crate) steps: Vec<Step>,
    pub(crate) unchanged: usize,
    pub(crate) not_ours: Vec<String>,
    pub(crate) notes: Vec<String>,
}

impl<'a> Work<'a> {
    fn new(adopt: &'a Adopt) -> Work<'a> {
        Work {
            adopt,
            steps: Vec::new(),
            unchanged: 0,
            not_ours: Vec::new(),
            notes: Vec::new(),
        }
    }
}
