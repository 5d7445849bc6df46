//! The values of CloudVault Obs, and how each is written down.
//!
//! This crate does no IO of its own and reads neither clock nor environment:
//! files, times and random numbers come in as arguments, bytes go out. The
//! handler's library and the extension share it, so that both mean the same by
//! a series, a trace header or a journal cell.
//!
//! In the order in which an invocation meets them:
//!
//! * [`trace`]: trace ids, segment ids and the `X-Amzn-Trace-Id` header;
//! * [`correlation`]: the id that follows one request through every function;
//! * [`lineage`]: the functions that it has passed;
//! * [`json`]: the writer beneath every document;
//! * [`redact`]: what must not be written, and how it is found;
//! * [`log`]: the fields of spans and events, and the log line;
//! * [`segment`]: X-Ray subsegment documents;
//! * [`metric`]: series, units, limits; [`names`]: the well-known metrics;
//!   [`variables`]: what the environment decides;
//! * [`journal`]: how points reach the extension;
//! * [`emf`]: how they reach CloudWatch where there is no extension.

pub mod trace;
pub mod correlation;
pub mod lineage;
pub mod json;
pub mod time;
pub mod redact;
pub mod log;
pub mod segment;
pub mod metric;
pub mod names;
pub mod variables;
pub mod journal;
pub mod emf;

mod sync;
