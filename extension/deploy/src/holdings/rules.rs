//! Filters, event rules, mute rules and sampling rules that an account holds.

use super::{Holdings, Selection, Unsaid};
use crate::model::{EventRule, MuteRule, Seal};
use crate::plan::Observed;

impl Holdings {
    pub(super) fn rules(&mut self, observed: &Observed, selection: &Selection) {
        let target = self.target().clone();
        for filter in observed.metric_filters.values() {
            // A filter carries no tags, and only a name of ours can be written.
            let (filter, seal) = target.unsealed_filter(filter);
            // An apply that was cut leaves two versions of one.
            let mut kept = self.desired.metric_filters.iter();
            let twice = kept.any(|one| one.key() == filter.key());
            let ours = seal != Seal::None && !twice;
            if ours && selection.takes(&filter.name, ours, None) {
                self.desired.metric_filters.push(filter);
            }
        }
        for rule in observed.event_rules.values() {
            self.event_rule(rule, observed, selection);
        }
        for rule in observed.mute_rules.values() {
            let (description, seal) = target.unmarked(&rule.description, |_| String::new());
            let ours = seal != Seal::None;
            if selection.takes(&rule.name, ours, None) {
                self.note(&rule.name, ours);
                self.desired.mute_rules.push(MuteRule {
                    description,
                    ..rule.clone()
                });
            }
        }
        for (name, rule) in &observed.sampling_rules {
            let tags = observed.sampling_tags.get(name);
            let ours = tags.is_some_and(|tags| target.owns(tags));
            if selection.takes(name, ours, tags)
                && !self.is_of_another(&format!("sampling rule {name}"), tags)
            {
                self.note(name, ours);
                self.desired.sampling_rules.push(rule.clone());
            }
        }
    }

    fn event_rule(&mut self, rule: &EventRule, observed: &Observed, selection: &Selection) {
        let target = self.target().clone();
        let (description, seal) = target.unmarked(&rule.description, |_| String::new());
        let tags = observed.event_rule_tags.get(&rule.name);
        let ours = tags.map_or(seal != Seal::None, |tags| target.owns(tags));
        let what = format!("event rule {}", rule.name);
        if !selection.takes(&rule.name, ours, tags) || self.is_of_another(&what, tags) {
            return;
        }
        let Some(targets) = observed.targets.get(&rule.name) else {
            let why = "somebody else's rule, whose targets were not looked at";
            self.unsaid
                .push(Unsaid::new(format!("event rule {}", rule.name), why));
            return;
        };
        let prefix = target.topic_arn("");
        let mut topics = Vec::new();
        for (id, arn) in targets {
            match arn.strip_prefix(&prefix) {
                Some(topic) if EventRule::is_own_target(id) => topics.push(topic.to_owned()),
                _ => self.unsaid.push(Unsaid::new(
                    format!("event rule {}", rule.name),
                    format!("its target {id} ({arn}) is none of the files'; it stays as it is"),
                )),
            }
        }
        self.note(&rule.name, ours);
        self.desired.event_rules.push(EventRule {
            description,
            topics,
            ..rule.clone()
        });
    }
}
