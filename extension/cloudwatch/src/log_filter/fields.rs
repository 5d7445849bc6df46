//! Fields divided by spaces: `[ip, user, ..., status_code = 4*, bytes > 1000]`.

use serde_json::Value;

use super::{Condition, PatternError};

/// The fields a line is cut into, and what is asked of them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fields {
    /// The names in order; `...`, where any number of fields stands, has none.
    pub(super) names: Vec<Option<String>>,
    /// Which have to hold, all of them.
    pub(super) conditions: Vec<Condition<String>>,
}

impl Fields {
    /// Makes sure that the names can be told apart and that conditions ask for them.
    pub(super) fn checked(self) -> Result<Fields, PatternError> {
        let gaps = self.names.iter().filter(|name| name.is_none()).count();
        if gaps > 1 {
            return Err(PatternError("`...` stands more than once".to_owned()));
        }
        let unknown = self
            .conditions
            .iter()
            .flat_map(Condition::subjects)
            .find(|name| !self.names.contains(&Some((*name).clone())));
        match unknown {
            Some(name) => Err(PatternError(format!("there is no field `{name}`"))),
            None => Ok(self),
        }
    }

    /// Checks that `$name` is one of the fields.
    pub(super) fn check_selector(&self, selector: &str) -> Result<(), PatternError> {
        let name = selector.strip_prefix('$');
        let mut known = self.names.iter().flatten().map(String::as_str);
        match known.any(|known| Some(known) == name) {
            true => Ok(()),
            false => Err(PatternError(format!(
                "`{selector}` is none of the pattern's fields"
            ))),
        }
    }

    /// Whether a line fits.
    pub(super) fn fit(&self, line: &str) -> bool {
        let Some(values) = self.values(line) else {
            return false;
        };
        let look = |name: &String| -> Vec<&Value> {
            let found = values.iter().filter(|(known, _)| *known == name);
            found.map(|(_, value)| value).collect()
        };
        self.conditions.iter().all(|c| c.holds(&look))
    }

    /// The text of a named field of a line.
    pub(super) fn value(&self, name: &str, line: &str) -> Option<Value> {
        let values = self.values(line)?.into_iter();
        values
            .filter(|(known, _)| known.as_str() == name)
            .map(|(_, value)| value)
            .next()
    }

    /// Every named field with its text; `None` when the line has too few.
    fn values(&self, line: &str) -> Option<Vec<(&String, Value)>> {
        let gap = self.names.iter().position(Option::is_none);
        let named = self.names.len() - usize::from(gap.is_some());
        let parts = split(line);
        if parts.len() < named {
            return None;
        }
        let text = |index: usize| {
            let after_gap = gap.is_some_and(|gap| index > gap);
            let at = match after_gap {
                true => parts.len() - (self.names.len() - index),
                false => index,
            };
            let part = &parts[at];
            // The last field takes whatever is left, as in `[w1=ERROR, message]`.
            let is_rest = gap.is_none() && index + 1 == named && at + 1 < parts.len();
            match is_rest {
                true => line[part.at..].trim_end(),
                false => part.text,
            }
        };
        let names = self.names.iter().enumerate();
        Some(
            names
                .filter_map(|(index, name)| Some((name.as_ref()?, Value::from(text(index)))))
                .collect(),
        )
    }
}

/// One field of a line.
struct Part<'a> {
    /// Where it begins, its bracket or quote included.
    at: usize,
    text: &'a str,
}

/// Cuts a line at its spaces. What stands in brackets or double quotes is one field.
fn split(line: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut at = 0;
    loop {
        let rest = &line[at..];
        let begin = at + rest.len() - rest.trim_start().len();
        let rest = &line[begin..];
        let Some(first) = rest.chars().next() else {
            return parts;
        };
        let close = match first {
            '[' => Some(']'),
            '"' => Some('"'),
            _ => None,
        };
        let inner = close.and_then(|close| {
            let end = rest[1..].find(close)? + 1;
            let ends = rest[end + 1..]
                .chars()
                .next()
                .is_none_or(char::is_whitespace);
            ends.then(|| (&rest[1..end], end + 1))
        });
        let (text, length) = inner.unwrap_or_else(|| {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            (&rest[..end], end)
        });
        parts.push(Part { at: begin, text });
        at = begin + length;
    }
}
