//! A YAML document as a tree in which every key and value knows its place.
//!
//! serde alone stops at the first error and forgets where values stood. The tree
//! is read once with serde-saphyr; typed values are then decoded from it piece by
//! piece, so that one run reports everything that is wrong.

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Location, Spanned};

use super::fault;
use super::file::{Files, Span};
use super::problem::{Problem, Problems};

/// Largest file that is read: far above any real one.
pub const MAX_FILE_BYTES: usize = 2 << 20;

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// The value itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Nothing: `~`, `null` or an empty place.
    Null,
    /// Held an undefined variable, which has been reported: nothing more is said of it.
    Undefined,
    /// One word, number or text.
    Scalar(Scalar),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<Entry>),
}

/// A scalar: its spelling and what YAML takes it for.
#[derive(Clone, Debug, PartialEq)]
pub struct Scalar {
    /// As written, without quotes: an account id keeps its leading zeros.
    pub raw: String,
    /// As YAML's core schema reads it.
    pub value: Value,
}

/// YAML's reading of a scalar.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Everything else.
    Text,
}

/// One key with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_span: Span,
    /// Its value.
    pub value: Node,
}

impl Node {
    /// The best place to point at: a mapping's first key rather than all of it.
    pub fn pointer(&self) -> Span {
        match &self.kind {
            Kind::Map(entries) => entries.first().map_or(self.span, |entry| entry.key_span),
            _ => self.span,
        }
    }

    /// The value under `key`, when this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.kind {
            Kind::Map(entries) => entries
                .iter()
                .find(|entry| entry.key == key)
                .map(|entry| &entry.value),
            _ => None,
        }
    }

    /// The node at a place, this one or one below it.
    pub fn at(&self, span: Span) -> Option<&Node> {
        if self.span == span {
            return Some(self);
        }
        match &self.kind {
            Kind::List(items) => items.iter().find_map(|item| item.at(span)),
            Kind::Map(entries) => entries.iter().find_map(|entry| entry.value.at(span)),
            _ => None,
        }
    }

    /// The text, when this is a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(scalar) => Some(&scalar.raw),
            _ => None,
        }
    }

    /// What a person would call it.
    pub fn describe(&self) -> String {
        match &self.kind {
            Kind::Null | Kind::Undefined => "nothing".to_owned(),
            Kind::Scalar(scalar) => match scalar.value {
                Value::Bool(_) => format!("`{}` (true or false)", scalar.raw),
                Value::Int(_) | Value::Float(_) => format!("the number `{}`", scalar.raw),
                Value::Text => format!("the text `{}`", scalar.raw),
            },
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a mapping".to_owned(),
        }
    }

    /// As plain JSON, without places.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.kind {
            Kind::Null | Kind::Undefined => Json::Null,
            Kind::Scalar(scalar) => match scalar.value {
                Value::Bool(value) => Json::Bool(value),
                Value::Int(value) => Json::from(value),
                Value::Float(value) => Json::from(value),
                Value::Text => Json::String(scalar.raw.clone()),
            },
            Kind::List(items) => Json::Array(items.iter().map(Node::to_json).collect()),
            Kind::Map(entries) => Json::Object(
                entries
                    .iter()
                    .map(|entry| (entry.key.clone(), entry.value.to_json()))
                    .collect(),
            ),
        }
    }
}

impl Scalar {
    /// Reads an unquoted spelling by YAML's core schema.
    pub fn plain(raw: &str) -> Kind {
        let value = match raw {
            "" | "~" | "null" | "Null" | "NULL" => return Kind::Null,
            "true" | "True" | "TRUE" => Value::Bool(true),
            "false" | "False" | "FALSE" => Value::Bool(false),
            _ => number(raw),
        };
        Kind::Scalar(Scalar {
            raw: raw.to_owned(),
            value,
        })
    }

    /// A text, whatever it looks like.
    pub fn quoted(raw: &str) -> Kind {
        Kind::Scalar(Scalar {
            raw: raw.to_owned(),
            value: Value::Text,
        })
    }
}

fn number(raw: &str) -> Value {
    if let Ok(value) = raw.parse::<i64>() {
        return Value::Int(value);
    }
    // "inf" and "nan" are words, not numbers, in YAML.
    let numeric = raw
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E'));
    match raw.parse::<f64>() {
        Ok(value) if numeric && value.is_finite() => Value::Float(value),
        _ => Value::Text,
    }
}

/// Reads the file at `index` of `files`; what is no YAML becomes a problem.
pub fn parse(files: &Files, index: u32, problems: &mut Problems) -> Option<Node> {
    let text = files.get(index)?.text.clone();
    let start = Span {
        file: index,
        offset: 0,
        len: 0,
    };
    if text.len() > MAX_FILE_BYTES {
        problems.add(Problem::at(start, "the file is larger than 2 MiB").help("part it"));
        return None;
    }
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
    };
    match serde_saphyr::from_str_with_options::<Raw>(&text, options) {
        Ok(raw) => {
            let place = Place { index, text: &text };
            let node = place.node(raw);
            report_duplicates(&node, problems);
            Some(node)
        }
        Err(error) => {
            let error = error.without_snippet();
            let span = error.location().map_or(start, |location| {
                Place { index, text: &text }.span(location)
            });
            let message = error.render();
            // The place is shown by the report; the parser's own "line 3 column 5" is noise.
            let message = message
                .lines()
                .next()
                .unwrap_or_default()
                .split(" at line ")
                .next()
                .unwrap_or_default()
                .trim_end_matches(':')
                .to_owned();
            problems.add(fault::problem(span, &message));
            None
        }
    }
}

fn report_duplicates(node: &Node, problems: &mut Problems) {
    match &node.kind {
        Kind::Map(entries) => {
            let mut seen = std::collections::BTreeSet::new();
            for entry in entries {
                if !seen.insert(entry.key.as_str()) {
                    problems.add(
                        Problem::at(
                            entry.key_span,
                            format!("the key `{}` stands twice here", entry.key),
                        )
                        .label("the second one")
                        .help("keep one of them"),
                    );
                }
                report_duplicates(&entry.value, problems);
            }
        }
        Kind::List(items) => {
            for item in items {
                report_duplicates(item, problems);
            }
        }
        _ => {}
    }
}

struct Place<'a> {
    index: u32,
    text: &'a str,
}

impl Place<'_> {
    fn span(&self, location: Location) -> Span {
        let span = location.span();
        let limit = self.text.len();
        let offset = usize::try_from(span.byte_offset().unwrap_or(span.offset()))
            .unwrap_or(limit)
            .min(limit);
        let len = usize::try_from(span.byte_len().unwrap_or(0))
            .unwrap_or(0)
            .min(limit - offset);
        Span {
            file: self.index,
            offset: u32::try_from(offset).unwrap_or(0),
            len: u32::try_from(len).unwrap_or(0),
        }
    }

    fn node(&self, raw: Raw) -> Node {
        let span = self.span(raw.0.referenced);
        let kind = match raw.0.value {
            RawKind::Null => Kind::Null,
            RawKind::Text(text) => Scalar::quoted(&text),
            RawKind::Plain(value, text) => Kind::Scalar(Scalar {
                raw: self.spelling(span).unwrap_or(text),
                value,
            }),
            RawKind::List(items) => {
                Kind::List(items.into_iter().map(|item| self.node(item)).collect())
            }
            RawKind::Map(entries) => Kind::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| Entry {
                        key_span: self.span(key.referenced),
                        key: key.value,
                        value: self.node(value),
                    })
                    .collect(),
            ),
        };
        Node { span, kind }
    }

    /// A number as the person wrote it: `0012` is an id, not twelve.
    fn spelling(&self, span: Span) -> Option<String> {
        let start = span.offset as usize;
        self.text
            .get(start..start + span.len as usize)
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    }
}

/// The tree as serde-saphyr hands it over.
struct Raw(Spanned<RawKind>);

enum RawKind {
    Null,
    Text(String),
    Plain(Value, String),
    List(Vec<Raw>),
    Map(Vec<(Spanned<String>, Raw)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Raw, D::Error> {
        Spanned::deserialize(deserializer).map(Raw)
    }
}

impl<'de> Deserialize<'de> for RawKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RawKind, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = RawKind;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<RawKind, E> {
        Ok(RawKind::Plain(Value::Bool(value), value.to_string()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<RawKind, E> {
        Ok(RawKind::Plain(Value::Int(value), value.to_string()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<RawKind, E> {
        match i64::try_from(value) {
            Ok(small) => self.visit_i64(small),
            Err(_) => self.visit_f64(value as f64),
        }
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<RawKind, E> {
        Ok(RawKind::Plain(Value::Float(value), value.to_string()))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<RawKind, E> {
        Ok(RawKind::Text(value.to_owned()))
    }

    fn visit_unit<E: de::Error>(self) -> Result<RawKind, E> {
        Ok(RawKind::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<RawKind, E> {
        Ok(RawKind::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<RawKind, D::Error> {
        RawKind::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<RawKind, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(RawKind::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<RawKind, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(RawKind::Map(entries))
    }
}
