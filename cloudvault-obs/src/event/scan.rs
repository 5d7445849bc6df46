//! A cursor over JSON text that reads what it is asked for and steps over the
//! rest, without recursion and without allocating for text that has no escapes.
//!
//! What is stepped over is not checked: the cursor looks only for the byte that
//! ends it, so that a body of megabytes costs one `memchr`.

use std::borrow::Cow;

/// The text is not JSON from here on, or ends too early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Whether a walk goes on with the next member.
pub(super) type Walk = Result<bool, Malformed>;

#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { rest: text }
    }

    /// Calls `each` with every key of the object that comes next; `each` has to
    /// consume the value, and ends the walk by answering false. Any other value
    /// is stepped over.
    pub(super) fn object(
        &mut self,
        mut each: impl FnMut(&str, &mut Self) -> Walk,
    ) -> Result<(), Malformed> {
        if self.peek() != Some(b'{') {
            return self.skip();
        }
        self.advance(1);
        if self.peek() == Some(b'}') {
            return self.expect(b'}');
        }
        loop {
            let key = self.string()?;
            self.expect(b':')?;
            if !each(&key, self)? {
                return Ok(());
            }
            match self.peek() {
                Some(b',') => self.advance(1),
                _ => return self.expect(b'}'),
            }
        }
    }

    /// The same for the elements of an array.
    pub(super) fn array(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Walk,
    ) -> Result<(), Malformed> {
        if self.peek() != Some(b'[') {
            return self.skip();
        }
        self.advance(1);
        if self.peek() == Some(b']') {
            return self.expect(b']');
        }
        loop {
            if !each(self)? {
                return Ok(());
            }
            match self.peek() {
                Some(b',') => self.advance(1),
                _ => return self.expect(b']'),
            }
        }
    }

    /// The next value when it is text; any other value is stepped over.
    pub(super) fn text(&mut self) -> Result<Option<Cow<'a, str>>, Malformed> {
        match self.peek() {
            Some(b'"') => self.string().map(Some),
            _ => self.skip().map(|()| None),
        }
    }

    /// The next value when it is text, as it stands between its quotes, escapes
    /// and all; any other value is stepped over.
    pub(super) fn raw_text(&mut self) -> Result<Option<Raw<'a>>, Malformed> {
        match self.peek() {
            Some(b'"') => self.raw_string().map(Some),
            _ => self.skip().map(|()| None),
        }
    }

    /// The first `limit` bytes of the text that comes next, which is not consumed:
    /// for a look at text whose end may be megabytes away. `None` where it is
    /// shorter or has escapes.
    pub(super) fn front(&mut self, limit: usize) -> Option<Raw<'a>> {
        if self.peek() != Some(b'"') {
            return None;
        }
        let bytes = self.rest.get(1..=limit)?;
        let plain = memchr::memchr2(b'"', b'\\', bytes).is_none();
        plain.then_some(Raw { bytes })
    }

    /// A whole number that fits, with a sign or without one: Java's bytes have one.
    pub(super) fn byte(&mut self) -> Result<Option<u8>, Malformed> {
        let before = self.rest;
        self.skip()?;
        let token = &before[..before.len() - self.rest.len()];
        let number = std::str::from_utf8(token)
            .ok()
            .and_then(|token| token.trim().parse::<i16>().ok());
        Ok(number
            .filter(|number| (-128..=255).contains(number))
            .map(|number| number as u8))
    }

    /// Steps over one value of any kind and depth.
    pub(super) fn skip(&mut self) -> Result<(), Malformed> {
        match self.peek().ok_or(Malformed)? {
            b'"' => self.raw_string().map(drop),
            b'{' | b'[' => self.skip_nested(),
            _ => self.scalar(),
        }
    }

    /// Counts brackets until they balance, with the strings left out.
    fn skip_nested(&mut self) -> Result<(), Malformed> {
        let mut depth = 0usize;
        loop {
            let step = |byte: &u8| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']');
            let index = self.rest.iter().position(step).ok_or(Malformed)?;
            let found = self.rest[index];
            self.advance(index);
            match found {
                b'"' => drop(self.raw_string()?),
                b'{' | b'[' => {
                    depth += 1;
                    self.advance(1);
                }
                _ => {
                    depth -= 1;
                    self.advance(1);
                    if depth == 0 {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn scalar(&mut self) -> Result<(), Malformed> {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        let length = self.rest.iter().take_while(|byte| plain(byte)).count();
        if length == 0 {
            return Err(Malformed);
        }
        self.advance(length);
        Ok(())
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Malformed> {
        let raw = self.raw_string()?;
        if raw.is_escaped() {
            return Ok(Cow::Owned(raw.decode(usize::MAX).0));
        }
        std::str::from_utf8(raw.bytes)
            .map(Cow::Borrowed)
            .map_err(|_| Malformed)
    }

    /// Looks for quotes alone, which takes half the time that escapes would take
    /// too: whether a quote is the last, the backslashes before it say.
    fn raw_string(&mut self) -> Result<Raw<'a>, Malformed> {
        if self.peek() != Some(b'"') {
            return Err(Malformed);
        }
        let text = &self.rest[1..];
        let mut end = 0;
        loop {
            end += find(b'"', &text[end..]).ok_or(Malformed)?;
            let bytes = &text[..end];
            end += 1;
            let before = bytes.iter().rev();
            if before.take_while(|byte| **byte == b'\\').count() % 2 == 0 {
                self.rest = &text[end..];
                return Ok(Raw { bytes });
            }
        }
    }

    /// The next byte that is not a blank.
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.rest.first().copied() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.advance(1),
                other => return other,
            }
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.peek() != Some(byte) {
            return Err(Malformed);
        }
        self.advance(1);
        Ok(())
    }

    fn advance(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }
}

/// Most strings of an event are short: `memchr`'s start is worth it only for
/// those that are not.
fn find(byte: u8, text: &[u8]) -> Option<usize> {
    const SHORT: usize = 4;
    let wanted = u64::from_ne_bytes([byte; 8]);
    let (words, _) = text.as_chunks::<8>();
    let words = &words[..words.len().min(SHORT)];
    for (index, word) in words.iter().enumerate() {
        let hits = zero_bytes(u64::from_le_bytes(*word) ^ wanted);
        if hits != 0 {
            return Some(8 * index + hits.trailing_zeros() as usize / 8);
        }
    }
    let looked_at = 8 * words.len();
    let rest = memchr::memchr(byte, &text[looked_at..])?;
    Some(looked_at + rest)
}

/// The high bit of the lowest byte that is zero; those above it may be wrong.
fn zero_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    word.wrapping_sub(ONES) & !word & (ONES << 7)
}

/// A string as it stands in the text, without its quotes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raw<'a> {
    pub(super) bytes: &'a [u8],
}

impl Raw<'_> {
    /// Its first bytes; an escape may be cut in two.
    pub(super) fn first(&self, limit: usize) -> Self {
        let bytes = &self.bytes[..self.bytes.len().min(limit)];
        Self { bytes }
    }

    /// Whether the text holds escapes.
    pub(super) fn is_escaped(&self) -> bool {
        find(b'\\', self.bytes).is_some()
    }

    /// The text with its escapes undone, and whether that is all of it: stops
    /// when `limit` bytes are there. What is no Unicode becomes U+FFFD.
    pub(super) fn decode(&self, limit: usize) -> (String, bool) {
        let mut rest = self.bytes;
        let mut text = Vec::with_capacity(rest.len().min(limit.saturating_add(8)));
        while !rest.is_empty() && text.len() < limit {
            let room = limit - text.len();
            let plain = memchr::memchr(b'\\', &rest[..rest.len().min(room)]);
            let plain = plain.unwrap_or(rest.len().min(room));
            text.extend_from_slice(&rest[..plain]);
            rest = &rest[plain..];
            if let [b'\\', after @ ..] = rest {
                let (c, length) = escape(after);
                text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                rest = after.get(length..).unwrap_or_default();
            }
        }
        let text = String::from_utf8(text)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        (text, rest.is_empty())
    }
}

/// The character that an escape stands for, and how many bytes behind the
/// backslash it takes.
fn escape(after: &[u8]) -> (char, usize) {
    let c = match after.first() {
        Some(b'n') => '\n',
        Some(b't') => '\t',
        Some(b'r') => '\r',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'u') => return unicode_escape(after),
        Some(&other) if other.is_ascii() => char::from(other),
        _ => char::REPLACEMENT_CHARACTER,
    };
    (c, 1)
}

/// `uXXXX`, or a surrogate pair `uXXXX\uXXXX`.
fn unicode_escape(after: &[u8]) -> (char, usize) {
    let unit = |at: usize| {
        let digits = after.get(at..at + 4)?.iter();
        digits.copied().try_fold(0, |code, digit| {
            Some(code << 4 | char::from(digit).to_digit(16)?)
        })
    };
    let Some(first) = unit(1) else {
        return (char::REPLACEMENT_CHARACTER, 1);
    };
    if (0xd800..0xdc00).contains(&first)
        && after.get(5..7) == Some(br"\u")
        && let Some(second @ 0xdc00..0xe000) = unit(7)
    {
        let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        return (
            char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
            11,
        );
    }
    (
        char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER),
        5,
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn strings_read_as_serde_json_reads_them(text: String) {
            let written = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(Cursor::new(written.as_bytes()).text(), Ok(Some(text.as_str().into())));
            let ascii: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            let written = format!("\"{ascii}\"");
            prop_assert_eq!(Cursor::new(written.as_bytes()).text(), Ok(Some(text.into())));
        }

        #[test]
        fn a_limit_gives_a_prefix(text: String, limit in 0..40usize) {
            let written = serde_json::to_string(&text).unwrap();
            let raw = Cursor::new(written.as_bytes()).raw_text().unwrap().unwrap();
            let (prefix, whole) = raw.decode(limit);
            let cut = prefix.trim_end_matches(char::REPLACEMENT_CHARACTER);
            prop_assert!(text.starts_with(cut) || text.contains(char::REPLACEMENT_CHARACTER));
            prop_assert!(!whole || prefix == text, "{prefix:?} of {text:?}");
        }
    }
}
