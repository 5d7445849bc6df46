//! A span that is open: its ids, its start, and what is recorded on it.
//!
//! What is recorded waits in the invocation's trail, so that an `in_progress`
//! document can say it. A field's value is rendered by code of the user's, which
//! may open spans of its own: meanwhile the fields are out of the trail, and no
//! lock is held.

use std::{cell::RefCell, error::Error};

use cloudvault_obs_core::{
    json::Value,
    log::Members,
    redact::Redactor,
    segment::{Fields, Key},
    trace::SegmentId,
};

use super::{
    RESPONSE, failure,
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
    id: SegmentId,
    parent: SegmentId,
    start_us: i64,
    name: &'static str,
    pub(crate) recording: Recording,
}

/// Fields on their way into a subsegment.
pub(crate) struct Recording {
    fields: Box<Fields>,
}

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
    pub(crate) fn begin(name: &'static str, (id, parent): (SegmentId, SegmentId)) -> Self {
        let fields = FIELDS.try_with(|spare| spare.try_borrow_mut().ok()?.pop());
        Self {
            id,
            parent,
            start_us: clock::now_us(),
            name,
            recording: Recording {
                fields: fields.ok().flatten().unwrap_or_default(),
            },
        }
    }

    /// The subsegment with what was recorded so far.
    pub(crate) fn open(self, invocation: &Invocation) -> Open {
        let entry = Entry {
            name: self.name,
            id: self.id,
            parent: self.parent,
            start_us: self.start_us,
            announced: false,
            fields: Some(self.recording.fields),
        };
        Open {
            id: self.id,
            slot: invocation.trail.open(entry),
        }
    }
}

impl Recording {
    /// Records a field of the user's, without its secrets.
    pub(crate) fn add(&mut self, key: &Key, value: Value<'_>, redactor: &Redactor) {
        self.fields.set(key, value, redactor);
    }

    /// Records a field of the user's as lines have it, if documents do too.
    #[inline]
    pub(crate) fn add_member(&mut self, key: &Key, member: &[u8]) -> bool {
        self.fields.set_member(key, member)
    }

    /// Records what a line's members have got since they were marked.
    #[inline]
    pub(crate) fn adopt(&mut self, members: &Members) {
        self.fields.adopt(members);
    }

    /// Records a field of the handler's own span.
    pub(crate) fn add_own(&mut self, key: &Key, value: Value<'_>, redactor: &Redactor) {
        if key.name() != RESPONSE {
            self.add(key, value, redactor);
        } else if let Value::Str(json) = value {
            let json = json.as_bytes();
            self.fields.metadata_json("default", "response", json);
        }
    }

    /// Records the error that ended the work, with its sources.
    pub(crate) fn fail(&mut self, error: &(dyn Error + 'static), redactor: &Redactor) {
        self.fields.fail(failure::chain(error, redactor));
    }
}

impl Open {
    /// Goes on recording; see [`Open::recorded`].
    pub(crate) fn record(&self, invocation: &Invocation) -> Recording {
        Recording {
            fields: invocation.trail.take(self.slot),
        }
    }

    /// Keeps what was recorded.
    pub(crate) fn recorded(&self, invocation: &Invocation, recording: Recording) {
        invocation.trail.put_back(self.slot, recording.fields);
    }

    /// Records the error that an event tells of, if it tells of one.
    pub(crate) fn note_error(&self, of: &Invocation, event: &tracing::Event<'_>) {
        let mut fields = of.trail.take(self.slot);
        event.record(&mut failure::Told {
            fields: &mut fields,
            redactor: of.trail.redactor(),
        });
        of.trail.put_back(self.slot, fields);
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
