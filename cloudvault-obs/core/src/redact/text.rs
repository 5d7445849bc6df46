//! Secrets that a single byte gives away: what stands before and behind it
//! decides.

use std::ops::Range;

use super::{Family, MARK, Redactor};

/// The secret around the mark at `at`, if it is one.
pub(super) fn secret_at(redactor: &Redactor, text: &[u8], at: usize) -> Option<Range<usize>> {
    let has = |family| redactor.has(family);
    match text[at] {
        b':' | b'=' if has(Family::Keys) => assigned(redactor, text, at),
        b'(' if has(Family::Keys) => pair(redactor, text, at),
        b'@' => (has(Family::Tokens).then(|| url_password(text, at)))
            .flatten()
            .or_else(|| has(Family::Emails).then(|| email(text, at)).flatten()),
        b'J' if has(Family::Tokens) => jwt(text, at),
        b'B' | b'b' if has(Family::Tokens) => scheme(text, at),
        b'A' => (has(Family::Aws).then(|| access_key_id(text, at)))
            .flatten()
            .or_else(|| {
                let google = has(Family::Tokens) && begins(text, at);
                google.then(|| prefixed(text, at, b"AIza", 30)).flatten()
            }),
        b'I' if has(Family::Aws) && begins(text, at) => prefixed(text, at, b"IQoJ", 96),
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
    let end = text.len();
    match text.get(start) {
        Some(b'n' | b'r' | b't' | b'b' | b'f') if escapes(start) => start + 1,
        Some(b'u') if escapes(start) => (start + 5).min(end),
        // Among the four digits of `\u001b`.
        _ => (1..=4)
            .filter_map(|back| start.checked_sub(back))
            .find(|&at| text[at] == b'u' && escapes(at))
            .map_or(start, |at| (at + 5).min(end)),
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

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether no word runs into `at` from the left.
fn begins(text: &[u8], at: usize) -> bool {
    at == 0 || !is_word(text[at - 1]) || after_escape(text, at - 1) == at
}

/// Where a run of `class` that begins at `from` ends.
fn span(text: &[u8], from: usize, class: impl Fn(u8) -> bool) -> usize {
    let run = text[from.min(text.len())..].iter();
    from + run.take_while(|byte| class(**byte)).count()
}

/// Where a run of `class` that ends at `to` begins; at most `most` bytes.
fn span_back(text: &[u8], to: usize, most: usize, class: impl Fn(u8) -> bool) -> usize {
    let run = text[..to].iter().rev().take(most);
    after_escape(text, to - run.take_while(|byte| class(**byte)).count())
}

fn is_token(byte: u8) -> bool {
    is_word(byte) || byte == b'-'
}

const LONGEST_KEY: usize = 64;

/// `key=value`, `key: value`, `"key":"value"`, at its separator.
fn assigned(redactor: &Redactor, text: &[u8], at: usize) -> Option<Range<usize>> {
    // `Token::new` and `a == b`.
    let colons =
        text[at] == b':' && (text.get(at + 1) == Some(&b':') || text[..at].ends_with(b":"));
    if colons {
        return None;
    }
    let quote = |byte: u8| matches!(byte, b'"' | b'\'' | b'\\' | b' ');
    let run = text[..at].iter().rev().take(24);
    let end = at - run.take_while(|byte| quote(**byte)).count();
    let key = key_before(text, end)?;
    if !redactor.is_secret_key(std::str::from_utf8(key).ok()?) {
        return None;
    }
    let behind = span(text, at + 1, |byte| matches!(byte, b'=' | b'>'));
    value(text, behind, key)
}

fn key_before(text: &[u8], end: usize) -> Option<&[u8]> {
    let class = |byte: u8| is_token(byte) || byte == b'.' || byte >= 0x80;
    let start = span_back(text, end, LONGEST_KEY, class);
    // A window of bytes may begin within a character.
    let start = start
        + text[start.min(end)..end]
            .iter()
            .take_while(|byte| (0x80..0xc0).contains(*byte))
            .count();
    (start < end).then(|| &text[start..end])
}

/// `("key", "value")`, as `Debug` writes a header.
fn pair(redactor: &Redactor, text: &[u8], at: usize) -> Option<Range<usize>> {
    let quoted = span(text, at + 1, |byte| byte == b'\\');
    let open = text.get(quoted).filter(|byte| **byte == b'"')?;
    let start = quoted + 1;
    let end = span(text, start, |byte| is_token(byte) || byte == b'.');
    let key = &text[start..end];
    if key.len() > LONGEST_KEY || !redactor.is_secret_key(std::str::from_utf8(key).ok()?) {
        return None;
    }
    let close = span(text, end, |byte| byte == b'\\');
    if text.get(close) != Some(open) || text.get(close + 1) != Some(&b',') {
        return None;
    }
    value(text, close + 2, key)
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
    let end = match text.get(start + slashes)? {
        open @ (b'"' | b'\'') => {
            start += slashes + 1;
            quoted(text, start, *open, slashes)
        }
        _ if text[start..].starts_with(MARK.as_bytes()) => start + MARK.len(),
        b'{' | b'[' | b'(' if slashes == 0 => balanced(text, start),
        _ => bare(text, start, key),
    };
    let value = &text[start..end];
    let says_nothing =
        matches!(value, b"" | b"null" | b"None" | b"true" | b"false") || value == MARK.as_bytes();
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
            return start + index - run;
        }
        run = 0;
    }
    text.len()
}

/// The end of what the bracket at `start` opens; the text's own end where it is
/// not closed.
fn balanced(text: &[u8], start: usize) -> usize {
    let mut depth = 0_usize;
    for (index, byte) in text[start..].iter().enumerate() {
        match byte {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return start + index + 1;
        }
    }
    text.len()
}

fn bare(text: &[u8], start: usize, key: &[u8]) -> usize {
    let ends = |byte: u8| matches!(byte, b'"' | b'\\');
    let tail = |name: &[u8]| {
        key.len() >= name.len() && key[key.len() - name.len()..].eq_ignore_ascii_case(name)
    };
    if tail(b"authorization") || tail(b"cookie") {
        // Such a header's value has blanks, commas and semicolons of its own.
        return span(text, start, |byte| !ends(byte));
    }
    span(text, start, |byte| {
        !ends(byte) && !matches!(byte, b' ' | b',' | b';' | b'&' | b'\'' | b')' | b'}' | b']')
    })
}

fn email(text: &[u8], at: usize) -> Option<Range<usize>> {
    let local = |byte: u8| is_word(byte) || matches!(byte, b'.' | b'%' | b'+' | b'-');
    let start = span_back(text, at, 64, local);
    let domain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let mut end = span(text, at + 1, domain);
    while end > at + 1 && matches!(text[end - 1], b'.' | b'-') {
        end -= 1;
    }
    let name = &text[at + 1..end];
    let dot = name.iter().rposition(|byte| *byte == b'.')?;
    let top = &name[dot + 1..];
    let shaped = start < at && dot > 0 && top.len() >= 2 && top.iter().all(u8::is_ascii_alphabetic);
    shaped.then_some(start..end)
}

/// `postgres://user:password@host`.
fn url_password(text: &[u8], at: usize) -> Option<Range<usize>> {
    let inside = |byte: u8| !matches!(byte, b'/' | b' ' | b'"' | b'\\' | b'@');
    let run = text[..at].iter().rev().take(256);
    let start = at - run.take_while(|byte| inside(**byte)).count();
    if !text[..start].ends_with(b"//") {
        return None;
    }
    let colon = text[start..at].iter().position(|byte| *byte == b':')?;
    let password = start + colon + 1..at;
    (!password.is_empty() && &text[password.clone()] != MARK.as_bytes()).then_some(password)
}

/// A JSON Web Token, at the `J` of its `eyJ`.
fn jwt(text: &[u8], at: usize) -> Option<Range<usize>> {
    let start = at
        .checked_sub(2)
        .filter(|&start| &text[start..at] == b"ey")?;
    if !begins(text, start) {
        return None;
    }
    let header = span(text, at, is_token);
    let payload = span(text, header + 1, is_token);
    let shaped = header - start >= 10 && text.get(header) == Some(&b'.') && payload - header > 4;
    let end = if text.get(payload) == Some(&b'.') {
        span(text, payload + 1, is_token)
    } else {
        payload
    };
    shaped.then_some(start..end)
}

/// The credentials behind `Bearer ` and `Basic `.
fn scheme(text: &[u8], at: usize) -> Option<Range<usize>> {
    let names = |name: &[u8]| {
        let word = text.get(at..at + name.len())?;
        (word.eq_ignore_ascii_case(name) && text.get(at + name.len()) == Some(&b' '))
            .then_some(at + name.len())
    };
    let end = names(b"bearer").or_else(|| names(b"basic"))?;
    let start = span(text, end, |byte| byte == b' ');
    let class = |byte: u8| is_token(byte) || matches!(byte, b'.' | b'~' | b'+' | b'/' | b'=');
    let end = span(text, start, class);
    // "the bearer presented", "Basic authentication" are words.
    let word = text[start..end]
        .iter()
        .all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'.' | b'-'));
    (begins(text, at) && end - start >= 6 && !word).then_some(start..end)
}

fn access_key_id(text: &[u8], at: usize) -> Option<Range<usize>> {
    const LENGTH: usize = 20;
    let known = [b"AKIA", b"ASIA", b"ABIA", b"ACCA"];
    let id = text.get(at..at + LENGTH)?;
    let shaped = known.iter().any(|prefix| id.starts_with(*prefix))
        && id
            .iter()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && !text.get(at + LENGTH).is_some_and(|&next| is_word(next));
    (shaped && begins(text, at)).then_some(at..at + LENGTH)
}

/// `prefix` and at least `least` bytes of base64 or a token behind it.
fn prefixed(text: &[u8], start: usize, prefix: &[u8], least: usize) -> Option<Range<usize>> {
    if !text[start..].starts_with(prefix) {
        return None;
    }
    let behind = start + prefix.len();
    let end = span(text, behind, |byte| {
        is_token(byte) || matches!(byte, b'/' | b'+' | b'=')
    });
    (end - behind >= least).then_some(start..end)
}

/// What issuers put before their tokens, with the least length of the rest.
const TOKENS: &[(&[u8], usize)] = &[
    (b"ghp_", 30),
    (b"gho_", 30),
    (b"ghu_", 30),
    (b"ghs_", 30),
    (b"ghr_", 30),
    (b"github_pat_", 30),
    (b"npm_", 30),
    (b"pypi_", 30),
    (b"sk_live_", 16),
    (b"sk_test_", 16),
    (b"rk_live_", 16),
    (b"whsec_", 16),
    (b"xoxb-", 10),
    (b"xoxp-", 10),
    (b"xoxa-", 10),
    (b"xoxr-", 10),
    (b"xoxs-", 10),
    (b"glpat-", 16),
    (b"sk-", 20),
];

/// A token whose prefix ends at `at`, or a private key's first line.
fn token(text: &[u8], at: usize) -> Option<Range<usize>> {
    if text[at] == b'-' && text[at..].starts_with(b"-----BEGIN ") {
        return private_key(text, at);
    }
    let (prefix, least) = TOKENS
        .iter()
        .find(|(prefix, _)| text[..=at].ends_with(prefix))?;
    let start = at + 1 - prefix.len();
    begins(text, start).then(|| prefixed(text, start, prefix, *least))?
}

fn private_key(text: &[u8], at: usize) -> Option<Range<usize>> {
    const LABEL: &[u8] = b"PRIVATE KEY-----";
    let line = &text[at..text.len().min(at + 64)];
    let label = line
        .windows(LABEL.len())
        .position(|window| window == LABEL)?;
    let start = at + label + LABEL.len();
    let end = text[start..]
        .windows(9)
        .position(|window| window == b"-----END ")
        .map_or(text.len(), |offset| start + offset);
    // Up to the quote that closes the text it stands in.
    let end = start
        + text[start..end]
            .iter()
            .position(|byte| *byte == b'"')
            .unwrap_or(end - start);
    (end > start).then_some(start..end)
}
