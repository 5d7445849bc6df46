//! Times as documents write them.

use crate::json;

/// Epoch seconds with six digits: a float would round the last one.
pub(super) fn seconds(out: &mut Vec<u8>, us: i64) {
    let us = u64::try_from(us).unwrap_or(0);
    let (whole, fraction) = (us / 1_000_000, (us % 1_000_000) as u32);
    match u32::try_from(whole) {
        // Ten digits, as every clock between 2001 and 2106 shows.
        Ok(whole @ 1_000_000_000..) => {
            let mut text = *b"0000000000.000000";
            let (high, low) = (whole / 100_000_000, whole % 100_000_000);
            text[..2].copy_from_slice(&json::padded(high)[6..]);
            text[2..10].copy_from_slice(&json::padded(low));
            text[11..].copy_from_slice(&json::padded(fraction)[2..]);
            out.extend_from_slice(&text);
        }
        _ => {
            json::integer(out, whole);
            let start = out.len();
            json::integer(out, fraction + 1_000_000);
            out[start] = b'.';
        }
    }
}
