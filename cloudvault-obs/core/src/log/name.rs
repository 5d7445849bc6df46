//! A field's name, judged and rendered once for all its lines.

use super::{is_reserved, key_bit};
use crate::{
    json::{self, Chunk},
    redact::Redactor,
};

/// What lines need to know of a field's name.
#[derive(Debug, Clone)]
pub struct Name {
    /// `,"key":`
    rendered: Chunk<32>,
    bit: u64,
    is_secret: bool,
}

impl Name {
    /// The name of a user's field: one that the line owns becomes `fields.NAME`.
    #[must_use]
    pub fn new(name: &str, redactor: &Redactor) -> Self {
        let key = if is_reserved(name) {
            &format!("fields.{name}")
        } else {
            name
        };
        let mut rendered = vec![b','];
        json::string(&mut rendered, key);
        rendered.push(b':');
        Self {
            rendered: Chunk::new(&rendered),
            bit: key_bit(key),
            is_secret: redactor.is_secret_key(name),
        }
    }

    /// The key as it stands in JSON, without its quotes.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        let rendered = self.rendered.as_bytes();
        &rendered[2..rendered.len() - 2]
    }

    /// The key's [`key_bit`].
    #[must_use]
    pub fn bit(&self) -> u64 {
        self.bit
    }

    /// Whether its values are secrets, whatever they look like.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.is_secret
    }

    /// Appends `,"key":`.
    #[inline]
    pub fn append(&self, out: &mut Vec<u8>) {
        self.rendered.append(out);
    }
}
