//! The current span, as a thread keeps it for lines and for spans below.

use cloudvault_obs_core::{log::Members, trace::SegmentId};

use super::{context::Context, fields::Seen, site::Site, span::Span, spans::Spans};
use crate::invocation::Invocation;

/// The span that was current when it was last asked for.
#[derive(Default)]
pub(super) struct Around {
    /// How many times the members of a living span had changed by then.
    now: u64,
    /// Its id, which is never 0.
    span: u64,
    pub(super) context: Context,
    /// Another span, which one below it has asked for last.
    missed: u64,
    /// A callsite, by its address, and the fields with which it shares no key with the
    /// members, though their bits say that it may.
    apart: (usize, u64),
}

/// The span that an event is in, and where all spans are.
pub(super) type Whereabouts<'a> = (Option<u64>, &'a Spans<Box<Span>>);

impl Around {
    #[inline]
    fn is(&self, now: u64, span: u64) -> bool {
        self.now == now && self.span == span
    }

    /// Moves to the span that an event is in.
    #[inline]
    pub(super) fn find(&mut self, now: u64, (span, spans): Whereabouts<'_>) {
        let Some(span) = span else {
            self.forget();
            return self.context.leave();
        };
        if !self.is(now, span) {
            self.forget();
            match spans.with(span, |span| self.context.copy(&span.context)) {
                Some(()) => (self.now, self.span) = (now, span),
                None => self.context.leave(),
            }
        }
    }

    /// Lets a span below `parent` begin, if that is kept here, and answers the
    /// subsegment there. Of several side by side, with no line between them, it is
    /// for the second and all that follow.
    #[inline]
    pub(super) fn inherited(
        &mut self,
        now: u64,
        span: &mut Context,
        (parent, spans): (u64, &Spans<Box<Span>>),
    ) -> Option<Option<SegmentId>> {
        if !self.is(now, parent) {
            if self.missed != parent {
                self.missed = parent;
                return None;
            }
            self.find(now, (Some(parent), spans));
        }
        Some(span.inherit(&self.context))
    }

    fn forget(&mut self) {
        (self.span, self.missed, self.apart) = (0, 0, (0, 0));
        self.context.clear();
    }

    /// Appends the members of the spans, then the invocation's keys: what stands
    /// further in wins.
    #[inline]
    pub(super) fn append(&mut self, line: &mut Vec<u8>, fields: Seen, site: &Site) {
        let own = (fields, site);
        let members = &self.context.members;
        let asked = (std::ptr::from_ref(site).addr(), fields.written());
        if fields.bits(site) & members.bits() == 0 || self.apart == asked {
            line.extend_from_slice(members.as_bytes());
        } else if append_members(line, members, own) {
            self.apart = asked;
        }
        if let Some(invocation) = &self.context.invocation
            && invocation.log.has_keys()
        {
            append_keys(line, invocation, members, own);
        }
    }
}

/// Appends the members, but those that give way to a field of the same key; says
/// whether none does.
#[cold]
fn append_members(line: &mut Vec<u8>, members: &Members, (fields, site): (Seen, &Site)) -> bool {
    let before = line.len();
    members.append_unless(line, fields.bits(site), |key| fields.taken(site, key));
    line.len() - before == members.as_bytes().len()
}

#[cold]
fn append_keys(
    line: &mut Vec<u8>,
    invocation: &Invocation,
    members: &Members,
    (fields, site): (Seen, &Site),
) {
    let bits = fields.bits(site) | members.bits();
    invocation.log.with_keys(|keys| {
        keys.append_unless(line, bits, |key| {
            fields.taken(site, key) || members.contains_escaped(key)
        });
    });
}
