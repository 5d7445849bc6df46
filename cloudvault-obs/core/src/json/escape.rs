//! Text between quotes.

use std::fmt::{self, Write as _};

use crate::redact::{self, Marked};

/// Bytes as text: what is not UTF-8 is spelt `\xNN`, so that nothing is lost
/// without a sign of it.
struct Text<'a>(&'a [u8]);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            f.write_str(chunk.valid())?;
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// Escapes what is formatted into it.
pub(super) struct Escaping<'a>(pub(super) &'a mut Vec<u8>);

impl fmt::Write for Escaping<'_> {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escape(self.0, text);
        Ok(())
    }
}

/// What there is among a text's bytes, of that which asks for care.
#[derive(Debug, Clone, Copy)]
pub struct Look(u8);

impl Look {
    /// Looks at all of `text`, eight bytes at a time and without a branch a byte.
    #[inline(always)]
    #[must_use]
    pub fn at(text: &str) -> Self {
        let bytes = text.as_bytes();
        let all = |bytes: &[u8]| {
            bytes
                .iter()
                .fold(0, |codes, &byte| codes | CLASS[usize::from(byte)])
        };
        let Some(last) = bytes.last_chunk::<8>() else {
            return Self(all(bytes));
        };
        let (eights, _) = bytes.as_chunks::<8>();
        // The last eight may overlap those before.
        let codes = eights.iter().map(|eight| all(eight));
        Self(codes.fold(all(last), |codes, code| codes | code))
    }

    /// Whether the text stands in JSON as it is, and has no byte that marks a secret.
    #[inline(always)]
    #[must_use]
    pub fn is_plain(self) -> bool {
        self.0 == 0
    }

    /// [`escape`] for the text that was looked at.
    #[inline(always)]
    pub fn escape(self, out: &mut Vec<u8>, text: &str) -> Marked {
        if self.0 & ESCAPED == 0 {
            out.extend_from_slice(text.as_bytes());
        } else {
            escape_some(out, text.as_bytes());
        }
        Marked(self.0 & MARKED != 0)
    }
}

/// Appends text without quotes, escaped, and says whether a redactor has to
/// look at it.
#[inline(always)]
pub fn escape(out: &mut Vec<u8>, text: &str) -> Marked {
    Look::at(text).escape(out, text)
}

/// Puts text of less than 32 bytes at `at`, as it is, between quotes; answers where
/// that ends.
#[inline(always)]
pub(crate) fn put_text(window: &mut [u8], at: usize, text: &str) -> Option<usize> {
    let text = text.as_bytes();
    let (quote, room) = window.get_mut(at..)?.split_first_mut()?;
    let room = room.first_chunk_mut::<32>()?;
    *quote = b'"';
    *room.get_mut(text.len())? = b'"';
    put_ends::<16>(room, text)
        .or_else(|| put_ends::<8>(room, text))
        .or_else(|| put_ends::<4>(room, text))
        .unwrap_or_else(|| room.iter_mut().zip(text).for_each(|(to, byte)| *to = *byte));
    Some(at + text.len() + 2)
}

/// Puts text of `N` to `2 * N` bytes in front of `room`: its first bytes and its last,
/// which may overlap.
#[inline(always)]
fn put_ends<const N: usize>(room: &mut [u8; 32], text: &[u8]) -> Option<()> {
    let (first, last) = (text.first_chunk::<N>()?, text.last_chunk()?);
    *room.first_chunk_mut()? = *first;
    *room.get_mut(text.len() - N..)?.first_chunk_mut::<N>()? = *last;
    Some(())
}

/// [`escape`] for formatted text.
#[inline]
pub fn escape_fmt(out: &mut Vec<u8>, text: fmt::Arguments<'_>) -> Marked {
    // A constant needs no formatter.
    if let Some(text) = text.as_str() {
        return escape(out, text);
    }
    let mut writer = Watching(out, Marked(false));
    // The writer never fails, and a failing Display is not ours to report.
    let _ = writer.write_fmt(text);
    writer.1
}

/// [`escape`] for bytes.
pub fn escape_bytes(out: &mut Vec<u8>, bytes: &[u8]) -> Marked {
    escape_fmt(out, format_args!("{}", Text(bytes)))
}

struct Watching<'a>(&'a mut Vec<u8>, Marked);

impl fmt::Write for Watching<'_> {
    #[inline]
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.1.0 |= escape(self.0, text).0;
        Ok(())
    }
}

fn escape_some(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut start = 0;
    for (index, &byte) in bytes.iter().enumerate() {
        let code = ESCAPE[usize::from(byte)];
        if code != 0 {
            out.extend_from_slice(&bytes[start..index]);
            start = index + 1;
            escape_one(out, byte, code);
        }
    }
    out.extend_from_slice(&bytes[start..]);
}

#[cold]
fn escape_one(out: &mut Vec<u8>, byte: u8, code: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    if code == b'u' {
        out.extend_from_slice(b"\\u00");
        out.push(HEX[usize::from(byte >> 4)]);
        out.push(HEX[usize::from(byte & 15)]);
    } else {
        out.extend_from_slice(&[b'\\', code]);
    }
}

/// The text that [`escape`] has written as `escaped`.
pub(crate) fn unescape(escaped: &[u8]) -> String {
    let mut out = Vec::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some(at) = rest.iter().position(|&byte| byte == b'\\') {
        out.extend_from_slice(&rest[..at]);
        let (byte, length) = escaped_byte(&rest[at + 1..]);
        out.extend(byte);
        rest = rest.get(at + 1 + length..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    String::from_utf8_lossy(&out).into_owned()
}

/// What stands behind a backslash, and how many bytes say so.
fn escaped_byte(code: &[u8]) -> (Option<u8>, usize) {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    match code {
        [b'u', b'0', b'0', high, low, ..] => {
            let byte = digit(*high).zip(digit(*low));
            (byte.map(|(high, low)| (high << 4 | low) as u8), 5)
        }
        [letter, ..] => {
            let byte = ESCAPE.iter().position(|code| code == letter);
            (byte.map(|byte| byte as u8), 1)
        }
        [] => (None, 0),
    }
}

/// For each byte the letter behind its backslash, or 0 where it stands as it is.
const ESCAPE: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = b'u';
        byte += 1;
    }
    table[0x08] = b'b';
    table[0x09] = b't';
    table[0x0a] = b'n';
    table[0x0c] = b'f';
    table[0x0d] = b'r';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table
};

/// The byte has to be escaped.
const ESCAPED: u8 = 1;
/// The byte may belong to a secret.
const MARKED: u8 = 2;

const CLASS: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        if ESCAPE[byte] != 0 {
            table[byte] |= ESCAPED;
        }
        if redact::is_mark(byte as u8) {
            table[byte] |= MARKED;
        }
        byte += 1;
    }
    table
};
