//! The sandbox with real processes: a test function and a test extension, built as this
//! crate's examples. Nothing is timed; every test waits for what it needs to see.

mod kit;
mod callers;
mod failures;
mod telling;
mod lives;
