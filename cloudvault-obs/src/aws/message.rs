//! Outgoing messages with the sender's ids in them.
//!
//! The request is changed after the SDK has written it and before it is signed:
//! so one code serves every version of every client.

use std::collections::HashMap;

use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use crate::propagation::{CONTEXT, Outbound};

/// An operation that sends messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    SqsOne,
    SqsBatch,
    SnsOne,
    SnsBatch,
    Events,
}

const TRACE_ATTRIBUTE: &str = "AWSTraceHeader";
/// SQS refuses an eleventh attribute; SNS drops the message on its way to SQS.
const MAX_ATTRIBUTES: usize = 10;
/// SQS, SNS and EventBridge refuse more than 256 KB; some room is left.
const MAX_BODY: usize = 250 * 1024;

impl Kind {
    pub(super) fn of(service: &str, operation: &str) -> Option<Self> {
        Some(match (service, operation) {
            ("SQS", "SendMessage") => Self::SqsOne,
            ("SQS", "SendMessageBatch") => Self::SqsBatch,
            ("SNS", "Publish") => Self::SnsOne,
            ("SNS", "PublishBatch") => Self::SnsBatch,
            ("EventBridge", "PutEvents") => Self::Events,
            _ => return None,
        })
    }
}

/// The body with the ids, or `None` where it stays as it is.
pub(super) fn with_ids(kind: Kind, body: &[u8], ids: &Outbound) -> Option<Vec<u8>> {
    if body.len() > MAX_BODY {
        return None;
    }
    match kind {
        Kind::SnsOne => form(body, ids, &["MessageAttributes.entry."]),
        Kind::SnsBatch => {
            let members: Vec<String> = (1..=10)
                .map(|number| {
                    format!("PublishBatchRequestEntries.member.{number}.MessageAttributes.entry.")
                })
                .filter(|prefix| {
                    let entry = prefix.trim_end_matches("MessageAttributes.entry.");
                    has_pair(body, entry)
                })
                .collect();
            let members: Vec<&str> = members.iter().map(String::as_str).collect();
            form(body, ids, &members)
        }
        Kind::SqsOne | Kind::SqsBatch | Kind::Events => {
            let mut request: Value = serde_json::from_slice(body).ok()?;
            let entries = match kind {
                Kind::SqsOne => std::slice::from_mut(&mut request),
                _ => request.get_mut("Entries")?.as_array_mut()?.as_mut_slice(),
            };
            for entry in entries {
                let entry = entry.as_object_mut()?;
                if kind == Kind::Events {
                    event(entry, ids);
                } else {
                    queued(entry, ids);
                }
            }
            serde_json::to_vec(&request).ok()
        }
    }
}

fn queued(entry: &mut Map<String, Value>, ids: &Outbound) {
    let text = |text: &str| json!({"DataType": "String", "StringValue": text});
    if let Some(attributes) = object(entry, "MessageAttributes") {
        let names: Vec<String> = attributes.keys().cloned().collect();
        for (name, value) in missing(ids, &names) {
            attributes.insert(name.to_owned(), text(value));
        }
    }
    if !ids.trace_header.is_empty()
        && let Some(attributes) = object(entry, "MessageSystemAttributes")
    {
        attributes
            .entry(TRACE_ATTRIBUTE)
            .or_insert_with(|| text(&ids.trace_header));
    }
}

/// What a message with attributes of these `names` has to carry and room for; of
/// one that has an id of its own, nothing.
fn missing<'a>(
    ids: &'a Outbound,
    names: &[String],
) -> impl Iterator<Item = (&'static str, &'a str)> {
    let own = names.iter().any(|name| names_correlation(name));
    let room = MAX_ATTRIBUTES.saturating_sub(names.len());
    let new: Vec<_> = ids
        .attributes()
        .filter(|(name, _)| !names.iter().any(|known| known == name))
        .take(if own { 0 } else { room })
        .collect();
    new.into_iter()
}

/// An event has a place for the trace, and none for the correlation id but in
/// its detail, where that is an object.
fn event(entry: &mut Map<String, Value>, ids: &Outbound) {
    if !ids.trace_header.is_empty() {
        entry
            .entry("TraceHeader")
            .or_insert_with(|| ids.trace_header.as_str().into());
    }
    let detail = entry.get("Detail").and_then(Value::as_str);
    let Some(detail) = detail.filter(|detail| takes_context(detail)) else {
        return;
    };
    if let Some(detail) = ids.splice(detail) {
        entry.insert("Detail".to_owned(), detail.into());
    }
}

/// Whether a text is a JSON object without a context. Only its keys are read: what
/// is written anew has lost the order of its members and digits of its numbers.
fn takes_context(detail: &str) -> bool {
    serde_json::from_str::<HashMap<String, IgnoredAny>>(detail)
        .is_ok_and(|members| !members.contains_key(CONTEXT))
}

/// The member `key`, made where it is missing or null.
fn object<'a>(entry: &'a mut Map<String, Value>, key: &str) -> Option<&'a mut Map<String, Value>> {
    let member = entry.entry(key).or_insert(Value::Null);
    if member.is_null() {
        *member = json!({});
    }
    member.as_object_mut()
}

/// Adds the attributes behind each of `prefixes` to a form.
fn form(body: &[u8], ids: &Outbound, prefixes: &[&str]) -> Option<Vec<u8>> {
    let mut text = std::str::from_utf8(body).ok()?.to_owned();
    for prefix in prefixes {
        let names: Vec<String> = text
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .filter(|(key, _)| key.starts_with(prefix) && key.ends_with(".Name"))
            .map(|(_, name)| name.to_owned())
            .collect();
        for (number, (name, value)) in (names.len() + 1..).zip(missing(ids, &names)) {
            for (key, value) in [
                ("Name", name),
                ("Value.DataType", "String"),
                ("Value.StringValue", &encoded(value)),
            ] {
                text.push_str(&format!("&{prefix}{number}.{key}={value}"));
            }
        }
    }
    Some(text.into_bytes())
}

fn has_pair(body: &[u8], prefix: &str) -> bool {
    std::str::from_utf8(body).is_ok_and(|text| text.split('&').any(|pair| pair.starts_with(prefix)))
}

fn names_correlation(key: &str) -> bool {
    let letters = key.bytes().filter(u8::is_ascii_alphanumeric);
    let plain: Vec<u8> = letters
        .map(|byte| byte.to_ascii_lowercase())
        .take(20)
        .collect();
    plain == b"correlationid" || plain == b"xcorrelationid"
}

fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
