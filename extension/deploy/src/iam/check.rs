//! A given policy against what is needed: what is missing, what is too much, and what
//! cannot be judged here.

use super::glob::{covers, is_pattern, overlap};
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
        let used: Vec<&Need> = needs
            .iter()
            .filter(|need| acts(action, need.action))
            .collect();
        if used.is_empty() {
            say(format!("`{action}` is not used"));
            continue;
        }
        if is_pattern(action) {
            let names: Vec<&str> = used.iter().map(|need| need.action).collect();
            say(format!(
                "`{action}` is a wildcard: only {} is used",
                names.join(", ")
            ));
        }
        for resource in resources {
            let wanted: Vec<&str> = used
                .iter()
                .flat_map(|need| &need.resources)
                .map(String::as_str)
                .collect();
            if wanted.iter().any(|wanted| covers(wanted, resource)) {
                continue;
            }
            match wanted.iter().any(|wanted| overlap(wanted, resource)) {
                true => say(format!(
                    "`{resource}` is wider than `{action}` needs: {}",
                    wanted.join(", ")
                )),
                false => say(format!("`{action}` on `{resource}` is not used")),
            }
        }
        for condition in used.iter().flat_map(|need| &need.conditions) {
            if let Some(text) = loose(action, condition, &statement.conditions) {
                say(text);
            }
        }
    }
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
    let own = need
        .conditions
        .iter()
        .find(|it| it.key.eq_ignore_ascii_case(&condition.key));
    let Some(own) = own else {
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
