//! Topics: create, policy, subscriptions, in this order.

use std::collections::BTreeMap;

use super::ownership::{Owner, is_unfinished, unfinished};
use super::step::{Change, Hands, Kind, Step, Wave};
use super::{Observed, Work};
use crate::account::{Call, TopicState};
use crate::model::{
    Desired, Subscription, TAG_CONTENT, TAG_SUBSCRIPTIONS, Tags, Target, Topic, content_hash,
};

pub(super) fn compare(desired: &Desired, observed: &Observed, work: &mut Work<'_>) {
    let target = &desired.target;
    let mut wanted: BTreeMap<String, &Topic> = BTreeMap::new();
    for topic in &desired.topics {
        wanted.insert(target.topic_arn(&topic.name), topic);
    }
    for (arn, topic) in &wanted {
        let Some(state) = observed.topics.get(arn) else {
            work.steps.push(create(target, arn, topic));
            continue;
        };
        let ours = target.owns(&state.tags);
        if Owner::of(ours, &topic.name, work.adopt) == Owner::Other {
            work.not_ours.push(format!("topic {}", topic.name));
            continue;
        }
        match update(target, arn, topic, state, &mut work.notes) {
            Some(step) => work.steps.push(step),
            None => work.unchanged += 1,
        }
    }
    for (arn, state) in &observed.topics {
        if !wanted.contains_key(arn) && target.owns(&state.tags) {
            let name = arn.rsplit(':').next().unwrap_or(arn);
            let mut step = Step::delete(Wave::remove(Kind::Topic), Kind::Topic, name);
            step.hands = hands(state);
            let topic = arn.clone();
            work.steps.push(step.calls([Call::DeleteTopic { topic }]));
        }
    }
}

fn create(target: &Target, arn: &str, topic: &Topic) -> Step {
    let mut changes = Vec::new();
    let mut calls = vec![Call::CreateTopic {
        name: topic.name.clone(),
        tags: unfinished(topic.tags(target)),
    }];
    if !topic.display_name.is_empty() {
        changes.push(Change::new("display name", &topic.display_name));
        calls.push(display_name(arn, topic));
    }
    changes.push(Change::new("policy", "CloudWatch may publish"));
    calls.push(policy(target, arn, topic));
    if let Some(wanted) = &topic.kms_key {
        changes.push(Change::new("key", wanted));
        calls.push(key(arn, topic));
    }
    for subscription in &topic.subscriptions {
        changes.push(Change::new("subscription", subscription.to_string()));
        calls.push(subscribe(arn, subscription));
    }
    calls.push(tag(arn, topic.tags(target)));
    Step::create(Wave::make(Kind::Topic), Kind::Topic, &topic.name)
        .changes(changes)
        .calls(calls)
}

/// The differences of one topic in the making.
struct Draft<'a> {
    arn: &'a str,
    topic: &'a Topic,
    state: &'a TopicState,
    changes: Vec<Change>,
    calls: Vec<Call>,
}

fn update(
    target: &Target,
    arn: &str,
    topic: &Topic,
    state: &TopicState,
    notes: &mut Vec<String>,
) -> Option<Step> {
    let mut draft = Draft {
        arn,
        topic,
        state,
        changes: Vec::new(),
        calls: Vec::new(),
    };
    draft.attributes(target);
    draft.wanted(notes);
    draft.unwanted(notes);
    draft.tags(target);
    if draft.calls.is_empty() {
        return None;
    }
    let mut step = Step::update(Wave::make(Kind::Topic), Kind::Topic, &topic.name);
    step.hands = hands(state);
    Some(step.changes(draft.changes).calls(draft.calls))
}

/// The tag says what the last apply made of the name and the policy.
fn hands(state: &TopicState) -> Hands {
    let key = state.key.as_deref();
    let found = Topic::content(&state.display_name, state.policy.as_ref(), key);
    match state.tags.get(TAG_CONTENT) {
        Some(_) if is_unfinished(&state.tags) => Hands::Off,
        Some(hash) if *hash != content_hash(&found) => Hands::On,
        _ => Hands::Off,
    }
}

impl Draft<'_> {
    fn attributes(&mut self, target: &Target) {
        let (topic, state) = (self.topic, self.state);
        if topic.display_name != state.display_name {
            self.changes.push(Change::between(
                "display name",
                &state.display_name,
                &topic.display_name,
            ));
            self.calls.push(display_name(self.arn, topic));
        }
        if state.policy.as_ref() != Some(&topic.policy(target)) {
            self.changes.push(Change::between(
                "policy",
                "another one",
                "CloudWatch may publish",
            ));
            self.calls.push(policy(target, self.arn, topic));
        }
        if topic.kms_key != state.key {
            self.changes.push(Change {
                field: "key".to_owned(),
                from: state.key.clone(),
                to: topic.kms_key.clone(),
            });
            self.calls.push(key(self.arn, topic));
        }
        if !self.calls.is_empty() {
            let tags = unfinished(topic.tags(target));
            self.calls.insert(0, tag(self.arn, tags));
        }
    }

    fn wanted(&mut self, notes: &mut Vec<String>) {
        for subscription in &self.topic.subscriptions {
            match self.state.subscriptions.get(subscription) {
                None => {
                    self.changes
                        .push(Change::new("subscription", subscription.to_string()));
                    self.calls.push(subscribe(self.arn, subscription));
                }
                Some(None) => notes.push(format!(
                    "topic {}: {} has not confirmed the subscription yet and hears nothing",
                    self.topic.name, subscription
                )),
                Some(Some(_)) => {}
            }
        }
    }

    fn unwanted(&mut self, notes: &mut Vec<String>) {
        for (subscription, arn) in &self.state.subscriptions {
            if self.topic.subscriptions.contains(subscription)
                || !was_ours(subscription, &self.state.tags)
            {
                continue;
            }
            match arn {
                Some(arn) => {
                    self.changes
                        .push(Change::gone("subscription", subscription.to_string()));
                    self.calls.push(Call::Unsubscribe { arn: arn.clone() });
                }
                None => notes.push(format!(
                    "topic {}: the unconfirmed subscription of {} cannot be removed; it expires after 3 days",
                    self.topic.name,
                    subscription
                )),
            }
        }
    }

    fn tags(&mut self, target: &Target) {
        let tags = self.topic.tags(target);
        let tagged = tags
            .iter()
            .all(|(name, value)| self.state.tags.get(name) == Some(value));
        let unfinished = matches!(self.calls.first(), Some(Call::TagTopic { .. }));
        if tagged && !unfinished {
            return;
        }
        if self.changes.is_empty() {
            self.changes
                .push(Change::between("tags", "of an earlier apply", "up to date"));
        }
        self.calls.push(tag(self.arn, tags));
    }
}

/// Somebody's own subscription to our topic is left alone; the tag says which are ours.
fn was_ours(subscription: &Subscription, tags: &Tags) -> bool {
    tags.get(TAG_SUBSCRIPTIONS)
        .is_some_and(|hashes| hashes.split(' ').any(|hash| hash == subscription.hash()))
}

fn display_name(arn: &str, topic: &Topic) -> Call {
    Call::SetDisplayName {
        topic: arn.to_owned(),
        display_name: topic.display_name.clone(),
    }
}

fn policy(target: &Target, arn: &str, topic: &Topic) -> Call {
    Call::SetPolicy {
        topic: arn.to_owned(),
        policy: topic.policy(target),
    }
}

fn key(arn: &str, topic: &Topic) -> Call {
    Call::SetKey {
        topic: arn.to_owned(),
        key: topic.kms_key.clone().unwrap_or_default(),
    }
}

fn tag(arn: &str, tags: Tags) -> Call {
    Call::TagTopic {
        topic: arn.to_owned(),
        tags,
    }
}

fn subscribe(arn: &str, subscription: &Subscription) -> Call {
    Call::Subscribe {
        topic: arn.to_owned(),
        subscription: subscription.clone(),
    }
}
