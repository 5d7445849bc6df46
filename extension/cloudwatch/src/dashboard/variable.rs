//! The variables of a dashboard.

use std::collections::HashSet;

use serde_json::Value as Json;

use super::model::Variable;
use super::problem::{At, Problems};

/// What a variable may have.
const KNOWN: [&str; 14] = [
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
    // The console writes these beside what is documented: what was chosen last, and
    // what was typed into the fields that the choices were made with.
    "value",
    "customValues",
    "inputPopulationType",
];
/// The longest label of a variable, in characters.
const MAX_LABEL: usize = 30;
/// The longest value, default value and label of a value.
const MAX_VALUE: usize = 255;
/// The longest search.
const MAX_SEARCH: usize = 2_048;

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
    at.known(&KNOWN, out);
    at.texts(&["customValues", "inputPopulationType"], out);
    at.field("value").map(|chosen| value(&chosen, out));
    let kind = at
        .require("type", out)
        .and_then(|t| t.one_of(&["property", "pattern"], out));
    let changed = kind.and_then(|kind| at.require(kind, out)?.string(out));
    let input_type = at
        .require("inputType", out)
        .and_then(|t| t.one_of(&["input", "select", "radio"], out));
    let id = at.require("id", out).and_then(|id| name(&id, out));
    let values = values(at, out);
    let text = |name: &str, longest: usize, out: &mut Problems| {
        let field = at.field(name)?;
        short(&field, field.string(out)?, longest, out);
        field.json.as_str().map(str::to_owned)
    };
    let search = text("search", MAX_SEARCH, out);
    let populate_from = text("populateFrom", MAX_VALUE, out);
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
    let label = text("label", MAX_LABEL, out);
    let default_value = at.field("defaultValue").and_then(|d| value(&d, out));
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
        let value = item
            .require("value", out)
            .and_then(|v| self::value(&v, out));
        let label = item.field("label").and_then(|l| {
            short(&l, l.string(out)?, MAX_VALUE, out);
            l.json.as_str().map(str::to_owned)
        });
        values.extend(value.map(|value| (value.clone(), label.unwrap_or(value))));
    }
    values
}

/// A choice: a text, a number or true or false.
fn value(at: &At<'_>, out: &mut Problems) -> Option<String> {
    let text = match at.json {
        Json::String(text) => text.clone(),
        Json::Number(number) => number.to_string(),
        Json::Bool(choice) => choice.to_string(),
        _ => {
            out.error(&at.path, "Should be string, number or boolean");
            return None;
        }
    };
    short(at, &text, MAX_VALUE, out);
    Some(text)
}

/// Makes sure that a text is no longer than that.
fn short(at: &At<'_>, text: &str, longest: usize, out: &mut Problems) {
    if text.chars().count() > longest {
        out.error(
            &at.path,
            format!("Should NOT be longer than {longest} characters"),
        );
    }
}
