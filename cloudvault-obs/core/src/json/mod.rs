//! The writer beneath every document: JSON appended to a byte buffer.
//!
//! What is appended is always valid JSON, whatever the value: numbers that JSON
//! cannot write (NaN, infinities) become strings that say so.

mod chunk;
mod escape;
mod number;

use std::fmt::{self, Write as _};

pub use chunk::{Chunk, close, open};
use escape::Escaping;
pub use escape::{Look, escape, escape_bytes, escape_fmt};
pub(crate) use escape::{put_text, unescape};
pub(crate) use number::{padded, put_decimal, put_whole};

/// A value as `tracing` and the documents know it.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Value<'a> {
    /// Text.
    Str(&'a str),
    /// A signed integer.
    I64(i64),
    /// An unsigned integer.
    U64(u64),
    /// A signed integer; JSON has no limit, though some readers do.
    I128(i128),
    /// An unsigned integer; JSON has no limit, though some readers do.
    U128(u128),
    /// A float; NaN and the infinities are written as strings.
    F64(f64),
    /// A truth value.
    Bool(bool),
    /// Anything that can be formatted, written as text.
    Display(&'a dyn fmt::Display),
    /// Anything that can be debugged, written as text.
    Debug(&'a dyn fmt::Debug),
    /// Bytes, written as text; those that are not UTF-8 as `\xNN`.
    Bytes(&'a [u8]),
}

macro_rules! from {
    ($($type:ty => $variant:ident as $wide:ty),+ $(,)?) => {
        $(impl From<$type> for Value<'_> {
            fn from(value: $type) -> Self {
                Self::$variant(<$wide>::from(value))
            }
        })+
    };
}

from! {
    i8 => I64 as i64, i16 => I64 as i64, i32 => I64 as i64, i64 => I64 as i64,
    u8 => U64 as u64, u16 => U64 as u64, u32 => U64 as u64, u64 => U64 as u64,
    i128 => I128 as i128, u128 => U128 as u128, f32 => F64 as f64, f64 => F64 as f64,
    bool => Bool as bool,
}

impl From<usize> for Value<'_> {
    fn from(value: usize) -> Self {
        Self::U64(value as u64)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Str(value)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Self::Str(value)
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::new();
        value(&mut out, *self);
        f.write_str(&String::from_utf8_lossy(&out))
    }
}

/// Appends `value`.
#[inline(always)]
pub fn value(out: &mut Vec<u8>, value: Value<'_>) {
    match value {
        Value::Str(text) => string(out, text),
        Value::I64(number) => number::signed(out, number),
        Value::U64(number) => number::unsigned(out, number),
        Value::I128(number) => integer(out, number),
        Value::U128(number) => integer(out, number),
        Value::F64(number) => float(out, number),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Display(text) => display(out, format_args!("{text}")),
        Value::Debug(text) => display(out, format_args!("{text:?}")),
        Value::Bytes(bytes) => {
            out.push(b'"');
            escape_bytes(out, bytes);
            out.push(b'"');
        }
    }
}

/// Appends an integer.
#[inline]
pub fn integer(out: &mut Vec<u8>, number: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Appends a float in the shortest form that reads back as the same bits;
/// `"NaN"`, `"Infinity"` and `"-Infinity"` are strings.
#[inline]
pub fn float(out: &mut Vec<u8>, number: f64) {
    if !number::float(out, number) {
        long_float(out, number);
    }
}

#[cold]
fn long_float(out: &mut Vec<u8>, number: f64) {
    if number.is_finite() {
        out.extend_from_slice(zmij::Buffer::new().format_finite(number).as_bytes());
    } else if number.is_nan() {
        out.extend_from_slice(b"\"NaN\"");
    } else if number > 0.0 {
        out.extend_from_slice(b"\"Infinity\"");
    } else {
        out.extend_from_slice(b"\"-Infinity\"");
    }
}

/// Appends text in quotes.
#[inline]
pub fn string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escape(out, text);
    out.push(b'"');
}

/// Appends formatted text in quotes. A formatter that fails leaves what it had
/// written, so the document stays whole.
pub fn display(out: &mut Vec<u8>, text: fmt::Arguments<'_>) {
    out.push(b'"');
    // The writer below never fails, and a failing Display is not ours to report.
    let _ = Escaping(out).write_fmt(text);
    out.push(b'"');
}

/// Appends `,"key":` or, as the first member of its object, `"key":`.
#[inline]
pub fn key(out: &mut Vec<u8>, key: &str) {
    if !matches!(out.last(), Some(b'{') | None) {
        out.push(b',');
    }
    string(out, key);
    out.push(b':');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(of: Value<'_>) -> serde_json::Value {
        let mut out = Vec::new();
        value(&mut out, of);
        serde_json::from_slice(&out).expect("valid JSON")
    }

    #[test]
    fn extremes_are_valid_json() {
        assert_eq!(written(Value::I64(i64::MIN)), serde_json::json!(i64::MIN));
        assert_eq!(written(Value::U64(u64::MAX)), serde_json::json!(u64::MAX));
        assert_eq!(written(Value::F64(f64::MAX)), serde_json::json!(f64::MAX));
        assert_eq!(written(Value::F64(f64::NAN)), "NaN");
        assert_eq!(written(Value::F64(f64::NEG_INFINITY)), "-Infinity");
        assert_eq!(
            written(Value::Str("a\"b\\c\n\u{1}\u{7f}\u{2028}")),
            "a\"b\\c\n\u{1}\u{7f}\u{2028}"
        );
        let mut out = Vec::new();
        value(&mut out, Value::U128(u128::MAX));
        assert_eq!(out, u128::MAX.to_string().into_bytes());
        assert_eq!(
            written(Value::Bytes(b"ok \xff\xfe\"\n")),
            "ok \\xff\\xfe\"\n"
        );
    }

    proptest! {
        #[test]
        fn any_text_reads_back(text: String) {
            prop_assert_eq!(written(Value::Str(&text)), text.as_str());
            prop_assert_eq!(written(Value::Display(&text)), text.as_str());
            prop_assert_eq!(written(Value::Debug(&text)), format!("{text:?}"));
        }

        #[test]
        fn escaped_text_is_unescaped(text in "[\\PC\\x00-\\x1f\"\\\\]*") {
            let mut out = Vec::new();
            escape(&mut out, &text);
            prop_assert_eq!(unescape(&out), text);
        }

        #[test]
        fn any_float_reads_back(bits: u64) {
            let number = f64::from_bits(bits);
            let mut out = Vec::new();
            float(&mut out, number);
            if number.is_finite() {
                // By the standard library: serde_json's own default is off by a digit.
                let read: f64 = std::str::from_utf8(&out).unwrap().parse().unwrap();
                prop_assert_eq!(read.to_bits(), bits);
            }
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&out).is_ok());
        }
    }
}
