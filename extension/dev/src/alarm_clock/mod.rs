//! The alarm clock: evaluates alarms when they are due, and has notifications
//! posted.
//!
//! [`AlarmClock::tick`] does what is due at the account's time and nothing else, so
//! a test moves the clock and ticks; [`run`] ticks once a second.

mod metric;
mod composite;
mod mute;
mod deliver;

pub(crate) use deliver::{Courier, deliver_all};

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use obs_cloudwatch::composite::Held;

use crate::account::Account;
use crate::account::transition::Transition;
use crate::store::{AlarmKind, AlarmRow, StoreError};

/// How often it is looked whether an alarm is due.
const LOOK: Duration = Duration::from_secs(1);
/// How often composites are evaluated in a row, at most: once for each level that
/// composites may be nested.
const LEVELS: usize = 16;

/// Evaluates the alarms of an account.
#[derive(Debug)]
pub(crate) struct AlarmClock {
    account: Arc<Account>,
    /// Composites whose actions another alarm may keep back.
    suppressed: BTreeMap<String, Held<Transition>>,
}

impl AlarmClock {
    /// A clock over an account.
    pub(crate) fn new(account: Arc<Account>) -> Self {
        Self {
            account,
            suppressed: BTreeMap::new(),
        }
    }

    /// Evaluates what is due: metric alarms by their schedule, then composites,
    /// those that depend on others after them.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub(crate) fn tick(&mut self) -> Result<(), StoreError> {
        let now = self.account.clock.now_ms();
        let alarms = self.account.store.alarms()?;
        for alarm in alarms
            .iter()
            .filter(|alarm| alarm.kind == AlarmKind::Metric)
        {
            metric::evaluate(&self.account, alarm, now)?;
        }
        // What a window kept back goes before what happens now.
        mute::release(&self.account, now)?;
        let is_composite = |alarm: &AlarmRow| alarm.kind == AlarmKind::Composite;
        if !alarms.iter().any(is_composite) {
            self.suppressed.clear();
            return Ok(());
        }
        for _ in 0..LEVELS {
            let alarms = self.account.store.alarms()?;
            let mut changed = false;
            for alarm in alarms.iter().filter(|alarm| is_composite(alarm)) {
                changed |= self.composite(alarm, &alarms, now)?;
            }
            if !changed {
                break;
            }
        }
        Ok(())
    }
}

/// Ticks until the task is aborted. A failing store is tried again at the next
/// tick; the page shows that states stand still.
pub(crate) async fn run(account: Arc<Account>) {
    let mut clock = AlarmClock::new(account);
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        // The engine may read many metrics: not on a thread that serves requests.
        let work = tokio::task::spawn_blocking(move || {
            let _ = clock.tick();
            clock
        });
        match work.await {
            Ok(back) => clock = back,
            // Only a panic or the end of the runtime gets here.
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests;
