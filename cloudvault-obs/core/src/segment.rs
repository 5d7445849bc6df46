//! X-Ray subsegment documents, written straight into a byte buffer.
//!
//! Source of the rules: AWS X-Ray, "Segment documents". In Lambda the function's
//! own segment is out of reach, so all that a handler sends are subsegments
//! whose topmost parent is the header's `Parent` (the facade).

use crate::{
    json::{self, Value},
    log::Members,
    trace::{SegmentId, TraceId},
};

/// What precedes each document in a datagram to the X-Ray daemon.
pub const DATAGRAM_HEADER: &[u8] = b"{\"format\":\"json\",\"version\":1}\n";

/// One document, and so one datagram without its header, is at most 64 KB.
pub const MAX_DOCUMENT: usize = 64 * 1024;

/// A unit of work below the function's segment.
#[derive(Debug, Clone)]
pub struct Subsegment<'a> {
    /// What was done. Characters that X-Ray refuses become `-`; at most 200.
    pub name: &'a str,
    /// The subsegment's own id.
    pub id: SegmentId,
    /// The trace it belongs to.
    pub trace_id: TraceId,
    /// The segment or subsegment above it.
    pub parent_id: SegmentId,
    /// When it began, microseconds since the epoch.
    pub start_us: i64,
    /// When it ended, likewise; `None` for one that is still in progress.
    pub end_us: Option<i64>,
    /// How it ended.
    pub outcome: Outcome,
    /// What went wrong.
    pub cause: Option<&'a Exception>,
    /// Indexed and bare values.
    pub fields: &'a Fields,
}

/// Which of X-Ray's three flags a subsegment carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outcome {
    /// None of them.
    #[default]
    Ok,
    /// `error`: the caller's mistake (4xx).
    Error,
    /// `throttle`, with `error`: too many requests (429).
    Throttle,
    /// `fault`: our mistake (5xx).
    Fault,
}

/// One exception of a cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// The exception's own id.
    pub id: SegmentId,
    /// Type name, e.g. `std::io::Error`.
    pub kind: Box<str>,
    /// The error's message.
    pub message: Box<str>,
}

/// A subsegment's annotations (indexed by X-Ray) and metadata (not indexed).
#[derive(Debug, Clone, Default)]
pub struct Fields {
    annotations: Members,
    metadata: Members,
    indexed: usize,
}

/// X-Ray indexes at most 50 annotations of a trace; we keep to it a document.
const MAX_ANNOTATIONS: usize = 50;
const MAX_ANNOTATION_CHARS: usize = 1000;

impl Fields {
    /// Adds a value: as an annotation where X-Ray can index it (a number, a
    /// truth value, text of at most 1,000 characters), else as metadata.
    pub fn add(&mut self, key: &str, value: Value<'_>) {
        let text;
        let value = match value {
            Value::Display(shown) => {
                text = shown.to_string();
                Value::Str(&text)
            }
            Value::Debug(shown) => {
                text = format!("{shown:?}");
                Value::Str(&text)
            }
            other => other,
        };
        let long =
            matches!(value, Value::Str(text) if text.chars().nth(MAX_ANNOTATION_CHARS).is_some());
        let name = annotation_key(key);
        if long || (self.indexed >= MAX_ANNOTATIONS && !self.annotations.contains(&name)) {
            self.metadata.own(key, value);
        } else {
            self.indexed += usize::from(!self.annotations.contains(&name));
            self.annotations.own(&name, value);
        }
    }
}

/// Annotation keys are `[A-Za-z0-9_]{1,500}`: other characters become `_`.
fn annotation_key(key: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '_' {
            c
        } else {
            '_'
        }
    };
    let name: String = key.chars().take(500).map(plain).collect();
    if name.is_empty() {
        "_".to_owned()
    } else {
        name
    }
}

impl Subsegment<'_> {
    /// Appends the document to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"type\":\"subsegment\",\"name\":\"");
        write_name(out, self.name);
        out.push(b'"');
        member(out, "id", Value::Display(&self.id));
        member(out, "trace_id", Value::Display(&self.trace_id));
        member(out, "parent_id", Value::Display(&self.parent_id));
        json::key(out, "start_time");
        seconds(out, self.start_us);
        match self.end_us {
            Some(end) => {
                json::key(out, "end_time");
                seconds(out, end.max(self.start_us));
            }
            None => member(out, "in_progress", Value::Bool(true)),
        }
        self.write_outcome(out);
        object(out, "annotations", &self.fields.annotations);
        if !self.fields.metadata.as_bytes().is_empty() {
            out.extend_from_slice(b",\"metadata\":{\"default\":{");
            out.extend_from_slice(&self.fields.metadata.as_bytes()[1..]);
            out.extend_from_slice(b"}}");
        }
        out.push(b'}');
    }

    fn write_outcome(&self, out: &mut Vec<u8>) {
        match self.outcome {
            Outcome::Ok => {}
            Outcome::Error => member(out, "error", Value::Bool(true)),
            Outcome::Throttle => {
                member(out, "error", Value::Bool(true));
                member(out, "throttle", Value::Bool(true));
            }
            Outcome::Fault => member(out, "fault", Value::Bool(true)),
        }
        let Some(exception) = self.cause else { return };
        out.extend_from_slice(b",\"cause\":{\"exceptions\":[{");
        member(out, "id", Value::Display(&exception.id));
        member(out, "type", Value::Str(&exception.kind));
        member(out, "message", Value::Str(&exception.message));
        out.extend_from_slice(b"}]}");
    }
}

fn member(out: &mut Vec<u8>, key: &str, value: Value<'_>) {
    json::key(out, key);
    json::value(out, value);
}

fn object(out: &mut Vec<u8>, key: &str, members: &Members) {
    if let Some((_comma, rest)) = members.as_bytes().split_first() {
        json::key(out, key);
        out.push(b'{');
        out.extend_from_slice(rest);
        out.push(b'}');
    }
}

fn write_name(out: &mut Vec<u8>, name: &str) {
    let start = out.len();
    let allowed = |c: char| c.is_alphanumeric() || c == ' ' || "_.:/%&#=+-@".contains(c);
    for c in name.chars().take(200) {
        let c = if allowed(c) { c } else { '-' };
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
    if out.len() == start {
        out.push(b'-');
    }
}

/// Epoch seconds with six digits: a float would round the last one.
fn seconds(out: &mut Vec<u8>, us: i64) {
    let us = us.max(0);
    json::integer(out, us / 1_000_000);
    let fraction = us % 1_000_000 + 1_000_000;
    let start = out.len();
    json::integer(out, fraction);
    out[start] = b'.';
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn document(
        name: &str,
        fields: &Fields,
        end_us: Option<i64>,
        fault: Option<&Exception>,
    ) -> serde_json::Value {
        let subsegment = Subsegment {
            name,
            id: SegmentId::from_bits(1),
            trace_id: TraceId::from_bits(2),
            parent_id: SegmentId::from_bits(3),
            start_us: 1_795_405_294_505_003,
            end_us,
            outcome: if fault.is_some() {
                Outcome::Fault
            } else {
                Outcome::Ok
            },
            cause: fault,
            fields,
        };
        let mut out = Vec::new();
        subsegment.write(&mut out);
        serde_json::from_slice(&out).expect("valid JSON")
    }

    #[test]
    fn a_document_has_what_x_ray_requires() {
        let mut fields = Fields::default();
        fields.add("user.id", Value::U64(7));
        fields.add("long", Value::Str(&"x".repeat(1001)));
        let exception = Exception {
            id: SegmentId::from_bits(9),
            kind: "E".into(),
            message: "m".into(),
        };
        assert_eq!(
            document(
                "put<Object>",
                &fields,
                Some(1_795_405_294_507_040),
                Some(&exception)
            ),
            json!({
                "type": "subsegment", "name": "put-Object-", "id": "0000000000000001",
                "trace_id": "1-00000000-000000000000000000000002", "parent_id": "0000000000000003",
                "start_time": 1_795_405_294.505_003, "end_time": 1_795_405_294.507_04, "fault": true,
                "cause": {"exceptions": [{"id": "0000000000000009", "type": "E", "message": "m"}]},
                "annotations": {"user_id": 7}, "metadata": {"default": {"long": "x".repeat(1001)}},
            })
        );
        assert_eq!(
            document("a", &Fields::default(), None, None)["in_progress"],
            true
        );
    }

    #[test]
    fn annotations_stop_at_fifty_and_none_is_lost() {
        let mut fields = Fields::default();
        for number in 0..60 {
            fields.add(&format!("k{number}"), Value::I64(number));
        }
        fields.add("k0", Value::I64(100));
        let document = document("a", &fields, Some(0), None);
        assert_eq!(document["annotations"].as_object().unwrap().len(), 50);
        assert_eq!(document["annotations"]["k0"], 100);
        assert_eq!(
            document["metadata"]["default"].as_object().unwrap().len(),
            10
        );
    }

    proptest! {
        #[test]
        fn any_name_and_field_gives_a_valid_document(name: String, key: String, value: String, end: i64) {
            let mut fields = Fields::default();
            fields.add(&key, Value::Str(&value));
            let document = document(&name, &fields, Some(end), None);
            prop_assert!(document["name"].as_str().unwrap().chars().count() <= 200);
            prop_assert!(document["end_time"].as_f64() >= document["start_time"].as_f64());
        }
    }
}
