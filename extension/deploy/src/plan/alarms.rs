//! Alarms and composites: field by field; children before composites when created,
//! composites before children when deleted.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::order::Order;
use super::ownership::{Owner, is_unfinished, take_over};
use super::step::{Change, Hands, Kind, Step, Wave};
use super::{Observed, Work};
use crate::account::Call;
use crate::model::{Alarm, Desired, Seal, Target};

/// Names that one DeleteAlarms takes.
const NAMES_A_CALL: usize = 100;
/// The rule of a composite that has let go of its children.
const NOBODY: &str = "FALSE";

pub(super) fn compare(desired: &Desired, observed: &Observed, work: &mut Work<'_>) {
    let wanted = desired.all_alarms();
    let comparison = Comparison {
        target: &desired.target,
        observed,
        order: Order::of(&wanted),
        wanted: wanted.iter().map(|alarm| (alarm.name(), alarm)).collect(),
    };
    for alarm in &wanted {
        comparison.make(alarm, work);
    }
    comparison.remove(work);
}

/// What should be beside what is.
struct Comparison<'a> {
    target: &'a Target,
    observed: &'a Observed,
    order: Order,
    wanted: BTreeMap<&'a str, &'a Alarm>,
}

impl Comparison<'_> {
    fn make(&self, alarm: &Alarm, work: &mut Work<'_>) {
        let (name, kind) = (alarm.name(), kind(alarm));
        let wave = Wave::Make(kind, self.order.depth(name));
        let Some(found) = self.observed.alarms.get(name) else {
            let changes = alarm
                .fields()
                .into_iter()
                .map(|(field, value)| Change::new(field, value))
                .collect();
            let step = Step::create(wave, kind, name).changes(changes);
            work.steps.push(step.calls([self.put(alarm)]));
            return;
        };
        let (bare, seal) = self.target.unsealed(found);
        let owner = Owner::of(self.owns(found), name, work.adopt);
        let mut step = Step::update(wave, kind, name);
        if owner == Owner::Other {
            work.not_ours.push(step.title());
            return;
        }
        if self::kind(&bare) != kind {
            let change = Change::between("kind", self::kind(&bare).word(), kind.word());
            step = step.changes(vec![change]).calls(self.replace(alarm));
        } else if owner == Owner::Adopted || self.is_half_taken(name, seal) {
            let tags = self.target.tags(&alarm.content());
            let arn = self.target.alarm_arn(name);
            step = step
                .changes(fields(&bare.fields(), &alarm.fields()))
                .calls(take_over(&arn, &tags, self.put(alarm)));
        } else if bare.fields() != alarm.fields() {
            step = step
                .changes(fields(&bare.fields(), &alarm.fields()))
                .calls([self.put(alarm)]);
        } else {
            work.unchanged += 1;
            return;
        }
        if owner == Owner::We && seal != Seal::Whole && !self.is_half_taken(name, seal) {
            step.hands = Hands::On;
        }
        work.steps.push(step);
    }

    /// Whether an apply was cut that was taking this alarm over.
    fn is_half_taken(&self, name: &str, seal: Seal) -> bool {
        let tags = self.observed.alarm_tags.get(name);
        seal == Seal::None && tags.is_some_and(is_unfinished)
    }

    fn put(&self, alarm: &Alarm) -> Call {
        Call::PutAlarm {
            alarm: Box::new(self.target.sealed(alarm)),
            tags: self.target.tags(&alarm.content()),
        }
    }

    /// A name changes from one kind to the other: only deleting makes it free, and
    /// only when those that name it have let go.
    fn replace(&self, alarm: &Alarm) -> Vec<Call> {
        let name = alarm.name();
        let parents: Vec<&Alarm> = self
            .observed
            .alarms
            .values()
            .filter(|parent| parent.name() != name)
            .filter(|parent| parent.children().iter().any(|child| child == name))
            .collect();
        let mut calls: Vec<Call> = parents.iter().filter_map(|one| released(one)).collect();
        calls.push(Call::DeleteAlarms {
            names: vec![name.to_owned()],
        });
        calls.push(self.put(alarm));
        calls.extend(parents.into_iter().map(|parent| Call::PutAlarm {
            alarm: Box::new(parent.clone()),
            tags: BTreeMap::new(),
        }));
        calls
    }

    /// Deletes what is ours and not wanted any more.
    fn remove(&self, work: &mut Work<'_>) {
        let gone: Vec<&Alarm> = self
            .observed
            .alarms
            .values()
            .filter(|alarm| !self.wanted.contains_key(alarm.name()) && self.owns(alarm))
            .collect();
        let named = self.still_named(&gone);
        let (kept, gone): (Vec<&Alarm>, Vec<&Alarm>) = gone
            .into_iter()
            .partition(|alarm| named.contains_key(alarm.name()));
        for alarm in kept {
            let (name, by) = (alarm.name(), &named[alarm.name()]);
            work.notes.push(format!(
                "{} {name} stays: composite alarm {by}, which is not kept here, names it",
                kind(alarm).word()
            ));
        }
        let order = Order::of(gone.iter().copied());
        self.release(&order, work);
        let (composites, alarms): (Vec<&Alarm>, Vec<&Alarm>) = gone
            .into_iter()
            .partition(|alarm| kind(alarm) == Kind::Composite);
        for alarm in composites {
            let depth = Reverse(order.depth(alarm.name()));
            let wave = Wave::Remove(Reverse(Kind::Composite), depth);
            let names = vec![alarm.name().to_owned()];
            let step = self.gone(wave, alarm);
            work.steps.push(step.calls([Call::DeleteAlarms { names }]));
        }
        for batch in alarms.chunks(NAMES_A_CALL) {
            let names = batch.iter().map(|alarm| alarm.name().to_owned()).collect();
            let mut call = Some(Call::DeleteAlarms { names });
            for alarm in batch {
                let step = self.gone(Wave::remove(Kind::Alarm), alarm);
                work.steps.push(step.calls(call.take()));
            }
        }
    }

    fn gone(&self, wave: Wave, alarm: &Alarm) -> Step {
        let mut step = Step::delete(wave, kind(alarm), alarm.name());
        if self.target.unsealed(alarm).1 == Seal::Broken {
            step.hands = Hands::On;
        }
        step
    }

    fn release(&self, order: &Order, work: &mut Work<'_>) {
        for name in order.circles() {
            let Some(call) = self.observed.alarms.get(name).and_then(released) else {
                continue;
            };
            let change = Change::between("rule", "part of a circle", NOBODY);
            let step = Step::update(Wave::Release, Kind::Composite, name);
            work.steps.push(step.changes(vec![change]).calls([call]));
        }
    }

    /// Alarms that somebody's composite will go on naming, and by which.
    fn still_named(&self, gone: &[&Alarm]) -> BTreeMap<String, String> {
        let gone: BTreeSet<&str> = gone.iter().map(|alarm| alarm.name()).collect();
        let mut named = BTreeMap::new();
        for found in self.observed.alarms.values() {
            if gone.contains(found.name()) {
                continue;
            }
            // What is wanted will have its new rule by then.
            let parent = self.wanted.get(found.name()).copied().unwrap_or(found);
            for child in parent.children() {
                named.insert(child, parent.name().to_owned());
            }
        }
        named
    }

    fn owns(&self, alarm: &Alarm) -> bool {
        owns(self.target, self.observed, alarm)
    }
}

/// Whether an alarm that was found is ours: its tags say so, or, where nobody needed
/// to ask for them, its mark.
pub(super) fn owns(target: &Target, observed: &Observed, alarm: &Alarm) -> bool {
    match observed.alarm_tags.get(alarm.name()) {
        Some(tags) => target.owns(tags),
        None => target.unsealed(alarm).1 != Seal::None,
    }
}

/// The put after which a composite names nobody.
fn released(alarm: &Alarm) -> Option<Call> {
    let Alarm::Composite(composite) = alarm else {
        return None;
    };
    let mut composite = composite.clone();
    NOBODY.clone_into(&mut composite.rule);
    composite.suppressor = None;
    Some(Call::PutAlarm {
        alarm: Box::new(Alarm::Composite(composite)),
        tags: BTreeMap::new(),
    })
}

fn kind(alarm: &Alarm) -> Kind {
    match alarm {
        Alarm::Metric(_) => Kind::Alarm,
        Alarm::Composite(_) => Kind::Composite,
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
