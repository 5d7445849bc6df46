//! Fields that have a place of their own in a document: `http`, `sql`, `aws`, the name,
//! the causes.

use std::borrow::Cow;

use super::{DEFAULT_NAMESPACE, Fields, Kind, Link};
use crate::{
    json::{self, Value},
    redact::Redactor,
    segment::{
        cause::{self, Exception},
        key::Key,
        mapping::Target,
        store::Section,
    },
    trace::TraceHeader,
};

/// The published schema's limit for text in `http` and `sql.user`.
const MAX_HTTP_CHARS: usize = 250;

impl Fields {
    pub(super) fn place(
        &mut self,
        target: Target,
        key: &Key,
        value: Value<'_>,
        redactor: &Redactor,
    ) {
        match target {
            Target::Name => self.name = Some(plain_name(&text(value), redactor)),
            Target::Kind => {
                self.kind = match text(value).to_ascii_lowercase().as_str() {
                    "client" | "producer" => Kind::Outgoing,
                    "server" | "consumer" => Kind::Incoming,
                    _ => Kind::Internal,
                };
            }
            Target::StatusCode => self.failed |= text(value).eq_ignore_ascii_case("error"),
            Target::Request(member) => {
                self.text((Section::Request, member), &key.name, value, redactor);
            }
            Target::Sql("user") => self.text((Section::Sql, "user"), &key.name, value, redactor),
            Target::Status | Target::ContentLength | Target::Aws("retries") => {
                self.number(target, key, value, redactor);
            }
            Target::Url(_) => self.annotate(Section::Url, key, value, redactor),
            Target::Rpc(_) => self.annotate(Section::Rpc, key, value, redactor),
            Target::Resource(_) => self.annotate(Section::Resource, key, value, redactor),
            Target::Aws(member) => self.string(Section::Aws, member, value, redactor),
            Target::Sql(member) => self.string(Section::Sql, member, value, redactor),
            Target::Tables => self.tables(&text(value), redactor),
            Target::Error => match value {
                Value::Bool(failed) => self.failed |= failed,
                value => {
                    let message = redactor.redact(&text(value));
                    self.fail([Exception::new(String::new(), message)]);
                }
            },
            Target::Type => self.error_type(&redactor.redact(&text(value))),
            Target::Message => self.first().message = redactor.redact(&text(value)),
            Target::Stack => self.first().stack = cause::frames(&redactor.redact(&text(value))),
            Target::Link => match text(value).parse::<TraceHeader>() {
                Ok(header) => self.link(Link {
                    trace_id: header.root,
                    id: header.parent,
                }),
                Err(_) => self.annotate(Section::Annotation, key, value, redactor),
            },
        }
    }

    /// A member that has to be text.
    fn string(&mut self, section: Section, member: &str, value: Value<'_>, redactor: &Redactor) {
        match value {
            Value::Str(_) | Value::Display(_) | Value::Debug(_) => {
                self.store.set(section, member, value, redactor);
            }
            other => self
                .store
                .set(section, member, Value::Str(&text(other)), redactor),
        }
    }

    /// A member that has to be a whole number; what is none stays an annotation, and
    /// so does a card number, which is told as text.
    fn number(&mut self, target: Target, key: &Key, value: Value<'_>, redactor: &Redactor) {
        let Some(number) = number(value).filter(|number| !redactor.is_secret_integer(*number))
        else {
            return self.annotate(Section::Annotation, key, value, redactor);
        };
        let (section, member) = match target {
            Target::Status => {
                self.status = Some(number);
                (Section::Response, "status")
            }
            Target::ContentLength => (Section::Response, "content_length"),
            _ => (Section::Aws, "retries"),
        };
        self.store
            .set(section, member, Value::U64(number), redactor);
    }

    fn error_type(&mut self, kind: &str) {
        // By convention an HTTP call's `error.type` is its status once more.
        if number(Value::Str(kind)).is_none() {
            self.failed = true;
            kind.clone_into(&mut self.first().kind);
        }
    }

    fn first(&mut self) -> &mut Exception {
        if self.exceptions.is_empty() {
            self.exceptions.push(Exception::default());
        }
        &mut self.exceptions[0]
    }

    /// One table, or a list as `["a", "b"]` writes it.
    fn tables(&mut self, names: &str, redactor: &Redactor) {
        let list = names.trim_start_matches('[').trim_end_matches(']');
        let mut tables = list.split(',').map(|name| name.trim().trim_matches('"'));
        if let Some(first) = tables.next() {
            self.store
                .set(Section::Aws, "table_name", Value::Str(first), redactor);
        }
        for (index, table) in tables.enumerate() {
            let key = Key::new(&format!("table_{}", index + 2), redactor);
            self.annotate(Section::Resource, &key, Value::Str(table), redactor);
        }
    }

    /// Text of at most 250 characters; what is longer is kept whole in metadata.
    fn text(
        &mut self,
        (section, member): (Section, &str),
        name: &str,
        value: Value<'_>,
        redactor: &Redactor,
    ) {
        let text = text(value);
        match text.char_indices().nth(MAX_HTTP_CHARS) {
            None => self.store.set(section, member, Value::Str(&text), redactor),
            Some(_) => {
                // A secret that was cut in two would look like none.
                let plain = redactor.redact(&text);
                let end = plain.char_indices().nth(MAX_HTTP_CHARS);
                let kept = &plain[..end.map_or(plain.len(), |(end, _)| end)];
                self.store.set(section, member, Value::Str(kept), redactor);
                self.metadata(DEFAULT_NAMESPACE, name, Value::Str(&text), redactor);
            }
        }
    }
}

/// A name without the secrets in it; most have no byte that one could be without.
fn plain_name(name: &str, redactor: &Redactor) -> Box<str> {
    let mut bytes = Vec::with_capacity(name.len());
    let marked = json::escape(&mut bytes, name);
    if redactor.escaped(&mut bytes, 0, marked) {
        redactor.redact(name).into()
    } else {
        name.into()
    }
}

fn text(value: Value<'_>) -> Cow<'_, str> {
    match value {
        Value::Str(text) => Cow::Borrowed(text),
        Value::Display(shown) => Cow::Owned(shown.to_string()),
        Value::Debug(shown) => Cow::Owned(format!("{shown:?}")),
        other => Cow::Owned(format!("{other:?}").trim_matches('"').to_owned()),
    }
}

/// A whole number that is not negative, also from text.
fn number(value: Value<'_>) -> Option<u64> {
    match value {
        Value::U64(number) => Some(number),
        Value::I64(number) => number.try_into().ok(),
        Value::Str(_) | Value::Display(_) | Value::Debug(_) => text(value).trim().parse().ok(),
        _ => None,
    }
}
