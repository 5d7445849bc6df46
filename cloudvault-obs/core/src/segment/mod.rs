//! X-Ray subsegment documents, written straight into a byte buffer.
//!
//! Source of the rules: AWS X-Ray, "Segment documents", and the JSON schema that
//! AWS publishes. In Lambda the function's own segment is out of reach, so all
//! that a handler sends are subsegments whose topmost parent is the header's
//! `Parent` (the facade).
//!
//! A span's fields are sorted into a document's blocks as they are recorded
//! ([`Fields`], by the table in [`mapping`]) and rendered once. A finished
//! subsegment goes into a [`Batch`], which later packs whole trees into as few
//! documents as their size limit allows.

pub mod mapping;
mod store;
mod key;
mod fields;
mod cause;
mod name;
mod time;
mod document;
mod batch;
pub mod spool;

pub use batch::{Batch, Delivery};
pub use cause::{Exception, Frame};
pub use fields::{Fields, Link};
pub use key::Key;

use crate::trace::{SegmentId, TraceId};

/// What precedes each document in a datagram to the X-Ray daemon.
pub const DATAGRAM_HEADER: &[u8] = b"{\"format\":\"json\",\"version\":1}\n";

/// One document is at most this many bytes: below "64 kB" in either reading,
/// and with its header below the 65,507 bytes that a UDP datagram can hold.
pub const MAX_DOCUMENT: usize = 64_000;

/// A unit of work below the function's segment.
#[derive(Debug, Clone)]
pub struct Subsegment<'a> {
    /// What was done, where no field `otel.name` says otherwise. Characters that
    /// X-Ray refuses become `-`; at most 200.
    pub name: &'a str,
    /// The subsegment's own id.
    pub id: SegmentId,
    /// The trace it belongs to.
    pub trace_id: TraceId,
    /// The segment or subsegment above it; `None` makes it a segment of its own.
    pub parent_id: Option<SegmentId>,
    /// When it began, microseconds since the epoch.
    pub start_us: i64,
    /// When it ended, likewise; `None` for one that is still in progress.
    pub end_us: Option<i64>,
    /// Everything else that is known of it.
    pub recorded: Recorded<'a>,
}

/// What was recorded on a span.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Recorded<'a> {
    /// Fields of every kind.
    Fields(&'a Fields),
    /// Annotations and nothing else, as [`Fields::annotations`] gives them.
    Annotations(&'a [u8]),
}

/// Which of X-Ray's three flags a subsegment carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outcome {
    /// None of them.
    #[default]
    Ok,
    /// `error`: the caller's mistake (4xx).
    Error,
    /// `throttle`, with `error`: too many requests (429).
    Throttle,
    /// `fault`: our mistake (5xx).
    Fault,
}

impl Outcome {
    /// What an HTTP status says about a call.
    ///
    /// ```
    /// use cloudvault_obs_core::segment::Outcome;
    ///
    /// assert_eq!(Outcome::of_status(204), Outcome::Ok);
    /// assert_eq!(Outcome::of_status(404), Outcome::Error);
    /// assert_eq!(Outcome::of_status(429), Outcome::Throttle);
    /// assert_eq!(Outcome::of_status(503), Outcome::Fault);
    /// ```
    #[must_use]
    pub fn of_status(status: u64) -> Self {
        match status {
            429 => Self::Throttle,
            400..=499 => Self::Error,
            500..=599 => Self::Fault,
            _ => Self::Ok,
        }
    }
}

#[cfg(test)]
mod tests;
