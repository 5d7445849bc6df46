//! A given policy against what is needed: what is missing, what is too much, and what
//! cannot be judged here.

use std::collections::BTreeSet;

use super::glob::{covers, is_pattern, kind, overlap};
use super::needs::Need;
use super::policy::{Condition, Effect, Form, Policy, Statement};

/// One remark on a policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// Something is needed and not allowed.
    Missing(String),
    /// Something is allowed and not needed.
    TooMuch(String),
    /// Something is not understood, and so neither.
    Unclear(String),
}

/// How a condition bears on a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Yes,
    No,
    Unclear,
}

/// Holds a policy against needs, in the order of the kinds.
pub fn check(policy: &Policy, needs: &[Need]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for need in needs {
        for resource in &need.resources {
            findings.extend(missing(policy, need, resource));
        }
    }
    for (index, statement) in policy.statements.iter().enumerate() {
        if statement.effect == Effect::Allow {
            too_much(&title(statement, index), statement, needs, &mut findings);
        }
    }
    findings.sort();
    findings.dedup();
    findings
}

/// `statement 2 (ReadAlarms)`.
fn title(statement: &Statement, index: usize) -> String {
    match statement.sid.is_empty() {
        true => format!("statement {}", index + 1),
        false => format!("statement {} ({})", index + 1, statement.sid),
    }
}

/// IAM's order: a denial decides, then any permission.
fn missing(policy: &Policy, need: &Need, resource: &str) -> Option<Finding> {
    let what = format!("{} on {resource}", need.action);
    let statements = policy.statements.iter().enumerate();
    let mut unclear = None;
    let mut allowed = false;
    for (index, statement) in statements {
        if !statement.acts(need.action) {
            continue;
        }
        let holds = statement.holds(need);
        let title = title(statement, index);
        match statement.effect {
            Effect::Deny if statement.touches(resource) && holds != Holds::No => {
                return Some(match holds {
                    Holds::Yes => Finding::Missing(format!("{what}: {title} denies it")),
                    _ => Finding::Unclear(format!(
                        "{what}: {title} denies it when {} holds",
                        statement.unclear(need)
                    )),
                });
            }
            Effect::Allow if statement.reaches(resource) => match holds {
                Holds::Yes => allowed = true,
                Holds::No => {}
                Holds::Unclear => {
                    unclear = Some(format!(
                        "{what}: {title} allows it when {} holds",
                        statement.unclear(need)
                    ));
                }
            },
            _ => {}
        }
    }
    match (allowed, unclear) {
        (true, _) => None,
        (false, Some(text)) => Some(Finding::Unclear(text)),
        (false, None) => Some(Finding::Missing(what)),
    }
}

fn too_much(title: &str, statement: &Statement, needs: &[Need], findings: &mut Vec<Finding>) {
    let mut say = |text: String| findings.push(Finding::TooMuch(format!("{title}: {text}")));
    let (actions, resources) = match (&statement.actions, &statement.resources) {
        (Form::Of(actions), Form::Of(resources)) => (actions, resources),
        (Form::Not(_), _) => {
            return say("`NotAction` allows every action but a few, and those to come".to_owned());
        }
        (_, Form::Not(_)) => return say("`NotResource` allows every resource but a few".to_owned()),
    };
    for action in actions {
        let used = needs.iter().filter(|need| acts(action, need.action));
        let used: Vec<&Need> = used.collect();
        if used.is_empty() {
            say(format!("`{action}` is not used"));
            continue;
        }
        if is_pattern(action) {
            let names: BTreeSet<&str> = used.iter().map(|need| need.action).collect();
            let (names, is) = (Vec::from_iter(names), ["is", "are"]);
            let is = is[usize::from(names.len() > 1)];
            say(format!(
                "`{action}` is a wildcard: only {} {is} used",
                names.join(", ")
            ));
        }
        for resource in resources {
            // What the action knows nothing of is there for another one.
            let idle = used.iter().all(|need| need.is_of_other_kinds(resource));
            let others = actions.iter().filter(|other| *other != action);
            if idle && serves(others, resource, needs) {
                continue;
            }
            for text in beyond(action, resource, &used, &statement.conditions) {
                say(text);
            }
        }
    }
}

/// Whether one of the actions is needed on a resource, or on a part of it.
fn serves<'a>(
    mut actions: impl Iterator<Item = &'a String>,
    resource: &str,
    needs: &[Need],
) -> bool {
    let on = |need: &Need| need.resources.iter().any(|one| overlap(one, resource));
    actions.any(|action| {
        let mut used = needs.iter().filter(|need| acts(action, need.action));
        used.any(on)
    })
}

/// What a statement allows on a resource beyond what is needed of an action there.
fn beyond(action: &str, resource: &str, used: &[&Need], given: &[Condition]) -> Vec<String> {
    let on = |need: &&Need, is: fn(&str, &str) -> bool| {
        need.resources.iter().any(|wanted| is(wanted, resource))
    };
    let used = used.iter().copied();
    let mut there: Vec<&Need> = used.clone().filter(|need| on(need, covers)).collect();
    let mut texts = Vec::new();
    if there.is_empty() {
        there = used.clone().filter(|need| on(need, overlap)).collect();
        let wanted: BTreeSet<&str> = used
            .flat_map(|need| &need.resources)
            .map(String::as_str)
            .collect();
        let wanted = Vec::from_iter(wanted).join(", ");
        texts.push(match there.is_empty() {
            true => format!("`{action}` on `{resource}` is not used"),
            false => format!("`{resource}` is wider than `{action}` needs: {wanted}"),
        });
    }
    // One that is needed without a bound makes the bound of another one idle.
    let bounds = there.iter().flat_map(|need| &need.conditions);
    let bounds: BTreeSet<&Condition> = bounds
        .filter(|bound| there.iter().all(|need| need.bound(&bound.key).is_some()))
        .collect();
    texts.extend(
        bounds
            .into_iter()
            .filter_map(|bound| loose(action, bound, given)),
    );
    texts
}

/// What a statement's conditions let through beside what one that is needed does.
fn loose(action: &str, needed: &Condition, given: &[Condition]) -> Option<String> {
    let (key, values) = (&needed.key, needed.values.join(", "));
    let mut bounds = given
        .iter()
        .filter(|it| it.key.eq_ignore_ascii_case(key))
        .peekable();
    if bounds.peek().is_none() {
        return Some(format!("`{action}` is not bound by `{key}` (to {values})"));
    }
    let wider = bounds
        .filter(|it| !it.operator.contains("Not"))
        .flat_map(|it| &it.values)
        .find(|value| !needed.values.iter().any(|needed| covers(needed, value)))?;
    Some(format!(
        "`{action}` lets `{wider}` through by `{key}`: needed is {values}"
    ))
}

impl Need {
    /// Whether a resource is of no kind that the action knows.
    fn is_of_other_kinds(&self, resource: &str) -> bool {
        let all = self.resources.iter();
        kind(resource).is_some_and(|other| {
            let mut kinds = all.map(|own| kind(own));
            kinds.all(|own| own.is_some_and(|own| own != other))
        })
    }

    /// What its calls carry under a condition key.
    fn bound(&self, key: &str) -> Option<&Condition> {
        let mut all = self.conditions.iter();
        all.find(|it| it.key.eq_ignore_ascii_case(key))
    }
}

/// Actions know no case.
fn acts(pattern: &str, action: &str) -> bool {
    covers(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase())
}

impl Statement {
    fn acts(&self, action: &str) -> bool {
        match &self.actions {
            Form::Of(list) => list.iter().any(|pattern| acts(pattern, action)),
            Form::Not(list) => !list.iter().any(|pattern| acts(pattern, action)),
        }
    }

    /// Whether it is about all of a resource pattern.
    fn reaches(&self, resource: &str) -> bool {
        match &self.resources {
            Form::Of(list) => list.iter().any(|pattern| covers(pattern, resource)),
            Form::Not(list) => !list.iter().any(|pattern| overlap(pattern, resource)),
        }
    }

    /// Whether it is about any of a resource pattern.
    fn touches(&self, resource: &str) -> bool {
        match &self.resources {
            Form::Of(list) => list.iter().any(|pattern| overlap(pattern, resource)),
            Form::Not(list) => !list.iter().any(|pattern| covers(pattern, resource)),
        }
    }

    fn holds(&self, need: &Need) -> Holds {
        let mut all = Holds::Yes;
        for condition in &self.conditions {
            match holds(condition, need) {
                Holds::Yes => {}
                Holds::No => return Holds::No,
                Holds::Unclear => all = Holds::Unclear,
            }
        }
        all
    }

    /// The conditions that cannot be judged.
    fn unclear(&self, need: &Need) -> String {
        let unclear = self
            .conditions
            .iter()
            .filter(|it| holds(it, need) == Holds::Unclear);
        let names: Vec<String> = unclear
            .map(|it| format!("{} {}", it.operator, it.key))
            .collect();
        names.join(" and ")
    }
}

/// Whether a condition holds for every call of a need.
fn holds(condition: &Condition, need: &Need) -> Holds {
    let Some(own) = need.bound(&condition.key) else {
        return Holds::Unclear;
    };
    let operator = condition.operator.as_str();
    let (operator, any) = match operator.split_once(':') {
        Some(("ForAllValues", rest)) => (rest, false),
        // Calls without a value fail it: AlarmActions may be none.
        Some(("ForAnyValue", _)) => return Holds::Unclear,
        Some(_) => return Holds::Unclear,
        None => (operator, own.operator.starts_with("ForAllValues")),
    };
    let operator = operator.strip_suffix("IfExists").unwrap_or(operator);
    let (like, negated, fold) = match operator {
        "StringEquals" => (false, false, false),
        "StringEqualsIgnoreCase" => (false, false, true),
        "StringLike" | "ArnLike" | "ArnEquals" => (true, false, false),
        "StringNotEquals" => (false, true, false),
        "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => (true, true, false),
        _ => return Holds::Unclear,
    };
    // Of a key of many values, an operator for one value says nothing.
    if any {
        return Holds::Unclear;
    }
    let is = |value: &String| {
        condition.values.iter().any(|pattern| match (like, fold) {
            (true, _) => covers(pattern, value),
            (false, true) => pattern.eq_ignore_ascii_case(value),
            (false, false) => pattern == value,
        })
    };
    let all = own.values.iter().all(|value| is(value) != negated);
    match all {
        true => Holds::Yes,
        false => Holds::No,
    }
}
