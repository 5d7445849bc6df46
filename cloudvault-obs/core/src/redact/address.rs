//! Secrets around an `@`: e-mail addresses, and the passwords in URLs.

use std::ops::Range;

use super::{
    MARK,
    text::{is_word, span, span_back},
};

/// The address around the `@`, or what stands for it, at `sign`.
pub(super) fn email(text: &[u8], sign: Range<usize>) -> Option<Range<usize>> {
    let local = |byte: u8| is_word(byte) || matches!(byte, b'.' | b'%' | b'+' | b'-');
    let start = letters_back(text, sign.start, local);
    let domain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let mut end = letters(text, sign.end, domain);
    while end > sign.end && matches!(text[end - 1], b'.' | b'-') {
        end -= 1;
    }
    let name = &text[sign.end..end];
    let dot = name.iter().rposition(|byte| *byte == b'.')?;
    let top = &name[dot + 1..];
    let letters = span(top, 0, |byte| byte.is_ascii_alphabetic() || byte >= 0x80);
    if start >= sign.start || dot == 0 || letters < 2 {
        return None;
    }
    // `ann@example.com-2026`, but `ann@example.xn--p1ai`.
    let top = if top.starts_with(b"xn--") {
        top.len()
    } else {
        letters
    };
    Some(start..sign.end + dot + 1 + top)
}

/// Where a run of `class`, or of letters and digits beyond ASCII, that begins at
/// `from` ends.
fn letters(text: &[u8], from: usize, class: impl Fn(u8) -> bool) -> usize {
    let mut end = span(text, from, &class);
    while let Some(length) = text.get(end).and_then(|&lead| letter(text, end, lead)) {
        end = span(text, end + length, &class);
    }
    end
}

/// Likewise for a run that ends at `to`; at most 64 bytes, or a few more.
fn letters_back(text: &[u8], to: usize, class: impl Fn(u8) -> bool) -> usize {
    let mut start = span_back(text, to, 64, &class);
    while start > 0 && start + 64 > to && text.get(start - 1).is_some_and(|byte| *byte >= 0x80) {
        let run = text[..start].iter().rev().take(3);
        let continued = run.take_while(|byte| (0x80..0xc0).contains(*byte)).count();
        let lead = (start - 1).saturating_sub(continued);
        if letter(text, lead, text[lead]) != Some(start - lead) {
            break;
        }
        let next = span_back(text, lead, 64, &class);
        start = next.min(lead);
        if next > lead {
            // Half an escape stands before it.
            break;
        }
    }
    start
}

/// The bytes of the character that begins with `lead` at `at`, if it is a letter or
/// digit beyond ASCII.
fn letter(text: &[u8], at: usize, lead: u8) -> Option<usize> {
    let length = match lead {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => return None,
    };
    let character = std::str::from_utf8(text.get(at..at + length)?).ok()?;
    let is_letter = character.chars().all(char::is_alphanumeric);
    is_letter.then_some(length)
}

/// `postgres://user:password@host`.
pub(super) fn url_password(text: &[u8], at: usize) -> Option<Range<usize>> {
    let inside = |byte: u8| !matches!(byte, b'/' | b' ' | b'"' | b'\\');
    let run = text[..at].iter().rev().take(256);
    let start = at - run.take_while(|byte| inside(**byte)).count();
    if !text[..start].ends_with(b"//") {
        return None;
    }
    let colon = text[start..at].iter().position(|byte| *byte == b':')?;
    // A password may hold the sign itself.
    let rest = span(text, at, |byte| {
        !byte.is_ascii_whitespace() && !matches!(byte, b'/' | b'"' | b'\\' | b'?' | b'#' | b',')
    });
    let ahead = text[at..rest].iter().rposition(|byte| *byte == b'@');
    let password = start + colon + 1..at + ahead.unwrap_or(0);
    (!password.is_empty() && &text[password.clone()] != MARK.as_bytes()).then_some(password)
}
