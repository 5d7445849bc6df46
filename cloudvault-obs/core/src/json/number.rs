//! Numbers as most of them are: below a hundred million, whole or with up to
//! three decimals.
//!
//! Their digits are found eight at a time, without a branch or a table. What is
//! longer is left to `itoa` and `zmij`; every number looks as they would write it.

/// From here on a number has more than eight digits.
const LIMIT: u64 = 100_000_000;

/// Appends a whole number.
#[inline(always)]
pub(super) fn unsigned(out: &mut Vec<u8>, number: u64) {
    if number < LIMIT {
        append(out, whole(number));
    } else {
        out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }
}

/// Appends a whole number.
#[inline]
pub(super) fn signed(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    unsigned(out, number.unsigned_abs());
}

/// Appends `number` in the shortest form that reads back as the same bits, if it
/// has three decimals at most; says whether it has.
#[inline]
pub(super) fn float(out: &mut Vec<u8>, number: f64) -> bool {
    let Some(thousandths) = thousandths(number.abs()) else {
        return false;
    };
    if number.is_sign_negative() {
        out.push(b'-');
    }
    append(out, whole(thousandths / 1000));
    append(out, decimals(thousandths));
    true
}

/// How many thousandths `number` is, if it is not negative and its shortest form has
/// three decimals at most and eight digits before them.
#[inline(always)]
fn thousandths(number: f64) -> Option<u64> {
    /// To a number as large as this, doubles lie one apart: adding it rounds, and
    /// leaves the whole number in the lowest bits.
    const ONE_APART: f64 = (1_u64 << 52) as f64;

    // Bits of positive numbers are ordered as they are; those of negative ones, of
    // infinity and of what is no number are larger than all.
    if number.to_bits() >= (LIMIT as f64).to_bits() {
        return None;
    }
    let rounded = number * 1000.0 + ONE_APART;
    // Dividing rounds as reading does, so a number that equals the quotient is
    // written by these digits. No others are as short: two decimals of up to
    // fifteen digits never read as the same number.
    let is_short = (rounded - ONE_APART) / 1000.0 == number;
    is_short.then_some(rounded.to_bits() - ONE_APART.to_bits())
}

/// The dot and the decimals, in front of four bytes, and how many they are.
#[inline(always)]
fn decimals(thousandths: u64) -> ([u8; 4], usize) {
    let rest = (thousandths % 1000) as u32;
    // Divided by 100 and by 10, for numbers as small as these.
    let first = (rest * 41) >> 12;
    let rest = rest - 100 * first;
    let second = (rest * 103) >> 10;
    let digits = first | second << 8 | (rest - 10 * second) << 16;
    // The first decimal stays, though it be a zero.
    let trailing = (digits | 1).leading_zeros() / 8 - 1;
    let text = (digits | 0x30_3030) << 8 | u32::from(b'.');
    (text.to_le_bytes(), 4 - trailing as usize)
}

/// `0` eight times.
const ZEROS: u64 = u64::from_ne_bytes([b'0'; 8]);

/// All eight digits of a number below a hundred million.
#[inline]
pub(crate) fn padded(number: u32) -> [u8; 8] {
    (eight_digits(number.into()) | ZEROS).to_le_bytes()
}

/// A number below [`LIMIT`]: its digits in front of eight bytes, and how many.
#[inline(always)]
fn whole(number: u64) -> ([u8; 8], usize) {
    if number < 10 {
        return ((number | u64::from(b'0')).to_le_bytes(), 1);
    }
    let digits = eight_digits(number);
    // The last digit stays, though it be a zero.
    let leading = (digits | 1 << 56).trailing_zeros() / 8;
    let text = (digits | ZEROS) >> (8 * leading);
    (text.to_le_bytes(), 8 - leading as usize)
}

/// Appends the first `length` of `bytes`.
#[inline(always)]
fn append<const N: usize>(out: &mut Vec<u8>, (bytes, length): ([u8; N], usize)) {
    let end = out.len() + length;
    out.extend_from_slice(&bytes);
    out.truncate(end);
}

/// Puts the first `length` of `bytes` at `at`; answers where they end.
#[inline(always)]
fn put<const N: usize>(
    window: &mut [u8],
    at: usize,
    (bytes, length): ([u8; N], usize),
) -> Option<usize> {
    *window.get_mut(at..)?.first_chunk_mut()? = bytes;
    Some(at + length)
}

/// Puts a whole number of up to eight digits at `at`; answers where it ends.
#[inline(always)]
pub(crate) fn put_whole(window: &mut [u8], at: usize, number: u64) -> Option<usize> {
    if number >= LIMIT {
        return None;
    }
    put(window, at, whole(number))
}

/// Puts a number of up to three decimals, if it is one and not negative, at `at`;
/// answers where it ends.
#[inline(always)]
pub(crate) fn put_decimal(window: &mut [u8], at: usize, number: f64) -> Option<usize> {
    let thousandths = thousandths(number)?;
    let at = put(window, at, whole(thousandths / 1000))?;
    put(window, at, decimals(thousandths))
}

/// The digits of a number below [`LIMIT`], the first in the lowest byte: halved
/// into fours, twos and ones, all halves at once.
#[inline]
fn eight_digits(number: u64) -> u64 {
    let fours = (number / 10_000) | ((number % 10_000) << 32);
    // Times 5243 / 2^19 is divided by 100, times 103 / 2^10 by 10, for numbers
    // as small as these.
    let hundreds = ((fours * 5243) >> 19) & 0x7f_0000_007f;
    let twos = hundreds | (fours - 100 * hundreds) << 16;
    let tens = ((twos * 103) >> 10) & 0x000f_000f_000f_000f;
    tens | (twos - 10 * tens) << 8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check_float(number: f64) {
        let mut out = Vec::new();
        crate::json::float(&mut out, number);
        let expect = zmij::Buffer::new().format_finite(number).to_owned();
        assert_eq!(String::from_utf8(out).unwrap(), expect);
    }

    fn check_whole(number: i64) {
        let mut out = Vec::new();
        signed(&mut out, number);
        assert_eq!(String::from_utf8(out).unwrap(), number.to_string());
    }

    #[test]
    fn each_power_of_ten_and_its_neighbours_look_right() {
        for power in 0..19 {
            let number = 10_i64.pow(power);
            for number in [number - 1, number, number + 1] {
                check_whole(number);
                check_whole(-number);
                check_float(number as f64);
                check_float(number as f64 / 1000.0);
                check_float(-number as f64 / 1000.0);
                check_float((number as f64 / 1000.0).next_up());
            }
        }
        check_whole(i64::MIN);
        check_float(0.0);
        check_float(-0.0);
        check_float(f64::MAX);
        check_float(f64::MIN_POSITIVE);
    }

    proptest! {
        #[test]
        fn every_number_looks_as_the_libraries_write_it(
            number: i64, short in 0..200_000_000_i64, thousandths in 0..200_000_000_000_i64, bits: u64,
        ) {
            check_whole(number);
            check_whole(short);
            check_float(thousandths as f64 / 1000.0);
            check_float((thousandths as f64 / 1000.0).next_down());
            let any = f64::from_bits(bits);
            if any.is_finite() {
                check_float(any);
            }
        }
    }
}
