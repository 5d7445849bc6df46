//! A field's value as JSON, without the secrets in it.

use crate::{
    json::{self, Value},
    redact::{MARK, Redactor},
};

/// Appends `value`; what in it is a secret is replaced.
#[inline(always)]
pub fn redacted(out: &mut Vec<u8>, value: Value<'_>, redactor: &Redactor) {
    match value {
        Value::Str(text) => {
            out.push(b'"');
            let start = out.len();
            let marked = json::escape(out, text);
            redactor.escaped(out, start, marked);
            out.push(b'"');
        }
        Value::Debug(text) => formatted(out, format_args!("{text:?}"), redactor),
        Value::Display(text) => formatted(out, format_args!("{text}"), redactor),
        Value::Bytes(_) => {
            let start = out.len();
            json::value(out, value);
            out.pop();
            redactor.escaped(out, start + 1, crate::redact::Marked(true));
            out.push(b'"');
        }
        Value::I64(number) if redactor.is_secret_integer(number.unsigned_abs()) => secret(out),
        Value::U64(number) if redactor.is_secret_integer(number) => secret(out),
        Value::I128(number) if wide(number.unsigned_abs(), redactor) => secret(out),
        Value::U128(number) if wide(number, redactor) => secret(out),
        plain => json::value(out, plain),
    }
}

fn wide(number: u128, redactor: &Redactor) -> bool {
    u64::try_from(number).is_ok_and(|number| redactor.is_secret_integer(number))
}

#[inline]
fn formatted(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>, redactor: &Redactor) {
    out.push(b'"');
    let start = out.len();
    let marked = json::escape_fmt(out, text);
    redactor.escaped(out, start, marked);
    out.push(b'"');
}

/// Appends what stands for a value that is a secret as a whole.
#[cold]
pub fn secret(out: &mut Vec<u8>) {
    json::string(out, MARK);
}
