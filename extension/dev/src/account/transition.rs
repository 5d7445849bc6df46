//! An alarm's change of state: kept, told in its history, acted on. The alarm
//! clock and SetAlarmState come here alike.

use serde_json::{Value, json};

use super::alarms::Common;
use super::{Account, Change, message, publish};
use crate::store::{AlarmKind, AlarmRow, HistoryKind, HistoryRow, StateChange, StoreError};

/// An alarm before and after its state changed.
#[derive(Debug, Clone)]
pub(crate) struct Transition {
    /// As it was.
    pub(crate) before: AlarmRow,
    /// As it is.
    pub(crate) after: AlarmRow,
    /// The alarms that made a composite change.
    pub(crate) children: Vec<AlarmRow>,
}

/// Gives an alarm a state and tells its history. Gives what changed; none when the
/// alarm is gone or was in that state before.
///
/// # Errors
/// When the store cannot be written.
pub(crate) fn keep(
    account: &Account,
    name: &str,
    change: StateChange,
) -> Result<Option<Transition>, StoreError> {
    let Some(before) = account.store.alarm(name)? else {
        return Ok(None);
    };
    account.store.set_state(name, &change)?;
    account.changed(Change::Alarm);
    if before.state == change.state {
        return Ok(None);
    }
    account.store.add_history(&state_update(&before, &change))?;
    let after = AlarmRow {
        state: change.state,
        reason: change.reason,
        reason_data: change.reason_data,
        updated_ms: change.time_ms,
        transitioned_ms: change.time_ms,
        ..before.clone()
    };
    Ok(Some(Transition {
        before,
        after,
        children: Vec::new(),
    }))
}

fn state_update(before: &AlarmRow, change: &StateChange) -> HistoryRow {
    let state = |value: &str, reason: &str, data: &Option<String>| {
        let data = data
            .as_deref()
            .map(|text| serde_json::from_str::<Value>(text).unwrap_or_default());
        json!({ "stateValue": value, "stateReason": reason, "stateReasonData": data })
    };
    let data = json!({
        "version": "1.0",
        "oldState": state(&before.state, &before.reason, &before.reason_data),
        "newState": state(&change.state, &change.reason, &change.reason_data),
    });
    HistoryRow {
        id: 0,
        alarm: before.name.clone(),
        alarm_kind: before.kind,
        time_ms: change.time_ms,
        kind: HistoryKind::StateUpdate,
        summary: format!("Alarm updated from {} to {}", before.state, change.state),
        data: data.to_string(),
        from: Some(before.state.clone()),
        to: Some(change.state.clone()),
        reason: Some(change.reason.clone()),
    }
}

/// Takes the actions of the state an alarm came to, if they are enabled; each is
/// told in the history.
///
/// # Errors
/// When the store cannot be written.
pub(crate) fn act(account: &Account, transition: &Transition) -> Result<(), StoreError> {
    let Transition {
        before,
        after,
        children,
    } = transition;
    let Ok(common) = serde_json::from_value::<Common>(after.config.clone()) else {
        return Ok(());
    };
    if !common.actions_enabled {
        return Ok(());
    }
    if let Some(rule) = account.muted_by(&after.name, account.clock.now_ms())? {
        return mute(account, before, after, &rule);
    }
    for action in common.actions(&after.state) {
        let (text, subject) = match after.kind {
            AlarmKind::Metric => message::metric(account, before, after),
            AlarmKind::Composite => message::composite(account, before, after, children),
        };
        let published = publish::from_alarm(account, action, &after.name, (&subject, &text));
        account
            .store
            .add_history(&action_taken(after, action, &text, published))?;
    }
    account.changed(Change::Alarm);
    Ok(())
}

/// The store's kind: alarms whose actions a mute rule kept back, with the state they
/// had before.
const MUTED: &str = "muted-alarm";

/// Notes that an alarm's actions were kept back. The state before the first of them
/// stays: a later one may lead back to it.
fn mute(
    account: &Account,
    before: &AlarmRow,
    after: &AlarmRow,
    rule: &str,
) -> Result<(), StoreError> {
    if account.store.document(MUTED, &after.name)?.is_none() {
        let now = account.clock.now_ms();
        let state = Value::from(before.state.as_str());
        account
            .store
            .put_document(MUTED, &after.name, &state, now)?;
    }
    account.store.add_history(&HistoryRow {
        id: 0,
        alarm: after.name.clone(),
        alarm_kind: after.kind,
        time_ms: after.updated_ms,
        kind: HistoryKind::Action,
        summary: format!("Actions are muted by alarm mute rule {rule}"),
        data: json!({ "actionState": "Muted", "alarmMuteRule": rule }).to_string(),
        from: None,
        to: None,
        reason: None,
    })?;
    account.changed(Change::Alarm);
    Ok(())
}

/// Alarms whose actions were kept back, and the states they had before.
///
/// # Errors
/// When the store cannot be read.
pub(crate) fn muted(account: &Account) -> Result<Vec<(String, String)>, StoreError> {
    let rows = account.store.documents(MUTED)?.into_iter();
    let state = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(rows.map(|row| (row.key, state(&row.document))).collect())
}

/// Forgets that an alarm's actions were kept back.
///
/// # Errors
/// When the store cannot be written.
pub(crate) fn unmute(account: &Account, alarm: &str) -> Result<(), StoreError> {
    account.store.delete_document(MUTED, alarm)?;
    Ok(())
}

fn action_taken(
    alarm: &AlarmRow,
    action: &str,
    text: &str,
    published: Result<(), String>,
) -> HistoryRow {
    let (word, summary, problem) = match published {
        Ok(()) => (
            "Succeeded",
            format!("Successfully executed action {action}"),
            None,
        ),
        Err(problem) => (
            "Failed",
            format!("Failed to execute action {action}. {problem}"),
            Some(problem),
        ),
    };
    let data = json!({
        "actionState": word,
        "notificationResource": action,
        "stateUpdateTimestamp": alarm.updated_ms,
        "publishedMessage": text,
        "error": problem,
    });
    HistoryRow {
        id: 0,
        alarm: alarm.name.clone(),
        alarm_kind: alarm.kind,
        time_ms: alarm.updated_ms,
        kind: HistoryKind::Action,
        summary,
        data: data.to_string(),
        from: None,
        to: None,
        reason: None,
    }
}
