//! Lambda's part in tracing: the header in and out, the sampling decision, and the two
//! segments above everything that a handler sends.

pub(crate) mod header;
pub(crate) mod document;
