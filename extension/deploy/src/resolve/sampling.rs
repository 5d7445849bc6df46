//! `sampling:`: X-Ray's rules, checked against its limits.

use super::entries;
use crate::model::{SamplingRule, Target};
use crate::shape::sampling::Sampling;
use crate::source::At;
use crate::source::decode::decode;
use crate::source::file::Span;
use crate::source::node::{Entry, Node};
use crate::source::problem::{Problem, Problems};

/// Most rules of an account and region beside the default one.
const MAX_RULES: usize = 25;

/// Reads the section.
pub(super) fn read(
    target: &Target,
    node: Option<&Node>,
    problems: &mut Problems,
) -> Vec<SamplingRule> {
    let mut rules: Vec<SamplingRule> = Vec::new();
    let mut priorities: Vec<Span> = Vec::new();
    for entry in node.map_or(&[][..], |node| entries(node, "sampling", problems)) {
        let Some(shape) = decode::<Sampling>(&entry.value, problems) else {
            continue;
        };
        let rule = rule(target, entry, &shape, problems);
        if let Some(other) = rules.iter().find(|other| other.name == rule.name) {
            problems.add(Problem::at(
                entry.key_span,
                format!("two sampling rules are named `{}`", other.name),
            ));
        }
        if let Some(other) = rules.iter().find(|other| other.priority == rule.priority) {
            problems.warn(
                Problem::at(
                    shape.priority.span,
                    format!("`{}` has the same priority", other.name),
                )
                .help("X-Ray takes either first: give each its own"),
            );
        }
        rules.push(rule);
        priorities.push(shape.priority.span);
    }
    for (rule, span) in rules.iter().zip(priorities) {
        if let Some(first) = rules.iter().find(|first| first.shadows(rule)) {
            problems.warn(
                Problem::at(
                    span,
                    format!(
                        "`{}` decides first, and matches all that this does",
                        first.name
                    ),
                )
                .label("X-Ray never asks this one")
                .help("give the narrower rule the lower number"),
            );
        }
    }
    if let (true, Some(node)) = (rules.len() > MAX_RULES, node) {
        problems.add(Problem::at(
            node.pointer(),
            format!("{} sampling rules: X-Ray takes 25", rules.len()),
        ));
    }
    rules.sort_by(|a, b| a.name.cmp(&b.name));
    rules
}

fn rule(target: &Target, entry: &Entry, shape: &Sampling, problems: &mut Problems) -> SamplingRule {
    let (name, place) = match &shape.name {
        Some(name) => (name.value.clone(), name.span),
        None => (
            format!("{}{}", target.topic_prefix(), entry.key),
            entry.key_span,
        ),
    };
    if !(1..=32).contains(&name.len()) || name == "Default" {
        problems.add(
            Problem::at(place, format!("`{name}` cannot be a sampling rule's name"))
                .label("1 to 32 characters; `Default` is X-Ray's own")
                .help("give it a shorter `name:`"),
        );
    }
    let priority = &shape.priority;
    if !(1..=9999).contains(&priority.value) {
        problems.add(
            Problem::at(
                priority.span,
                format!("`{}` is not a priority", priority.value),
            )
            .label("expected 1 to 9999"),
        );
    }
    if shape.attributes.len() > 5 {
        problems.add(Problem::at(
            entry.key_span,
            "a sampling rule matches at most five attributes",
        ));
    }
    let mut criterion = |text: &Option<At<String>>, limit: usize| match text {
        None => "*".to_owned(),
        Some(text) => {
            if text.value.is_empty() || text.value.len() > limit {
                problems.add(
                    Problem::at(text.span, "this matches nothing").label(format!(
                        "expected 1 to {limit} characters; `*` stands for any text"
                    )),
                );
            }
            text.value.clone()
        }
    };
    SamplingRule {
        name,
        priority: priority.value,
        reservoir: shape.reservoir.unwrap_or(1),
        rate: shape.rate.value.0,
        service: criterion(&shape.service, 64),
        service_type: criterion(&shape.service_type, 64),
        host: criterion(&shape.host, 64),
        method: criterion(&shape.method, 10),
        path: criterion(&shape.path, 128),
        resource_arn: criterion(&shape.resource_arn, 500),
        attributes: shape
            .attributes
            .iter()
            .map(|(name, value)| (name.clone(), value.0.clone()))
            .collect(),
    }
}
