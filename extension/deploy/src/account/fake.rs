//! An account in memory, for tests of plans and of users' own tools.
//!
//! Strict where AWS is strict in what matters to order: a composite's children must
//! exist when it is put, and cannot be deleted while it names them.

mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{AccountError, Call, Reads, TopicState, Trouble, Writes};
use crate::backtest::{Ask, Points};
use crate::gate::{self, AlarmState};
use crate::model::Query;
use crate::model::alarm::Term;
use crate::model::{
    Alarm, EventRule, MetricFilter, MetricRef, MuteRule, SamplingRule, Tags, Target,
};

/// What the account holds.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// By name, with tags.
    pub alarms: BTreeMap<String, (Alarm, Tags)>,
    /// By ARN.
    pub topics: BTreeMap<String, TopicState>,
    /// By name: body and tags.
    pub dashboards: BTreeMap<String, (String, Tags)>,
    /// By log group and name.
    pub metric_filters: BTreeMap<(String, String), MetricFilter>,
    /// Log groups that do not exist; all others do.
    pub missing_log_groups: BTreeSet<String>,
    /// By name, with tags and targets.
    pub event_rules: BTreeMap<String, (EventRule, Tags, BTreeMap<String, String>)>,
    /// By name, with tags.
    pub mute_rules: BTreeMap<String, (MuteRule, Tags)>,
    /// By name, with tags.
    pub sampling_rules: BTreeMap<String, (SamplingRule, Tags)>,
    /// Names of alarms that fire.
    pub firing: BTreeSet<String>,
    /// Metrics that have datapoints.
    pub metrics: Vec<MetricRef>,
    /// Numbers of the past, by metric and statistic.
    pub past: BTreeMap<(MetricRef, String), Points>,
    /// Every write, in order.
    pub writes: Vec<Call>,
    /// Reads, by operation.
    pub reads: BTreeMap<&'static str, usize>,
    /// The write with this number (from 0) fails, and all that follow.
    pub fail_from: Option<usize>,
}

/// An account in memory.
#[derive(Debug)]
pub struct Fake {
    account: String,
    target: Target,
    state: Mutex<State>,
}

impl Fake {
    /// An empty account, reached as `target` says.
    pub fn new(target: &Target) -> Fake {
        Fake {
            account: target.account.clone(),
            target: target.clone(),
            state: Mutex::default(),
        }
    }

    /// The same, but the credentials belong to another account.
    #[must_use]
    pub fn of_account(mut self, account: &str) -> Fake {
        account.clone_into(&mut self.account);
        self
    }

    /// What it holds; changes to it are seen by later calls.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, operation: &'static str) -> MutexGuard<'_, State> {
        let mut state = self.state();
        *state.reads.entry(operation).or_default() += 1;
        state
    }

    fn error(call: &str, detail: impl Into<String>) -> AccountError {
        AccountError {
            trouble: Trouble::Other,
            operation: call.to_owned(),
            place: "memory".to_owned(),
            detail: detail.into(),
        }
    }
}

impl Reads for Fake {
    async fn identity(&self) -> Result<String, AccountError> {
        Ok(self.account.clone())
    }

    async fn alarms(&self) -> Result<Vec<Alarm>, AccountError> {
        let state = self.count("DescribeAlarms");
        Ok(state
            .alarms
            .values()
            .map(|(alarm, _)| alarm.clone())
            .collect())
    }

    async fn states(&self, names: &[String]) -> Result<Vec<AlarmState>, AccountError> {
        let state = self.count("DescribeAlarms");
        Ok(names
            .iter()
            .filter(|name| state.alarms.contains_key(*name))
            .map(|name| AlarmState {
                name: name.clone(),
                state: match state.firing.contains(name) {
                    true => gate::State::Alarm,
                    false => gate::State::Ok,
                },
                reason: String::new(),
            })
            .collect())
    }

    async fn tags(&self, arn: &str) -> Result<Tags, AccountError> {
        let state = self.count("ListTagsForResource");
        let alarm = state.alarms.iter().find_map(|(name, (_, tags))| {
            (self.target.alarm_arn(name) == arn).then(|| tags.clone())
        });
        let dashboard = state.dashboards.iter().find_map(|(name, (_, tags))| {
            (self.target.dashboard_arn(name) == arn).then(|| tags.clone())
        });
        alarm
            .or(dashboard)
            .or_else(|| state.rule_tags(arn, &self.target))
            .ok_or_else(|| Fake::error("cloudwatch:ListTagsForResource", format!("no {arn}")))
    }

    async fn topics(&self) -> Result<Vec<String>, AccountError> {
        Ok(self.count("ListTopics").topics.keys().cloned().collect())
    }

    async fn topic(&self, arn: &str) -> Result<TopicState, AccountError> {
        let state = self.count("GetTopicAttributes");
        state
            .topics
            .get(arn)
            .cloned()
            .ok_or_else(|| Fake::error("sns:GetTopicAttributes", format!("no {arn}")))
    }

    async fn dashboards(&self) -> Result<Vec<String>, AccountError> {
        Ok(self
            .count("ListDashboards")
            .dashboards
            .keys()
            .cloned()
            .collect())
    }

    async fn metrics(&self, namespace: &str, name: &str) -> Result<Vec<MetricRef>, AccountError> {
        let state = self.count("ListMetrics");
        let found = state.metrics.iter();
        Ok(found
            .filter(|metric| metric.namespace == namespace && metric.name == name)
            .cloned()
            .collect())
    }

    async fn metric_data(&self, ask: &Ask) -> Result<Vec<Points>, AccountError> {
        let state = self.count("GetMetricData");
        let inside = |at: &&(i64, f64)| (ask.start_ms..ask.end_ms).contains(&at.0);
        let answer = |query: &Query| match &query.term {
            Term::Metric {
                metric, statistic, ..
            } => {
                let past = state.past.get(&(metric.clone(), statistic.clone()));
                past.into_iter().flatten().filter(inside).copied().collect()
            }
            Term::Expression { .. } => Points::new(),
        };
        Ok(ask.queries.iter().map(answer).collect())
    }

    async fn dashboard(&self, name: &str) -> Result<String, AccountError> {
        let state = self.count("GetDashboard");
        state
            .dashboards
            .get(name)
            .map(|(body, _)| body.clone())
            .ok_or_else(|| Fake::error("cloudwatch:GetDashboard", format!("no {name}")))
    }

    async fn metric_filters(&self) -> Result<Vec<MetricFilter>, AccountError> {
        let state = self.count("DescribeMetricFilters");
        Ok(state.metric_filters.values().cloned().collect())
    }

    async fn has_log_group(&self, name: &str) -> Result<bool, AccountError> {
        Ok(!self
            .count("DescribeLogGroups")
            .missing_log_groups
            .contains(name))
    }

    async fn event_rules(&self) -> Result<Vec<EventRule>, AccountError> {
        let state = self.count("ListRules");
        let rules = state.event_rules.values();
        Ok(rules.map(|(rule, ..)| rule.clone()).collect())
    }

    async fn targets(&self, rule: &str) -> Result<BTreeMap<String, String>, AccountError> {
        let state = self.count("ListTargetsByRule");
        let rule = state.event_rules.get(rule);
        rule.map(|(.., targets)| targets.clone())
            .ok_or_else(|| Fake::error("events:ListTargetsByRule", "no such rule"))
    }

    async fn mute_rules(&self) -> Result<Vec<String>, AccountError> {
        let state = self.count("ListAlarmMuteRules");
        Ok(state.mute_rules.keys().cloned().collect())
    }

    async fn mute_rule(&self, name: &str) -> Result<Option<MuteRule>, AccountError> {
        let state = self.count("GetAlarmMuteRule");
        let rule = state.mute_rules.get(name);
        Ok(rule.map(|(rule, _)| rule.clone()))
    }

    async fn sampling_rules(&self) -> Result<Vec<SamplingRule>, AccountError> {
        let state = self.count("GetSamplingRules");
        let rules = state.sampling_rules.values();
        Ok(rules.map(|(rule, _)| rule.clone()).collect())
    }
}

impl Writes for Fake {
    async fn write(&self, call: &Call) -> Result<Vec<String>, AccountError> {
        let mut state = self.state();
        if state
            .fail_from
            .is_some_and(|from| state.writes.len() >= from)
        {
            return Err(Fake::error(call.operation(), "the line was cut"));
        }
        state
            .perform(call, &self.target)
            .map_err(|detail| Fake::error(call.operation(), detail))?;
        state.writes.push(call.clone());
        Ok(Vec::new())
    }
}

impl State {
    fn perform(&mut self, call: &Call, target: &Target) -> Result<(), String> {
        match call {
            Call::CreateTopic { name, tags } => {
                let topic = self.topics.entry(target.topic_arn(name)).or_default();
                topic.tags.extend(tags.clone());
            }
            Call::SetDisplayName {
                topic,
                display_name,
            } => self.at(topic)?.display_name.clone_from(display_name),
            Call::SetPolicy { topic, policy } => self.at(topic)?.policy = Some(policy.clone()),
            Call::SetKey { topic, key } => {
                self.at(topic)?.key = (!key.is_empty()).then(|| key.clone());
            }
            Call::TagTopic { topic, tags } => self.at(topic)?.tags.extend(tags.clone()),
            Call::Subscribe {
                topic,
                subscription,
            } => {
                let arn = format!("{topic}:{}", subscription.hash());
                let arn = (subscription.protocol != "email").then_some(arn);
                self.at(topic)?
                    .subscriptions
                    .insert(subscription.clone(), arn);
            }
            Call::Unsubscribe { arn } => {
                for topic in self.topics.values_mut() {
                    topic
                        .subscriptions
                        .retain(|_, found| found.as_ref() != Some(arn));
                }
            }
            Call::DeleteTopic { topic } => {
                self.topics.remove(topic);
            }
            Call::PutAlarm { alarm, tags } => self.put_alarm(alarm, tags)?,
            Call::DeleteAlarms { names } => {
                for name in names {
                    self.delete_alarm(name)?;
                }
            }
            Call::PutDashboard { name, body, tags } => {
                let tags = match self.dashboards.get(name) {
                    Some((_, old)) => old.clone(),
                    None => tags.clone(),
                };
                self.dashboards.insert(name.clone(), (body.clone(), tags));
            }
            Call::DeleteDashboard { name } => {
                self.dashboards.remove(name);
            }
            Call::Tag { arn, tags } => self.tag(arn, tags, target),
            other => self.perform_rule(other, target)?,
        }
        Ok(())
    }

    fn at(&mut self, topic: &str) -> Result<&mut TopicState, String> {
        self.topics
            .get_mut(topic)
            .ok_or_else(|| format!("no topic {topic}"))
    }

    fn put_alarm(&mut self, alarm: &Alarm, tags: &Tags) -> Result<(), String> {
        for child in alarm.children() {
            if !self.alarms.contains_key(&child) {
                return Err(format!("{child} does not exist"));
            }
        }
        let tags = match self.alarms.get(alarm.name()) {
            Some((_, old)) => old.clone(),
            None => tags.clone(),
        };
        self.alarms
            .insert(alarm.name().to_owned(), (alarm.clone(), tags));
        Ok(())
    }

    fn delete_alarm(&mut self, name: &str) -> Result<(), String> {
        let parent = self
            .alarms
            .values()
            .map(|(alarm, _)| alarm)
            .find(|alarm| alarm.children().iter().any(|child| child == name));
        if let Some(parent) = parent {
            return Err(format!(
                "cannot delete {name} as there are composite alarm(s) depending on it: {}",
                parent.name()
            ));
        }
        self.alarms.remove(name);
        Ok(())
    }

    fn tag(&mut self, arn: &str, tags: &Tags, target: &Target) {
        for (name, (_, old)) in &mut self.alarms {
            if target.alarm_arn(name) == arn {
                old.extend(tags.clone());
            }
        }
        for (name, (_, old)) in &mut self.dashboards {
            if target.dashboard_arn(name) == arn {
                old.extend(tags.clone());
            }
        }
        self.tag_rule(arn, tags, target);
    }
}
