//! What is recorded on an open span, kept until it is.
//!
//! A value is formatted by code of the user's, which may open spans and log in turn.
//! So it is done first, while nobody waits for the span.

use cloudvault_obs_core::json::Value;
use tracing::{
    field::{Field, Visit},
    span::Record,
};

use super::span::{Failed, Recording, Rules, visit};

/// Fields with their values.
pub(super) struct Told(Vec<(Field, Kept)>);

enum Kept {
    Value(Owned),
    Failed(Failed),
}

/// A [`Value`] that is not borrowed.
enum Owned {
    I64(i64),
    U64(u64),
    I128(i128),
    U128(u128),
    F64(f64),
    Bool(bool),
    Text(String),
    Bytes(Vec<u8>),
}

impl Told {
    /// What `values` are.
    pub(super) fn of(values: &Record<'_>, rules: Rules<'_>) -> Self {
        let mut told = Telling {
            told: Self(Vec::with_capacity(values.len())),
            rules,
        };
        values.record(&mut told);
        told.told
    }

    /// Records it all.
    pub(super) fn replay(self, on: &mut Recording<'_>) {
        for (field, kept) in self.0 {
            match kept {
                Kept::Value(value) => on.add(&field, value.borrow()),
                Kept::Failed(failed) => on.fail(failed),
            }
        }
    }
}

impl From<Value<'_>> for Owned {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::I64(number) => Self::I64(number),
            Value::U64(number) => Self::U64(number),
            Value::I128(number) => Self::I128(number),
            Value::U128(number) => Self::U128(number),
            Value::F64(number) => Self::F64(number),
            Value::Bool(truth) => Self::Bool(truth),
            Value::Str(text) => Self::Text(text.to_owned()),
            Value::Debug(shown) => Self::Text(format!("{shown:?}")),
            Value::Display(shown) => Self::Text(shown.to_string()),
            Value::Bytes(bytes) => Self::Bytes(bytes.to_owned()),
            other => Self::Text(format!("{other:?}")),
        }
    }
}

impl Owned {
    fn borrow(&self) -> Value<'_> {
        match self {
            Self::I64(number) => Value::I64(*number),
            Self::U64(number) => Value::U64(*number),
            Self::I128(number) => Value::I128(*number),
            Self::U128(number) => Value::U128(*number),
            Self::F64(number) => Value::F64(*number),
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Text(text) => Value::Str(text),
            Self::Bytes(bytes) => Value::Bytes(bytes),
        }
    }
}

struct Telling<'a> {
    told: Told,
    rules: Rules<'a>,
}

impl Telling<'_> {
    fn add(&mut self, field: &Field, value: Value<'_>) {
        let kept = Kept::Value(value.into());
        self.told.0.push((field.clone(), kept));
    }
}

impl Visit for Telling<'_> {
    visit!();

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        match Failed::by(field, value, self.rules) {
            Some(failed) => self.told.0.push((field.clone(), Kept::Failed(failed))),
            None => self.add(field, Value::Display(&value)),
        }
    }
}
