//! Mute rules: each is one put and one delete. Whether tags of a mute rule can be read
//! is not documented, so its mark alone says whose it is.

use super::alarms::fields;
use super::ownership::Owner;
use super::step::{Change, Hands, Kind, Step, Wave};
use super::{Observed, Work};
use crate::account::Call;
use crate::model::{Desired, MuteRule, Seal, Target};

const KIND: Kind = Kind::MuteRule;

pub(super) fn compare(desired: &Desired, observed: &Observed, work: &mut Work<'_>) {
    let target = &desired.target;
    for rule in &desired.mute_rules {
        let name = &rule.name;
        let Some(found) = observed.mute_rules.get(name) else {
            let new = rule.fields().into_iter();
            let changes = new
                .map(|(field, value)| Change::new(field, value))
                .collect();
            let step = Step::create(Wave::make(KIND), KIND, name).changes(changes);
            work.steps.push(step.calls([put(target, rule)]));
            continue;
        };
        let (bare, seal) = bare(target, found);
        let owner = Owner::of(seal != Seal::None, name, work.adopt);
        let mut step = Step::update(Wave::make(KIND), KIND, name);
        if owner == Owner::Other {
            work.not_ours.push(step.title());
            continue;
        }
        if bare.fields() == rule.fields() && owner == Owner::We {
            work.unchanged += 1;
            continue;
        }
        if seal == Seal::Broken {
            step.hands = Hands::On;
        }
        let changes = fields(&bare.fields(), &rule.fields());
        let step = step.changes(changes);
        work.steps.push(step.calls([put(target, rule)]));
    }
    for (name, found) in &observed.mute_rules {
        let wanted = desired.mute_rules.iter().any(|rule| rule.name == *name);
        let seal = bare(target, found).1;
        if wanted || seal == Seal::None {
            continue;
        }
        let mut step = Step::delete(Wave::remove(KIND), KIND, name);
        if seal == Seal::Broken {
            step.hands = Hands::On;
        }
        let name = name.clone();
        work.steps.push(step.calls([Call::DeleteMuteRule { name }]));
    }
}

fn put(target: &Target, rule: &MuteRule) -> Call {
    let content = rule.content();
    let mut rule = rule.clone();
    rule.description = target.marked(&rule.description, &content);
    Call::PutMuteRule {
        tags: target.tags(&content),
        rule,
    }
}

/// The rule without its mark, and what the mark says.
fn bare(target: &Target, found: &MuteRule) -> (MuteRule, Seal) {
    let mut bare = found.clone();
    let (description, seal) = target.unmarked(&found.description, |description| {
        let mut rule = found.clone();
        description.clone_into(&mut rule.description);
        rule.content()
    });
    bare.description = description;
    (bare, seal)
}
