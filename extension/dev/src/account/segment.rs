//! What a segment document has to be before it is kept, from wherever it comes.

use serde_json::{Map, Value};

/// Largest document.
const BYTES: usize = 64 * 1024;

/// A document that was refused; its id, where it could be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("take a segment document: {message}")]
pub struct SegmentError {
    /// The document's `id`.
    pub id: Option<String>,
    /// X-Ray's word for the problem.
    pub code: &'static str,
    /// In words.
    pub message: String,
}

/// Reads and checks one document.
pub(super) fn read(text: &str) -> Result<Value, SegmentError> {
    let refused = |id, code, message: String| Err(SegmentError { id, code, message });
    if text.len() > BYTES {
        return refused(
            None,
            "SegmentTooLarge",
            format!("{} bytes; at most {BYTES} are taken", text.len()),
        );
    }
    let document: Value = match serde_json::from_str(text) {
        Ok(document) => document,
        Err(error) => return refused(None, "ParseError", format!("not JSON: {error}")),
    };
    match check(&document) {
        Ok(()) => Ok(document),
        Err((code, message)) => {
            let id = document
                .get("id")
                .and_then(Value::as_str)
                .map(str::to_owned);
            refused(id, code, message)
        }
    }
}

type Problem = (&'static str, String);

fn check(document: &Value) -> Result<(), Problem> {
    let missing = |what: &str| ("MissingField", format!("{what} is missing"));
    let fields = document
        .as_object()
        .ok_or_else(|| ("ParseError", "no JSON object".to_owned()))?;
    check_fields(fields)?;
    let trace_id = text(fields, "trace_id").ok_or_else(|| missing("trace_id"))?;
    if !is_trace_id(trace_id) {
        return Err((
            "InvalidTraceId",
            format!("trace_id {trace_id} is not 1-8hex-24hex"),
        ));
    }
    if text(fields, "type") == Some("subsegment") && text(fields, "parent_id").is_none() {
        return Err(missing("parent_id of a subsegment that is sent on its own"));
    }
    check_below(fields, 0)
}

/// What every segment and subsegment must have.
fn check_fields(fields: &Map<String, Value>) -> Result<(), Problem> {
    let missing = |what: &str| ("MissingField", format!("{what} is missing"));
    let id = text(fields, "id").ok_or_else(|| missing("id"))?;
    if !is_hex(id, 16) {
        return Err(("InvalidId", format!("id {id} is not 16 hex digits")));
    }
    let name = text(fields, "name").ok_or_else(|| missing("name"))?;
    if name.chars().count() > 200 || !name.chars().all(in_name) {
        return Err((
            "InvalidName",
            format!("name {name:?} has a character it may not have, or more than 200"),
        ));
    }
    let time = |key: &str| fields.get(key).and_then(Value::as_f64);
    let start = time("start_time").ok_or_else(|| missing("start_time"))?;
    let in_progress = fields.get("in_progress").and_then(Value::as_bool) == Some(true);
    match time("end_time") {
        Some(end) if end < start => {
            Err(("InvalidTime", "end_time lies before start_time".to_owned()))
        }
        None if !in_progress => Err(missing("end_time (or in_progress: true)")),
        _ => Ok(()),
    }
}

fn check_below(fields: &Map<String, Value>, depth: usize) -> Result<(), Problem> {
    let below = fields.get("subsegments").and_then(Value::as_array);
    for child in below.into_iter().flatten().filter(|_| depth < 64) {
        let child = child
            .as_object()
            .ok_or_else(|| ("ParseError", "a subsegment is no JSON object".to_owned()))?;
        check_fields(child)?;
        check_below(child, depth + 1)?;
    }
    Ok(())
}

fn text<'a>(fields: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    fields
        .get(key)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}

fn in_name(c: char) -> bool {
    c.is_alphanumeric() || c.is_whitespace() || "_.:/%&#=+\\-@".contains(c)
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_trace_id(text: &str) -> bool {
    let mut parts = text.split('-');
    let parts = (parts.next(), parts.next(), parts.next(), parts.next());
    matches!(parts, (Some("1"), Some(time), Some(rest), None) if is_hex(time, 8) && is_hex(rest, 24))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(document: &str, expect: Result<(), &str>) {
        let found = read(document).map(|_| ()).map_err(|error| error.code);
        assert_eq!(found, expect, "{document}");
    }

    #[test]
    fn a_document_is_taken_only_when_it_is_whole() {
        let good = r#"{"id":"70de5b6f19ff9a0a","trace_id":"1-581cf771-a006649127e371903a2de979","name":"upload","start_time":1.5,"end_time":2.5}"#;
        check(good, Ok(()));
        check(
            &good.replace(r#","end_time":2.5"#, r#","in_progress":true"#),
            Ok(()),
        );
        check(&good.replace(r#","end_time":2.5"#, ""), Err("MissingField"));
        check(&good.replace("2.5", "0.5"), Err("InvalidTime"));
        check(&good.replace("upload", "up|load"), Err("InvalidName"));
        check(&good.replace("70de5b6f19ff9a0a", "70de"), Err("InvalidId"));
        check(
            &good.replace("1-581cf771", "2-581cf771"),
            Err("InvalidTraceId"),
        );
        check(
            &good.replace(r#""end_time""#, r#""subsegments":[{"id":"x"}],"end_time""#),
            Err("InvalidId"),
        );
        check(
            &good.replace(r#""name""#, r#""type":"subsegment","name""#),
            Err("MissingField"),
        );
        check("{", Err("ParseError"));
        check("[]", Err("ParseError"));
        check(
            &format!("\"{}\"", "x".repeat(70_000)),
            Err("SegmentTooLarge"),
        );
    }
}
