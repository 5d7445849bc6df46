//! Evaluates one composite alarm, and lets its actions go when nothing keeps them
//! back.

use obs_cloudwatch::alarm::State;
use obs_cloudwatch::composite::{Held, SuppressionConfig, reason};
use serde_json::json;

use super::AlarmClock;
use crate::account::composites::{Config, bare, children};
use crate::account::transition;
use crate::store::{AlarmRow, StateChange, StoreError};

impl AlarmClock {
    /// Evaluates a composite among all alarms; gives whether its state changed.
    pub(super) fn composite(
        &mut self,
        row: &AlarmRow,
        all: &[AlarmRow],
        now_ms: i64,
    ) -> Result<bool, StoreError> {
        let Some(config) = Config::of(row) else {
            return Ok(false);
        };
        let Some(rule) = config.rule() else {
            return Ok(false);
        };
        let state_of = |name: &str| {
            let alarm = all.iter().find(|alarm| alarm.name == bare(name));
            alarm.and_then(|alarm| alarm.state.parse::<State>().ok())
        };
        let state = rule.evaluate(&state_of);
        let suppressor = config.actions_suppressor.as_deref().and_then(state_of);
        self.suppressor_seen(&row.name, &config, suppressor, now_ms)?;
        if row.state == state.as_str() {
            return Ok(false);
        }
        let triggering = triggering(row, all);
        let change = change(row, &rule.to_string(), state, (&triggering, now_ms));
        let Some(mut transition) = transition::keep(&self.account, &row.name, change)? else {
            return Ok(false);
        };
        transition.children = triggering;
        let due = match self.suppressed.get_mut(&row.name) {
            None => Some(transition),
            Some(held) => held.changed(state, transition, now_ms),
        };
        if let Some(due) = due {
            transition::act(&self.account, &due)?;
        }
        Ok(true)
    }

    /// Tells a composite's suppression how its suppressor is; acts when actions
    /// that waited may go.
    fn suppressor_seen(
        &mut self,
        name: &str,
        config: &Config,
        suppressor: Option<State>,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        if config.actions_suppressor.is_none() {
            self.suppressed.remove(name);
            return Ok(());
        }
        let suppressor = suppressor.unwrap_or(State::InsufficientData);
        let ms = |seconds: Option<u32>| i64::from(seconds.unwrap_or(0)) * 1000;
        let held = self.suppressed.entry(name.to_owned()).or_insert_with(|| {
            let config = SuppressionConfig {
                wait_ms: ms(config.actions_suppressor_wait_period),
                extension_ms: ms(config.actions_suppressor_extension_period),
            };
            Held::new(config, suppressor)
        });
        if let Some(due) = held.suppressor_seen(suppressor, now_ms) {
            transition::act(&self.account, &due)?;
        }
        Ok(())
    }
}

/// The children in `ALARM`, or all when none is: what a reader wants to see.
pub(super) fn triggering(row: &AlarmRow, all: &[AlarmRow]) -> Vec<AlarmRow> {
    let names = children(row);
    let family: Vec<&AlarmRow> = all
        .iter()
        .filter(|alarm| names.contains(&alarm.name))
        .collect();
    let firing: Vec<&AlarmRow> = family
        .iter()
        .filter(|alarm| alarm.state == "ALARM")
        .copied()
        .collect();
    let told = if firing.is_empty() { family } else { firing };
    told.into_iter().cloned().collect()
}

fn change(row: &AlarmRow, rule: &str, state: State, told: (&[AlarmRow], i64)) -> StateChange {
    let (children, time_ms) = told;
    let names: Vec<&str> = children.iter().map(|child| child.name.as_str()).collect();
    let child = |child: &AlarmRow| json!({ "name": child.name, "state": { "value": child.state, "timestamp": child.transitioned_ms } });
    let data = json!({ "triggeringAlarms": children.iter().map(child).collect::<Vec<_>>() });
    StateChange {
        state: state.as_str().to_owned(),
        reason: reason(&row.name, rule, state, &names),
        reason_data: Some(data.to_string()),
        time_ms,
    }
}
