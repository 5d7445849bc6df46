//! Secrets that are nothing but a run: digits, or base64. A run of N bytes
//! covers one of every N positions, so only those are looked at.

use std::ops::Range;

/// The shortest run that could be a secret: a card of 13 digits.
const SHORTEST: usize = 13;
const LONGEST_CARD: usize = 19;
const AWS_SECRET: usize = 40;

/// Whether `text` may hold a run that is a secret: most is ruled out by this.
#[inline]
pub(crate) fn may_hold_run(text: &[u8]) -> bool {
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
    let mut probe = from + SHORTEST - 1;
    while let Some(&byte) = text.get(probe) {
        if !of_card(byte) {
            probe += SHORTEST;
            continue;
        }
        match card_in(text, run_start(text, from..probe, of_card)) {
            Ok(card) => return Some(card),
            Err(end) => probe = end + SHORTEST,
        }
    }
    None
}

/// The first secret access key that ends after `from`: forty bytes of base64
/// that are neither hexadecimal nor words.
pub(super) fn aws_secret(text: &[u8], from: usize) -> Option<Range<usize>> {
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'/' || byte == b'+';
    let mut probe = from + AWS_SECRET - 1;
    while let Some(&byte) = text.get(probe) {
        if !base64(byte) {
            probe += AWS_SECRET;
            continue;
        }
        let start = run_start(text, from..probe, base64);
        let end = super::text::span(text, probe, base64);
        let run = text.get(start..end).unwrap_or_default();
        if run.len() == AWS_SECRET && is_random(run) {
            return Some(start..end);
        }
        probe = end + AWS_SECRET;
    }
    None
}

/// Where the run of a class begins that goes on behind `before`, but not within an
/// escape.
fn run_start(text: &[u8], before: Range<usize>, class: impl Fn(u8) -> bool) -> usize {
    let end = before.end;
    let back = text[before].iter().rev();
    let start = end - back.take_while(|byte| class(**byte)).count();
    super::text::after_escape(text, start)
}

/// The first card number in the run that begins at `start`, or the run's end.
fn card_in(text: &[u8], mut start: usize) -> Result<Range<usize>, usize> {
    while text.get(start).is_some_and(|byte| of_card(*byte)) {
        let digits = super::text::span(text, start, |byte| byte.is_ascii_digit()) - start;
        if digits > 0
            && starts_word(text, start)
            && let Some(end) = card_at(text, start)
        {
            return Ok(start..end);
        }
        start += digits.max(1);
    }
    Err(start)
}

/// The end of the longest card number that begins at `start`: groups of digits
/// with one blank or dash between them.
fn card_at(text: &[u8], start: usize) -> Option<usize> {
    let mut digits = [0; LONGEST_CARD];
    let (mut count, mut at, mut end) = (0, start, None);
    while let Some(&byte) = text.get(at).filter(|byte| of_card(**byte)) {
        if byte.is_ascii_digit() {
            if count == LONGEST_CARD {
                break;
            }
            digits[count] = byte;
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
