//! EventBridge rules: the rule, then its targets; without its targets, the rule.

use std::collections::BTreeMap;

use super::alarms::fields;
use super::ownership::{Owner, is_unfinished, take_over};
use super::step::{Change, Hands, Kind, Step, Wave};
use super::{Observed, Work};
use crate::account::Call;
use crate::model::{Desired, EventRule, Seal, Target};

const KIND: Kind = Kind::EventRule;

pub(super) fn compare(desired: &Desired, observed: &Observed, work: &mut Work<'_>) {
    let comparison = Comparison {
        target: &desired.target,
        observed,
    };
    for rule in &desired.event_rules {
        comparison.make(rule, work);
    }
    for (name, found) in &observed.event_rules {
        let wanted = desired.event_rules.iter().any(|rule| rule.name == *name);
        if !wanted && comparison.owns(found) {
            work.steps.push(comparison.remove(found));
        }
    }
}

struct Comparison<'a> {
    target: &'a Target,
    observed: &'a Observed,
}

impl Comparison<'_> {
    fn make(&self, rule: &EventRule, work: &mut Work<'_>) {
        let wave = Wave::make(KIND);
        let wanted = self.wanted(rule);
        let Some(found) = self.observed.event_rules.get(&rule.name) else {
            let new = rule.fields().into_iter();
            let step = Step::create(wave, KIND, &rule.name)
                .changes(
                    new.map(|(field, value)| Change::new(field, value))
                        .collect(),
                )
                .calls([self.put(rule)])
                .calls(put_targets(rule, wanted));
            work.steps.push(step);
            return;
        };
        let owner = Owner::of(self.owns(found), &rule.name, work.adopt);
        let mut step = Step::update(wave, KIND, &rule.name);
        if owner == Owner::Other {
            work.not_ours.push(step.title());
            return;
        }
        let (bare, seal) = self.bare(found);
        let changes = fields(&bare.fields(), &rule.fields());
        let rule_differs = bare.content() != rule.content();
        let tags = self.observed.event_rule_tags.get(&rule.name);
        let half_taken = seal == Seal::None && tags.is_some_and(is_unfinished);
        if owner == Owner::Adopted || half_taken {
            let tags = self.target.tags(&rule.content());
            let arn = self.target.rule_arn(&rule.name);
            step.calls.extend(take_over(&arn, &tags, self.put(rule)));
        } else if rule_differs || seal == Seal::None {
            step.calls.push(self.put(rule));
        }
        step.calls.extend(self.move_targets(rule, wanted));
        if step.calls.is_empty() {
            work.unchanged += 1;
            return;
        }
        let touched = seal != Seal::Whole || self.redirected(&rule.name);
        if owner == Owner::We && touched && !half_taken {
            step.hands = Hands::On;
        }
        work.steps.push(step.changes(changes));
    }

    fn put(&self, rule: &EventRule) -> Call {
        let content = rule.content();
        let mut rule = rule.clone();
        rule.description = self.target.marked(&rule.description, &content);
        Call::PutRule {
            tags: self.target.tags(&content),
            rule,
        }
    }

    fn wanted(&self, rule: &EventRule) -> BTreeMap<String, String> {
        let topics = rule.topics.iter();
        topics
            .map(|topic| (EventRule::target_id(topic), self.target.topic_arn(topic)))
            .collect()
    }

    /// Only what differs is put, and only what is ours is removed.
    fn move_targets(&self, rule: &EventRule, mut wanted: BTreeMap<String, String>) -> Vec<Call> {
        let found = self.found_targets(&rule.name);
        let gone: Vec<String> = found
            .keys()
            .filter(|id| EventRule::is_own_target(id) && !wanted.contains_key(*id))
            .cloned()
            .collect();
        wanted.retain(|id, arn| found.get(id) != Some(arn));
        let mut calls: Vec<Call> = put_targets(rule, wanted).into_iter().collect();
        if !gone.is_empty() {
            calls.push(Call::RemoveTargets {
                rule: rule.name.clone(),
                ids: gone,
            });
        }
        calls
    }

    fn remove(&self, found: &EventRule) -> Step {
        let rule = found.name.clone();
        let ids: Vec<String> = self.found_targets(&rule).into_keys().collect();
        let mut step = Step::delete(Wave::remove(KIND), KIND, &rule);
        if self.bare(found).1 == Seal::Broken
            || self.redirected(&rule)
            || !ids.iter().all(|id| EventRule::is_own_target(id))
        {
            step.hands = Hands::On;
        }
        if !ids.is_empty() {
            let rule = rule.clone();
            step.calls.push(Call::RemoveTargets { rule, ids });
        }
        step.calls([Call::DeleteRule { name: rule }])
    }

    /// Whether a target of ours hands on to somewhere else than its id says. One that is
    /// missing tells nothing: an apply may have ended before it was put.
    fn redirected(&self, rule: &str) -> bool {
        let topics = self.target.topic_arn("");
        self.found_targets(rule).iter().any(|(id, arn)| {
            let topic = arn.strip_prefix(&topics);
            EventRule::is_own_target(id)
                && topic.is_none_or(|topic| EventRule::target_id(topic) != *id)
        })
    }

    fn found_targets(&self, rule: &str) -> BTreeMap<String, String> {
        self.observed.targets.get(rule).cloned().unwrap_or_default()
    }

    /// The rule as the files would say it: without its mark, its targets as topics.
    fn bare(&self, found: &EventRule) -> (EventRule, Seal) {
        let mut bare = found.clone();
        let (description, seal) = self.target.unmarked(&found.description, |description| {
            let mut rule = found.clone();
            description.clone_into(&mut rule.description);
            rule.content()
        });
        bare.description = description;
        let prefix = self.target.topic_arn("");
        bare.topics = self
            .found_targets(&found.name)
            .into_iter()
            .filter(|(id, _)| EventRule::is_own_target(id))
            .map(|(_, arn)| arn.strip_prefix(&prefix).map_or(arn.clone(), str::to_owned))
            .collect();
        (bare, seal)
    }

    fn owns(&self, found: &EventRule) -> bool {
        match self.observed.event_rule_tags.get(&found.name) {
            Some(tags) => self.target.owns(tags),
            None => self.bare(found).1 != Seal::None,
        }
    }
}

fn put_targets(rule: &EventRule, targets: BTreeMap<String, String>) -> Option<Call> {
    let rule = rule.name.clone();
    (!targets.is_empty()).then_some(Call::PutTargets { rule, targets })
}
