//! What is wrong with a body and where, and the reader that finds it.

use std::fmt;
use std::rc::Rc;

use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::near;

/// Whether a problem keeps the dashboard from being put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// `PutDashboard` fails with `InvalidParameterInput`.
    Error,
    /// `PutDashboard` succeeds and returns it as a validation message.
    Warning,
}

/// One thing that is wrong with a body. Serialises as `{dataPath, message}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// A JSON pointer to it, such as `/widgets/0/properties/metrics/0`.
    pub data_path: String,
    /// What was expected.
    pub message: String,
    /// Whether it keeps the dashboard from being put.
    #[serde(skip)]
    pub severity: Severity,
}

/// The problems found so far.
#[derive(Debug, Default)]
pub(super) struct Problems(pub(super) Vec<Problem>);

impl Problems {
    pub(super) fn error(&mut self, path: impl fmt::Display, message: impl Into<String>) {
        self.push(&path, message.into(), Severity::Error);
    }

    pub(super) fn warn(&mut self, path: impl fmt::Display, message: impl Into<String>) {
        self.push(&path, message.into(), Severity::Warning);
    }

    fn push(&mut self, path: &dyn fmt::Display, message: String, severity: Severity) {
        // A body of 500 bad widgets needs no book of errors.
        if self.0.len() < 1_000 {
            self.0.push(Problem {
                data_path: path.to_string(),
                message,
                severity,
            });
        }
    }
}

/// A value in the body and the way to it.
#[derive(Debug, Clone)]
pub(super) struct At<'a> {
    pub(super) json: &'a Json,
    pub(super) path: Path<'a>,
}

/// The way to a value, written out only for a problem: most values have none, and a
/// text for each of them was half of the work.
#[derive(Debug, Clone)]
pub(super) struct Path<'a>(Option<Rc<Way<'a>>>);

#[derive(Debug)]
struct Way<'a> {
    up: Path<'a>,
    step: Step<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Name(&'a str),
    Index(usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(way) = &self.0 else { return Ok(()) };
        // No deeper than what is looked at: a dozen steps.
        way.up.fmt(f)?;
        match way.step {
            Step::Name(name) => write!(f, "/{name}"),
            Step::Index(index) => write!(f, "/{index}"),
        }
    }
}

impl<'a> At<'a> {
    pub(super) fn root(json: &'a Json) -> Self {
        Self {
            json,
            path: Path(None),
        }
    }

    fn below(&self, step: Step<'a>, json: &'a Json) -> At<'a> {
        let up = self.path.clone();
        At {
            json,
            path: Path(Some(Rc::new(Way { up, step }))),
        }
    }

    /// The object's members; a problem when it is none.
    pub(super) fn object(&self, out: &mut Problems) -> Option<&'a Map<String, Json>> {
        let found = self.json.as_object();
        if found.is_none() {
            out.error(&self.path, "Should be object");
        }
        found
    }

    /// A member, if it is there.
    pub(super) fn field(&self, name: &str) -> Option<At<'a>> {
        let (name, json) = self.json.as_object()?.get_key_value(name)?;
        Some(self.below(Step::Name(name), json))
    }

    /// A member that must be there.
    pub(super) fn require(&self, name: &str, out: &mut Problems) -> Option<At<'a>> {
        let found = self.field(name);
        if found.is_none() {
            out.error(
                &self.path,
                format!("Should have required property '{name}'"),
            );
        }
        found
    }

    /// A member that is an object, with warnings of its members that are not known.
    pub(super) fn section(&self, name: &str, known: &[&str], out: &mut Problems) -> Option<At<'a>> {
        let section = self.field(name)?;
        section.object(out)?;
        section.known(known, out);
        Some(section)
    }

    /// Makes sure that these members are texts, where they are there.
    pub(super) fn texts(&self, names: &[&str], out: &mut Problems) {
        for field in names.iter().filter_map(|name| self.field(name)) {
            field.string(out);
        }
    }

    /// Makes sure that these members are true or false, where they are there.
    pub(super) fn flags(&self, names: &[&str], out: &mut Problems) {
        for field in names.iter().filter_map(|name| self.field(name)) {
            field.boolean(out);
        }
    }

    /// Warns of members that are not known.
    pub(super) fn known(&self, known: &[&str], out: &mut Problems) {
        for name in self.json.as_object().into_iter().flat_map(Map::keys) {
            if !known.contains(&name.as_str()) {
                let short: String = name.chars().take(64).collect();
                let hint = near::hint(&short, known.iter().copied());
                out.warn(
                    &self.path,
                    format!("Should NOT have additional property '{short}'{hint}"),
                );
            }
        }
    }

    pub(super) fn string(&self, out: &mut Problems) -> Option<&'a str> {
        let found = self.json.as_str();
        if found.is_none() {
            out.error(&self.path, "Should be string");
        }
        found
    }

    pub(super) fn number(&self, out: &mut Problems) -> Option<f64> {
        let found = self.json.as_f64();
        if found.is_none() {
            out.error(&self.path, "Should be number");
        }
        found
    }

    pub(super) fn boolean(&self, out: &mut Problems) -> Option<bool> {
        let found = self.json.as_bool();
        if found.is_none() {
            out.error(&self.path, "Should be boolean");
        }
        found
    }

    /// A whole number between two bounds, both included.
    pub(super) fn integer(&self, least: i64, most: i64, out: &mut Problems) -> Option<i64> {
        let Some(found) = whole(self.json) else {
            out.error(&self.path, "Should be integer");
            return None;
        };
        if found < least {
            out.error(&self.path, format!("Should be >= {least}"));
            return None;
        }
        if found > most {
            out.error(&self.path, format!("Should be <= {most}"));
            return None;
        }
        Some(found)
    }

    /// One of some words.
    pub(super) fn one_of(
        &self,
        words: &[&'static str],
        out: &mut Problems,
    ) -> Option<&'static str> {
        let found = self.string(out)?;
        let word = words.iter().find(|w| **w == found).copied();
        if word.is_none() {
            let short: String = found.chars().take(64).collect();
            let hint = near::hint(&short, words.iter().copied());
            out.error(
                &self.path,
                format!(
                    "Should be equal to one of the allowed values: {}{hint}",
                    words.join(", ")
                ),
            );
        }
        word
    }

    /// The items of an array of so many.
    pub(super) fn items(&self, least: usize, most: usize, out: &mut Problems) -> Vec<At<'a>> {
        let Some(items) = self.json.as_array() else {
            out.error(&self.path, "Should be array");
            return Vec::new();
        };
        if items.len() < least {
            out.error(
                &self.path,
                format!("Should NOT have fewer than {least} items"),
            );
        }
        if items.len() > most {
            out.error(
                &self.path,
                format!("Should NOT have more than {most} items"),
            );
        }
        items
            .iter()
            .take(most)
            .enumerate()
            .map(|(index, json)| self.below(Step::Index(index), json))
            .collect()
    }
}

/// A whole number, however it is written: JSON Schema's integers include `6.0`.
fn whole(json: &Json) -> Option<i64> {
    /// Beyond this a double does not tell neighbours apart.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    json.as_i64().or_else(|| {
        let number = json
            .as_f64()
            .filter(|n| n.fract() == 0.0 && n.abs() <= EXACT)?;
        // Whole and exact, as the filter made sure.
        Some(number as i64)
    })
}
