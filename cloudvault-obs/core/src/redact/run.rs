//! Secrets that are nothing but a run: digits, or base64. A run of N bytes
//! covers one of every N positions, so only those are looked at.

use std::ops::Range;

/// The shortest run that could be a secret: a card of 13 digits.
const SHORTEST: usize = 13;
const LONGEST_CARD: usize = 19;
const AWS_SECRET: usize = 40;

/// Whether `text` may hold a run at all: what most text is ruled out by.
#[inline]
pub(super) fn may_hold_one(text: &[u8]) -> bool {
    if text.len() >= AWS_SECRET {
        return true;
    }
    let mut probe = SHORTEST - 1;
    while let Some(&byte) = text.get(probe) {
        if of_card(byte) {
            return true;
        }
        probe += SHORTEST;
    }
    false
}

#[inline]
fn of_card(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b' ' || byte == b'-'
}

/// The first card number that ends after `from`.
pub(super) fn card(text: &[u8], from: usize) -> Option<Range<usize>> {
    runs(text, from, SHORTEST, of_card).find_map(|run| card_in(text, run))
}

/// The first secret access key that ends after `from`: forty bytes of base64
/// that are neither hexadecimal nor words.
pub(super) fn aws_secret(text: &[u8], from: usize) -> Option<Range<usize>> {
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'/' || byte == b'+';
    runs(text, from, AWS_SECRET, base64).find(|run| {
        let run = &text[run.clone()];
        run.len() == AWS_SECRET && is_random(run)
    })
}

/// Runs of at least `length` bytes of a class, which do not begin within an
/// escape.
fn runs(
    text: &[u8],
    from: usize,
    length: usize,
    class: impl Fn(u8) -> bool,
) -> impl Iterator<Item = Range<usize>> {
    let mut probe = from + length - 1;
    std::iter::from_fn(move || {
        while let Some(&byte) = text.get(probe) {
            if !class(byte) {
                probe += length;
                continue;
            }
            let back = text[from..probe].iter().rev();
            let start = probe - back.take_while(|byte| class(**byte)).count();
            let ahead = text[probe..].iter();
            let end = probe + ahead.take_while(|byte| class(**byte)).count();
            probe = end + length;
            let start = super::text::after_escape(text, start);
            if start + length <= end {
                return Some(start..end);
            }
        }
        None
    })
}

fn card_in(text: &[u8], run: Range<usize>) -> Option<Range<usize>> {
    let mut start = run.start;
    while start < run.end {
        let digits = text[start..run.end]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if digits > 0
            && starts_word(text, start)
            && let Some(end) = card_at(text, start, run.end)
        {
            return Some(start..end);
        }
        start += digits.max(1);
    }
    None
}

/// The end of the longest card number that begins at `start`: groups of digits
/// with one blank or dash between them.
fn card_at(text: &[u8], start: usize, limit: usize) -> Option<usize> {
    let mut digits = [0; LONGEST_CARD];
    let (mut count, mut at, mut end) = (0, start, None);
    while at < limit {
        if text[at].is_ascii_digit() {
            if count == LONGEST_CARD {
                break;
            }
            digits[count] = text[at];
            count += 1;
            let last = match text.get(at + 1) {
                // A fraction goes on behind its point.
                Some(b'.') => !text.get(at + 2).is_some_and(u8::is_ascii_digit),
                Some(&next) => !is_word(next),
                None => true,
            };
            if last && is_card(&digits[..count]) {
                end = Some(at + 1);
            }
        } else if !text[at - 1].is_ascii_digit() {
            break;
        }
        at += 1;
    }
    end
}

/// Whether digits are a card number: its issuer's first digits for the length,
/// and Luhn's check.
pub(super) fn is_card(digits: &[u8]) -> bool {
    let first = |count: usize| {
        digits[..count]
            .iter()
            .fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))
    };
    let issued = match digits.len() {
        13 => first(1) == 4,
        14 => matches!(first(2), 30 | 36 | 38 | 39),
        15 => matches!(first(2), 34 | 37),
        16 => {
            first(1) == 4
                || matches!(first(2), 35 | 50..=58 | 60 | 62..=65 | 67)
                || matches!(first(4), 2200..=2204 | 2221..=2720)
        }
        17 | 18 => matches!(first(2), 50 | 56..=58 | 62 | 67),
        19 => first(1) == 4 || matches!(first(2), 50 | 56..=58 | 62 | 67),
        _ => false,
    };
    issued && luhn(digits)
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| {
            let digit = u32::from(digit - b'0');
            match (index % 2, digit) {
                (0, digit) => digit,
                (_, digit) if digit > 4 => digit * 2 - 9,
                (_, digit) => digit * 2,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Letters of both cases, digits, and many different bytes: a SHA-1, a path or
/// an identifier of that length is not.
fn is_random(run: &[u8]) -> bool {
    let count = |is: fn(&u8) -> bool| run.iter().filter(|byte| is(byte)).count();
    let mut seen = [false; 128];
    for byte in run {
        seen[usize::from(byte & 0x7f)] = true;
    }
    let different = seen.iter().filter(|seen| **seen).count();
    count(u8::is_ascii_uppercase) >= 4
        && count(u8::is_ascii_lowercase) >= 4
        && count(u8::is_ascii_digit) >= 1
        && count(|byte| *byte == b'/') <= 6
        && different >= 20
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn starts_word(text: &[u8], start: usize) -> bool {
    let before = start.checked_sub(1).map(|at| text[at]);
    match before {
        None => true,
        // The letter of an escape is no part of the word behind it.
        Some(byte) if is_word(byte) => super::text::after_escape(text, start - 1) == start,
        Some(byte) => byte != b'.',
    }
}
