//! Lines of fields divided by spaces, such as those of a web server.

use serde_json::{Map, Value};

use super::{Condition, PatternError};

/// A pattern of fields; one without a name goes by its number.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fields {
    /// From the line's beginning.
    pub(super) first: Vec<String>,
    /// After `...`, up to the line's end; nothing without `...`.
    pub(super) last: Option<Vec<String>>,
    /// What must hold of them, each for itself.
    pub(super) conditions: Vec<Condition>,
}

impl Fields {
    pub(super) fn fit(&self, line: &str) -> bool {
        let Some(fields) = self.read(line) else {
            return false;
        };
        let fields = Value::Object(fields);
        self.conditions.iter().all(|one| one.holds(&fields))
    }

    /// The fields of a line by name; nothing for a line with another number of them.
    pub(super) fn read(&self, line: &str) -> Option<Map<String, Value>> {
        let values = split(line);
        let last = self.last.as_deref().unwrap_or_default();
        let named = self.first.len() + last.len();
        let fits = match self.last {
            Some(_) => values.len() >= named,
            None => values.len() == named,
        };
        if !fits {
            return None;
        }
        let from_end = values.len() - last.len();
        let field = |(at, value): (usize, &&str)| {
            let name = match at < from_end {
                true => self.first.get(at),
                false => last.get(at - from_end),
            };
            let name = name.filter(|name| !name.is_empty());
            let name = name.cloned().unwrap_or_else(|| (at + 1).to_string());
            (name, Value::from(*value))
        };
        Some(values.iter().enumerate().map(field).collect())
    }

    pub(super) fn check_selector(&self, selector: &str) -> Result<(), PatternError> {
        let name = selector.strip_prefix('$').unwrap_or_default();
        let mut names = self.first.iter().chain(self.last.iter().flatten());
        let number = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        match number || (!name.is_empty() && names.any(|known| known == name)) {
            true => Ok(()),
            false => Err(PatternError(format!(
                "`{selector}` is none of the pattern's fields"
            ))),
        }
    }
}

/// What stands in quotation marks or brackets is one field, without them.
fn split(line: &str) -> Vec<&str> {
    let mut fields = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        let closing = match first {
            '"' => Some('"'),
            '[' => Some(']'),
            _ => None,
        };
        let closed = closing.and_then(|closing| rest[1..].split_once(closing));
        let (field, after) = match closed {
            Some((field, after)) => (field, after),
            None => {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                rest.split_at(end)
            }
        };
        fields.push(field);
        rest = after.trim_start();
    }
    fields
}
