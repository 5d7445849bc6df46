//! Evaluates one metric alarm.

use obs_cloudwatch::alarm::{self, MetricAlarm, Moment, State};

use crate::account::{Account, transition};
use crate::store::{AlarmRow, StateChange, StoreError};

/// Evaluates an alarm if it is due; acts when its state changes.
pub(super) fn evaluate(account: &Account, row: &AlarmRow, now_ms: i64) -> Result<(), StoreError> {
    // What was put has been read once; a row of an older version may not be.
    let Ok(alarm) = MetricAlarm::from_json(&row.config) else {
        return Ok(());
    };
    if !alarm::is_due(row.evaluated_ms, now_ms, alarm::interval_ms(&alarm)) {
        return Ok(());
    }
    let state = row.state.parse().unwrap_or(State::InsufficientData);
    let moment = Moment { now_ms, state };
    let change = match alarm::evaluate(&alarm, moment, &account.store) {
        Ok(evaluation) if !evaluation.changed => None,
        Ok(evaluation) => Some(StateChange {
            state: evaluation.state.as_str().to_owned(),
            reason: evaluation.reason,
            reason_data: Some(evaluation.reason_data.to_string()),
            time_ms: now_ms,
        }),
        Err(_) if state == State::InsufficientData => None,
        Err(error) => Some(StateChange {
            state: State::InsufficientData.as_str().to_owned(),
            reason: format!("Failed to {error}"),
            reason_data: None,
            time_ms: now_ms,
        }),
    };
    account.store.evaluated(&row.name, now_ms)?;
    let Some(change) = change else { return Ok(()) };
    if let Some(transition) = transition::keep(account, &row.name, change)? {
        transition::act(account, &transition)?;
    }
    Ok(())
}
