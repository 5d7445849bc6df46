//! Rendered values, each with the block it belongs to.

use std::ops::Range;

use crate::{
    json::{self, Value},
    log,
    redact::Redactor,
};

/// Values of one document, rendered once into one buffer.
#[derive(Debug, Clone, Default)]
pub(super) struct Store {
    pub(super) arena: Vec<u8>,
    entries: Vec<Entry>,
    /// One bit for each section that has an entry.
    present: u16,
    /// The [`bit`] of every key: most are new by it alone.
    keys: u64,
    /// Whether the arena holds something that is no entry's any more.
    holey: bool,
}

/// One of 64 bits by a key's length and its first and last byte.
pub(super) fn bit(key: &[u8]) -> u64 {
    let (Some(first), Some(last)) = (key.first(), key.last()) else {
        return 1;
    };
    1 << ((key.len() * 7 + usize::from(*first) * 3 + usize::from(*last) * 5) % 64)
}

/// A block, or part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Annotation,
    /// By the index of its namespace; 0 is `default`.
    Metadata(u8),
    Request,
    Response,
    Url,
    Rpc,
    Aws,
    Resource,
    Sql,
}

impl Section {
    pub(super) const fn bit(self) -> u16 {
        match self {
            Self::Annotation => 1,
            Self::Metadata(_) => 1 << 1,
            Self::Request => 1 << 2,
            Self::Response => 1 << 3,
            Self::Url => 1 << 4,
            Self::Rpc => 1 << 5,
            Self::Aws => 1 << 6,
            Self::Resource => 1 << 7,
            Self::Sql => 1 << 8,
        }
    }
}

/// `,"key":value` in the arena.
#[derive(Debug, Clone, Copy)]
struct Entry {
    section: Section,
    /// The comma.
    start: u32,
    /// The key's closing quote.
    key_end: u32,
    end: u32,
}

impl Entry {
    fn all(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    fn key(&self) -> Range<usize> {
        self.start as usize + 2..self.key_end as usize
    }

    fn value(&self) -> Range<usize> {
        self.key_end as usize + 2..self.end as usize
    }
}

/// A key of metadata has at most this many characters.
pub(super) const MAX_KEY: usize = 500;
/// An arena that has grown to this may hold mostly replaced values.
const CROWDED: usize = 64 * 1024;

impl Store {
    /// Forgets everything and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.arena.clear();
        self.entries.clear();
        (self.present, self.keys, self.holey) = (0, 0, false);
    }

    /// The bytes of memory held.
    pub(super) fn capacity(&self) -> usize {
        self.arena.capacity() + self.entries.capacity() * size_of::<Entry>()
    }

    /// The number of entries.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Removes the entry last made and gives its value.
    pub(super) fn pop(&mut self) -> Option<Vec<u8>> {
        let entry = self.entries.pop()?;
        let value = self.arena[entry.value()].to_vec();
        if entry.end as usize == self.arena.len() {
            self.arena.truncate(entry.start as usize);
        } else {
            self.holey = true;
        }
        Some(value)
    }

    /// Sets a value, without the secrets in it.
    pub(super) fn set(
        &mut self,
        section: Section,
        key: &str,
        value: Value<'_>,
        redactor: &Redactor,
    ) {
        let (start, key_end) = self.begin(key);
        log::redacted(&mut self.arena, value, redactor);
        self.finish(section, start, key_end);
    }

    pub(super) fn begin(&mut self, key: &str) -> (usize, usize) {
        let start = self.arena.len();
        let end = match key.len() {
            0..=MAX_KEY => None,
            _ => key.char_indices().nth(MAX_KEY),
        };
        self.arena.push(b',');
        json::string(
            &mut self.arena,
            &key[..end.map_or(key.len(), |(end, _)| end)],
        );
        self.arena.push(b':');
        (start, self.arena.len() - 2)
    }

    /// Makes what was written since `start` an entry, in place of an earlier one
    /// with the same key.
    pub(super) fn finish(&mut self, section: Section, start: usize, key_end: usize) {
        let bit = bit(&self.arena[start + 2..key_end]);
        self.finish_known(section, (start, key_end), bit);
    }

    /// Likewise for a key whose [`bit`] is known.
    #[inline]
    pub(super) fn finish_known(
        &mut self,
        section: Section,
        (start, key_end): (usize, usize),
        bit: u64,
    ) {
        let end = self.arena.len();
        if u32::try_from(end).is_err() {
            // Offsets are 32 bits wide; nobody wants 4 GB of one span.
            return self.arena.truncate(start);
        }
        let entry = Entry {
            section,
            start: start as u32,
            key_end: key_end as u32,
            end: end as u32,
        };
        self.present |= section.bit();
        if self.keys & bit == 0 {
            self.keys |= bit;
            return self.entries.push(entry);
        }
        self.replace(entry);
    }

    /// Puts `entry` in the place of the one with its key, if there is one.
    #[inline(never)]
    fn replace(&mut self, entry: Entry) {
        let key = &self.arena[entry.key()];
        let same = |old: &&mut Entry| old.section == entry.section && self.arena[old.key()] == *key;
        let Some(old) = self.entries.iter_mut().find(same) else {
            return self.entries.push(entry);
        };
        *old = entry;
        self.holey = true;
        if self.arena.len() > CROWDED {
            self.compact();
        }
    }

    /// Drops the values that were replaced.
    #[cold]
    fn compact(&mut self) {
        let live: usize = self.entries.iter().map(|entry| entry.all().len()).sum();
        if live > self.arena.len() / 2 {
            return;
        }
        let mut arena = Vec::with_capacity(live);
        for entry in &mut self.entries {
            let moved = arena.len() as u32;
            arena.extend_from_slice(&self.arena[entry.all()]);
            entry.key_end = entry.key_end - entry.start + moved;
            entry.end = entry.end - entry.start + moved;
            entry.start = moved;
        }
        self.arena = arena;
        self.holey = true;
    }

    #[inline]
    pub(super) fn has(&self, section: Section) -> bool {
        self.present & section.bit() != 0
    }

    #[inline]
    pub(super) fn has_any(&self, sections: u16) -> bool {
        self.present & sections != 0
    }

    /// The annotations as they stand in the arena, if it holds nothing else.
    #[inline]
    pub(super) fn only_annotations(&self) -> Option<&[u8]> {
        let only = self.present == Section::Annotation.bit() && !self.holey;
        only.then_some(&self.arena[..])
    }

    /// The entries of a section, each `,"key":value`.
    pub(super) fn entries(&self, section: Section) -> impl Iterator<Item = &[u8]> {
        let of = move |entry: &&Entry| entry.section == section;
        self.entries
            .iter()
            .filter(of)
            .map(|entry| &self.arena[entry.all()])
    }

    /// The values of a section.
    pub(super) fn values(&self, section: Section) -> impl Iterator<Item = &[u8]> {
        let of = move |entry: &&Entry| entry.section == section;
        self.entries
            .iter()
            .filter(of)
            .map(|entry| &self.arena[entry.value()])
    }

    /// One value of a section, as JSON.
    pub(super) fn value(&self, section: Section, key: &str) -> Option<&[u8]> {
        if !self.has(section) {
            return None;
        }
        let same =
            |entry: &&Entry| entry.section == section && self.arena[entry.key()] == *key.as_bytes();
        self.entries
            .iter()
            .find(same)
            .map(|entry| &self.arena[entry.value()])
    }

    /// Cuts about `excess` bytes from the longest value, or drops an entry when
    /// all are short; 0 when nothing is left. Says so in the value itself.
    pub(super) fn cut(&mut self, excess: usize) -> usize {
        const SHORT: usize = 128;
        self.holey = true;
        let longest = self
            .entries
            .iter_mut()
            .max_by_key(|entry| entry.value().len());
        let Some(entry) = longest else { return 0 };
        let length = entry.value().len();
        if length <= SHORT {
            return self.entries.pop().map_or(0, |entry| entry.all().len());
        }
        let kept = length.saturating_sub(excess + 40).max(SHORT / 2);
        let value = &self.arena[entry.value()];
        let kept = if value[0] == b'"' {
            value[..boundary(value, kept)].to_vec()
        } else {
            b"\"".to_vec()
        };
        let start = self.arena.len();
        let key = entry.start as usize..entry.key_end as usize + 2;
        self.arena.extend_from_within(key.clone());
        self.arena.extend_from_slice(&kept);
        let cut = length - kept.len();
        self.arena.extend_from_slice(b"... [cut ");
        json::integer(&mut self.arena, cut);
        self.arena.extend_from_slice(b" bytes]\"");
        (entry.start, entry.end) = (start as u32, self.arena.len() as u32);
        entry.key_end = (start + key.len() - 2) as u32;
        cut
    }
}

/// The last place at or before `at` where a JSON string can be cut: not inside a
/// character, nor inside an escape.
pub(super) fn boundary(value: &[u8], at: usize) -> usize {
    let mut index = 1;
    while index < value.len() && next(value, index) <= at {
        index = next(value, index);
    }
    index
}

/// Whether JSON text has more than `max` characters between its quotes.
#[cold]
pub(super) fn long(value: &[u8], max: usize) -> bool {
    if value.first() != Some(&b'"') {
        return false;
    }
    let (mut index, mut chars) = (1, 0);
    while index + 1 < value.len() {
        index = next(value, index);
        chars += 1;
    }
    chars > max
}

/// The index behind the character or escape at `index` of a JSON string.
fn next(value: &[u8], index: usize) -> usize {
    let step = match value[index] {
        b'\\' if value.get(index + 1) == Some(&b'u') => 6,
        b'\\' => 2,
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    };
    index + step
}
