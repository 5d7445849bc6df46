//! Faults on purpose: the account throttles, fails, hangs or hangs up where a
//! [`FaultRule`] says so, and CloudWatch's own quota of PutMetricData throttles
//! without being asked.
//!
//! What a rule decides does not hang on chance: a share of 30 % strikes three
//! requests of every ten, the same three in every run.

mod rule;
mod quota;
#[cfg(test)]
mod tests;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;

pub(crate) use rule::choose;
pub use rule::{BadRule, FaultRule};

use crate::wire::{Fault, Service};
use quota::Quota;
use rule::Kind;

/// Rules that an account holds at a time.
const MOST: usize = 100;

/// What becomes of a request that a fault strikes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// It is answered with an error, and nothing is done.
    Answer(Fault),
    /// It is never answered.
    Silence(Done),
    /// The connection is reset instead of an answer.
    Reset(Done),
    /// It is done, and the answer comes a byte at a time.
    Drip,
}

/// Whether a request without an answer was carried out all the same: the caller
/// cannot tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    /// It was.
    Yes,
    /// It was not.
    No,
}

/// A rule as the page and `GET /api/faults` show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Shown {
    /// Its number.
    pub(crate) id: u64,
    /// The rule, as it can be typed.
    pub(crate) fault: String,
    /// Requests that it was asked about.
    pub(crate) seen: u64,
    /// Requests that it struck.
    pub(crate) struck: u64,
    /// Whether it can still strike.
    pub(crate) active: bool,
}

/// The account's faults.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    rules: Vec<Active>,
    last_id: u64,
    quota: Quota,
}

#[derive(Debug)]
struct Active {
    id: u64,
    rule: FaultRule,
    since_ms: i64,
    seen: u64,
    struck: u64,
}

impl Faults {
    /// Adds a rule and gives its number; `None` when there are too many.
    pub(crate) fn add(&self, rule: FaultRule, now_ms: i64) -> Option<u64> {
        let mut state = self.lock();
        state.rules.retain(|active| active.is_active(now_ms));
        if state.rules.len() >= MOST {
            return None;
        }
        state.last_id += 1;
        let id = state.last_id;
        state.rules.push(Active {
            id,
            rule,
            since_ms: now_ms,
            seen: 0,
            struck: 0,
        });
        Some(id)
    }

    /// Takes a rule away; `false` when there is none of that number.
    pub(crate) fn remove(&self, id: u64) -> bool {
        let mut state = self.lock();
        let before = state.rules.len();
        state.rules.retain(|active| active.id != id);
        state.rules.len() < before
    }

    /// Takes all rules away and gives how many there were.
    pub(crate) fn clear(&self) -> usize {
        std::mem::take(&mut self.lock().rules).len()
    }

    /// Every rule, in the order in which they are asked.
    pub(crate) fn list(&self, now_ms: i64) -> Vec<Shown> {
        let state = self.lock();
        let shown = |active: &Active| Shown {
            id: active.id,
            fault: active.rule.to_string(),
            seen: active.seen,
            struck: active.struck,
            active: active.is_active(now_ms),
        };
        state.rules.iter().map(shown).collect()
    }

    /// What strikes this request, if anything does: the first rule that fits, else
    /// the quota.
    pub(crate) fn strike(&self, service: Service, operation: &str, now_ms: i64) -> Option<Effect> {
        let mut state = self.lock();
        let rules = state.rules.iter_mut();
        let struck = rules
            .filter(|active| active.rule.is_for(service, operation) && active.is_active(now_ms))
            .find_map(|active| active.strike(service));
        if struck.is_some() {
            return struck;
        }
        let free = state.quota.take(service, operation, now_ms);
        (!free).then(|| Effect::Answer(Fault::throttling(service)))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Active {
    fn is_active(&self, now_ms: i64) -> bool {
        let age = u64::try_from(now_ms.saturating_sub(self.since_ms)).unwrap_or(0);
        let in_time = self
            .rule
            .time
            .is_none_or(|time| Duration::from_millis(age) < time);
        in_time && self.rule.count.is_none_or(|count| self.struck < count)
    }

    /// Strikes when the share of what was seen is not reached yet.
    fn strike(&mut self, service: Service) -> Option<Effect> {
        let due = |seen: u64| seen * u64::from(self.rule.percent) / 100;
        let strikes = due(self.seen + 1) > due(self.seen);
        self.seen += 1;
        if !strikes {
            return None;
        }
        self.struck += 1;
        Some(match self.rule.kind {
            Kind::Throttle => Effect::Answer(Fault::throttling(service)),
            Kind::Error => Effect::Answer(Fault::internal("a fault that was asked for")),
            Kind::Unavailable => Effect::Answer(Fault::unavailable()),
            Kind::TooLarge => Effect::Answer(Fault::too_large(service.limit())),
            Kind::Hang => Effect::Silence(Done::No),
            Kind::HangAccepted => Effect::Silence(Done::Yes),
            Kind::Reset => Effect::Reset(Done::No),
            Kind::ResetAccepted => Effect::Reset(Done::Yes),
            Kind::Drip => Effect::Drip,
        })
    }
}
