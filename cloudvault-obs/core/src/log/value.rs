//! A field's value as JSON, without the secrets in it.

use crate::{
    json::{self, Value},
    redact::{MARK, Redactor},
};

/// Appends `value`; what in it is a secret is replaced.
#[inline(always)]
pub fn redacted(out: &mut Vec<u8>, value: Value<'_>, redactor: &Redactor) {
    match value {
        Value::Str(_) | Value::Debug(_) | Value::Display(_) | Value::Bytes(_) => {
            out.push(b'"');
            text(out, value, redactor);
        }
        Value::I64(number) if redactor.is_secret_integer(number.unsigned_abs()) => secret(out),
        Value::U64(number) if redactor.is_secret_integer(number) => secret(out),
        Value::I128(number) if wide(number.unsigned_abs(), redactor) => secret(out),
        Value::U128(number) if wide(number, redactor) => secret(out),
        plain => json::value(out, plain),
    }
}

/// Appends `value` as text, whatever it is, and the quote that closes it; the one
/// that opens it stands there.
#[inline(always)]
pub fn text(out: &mut Vec<u8>, value: Value<'_>, redactor: &Redactor) {
    let start = out.len();
    let marked = match value {
        Value::Str(text) => json::escape(out, text),
        Value::Debug(text) => json::escape_fmt(out, format_args!("{text:?}")),
        Value::Display(text) => json::escape_fmt(out, format_args!("{text}")),
        Value::Bytes(bytes) => json::escape_bytes(out, bytes),
        other => json::escape_fmt(out, format_args!("{other:?}")),
    };
    redactor.escaped(out, start, marked);
    out.push(b'"');
}

fn wide(number: u128, redactor: &Redactor) -> bool {
    u64::try_from(number).is_ok_and(|number| redactor.is_secret_integer(number))
}

/// Appends what stands for a value that is a secret as a whole.
#[cold]
pub fn secret(out: &mut Vec<u8>) {
    json::string(out, MARK);
}
