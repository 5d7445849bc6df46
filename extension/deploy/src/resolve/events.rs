//! Events that go to topics without an alarm between.

use std::collections::BTreeMap;

use super::about::unknown_severity;
use super::alarms::Read;
use super::expand::Expanded;
use super::{Context, pattern};
use crate::model::EventRule;
use crate::shape::alarm::Event;
use crate::source::At;
use crate::source::decode::decode;
use crate::source::node::{Kind, Node};
use crate::source::problem::{Problem, Problems};

/// At most so many targets of a rule.
const MAX_TARGETS: usize = 5;
/// Characters of a pattern of an account that asked for no more.
const MAX_PATTERN: usize = 2_048;
/// Longest description of a rule.
const MAX_DESCRIPTION: usize = 512;

/// Reads one written-out event.
pub(super) fn read(
    context: &Context<'_>,
    expanded: &Expanded<'_>,
    read: &mut Read,
    problems: &mut Problems,
) {
    let Some(shape) = decode::<Event>(&expanded.node, problems) else {
        return;
    };
    check_name(&shape.name, read, problems);
    let topics = topics(context, &shape.severity, problems);
    let pattern = expanded.node.get("pattern");
    match pattern.map(|node| &node.kind) {
        Some(Kind::Map(fields)) if !fields.is_empty() => pattern::check(fields, problems),
        _ => problems.add(
            Problem::at(shape.pattern.span, "this is not a pattern of events")
                .label("expected a mapping such as `{ source: [aws.guardduty] }`"),
        ),
    }
    let pattern = pattern.map(Node::to_json).unwrap_or_default();
    if pattern.to_string().chars().count() > MAX_PATTERN {
        problems.warn(
            Problem::at(
                shape.pattern.span,
                "the pattern has more than 2,048 characters",
            )
            .label("EventBridge takes no longer one unless the quota was raised"),
        );
    }
    let description = shape.description.unwrap_or_default().trim().to_owned();
    let most = MAX_DESCRIPTION.saturating_sub(context.target.mark_length());
    if description.chars().count() > most {
        problems.add(
            Problem::at(shape.name.span, "the event's description is too long").help(format!(
                "it has {most} characters: the mark of ownership takes the rest"
            )),
        );
    }
    read.events.push(EventRule {
        name: shape.name.value,
        description,
        pattern,
        topics,
        foreign: BTreeMap::new(),
    });
}

fn check_name(name: &At<String>, read: &Read, problems: &mut Problems) {
    let At { value: text, span } = name;
    let fits = (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if !fits {
        problems.add(
            Problem::at(*span, format!("`{text}` cannot be a rule's name"))
                .label("letters, digits, `.`, `_` and `-`, at most 64"),
        );
    }
    if read.events.iter().any(|other| other.name == *text) {
        problems.add(Problem::at(*span, format!("two events are named `{text}`")));
    }
}

/// Names of the topics that a severity goes to.
fn topics(context: &Context<'_>, severity: &At<String>, problems: &mut Problems) -> Vec<String> {
    let topics = match context.severities.get(&severity.value) {
        Some(route) => route.topics.clone(),
        None => {
            problems.add(unknown_severity(context, severity));
            Vec::new()
        }
    };
    if topics.len() > MAX_TARGETS {
        problems.add(Problem::at(
            severity.span,
            "a rule of EventBridge has at most five targets",
        ));
    }
    topics
}
