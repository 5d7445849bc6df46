//! The members of a finished line, found again.

use std::ops::Range;

/// Where one member of a line stands.
#[derive(Debug, Clone)]
pub(super) struct Part {
    /// The key, without its quotes.
    pub(super) key: Range<usize>,
    /// The value as it stands.
    pub(super) value: Range<usize>,
}

/// The members of `line`, an object as we write it: without blanks between its
/// tokens. What is not one has no members from there on.
pub(super) fn parts(line: &[u8]) -> impl Iterator<Item = Part> {
    let mut at = 1;
    std::iter::from_fn(move || {
        if line.get(at) == Some(&b',') {
            at += 1;
        }
        if line.get(at) != Some(&b'"') {
            return None;
        }
        let key_end = value_end(line, at)?;
        let key = at + 1..key_end - 1;
        let end = value_end(line, key_end + 1)?;
        at = end;
        Some(Part {
            key,
            value: key_end + 1..end,
        })
    })
}

/// Where the value that begins at `start` ends.
fn value_end(line: &[u8], start: usize) -> Option<usize> {
    let (mut at, mut depth, mut in_text) = (start, 0_usize, false);
    while let Some(&byte) = line.get(at) {
        at += 1;
        match byte {
            b'\\' if in_text => at += 1,
            b'"' => {
                in_text = !in_text;
                if !in_text && depth == 0 {
                    return Some(at);
                }
            }
            _ if in_text => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' if depth == 0 => return Some(at - 1),
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}
