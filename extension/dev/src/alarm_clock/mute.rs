//! Actions that a mute rule kept back: taken when no rule mutes the alarm any more and
//! it is still in the state that it would have told of.

use super::composite::triggering;
use crate::account::Account;
use crate::account::transition::{self, Transition};
use crate::store::{AlarmKind, AlarmRow, StoreError};

/// Takes what may be taken now, at a window's end or when its rule was deleted.
pub(super) fn release(account: &Account, now_ms: i64) -> Result<(), StoreError> {
    let muted = transition::muted(account)?;
    if muted.is_empty() {
        return Ok(());
    }
    let alarms = account.store.alarms()?;
    for (name, from) in muted {
        if account.muted_by(&name, now_ms)?.is_some() {
            continue;
        }
        transition::unmute(account, &name)?;
        let Some(alarm) = alarms.iter().find(|alarm| alarm.name == name) else {
            continue;
        };
        // Back where it was before the window: nothing happened that is worth telling.
        if alarm.state == from {
            continue;
        }
        let children = match alarm.kind {
            AlarmKind::Composite => triggering(alarm, &alarms),
            AlarmKind::Metric => Vec::new(),
        };
        let before = AlarmRow {
            state: from,
            ..alarm.clone()
        };
        let after = alarm.clone();
        transition::act(
            account,
            &Transition {
                before,
                after,
                children,
            },
        )?;
    }
    Ok(())
}
