//! Composite alarms, and what ties alarms together: children that have to exist,
//! and cannot be deleted before what depends on them.

use std::collections::BTreeSet;

use obs_cloudwatch::composite::{self, Rule};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Account;
use super::alarms::{self, Common};
use super::operations::Answer;
use super::tags::{Tag, check_tags};
use crate::store::{AlarmKind, AlarmRow};
use crate::wire::{Fault, Tree};

/// The input of PutCompositeAlarm.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutCompositeAlarm {
    alarm_name: String,
    alarm_description: Option<String>,
    alarm_rule: String,
    #[serde(default = "enabled")]
    actions_enabled: bool,
    #[serde(rename = "OKActions", default)]
    ok_actions: Vec<String>,
    #[serde(default)]
    alarm_actions: Vec<String>,
    #[serde(default)]
    insufficient_data_actions: Vec<String>,
    actions_suppressor: Option<String>,
    actions_suppressor_wait_period: Option<u32>,
    actions_suppressor_extension_period: Option<u32>,
    #[serde(default)]
    tags: Vec<Tag>,
}

fn enabled() -> bool {
    true
}

/// A composite as it is kept and described.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Config {
    #[serde(flatten)]
    common: Common,
    /// The rule's text.
    pub(crate) alarm_rule: String,
    /// The name or ARN of the alarm that keeps actions back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) actions_suppressor: Option<String>,
    /// How long actions wait for it, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) actions_suppressor_wait_period: Option<u32>,
    /// How long actions stay away after it, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) actions_suppressor_extension_period: Option<u32>,
}

impl Config {
    /// The configuration of a composite; none when the row is of another kind.
    pub(crate) fn of(alarm: &AlarmRow) -> Option<Config> {
        let composite = alarm.kind == AlarmKind::Composite;
        composite
            .then(|| serde_json::from_value(alarm.config.clone()).ok())
            .flatten()
    }

    /// The rule, which was read once before it was kept.
    pub(crate) fn rule(&self) -> Option<Rule> {
        composite::parse(&self.alarm_rule).ok()
    }
}

/// An alarm's name from its name or ARN.
pub(crate) fn bare(name: &str) -> &str {
    match name.split_once(":alarm:") {
        Some((before, bare)) if before.starts_with("arn:") => bare,
        _ => name,
    }
}

pub(super) fn put_composite_alarm(account: &Account, input: PutCompositeAlarm) -> Answer {
    check_tags(&input.tags)?;
    let rule = composite::parse(&input.alarm_rule)
        .map_err(|error| Fault::validation(format!("Failed to {error}")))?;
    let config = Config {
        common: Common {
            alarm_name: input.alarm_name,
            alarm_description: input.alarm_description,
            actions_enabled: input.actions_enabled,
            ok_actions: input.ok_actions,
            alarm_actions: input.alarm_actions,
            insufficient_data_actions: input.insufficient_data_actions,
        },
        alarm_rule: input.alarm_rule,
        actions_suppressor: input.actions_suppressor,
        actions_suppressor_wait_period: input.actions_suppressor_wait_period,
        actions_suppressor_extension_period: input.actions_suppressor_extension_period,
    };
    config.common.check()?;
    check_children(account, &config, &rule)?;
    let name = config.common.alarm_name.clone();
    let config =
        serde_json::to_value(config).map_err(|error| Fault::internal(error.to_string()))?;
    alarms::keep(account, &name, AlarmKind::Composite, config, input.tags)
}

fn check_children(account: &Account, config: &Config, rule: &Rule) -> Result<(), Fault> {
    let mut named: BTreeSet<&str> = rule.children().into_iter().map(bare).collect();
    if named.contains(config.common.alarm_name.as_str()) {
        return Err(Fault::validation(
            "A composite alarm cannot be in its own alarm rule",
        ));
    }
    if let Some(suppressor) = &config.actions_suppressor {
        if config.actions_suppressor_wait_period.is_none()
            || config.actions_suppressor_extension_period.is_none()
        {
            let message = "ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod are required with an \
                           ActionsSuppressor";
            return Err(Fault::validation(message));
        }
        named.insert(bare(suppressor));
    }
    let mut unknown = Vec::new();
    for name in named {
        if account.store.alarm(name)?.is_none() {
            unknown.push(name);
        }
    }
    if unknown.is_empty() {
        return Ok(());
    }
    let message = format!(
        "Could not save the composite alarm as alarms [{}] in the alarm rule do not exist",
        unknown.join(", ")
    );
    Err(Fault::validation(message))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteAlarms {
    alarm_names: Vec<String>,
}

/// Deletes all of them, or none when one of them cannot be deleted.
pub(super) fn delete_alarms(account: &Account, input: DeleteAlarms) -> Answer {
    if input.alarm_names.len() > 100 {
        return Err(Fault::validation(
            "The collection AlarmNames must not have a size greater than 100.",
        ));
    }
    let all = account.store.alarms()?;
    let mut doomed = Vec::new();
    for name in &input.alarm_names {
        let alarm = all.iter().find(|alarm| alarm.name == *name);
        doomed
            .push(alarm.ok_or_else(|| Fault::no_alarm(format!("There is no alarm named {name}")))?);
    }
    if doomed
        .iter()
        .filter(|alarm| alarm.kind == AlarmKind::Composite)
        .count()
        > 1
    {
        return Err(Fault::validation(
            "At most one composite alarm can be deleted in one call",
        ));
    }
    for alarm in &doomed {
        if all.iter().any(|other| depends_on(other, &alarm.name)) {
            let message = format!(
                "Cannot delete {} as there are composite alarm(s) depending on it.",
                alarm.name
            );
            return Err(Fault::validation(message));
        }
    }
    account.store.delete_alarms(&input.alarm_names)?;
    for alarm in doomed {
        account.store.forget_tags(&account.alarm_arn(&alarm.name))?;
        let data = json!({ "version": "1.0", "type": "Delete", "deletedAlarm": alarm.config });
        alarms::configured(
            account,
            &alarm.name,
            alarm.kind,
            (&format!("Alarm \"{}\" deleted", alarm.name), &data),
        )?;
    }
    Ok(Tree::Null)
}

/// The alarms that a composite's state or actions depend on, by name, sorted.
pub(crate) fn children(alarm: &AlarmRow) -> BTreeSet<String> {
    let Some(config) = Config::of(alarm) else {
        return BTreeSet::new();
    };
    let mut names: BTreeSet<String> = match config.rule() {
        Some(rule) => rule
            .children()
            .into_iter()
            .map(|name| bare(name).to_owned())
            .collect(),
        None => BTreeSet::new(),
    };
    names.extend(
        config
            .actions_suppressor
            .as_deref()
            .map(|name| bare(name).to_owned()),
    );
    names
}

fn depends_on(alarm: &AlarmRow, name: &str) -> bool {
    children(alarm).contains(name)
}

/// The names DescribeAlarms was narrowed to by a parent or a child; none when it
/// was not.
pub(super) fn family(
    all: &[AlarmRow],
    children_of: &Option<String>,
    parents_of: &Option<String>,
) -> Result<Option<BTreeSet<String>>, Fault> {
    match (children_of, parents_of) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(Fault::combination(
            "ChildrenOfAlarmName and ParentsOfAlarmName cannot be used together",
        )),
        (Some(parent), None) => {
            let parent = all.iter().find(|alarm| alarm.name == bare(parent));
            Ok(Some(parent.map(children).unwrap_or_default()))
        }
        (None, Some(child)) => {
            let parents = all.iter().filter(|alarm| depends_on(alarm, bare(child)));
            Ok(Some(parents.map(|alarm| alarm.name.clone()).collect()))
        }
    }
}
