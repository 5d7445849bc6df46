//! The variables of a dashboard.

use std::collections::HashSet;

use super::model::Variable;
use super::problem::{At, Problems};

/// Reads all variables.
pub(super) fn variables(items: &[At<'_>], out: &mut Problems) -> Vec<Variable> {
    let read: Vec<Option<Variable>> = items.iter().map(|item| variable(item, out)).collect();
    let mut ids = HashSet::new();
    for (item, variable) in items.iter().zip(&read) {
        if let Some(variable) = variable
            && !ids.insert(variable.id.as_str())
        {
            out.error(
                &item.path,
                format!(
                    "The variable id '{}' is taken by another variable",
                    variable.id
                ),
            );
        }
    }
    read.into_iter().flatten().collect()
}

/// Reads one variable.
fn variable(at: &At<'_>, out: &mut Problems) -> Option<Variable> {
    at.object(out)?;
    let known = [
        "type",
        "property",
        "pattern",
        "inputType",
        "id",
        "label",
        "search",
        "populateFrom",
        "values",
        "defaultValue",
        "visible",
    ];
    at.known(&known, out);
    let kind = at
        .require("type", out)
        .and_then(|t| t.one_of(&["property", "pattern"], out));
    let changed = kind.and_then(|kind| at.require(kind, out)?.string(out));
    let input_type = at
        .require("inputType", out)
        .and_then(|t| t.one_of(&["input", "select", "radio"], out));
    let id = at.require("id", out).and_then(|id| name(&id, out));
    let values = values(at, out);
    let text = |name: &str, out: &mut Problems| {
        at.field(name)
            .and_then(|f| f.string(out))
            .map(str::to_owned)
    };
    let (search, populate_from) = (text("search", out), text("populateFrom", out));
    if search.is_some() != populate_from.is_some() {
        out.error(
            &at.path,
            "Should have both properties search and populateFrom or neither",
        );
    }
    if input_type.is_some_and(|t| t != "input") && values.is_empty() && search.is_none() {
        out.error(
            &at.path,
            "Should have property values, or search and populateFrom",
        );
    }
    let visible = at
        .field("visible")
        .and_then(|v| v.boolean(out))
        .unwrap_or(true);
    let (label, default_value) = (text("label", out), text("defaultValue", out));
    Some(Variable {
        id: id?,
        changes: (kind?.to_owned(), changed?.to_owned()),
        input_type: input_type?.to_owned(),
        label,
        values,
        search: search.zip(populate_from),
        default_value,
        visible,
    })
}

/// The id of a variable: at most 32 letters, digits, hyphens and underscores.
fn name(at: &At<'_>, out: &mut Problems) -> Option<String> {
    let text = at.string(out)?;
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if text.is_empty() || text.len() > 32 || !plain {
        out.error(&at.path, "Should match pattern \"^[0-9A-Za-z-_]{1,32}$\"");
    }
    Some(text.to_owned())
}

/// `values`: 1 to 500 of `{value, label?}`.
fn values(at: &At<'_>, out: &mut Problems) -> Vec<(String, String)> {
    let Some(list) = at.field("values") else {
        return Vec::new();
    };
    let mut values = Vec::new();
    // A variable that is typed in, or found by a search, needs no choices: the console
    // writes an empty list for it. One that does need them is told so by name.
    for item in list.items(0, 500, out) {
        item.known(&["value", "label"], out);
        let value = item.require("value", out).and_then(|v| v.string(out));
        let label = item.field("label").and_then(|l| l.string(out)).or(value);
        values.extend(value.zip(label).map(|(v, l)| (v.to_owned(), l.to_owned())));
    }
    values
}
