//! What is kept in a span's extensions until it closes.

use std::{fmt, sync::Arc};

use cloudvault_obs_core::{json::Value, log as lines, redact::Redactor, trace::SegmentId};
use tracing::{
    Event,
    field::{Field, Visit},
    span::{Attributes, Record},
};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::{
    HANDLER_TARGET, INVOCATION_TARGET,
    rendered::Rendered,
    site::{Key, Site},
};
use crate::{
    invocation::{self, Invocation},
    segment,
};

/// A span's rendered fields and its place in the trace.
pub(super) struct SpanData {
    /// The fields of this span and of those above it.
    pub(super) members: Rendered,
    pub(super) invocation: Option<Arc<Invocation>>,
    segment: Option<segment::Open>,
    role: Role,
}

/// How a span's fields are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) site: &'a Site,
    pub(super) redactor: &'a Redactor,
}

impl<'a> Rules<'a> {
    fn key(self, field: &Field) -> Option<&'a Key> {
        self.site.keys.get(field.index())
    }
}

/// Where a span's fields go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The invocation's own span: keys of every line, reserved ones included.
    Invocation,
    /// The handler's span: its fields stand on every line already.
    Handler,
    /// A batch's record: as a user's span, but its correlation id is the record's
    /// own and takes the place of the invocation's.
    Record,
    /// The user's spans: both on lines and in the subsegment.
    User,
}

impl SpanData {
    /// A span with none of ours above it.
    pub(super) fn top<'a, R: LookupSpan<'a>>(
        span: &SpanRef<'a, R>,
        (attributes, rules): (&Attributes<'_>, Rules<'_>),
    ) -> Self {
        let parent = |invocation: &Invocation| invocation.sampled().map(|(_, facade)| facade);
        Self::new(
            span,
            (attributes, rules),
            (Rendered::default(), invocation::current()),
            parent,
        )
    }

    pub(super) fn below<'a, R: LookupSpan<'a>>(
        above: &Self,
        span: &SpanRef<'a, R>,
        (attributes, rules): (&Attributes<'_>, Rules<'_>),
    ) -> Self {
        let parent = |invocation: &Invocation| {
            let (_, facade) = invocation.sampled()?;
            Some(above.segment.as_ref().map_or(facade, |segment| segment.id))
        };
        let inherited = (above.members.below(), above.invocation.clone());
        Self::new(span, (attributes, rules), inherited, parent)
    }

    fn new<'a, R: LookupSpan<'a>>(
        span: &SpanRef<'a, R>,
        (attributes, rules): (&Attributes<'_>, Rules<'_>),
        (members, invocation): (Rendered, Option<Arc<Invocation>>),
        parent: impl FnOnce(&Invocation) -> Option<SegmentId>,
    ) -> Self {
        let role = match attributes.metadata().target() {
            INVOCATION_TARGET => Role::Invocation,
            HANDLER_TARGET => Role::Handler,
            crate::batch::TARGET => Role::Record,
            _ => Role::User,
        };
        let traced = invocation.as_deref().filter(|_| role != Role::Invocation);
        let segment = traced.and_then(|invocation| {
            let ids = (invocation.segment_id(&span.id()), parent(invocation)?);
            Some(segment::Open::begin(invocation, span.name(), ids))
        });
        let mut data = Self {
            members,
            invocation,
            segment,
            role,
        };
        attributes.record(&mut Recording {
            data: &mut data,
            rules,
        });
        data
    }

    pub(super) fn record(&mut self, values: &Record<'_>, rules: Rules<'_>) {
        values.record(&mut Recording { data: self, rules });
    }

    /// An error told by an event in the span is how the span's work failed.
    pub(super) fn note_error(&mut self, event: &Event<'_>) {
        if let (Some(segment), Some(invocation)) = (&mut self.segment, &self.invocation) {
            segment.note_error(invocation, event);
        }
    }

    /// Ends the span's subsegment, if it has one.
    pub(super) fn close(&mut self, name: &str) {
        if let (Some(segment), Some(invocation)) = (self.segment.take(), &self.invocation) {
            segment.close(invocation, name);
        }
    }

    fn add(&mut self, field: &Field, value: Value<'_>, rules: Rules<'_>) {
        let name = field.name();
        match self.role {
            Role::Invocation => return self.members.own(name, value),
            Role::Handler => {}
            Role::User | Role::Record if name == segment::LINK => {}
            Role::Record if name == "correlation_id" => {
                self.members.own(name, value);
            }
            Role::User | Role::Record => {
                if let Some(key) = rules.key(field) {
                    self.members.named(&key.name, value, rules.redactor);
                }
            }
        }
        if let (Some(segment), Some(invocation)) = (&mut self.segment, &self.invocation) {
            match self.role {
                Role::Handler => segment.add_own(invocation, name, value),
                _ => segment.add(invocation, name, value),
            }
        }
    }

    /// An error, with its causes where it is the span's own.
    fn fail(&mut self, field: &Field, error: &(dyn std::error::Error + 'static), rules: Rules<'_>) {
        let name = field.name();
        let is_secret = rules.key(field).is_none_or(|key| key.name.is_secret());
        if name != "error" || is_secret {
            return self.add(field, Value::Display(&error), rules);
        }
        if matches!(self.role, Role::User | Role::Record) {
            lines::put_error(&mut self.members, name, error, rules.redactor);
        }
        if let (Some(segment), Some(invocation)) = (&mut self.segment, &self.invocation) {
            segment.fail(invocation, error);
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

/// Fields on their way into a span.
struct Recording<'a> {
    data: &'a mut SpanData,
    rules: Rules<'a>,
}

impl Recording<'_> {
    fn add(&mut self, field: &Field, value: Value<'_>) {
        self.data.add(field, value, self.rules);
    }
}

impl Visit for Recording<'_> {
    visit! {
        record_i64(i64) I64, record_u64(u64) U64, record_i128(i128) I128, record_u128(u128) U128,
        record_f64(f64) F64, record_bool(bool) Bool, record_str(&str) Str,
        record_bytes(&[u8]) Bytes, record_debug(&dyn fmt::Debug) Debug,
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.data.fail(field, value, self.rules);
    }
}
