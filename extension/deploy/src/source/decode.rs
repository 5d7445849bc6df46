//! From a [`Node`] to a typed value, reporting everything that is wrong on the way.
//!
//! The types are ordinary serde types with `deny_unknown_fields`. serde stops at the
//! first error, so [`decode`] takes the offending node out and tries again until the
//! rest is right: one run names every unknown key and every wrong type.

use serde::de::{self, DeserializeOwned, IntoDeserializer, Visitor};

use super::at::{AT, RAW};
use super::file::Span;
use super::near;
use super::node::{Entry, Kind, Node, Scalar, Value};
use super::problem::{Problem, Problems};

/// More errors in one entry than anyone reads.
const MAX_ROUNDS: usize = 50;

/// Reads a value of type `T`; what is wrong becomes problems and gives `None`.
pub fn decode<T: DeserializeOwned>(node: &Node, problems: &mut Problems) -> Option<T> {
    let mut node = node.clone();
    let mut removed: Vec<String> = Vec::new();
    for _ in 0..MAX_ROUNDS {
        match T::deserialize(Decoder { node: &node }) {
            Ok(value) => return removed.is_empty().then_some(value),
            Err(fault) => {
                if let What::Missing(field) = &fault.what
                    && removed
                        .iter()
                        .any(|gone| near::nearest(gone, [field.as_str()]).is_some())
                {
                    // Taken out here, or misspelt: said already.
                    return None;
                }
                let span = fault.span.unwrap_or(node.span);
                if !matches!(fault.what, What::Said) {
                    let place = node.at(span).map_or(span, Node::pointer);
                    let problem = match node.at(span).and_then(in_quotes) {
                        Some(help) if fault.wants_text() => fault.problem(place).help(help),
                        _ => fault.problem(place),
                    };
                    // What a value's own reader refuses may have the right shape: `5 of 3`.
                    problems.add(match fault.what {
                        What::Other(_) => problem,
                        _ => problem.of_shape(),
                    });
                }
                match take_out(&mut node, span) {
                    Some(key) => removed.push(key),
                    None => return None,
                }
            }
        }
    }
    None
}

/// Removes the entry or item at `span`; `None` when there is no such place.
fn take_out(node: &mut Node, span: Span) -> Option<String> {
    match &mut node.kind {
        Kind::Map(entries) => {
            let found = entries
                .iter()
                .position(|entry| entry.key_span == span || entry.value.span == span);
            if let Some(index) = found {
                return Some(entries.remove(index).key);
            }
            entries
                .iter_mut()
                .find_map(|entry| take_out(&mut entry.value, span))
        }
        Kind::List(items) => {
            if let Some(index) = items.iter().position(|item| item.span == span) {
                items.remove(index);
                return Some(String::new());
            }
            items.iter_mut().find_map(|item| take_out(item, span))
        }
        _ => None,
    }
}

/// An error while decoding, before it has a place in a report.
#[derive(Debug)]
struct Fault {
    span: Option<Span>,
    what: What,
}

#[derive(Debug)]
enum What {
    UnknownKey(String, Vec<&'static str>),
    UnknownWord(String, Vec<&'static str>),
    Missing(String),
    Twice(String),
    /// Reported before.
    Said,
    Wrong {
        found: String,
        expected: String,
    },
    Other(String),
}

impl Fault {
    fn of(what: What) -> Fault {
        Fault { span: None, what }
    }

    fn or_at(mut self, span: Span) -> Fault {
        self.span.get_or_insert(span);
        self
    }

    fn wants_text(&self) -> bool {
        matches!(&self.what, What::Wrong { expected, .. } if expected == "a text")
    }

    fn problem(&self, span: Span) -> Problem {
        match &self.what {
            What::UnknownKey(key, expected) => Problem::at(span, format!("unknown key `{key}`"))
                .label("not a key of this place")
                .help(with_list(key, expected)),
            What::UnknownWord(word, expected) => {
                Problem::at(span, format!("unknown value `{word}`"))
                    .label("not one of the values of this place")
                    .help(with_list(word, expected))
            }
            What::Missing(key) => Problem::at(span, format!("the key `{key}` is missing"))
                .label("in this entry")
                .help(format!("add `{key}:`")),
            What::Twice(key) => Problem::at(span, format!("the key `{key}` stands twice here")),
            What::Wrong { found, expected } => {
                Problem::at(span, format!("expected {expected}, found {found}"))
                    .label(format!("expected {expected}"))
            }
            What::Said => Problem::at(span, "reported before"),
            What::Other(message) => Problem::at(span, message.clone()),
        }
    }
}

/// How a word that YAML takes for something else is a text: `N` and `off` are `false`.
fn in_quotes(node: &Node) -> Option<String> {
    let Kind::Scalar(Scalar { raw, value }) = &node.kind else {
        return None;
    };
    let quoted = format!("in quotes it is a text: `\"{raw}\"`");
    match value {
        Value::Text => None,
        Value::Bool(value) if *raw != value.to_string() => {
            Some(format!("YAML reads `{raw}` as `{value}`; {quoted}"))
        }
        _ => Some(quoted),
    }
}

fn with_list(word: &str, expected: &[&'static str]) -> String {
    match near::nearest(word, expected.iter().copied()) {
        Some(near) => format!(
            "did you mean `{near}`? Known here: {}",
            near::list(expected)
        ),
        None => format!("known here: {}", near::list(expected)),
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.what)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: std::fmt::Display>(message: T) -> Fault {
        Fault::of(What::Other(message.to_string()))
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Fault {
        let found = match found {
            de::Unexpected::Str(text) => format!("the text `{text}`"),
            de::Unexpected::Signed(number) => format!("the number `{number}`"),
            de::Unexpected::Unsigned(number) => format!("the number `{number}`"),
            de::Unexpected::Float(number) => format!("the number `{number}`"),
            de::Unexpected::Bool(value) => format!("`{value}` (true or false)"),
            de::Unexpected::Seq => "a list".to_owned(),
            de::Unexpected::Map => "a mapping".to_owned(),
            de::Unexpected::Unit => "nothing".to_owned(),
            other => other.to_string(),
        };
        Fault::of(What::Wrong {
            found,
            expected: plain(&expected.to_string()),
        })
    }

    fn invalid_value(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Fault {
        de::Error::invalid_type(found, expected)
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Fault {
        Fault::of(What::UnknownKey(field.to_owned(), expected.to_vec()))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Fault {
        Fault::of(What::UnknownWord(variant.to_owned(), expected.to_vec()))
    }

    fn missing_field(field: &'static str) -> Fault {
        Fault::of(What::Missing(field.to_owned()))
    }

    fn duplicate_field(field: &'static str) -> Fault {
        Fault::of(What::Twice(field.to_owned()))
    }
}

/// serde's names of types in the words of someone who writes YAML.
fn plain(expected: &str) -> String {
    match expected {
        "a string" => "a text".to_owned(),
        "a boolean" => "`true` or `false`".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a mapping".to_owned(),
        "u16" | "u32" | "u64" | "usize" => "a whole number from 0".to_owned(),
        "i32" | "i64" => "a whole number".to_owned(),
        "f64" => "a number".to_owned(),
        other if other.starts_with("struct ") => "a mapping".to_owned(),
        other => other.to_owned(),
    }
}

#[derive(Clone, Copy)]
struct Decoder<'a> {
    node: &'a Node,
}

impl<'a> Decoder<'a> {
    fn any<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.kind {
            Kind::Null => visitor.visit_unit(),
            Kind::Undefined => Err(Fault::of(What::Said)),
            Kind::Scalar(Scalar { raw, value }) => match value {
                Value::Bool(value) => visitor.visit_bool(*value),
                Value::Int(value) => visitor.visit_i64(*value),
                Value::Float(value) => visitor.visit_f64(*value),
                Value::Text => visitor.visit_str(raw),
            },
            Kind::List(items) => visitor.visit_seq(Items { rest: items }),
            Kind::Map(entries) => visitor.visit_map(Entries {
                rest: entries,
                current: None,
            }),
        }
    }
}

impl<'de> de::Deserializer<'de> for Decoder<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.any(visitor)
            .map_err(|fault| fault.or_at(self.node.span))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.node.kind {
            Kind::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match (name, &self.node.kind) {
            (AT, _) => visitor.visit_seq(Placed {
                node: self.node,
                step: 0,
            }),
            (RAW, Kind::Scalar(scalar)) => visitor.visit_str(&scalar.raw),
            (RAW, _) => self.deserialize_any(visitor),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let at = self.node.span;
        match &self.node.kind {
            Kind::Undefined => Err(Fault::of(What::Said).or_at(at)),
            Kind::Scalar(scalar) => visitor
                .visit_enum(scalar.raw.as_str().into_deserializer())
                .map_err(|fault: Fault| fault.or_at(at)),
            _ => Err(Fault::of(What::Wrong {
                found: self.node.describe(),
                expected: format!("one of {}", near::list(variants)),
            })
            .or_at(at)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string
        bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier
    }
}

struct Items<'a> {
    rest: &'a [Node],
}

impl<'de> de::SeqAccess<'de> for Items<'_> {
    type Error = Fault;

    fn next_element_seed<T: de::DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        let Some((node, rest)) = self.rest.split_first() else {
            return Ok(None);
        };
        self.rest = rest;
        seed.deserialize(Decoder { node })
            .map(Some)
            .map_err(|fault| fault.or_at(node.span))
    }
}

struct Entries<'a> {
    rest: &'a [Entry],
    current: Option<&'a Entry>,
}

impl<'de> de::MapAccess<'de> for Entries<'_> {
    type Error = Fault;

    fn next_key_seed<K: de::DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        let Some((entry, rest)) = self.rest.split_first() else {
            return Ok(None);
        };
        self.rest = rest;
        self.current = Some(entry);
        seed.deserialize(entry.key.as_str().into_deserializer())
            .map(Some)
            .map_err(|fault: Fault| fault.or_at(entry.key_span))
    }

    fn next_value_seed<V: de::DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let Some(entry) = self.current.take() else {
            return Err(de::Error::custom("a value without its key"));
        };
        seed.deserialize(Decoder { node: &entry.value })
            .map_err(|fault| fault.or_at(entry.value.span))
    }
}

/// A place (three numbers), then the value that stands there.
struct Placed<'a> {
    node: &'a Node,
    step: u8,
}

impl<'de> de::SeqAccess<'de> for Placed<'_> {
    type Error = Fault;

    fn next_element_seed<T: de::DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        let span = self.node.pointer();
        self.step += 1;
        match self.step {
            1 => seed.deserialize(span.file.into_deserializer()).map(Some),
            2 => seed.deserialize(span.offset.into_deserializer()).map(Some),
            3 => seed.deserialize(span.len.into_deserializer()).map(Some),
            4 => seed.deserialize(Decoder { node: self.node }).map(Some),
            _ => Ok(None),
        }
    }
}
