//! Spans as OTLP's protobuf, without the secrets in them.

use cloudvault_obs_core::redact::{MARK, Redactor};
use opentelemetry::{Array, KeyValue, StringValue, Value, trace::Status};
use opentelemetry_proto::{
    tonic::collector::trace::v1::ExportTraceServiceRequest,
    transform::{
        common::tonic::ResourceAttributesWithSchema,
        trace::tonic::group_spans_by_resource_and_scope,
    },
};
use opentelemetry_sdk::trace::SpanData;
use prost::Message as _;

/// One request with all of `spans`, of which [`redact`] has taken care.
pub(super) fn encode(spans: Vec<SpanData>, resource: &ResourceAttributesWithSchema) -> Vec<u8> {
    let resource_spans = group_spans_by_resource_and_scope(spans, resource);
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

/// Takes well-known secrets out of what the spans tell, by their keys and by
/// their looks, as documents and lines do.
pub(super) fn redact(spans: &mut [SpanData], redactor: &Redactor) {
    for span in spans {
        let names = span.events.events.iter_mut().map(|event| &mut event.name);
        for name in std::iter::once(&mut span.name).chain(names) {
            let without = redactor.redact(name);
            if without != **name {
                *name = without.into();
            }
        }
        let events = span.events.events.iter_mut();
        let links = span.links.links.iter_mut();
        let attributes = std::iter::once(&mut span.attributes)
            .chain(events.map(|event| &mut event.attributes))
            .chain(links.map(|link| &mut link.attributes));
        for attribute in attributes.flatten() {
            redact_one(attribute, redactor);
        }
        if let Status::Error { description } = &mut span.status {
            *description = redactor.redact(description).into();
        }
    }
}

fn redact_one(attribute: &mut KeyValue, redactor: &Redactor) {
    let without = |text: &StringValue| StringValue::from(redactor.redact(text.as_str()));
    match &mut attribute.value {
        value if redactor.is_secret_key(attribute.key.as_str()) => *value = Value::from(MARK),
        Value::String(text) => *text = without(text),
        Value::Array(Array::String(texts)) => {
            texts.iter_mut().for_each(|text| *text = without(text));
        }
        Value::I64(number) if redactor.is_secret_integer(number.unsigned_abs()) => {
            attribute.value = Value::from(MARK);
        }
        _ => {}
    }
}
