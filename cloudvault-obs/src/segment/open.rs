//! A span that is open: its ids, its start, and what is recorded on it.
//!
//! What is recorded waits in the invocation's trail, so that an `in_progress`
//! document can say it. A value that code of the user's renders is rendered before:
//! no lock is held meanwhile.

use std::cell::RefCell;

use cloudvault_obs_core::{
    json::Value,
    log::Members,
    redact::Redactor,
    segment::{Fields, Key},
    trace::SegmentId,
};
use tracing::span::Id;

use super::{
    RESPONSE,
    failure::{Chain, Failure},
    trail::{Entry, Slot},
};
use crate::{clock, invocation::Invocation};

/// A subsegment from its span's opening to its close.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) id: SegmentId,
    slot: Slot,
}

/// A subsegment whose first fields are being recorded.
pub(crate) struct Draft {
    parent: SegmentId,
    start_us: i64,
    name: &'static str,
    fields: Box<Fields>,
}

/// Fields on their way into a subsegment.
pub(crate) struct Recording<'a>(&'a mut Fields);

/// Memory of closed spans that a thread keeps for the next ones.
const SPARE: usize = 16;
/// Memory that one huge span has grown is given back.
const KEEP: usize = 16 * 1024;

/// Boxed, because they move from hand to hand.
type Spare = Vec<Box<Fields>>;

thread_local! {
    static FIELDS: RefCell<Spare> = const { RefCell::new(Vec::new()) };
}

impl Draft {
    /// A subsegment below `parent`, which begins now.
    pub(crate) fn begin(name: &'static str, parent: SegmentId) -> Self {
        let fields = FIELDS.try_with(|spare| spare.try_borrow_mut().ok()?.pop());
        Self {
            parent,
            start_us: clock::now_us(),
            name,
            fields: fields.ok().flatten().unwrap_or_default(),
        }
    }

    pub(crate) fn recording(&mut self) -> Recording<'_> {
        Recording(&mut self.fields)
    }

    /// The subsegment of `span`, with what was recorded so far.
    pub(crate) fn open(self, invocation: &Invocation, span: &Id) -> Open {
        let id = invocation.segment_id(span);
        let entry = Entry {
            name: self.name,
            id,
            parent: self.parent,
            start_us: self.start_us,
            announced: false,
            fields: self.fields,
        };
        Open {
            id,
            slot: invocation.trail.open(entry),
        }
    }
}

impl Recording<'_> {
    /// Records a field of the user's, without its secrets.
    pub(crate) fn add(&mut self, key: &Key, value: Value<'_>, redactor: &Redactor) {
        self.0.set(key, value, redactor);
    }

    /// Records a field of the user's as lines have it, if documents do too.
    #[inline]
    pub(crate) fn add_member(&mut self, key: &Key, member: &[u8]) -> bool {
        self.0.set_member(key, member)
    }

    /// Records what a line's members have got since they were marked.
    #[inline]
    pub(crate) fn adopt(&mut self, members: &Members) {
        self.0.adopt(members);
    }

    /// Records a field of the handler's own span.
    pub(crate) fn add_own(&mut self, key: &Key, value: Value<'_>, redactor: &Redactor) {
        if key.name() != RESPONSE {
            self.add(key, value, redactor);
        } else if let Value::Str(json) = value {
            let json = json.as_bytes();
            self.0.metadata_json("default", "response", json);
        }
    }

    /// Records the error that ended the work, with its sources.
    pub(crate) fn fail(&mut self, chain: Chain) {
        self.0.fail(chain);
    }
}

impl Open {
    /// Goes on recording. Nothing of the user's is to run in `more`.
    pub(crate) fn record(&self, of: &Invocation, more: impl FnOnce(Recording<'_>)) {
        of.trail.record(self.slot, |fields| more(Recording(fields)));
    }

    /// Records the error that an event has told of.
    pub(crate) fn note(&self, of: &Invocation, failure: Failure) {
        let redactor = of.trail.redactor();
        of.trail
            .record(self.slot, |fields| failure.record(fields, redactor));
    }

    /// Ends the subsegment: its document waits in the invocation's trail.
    pub(crate) fn close(self, invocation: &Invocation) {
        let trace_id = invocation.sampled().map(|(trace, _)| trace.root);
        let closed = invocation.trail.close(self.slot, trace_id);
        let Some(mut fields) = closed.filter(|fields| fields.capacity() <= KEEP) else {
            return;
        };
        fields.clear();
        let _ = FIELDS.try_with(|spare| {
            if let Ok(mut spare) = spare.try_borrow_mut()
                && spare.len() < SPARE
            {
                spare.push(fields);
            }
        });
    }
}
