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
    keys: &'a [Key],
    redactor: &'a Redactor,
    seen: Seen,
}

/// Which fields have a value.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    /// By index; `tracing` allows no more than 32.
    fields: u64,
    /// Those among them that were written as an error.
    errors: u64,
    message: bool,
}

impl<'a> Fields<'a> {
    /// Appends the fields of `event` and what stands behind them on each of the site's
    /// lines.
    #[inline]
    pub(super) fn record(
        line: &'a mut Vec<u8>,
        event: &Event<'_>,
        (site, redactor): (&'a Site, &'a Redactor),
    ) -> Seen {
        if site.message_is_late {
            late_message(line, event, redactor);
        }
        let mut fields = Self {
            line,
            keys: &site.keys,
            redactor,
            seen: Seen {
                fields: 0,
                errors: 0,
                message: site.message_is_late,
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
        let Some(key) = self.keys.get(field.index()) else {
            return;
        };
        match value {
            Value::Debug(_) if key.is_message => self.message(value),
            _ if key.is_ordinary && self.seen.message => {
                self.seen.add(key);
                key.name.append_open(self.line, value, self.redactor);
            }
            _ => self.add_other(key, value),
        }
    }

    /// A message that is not formatted, a secret, a shadowed field, or one with no
    /// message before.
    #[inline(never)]
    fn add_other(&mut self, key: &Key, value: Value<'_>) {
        if key.is_message {
            return self.message(value);
        }
        self.begin_members();
        if !key.is_shadowed {
            self.seen.add(key);
            key.name.append_value(self.line, value, self.redactor);
        }
    }

    #[inline(always)]
    fn message(&mut self, value: Value<'_>) {
        if !self.seen.message {
            self.seen.message = true;
            lines::redacted_text(self.line, value, self.redactor);
        }
    }
}

impl Seen {
    #[inline(always)]
    fn add(&mut self, key: &Key) {
        self.fields |= key.field_bit;
    }

    /// The [`lines::key_bit`]s of all keys that may have been written. Any key may be
    /// one of an error's.
    #[inline]
    pub(super) fn bits(&self, site: &Site) -> u64 {
        if self.errors == 0 {
            site.bits
        } else {
            u64::MAX
        }
    }

    /// Those with a value, in the lower half, and the errors among them.
    pub(super) fn written(&self) -> u64 {
        self.fields | self.errors << 32
    }

    /// Whether a member of the spans must give way to an own one.
    pub(super) fn taken(&self, site: &Site, name: &[u8]) -> bool {
        site.keys.iter().any(|key| {
            (self.fields & key.field_bit != 0 && key.name.key() == name)
                || (self.errors & key.field_bit != 0
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
        match self.keys.get(field.index()) {
            Some(key) if !plain(key) => {
                self.begin_members();
                self.seen.add(key);
                self.seen.errors |= key.field_bit;
                lines::write_error(self.line, key.name.key(), value, self.redactor);
            }
            _ => self.add(field, Value::Display(&value)),
        }
    }
}

#[cold]
fn late_message(line: &mut Vec<u8>, event: &Event<'_>, redactor: &Redactor) {
    let mut message = Message(None);
    event.record(&mut message);
    let message = message.0.as_deref().unwrap_or("");
    lines::redacted_text(line, Value::Str(message), redactor);
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
