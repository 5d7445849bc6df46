//! What is kept in a span's extensions until it closes.

use std::{fmt, sync::Arc};

use cloudvault_obs_core::{
    json::Value,
    log::Members,
    segment::{DATAGRAM_HEADER, Exception, Fields, MAX_DOCUMENT, Outcome, Subsegment},
    trace::SegmentId,
};
use tracing::{
    field::{Field, Visit},
    span::{Attributes, Record},
};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::{HANDLER_TARGET, INVOCATION_TARGET};
use crate::{
    clock,
    invocation::{self, Invocation},
};

/// A span's rendered fields and its place in the trace.
pub(super) struct SpanData {
    /// The fields of this span and of those above it.
    pub(super) members: Members,
    pub(super) invocation: Option<Arc<Invocation>>,
    segment: Option<Segment>,
    role: Role,
}

/// Where a span's fields go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The invocation's own span: keys of every line, reserved ones included.
    Invocation,
    /// The handler's span: its fields stand on every line already.
    Handler,
    /// The user's spans: both on lines and in the subsegment.
    User,
}

struct Segment {
    id: SegmentId,
    parent: SegmentId,
    start_us: i64,
    fields: Fields,
    error: Option<Box<str>>,
}

impl SpanData {
    /// A span with none of ours above it.
    pub(super) fn top<'a, R: LookupSpan<'a>>(
        span: &SpanRef<'a, R>,
        attributes: &Attributes<'_>,
    ) -> Self {
        let parent = |invocation: &Invocation| invocation.sampled().map(|(_, facade)| facade);
        Self::new(
            span,
            attributes,
            (Members::default(), invocation::current()),
            parent,
        )
    }

    pub(super) fn below<'a, R: LookupSpan<'a>>(
        above: &Self,
        span: &SpanRef<'a, R>,
        attributes: &Attributes<'_>,
    ) -> Self {
        let parent = |invocation: &Invocation| {
            let (_, facade) = invocation.sampled()?;
            Some(above.segment.as_ref().map_or(facade, |segment| segment.id))
        };
        let inherited = (above.members.clone(), above.invocation.clone());
        Self::new(span, attributes, inherited, parent)
    }

    fn new<'a, R: LookupSpan<'a>>(
        span: &SpanRef<'a, R>,
        attributes: &Attributes<'_>,
        (members, invocation): (Members, Option<Arc<Invocation>>),
        parent: impl FnOnce(&Invocation) -> Option<SegmentId>,
    ) -> Self {
        let role = match attributes.metadata().target() {
            INVOCATION_TARGET => Role::Invocation,
            HANDLER_TARGET => Role::Handler,
            _ => Role::User,
        };
        let traced = invocation.as_deref().filter(|_| role != Role::Invocation);
        let segment = traced.and_then(|invocation| {
            Some(Segment {
                parent: parent(invocation)?,
                id: invocation.segment_id(&span.id()),
                start_us: clock::now_us(),
                fields: Fields::default(),
                error: None,
            })
        });
        let mut data = Self {
            members,
            invocation,
            segment,
            role,
        };
        attributes.record(&mut data);
        data
    }

    pub(super) fn record(&mut self, values: &Record<'_>) {
        values.record(self);
    }

    /// Writes the subsegment's document behind what `out` holds (the datagram's
    /// header); false when the span is none.
    pub(super) fn write_subsegment(&self, name: &str, end_us: i64, out: &mut Vec<u8>) -> bool {
        let (Some(segment), Some(invocation)) = (&self.segment, &self.invocation) else {
            return false;
        };
        let Some((trace, _)) = invocation.sampled() else {
            return false;
        };
        let exception = segment.error.as_ref().map(|message| Exception {
            id: segment.id,
            kind: "Error".into(),
            message: message.clone(),
        });
        let mut document = Subsegment {
            name,
            id: segment.id,
            trace_id: trace.root,
            parent_id: segment.parent,
            start_us: segment.start_us,
            end_us: Some(end_us),
            outcome: if exception.is_some() {
                Outcome::Fault
            } else {
                Outcome::Ok
            },
            cause: exception.as_ref(),
            fields: &segment.fields,
        };
        document.write(out);
        let length = out.len() - DATAGRAM_HEADER.len();
        if length > MAX_DOCUMENT {
            // X-Ray refuses it whole: keep the times and the outcome, and say
            // how much was cut.
            let mut mark = Fields::default();
            mark.add("obs_cut_bytes", Value::U64(length as u64));
            out.truncate(DATAGRAM_HEADER.len());
            (document.fields, document.cause) = (&mark, None);
            document.write(out);
        }
        true
    }

    fn add(&mut self, field: &Field, value: Value<'_>) {
        let name = field.name();
        match self.role {
            Role::Invocation => return self.members.own(name, value),
            Role::Handler => {}
            Role::User => self.members.field(name, value),
        }
        if let Some(segment) = &mut self.segment {
            if name == "error" {
                segment.error = Some(match value {
                    Value::Display(text) => text.to_string().into(),
                    Value::Debug(text) => format!("{text:?}").into(),
                    Value::Str(text) => text.into(),
                    other => format!("{other:?}").into(),
                });
            } else {
                segment.fields.add(name, value);
            }
        }
    }
}

macro_rules! visit {
    ($($method:ident($type:ty) $variant:ident),+ $(,)?) => {
        $(fn $method(&mut self, field: &Field, value: $type) {
            self.add(field, Value::$variant(value));
        })+
    };
}
pub(super) use visit;

impl Visit for SpanData {
    visit! {
        record_i64(i64) I64, record_u64(u64) U64, record_i128(i128) I128, record_u128(u128) U128,
        record_f64(f64) F64, record_bool(bool) Bool, record_str(&str) Str,
        record_debug(&dyn fmt::Debug) Debug,
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.add(field, Value::Display(&value));
    }
}
