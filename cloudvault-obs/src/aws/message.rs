//! Outgoing messages with the sender's ids in them.
//!
//! The request is changed after the SDK has written it and before it is signed:
//! so one code serves every version of every client.

use serde_json::{Map, Value, json};

/// An operation that sends messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    SqsOne,
    SqsBatch,
    SnsOne,
    SnsBatch,
    Events,
}

/// What a message is to carry.
#[derive(Debug)]
pub(super) struct Ids<'a> {
    pub(super) correlation_id: &'a str,
    pub(super) trace_header: Option<String>,
}

/// The name of the attribute, as [`crate::propagation`] documents it.
const ATTRIBUTE: &str = "correlation-id";
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
pub(super) fn with_ids(kind: Kind, body: &[u8], ids: &Ids<'_>) -> Option<Vec<u8>> {
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

fn queued(entry: &mut Map<String, Value>, ids: &Ids<'_>) {
    let text = |text: &str| json!({"DataType": "String", "StringValue": text});
    if let Some(attributes) = object(entry, "MessageAttributes")
        && attributes.len() < MAX_ATTRIBUTES
        && !attributes.keys().any(|key| names_correlation(key))
    {
        attributes.insert(ATTRIBUTE.to_owned(), text(ids.correlation_id));
    }
    if let (Some(trace), Some(attributes)) =
        (&ids.trace_header, object(entry, "MessageSystemAttributes"))
    {
        attributes
            .entry(TRACE_ATTRIBUTE)
            .or_insert_with(|| text(trace));
    }
}

/// An event has a place for the trace, and none for the correlation id but in
/// its detail, where that is an object.
fn event(entry: &mut Map<String, Value>, ids: &Ids<'_>) {
    if let Some(trace) = &ids.trace_header {
        entry
            .entry("TraceHeader")
            .or_insert_with(|| trace.as_str().into());
    }
    let detail = entry.get("Detail").and_then(Value::as_str);
    let Some(Ok(mut detail)) = detail.map(serde_json::from_str::<Map<String, Value>>) else {
        return;
    };
    if !detail.contains_key("__context__") {
        detail.insert(
            "__context__".to_owned(),
            json!({"correlation_id": ids.correlation_id}),
        );
        entry.insert(
            "Detail".to_owned(),
            Value::Object(detail).to_string().into(),
        );
    }
}

/// The member `key`, made where it is missing or null.
fn object<'a>(entry: &'a mut Map<String, Value>, key: &str) -> Option<&'a mut Map<String, Value>> {
    let member = entry.entry(key).or_insert(Value::Null);
    if member.is_null() {
        *member = json!({});
    }
    member.as_object_mut()
}

/// Adds one attribute behind each of `prefixes` to a form.
fn form(body: &[u8], ids: &Ids<'_>, prefixes: &[&str]) -> Option<Vec<u8>> {
    let mut text = std::str::from_utf8(body).ok()?.to_owned();
    for prefix in prefixes {
        let names: Vec<String> = text
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .filter(|(key, _)| key.starts_with(prefix) && key.ends_with(".Name"))
            .map(|(_, name)| name.to_owned())
            .collect();
        if names.len() >= MAX_ATTRIBUTES || names.iter().any(|name| names_correlation(name)) {
            continue;
        }
        let number = names.len() + 1;
        let id = encoded(ids.correlation_id);
        for (key, value) in [
            ("Name", ATTRIBUTE),
            ("Value.DataType", "String"),
            ("Value.StringValue", &id),
        ] {
            text.push_str(&format!("&{prefix}{number}.{key}={value}"));
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
