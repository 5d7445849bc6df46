//! Which alarms no test speaks of.

use std::collections::{BTreeMap, BTreeSet};

use super::fleet::closure;
use crate::model::{Actions, Alarm, AlarmTest};

/// Alarms and those among them that no test speaks of. An alarm is spoken of when an
/// expectation names it, or a composite that it feeds and that tells people for it: the
/// alarms of a burn rate's windows tell nobody themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// How many alarms there are, composites among them.
    pub alarms: usize,
    /// Names of those that no test speaks of, sorted.
    pub untested: Vec<String>,
}

impl Coverage {
    /// Of these alarms by these tests.
    pub fn of(alarms: &[Alarm], tests: &[AlarmTest]) -> Coverage {
        let by_name: BTreeMap<&str, &Alarm> =
            alarms.iter().map(|alarm| (alarm.name(), alarm)).collect();
        let named: BTreeSet<&str> = tests
            .iter()
            .flat_map(|test| &test.expect)
            .map(|expect| expect.alarm.as_str())
            .collect();
        let reached: BTreeSet<&str> = closure(named.iter().copied(), &by_name)
            .into_iter()
            .filter(|alarm| named.contains(alarm.name()) || is_silent(alarm))
            .map(Alarm::name)
            .collect();
        let untested = by_name.keys().filter(|name| !reached.contains(**name));
        Coverage {
            alarms: by_name.len(),
            untested: untested.map(|name| (*name).to_owned()).collect(),
        }
    }
}

fn is_silent(alarm: &Alarm) -> bool {
    let Actions {
        alarm,
        ok,
        insufficient_data,
    } = match alarm {
        Alarm::Metric(alarm) => &alarm.actions,
        Alarm::Composite(alarm) => &alarm.actions,
    };
    alarm.is_empty() && ok.is_empty() && insufficient_data.is_empty()
}
