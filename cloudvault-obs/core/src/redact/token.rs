//! Credentials that are known by how they begin.

use std::ops::Range;

use super::text::{begins, is_token, is_word, span};

/// A JSON Web Token, at the `J` of its `eyJ`: three parts, five of an encrypted one.
/// Before `dead` there is none: what begins within a run that is no token is none
/// either, and is not looked through again.
pub(super) fn jwt(text: &[u8], at: usize, dead: &mut usize) -> Option<Range<usize>> {
    let start = at
        .checked_sub(2)
        .filter(|&start| &text[start..at] == b"ey" && start >= *dead)?;
    if !begins(text, start) {
        return None;
    }
    let header = span(text, at, is_token);
    let (mut ends, mut end) = ([header; 5], header);
    for part in &mut ends[1..] {
        if text.get(end) == Some(&b'.') {
            end = span(text, end + 1, is_token);
        }
        *part = end;
    }
    // An encrypted token's second part may be empty, its last may not.
    let encrypted = ends[4] > ends[3] + 1 && ends[3] > ends[2] + 1 && ends[2] > ends[1] + 1;
    let end = if encrypted { ends[4] } else { ends[2] };
    let shaped = header - start >= 10 && (encrypted || ends[1] - header > 4);
    if !shaped {
        *dead = header;
    }
    shaped.then_some(start..end)
}

/// The credentials behind `Bearer ` and `Basic `.
pub(super) fn scheme(text: &[u8], at: usize) -> Option<Range<usize>> {
    let names = |name: &[u8]| {
        let word = text.get(at..at + name.len())?;
        word.eq_ignore_ascii_case(name).then_some(at + name.len())
    };
    let end = names(b"bearer").or_else(|| names(b"basic"))?;
    if !begins(text, at) {
        return None;
    }
    let blanks = span(text, end, |byte| byte == b' ');
    let slashes = span(text, end, |byte| byte == b'\\');
    let start = match text[end..] {
        [b' ', ..] => blanks,
        // As a URL and as JSON write a blank.
        [b'%', b'2', b'0', ..] => end + 3,
        [b'+', ..] => end + 1,
        [b'\\', ..] if text.get(slashes) == Some(&b't') => slashes + 1,
        _ => return None,
    };
    let class = |byte: u8| is_token(byte) || matches!(byte, b'.' | b'~' | b'+' | b'/' | b'=');
    let end = span(text, start, class);
    // "the bearer presented", "Basic authentication" are words.
    let word = text[start..end]
        .iter()
        .all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'.' | b'-'));
    (end - start >= 6 && !word).then_some(start..end)
}

pub(super) fn access_key_id(text: &[u8], at: usize) -> Option<Range<usize>> {
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

/// Of the regional endpoints' tokens, or the global one's, at their first `I`.
pub(super) fn session_token(text: &[u8], at: usize) -> Option<Range<usize>> {
    const GLOBAL: &[u8] = b"FwoGZXIvYXdz";
    let before = at.checked_sub(6).filter(|&start| begins(text, start));
    let global = before.and_then(|start| prefixed(text, start, GLOBAL, 88));
    global.or_else(|| begins(text, at).then(|| prefixed(text, at, b"IQoJ", 96))?)
}

/// `prefix` and at least `least` bytes of base64 or a token behind it.
pub(super) fn prefixed(
    text: &[u8],
    start: usize,
    prefix: &[u8],
    least: usize,
) -> Option<Range<usize>> {
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
    (b"pypi-", 30),
    (b"hf_", 30),
    (b"sk_live_", 16),
    (b"sk_test_", 16),
    (b"rk_live_", 16),
    (b"whsec_", 16),
    (b"xoxb-", 10),
    (b"xoxp-", 10),
    (b"xoxa-", 10),
    (b"xoxr-", 10),
    (b"xoxs-", 10),
    (b"xapp-", 10),
    (b"glpat-", 16),
    (b"GOCSPX-", 20),
    (b"sk-", 20),
];

/// A token whose prefix ends at `at`, or a private key's first line.
pub(super) fn token(text: &[u8], at: usize) -> Option<Range<usize>> {
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
    // PGP's says `PRIVATE KEY BLOCK`.
    const LABEL: &[u8] = b"PRIVATE KEY";
    const DASHES: &[u8] = b"-----";
    let line = &text[at..text.len().min(at + 64)];
    let find = |what: &[u8], from: usize| {
        let found = line[from..].windows(what.len());
        Some(from + found.into_iter().position(|window| window == what)?)
    };
    let start = at + find(DASHES, find(LABEL, DASHES.len())?)? + DASHES.len();
    // Up to the quote that closes the text it stands in.
    let body = &text[start..span(text, start, |byte| byte != b'"')];
    let end = body.windows(9).position(|window| window == b"-----END ");
    let end = start + end.unwrap_or(body.len());
    (end > start).then_some(start..end)
}
