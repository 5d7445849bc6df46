//! Lambda's own numbers as metrics: from telemetry, from SHUTDOWN's reason and
//! from `/proc`, each invocation counted once whatever tells of it.
//!
//! Names and meanings are [`cloudvault_obs_core::names::platform`]'s.

pub mod reading;
mod invocations;
pub mod meter;

pub use meter::{Meter, Scope};
pub use reading::{Reading, System};
