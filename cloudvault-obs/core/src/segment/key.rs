//! A field's name, with all that the name alone decides.
//!
//! Where a field goes, whether it is a secret and how it is spelt as an
//! annotation never changes, so a callsite finds it out once and not with every
//! span.

use super::{
    mapping::{self, Target},
    store::{MAX_KEY, bit},
};
use crate::{log::is_reserved, redact::Redactor};

/// A field's name as [`super::Fields::set`] takes it.
#[derive(Debug, Clone)]
pub struct Key {
    pub(super) name: Box<str>,
    pub(super) place: Place,
    /// Whether its value is a secret whatever it looks like.
    pub(super) secret: bool,
    /// `,"key":` as an annotation.
    pub(super) prefix: Box<[u8]>,
    /// Whether that is how a log line has it too.
    pub(super) as_on_lines: bool,
    pub(super) bit: u64,
}

/// Where a field goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Annotation,
    /// `metadata.KEY`, `metadata.NAMESPACE.KEY`.
    Metadata,
    Block(Target),
}

/// What a name of metadata begins with.
pub(super) const METADATA: &str = "metadata.";

impl Key {
    /// The field `name`, where `redactor` knows which names are of secrets.
    #[must_use]
    pub fn new(name: &str, redactor: &Redactor) -> Self {
        let place = match mapping::target(name) {
            Some(target) => Place::Block(target),
            None if name.starts_with(METADATA) => Place::Metadata,
            None => Place::Annotation,
        };
        // A part of a URL or of a call that stays over is called by its block.
        let spelt = match place {
            Place::Block(Target::Url(key) | Target::Rpc(key) | Target::Resource(key)) => key,
            _ => name,
        };
        let mut prefix = b",\"".to_vec();
        spell(&mut prefix, spelt);
        let bit = bit(&prefix[2..]);
        prefix.extend_from_slice(b"\":");
        let as_on_lines = prefix[2..prefix.len() - 2] == *name.as_bytes();
        Self {
            as_on_lines: as_on_lines && place == Place::Annotation && !is_reserved(name),
            name: name.into(),
            place,
            secret: redactor.is_secret_key(name),
            prefix: prefix.into(),
            bit,
        }
    }

    /// Whether a document has the field as a line has it: an annotation with the
    /// same key.
    #[must_use]
    pub fn is_as_on_lines(&self) -> bool {
        self.as_on_lines
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Annotation keys are `[A-Za-z0-9_]{1,500}`: other characters become `_`.
fn spell(out: &mut Vec<u8>, key: &str) {
    let fit = |c: char| match u8::try_from(c) {
        Ok(byte) if byte.is_ascii_alphanumeric() => byte,
        _ => b'_',
    };
    out.extend(key.chars().take(MAX_KEY).map(fit));
    if key.is_empty() {
        out.push(b'_');
    }
}
