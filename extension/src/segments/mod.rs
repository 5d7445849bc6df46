//! Segments that found no X-Ray daemon: taken from the library's spool and sent
//! to X-Ray by PutTraceSegments (`OBS_FORWARD_SEGMENTS`).
//!
//! A document is marked in the spool when it has found its end, so the next
//! process of the environment goes on where a killed one was. X-Ray keeps one
//! document an id, so one that is sent twice counts once; a request without an
//! answer is therefore sent again, whatever `OBS_ON_TIMEOUT` says of metrics.

pub mod spool;
pub mod aws;
pub mod forwarder;

pub use forwarder::{Forwarder, SegmentTally};
pub use spool::{Document, Spool};
