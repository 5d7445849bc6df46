//! What is kept of a span until it closes.

use std::{cell::RefCell, sync::Arc};

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
    context::Context,
    site::{Key, Site},
    spans::Spans,
    told::Told,
};
use crate::{
    invocation::Invocation,
    segment::{self, Open, OpenSpans, Source, Trail},
};

/// A span that is open.
pub(super) struct Span {
    pub(super) metadata: &'static Metadata<'static>,
    pub(super) context: Context,
    segment: Option<Open>,
    role: Role,
}

/// Memory of closed spans that a thread keeps for the next ones.
const SPARE: usize = 16;

/// Boxed, because they move from hand to hand.
type Boxed = Box<Span>;

thread_local! {
    static SPANS: RefCell<Vec<Boxed>> = const { RefCell::new(Vec::new()) };
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

impl Span {
    /// A span of a callsite, in memory that was used before.
    #[inline]
    fn spare(metadata: &'static Metadata<'static>, role: Role) -> Box<Self> {
        let spare = SPANS.try_with(|spare| spare.try_borrow_mut().ok()?.pop());
        let Ok(Some(mut span)) = spare else {
            return Box::new(Self {
                metadata,
                context: Context::default(),
                segment: None,
                role,
            });
        };
        (span.metadata, span.role) = (metadata, role);
        span
    }

    /// A span with its first fields, and the subsegment that begins with it. `inherit`
    /// fills in what is above the span, and answers the subsegment there.
    #[inline]
    pub(super) fn new(
        attributes: &Attributes<'_>,
        rules: Rules<'_>,
        inherit: impl FnOnce(&mut Context) -> Option<SegmentId>,
    ) -> (Box<Self>, Option<segment::Draft>) {
        let role = rules.site.role;
        let mut span = Self::spare(attributes.metadata(), role);
        let above = inherit(&mut span.context);
        let Context {
            members,
            invocation,
            ..
        } = &mut span.context;
        let traced = invocation.as_deref().filter(|_| role != Role::Invocation);
        let mut segment = traced
            .and_then(Invocation::sampled)
            .map(|(_, facade)| segment::Draft::begin(above.unwrap_or(facade)));
        if rules.site.source() == Source::Lines {
            attributes.record(&mut Plain { members, rules });
        } else {
            attributes.record(&mut Recording {
                members,
                role,
                segment: segment.as_mut().map(segment::Draft::recording),
                rules,
            });
        }
        (span, segment)
    }

    /// Opens the subsegment, which needs the span's id.
    #[inline]
    pub(super) fn open(&mut self, segment: segment::Draft, (id, source): (&Id, Source)) {
        if let Some(invocation) = &self.context.invocation {
            self.context.segment = Some(invocation.segment_id(id));
            self.segment = Some(segment.open(self.metadata.name(), source));
        }
    }

    /// Records further fields.
    pub(super) fn record(&mut self, told: Told, rules: Rules<'_>) {
        told.replay(&mut Recording {
            members: &mut self.context.members,
            role: self.role,
            segment: self.segment.as_mut().and_then(Open::recording),
            rules,
        });
    }

    /// An error told by an event in the span is how the span's work failed.
    pub(super) fn note(&mut self, failure: segment::Failure, redactor: &Redactor) {
        if let Some(segment) = &mut self.segment {
            segment.note(failure, redactor);
        }
    }

    /// Ends the span's subsegment, if it has one.
    #[inline]
    pub(super) fn close(mut self: Box<Self>) {
        let Context {
            members,
            invocation,
            segment,
        } = &self.context;
        if let (Some(open), Some(invocation), Some(id)) = (&mut self.segment, invocation, *segment)
        {
            open.close(invocation, (id, members));
        }
        self.segment = None;
        self.context.clear();
        let _ = SPANS.try_with(|spare| {
            if let Ok(mut spare) = spare.try_borrow_mut()
                && spare.len() < SPARE
            {
                spare.push(self);
            }
        });
    }
}

impl OpenSpans for Spans<Box<Span>> {
    fn each(&self, of: &Trail, look: &mut dyn FnMut(&mut Open, segment::Known<'_>)) {
        self.each_open(|span| {
            let Context {
                members,
                invocation,
                segment,
            } = &span.context;
            let is_of = |it: &Arc<Invocation>| std::ptr::eq(&raw const it.trail, of);
            if let (Some(open), Some(id)) = (&mut span.segment, *segment)
                && invocation.as_ref().is_some_and(is_of)
            {
                look(open, (id, members));
            }
        });
    }
}

/// Hands each value to `add`, whatever its type; errors are another matter.
macro_rules! visit {
    () => {
        $crate::subscriber::span::visit! {
            record_i64(i64) I64, record_u64(u64) U64, record_i128(i128) I128,
            record_u128(u128) U128, record_f64(f64) F64, record_bool(bool) Bool,
            record_str(&str) Str, record_bytes(&[u8]) Bytes,
            record_debug(&dyn std::fmt::Debug) Debug,
        }
    };
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
    visit!();

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
    visit!();

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        match Failed::by(field, value, self.rules) {
            Some(failed) => self.fail(failed),
            None => self.add(field, Value::Display(&value)),
        }
    }
}
