//! The work that is measured: one row for each promise about speed, in each row
//! this library beside its rivals and beside hand-written code that does only
//! what has to be done.
//!
//! Three programs run the same cases: `benches/rows.rs` times them with
//! criterion, `src/bin/count.rs` counts allocations and, under callgrind,
//! instructions (`count.sh` prints the table), `src/bin/process.rs` times whole
//! processes: their start, and an invocation over a local Runtime API.

pub mod case;
pub mod by_hand;
pub mod work;
pub mod pipe;
pub mod project;

pub use case::{Case, Work, cases};
