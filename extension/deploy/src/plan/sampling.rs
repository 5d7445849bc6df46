//! Sampling rules: created with their tags; changed, then tagged anew.

use super::alarms::fields;
use super::ownership::Owner;
use super::step::{Change, Hands, Kind, Step, Wave};
use super::{Observed, Work};
use crate::account::Call;
use crate::model::{Desired, SamplingRule, TAG_CONTENT, Tags, Target, content_hash};

const KIND: Kind = Kind::SamplingRule;

pub(super) fn compare(desired: &Desired, observed: &Observed, work: &mut Work<'_>) {
    let target = &desired.target;
    for rule in &desired.sampling_rules {
        let name = &rule.name;
        let Some(found) = observed.sampling_rules.get(name) else {
            let new = rule.fields().into_iter();
            let changes = new
                .map(|(field, value)| Change::new(field, value))
                .collect();
            let call = Call::CreateSamplingRule {
                rule: rule.clone(),
                tags: target.tags(&rule.content()),
            };
            let step = Step::create(Wave::make(KIND), KIND, name).changes(changes);
            work.steps.push(step.calls([call]));
            continue;
        };
        let tags = tags(observed, name);
        if Owner::of(target.owns(&tags), name, work.adopt) == Owner::Other {
            work.not_ours.push(format!("{} {name}", KIND.word()));
            continue;
        }
        match update(target, rule, found, &tags) {
            Some(step) => work.steps.push(step),
            None => work.unchanged += 1,
        }
    }
    for (name, found) in &observed.sampling_rules {
        let wanted = desired.sampling_rules.iter().any(|one| one.name == *name);
        let tags = tags(observed, name);
        if wanted || !target.owns(&tags) {
            continue;
        }
        let mut step = Step::delete(Wave::remove(KIND), KIND, name);
        step.hands = hands(target, found, &tags);
        let name = name.clone();
        work.steps
            .push(step.calls([Call::DeleteSamplingRule { name }]));
    }
}

fn update(target: &Target, rule: &SamplingRule, found: &SamplingRule, tags: &Tags) -> Option<Step> {
    let wanted = target.tags(&rule.content());
    let tagged = wanted
        .iter()
        .all(|(name, value)| tags.get(name) == Some(value));
    let same = found.fields() == rule.fields();
    if same && tagged {
        return None;
    }
    let mut step = Step::update(Wave::make(KIND), KIND, &rule.name);
    if same {
        // An apply ended between the rule and its tags.
        let change = Change::between("tags", "of an earlier apply", "up to date");
        step = step.changes(vec![change]);
    } else {
        step.hands = hands(target, found, tags);
        step = step
            .changes(fields(&found.fields(), &rule.fields()))
            .calls([Call::UpdateSamplingRule { rule: rule.clone() }]);
    }
    let tag = Call::Tag {
        arn: target.sampling_rule_arn(&rule.name),
        tags: wanted,
    };
    Some(step.calls((!tagged).then_some(tag)))
}

/// The tag says what the last apply made of the rule.
fn hands(target: &Target, found: &SamplingRule, tags: &Tags) -> Hands {
    let left = content_hash(&found.content());
    match tags.get(TAG_CONTENT) {
        Some(hash) if target.owns(tags) && *hash != left => Hands::On,
        _ => Hands::Off,
    }
}

fn tags(observed: &Observed, name: &str) -> Tags {
    observed
        .sampling_tags
        .get(name)
        .cloned()
        .unwrap_or_default()
}
