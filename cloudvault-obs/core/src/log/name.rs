//! A field's name, judged and rendered once for all its lines.

use super::{is_reserved, key_bit, value};
use crate::{
    json::{self, Chunk, Look, Value},
    redact::{self, Redactor},
};

/// What lines need to know of a field's name.
#[derive(Debug, Clone)]
pub struct Name {
    /// `,"key":`
    rendered: Chunk<32>,
    bit: u64,
    is_secret: bool,
}

impl Name {
    /// The name of a user's field: one that the line owns becomes `fields.NAME`.
    #[must_use]
    pub fn new(name: &str, redactor: &Redactor) -> Self {
        let key = if is_reserved(name) {
            &format!("fields.{name}")
        } else {
            name
        };
        let mut rendered = vec![b','];
        json::string(&mut rendered, key);
        rendered.push(b':');
        Self {
            rendered: Chunk::new(&rendered),
            bit: key_bit(key),
            is_secret: redactor.is_secret_key(name),
        }
    }

    /// The key as it stands in JSON, without its quotes.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        let rendered = self.rendered.as_bytes();
        &rendered[2..rendered.len() - 2]
    }

    /// Where the key ends in what is appended.
    pub(super) fn key_end(&self) -> usize {
        self.rendered.len() - 2
    }

    /// The key's [`key_bit`].
    #[must_use]
    pub fn bit(&self) -> u64 {
        self.bit
    }

    /// Whether its values are secrets, whatever they look like.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.is_secret
    }

    /// Appends `,"key":`.
    #[inline]
    pub fn append(&self, out: &mut Vec<u8>) {
        self.rendered.append(out);
    }

    /// Appends `,"key":value`, the secrets in it replaced.
    #[inline(always)]
    pub fn append_value(&self, out: &mut Vec<u8>, value: Value<'_>, redactor: &Redactor) {
        if self.is_secret {
            self.append_any(out, value, redactor);
        } else {
            self.append_open(out, value, redactor);
        }
    }

    /// The same for callers who know that the name is no secret's.
    #[inline(always)]
    pub fn append_open(&self, out: &mut Vec<u8>, value: Value<'_>, redactor: &Redactor) {
        debug_assert!(!self.is_secret, "its values must not be written");
        let is_written = match value {
            // A negative number is a large one without its sign.
            Value::I64(number) => self.append_whole(out, number.cast_unsigned()),
            Value::U64(number) => self.append_whole(out, number),
            Value::F64(number) => self.append_decimal(out, number),
            Value::Str(text) => return self.append_text(out, text, redactor),
            _ => false,
        };
        if !is_written {
            self.append_any(out, value, redactor);
        }
    }

    /// Appends `,"key":number` if both are short and the memory is there already, and
    /// says whether. No payment card's number is so short.
    #[inline(always)]
    fn append_whole(&self, out: &mut Vec<u8>, number: u64) -> bool {
        let start = out.len();
        let Some(window) = json::open::<48>(out) else {
            return false;
        };
        let at = self.rendered.place(window);
        let end = at.and_then(|at| json::put_whole(window, at, number));
        json::close(out, start, end)
    }

    /// The same for a number with up to three decimals.
    #[inline(always)]
    fn append_decimal(&self, out: &mut Vec<u8>, number: f64) -> bool {
        let start = out.len();
        let Some(window) = json::open::<48>(out) else {
            return false;
        };
        let at = self.rendered.place(window);
        let end = at.and_then(|at| json::put_decimal(window, at, number));
        json::close(out, start, end)
    }

    #[inline(always)]
    fn append_text(&self, out: &mut Vec<u8>, text: &str, redactor: &Redactor) {
        let look = Look::at(text);
        let is_written = look.is_plain()
            && !redact::may_hold_run(text.as_bytes())
            && self.append_plain(out, text);
        if !is_written {
            self.append_careful(out, (text, look), redactor);
        }
    }

    /// Text that stands in JSON as it is, and is no secret, where it is short.
    #[inline(always)]
    fn append_plain(&self, out: &mut Vec<u8>, text: &str) -> bool {
        let start = out.len();
        let Some(window) = json::open::<72>(out) else {
            return false;
        };
        let at = self.rendered.place(window);
        let end = at.and_then(|at| json::put_text(window, at, text));
        json::close(out, start, end)
    }

    /// Any text.
    #[inline(never)]
    fn append_careful(&self, out: &mut Vec<u8>, (text, look): (&str, Look), redactor: &Redactor) {
        self.append(out);
        out.push(b'"');
        let start = out.len();
        let marked = look.escape(out, text);
        redactor.escaped(out, start, marked);
        out.push(b'"');
    }

    /// Any value.
    #[inline(never)]
    fn append_any(&self, out: &mut Vec<u8>, value: Value<'_>, redactor: &Redactor) {
        self.append(out);
        if self.is_secret {
            value::secret(out);
        } else {
            value::redacted(out, value, redactor);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Whatever the way, and whether or not there is room, the same bytes.
    fn check(key: &str, written: Value<'_>) {
        let redactor = Redactor::default();
        let name = Name::new(key, &redactor);
        let mut expect = Vec::new();
        name.append_any(&mut expect, written, &redactor);
        for room in [0, 40, 47, 48, 71, 72, 500] {
            let mut out = Vec::with_capacity(2 + room);
            out.extend_from_slice(b"{}");
            name.append_value(&mut out, written, &redactor);
            let out = String::from_utf8(out).unwrap();
            let expect = String::from_utf8_lossy(&expect);
            assert_eq!(out, format!("{{}}{expect}"), "room for {room}");
        }
    }

    #[test]
    fn text_of_every_length_is_written_whole() {
        let text = "photos of the sunset, in the year of the flood, by the sea";
        for key in [
            "k",
            "password",
            "a key of 28 bytes, all of it",
            "one of 29 bytes, all of them.",
        ] {
            for length in 0..text.len() {
                check(key, Value::Str(&text[..length]));
            }
        }
    }

    #[test]
    fn numbers_beside_each_border_are_written_whole() {
        for number in [0, 9, 10, 99_999_999, 100_000_000, 4_111_111_111_111_111] {
            check("n", Value::U64(number));
            check("n", Value::I64(number.cast_signed()));
            check("n", Value::I64(-number.cast_signed()));
            check("n", Value::F64(number as f64));
            check("n", Value::F64(number as f64 / -8.0));
        }
        check("n", Value::F64(f64::NAN));
        check("n", Value::F64(f64::INFINITY));
        check("secret", Value::U64(7));
    }

    proptest! {
        #[test]
        fn each_value_is_written_the_same_on_every_way(
            key in "[a-z.\"]{0,40}", text in "\\PC{0,50}", mail in "[a-z]{1,9}@[a-z]{1,9}.com",
            number: i64, short in 0..200_000_000_u64, thousandths in 0..200_000_000_000_i64, bits: u64,
        ) {
            check(&key, Value::Str(&text));
            check(&key, Value::Str(&mail));
            check(&key, Value::I64(number));
            check(&key, Value::U64(short));
            check(&key, Value::F64(thousandths as f64 / 1000.0));
            check(&key, Value::F64(f64::from_bits(bits)));
        }
    }
}
