//! What must hold for segment documents, whatever a span's fields.

use cloudvault_obs_core::{
    json::Value,
    redact::Redactor,
    segment::{Batch, DATAGRAM_HEADER, Delivery, Exception, Fields, MAX_DOCUMENT, Recorded, Subsegment},
    trace::{SegmentId, TraceId},
};

/// Names that mean something in a document; others are annotations.
const KNOWN: [&str; 16] = [
    "otel.name",
    "otel.kind",
    "otel.status_code",
    "http.request.method",
    "url.full",
    "url.path",
    "http.response.status_code",
    "rpc.system",
    "rpc.method",
    "aws.table_name",
    "aws.retries",
    "db.query.text",
    "error.type",
    "exception.stacktrace",
    "xray.link",
    "metadata.n.key",
];

/// Renders a small tree of spans with fields taken from `data`.
///
/// # Panics
///
/// When a document breaks a rule of X-Ray's, is over its limit, tells a planted
/// secret, or a span is missing or twice.
pub(crate) fn documents(data: &[u8]) {
    let redactor = Redactor::default();
    let planted = !data.windows(7).any(|window| window == b"pl4nt3d");
    let mut batch = Batch::default();
    let mut count = 0;
    for (number, piece) in data.split(|byte| *byte == 0).take(12).enumerate() {
        let fields = fields(piece, &redactor);
        let id = number as u64 + 1;
        let kind = piece.first().copied().unwrap_or_default();
        let subsegment = Subsegment {
            name: &String::from_utf8_lossy(piece),
            id: SegmentId::from_bits(id),
            trace_id: TraceId::from_bits(7),
            // Half of an earlier number: a tree.
            parent_id: Some(SegmentId::from_bits(if id == 1 { 99 } else { id / 2 })),
            start_us: i64::from(kind) * 1_000_003,
            end_us: (kind % 5 > 0).then_some(2_000_000_000),
            recorded: Recorded::Fields(&fields),
        };
        batch.push(
            &subsegment,
            if kind % 3 == 0 {
                Delivery::Alone
            } else {
                Delivery::Nested
            },
        );
        count += 1;
    }
    let mut seen = Vec::new();
    batch.datagrams(|datagram| {
        let document = datagram.strip_prefix(DATAGRAM_HEADER).expect("a header");
        assert!(document.len() <= MAX_DOCUMENT, "{} bytes", document.len());
        let text = std::str::from_utf8(document).expect("UTF-8");
        assert!(
            !planted || !text.contains("pl4nt3d"),
            "a planted secret survived"
        );
        let document: serde_json::Value = serde_json::from_str(text).expect("a document parses");
        check(&document);
        ids(&document, &mut seen);
    });
    seen.sort_unstable();
    let all: Vec<_> = (1..=count).map(|id: u64| format!("{id:016x}")).collect();
    assert_eq!(seen, all);
}

fn fields(piece: &[u8], redactor: &Redactor) -> Fields {
    let mut fields = Fields::default();
    for (number, part) in piece.split(|byte| *byte == b';').enumerate() {
        let (kind, rest) = part.split_first().unwrap_or((&0, &[]));
        let text = String::from_utf8_lossy(rest);
        // Now and then more than a document takes.
        let text = if kind % 31 == 30 {
            text.repeat(900)
        } else {
            text.into_owned()
        };
        let value = match kind % 5 {
            0 | 1 => Value::Str(&text),
            2 => Value::U64(rest.iter().fold(0, |sum: u64, byte| {
                sum.wrapping_mul(10).wrapping_add(u64::from(byte % 10))
            })),
            3 => Value::F64(rest.len() as f64 / 3.0),
            _ => Value::Bool(number % 2 == 0),
        };
        let known = KNOWN.get(usize::from(*kind) / 8);
        let own = format!("{}{number}", text.chars().take(40).collect::<String>());
        fields.add(known.copied().unwrap_or(&own), value, redactor);
        if kind % 17 == 0 {
            fields.fail([
                Exception::new("E", redactor.redact(&text)),
                Exception::new("", "why"),
            ]);
        }
    }
    fields.add("password", Value::Str("pl4nt3d-s3cr3t"), redactor);
    fields.add(
        "metadata.login",
        Value::Str("{\"password\":\"pl4nt3d-s3cr3t\"}"),
        redactor,
    );
    fields
}

/// The rules that depend on text from outside; the crate's own tests validate by
/// AWS's schema, which costs more than the fuzzer has time for.
fn check(document: &serde_json::Value) {
    let name = document["name"].as_str().expect("a name");
    let plain = |c: char| c.is_alphanumeric() || " _.:/%&#=+-@".contains(c) || c.is_whitespace();
    assert!((1..=200).contains(&name.chars().count()), "{name:?}");
    assert!(name.chars().all(plain), "{name:?}");
    let (start, end) = (
        document["start_time"].as_f64(),
        document["end_time"].as_f64(),
    );
    assert!(start.is_some() && (end >= start || document["in_progress"] == true));
    for (key, value) in document["annotations"].as_object().into_iter().flatten() {
        let fit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        assert!(
            (1..=500).contains(&key.len()) && key.bytes().all(fit),
            "{key:?}"
        );
        let short = value
            .as_str()
            .is_none_or(|text| text.chars().count() <= 1000);
        assert!(
            short && !value.is_object() && !value.is_array() && !value.is_null(),
            "{value}"
        );
    }
    for (namespace, members) in document["metadata"].as_object().into_iter().flatten() {
        assert!(members.is_object(), "{namespace}: {members}");
    }
    let status = &document["http"]["response"]["status"];
    assert!(status.is_null() || status.is_u64(), "{status}");
    let nested = document["subsegments"].as_array();
    nested.into_iter().flatten().for_each(check);
}

fn ids(document: &serde_json::Value, seen: &mut Vec<String>) {
    seen.push(document["id"].as_str().expect("an id").to_owned());
    let nested = document["subsegments"].as_array();
    nested
        .into_iter()
        .flatten()
        .for_each(|child| ids(child, seen));
}
