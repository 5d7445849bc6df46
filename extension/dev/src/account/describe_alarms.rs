//! Alarms as AWS describes them: by name, kind, state, family or metric.

use serde::Deserialize;
use serde_json::Value;

use super::alarms::Rule;
use super::operations::Answer;
use super::put_metric_data::Dimension;
use super::{Account, composites, paging};
use crate::store::{AlarmKind, AlarmRow};
use crate::wire::{Fault, Tree};

/// Alarms a page.
const PAGE: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeAlarms {
    #[serde(default)]
    alarm_names: Vec<String>,
    alarm_name_prefix: Option<String>,
    #[serde(default)]
    alarm_types: Vec<String>,
    children_of_alarm_name: Option<String>,
    parents_of_alarm_name: Option<String>,
    state_value: Option<String>,
    action_prefix: Option<String>,
    max_records: Option<usize>,
    next_token: Option<String>,
}

/// Metric alarms, and composites only when they are asked for by type.
pub(super) fn describe_alarms(account: &Account, input: DescribeAlarms) -> Answer {
    if !input.alarm_names.is_empty() && input.alarm_name_prefix.is_some() {
        return Err(Fault::combination(
            "AlarmNames and AlarmNamePrefix cannot be used together",
        ));
    }
    if input.alarm_names.len() > 100 {
        return Err(Fault::validation(
            "The collection AlarmNames must not have a size greater than 100.",
        ));
    }
    let mut found = account.store.alarms()?;
    let family = composites::family(
        &found,
        &input.children_of_alarm_name,
        &input.parents_of_alarm_name,
    )?;
    found.retain(|alarm| {
        input.wants(alarm)
            && family
                .as_ref()
                .is_none_or(|names| names.contains(&alarm.name))
    });
    let size = input.max_records.unwrap_or(PAGE).clamp(1, PAGE);
    let (page, next) = paging::page(found, input.next_token.as_deref(), size)?;
    let (composite, metric): (Vec<_>, Vec<_>) = page
        .into_iter()
        .partition(|a| a.kind == AlarmKind::Composite);
    Ok(Tree::fields()
        .set(
            "CompositeAlarms",
            Tree::list(composite.into_iter().map(|alarm| described(account, alarm))),
        )
        .set(
            "MetricAlarms",
            Tree::list(metric.into_iter().map(|alarm| described(account, alarm))),
        )
        .maybe("NextToken", next)
        .into())
}

impl DescribeAlarms {
    fn wants(&self, alarm: &AlarmRow) -> bool {
        let typed = match (self.alarm_types.is_empty(), alarm.kind) {
            // A family is asked for whatever its members are.
            (true, AlarmKind::Composite) => {
                self.children_of_alarm_name.is_some() || self.parents_of_alarm_name.is_some()
            }
            (true, AlarmKind::Metric) => true,
            (false, kind) => self
                .alarm_types
                .iter()
                .any(|wanted| wanted == kind.as_str()),
        };
        let prefixed = |prefix: &String| alarm.name.starts_with(prefix);
        typed
            && (self.alarm_names.is_empty() || self.alarm_names.contains(&alarm.name))
            && self.alarm_name_prefix.as_ref().is_none_or(prefixed)
            && self
                .state_value
                .as_ref()
                .is_none_or(|state| *state == alarm.state)
            && self
                .action_prefix
                .as_ref()
                .is_none_or(|prefix| acts_on(alarm, prefix))
    }
}

fn acts_on(alarm: &AlarmRow, prefix: &str) -> bool {
    ["OKActions", "AlarmActions", "InsufficientDataActions"]
        .iter()
        .any(|list| {
            let actions = alarm.config.get(list).and_then(Value::as_array);
            actions
                .into_iter()
                .flatten()
                .any(|action| action.as_str().is_some_and(|arn| arn.starts_with(prefix)))
        })
}

/// An alarm as AWS describes it: what was put, and its state.
fn described(account: &Account, alarm: AlarmRow) -> Tree {
    Tree::fields()
        .all_of(Tree::from(alarm.config))
        .set("AlarmArn", account.alarm_arn(&alarm.name))
        .set(
            "AlarmConfigurationUpdatedTimestamp",
            Tree::Time(alarm.configured_ms),
        )
        .set("StateValue", alarm.state)
        .set("StateReason", alarm.reason)
        .maybe("StateReasonData", alarm.reason_data)
        .set("StateUpdatedTimestamp", Tree::Time(alarm.updated_ms))
        .set(
            "StateTransitionedTimestamp",
            Tree::Time(alarm.transitioned_ms),
        )
        .into()
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeAlarmsForMetric {
    metric_name: String,
    namespace: String,
    statistic: Option<String>,
    extended_statistic: Option<String>,
    #[serde(default)]
    dimensions: Vec<Dimension>,
    period: Option<u32>,
    unit: Option<String>,
}

pub(super) fn describe_alarms_for_metric(
    account: &Account,
    input: DescribeAlarmsForMetric,
) -> Answer {
    let mut wanted: Vec<_> = input
        .dimensions
        .iter()
        .map(|d| (d.name.clone(), d.value.clone()))
        .collect();
    wanted.sort();
    let same = |found: &Option<String>, asked: &Option<String>| asked.is_none() || found == asked;
    let fits = |alarm: &AlarmRow| {
        let Ok(rule) = serde_json::from_value::<Rule>(alarm.config.clone()) else {
            return false;
        };
        let mut found: Vec<_> = rule
            .dimensions
            .into_iter()
            .map(|d| (d.name, d.value))
            .collect();
        found.sort();
        rule.metric_name.as_ref() == Some(&input.metric_name)
            && rule.namespace.as_ref() == Some(&input.namespace)
            && found == wanted
            && same(&rule.statistic, &input.statistic)
            && same(&rule.extended_statistic, &input.extended_statistic)
            && same(&rule.unit, &input.unit)
            && (input.period.is_none() || rule.period == input.period)
    };
    let mut found = account.store.alarms()?;
    found.retain(|alarm| alarm.kind == AlarmKind::Metric && fits(alarm));
    let alarms = Tree::list(found.into_iter().map(|alarm| described(account, alarm)));
    Ok(Tree::fields().set("MetricAlarms", alarms).into())
}
