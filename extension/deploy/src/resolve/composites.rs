//! Composite alarms: their rules name alarms that exist, without going in circles.

use std::collections::{BTreeMap, BTreeSet};

use super::Context;
use super::alarms::{Names, actions, description};
use crate::model::CompositeAlarm;
use crate::shape::alarm::Composite;
use crate::source::decode::decode;
use crate::source::near;
use crate::source::node::Node;
use crate::source::problem::{Problem, Problems};

/// Longest rule.
const MAX_RULE: usize = 10_240;

/// Reads the composites; children come before those that name them.
pub(super) fn read(
    context: &Context<'_>,
    nodes: &[&Node],
    names: &mut Names,
    problems: &mut Problems,
) -> Vec<CompositeAlarm> {
    let shapes: Vec<Composite> = nodes
        .iter()
        .filter_map(|node| {
            let node = context.variables.apply(node, context.files, problems);
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
        let named = rule(context, shape, names, problems);
        children.insert(&shape.name.value, named);
    }
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
    let parts = [
        ("", &shape.description),
        ("Runbook: ", &shape.runbook),
        ("Owner: ", &shape.owner),
    ];
    CompositeAlarm {
        name: shape.name.value.clone(),
        description: description(context, parts, shape.name.span, problems),
        actions: actions(context, &shape.severity, problems),
        actions_enabled: true,
        rule: normal(&shape.rule.value),
        foreign: BTreeMap::new(),
    }
}

/// A rule on one line: a folded block in YAML is the same rule.
fn normal(rule: &str) -> String {
    rule.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Checks a rule and returns the alarms it names.
fn rule(
    context: &Context<'_>,
    shape: &Composite,
    names: &Names,
    problems: &mut Problems,
) -> Vec<String> {
    let rule = &shape.rule;
    if rule.value.len() > MAX_RULE {
        problems.add(Problem::at(
            rule.span,
            "the rule is longer than 10,240 characters",
        ));
    }
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
            problems.add(
                Problem::at(rule.span, message)
                    .help("expected a rule such as `ALARM(\"a\") OR NOT OK(\"b\")`"),
            );
            Vec::new()
        }
    }
}
