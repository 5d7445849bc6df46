//! Composite alarms: their rules name alarms that exist, without going in circles.

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use super::about::{Said, about};
use super::alarms::{NONE, Names, Read, actions, description};
use super::expand::{fill, overlaid};
use crate::model::{CompositeAlarm, Suppressor};
use crate::shape::alarm::Composite;
use crate::source::decode::decode;
use crate::source::node::Node;
use crate::source::problem::{Problem, Problems};
use crate::source::{At, near};
use crate::value::Duration;

/// Seconds of a suppressor that says no other.
const MINUTE: u32 = 60;

/// Reads the composites; children come before those that name them.
pub(super) fn read(
    context: &Context<'_>,
    nodes: &[&Node],
    read: &mut Read,
    problems: &mut Problems,
) -> Vec<CompositeAlarm> {
    let names = &mut read.names;
    let shapes: Vec<Composite> = nodes
        .iter()
        .filter_map(|node| {
            let node = fill(context, node, None, problems);
            let node = overlaid(context, node, problems)?;
            let shape = decode(&node, problems);
            if shape.is_none() {
                names.reserve(&node);
            }
            shape
        })
        .collect();
    for shape in &shapes {
        names.take(&shape.name, context, problems);
    }
    let mut children: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for shape in &shapes {
        let mut named = rule(context, shape, names, problems);
        named.extend(suppressing(shape, names, problems));
        children.insert(&shape.name.value, named);
    }
    for shape in &shapes {
        let said = Said {
            severity: &shape.severity,
            owner: shape.owner.as_deref(),
            runbook: shape.runbook.as_deref(),
        };
        let about = about(context, &shape.name, &said, problems);
        read.about.insert(shape.name.value.clone(), about);
    }
    order(context, &shapes, &children, problems)
}

/// Children before those that name them.
fn order(
    context: &Context<'_>,
    shapes: &[Composite],
    children: &BTreeMap<&str, Vec<String>>,
    problems: &mut Problems,
) -> Vec<CompositeAlarm> {
    let mut by_name: BTreeMap<&str, &Composite> = shapes
        .iter()
        .map(|shape| (shape.name.value.as_str(), shape))
        .collect();
    let mut ordered = Vec::new();
    // Each round takes those whose children are all placed; a round that takes none
    // has found a circle.
    while !by_name.is_empty() {
        let ready: BTreeSet<&str> = by_name
            .keys()
            .filter(|name| {
                children[**name]
                    .iter()
                    .all(|child| !by_name.contains_key(child.as_str()))
            })
            .copied()
            .collect();
        if ready.is_empty() {
            for (name, shape) in &by_name {
                problems.add(
                    Problem::at(
                        shape.rule.span,
                        format!("the rule of `{name}` goes in a circle"),
                    )
                    .label("names a composite that depends on this one"),
                );
            }
            return ordered;
        }
        for name in ready {
            if let Some(shape) = by_name.remove(name) {
                ordered.push(composite(context, shape, problems));
            }
        }
    }
    ordered
}

fn composite(context: &Context<'_>, shape: &Composite, problems: &mut Problems) -> CompositeAlarm {
    let defaults = context.defaults;
    let runbook = defaults
        .runbook
        .as_ref()
        .map(|link| link.replace("${alarm}", &shape.name.value));
    let parts = [
        ("", &shape.description),
        ("Runbook: ", &shape.runbook.clone().or(runbook)),
        ("Owner: ", &shape.owner.clone().or(defaults.owner.clone())),
    ];
    CompositeAlarm {
        name: shape.name.value.clone(),
        description: description(context, parts, shape.name.span, problems),
        actions: actions(context, &shape.severity, problems),
        actions_enabled: true,
        rule: normal(&shape.rule.value),
        suppressor: suppressor(shape, problems),
        foreign: BTreeMap::new(),
    }
}

/// The suppressor with its periods; CloudWatch wants both.
fn suppressor(shape: &Composite, problems: &mut Problems) -> Option<Suppressor> {
    let suppressor = &shape.suppressor.as_ref()?.value;
    let mut seconds = |at: &Option<At<Duration>>| match at {
        None => MINUTE,
        Some(at) => at.value.seconds().unwrap_or_else(|| {
            problems.add(
                Problem::at(at.span, format!("`{}` is not whole seconds", at.value))
                    .label("expected whole seconds"),
            );
            MINUTE
        }),
    };
    Some(Suppressor {
        alarm: suppressor.alarm.value.clone(),
        wait: seconds(&suppressor.wait),
        extension: seconds(&suppressor.extension),
    })
}

/// The suppressor's name, when it is an alarm of this project.
fn suppressing(shape: &Composite, names: &Names, problems: &mut Problems) -> Option<String> {
    let alarm = &shape.suppressor.as_ref()?.value.alarm;
    if !names.incomplete && !names.taken.contains_key(&alarm.value) {
        let known = names.taken.keys().map(String::as_str);
        problems.add(
            Problem::at(alarm.span, format!("unknown alarm `{}`", alarm.value))
                .label("no alarm of this project")
                .help(near::suggestion(&alarm.value, known)),
        );
    }
    if shape.severity.value == NONE {
        problems.add(
            Problem::at(alarm.span, "there is nothing to suppress")
                .help("the composite's severity is `none`: it tells nobody anyway"),
        );
    }
    Some(alarm.value.clone())
}

/// A rule on one line: a folded block in YAML is the same rule. What is quoted is a name
/// and stays as it is.
fn normal(rule: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    for (index, part) in rule.split('"').enumerate() {
        let (quoted, mut made) = (index % 2 == 1, part.to_owned());
        if !quoted {
            let edge = |space: bool| if space { " " } else { "" };
            let words = part.split_whitespace().collect::<Vec<_>>().join(" ");
            let starts = part.starts_with(char::is_whitespace) && !words.is_empty();
            made = format!(
                "{}{words}{}",
                edge(starts),
                edge(part.ends_with(char::is_whitespace))
            );
        }
        parts.push(made);
    }
    parts.join("\"").trim().to_owned()
}

/// Checks a rule and returns the alarms it names.
fn rule(
    context: &Context<'_>,
    shape: &Composite,
    names: &Names,
    problems: &mut Problems,
) -> Vec<String> {
    let rule = &shape.rule;
    match crate::rule::children(&normal(&rule.value)) {
        Ok(children) => {
            for child in &children {
                if !names.incomplete && !names.taken.contains_key(child) {
                    let place = context.files.narrow(rule.span, child);
                    problems.add(
                        Problem::at(place, format!("unknown alarm `{child}`"))
                            .label("no alarm of this project")
                            .help(near::suggestion(
                                child,
                                names.taken.keys().map(String::as_str),
                            )),
                    );
                }
            }
            children
        }
        Err(message) => {
            let help = match message.contains("at most") {
                true => "part it into several composites, and let this one name those",
                false => "expected a rule such as `ALARM(\"a\") OR NOT OK(\"b\")`",
            };
            problems.add(Problem::at(rule.span, message).help(help));
            Vec::new()
        }
    }
}
