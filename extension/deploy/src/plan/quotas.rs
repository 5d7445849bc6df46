//! Does it fit into the account? AWS counts what everybody keeps there, not only ours.
//!
//! The numbers are those of AWS's quota pages for accounts that asked for no more; a plan
//! cannot see what was raised, so that it tells and does not stop.

use std::collections::BTreeMap;

use super::Observed;
use super::step::{Action, Kind, Step};
use crate::account::Call;
use crate::model::{Alarm, Target};

/// Metric alarms of an account and region.
const ALARMS: usize = 5_000;
/// Metric filters of a log group; nobody is given more.
const FILTERS: usize = 100;
/// Rules of an event bus.
const EVENT_RULES: usize = 300;
/// Rules of an event bus in the regions that allow fewer.
const FEW_EVENT_RULES: usize = 100;
/// Those regions.
const FEW_IN: [&str; 2] = ["af-south-1", "eu-south-1"];
/// Sampling rules of an account and region beside the default one.
const SAMPLING_RULES: usize = 25;

/// A note for each quota that the account would be over after these steps, by their
/// doing.
pub(super) fn notes(target: &Target, observed: &Observed, steps: &[Step]) -> Vec<String> {
    let metric = |alarm: &&Alarm| matches!(alarm, Alarm::Metric(_));
    let event_rules = match FEW_IN.contains(&target.region.as_str()) {
        true => FEW_EVENT_RULES,
        false => EVENT_RULES,
    };
    let alarms = observed.alarms.values().filter(metric).count();
    let counted = [
        (Kind::Alarm, alarms, ALARMS, "metric alarms in the region"),
        (
            Kind::EventRule,
            observed.event_rules.len(),
            event_rules,
            "rules on the default event bus",
        ),
        (
            Kind::SamplingRule,
            observed.sampling_rules.len(),
            SAMPLING_RULES,
            "sampling rules in the region",
        ),
    ];
    let whole = counted
        .into_iter()
        .filter_map(|(kind, found, quota, what)| {
            let steps = steps.iter().filter(|step| step.kind == kind);
            over(found, steps.map(|step| step.action), quota, what)
        });
    whole.chain(filters(observed, steps)).collect()
}

/// By log group.
fn filters(observed: &Observed, steps: &[Step]) -> Vec<String> {
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for (group, _) in observed.metric_filters.keys() {
        *found.entry(group).or_default() += 1;
    }
    let mut groups: BTreeMap<&str, Vec<Action>> = BTreeMap::new();
    for step in steps {
        let group = step.calls.iter().find_map(|call| match call {
            Call::PutMetricFilter { filter } => Some(&filter.log_group),
            Call::DeleteMetricFilter { log_group, .. } => Some(log_group),
            _ => None,
        });
        if let Some(group) = group {
            groups.entry(group).or_default().push(step.action);
        }
    }
    let notes = groups.into_iter().filter_map(|(group, actions)| {
        let found = found.get(group).copied().unwrap_or(0);
        let what = format!("metric filters on log group {group}");
        over(found, actions.into_iter(), FILTERS, &what)
    });
    notes.collect()
}

/// What is over, when more is made than ended.
fn over(
    found: usize,
    actions: impl Iterator<Item = Action>,
    quota: usize,
    what: &str,
) -> Option<String> {
    let (mut made, mut ended) = (0, 0);
    for action in actions {
        match action {
            Action::Create => made += 1,
            Action::Update => {}
            Action::Delete => ended += 1,
        }
    }
    let after = (found + made).saturating_sub(ended);
    (after > quota && made > ended).then(|| {
        format!("{after} {what} are more than AWS's quota of {quota}: unless it was raised, the last ones will be refused")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(found: usize, actions: &[Action], expect: Option<&str>) {
        let told = over(found, actions.iter().copied(), 3, "things");
        let expect = expect.map(|numbers| {
            format!("{numbers}: unless it was raised, the last ones will be refused")
        });
        assert_eq!(told, expect, "{found} {actions:?}");
    }

    #[test]
    fn what_a_plan_adds_is_held_against_the_quota_and_what_is_there_is_not() {
        use Action::{Create, Delete, Update};
        check(3, &[], None);
        check(2, &[Create], None);
        check(
            3,
            &[Create, Update],
            Some("4 things are more than AWS's quota of 3"),
        );
        check(3, &[Create, Delete], None);
        // Somebody raised it, and the plan makes it no worse.
        check(9, &[Update, Delete], None);
        check(
            9,
            &[Create],
            Some("10 things are more than AWS's quota of 3"),
        );
    }
}
