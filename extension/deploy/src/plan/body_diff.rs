//! Two dashboard bodies, widget by widget.
//!
//! Widgets have no ids. Equal ones belong together first, then those of the same
//! kind and title, then those at the same place; what is left came or went.

use serde_json::Value;

use super::step::Change;

/// The widgets of a body in words.
pub(super) fn widgets(body: &Value) -> Vec<String> {
    list(body).iter().map(name).collect()
}

/// What differs between two bodies.
pub(super) fn diff(from: &Value, to: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    settings(from, to, &mut changes);
    let (from, to) = (list(from), list(to));
    let pairs = pair(from, to);
    for (index, widget) in to.iter().enumerate() {
        match pairs.iter().find(|(_, new)| *new == index) {
            Some((old, _)) => {
                let path = format!("widget {}", name(widget));
                values(&path, &from[*old], widget, &mut changes);
            }
            None => changes.push(Change::new("widget", name(widget))),
        }
    }
    for (index, widget) in from.iter().enumerate() {
        if !pairs.iter().any(|(old, _)| *old == index) {
            changes.push(Change::gone("widget", name(widget)));
        }
    }
    if changes.is_empty() {
        changes.push(Change::between(
            "widgets",
            "in one order",
            "in another order",
        ));
    }
    changes
}

/// All keys beside the widgets.
fn settings(from: &Value, to: &Value, changes: &mut Vec<Change>) {
    let strip = |body: &Value| {
        let mut body = body.clone();
        if let Some(object) = body.as_object_mut() {
            object.remove("widgets");
        }
        body
    };
    values("", &strip(from), &strip(to), changes);
}

fn list(body: &Value) -> &[Value] {
    body.get("widgets")
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn pair(from: &[Value], to: &[Value]) -> Vec<(usize, usize)> {
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    let same: [fn(&Value, &Value) -> bool; 3] = [
        |a, b| a == b,
        |a, b| kind(a) == kind(b) && title(a).is_some() && title(a) == title(b),
        |a, b| kind(a) == kind(b) && a.get("x") == b.get("x") && a.get("y") == b.get("y"),
    ];
    for same in same {
        for (old, a) in from.iter().enumerate() {
            if pairs.iter().any(|(taken, _)| *taken == old) {
                continue;
            }
            let free = to
                .iter()
                .enumerate()
                .find(|(new, b)| same(a, b) && !pairs.iter().any(|(_, taken)| taken == new));
            if let Some((new, _)) = free {
                pairs.push((old, new));
            }
        }
    }
    pairs
}

fn kind(widget: &Value) -> &str {
    widget
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or("widget")
}

fn title(widget: &Value) -> Option<&str> {
    widget.get("properties")?.get("title")?.as_str()
}

fn name(widget: &Value) -> String {
    let text = widget
        .get("properties")
        .and_then(|properties| properties.get("markdown"))
        .and_then(Value::as_str)
        .and_then(|markdown| markdown.lines().next());
    match title(widget).or(text) {
        Some(title) => format!("{} \"{title}\"", kind(widget)),
        None => {
            let at = |key: &str| widget.get(key).and_then(Value::as_u64).unwrap_or(0);
            format!("{} at {},{}", kind(widget), at("x"), at("y"))
        }
    }
}

/// The leaves that differ, by path.
fn values(path: &str, from: &Value, to: &Value, changes: &mut Vec<Change>) {
    if from == to {
        return;
    }
    let below = |key: &str| {
        let key = if key == "properties" { "" } else { key };
        match (path.is_empty(), key.is_empty()) {
            (true, _) => key.to_owned(),
            (_, true) => path.to_owned(),
            _ => format!("{path} {key}"),
        }
    };
    match (from, to) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                match (a.get(key), b.get(key)) {
                    (Some(a), Some(b)) => values(&below(key), a, b, changes),
                    (None, Some(b)) => changes.push(Change::new(below(key), short(b))),
                    (Some(a), None) => changes.push(Change::gone(below(key), short(a))),
                    (None, None) => {}
                }
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            for index in 0..a.len().max(b.len()) {
                let path = format!("{path}[{index}]");
                match (a.get(index), b.get(index)) {
                    (Some(a), Some(b)) => values(&path, a, b, changes),
                    (None, Some(b)) => changes.push(Change::new(path, short(b))),
                    (Some(a), None) => changes.push(Change::gone(path, short(a))),
                    (None, None) => {}
                }
            }
        }
        _ => changes.push(Change::between(path, short(from), short(to))),
    }
}

/// A leaf in at most a line.
fn short(value: &Value) -> String {
    const LONGEST: usize = 160;
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}
