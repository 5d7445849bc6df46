//! Alarms and composites: field by field; children before composites when created,
//! composites before children when deleted.

use std::collections::{BTreeMap, BTreeSet};

use super::step::{Action, Change, Kind, Step};
use super::{Observed, Work};
use crate::account::Call;
use crate::model::{Alarm, Desired, Target};
use crate::rule;

pub(super) fn compare(desired: &Desired, observed: &Observed, work: &mut Work) {
    let target = &desired.target;
    let wanted: Vec<Alarm> = desired
        .alarms
        .iter()
        .cloned()
        .map(Alarm::Metric)
        .chain(desired.composites.iter().cloned().map(Alarm::Composite))
        .collect();
    let marker = target.marker();
    let ours = |alarm: &Alarm| match observed.alarm_tags.get(alarm.name()) {
        Some(tags) => target.owns(tags),
        None => alarm.description().lines().last() == Some(marker.as_str()),
    };
    for alarm in &wanted {
        let Some(found) = observed.alarms.get(alarm.name()) else {
            work.first.push(create(target, alarm));
            continue;
        };
        if !ours(found) {
            work.not_ours.push(format!("alarm {}", alarm.name()));
        } else if kind(found) != kind(alarm) {
            work.first.push(replace(target, alarm, found));
        } else if found.fields() == alarm.fields() {
            work.unchanged += 1;
        } else {
            work.first.push(update(target, alarm, found));
        }
    }
    let names: BTreeSet<&str> = wanted.iter().map(Alarm::name).collect();
    let unwanted: Vec<&Alarm> = observed
        .alarms
        .values()
        .filter(|alarm| !names.contains(alarm.name()) && ours(alarm))
        .collect();
    for alarm in parents_first(&unwanted) {
        work.last.push(Step {
            action: Action::Delete,
            kind: kind(alarm),
            name: alarm.name().to_owned(),
            changes: Vec::new(),
            calls: vec![Call::DeleteAlarm {
                name: alarm.name().to_owned(),
            }],
        });
    }
}

fn kind(alarm: &Alarm) -> Kind {
    match alarm {
        Alarm::Metric(_) => Kind::Alarm,
        Alarm::Composite(_) => Kind::Composite,
    }
}

fn put(target: &Target, alarm: &Alarm) -> Call {
    Call::PutAlarm {
        alarm: Box::new(alarm.clone()),
        tags: target.tags(&alarm.content()),
    }
}

fn create(target: &Target, alarm: &Alarm) -> Step {
    Step {
        action: Action::Create,
        kind: kind(alarm),
        name: alarm.name().to_owned(),
        changes: alarm
            .fields()
            .into_iter()
            .map(|(field, value)| Change::new(field, value))
            .collect(),
        calls: vec![put(target, alarm)],
    }
}

fn update(target: &Target, alarm: &Alarm, found: &Alarm) -> Step {
    Step {
        action: Action::Update,
        kind: kind(alarm),
        name: alarm.name().to_owned(),
        changes: fields(&found.fields(), &alarm.fields()),
        calls: vec![
            put(target, alarm),
            // Tags given to an existing alarm's put are ignored.
            Call::Tag {
                arn: target.alarm_arn(alarm.name()),
                tags: target.tags(&alarm.content()),
            },
        ],
    }
}

/// A name changes from one kind to the other: only deleting makes it free.
fn replace(target: &Target, alarm: &Alarm, found: &Alarm) -> Step {
    Step {
        action: Action::Update,
        kind: kind(alarm),
        name: alarm.name().to_owned(),
        changes: vec![Change::between(
            "kind",
            kind(found).word(),
            kind(alarm).word(),
        )],
        calls: vec![
            Call::DeleteAlarm {
                name: alarm.name().to_owned(),
            },
            put(target, alarm),
        ],
    }
}

/// The differences of two maps of fields.
pub(super) fn fields(
    from: &BTreeMap<String, String>,
    to: &BTreeMap<String, String>,
) -> Vec<Change> {
    let names: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    names
        .into_iter()
        .filter(|name| from.get(*name) != to.get(*name))
        .map(|name| Change {
            field: name.clone(),
            from: from.get(name).cloned().or_else(|| default(name)),
            to: to.get(name).cloned().or_else(|| default(name)),
        })
        .collect()
}

/// What a field that is only shown when it is unusual usually is.
fn default(field: &str) -> Option<String> {
    (field == "actions_enabled").then(|| "true".to_owned())
}

/// Composites before what they name. Circles, which only hands can make, end the
/// order where they are met.
fn parents_first<'a>(alarms: &[&'a Alarm]) -> Vec<&'a Alarm> {
    let mut rest: BTreeMap<&str, &'a Alarm> =
        alarms.iter().map(|alarm| (alarm.name(), *alarm)).collect();
    let mut ordered = Vec::new();
    while !rest.is_empty() {
        let named: BTreeSet<String> = rest
            .values()
            .filter_map(|alarm| match alarm {
                Alarm::Composite(composite) => rule::children(&composite.rule).ok(),
                Alarm::Metric(_) => None,
            })
            .flatten()
            .collect();
        let mut free: Vec<&str> = rest
            .keys()
            .filter(|name| !named.contains(**name))
            .copied()
            .collect();
        if free.is_empty() {
            free = rest.keys().copied().collect();
        }
        for name in free {
            ordered.extend(rest.remove(name));
        }
    }
    ordered
}
