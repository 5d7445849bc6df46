//! What never changes about one callsite's lines, rendered once.

use std::{collections::HashMap, rc::Rc};

use cloudvault_obs_core::{
    json::{self, Chunk},
    log::Name,
    redact::Redactor,
    segment,
};
use tracing::Metadata;

use super::{line::Lines, span::Role};
use crate::{log::Severity, segment::Source};

/// A callsite of events, as each of its lines needs it, or of spans.
#[derive(Debug, Default)]
pub(super) struct Site {
    /// `","level":"INFO","message":"`, behind the timestamp.
    pub(super) head: Chunk<32>,
    /// `,"target":"…","location":"…"` and the keys of the process.
    pub(super) tail: Vec<u8>,
    /// By the field's index.
    pub(super) keys: Vec<Key>,
    /// The bits of all keys but the message's.
    pub(super) bits: u64,
    pub(super) severity: Severity,
    /// Every field of a span is in its document as it is on its lines.
    is_plain: bool,
    /// Where the fields of its spans go.
    pub(super) role: Role,
    /// The message's index is not the first.
    pub(super) message_is_late: bool,
}

/// One field.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: Name,
    /// One bit by the field's index; `tracing` allows no more than 32 fields.
    pub(super) field_bit: u64,
    /// Neither the message nor a secret nor shadowed.
    pub(super) is_ordinary: bool,
    /// Where the field of a span goes in its document.
    pub(super) segment: segment::Key,
    pub(super) is_message: bool,
    /// A later field of the same name wins.
    pub(super) is_shadowed: bool,
    /// Another field's name begins with this one and a dot, as those do that an
    /// error is written as.
    pub(super) has_children: bool,
}

impl Site {
    pub(super) fn new(metadata: &Metadata<'_>, fixed: &[u8], redactor: &Redactor) -> Self {
        let names: Vec<&str> = metadata.fields().iter().map(|field| field.name()).collect();
        let message = names.iter().position(|name| *name == "message");
        // A field that is called as the line writes another's reserved name is one
        // with it.
        let written: Vec<Name> = names.iter().map(|it| Name::new(it, redactor)).collect();
        let key = |(index, name): (usize, &&str)| {
            let own = &written[index];
            let later = (index + 1..names.len()).filter(|it| message != Some(*it));
            let child = |other: &Name| {
                let rest = other.key().strip_prefix(own.key());
                rest.is_some_and(|rest| rest.starts_with(b"."))
            };
            let is_message = message == Some(index);
            let is_shadowed = later.into_iter().any(|it| written[it].key() == own.key());
            Key {
                name: own.clone(),
                field_bit: 1 << (index & 63),
                is_ordinary: !is_message && !is_shadowed && !own.is_secret(),
                segment: segment::Key::new(name, redactor),
                is_message,
                is_shadowed,
                has_children: written.iter().any(child),
            }
        };
        let mut head = b"\",\"level\":\"".to_vec();
        head.extend_from_slice(metadata.level().as_str().as_bytes());
        head.extend_from_slice(b"\",\"message\":\"");
        let mut tail = b",\"target\":".to_vec();
        json::string(&mut tail, metadata.target());
        if let (Some(file), Some(line)) = (metadata.file(), metadata.line()) {
            tail.extend_from_slice(b",\"location\":");
            json::string(&mut tail, &format!("{}:{line}", short(file)));
        }
        tail.extend_from_slice(fixed);
        let keys: Vec<Key> = names.iter().enumerate().map(key).collect();
        let members = keys.iter().filter(|key| !key.is_message);
        Self {
            head: Chunk::new(&head),
            tail,
            is_plain: keys.iter().all(|key| key.segment.is_as_on_lines()),
            bits: members.fold(0, |bits, key| bits | key.name.bit()),
            severity: Severity::of(*metadata.level()),
            keys,
            role: Role::of(metadata),
            message_is_late: message.is_some_and(|index| index > 0),
        }
    }
}

impl Site {
    /// Where the annotations of its spans are.
    pub(super) fn source(&self) -> Source {
        if self.role == Role::User && self.is_plain {
            Source::Lines
        } else {
            Source::Fields
        }
    }
}

/// A dependency's file without the way to the registry.
fn short(file: &str) -> &str {
    match file.split_once("/registry/src/") {
        Some((_, rest)) => rest.split_once('/').map_or(rest, |(_, path)| path),
        None => file,
    }
}

/// Sites of one observer by the address of their metadata. A small table in front
/// answers nearly always; behind it stand all.
#[derive(Debug)]
pub(super) struct Sites {
    recent: Box<[(usize, Rc<Site>); RECENT]>,
    all: HashMap<usize, Rc<Site>>,
}

const RECENT: usize = 128;

impl Default for Sites {
    fn default() -> Self {
        let none = Rc::default();
        Self {
            recent: Box::new(std::array::from_fn(|_| (0, Rc::clone(&none)))),
            all: HashMap::new(),
        }
    }
}

impl Sites {
    /// The site of `metadata` for the observer with these `lines`.
    #[inline]
    pub(super) fn get(&mut self, metadata: &'static Metadata<'static>, lines: &Lines) -> &Rc<Site> {
        let address = std::ptr::from_ref(metadata).addr();
        let slot = (address >> 4) % RECENT;
        if self.recent[slot].0 != address {
            self.recall(metadata, lines);
        }
        &self.recent[slot].1
    }

    /// Puts the site into the table.
    #[cold]
    fn recall(&mut self, metadata: &'static Metadata<'static>, lines: &Lines) {
        let address = std::ptr::from_ref(metadata).addr();
        let anew = || Rc::new(lines.anew(metadata));
        let site = self.all.entry(address).or_insert_with(anew);
        self.recent[(address >> 4) % RECENT] = (address, Rc::clone(site));
    }
}
