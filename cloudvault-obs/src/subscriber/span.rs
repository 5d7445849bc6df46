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
        let mut draft = traced.and_then(|invocation| {
            let ids = (invocation.segment_id(&span.id()), parent(invocation)?);
            Some(segment::Draft::begin(span.name(), ids))
        });
        let mut data = Self {
            members,
            invocation,
            segment: None,
            role,
        };
        // What the lines have rendered, the document need not.
        let adopts = role == Role::User && rules.site.is_plain;
        let mut segment = draft.as_mut().map(|draft| &mut draft.recording);
        attributes.record(&mut Recording {
            data: &mut data,
            segment: segment.as_deref_mut().filter(|_| !adopts),
            rules,
        });
        if let Some(segment) = segment.filter(|_| adopts) {
            segment.adopt(&data.members);
        }
        if let (Some(draft), Some(invocation)) = (draft, &data.invocation) {
            data.segment = Some(draft.open(invocation));
        }
        data
    }

    pub(super) fn record(&mut self, values: &Record<'_>, rules: Rules<'_>) {
        let open = self.segment.as_ref().zip(self.invocation.as_deref());
        let mut segment = open.map(|(open, invocation)| open.record(invocation));
        values.record(&mut Recording {
            data: self,
            segment: segment.as_mut(),
            rules,
        });
        if let (Some(open), Some(invocation), Some(recording)) =
            (&self.segment, &self.invocation, segment)
        {
            open.recorded(invocation, recording);
        }
    }

    /// An error told by an event in the span is how the span's work failed.
    pub(super) fn note_error(&mut self, event: &Event<'_>) {
        if let (Some(segment), Some(invocation)) = (&self.segment, &self.invocation) {
            segment.note_error(invocation, event);
        }
    }

    /// Ends the span's subsegment, if it has one.
    pub(super) fn close(&mut self) {
        if let (Some(segment), Some(invocation)) = (self.segment.take(), &self.invocation) {
            segment.close(invocation);
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
    segment: Option<&'a mut segment::Recording>,
    rules: Rules<'a>,
}

impl Recording<'_> {
    #[inline]
    fn add(&mut self, field: &Field, value: Value<'_>) {
        let Some(key) = self.rules.key(field) else {
            return;
        };
        let (name, members) = (field.name(), &mut self.data.members);
        match self.data.role {
            Role::Invocation => return members.own(name, value),
            Role::Handler => {}
            Role::User | Role::Record if name == segment::LINK => {}
            Role::Record if name == "correlation_id" => members.own(name, value),
            Role::User | Role::Record => {
                members.named(&key.name, value, self.rules.redactor);
                // What the line has rendered, the document need not.
                if let (Some(segment), Some(member)) = (&mut self.segment, members.last())
                    && segment.add_member(&key.segment, member)
                {
                    return;
                }
            }
        }
        if let Some(segment) = &mut self.segment {
            match self.data.role {
                Role::Handler => segment.add_own(&key.segment, value, self.rules.redactor),
                _ => segment.add(&key.segment, value, self.rules.redactor),
            }
        }
    }

    /// An error, with its causes where it is the span's own.
    fn fail(&mut self, field: &Field, error: &(dyn std::error::Error + 'static)) {
        let name = field.name();
        let key = self.rules.key(field);
        if name != "error" || key.is_none_or(|key| key.name.is_secret()) {
            return self.add(field, Value::Display(&error));
        }
        if matches!(self.data.role, Role::User | Role::Record) {
            lines::put_error(&mut self.data.members, name, error, self.rules.redactor);
        }
        if let Some(segment) = &mut self.segment {
            segment.fail(error, self.rules.redactor);
        }
    }
}

impl Visit for Recording<'_> {
    visit! {
        record_i64(i64) I64, record_u64(u64) U64, record_i128(i128) I128, record_u128(u128) U128,
        record_f64(f64) F64, record_bool(bool) Bool, record_str(&str) Str,
        record_bytes(&[u8]) Bytes, record_debug(&dyn fmt::Debug) Debug,
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.fail(field, value);
    }
}
