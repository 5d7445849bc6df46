//! Trees as serde's input: an operation's typed structure comes straight out of
//! the tree, with AWS's strictness: text is no number, unless it came from a form,
//! which has nothing but text.

use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{
    DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Unexpected, Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};

use super::Tree;

/// Why a tree is not the structure it should be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecodeError {
    /// A member that has to be there is not.
    #[error("The parameter {0} is required.")]
    Missing(&'static str),
    /// A member is of another type.
    #[error("{0}")]
    Type(String),
    /// A member has a value that makes no sense.
    #[error("{0}")]
    Sense(String),
}

impl serde::de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        DecodeError::Sense(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn serde::de::Expected) -> Self {
        DecodeError::Type(format!("expected {expected}, found {found}"))
    }

    fn missing_field(field: &'static str) -> Self {
        DecodeError::Missing(field)
    }
}

impl Tree {
    /// Reads the tree as an operation's input.
    pub(crate) fn read<T: DeserializeOwned>(self) -> Result<T, DecodeError> {
        // No body at all is a structure with no members.
        let tree = if self == Tree::Null {
            Tree::empty()
        } else {
            self
        };
        T::deserialize(tree)
    }
}

/// A number where a form has text.
fn number<T: std::str::FromStr>(text: &str, wanted: &str) -> Result<T, DecodeError> {
    let problem = || DecodeError::invalid_value(Unexpected::Str(text), &wanted);
    text.trim().parse().map_err(|_| problem())
}

impl<'de> Deserializer<'de> for Tree {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self {
            Tree::Null => visitor.visit_unit(),
            Tree::Bool(value) => visitor.visit_bool(value),
            Tree::Int(value) => visitor.visit_i64(value),
            Tree::Float(value) => visitor.visit_f64(value),
            Tree::Text(text) | Tree::Form(text) => visitor.visit_string(text),
            Tree::Time(ms) => visitor.visit_f64(ms as f64 / 1000.0),
            Tree::List(items) => visitor.visit_seq(SeqDeserializer::new(items.into_iter())),
            Tree::Struct(members) | Tree::Table(members) => {
                // A member that is null was not set.
                let set = members
                    .into_iter()
                    .filter(|(_, value)| *value != Tree::Null);
                visitor.visit_map(MapDeserializer::new(set))
            }
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self {
            Tree::Form(text) => match text.to_ascii_lowercase().as_str() {
                "true" => visitor.visit_bool(true),
                "false" => visitor.visit_bool(false),
                _ => Err(DecodeError::invalid_value(
                    Unexpected::Str(&text),
                    &"true or false",
                )),
            },
            other => other.deserialize_any(visitor),
        }
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self {
            Tree::Form(text) => visitor.visit_i64(number(&text, "a whole number")?),
            Tree::Float(value) if value.fract() == 0.0 && value.abs() < 9e15 => {
                visitor.visit_i64(value as i64)
            }
            other => other.deserialize_any(visitor),
        }
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_i64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self {
            Tree::Form(text) => visitor.visit_f64(number(&text, "a number")?),
            // JSON has no NaN and no infinity; AWS's JSON protocols spell them so.
            Tree::Text(text) if matches!(text.as_str(), "NaN" | "Infinity" | "-Infinity") => {
                visitor.visit_f64(number(&text, "a number")?)
            }
            Tree::Int(value) => visitor.visit_f64(value as f64),
            other => other.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self {
            Tree::Null => visitor.visit_none(),
            other => visitor.visit_some(other),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self {
            // `Name=` is how a form writes a list with nothing in it.
            Tree::Form(text) if text.is_empty() => {
                visitor.visit_seq(SeqDeserializer::new(std::iter::empty::<Tree>()))
            }
            other => other.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        i8 i16 i128 u8 u16 u128 f32 char str string bytes byte_buf unit unit_struct tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, DecodeError> for Tree {
    type Deserializer = Tree;

    fn into_deserializer(self) -> Tree {
        self
    }
}

/// A time of an input, in milliseconds since 1970: seconds as a number, or text in
/// ISO 8601.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timestamp(pub(crate) i64);

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TimestampVisitor)
    }
}

struct TimestampVisitor;

impl Visitor<'_> for TimestampVisitor {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time: seconds since 1970, or ISO 8601")
    }

    fn visit_i64<E: serde::de::Error>(self, seconds: i64) -> Result<Timestamp, E> {
        let ms = seconds.checked_mul(1000);
        ms.map(Timestamp)
            .ok_or_else(|| E::invalid_value(Unexpected::Signed(seconds), &self))
    }

    fn visit_f64<E: serde::de::Error>(self, seconds: f64) -> Result<Timestamp, E> {
        // Past this, milliseconds do not fit; the year is 200,000 by then.
        if seconds.is_finite() && seconds.abs() < 6.0e12 {
            return Ok(Timestamp((seconds * 1000.0).round() as i64));
        }
        Err(E::invalid_value(Unexpected::Float(seconds), &self))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Timestamp, E> {
        if let Ok(seconds) = text.parse::<f64>() {
            return self.visit_f64(seconds);
        }
        let ms = obs_cloudwatch::time::parse_iso(text);
        ms.map(Timestamp)
            .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}
