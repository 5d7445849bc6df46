//! The pattern of an event rule, held to EventBridge's grammar: each field is matched with
//! a list, and a filter has one of its operators. PutRule refuses anything else, when half
//! of an apply is done.

use crate::source::near;
use crate::source::node::{Entry, Kind, Node};
use crate::source::problem::{Problem, Problems};

/// What an item of a list may ask for beside a plain value.
const OPERATORS: &[&str] = &[
    "anything-but",
    "cidr",
    "equals-ignore-case",
    "exists",
    "numeric",
    "prefix",
    "suffix",
    "wildcard",
];

/// Notes what EventBridge would refuse of the fields of a pattern.
pub(super) fn check(fields: &[Entry], problems: &mut Problems) {
    for Entry {
        key,
        key_span,
        value,
    } in fields
    {
        match (&value.kind, key.as_str()) {
            (Kind::Undefined, _) => {}
            (Kind::List(choices), "$or") if !choices.is_empty() => {
                for choice in choices {
                    either(choice, problems);
                }
            }
            (Kind::List(items), _) if !items.is_empty() => {
                items.iter().for_each(|item| self::item(item, problems));
            }
            (Kind::Map(inner), _) if !inner.is_empty() => check(inner, problems),
            _ => {
                let place = match value.kind {
                    Kind::Null => *key_span,
                    _ => value.pointer(),
                };
                let found = value.describe();
                problems.add(
                    Problem::at(place, format!("`{key}` is matched with {found}"))
                        .label("expected a list of values, or a mapping of fields below it")
                        .help(listed(value)),
                );
            }
        }
    }
}

fn listed(value: &Node) -> String {
    match value.text() {
        Some(text) => format!("write `[{text}]`"),
        None => "write what it may be, as in `[aws.guardduty]`".to_owned(),
    }
}

fn either(choice: &Node, problems: &mut Problems) {
    match &choice.kind {
        Kind::Map(inner) => check(inner, problems),
        Kind::Undefined => {}
        _ => problems.add(
            Problem::at(choice.pointer(), "`$or` is a list of patterns")
                .label("expected a mapping of fields"),
        ),
    }
}

fn item(item: &Node, problems: &mut Problems) {
    let Kind::Map(entries) = &item.kind else {
        if matches!(item.kind, Kind::List(_)) {
            problems.add(Problem::at(item.span, "a list stands in a list"));
        }
        return;
    };
    for entry in entries {
        if !OPERATORS.contains(&entry.key.as_str()) {
            problems.add(
                Problem::at(
                    entry.key_span,
                    format!("`{}` is no operator of a pattern", entry.key),
                )
                .help(near::suggestion(&entry.key, OPERATORS.iter().copied())),
            );
        }
    }
}
