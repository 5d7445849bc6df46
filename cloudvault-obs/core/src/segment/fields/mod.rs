//! What is recorded on a span, sorted into a document's blocks.
//!
//! Every value is rendered once, into one buffer that is kept and reused: after
//! a few spans, recording allocates nothing.

mod blocks;

use std::borrow::Cow;

use super::{
    Outcome,
    cause::Exception,
    key::{Key, METADATA, Place},
    store::{self, Section, Store},
};
use crate::{
    json::{self, Value},
    log::{self, Members},
    redact::{MARK, Redactor},
    trace::{SegmentId, TraceId},
};

/// A subsegment's annotations (indexed by X-Ray), metadata (not indexed), blocks
/// and causes, by the table in [`super::mapping`].
#[derive(Debug, Clone, Default)]
pub struct Fields {
    pub(super) store: Store,
    indexed: usize,
    pub(super) name: Option<Box<str>>,
    pub(super) kind: Kind,
    status: Option<u64>,
    failed: bool,
    pub(super) exceptions: Vec<Exception>,
    pub(super) links: Vec<Link>,
    namespaces: Vec<Box<str>>,
}

/// Another trace that this one belongs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The other trace.
    pub trace_id: TraceId,
    /// The segment in it; `None` where it is not known.
    pub id: Option<SegmentId>,
}

/// OpenTelemetry's kinds of span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Kind {
    #[default]
    Internal,
    Incoming,
    Outgoing,
}

/// X-Ray indexes at most 50 annotations of a trace; we keep to it a document.
const MAX_ANNOTATIONS: usize = 50;
const MAX_ANNOTATION_CHARS: usize = 1000;
const MAX_LINKS: usize = 100;
const DEFAULT_NAMESPACE: &str = "default";

impl Fields {
    /// [`Fields::set`] for a name that is met once.
    pub fn add(&mut self, name: &str, value: Value<'_>, redactor: &Redactor) {
        self.set(&Key::new(name, redactor), value, redactor);
    }

    /// Adds a field where [`super::mapping`] puts it: by default as an annotation
    /// where X-Ray can index it (a number, a truth value, text of at most 1,000
    /// characters), else as metadata. The last value of a name wins. What
    /// `redactor` takes for a secret is replaced.
    #[inline]
    pub fn set(&mut self, key: &Key, value: Value<'_>, redactor: &Redactor) {
        let value = if key.secret { Value::Str(MARK) } else { value };
        match key.place {
            Place::Annotation => self.annotate(Section::Annotation, key, value, redactor),
            Place::Metadata => {
                let path = &key.name[METADATA.len()..];
                let (namespace, key) = path.split_once('.').unwrap_or((DEFAULT_NAMESPACE, path));
                self.metadata(namespace, key, value, redactor);
            }
            Place::Block(target) => self.place(target, key, value, redactor),
        }
    }

    /// [`Fields::set`] with what a line has of the field: `,"key":value`, the value
    /// redacted. Answers whether a document has it in the same form.
    #[inline]
    pub fn set_member(&mut self, key: &Key, member: &[u8]) -> bool {
        let Some(value) = member.strip_prefix(&*key.prefix) else {
            return false;
        };
        // More than one value is metadata's matter, and so is a long text.
        let fits =
            value.len() <= MAX_ANNOTATION_CHARS && !matches!(value.first(), Some(b'{' | b'['));
        if !key.as_on_lines || !fits || self.indexed >= MAX_ANNOTATIONS {
            return false;
        }
        let start = self.store.arena.len();
        self.store.arena.extend_from_slice(member);
        let key_end = start + key.prefix.len() - 2;
        let before = self.store.len();
        let annotation = Section::Annotation;
        self.store
            .finish_known(annotation, (start, key_end), key.bit);
        self.indexed += self.store.len() - before;
        true
    }

    /// What was added to a line's members since their mark, as annotations: where
    /// every key [is the same](Key::is_as_on_lines) in a document, and they are so
    /// few and short that none is metadata.
    #[inline]
    #[must_use]
    pub fn annotations(members: &Members) -> Option<&[u8]> {
        let (bytes, added) = members.since_mark();
        // If all of them together are no longer than one may be, none is too long.
        (added.len() <= MAX_ANNOTATIONS && bytes.len() <= MAX_ANNOTATION_CHARS).then_some(bytes)
    }

    /// [`Fields::set`] for all that was added to a line's members since their
    /// mark, where every key [is the same](Key::is_as_on_lines) in a document.
    /// Values are redacted already.
    #[cold]
    pub fn adopt(&mut self, members: &Members) {
        let (bytes, added) = members.since_mark();
        for member in added {
            let (start, key_end) = (member.start as usize, member.key_end as usize);
            self.adopt_one(&bytes[start..member.end as usize], key_end - start);
        }
    }

    fn adopt_one(&mut self, member: &[u8], key_end: usize) {
        let value = &member[key_end + 2..];
        let is_long =
            value.len() > MAX_ANNOTATION_CHARS && store::long(value, MAX_ANNOTATION_CHARS);
        if is_long || self.indexed >= MAX_ANNOTATIONS {
            // Letters, digits and underscores only.
            let key = String::from_utf8_lossy(&member[2..key_end]);
            return self.metadata_json(DEFAULT_NAMESPACE, &key, value);
        }
        let start = self.store.arena.len();
        let before = self.store.len();
        self.store.arena.extend_from_slice(member);
        self.store
            .finish(Section::Annotation, start, start + key_end);
        self.indexed += self.store.len() - before;
    }

    /// Adds a value to `metadata`, under `namespace`.
    pub fn metadata(&mut self, namespace: &str, key: &str, value: Value<'_>, redactor: &Redactor) {
        let section = self.namespace(namespace);
        self.store.set(section, &unreserved(key), value, redactor);
    }

    /// Adds to `metadata` a value that is JSON already, and valid.
    pub fn metadata_json(&mut self, namespace: &str, key: &str, json: &[u8]) {
        let section = self.namespace(namespace);
        let (start, key_end) = self.store.begin(&unreserved(key));
        self.store.arena.extend_from_slice(json);
        self.store.finish(section, start, key_end);
    }

    /// The error chain that ended the work, outermost first. A fault, unless an
    /// HTTP status says otherwise; the first chain told is the one kept.
    pub fn fail(&mut self, chain: impl IntoIterator<Item = Exception>) {
        self.failed = true;
        if self.exceptions.len() < 2 {
            let named = self.exceptions.pop();
            self.exceptions.extend(chain);
            // What `error.type` and its like have said goes before a guess.
            if let (Some(named), Some(first)) = (named, self.exceptions.first_mut()) {
                if !named.kind.is_empty() {
                    first.kind = named.kind;
                }
                if !named.stack.is_empty() {
                    first.stack = named.stack;
                }
            }
        }
    }

    /// Marks the work as failed without saying why.
    pub fn fault(&mut self) {
        self.failed = true;
    }

    /// Links another trace; beyond 100 they are counted in metadata `xray.links`.
    pub fn link(&mut self, link: Link) {
        if self.links.len() < MAX_LINKS {
            self.links.push(link);
        } else if !self.links.contains(&link) {
            self.metadata_json(DEFAULT_NAMESPACE, "xray.links", b"\"more than 100\"");
        }
    }

    /// Keeps that the work failed, and forgets why.
    pub fn forget_causes(&mut self) {
        self.failed |= !self.exceptions.is_empty();
        self.exceptions.clear();
    }

    /// An annotation that stands whatever their number.
    pub(super) fn mark(&mut self, key: &str, number: u64) {
        let (start, key_end) = self.store.begin(key);
        json::integer(&mut self.store.arena, number);
        self.store.finish(Section::Annotation, start, key_end);
    }

    /// How the work ended.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self.status.map_or(Outcome::Ok, Outcome::of_status) {
            Outcome::Ok if self.failed => Outcome::Fault,
            outcome => outcome,
        }
    }

    /// The name that a field `otel.name` has given.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.store.clear();
        self.exceptions.clear();
        self.links.clear();
        self.namespaces.clear();
        self.indexed = 0;
        (self.name, self.kind, self.status, self.failed) = (None, Kind::Internal, None, false);
    }

    /// The bytes of memory held, to decide whether they are worth keeping.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.store.capacity()
    }

    /// A value that is, or may end up as, an annotation; should there be no place
    /// for it, metadata of the key's name.
    #[inline]
    fn annotate(&mut self, section: Section, key: &Key, value: Value<'_>, redactor: &Redactor) {
        let store = &mut self.store;
        let start = store.arena.len();
        store.arena.extend_from_slice(&key.prefix);
        let at = store.arena.len();
        log::redacted(&mut store.arena, value, redactor);
        if store.arena.len() - at > MAX_ANNOTATION_CHARS
            && store::long(&store.arena[at..], MAX_ANNOTATION_CHARS)
        {
            let long = store.arena.split_off(at);
            store.arena.truncate(start);
            return self.metadata_json(DEFAULT_NAMESPACE, &key.name, &long);
        }
        let before = store.len();
        store.finish_known(section, (start, at - 2), key.bit);
        if store.len() == before {
            return;
        }
        if self.indexed < MAX_ANNOTATIONS {
            self.indexed += 1;
        } else if let Some(value) = self.store.pop() {
            self.metadata_json(DEFAULT_NAMESPACE, &key.name, &value);
        }
    }

    fn namespace(&mut self, name: &str) -> Section {
        if name == DEFAULT_NAMESPACE {
            return Section::Metadata(0);
        }
        let name = unreserved(name);
        let end = name.char_indices().nth(store::MAX_KEY);
        let name = &name[..end.map_or(name.len(), |(end, _)| end)];
        let known = self.namespaces.iter().position(|known| **known == *name);
        let index = known.unwrap_or_else(|| {
            self.namespaces.push(name.into());
            self.namespaces.len() - 1
        });
        // The 256th namespace and those after it share the default one.
        Section::Metadata(u8::try_from(index + 1).unwrap_or(0))
    }

    /// The namespaces of the metadata with their sections.
    pub(super) fn namespaces(&self) -> impl Iterator<Item = (&str, Section)> {
        let named = self.namespaces.iter().take(usize::from(u8::MAX));
        std::iter::once(DEFAULT_NAMESPACE)
            .chain(named.map(AsRef::as_ref))
            .zip((0..=u8::MAX).map(Section::Metadata))
    }
}

/// X-Ray keeps keys and namespaces of metadata that begin `AWS.` for itself.
fn unreserved(key: &str) -> Cow<'_, str> {
    match key.strip_prefix("AWS.") {
        Some(rest) => Cow::Owned(format!("AWS_{rest}")),
        None => Cow::Borrowed(key),
    }
}
