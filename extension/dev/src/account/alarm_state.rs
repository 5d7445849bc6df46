//! The state of alarms, by hand: SetAlarmState, actions on and off, the history.

use obs_cloudwatch::alarm::State;
use serde::Deserialize;
use serde_json::Value;

use super::operations::Answer;
use super::{Account, alarms, paging, transition};
use crate::store::{AlarmRow, HistoryKind, HistoryQuery, HistoryRow, StateChange};
use crate::wire::de::Timestamp;
use crate::wire::{Fault, Tree};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetAlarmState {
    alarm_name: String,
    state_value: String,
    state_reason: String,
    state_reason_data: Option<String>,
}

/// Sets a state until the next evaluation. Acts as any other transition does.
pub(super) fn set_alarm_state(account: &Account, input: SetAlarmState) -> Answer {
    let state: State = input
        .state_value
        .parse()
        .map_err(|error| Fault::validation(format!("Failed to {error}")))?;
    if input.state_reason.chars().count() > 1023 {
        return Err(Fault::validation(
            "The parameter StateReason must be at most 1023 characters long.",
        ));
    }
    if let Some(data) = &input.state_reason_data {
        serde_json::from_str::<Value>(data)
            .map_err(|_| Fault::format("StateReasonData was not valid JSON"))?;
    }
    let change = StateChange {
        state: state.as_str().to_owned(),
        reason: input.state_reason,
        reason_data: input.state_reason_data,
        time_ms: account.clock.now_ms(),
    };
    if account.store.alarm(&input.alarm_name)?.is_none() {
        return Err(Fault::no_alarm(format!(
            "There is no alarm named {}",
            input.alarm_name
        )));
    }
    if let Some(transition) = transition::keep(account, &input.alarm_name, change)? {
        transition::act(account, &transition)?;
    }
    Ok(Tree::Null)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AlarmNames {
    alarm_names: Vec<String>,
}

pub(super) fn enable_alarm_actions(account: &Account, input: AlarmNames) -> Answer {
    set_actions(account, &input.alarm_names, "enabled")
}

pub(super) fn disable_alarm_actions(account: &Account, input: AlarmNames) -> Answer {
    set_actions(account, &input.alarm_names, "disabled")
}

/// Names that no alarm has are passed over, as CloudWatch does.
fn set_actions(account: &Account, names: &[String], word: &str) -> Answer {
    for name in names {
        let Some(mut alarm) = account.store.alarm(name)? else {
            continue;
        };
        if let Some(config) = alarm.config.as_object_mut() {
            config.insert("ActionsEnabled".to_owned(), Value::Bool(word == "enabled"));
        }
        let known = AlarmRow {
            configured_ms: account.clock.now_ms(),
            ..alarm
        };
        account.store.put_alarm(&known)?;
        let data =
            serde_json::json!({ "version": "1.0", "type": "Update", "updatedAlarm": known.config });
        alarms::configured(
            account,
            name,
            known.kind,
            (&format!("Alarm actions {word}"), &data),
        )?;
    }
    Ok(Tree::Null)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeAlarmHistory {
    alarm_name: Option<String>,
    #[serde(default)]
    alarm_types: Vec<String>,
    history_item_type: Option<String>,
    start_date: Option<Timestamp>,
    end_date: Option<Timestamp>,
    max_records: Option<usize>,
    next_token: Option<String>,
    scan_by: Option<String>,
}

pub(super) fn describe_alarm_history(account: &Account, input: DescribeAlarmHistory) -> Answer {
    let kind = match input.history_item_type.as_deref() {
        None => None,
        Some(text) => Some(HistoryKind::parse(text).ok_or_else(|| {
            Fault::validation(format!(
                "The value {text} for parameter HistoryItemType is invalid."
            ))
        })?),
    };
    let offset = paging::start(input.next_token.as_deref())?;
    let size = input.max_records.unwrap_or(100).clamp(1, 100);
    let mut found = account.store.history(&HistoryQuery {
        alarm: input.alarm_name,
        kind,
        from_ms: input.start_date.map(|time| time.0),
        to_ms: input.end_date.map(|time| time.0),
        limit: size + 1,
        offset,
        oldest_first: input.scan_by.as_deref() == Some("TimestampAscending"),
    })?;
    let next = (found.len() > size).then(|| paging::token(offset + size));
    found.truncate(size);
    // Without types only metric alarms are told of.
    let wanted = |item: &HistoryRow| match input.alarm_types.is_empty() {
        true => item.alarm_kind.as_str() == "MetricAlarm",
        false => input
            .alarm_types
            .iter()
            .any(|kind| kind == item.alarm_kind.as_str()),
    };
    found.retain(wanted);
    let item = |item: HistoryRow| {
        Tree::fields()
            .set("AlarmName", item.alarm)
            .set("AlarmType", item.alarm_kind.as_str())
            .set("Timestamp", Tree::Time(item.time_ms))
            .set("HistoryItemType", item.kind.as_str())
            .set("HistorySummary", item.summary)
            .set("HistoryData", item.data)
    };
    let items = Tree::list(found.into_iter().map(item));
    Ok(Tree::fields()
        .set("AlarmHistoryItems", items)
        .maybe("NextToken", next)
        .into())
}
