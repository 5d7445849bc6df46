//! A span that is open: its ids, its start, and what is recorded on it.
//!
//! Most spans record annotations that their lines have rendered already: those are
//! taken from there when the document is written. A span has [`Fields`] of its own
//! where its document says more, or says it otherwise.

use std::cell::RefCell;

use cloudvault_obs_core::{
    json::Value,
    log::Members,
    redact::Redactor,
    segment::{Batch, Delivery, Fields, Key, Recorded, Subsegment},
    trace::{SegmentId, TraceId},
};

use super::{
    RESPONSE,
    failure::{Chain, Failure},
};
use crate::{clock, invocation::Invocation};

/// A subsegment whose first fields are being recorded.
pub(crate) struct Draft {
    parent: SegmentId,
    start_us: i64,
    fields: Option<Box<Fields>>,
}

/// Where a span's annotations are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// Among its lines' members, all of them.
    Lines,
    /// In fields of its own.
    Fields,
}

/// A subsegment from its span's opening to its close.
pub(crate) struct Open {
    name: &'static str,
    parent: SegmentId,
    start_us: i64,
    source: Source,
    fields: Option<Box<Fields>>,
    /// Whether its `in_progress` document has been sent.
    announced: bool,
}

/// What an open subsegment's span knows of it: its id, and the members of its lines.
pub(crate) type Known<'a> = (SegmentId, &'a Members);

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

/// Empty fields, in memory that was used before.
fn spare() -> Box<Fields> {
    let spare = FIELDS.try_with(|spare| spare.try_borrow_mut().ok()?.pop());
    spare.ok().flatten().unwrap_or_default()
}

fn give_back(mut fields: Box<Fields>) {
    if fields.capacity() > KEEP {
        return;
    }
    fields.clear();
    let _ = FIELDS.try_with(|spare| {
        if let Ok(mut spare) = spare.try_borrow_mut()
            && spare.len() < SPARE
        {
            spare.push(fields);
        }
    });
}

impl Draft {
    /// A subsegment below `parent`, which begins now.
    #[inline]
    pub(crate) fn begin(parent: SegmentId) -> Self {
        Self {
            parent,
            start_us: clock::now_us(),
            fields: None,
        }
    }

    pub(crate) fn recording(&mut self) -> Recording<'_> {
        Recording(self.fields.get_or_insert_with(spare))
    }

    /// The subsegment of a span called `name`.
    #[inline]
    pub(crate) fn open(self, name: &'static str, source: Source) -> Open {
        Open {
            name,
            parent: self.parent,
            start_us: self.start_us,
            source,
            fields: self.fields,
            announced: false,
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
    /// What further fields go to; `None` where the lines' members are enough.
    pub(crate) fn recording(&mut self) -> Option<Recording<'_>> {
        (self.source == Source::Fields).then(|| Recording(self.fields()))
    }

    fn fields(&mut self) -> &mut Fields {
        self.fields.get_or_insert_with(spare)
    }

    /// Records the error that an event has told of.
    pub(crate) fn note(&mut self, failure: Failure, redactor: &Redactor) {
        failure.record(self.fields(), redactor);
    }

    /// Ends the subsegment: its document waits in the invocation's trail.
    #[inline]
    pub(crate) fn close(&mut self, invocation: &Invocation, known: Known<'_>) {
        if let Some((trace, _)) = invocation.sampled() {
            invocation.trail.close(self, known, trace.root);
        }
        if let Some(fields) = self.fields.take() {
            give_back(fields);
        }
    }

    /// Whether it began before `before_us` and nobody has been told yet.
    pub(super) fn waits(&self, before_us: i64) -> bool {
        !self.announced && self.start_us <= before_us
    }

    /// Adds its `in_progress` document to `batch`.
    pub(super) fn announce(&mut self, known: Known<'_>, batch: &mut Batch, trace_id: TraceId) {
        self.announced = true;
        self.push(known, batch, (trace_id, None));
    }

    /// Adds its document to `batch`.
    #[inline]
    pub(super) fn push(
        &mut self,
        (id, members): Known<'_>,
        batch: &mut Batch,
        (trace_id, end_us): (TraceId, Option<i64>),
    ) {
        // X-Ray completes a document by one of the same kind.
        let delivery = if self.announced {
            Delivery::Alone
        } else {
            Delivery::Nested
        };
        let subsegment = Subsegment {
            name: self.name,
            id,
            trace_id,
            parent_id: Some(self.parent),
            start_us: self.start_us,
            end_us,
            recorded: self.recorded(members),
        };
        batch.push(&subsegment, delivery);
    }

    #[inline]
    fn recorded<'a>(&'a mut self, members: &'a Members) -> Recorded<'a> {
        if self.source == Source::Lines {
            match Fields::annotations(members) {
                Some(annotations) if self.fields.is_none() => {
                    return Recorded::Annotations(annotations);
                }
                _ => self.fields().adopt(members),
            }
        }
        Recorded::Fields(self.fields())
    }

    /// Keeps that the work failed, and not why.
    pub(super) fn forget_causes(&mut self) {
        if let Some(fields) = &mut self.fields {
            fields.forget_causes();
        }
    }
}
