//! A span that is open: its ids, its start, and what is recorded on it.

use std::cell::RefCell;

use cloudvault_obs_core::{
    json::Value,
    segment::{Fields, Subsegment},
    trace::SegmentId,
};

use super::{RESPONSE, failure, trail::Slot};
use crate::{clock, invocation::Invocation};

/// A subsegment from its span's opening to its close.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) id: SegmentId,
    parent: SegmentId,
    start_us: i64,
    slot: Slot,
    fields: Fields,
}

/// Memory of closed spans that a thread keeps for the next ones.
const SPARE: usize = 16;
/// Memory that one huge span has grown is given back.
const KEEP: usize = 16 * 1024;

thread_local! {
    static FIELDS: RefCell<Vec<Fields>> = const { RefCell::new(Vec::new()) };
}

impl Open {
    /// A subsegment below `parent`, which begins now.
    pub(crate) fn begin(
        invocation: &Invocation,
        name: &'static str,
        (id, parent): (SegmentId, SegmentId),
    ) -> Self {
        let start_us = clock::now_us();
        let fields = FIELDS.try_with(|spare| spare.try_borrow_mut().ok()?.pop());
        Self {
            id,
            parent,
            start_us,
            slot: invocation.trail.open(name, (id, parent), start_us),
            fields: fields.ok().flatten().unwrap_or_default(),
        }
    }

    /// Records a field of the user's, without its secrets.
    #[inline]
    pub(crate) fn add(&mut self, of: &Invocation, name: &str, value: Value<'_>) {
        self.fields.add(name, value, of.trail.redactor());
    }

    /// Records a field of the handler's own span.
    pub(crate) fn add_own(&mut self, of: &Invocation, name: &str, value: Value<'_>) {
        if name == RESPONSE {
            if let Value::Str(json) = value {
                self.fields
                    .metadata_json("default", "response", json.as_bytes());
            }
        } else {
            self.add(of, name, value);
        }
    }

    /// Records the error that ended the work, with its sources.
    pub(crate) fn fail(&mut self, of: &Invocation, error: &(dyn std::error::Error + 'static)) {
        self.fields.fail(failure::chain(error, of.trail.redactor()));
    }

    /// Records the error that an event tells of, if it tells of one.
    pub(crate) fn note_error(&mut self, of: &Invocation, event: &tracing::Event<'_>) {
        event.record(&mut failure::Told { open: self, of });
    }

    /// Ends the subsegment: its document waits in the invocation's trail.
    pub(crate) fn close(mut self, invocation: &Invocation, name: &str) {
        let Some((trace, _)) = invocation.sampled() else {
            return;
        };
        if !invocation.trail.segments().settings.capture_error {
            self.fields.forget_causes();
        }
        let subsegment = Subsegment {
            name,
            id: self.id,
            trace_id: trace.root,
            parent_id: Some(self.parent),
            start_us: self.start_us,
            end_us: Some(clock::now_us()),
            fields: &self.fields,
        };
        invocation.trail.close(self.slot, &subsegment);
        let mut fields = self.fields;
        if fields.capacity() <= KEEP {
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
}
