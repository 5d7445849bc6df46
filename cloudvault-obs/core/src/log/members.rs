//! JSON members kept as bytes: what spans hand down and events copy.

use super::{Name, is_reserved, key_bit};
use crate::{
    json::{self, Value},
    redact::Redactor,
};

/// JSON members in the order in which they were added, without the braces:
/// `,"key":value,"other":2`.
#[derive(Debug, Default)]
pub struct Members {
    bytes: Vec<u8>,
    spans: Vec<Member>,
    /// One bit for each key present: most names are ruled out by it alone.
    mask: u64,
    /// How many of `spans` were there when they were marked.
    marked: usize,
}

#[derive(Debug, Clone, Copy)]
struct Member {
    /// From the comma before the key to the end of the value.
    start: u32,
    /// The key without its quotes.
    key_end: u32,
    end: u32,
    bit: u64,
}

/// Where a member stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Added {
    /// Of the comma.
    pub(crate) start: u32,
    /// Of the quote that closes the key.
    pub(crate) key_end: u32,
    pub(crate) end: u32,
}

impl Clone for Members {
    fn clone(&self) -> Self {
        let mut clone = Self::default();
        clone.clone_from(self);
        clone
    }

    /// Takes over what `source` has, in the memory that is there.
    fn clone_from(&mut self, source: &Self) {
        self.bytes.clone_from(&source.bytes);
        self.spans.clone_from(&source.spans);
        self.mask = source.mask;
        self.marked = source.marked;
    }
}

impl Members {
    /// The members as bytes, each led by a comma.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Adds `key`, in place of an earlier value of the same key. A reserved key
    /// is written as `fields.KEY`.
    pub fn field(&mut self, key: &str, value: Value<'_>) {
        if is_reserved(key) {
            self.own(&format!("fields.{key}"), value);
        } else {
            self.own(key, value);
        }
    }

    /// Adds `key` as [`Members::field`] does, its secrets replaced.
    pub fn redacted(&mut self, key: &str, value: Value<'_>, redactor: &Redactor) {
        self.named(&Name::new(key, redactor), value, redactor);
    }

    /// The same under a name that was judged before.
    pub fn named(&mut self, name: &Name, value: Value<'_>, redactor: &Redactor) {
        self.named_inline(name, value, redactor);
    }

    /// [`Members::named`] for callers who know the value's kind: compiled for that
    /// one alone.
    #[inline(always)]
    pub fn named_inline(&mut self, name: &Name, value: Value<'_>, redactor: &Redactor) {
        if self.mask & name.bit() != 0
            && let Some(index) = self.index_of(name.key())
        {
            self.take_away(index);
        }
        let start = self.bytes.len();
        name.append_value(&mut self.bytes, value, redactor);
        let key_end = start + name.key_end();
        self.finish(start, key_end, name.bit());
    }

    /// Adds `key` as it is: for the keys that the product itself owns.
    pub fn own(&mut self, key: &str, value: Value<'_>) {
        self.put(key, |out| json::value(out, value));
    }

    /// Adds `key` with the JSON that `write` appends.
    pub fn put(&mut self, key: &str, write: impl FnOnce(&mut Vec<u8>)) {
        self.remove(key);
        let start = self.bytes.len();
        self.bytes.push(b',');
        json::string(&mut self.bytes, key);
        let key_end = self.bytes.len() - 1;
        self.bytes.push(b':');
        write(&mut self.bytes);
        self.finish(start, key_end, key_bit(key));
    }

    /// Adds all that `other` has, each in place of an earlier value of its key.
    pub fn take_over(&mut self, other: &Self) {
        for member in &other.spans {
            if let Some(index) = self.index_of(other.key(member)) {
                self.take_away(index);
            }
            let start = self.bytes.len();
            let bytes = &other.bytes[member.start as usize..member.end as usize];
            self.bytes.extend_from_slice(bytes);
            let key_end = start + (member.key_end - member.start) as usize;
            self.finish(start, key_end, member.bit);
        }
    }

    /// Remembers the member whose bytes begin at `start`.
    #[inline]
    fn finish(&mut self, start: usize, key_end: usize, bit: u64) {
        // Offsets are 32 bits wide; what lies beyond could not be a log event.
        let Ok(end) = u32::try_from(self.bytes.len()) else {
            return self.bytes.truncate(start);
        };
        // Both lie before the end.
        let (start, key_end) = (start as u32, key_end as u32);
        self.spans.push(Member {
            start,
            key_end,
            end,
            bit,
        });
        self.mask |= bit;
    }

    /// Whether `key` is among the members.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.position(key).is_some()
    }

    /// Copies the members to `out`, leaving out those whose key is in `over`:
    /// an event's own fields win over its span's.
    pub fn append_except(&self, out: &mut Vec<u8>, over: &Self) {
        self.append_unless(out, over.mask, |key| over.contains_escaped(key));
    }

    /// Copies the members to `out`, leaving out those of whose keys `taken` says
    /// so. `taken_bits` are the [`key_bit`]s of all keys that it may know.
    #[inline]
    pub fn append_unless(&self, out: &mut Vec<u8>, taken_bits: u64, taken: impl Fn(&[u8]) -> bool) {
        if self.mask & taken_bits == 0 {
            out.extend_from_slice(&self.bytes);
            return;
        }
        for member in &self.spans {
            if member.bit & taken_bits == 0 || !taken(self.key(member)) {
                out.extend_from_slice(&self.bytes[member.start as usize..member.end as usize]);
            }
        }
    }

    /// The [`key_bit`]s of all keys.
    #[must_use]
    pub fn bits(&self) -> u64 {
        self.mask
    }

    /// Whether there is a member whose key is `key` as it stands in JSON.
    #[must_use]
    pub fn contains_escaped(&self, key: &[u8]) -> bool {
        self.index_of(key).is_some()
    }

    /// Remembers which members there are, to tell those added later from them.
    pub fn mark(&mut self) {
        self.marked = self.spans.len();
    }

    /// The bytes of what was added since the mark, and where in them each member
    /// is.
    #[inline]
    pub(crate) fn since_mark(&self) -> (&[u8], impl ExactSizeIterator<Item = Added>) {
        let added = &self.spans[self.marked..];
        let end = self.bytes.len() as u32;
        let base = added.first().map_or(end, |member| member.start);
        let added = added.iter().map(move |member| Added {
            start: member.start - base,
            key_end: member.key_end - base,
            end: member.end - base,
        });
        (&self.bytes[base as usize..], added)
    }

    /// Forgets the members and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.spans.clear();
        (self.mask, self.marked) = (0, 0);
    }

    /// How many bytes fit without asking for more memory.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    fn key(&self, member: &Member) -> &[u8] {
        &self.bytes[member.start as usize + 2..member.key_end as usize]
    }

    fn position(&self, key: &str) -> Option<usize> {
        if self.mask & key_bit(key) == 0 {
            return None;
        }
        let needs_escape = key
            .bytes()
            .any(|byte| byte < 0x20 || byte == b'"' || byte == b'\\');
        if needs_escape {
            let mut quoted = Vec::new();
            json::string(&mut quoted, key);
            return self.index_of(&quoted[1..quoted.len() - 1]);
        }
        self.index_of(key.as_bytes())
    }

    /// Where the member is whose key is `key` as it stands in JSON.
    fn index_of(&self, key: &[u8]) -> Option<usize> {
        self.spans.iter().position(|member| self.key(member) == key)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The JSON of `key`'s value.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&[u8]> {
        let member = &self.spans[self.position(key)?];
        Some(&self.bytes[member.key_end as usize + 2..member.end as usize])
    }

    /// The member that was added last, `,"key":value`.
    #[inline]
    #[must_use]
    pub fn last(&self) -> Option<&[u8]> {
        self.bytes.get(self.spans.last()?.start as usize..)
    }

    /// Takes `key` away, if it is there.
    pub fn remove(&mut self, key: &str) {
        if let Some(index) = self.position(key) {
            self.take_away(index);
        }
    }

    #[cold]
    fn take_away(&mut self, index: usize) {
        let gone = self.spans.remove(index);
        self.marked -= usize::from(index < self.marked);
        self.bytes.drain(gone.start as usize..gone.end as usize);
        let length = gone.end - gone.start;
        for later in &mut self.spans[index..] {
            later.start -= length;
            later.key_end -= length;
            later.end -= length;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn object(members: &[u8]) -> serde_json::Value {
        let mut text = b"{\"_\":0".to_vec();
        text.extend_from_slice(members);
        text.push(b'}');
        serde_json::from_slice(&text).expect("valid JSON")
    }

    #[test]
    fn a_reserved_key_is_kept_under_another_name() {
        let mut members = Members::default();
        members.field("level", Value::I64(3));
        members.own("request_id", Value::Str("r"));
        assert_eq!(members.as_bytes(), br#","fields.level":3,"request_id":"r""#);
    }

    proptest! {
        #[test]
        fn the_last_value_of_a_key_wins_and_stands_once(
            fields in prop::collection::vec(("[a-e\"\\\\\n]{0,3}", any::<i64>()), 0..20),
            over in prop::collection::vec(("[a-e\"\\\\\n]{0,3}", any::<i64>()), 0..5),
        ) {
            let mut expect = HashMap::new();
            let (mut below, mut above) = (Members::default(), Members::default());
            for (key, value) in &fields {
                below.field(key, Value::I64(*value));
                expect.insert(key.clone(), *value);
            }
            for (key, value) in &over {
                above.field(key, Value::I64(*value));
                expect.insert(key.clone(), *value);
            }
            let mut line = Vec::new();
            below.append_except(&mut line, &above);
            line.extend_from_slice(above.as_bytes());
            below.take_over(&above);
            prop_assert_eq!(object(below.as_bytes()), object(&line));
            let read = object(&line);
            let read = read.as_object().unwrap();
            prop_assert_eq!(read.len(), expect.len() + 1);
            for (key, value) in expect {
                prop_assert_eq!(read[&key].as_i64(), Some(value));
            }
        }
    }
}
