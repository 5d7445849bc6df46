//! An event's own fields, written into its line as they are visited.

use std::fmt;

use cloudvault_obs_core::{json::Value, log as lines, redact::Redactor};
use tracing::{
    Event,
    field::{Field, Visit},
};

use super::{
    site::{Key, Site},
    span::visit,
};

/// Writes an event's own fields into its line.
pub(super) struct Fields<'a> {
    line: &'a mut Vec<u8>,
    site: &'a Site,
    redactor: &'a Redactor,
    seen: Seen,
}

/// Which fields have a value.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    /// By index; `tracing` allows no more than 32.
    pub(super) fields: u64,
    /// Those among them that were written as an error.
    errors: u64,
    /// The [`lines::key_bit`]s of all keys written.
    pub(super) bits: u64,
    message: bool,
}

impl<'a> Fields<'a> {
    #[inline]
    pub(super) fn record(
        line: &'a mut Vec<u8>,
        event: &Event<'_>,
        (site, redactor): (&'a Site, &'a Redactor),
    ) -> Seen {
        site.head.append(line);
        let seen = Seen {
            fields: 0,
            errors: 0,
            bits: 0,
            message: false,
        };
        if site.message_is_late {
            let mut message = Message(None);
            event.record(&mut message);
            let message = message.0.as_deref().unwrap_or("");
            lines::redacted_text(line, Value::Str(message), redactor);
        }
        let mut fields = Self {
            line,
            site,
            redactor,
            seen: Seen {
                message: site.message_is_late,
                ..seen
            },
        };
        event.record(&mut fields);
        fields.begin_members();
        fields.line.extend_from_slice(&site.tail);
        fields.seen
    }

    /// The message stands before all other fields, empty where there is none. The
    /// quote that opens it is there already.
    #[inline(always)]
    fn begin_members(&mut self) {
        if !self.seen.message {
            self.seen.message = true;
            self.line.push(b'"');
        }
    }

    #[inline(always)]
    fn add(&mut self, field: &Field, value: Value<'_>) {
        let Some(key) = self.site.keys.get(field.index()) else {
            return;
        };
        if key.is_message {
            if !self.seen.message {
                self.seen.message = true;
                lines::redacted_text(self.line, value, self.redactor);
            }
            return;
        }
        self.begin_members();
        if key.is_shadowed {
            return;
        }
        self.seen.fields |= 1 << (field.index() & 63);
        self.seen.bits |= key.name.bit();
        key.name.append(self.line);
        if key.name.is_secret() {
            lines::secret(self.line);
        } else {
            lines::redacted(self.line, value, self.redactor);
        }
    }
}

impl Seen {
    /// Whether a member of the spans must give way to an own one.
    pub(super) fn taken(&self, site: &Site, name: &[u8]) -> bool {
        site.keys.iter().enumerate().any(|(index, key)| {
            let bit = 1 << (index & 63);
            (self.fields & bit != 0 && key.name.key() == name)
                || (self.errors & bit != 0
                    && name
                        .strip_prefix(key.name.key())
                        .is_some_and(|rest| matches!(rest, b".type" | b".message" | b".chain")))
        })
    }
}

impl Visit for Fields<'_> {
    visit!();

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let plain = |key: &Key| {
            key.name.is_secret() || key.is_message || key.is_shadowed || key.has_children
        };
        match self.site.keys.get(field.index()) {
            Some(key) if !plain(key) => {
                self.begin_members();
                let bit = 1 << (field.index() & 63);
                self.seen.fields |= bit;
                self.seen.errors |= bit;
                // Any key of a span may be one of the error's.
                self.seen.bits = u64::MAX;
                lines::write_error(self.line, key.name.key(), value, self.redactor);
            }
            _ => self.add(field, Value::Display(&value)),
        }
    }
}

/// Takes the message out of fields among which it is not the first.
struct Message(Option<String>);

impl Visit for Message {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.0.get_or_insert_with(|| value.to_owned());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0.get_or_insert_with(|| format!("{value:?}"));
        }
    }
}
