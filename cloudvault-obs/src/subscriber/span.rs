//! What is kept of a span until it closes.

use std::{fmt, sync::Arc};

use cloudvault_obs_core::{
    json::Value,
    log::{self as lines, Members},
    redact::Redactor,
    trace::SegmentId,
};
use tracing::{
    Metadata,
    field::{Field, Visit},
    span::{Attributes, Id},
};

use super::{
    HANDLER_TARGET, INVOCATION_TARGET,
    rendered::Rendered,
    site::{Key, Site},
    told::Told,
};
use crate::{
    invocation::{self, Invocation},
    segment,
};

/// A span's rendered fields and its place in the trace.
pub(super) struct Span {
    pub(super) metadata: &'static Metadata<'static>,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Role {
    /// The invocation's own span: keys of every line, reserved ones included.
    Invocation,
    /// The handler's span: its fields stand on every line already.
    Handler,
    /// A batch's record: as a user's span, but its correlation id is the record's
    /// own and takes the place of the invocation's.
    Record,
    /// The user's spans: both on lines and in the subsegment.
    #[default]
    User,
}

impl Role {
    /// Of a callsite's spans.
    pub(super) fn of(metadata: &Metadata<'_>) -> Self {
        match metadata.target() {
            INVOCATION_TARGET => Self::Invocation,
            HANDLER_TARGET => Self::Handler,
            crate::batch::TARGET => Self::Record,
            _ => Self::User,
        }
    }
}

/// What a span begins with.
pub(super) struct Above {
    members: Rendered,
    invocation: Option<Arc<Invocation>>,
    segment: Option<SegmentId>,
}

impl Above {
    /// Of a span with none of ours above it.
    pub(super) fn none() -> Self {
        Self {
            members: Rendered::default(),
            invocation: invocation::current(),
            segment: None,
        }
    }

    /// Of a span below this one.
    pub(super) fn of(span: &Span) -> Self {
        Self::new(&span.members, span.invocation.clone(), span.segment_id())
    }

    pub(super) fn new(
        members: &Members,
        invocation: Option<Arc<Invocation>>,
        segment: Option<SegmentId>,
    ) -> Self {
        Self {
            members: Rendered::below(members),
            invocation,
            segment,
        }
    }
}

impl Span {
    /// A span with its first fields, and its subsegment that has no id yet.
    pub(super) fn new(
        attributes: &Attributes<'_>,
        above: Above,
        rules: Rules<'_>,
    ) -> (Self, Option<segment::Draft>) {
        let (metadata, role) = (attributes.metadata(), rules.site.role);
        let Above {
            mut members,
            invocation,
            segment: parent,
        } = above;
        let traced = invocation.as_deref().filter(|_| role != Role::Invocation);
        let mut segment = traced.and_then(|invocation| {
            let (_, facade) = invocation.sampled()?;
            let parent = parent.unwrap_or(facade);
            Some(segment::Draft::begin(metadata.name(), parent))
        });
        let recording = segment.as_mut().map(segment::Draft::recording);
        if role == Role::User && rules.site.is_plain {
            attributes.record(&mut Plain {
                members: &mut members,
                rules,
            });
            // What the lines have rendered, the document need not.
            if let Some(mut recording) = recording {
                recording.adopt(&members);
            }
        } else {
            attributes.record(&mut Recording {
                members: &mut members,
                role,
                segment: recording,
                rules,
            });
        }
        let span = Self {
            metadata,
            members,
            invocation,
            segment: None,
            role,
        };
        (span, segment)
    }

    pub(super) fn segment_id(&self) -> Option<SegmentId> {
        self.segment.as_ref().map(|segment| segment.id)
    }

    /// Lets the subsegment begin to wait in the invocation's trail.
    pub(super) fn begin(&mut self, segment: segment::Draft, id: &Id) {
        if let Some(invocation) = &self.invocation {
            self.segment = Some(segment.open(invocation, id));
        }
    }

    /// Records further fields.
    pub(super) fn record(&mut self, told: Told, rules: Rules<'_>) {
        let (members, role) = (&mut *self.members, self.role);
        let record = |segment: Option<segment::Recording<'_>>| {
            told.replay(&mut Recording {
                members,
                role,
                segment,
                rules,
            });
        };
        match (&self.segment, &self.invocation) {
            (Some(open), Some(invocation)) => {
                open.record(invocation, |segment| record(Some(segment)));
            }
            _ => record(None),
        }
    }

    /// An error told by an event in the span is how the span's work failed.
    pub(super) fn note(&mut self, failure: segment::Failure) {
        if let (Some(segment), Some(invocation)) = (&self.segment, &self.invocation) {
            segment.note(invocation, failure);
        }
    }

    /// Ends the span's subsegment, if it has one.
    pub(super) fn close(self) {
        if let (Some(segment), Some(invocation)) = (self.segment, &self.invocation) {
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
pub(super) struct Recording<'a> {
    members: &'a mut Members,
    role: Role,
    segment: Option<segment::Recording<'a>>,
    rules: Rules<'a>,
}

impl Recording<'_> {
    #[inline]
    pub(super) fn add(&mut self, field: &Field, value: Value<'_>) {
        let Some(key) = self.rules.key(field) else {
            return;
        };
        let (name, redactor) = (field.name(), self.rules.redactor);
        match self.role {
            Role::Invocation => return self.members.own(name, value),
            Role::Handler => {}
            Role::User | Role::Record if name == segment::LINK => {}
            Role::Record if name == "correlation_id" => self.members.own(name, value),
            Role::User | Role::Record => {
                self.members.named(&key.name, value, redactor);
                // What the line has rendered, the document need not.
                if let (Some(segment), Some(member)) = (&mut self.segment, self.members.last())
                    && segment.add_member(&key.segment, member)
                {
                    return;
                }
            }
        }
        match (&mut self.segment, self.role) {
            (Some(segment), Role::Handler) => segment.add_own(&key.segment, value, redactor),
            (Some(segment), _) => segment.add(&key.segment, value, redactor),
            (None, _) => {}
        }
    }

    /// An error with its causes, as both have it.
    pub(super) fn fail(&mut self, Failed { members, chain }: Failed) {
        if matches!(self.role, Role::User | Role::Record) {
            self.members.take_over(&members);
        }
        if let Some(segment) = &mut self.segment {
            segment.fail(chain);
        }
    }
}

/// Fields of a user's span that all stand in its document as on its lines.
struct Plain<'a> {
    members: &'a mut Members,
    rules: Rules<'a>,
}

impl Plain<'_> {
    #[inline(always)]
    fn add(&mut self, field: &Field, value: Value<'_>) {
        if let Some(key) = self.rules.key(field) {
            self.members
                .named_inline(&key.name, value, self.rules.redactor);
        }
    }
}

impl Visit for Plain<'_> {
    visit! {
        record_i64(i64) I64, record_u64(u64) U64, record_i128(i128) I128, record_u128(u128) U128,
        record_f64(f64) F64, record_bool(bool) Bool, record_str(&str) Str,
        record_bytes(&[u8]) Bytes, record_debug(&dyn fmt::Debug) Debug,
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.add(field, Value::Display(&value));
    }
}

/// An error that is the span's own.
pub(super) struct Failed {
    members: Members,
    chain: segment::Chain,
}

impl Failed {
    /// `None` where the field is like any other: not the span's own error, or a
    /// secret.
    pub(super) fn by(
        field: &Field,
        error: &(dyn std::error::Error + 'static),
        rules: Rules<'_>,
    ) -> Option<Self> {
        let name = field.name();
        let key = rules.key(field);
        if name != "error" || key.is_none_or(|key| key.name.is_secret()) {
            return None;
        }
        let mut members = Members::default();
        lines::put_error(&mut members, name, error, rules.redactor);
        Some(Self {
            members,
            chain: segment::chain(error, rules.redactor).collect(),
        })
    }
}

impl Visit for Recording<'_> {
    visit! {
        record_i64(i64) I64, record_u64(u64) U64, record_i128(i128) I128, record_u128(u128) U128,
        record_f64(f64) F64, record_bool(bool) Bool, record_str(&str) Str,
        record_bytes(&[u8]) Bytes, record_debug(&dyn fmt::Debug) Debug,
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        match Failed::by(field, value, self.rules) {
            Some(failed) => self.fail(failed),
            None => self.add(field, Value::Display(&value)),
        }
    }
}
