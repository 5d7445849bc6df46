//! Names and times as documents write them.

use crate::json;

/// Whether X-Ray takes an ASCII character in a name.
const NAME: [bool; 128] = {
    let mut table = [false; 128];
    let plain = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _.:/%&#=+-@";
    let mut index = 0;
    while index < plain.len() {
        table[plain[index] as usize] = true;
        index += 1;
    }
    table
};

const MAX_NAME: usize = 200;

/// Appends a name as X-Ray takes it.
pub(super) fn write_name(out: &mut Vec<u8>, name: &str) {
    let plain = |byte: u8| NAME.get(usize::from(byte)) == Some(&true);
    if !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(plain) {
        return out.extend_from_slice(name.as_bytes());
    }
    // Letters and digits of the plane that the published schema knows.
    let allowed = |c: char| match u8::try_from(c) {
        Ok(byte) if byte.is_ascii() => plain(byte),
        _ => c.is_alphanumeric() && u32::from(c) <= 0xffff,
    };
    for c in name.chars().take(MAX_NAME) {
        let c = if allowed(c) { c } else { '-' };
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
    if name.is_empty() {
        out.push(b'-');
    }
}

/// Epoch seconds with six digits: a float would round the last one.
pub(super) fn seconds(out: &mut Vec<u8>, us: i64) {
    let us = us.max(0);
    json::integer(out, us / 1_000_000);
    let start = out.len();
    json::integer(out, us % 1_000_000 + 1_000_000);
    out[start] = b'.';
}
