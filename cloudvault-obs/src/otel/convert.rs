//! OpenTelemetry's spans as fields of a subsegment.

use std::time::{SystemTime, UNIX_EPOCH};

use cloudvault_obs_core::{
    json::Value,
    redact::{MARK, Redactor},
    segment::{Fields, Link, Recorded, Subsegment},
    trace::{SegmentId, TraceId},
};
use opentelemetry::{
    KeyValue,
    trace::{SpanId, SpanKind, Status},
};
use opentelemetry_sdk::trace::SpanData;

/// What a span has recorded, sorted into a document's blocks.
pub(super) fn fields(span: &SpanData, redactor: &Redactor) -> Fields {
    let mut fields = Fields::default();
    let kind = match span.span_kind {
        SpanKind::Client => "client",
        SpanKind::Producer => "producer",
        SpanKind::Server => "server",
        SpanKind::Consumer => "consumer",
        SpanKind::Internal => "internal",
    };
    fields.add("otel.kind", Value::Str(kind), redactor);
    // The span's own name is no field, and yet may hold what a path holds.
    if redactor.redact(&span.name) != span.name {
        fields.add("otel.name", Value::Str(&span.name), redactor);
    }
    add(&mut fields, &span.attributes, redactor);
    for event in span.events.iter() {
        if event.name == "exception" {
            add(&mut fields, &event.attributes, redactor);
        } else {
            let name = redactor.redact(&format!("event {}", event.name));
            let attributes: Vec<String> = event
                .attributes
                .iter()
                .map(|KeyValue { key, value, .. }| {
                    // By its key: a value may hold what would end it in a text.
                    if redactor.is_secret_key(key.as_str()) {
                        format!("{key}={MARK}")
                    } else {
                        format!("{key}={value}")
                    }
                })
                .collect();
            fields.metadata("otel", &name, Value::Str(&attributes.join(" ")), redactor);
        }
    }
    if let Status::Error { description } = &span.status {
        fields.add("otel.status_code", Value::Str("ERROR"), redactor);
        if !description.is_empty() {
            fields.add("otel.status_description", Value::Str(description), redactor);
        }
    }
    for link in span.links.iter() {
        fields.link(Link {
            trace_id: TraceId::from_bits(u128::from_be_bytes(
                link.span_context.trace_id().to_bytes(),
            )),
            id: segment_id(link.span_context.span_id()),
        });
    }
    fields
}

fn add(fields: &mut Fields, attributes: &[KeyValue], redactor: &Redactor) {
    for attribute in attributes {
        let text;
        let value = match &attribute.value {
            opentelemetry::Value::Bool(value) => Value::Bool(*value),
            opentelemetry::Value::I64(value) => Value::I64(*value),
            opentelemetry::Value::F64(value) => Value::F64(*value),
            opentelemetry::Value::String(value) => Value::Str(value.as_str()),
            other => {
                text = other.to_string();
                Value::Str(&text)
            }
        };
        fields.add(attribute.key.as_str(), value, redactor);
    }
}

/// The span as a subsegment of its parent; without one, a segment.
pub(super) fn subsegment<'a>(span: &'a SpanData, fields: &'a Fields) -> Option<Subsegment<'a>> {
    let trace = span.span_context.trace_id();
    Some(Subsegment {
        name: &span.name,
        id: segment_id(span.span_context.span_id())?,
        trace_id: TraceId::from_bits(u128::from_be_bytes(trace.to_bytes())),
        parent_id: segment_id(span.parent_span_id),
        start_us: micros(span.start_time),
        end_us: Some(micros(span.end_time)),
        recorded: Recorded::Fields(fields),
    })
}

fn segment_id(id: SpanId) -> Option<SegmentId> {
    (id != SpanId::INVALID).then(|| SegmentId::from_bits(u64::from_be_bytes(id.to_bytes())))
}

fn micros(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
