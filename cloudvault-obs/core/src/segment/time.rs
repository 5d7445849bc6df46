//! Times as documents write them.

use crate::json;

/// Epoch seconds with six digits: a float would round the last one.
pub(super) fn seconds(out: &mut Vec<u8>, us: i64) {
    let us = us.max(0);
    let (whole, fraction) = (us / 1_000_000, (us % 1_000_000) as u32);
    match u32::try_from(whole) {
        // Ten digits, as every clock between 2001 and 2106 shows.
        Ok(whole @ 1_000_000_000..) => {
            let mut text = *b"0000000000.000000";
            let (high, low) = (whole / 10_000, whole % 10_000);
            let parts = [
                high / 10_000,
                high / 100 % 100,
                high % 100,
                low / 100,
                low % 100,
            ];
            for (at, part) in [0, 2, 4, 6, 8].into_iter().zip(parts) {
                text[at..at + 2].copy_from_slice(&PAIRS[part as usize % 100]);
            }
            let parts = [fraction / 10_000, fraction / 100 % 100, fraction % 100];
            for (at, part) in [11, 13, 15].into_iter().zip(parts) {
                text[at..at + 2].copy_from_slice(&PAIRS[part as usize % 100]);
            }
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

/// `00` to `99`.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + number as u8 / 10, b'0' + number as u8 % 10];
        number += 1;
    }
    pairs
};
