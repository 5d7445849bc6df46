//! What alarms do with given data: the engine's alarms under a clock that is moved by
//! hand. [`Simulation`] replays any alarms over any data; [`Bench`] runs the tests that
//! the files declare on it, and [`report`] says how they went.
//!
//! Pure: alarms, data and times come in as values, and the same input gives the same
//! bytes. Schedule, decision, reason and the hold on a composite's actions are those of
//! the engine, which the local account's alarm clock lives on, too. Mute rules are not
//! looked at: they keep actions back by the time of day, which a test seldom means.

mod watch;
mod fleet;
mod run;
mod strip;
mod bench;
mod coverage;
pub mod report;

pub use bench::{Bench, Miss, Outcome, Want};
pub use coverage::Coverage;
pub(crate) use fleet::closure;
pub use fleet::{Fleet, Unknowable, Watch};
pub use report::Report;
pub use run::{Act, Change, Simulation, Status};
pub use strip::Strip;

#[cfg(test)]
mod tests;
