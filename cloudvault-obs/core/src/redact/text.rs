//! Secrets that a single byte gives away: what stands before and behind it
//! decides.

use std::ops::Range;

use super::{
    Family, MARK, Redactor,
    address::{email, url_password},
    token::{access_key_id, jwt, prefixed, scheme, session_token, token},
};

/// The secret around the mark at `at`, if it is one. No text makes this look through
/// the same bytes again and again: what is far ahead is looked at where what stands
/// near has shown that a secret is likely. `no_jwt_before` is [`jwt`]'s own.
pub(super) fn secret_at(
    redactor: &Redactor,
    text: &[u8],
    at: usize,
    no_jwt_before: &mut usize,
) -> Option<Range<usize>> {
    let has = |family| redactor.has(family);
    match text[at] {
        b':' | b'=' if has(Family::Keys) => assigned(redactor, text, at..at + 1),
        b'(' if has(Family::Keys) => pair(redactor, text, at),
        b'>' if has(Family::Keys) => element(redactor, text, at),
        b'@' => (has(Family::Tokens).then(|| url_password(text, at)))
            .flatten()
            .or_else(|| {
                let sign = at..at + 1;
                has(Family::Emails).then(|| email(text, sign)).flatten()
            }),
        b'%' => percent(redactor, text, at),
        b'J' if has(Family::Tokens) => jwt(text, at, no_jwt_before),
        b'B' | b'b' if has(Family::Tokens) => scheme(text, at),
        b'A' => (has(Family::Aws).then(|| access_key_id(text, at)))
            .flatten()
            .or_else(|| {
                let google = has(Family::Tokens) && begins(text, at);
                google.then(|| prefixed(text, at, b"AIza", 30)).flatten()
            }),
        b'I' if has(Family::Aws) => session_token(text, at),
        b'_' | b'-' if has(Family::Tokens) => token(text, at),
        _ => None,
    }
}

/// Where the word at `start` begins, if `start` lies within an escape such as
/// `\n` or `\u001b`.
pub(super) fn after_escape(text: &[u8], start: usize) -> usize {
    let escapes = |at: usize| {
        at.checked_sub(1)
            .is_some_and(|before| text[before] == b'\\')
    };
    // Only with its four digits is it one: `\u00&password=` begins none.
    let unicode = |at: usize| {
        let digits = text.get(at + 1..at + 5);
        text[at] == b'u'
            && escapes(at)
            && digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    match text.get(start) {
        Some(b'n' | b'r' | b't' | b'b' | b'f') if escapes(start) => start + 1,
        Some(b'u') if unicode(start) => start + 5,
        // Among the four digits of `\u001b`.
        _ => (1..=4)
            .filter_map(|back| start.checked_sub(back))
            .find(|&at| unicode(at))
            .map_or(start, |at| at + 5),
    }
}

/// `range`, widened where it would leave half of an escape behind.
pub(super) fn whole_escapes(text: &[u8], range: Range<usize>) -> Range<usize> {
    let odd = |at: usize| {
        let before = text[..at].iter().rev();
        before.take_while(|byte| **byte == b'\\').count() % 2 == 1
    };
    // The backslash of the escape that holds the byte before `at`, if it goes on.
    let split = |at: usize| {
        if odd(at) {
            return Some(at - 1);
        }
        (1..=4)
            .filter_map(|back| at.checked_sub(back))
            .find(|&u| text[u] == b'u' && odd(u))
            .map(|u| u - 1)
    };
    let start = split(range.start).unwrap_or(range.start);
    let end = match split(range.end) {
        Some(backslash) if text.get(backslash + 1) == Some(&b'u') => backslash + 6,
        Some(backslash) => backslash + 2,
        None => range.end,
    };
    start..end.min(text.len())
}

pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether no word runs into `at` from the left.
pub(super) fn begins(text: &[u8], at: usize) -> bool {
    at == 0
        || !is_word(text[at - 1])
        || after_escape(text, at - 1) == at
        || matches!(text[..at], [.., b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

/// Where a run of `class` that begins at `from` ends.
pub(super) fn span(text: &[u8], from: usize, class: impl Fn(u8) -> bool) -> usize {
    let run = text[from.min(text.len())..].iter();
    let length = run.take_while(|byte| class(**byte)).count();
    looked(length);
    from + length
}

#[cfg(test)]
use super::tests::looked;

/// Counts bytes that were looked at ahead of a mark; the tests hold them down.
#[cfg(not(test))]
fn looked(_: usize) {}

/// Where a run of `class` that ends at `to` begins; at most `most` bytes.
pub(super) fn span_back(text: &[u8], to: usize, most: usize, class: impl Fn(u8) -> bool) -> usize {
    let run = text[..to].iter().rev().take(most);
    after_escape(text, to - run.take_while(|byte| class(**byte)).count())
}

pub(super) fn is_token(byte: u8) -> bool {
    is_word(byte) || byte == b'-'
}

const LONGEST_KEY: usize = 64;

/// What a URL's encoding hides: `ann%40example.com`, `token%3Dabc`.
fn percent(redactor: &Redactor, text: &[u8], at: usize) -> Option<Range<usize>> {
    let sign = at..at + 3;
    match text.get(at + 1..at + 3)? {
        b"40" if redactor.has(Family::Emails) => email(text, sign),
        b"3D" | b"3d" | b"3A" | b"3a" if redactor.has(Family::Keys) => {
            assigned(redactor, text, sign)
        }
        _ => None,
    }
}

/// `key=value`, `key: value`, `"key":"value"`, at its separator.
fn assigned(redactor: &Redactor, text: &[u8], sign: Range<usize>) -> Option<Range<usize>> {
    let at = sign.start;
    // `Token::new` and `a == b`.
    let colons =
        text[at] == b':' && (text.get(at + 1) == Some(&b':') || text[..at].ends_with(b":"));
    if colons {
        return None;
    }
    let quote = |byte: u8| matches!(byte, b'"' | b'\'' | b'\\' | b' ');
    let run = text[..at].iter().rev().take(24);
    let end = at - run.take_while(|byte| quote(**byte)).count();
    let (key, whole) = key_before(text, end)?;
    let is_secret = |key: &[u8]| str_of(key).is_some_and(|key| redactor.is_secret_key(key));
    if !is_secret(key) && !is_secret(whole) {
        return None;
    }
    let behind = span(text, sign.end, |byte| matches!(byte, b'=' | b'>'));
    value(text, behind, key)
}

/// The key that ends at `end`, without the letter of an escape before it and with that:
/// `C:\\token` may have a tab in it, or none.
fn key_before(text: &[u8], end: usize) -> Option<(&[u8], &[u8])> {
    let class = |byte: u8| is_token(byte) || byte == b'.' || byte >= 0x80;
    let run = text[..end].iter().rev().take(LONGEST_KEY);
    let whole = end - run.take_while(|byte| class(**byte)).count();
    // A window of bytes may begin within a character.
    let within = |byte: &&u8| (0x80..0xc0).contains(*byte);
    let from = |start: usize| {
        let start = start.min(end);
        &text[start + text[start..end].iter().take_while(within).count()..end]
    };
    let key = from(after_escape(text, whole));
    (whole < end).then(|| (key, from(whole)))
}

/// `("key", "value")`, as `Debug` writes a header.
fn pair(redactor: &Redactor, text: &[u8], at: usize) -> Option<Range<usize>> {
    let quoted = span(text, at + 1, |byte| byte == b'\\');
    let open = text.get(quoted).filter(|byte| **byte == b'"')?;
    let start = quoted + 1;
    let end = span(text, start, |byte| is_token(byte) || byte == b'.');
    let key = &text[start..end];
    if key.len() > LONGEST_KEY || !redactor.is_secret_key(str_of(key)?) {
        return None;
    }
    let close = span(text, end, |byte| byte == b'\\');
    if text.get(close) != Some(open) || text.get(close + 1) != Some(&b',') {
        return None;
    }
    value(text, close + 2, key)
}

/// `<key>value</key>`, at the end of its first tag.
fn element(redactor: &Redactor, text: &[u8], at: usize) -> Option<Range<usize>> {
    let back = text[..at].iter().rev().take(2 * LONGEST_KEY);
    let open = at - back.take_while(|byte| **byte != b'<').count();
    let tag = &text[open..span(text, open, |byte| is_token(byte) || b".:".contains(&byte))];
    let prefix = tag.iter().position(|byte| *byte == b':');
    let key = &tag[prefix.map_or(0, |colon| colon + 1)..];
    if open == 0 || text[open - 1] != b'<' || !redactor.is_secret_key(str_of(key)?) {
        return None;
    }
    let end = span(text, at + 1, |byte| byte != b'<');
    // `Option<Token>` opens nothing.
    let closed = text[end..]
        .strip_prefix(b"</")
        .or_else(|| text[end..].strip_prefix(b"<\\/"));
    (end > at + 1 && closed?.starts_with(tag)).then_some(at + 1..end)
}

fn str_of(key: &[u8]) -> Option<&str> {
    std::str::from_utf8(key).ok()
}

/// The value that begins behind `from`.
fn value(text: &[u8], from: usize, key: &[u8]) -> Option<Range<usize>> {
    let mut start = span(text, from, |byte| byte == b' ');
    // `Some("x")`, `Secret("x")`.
    let name = span(text, start, is_word);
    if name > start && text.get(name) == Some(&b'(') {
        start = name + 1;
    }
    let slashes = span(text, start, |byte| byte == b'\\') - start;
    let open = text.get(start + slashes)?;
    let is_quoted = matches!(open, b'"' | b'\'');
    if is_quoted {
        start += slashes + 1;
    }
    // A header that is marked as a secret writes this itself.
    if text[start..].starts_with(b"Sensitive, ") {
        return None;
    }
    let end = match open {
        _ if is_quoted => quoted(text, start, *open, slashes),
        _ if text[start..].starts_with(MARK.as_bytes()) => start + MARK.len(),
        b'{' | b'[' | b'(' if slashes == 0 => balanced(text, start),
        _ => bare(text, start, key),
    };
    let value = &text[start..end];
    let says_nothing = matches!(
        value,
        b"" | b"null" | b"None" | b"true" | b"false" | b"Sensitive"
    ) || value == MARK.as_bytes();
    (!says_nothing).then_some(start..end)
}

/// The end of a text whose opening quote has `slashes` backslashes before it: a
/// quote inside it has more, the quote of a text around it fewer.
fn quoted(text: &[u8], start: usize, open: u8, slashes: usize) -> usize {
    let mut run = 0;
    for (index, &byte) in text[start..].iter().enumerate() {
        if byte == b'\\' {
            run += 1;
            continue;
        }
        if (byte == open || byte == b'"') && run <= slashes {
            looked(index);
            return start + index - run;
        }
        run = 0;
    }
    looked(text.len() - start);
    text.len()
}

/// The end of what the bracket at `start` opens; the text's own end, or that of
/// the text around it, where it is not closed.
fn balanced(text: &[u8], start: usize) -> usize {
    let slashes = |at: usize| span(text, at, |byte| byte == b'\\') - at;
    let (mut at, mut depth, mut run) = (start, 0_usize, 0);
    while let Some(&byte) = text.get(at) {
        at += 1;
        looked(1);
        match byte {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => depth -= 1,
            // A bracket in a text closes nothing.
            b'"' => {
                let close = quoted(text, at, byte, run);
                if slashes(close) < run || close == text.len() {
                    return close;
                }
                at = close + run + 1;
            }
            _ => {}
        }
        run = if byte == b'\\' { run + 1 } else { 0 };
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

fn bare(text: &[u8], start: usize, key: &[u8]) -> usize {
    let ends = |byte: u8| matches!(byte, b'"' | b'\\');
    let tail = |name: &[u8]| {
        key.len() >= name.len() && key[key.len() - name.len()..].eq_ignore_ascii_case(name)
    };
    if tail(b"authorization") || tail(b"cookie") || tail(b"cookies") {
        // Such a header's value has blanks, commas and semicolons of its own.
        return span(text, start, |byte| !ends(byte));
    }
    span(text, start, |byte| {
        !ends(byte) && !matches!(byte, b' ' | b',' | b';' | b'&' | b'\'' | b')' | b'}' | b']')
    })
}
