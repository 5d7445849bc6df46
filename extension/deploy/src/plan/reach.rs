//! Will this page anybody? Which alarms tell which topic, and who hears it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Observed;
use crate::model::{Actions, Desired, Subscription};
use crate::value::counted;

/// A topic, what speaks to it and who hears it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// The topic's name; its ARN when it is not of these files.
    pub topic: String,
    /// How many alarms tell it something.
    pub alarms: usize,
    /// Who hears it.
    pub hear: Vec<Subscription>,
    /// Who has yet to confirm: SNS sends them nothing.
    pub unconfirmed: Vec<Subscription>,
}

/// By topic.
pub(super) fn reach(desired: &Desired, observed: &Observed) -> Vec<Reach> {
    let mut topics: BTreeMap<String, Reach> = desired
        .topics
        .iter()
        .map(|topic| {
            let arn = desired.target.topic_arn(&topic.name);
            let unconfirmed = |subscription: &Subscription| {
                subscription.needs_confirmation()
                    && !observed.topics.get(&arn).is_some_and(|state| {
                        matches!(state.subscriptions.get(subscription), Some(Some(_)))
                    })
            };
            let (unconfirmed, hear) = topic.subscriptions.iter().cloned().partition(unconfirmed);
            let reach = Reach {
                topic: topic.name.clone(),
                alarms: 0,
                hear,
                unconfirmed,
            };
            (arn, reach)
        })
        .collect();
    let metric = desired.alarms.iter().map(|alarm| &alarm.actions);
    let composite = desired.composites.iter().map(|alarm| &alarm.actions);
    for actions in metric.chain(composite) {
        for arn in told(actions) {
            let reach = topics.entry(arn.to_owned()).or_insert_with(|| Reach {
                topic: arn.to_owned(),
                ..Reach::default()
            });
            reach.alarms += 1;
        }
    }
    topics.into_values().collect()
}

/// ARNs that an alarm tells anything, each once.
fn told(actions: &Actions) -> Vec<&str> {
    let all = [&actions.alarm, &actions.ok, &actions.insufficient_data];
    let mut arns: Vec<&str> = all.into_iter().flatten().map(String::as_str).collect();
    arns.sort_unstable();
    arns.dedup();
    arns
}

/// `oncall: 12 alarms -> email a@example.com`.
impl std::fmt::Display for Reach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} -> ", self.topic, counted(self.alarms, "alarm"))?;
        let hear = self.hear.iter().map(Subscription::to_string);
        let unconfirmed = self
            .unconfirmed
            .iter()
            .map(|one| format!("{one} (not confirmed)"));
        let all: Vec<String> = hear.chain(unconfirmed).collect();
        match all.is_empty() {
            true => f.write_str("nobody"),
            false => f.write_str(&all.join(", ")),
        }
    }
}
