//! `${name}` in a file is replaced by the environment's variable of that name.
//!
//! Names are lower case: CloudWatch's own dynamic labels (`${LAST}`,
//! `${PROP('MetricName')}`) are upper case and pass untouched. `$${name}` is the
//! text `${name}`.

use std::collections::BTreeMap;

use super::file::{Files, Span};
use super::near;
use super::node::{Entry, Kind, Node, Scalar, Value};
use super::problem::{Problem, Problems};

/// The values a file may refer to.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    /// Name to value; `None` is a variable that is declared and left unset.
    pub values: BTreeMap<String, Option<String>>,
    /// The environment's name, for messages.
    pub environment: String,
}

impl Variables {
    /// The same with one more value.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Variables {
        let mut more = self.clone();
        more.values.insert(name.to_owned(), Some(value.to_owned()));
        more
    }

    /// The tree with every reference replaced. A value that is nothing but a
    /// reference to an unset variable becomes nothing.
    pub fn apply(&self, node: &Node, files: &Files, problems: &mut Problems) -> Node {
        let kind = match &node.kind {
            Kind::Null | Kind::Undefined => node.kind.clone(),
            Kind::Scalar(scalar) => self.scalar(scalar, node.span, files, problems),
            Kind::List(items) => Kind::List(
                items
                    .iter()
                    .map(|item| self.apply(item, files, problems))
                    .collect(),
            ),
            Kind::Map(entries) => Kind::Map(
                entries
                    .iter()
                    .map(|entry| Entry {
                        key: entry.key.clone(),
                        key_span: entry.key_span,
                        value: self.apply(&entry.value, files, problems),
                    })
                    .collect(),
            ),
        };
        Node {
            span: node.span,
            kind,
        }
    }

    fn scalar(&self, scalar: &Scalar, span: Span, files: &Files, problems: &mut Problems) -> Kind {
        if scalar.value != Value::Text || !scalar.raw.contains("${") {
            return Kind::Scalar(scalar.clone());
        }
        if let [Part::Name(name)] = parts(&scalar.raw)[..]
            && let Some(None) = self.values.get(name)
        {
            return Kind::Null;
        }
        let mut text = String::new();
        let mut defined = true;
        for part in parts(&scalar.raw) {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Name(name) => match self.values.get(name) {
                    Some(Some(value)) => text.push_str(value),
                    unset => {
                        defined = false;
                        let place = files.narrow(span, &format!("${{{name}}}"));
                        problems.add(self.undefined(name, place, unset.is_some()));
                    }
                },
            }
        }
        if !defined {
            return Kind::Undefined;
        }
        let source = files.slice(span);
        if source.starts_with(['"', '\'', '|', '>']) {
            Scalar::quoted(&text)
        } else {
            Scalar::plain(&text)
        }
    }

    /// A JSON text with the references to known variables replaced and everything else
    /// left as it is: what the console exports may hold `${...}` of its own. `file` is
    /// where it stands; a reference that is nearly a known one becomes a warning.
    pub fn in_json(&self, text: &str, file: u32, problems: &mut Problems) -> String {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for part in parts(text) {
            match part {
                Part::Text(plain) => out.push_str(plain),
                Part::Name(name) => {
                    let written = format!("${{{name}}}");
                    let found = text[at..].find(&written).map_or(at, |found| at + found);
                    at = found + written.len();
                    let span = Span {
                        file,
                        offset: u32::try_from(found).unwrap_or(0),
                        len: u32::try_from(written.len()).unwrap_or(0),
                    };
                    match self.values.get(name) {
                        Some(Some(value)) => {
                            // Quoted as JSON, and the quotes taken off again.
                            let quoted = serde_json::Value::from(value.as_str()).to_string();
                            out.push_str(&quoted[1..quoted.len() - 1]);
                        }
                        Some(None) => {
                            problems.add(self.undefined(name, span, true));
                        }
                        None => {
                            out.push_str(&written);
                            let known = self.values.keys().map(String::as_str);
                            if near::nearest(name, known).is_some() {
                                problems.warn(self.undefined(name, span, false));
                            }
                        }
                    }
                }
            }
        }
        out
    }

    fn undefined(&self, name: &str, place: Span, declared: bool) -> Problem {
        let environment = &self.environment;
        let known = self.values.keys().map(String::as_str);
        let problem = if declared {
            Problem::at(
                place,
                format!("the variable `{name}` of environment `{environment}` has no value"),
            )
            .help(format!("give it one with `--var {name}=VALUE`"))
        } else {
            Problem::at(
                place,
                format!("environment `{environment}` has no variable `{name}`"),
            )
            .help(format!(
                "{}; or pass `--var {name}=VALUE`",
                near::suggestion(name, known).trim_end_matches('?')
            ))
        };
        problem.label("undefined")
    }
}

enum Part<'a> {
    Text(&'a str),
    Name(&'a str),
}

/// Splits a text at its references.
fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let after = &rest[at + 2..];
        let name = after.find('}').map(|end| &after[..end]);
        match name {
            Some(_) if rest[..at].ends_with('$') => {
                // `$${name}`: one dollar goes, the rest is text.
                parts.push(Part::Text(&rest[..at - 1]));
                parts.push(Part::Text("${"));
                rest = after;
            }
            Some(name) if is_name(name) => {
                parts.push(Part::Text(&rest[..at]));
                parts.push(Part::Name(name));
                rest = &after[name.len() + 1..];
            }
            _ => {
                parts.push(Part::Text(&rest[..at + 2]));
                rest = after;
            }
        }
    }
    parts.push(Part::Text(rest));
    parts.retain(|part| !matches!(part, Part::Text("")));
    parts
}

/// The variables that a text refers to.
pub fn named(text: &str) -> impl Iterator<Item = &str> {
    parts(text).into_iter().filter_map(|part| match part {
        Part::Name(name) => Some(name),
        Part::Text(_) => None,
    })
}

/// A variable's name: `[a-z][a-z0-9_]*`.
pub fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Kind) {
        let variables = Variables {
            values: BTreeMap::from([
                ("store".to_owned(), Some("/tmp/x".to_owned())),
                ("limit".to_owned(), Some("5".to_owned())),
                ("pager".to_owned(), None),
            ]),
            environment: "dev".to_owned(),
        };
        let mut files = Files::new(std::path::Path::new("."));
        files.add("a.yaml", text);
        let node = Node {
            span: Span {
                file: 0,
                offset: 0,
                len: u32::try_from(text.len()).unwrap(),
            },
            kind: Scalar::quoted(text),
        };
        let mut problems = Problems::default();
        assert_eq!(
            variables.apply(&node, &files, &mut problems).kind,
            expect,
            "{text}"
        );
        assert!(problems.is_empty(), "{text}");
    }

    #[test]
    fn json_keeps_what_is_not_the_projects() {
        let variables = Variables {
            values: BTreeMap::from([
                ("region".to_owned(), Some("eu-central-1".to_owned())),
                ("title".to_owned(), Some("a \"b\"".to_owned())),
            ]),
            environment: "dev".to_owned(),
        };
        let mut problems = Problems::default();
        let text = r#"{"a":"${region}", "b": "${title}" ,"c":"${LAST} ${other} $${region}"}"#;
        assert_eq!(
            variables.in_json(text, 0, &mut problems),
            r#"{"a":"eu-central-1", "b": "a \"b\"" ,"c":"${LAST} ${other} ${region}"}"#
        );
        assert!(problems.is_empty() && problems.warnings().is_none());
        variables.in_json(r#"{"a":"${regoin}"}"#, 0, &mut problems);
        assert!(problems.is_empty() && problems.warnings().is_some());
    }

    #[test]
    fn references_are_replaced_and_dynamic_labels_are_not() {
        check("${store}/a", Scalar::quoted("/tmp/x/a"));
        check("${limit}", Scalar::plain("5"));
        check("${pager}", Kind::Null);
        check("p90 ${LAST}", Scalar::quoted("p90 ${LAST}"));
        check("$${store}", Scalar::quoted("${store}"));
        check("${", Scalar::quoted("${"));
    }
}
