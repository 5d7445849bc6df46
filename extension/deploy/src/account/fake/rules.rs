//! Filters, event rules, mute rules and sampling rules of the account in memory.
//!
//! Strict where order matters: a target needs its rule and its topic's leave, a rule
//! with targets cannot be deleted, a mute rule names alarms that exist.

use super::State;
use crate::account::Call;
use crate::model::{EventRule, MuteRule, SamplingRule, Tags, Target};

impl State {
    pub(super) fn perform_rule(&mut self, call: &Call, target: &Target) -> Result<(), String> {
        match call {
            Call::PutMetricFilter { filter } => {
                if self.missing_log_groups.contains(&filter.log_group) {
                    return Err("the specified log group does not exist".to_owned());
                }
                self.metric_filters.insert(filter.key(), filter.clone());
            }
            Call::DeleteMetricFilter { log_group, name } => {
                let key = (log_group.clone(), name.clone());
                let gone = self.metric_filters.remove(&key);
                gone.ok_or("the specified metric filter does not exist")?;
            }
            Call::PutRule { rule, tags } => self.put_rule(rule, tags),
            Call::PutTargets { rule, targets } => {
                for arn in targets.values() {
                    self.lets_in(arn, &target.rule_arn(rule))?;
                }
                let rule = self.event_rules.get_mut(rule);
                let (.., known) = rule.ok_or("the rule does not exist")?;
                known.extend(targets.clone());
                if known.len() > 5 {
                    return Err("a rule has at most five targets".to_owned());
                }
            }
            Call::RemoveTargets { rule, ids } => {
                let rule = self.event_rules.get_mut(rule);
                let (.., known) = rule.ok_or("the rule does not exist")?;
                known.retain(|id, _| !ids.contains(id));
            }
            Call::DeleteRule { name } => {
                let rule = self.event_rules.get(name);
                if rule.is_some_and(|(.., targets)| !targets.is_empty()) {
                    return Err("rule can't be deleted since it has targets".to_owned());
                }
                self.event_rules.remove(name);
            }
            Call::PutMuteRule { rule, tags } => self.put_mute_rule(rule, tags)?,
            Call::DeleteMuteRule { name } => {
                self.mute_rules.remove(name);
            }
            Call::CreateSamplingRule { rule, tags } => self.create_sampling(rule, tags)?,
            Call::UpdateSamplingRule { rule } => {
                let known = self.sampling_rules.get_mut(&rule.name);
                known.ok_or("the rule does not exist")?.0.clone_from(rule);
            }
            Call::DeleteSamplingRule { name } => {
                let gone = self.sampling_rules.remove(name);
                gone.ok_or("the rule does not exist")?;
            }
            other => return Err(format!("nobody performs {}", other.operation())),
        }
        Ok(())
    }

    /// Tags of an event rule or a sampling rule.
    pub(super) fn rule_tags(&self, arn: &str, target: &Target) -> Option<Tags> {
        let events = self.event_rules.iter();
        let sampling = self.sampling_rules.iter();
        events
            .map(|(name, (_, tags, _))| (target.rule_arn(name), tags))
            .chain(sampling.map(|(name, (_, tags))| (target.sampling_rule_arn(name), tags)))
            .find(|(known, _)| known == arn)
            .map(|(_, tags)| tags.clone())
    }

    pub(super) fn tag_rule(&mut self, arn: &str, tags: &Tags, target: &Target) {
        for (name, (_, known, _)) in &mut self.event_rules {
            if target.rule_arn(name) == arn {
                known.extend(tags.clone());
            }
        }
        for (name, (_, known)) in &mut self.sampling_rules {
            if target.sampling_rule_arn(name) == arn {
                known.extend(tags.clone());
            }
        }
    }

    /// Not AWS's strictness but ours: without the statement events go nowhere.
    fn lets_in(&self, topic: &str, rule: &str) -> Result<(), String> {
        let topic = self.topics.get(topic).ok_or("no such topic")?;
        let policy = topic.policy.as_ref().map(ToString::to_string);
        match policy.is_some_and(|policy| policy.contains(rule)) {
            true => Ok(()),
            false => Err(format!("the topic's policy does not name {rule}")),
        }
    }

    fn put_rule(&mut self, rule: &EventRule, tags: &Tags) {
        let mut bare = rule.clone();
        bare.topics.clear();
        let (_, tags, targets) = self
            .event_rules
            .remove(&rule.name)
            .unwrap_or_else(|| (bare.clone(), tags.clone(), Default::default()));
        let name = rule.name.clone();
        self.event_rules.insert(name, (bare, tags, targets));
    }

    fn put_mute_rule(&mut self, rule: &MuteRule, tags: &Tags) -> Result<(), String> {
        for alarm in &rule.alarms {
            if !self.alarms.contains_key(alarm) {
                return Err(format!("alarm {alarm} does not exist"));
            }
        }
        let known = self.mute_rules.remove(&rule.name);
        let tags = known.map_or_else(|| tags.clone(), |(_, tags)| tags);
        self.mute_rules
            .insert(rule.name.clone(), (rule.clone(), tags));
        Ok(())
    }

    fn create_sampling(&mut self, rule: &SamplingRule, tags: &Tags) -> Result<(), String> {
        if self.sampling_rules.contains_key(&rule.name) {
            return Err("the rule exists already".to_owned());
        }
        let name = rule.name.clone();
        self.sampling_rules
            .insert(name, (rule.clone(), tags.clone()));
        Ok(())
    }
}
