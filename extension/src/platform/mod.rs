//! Lambda's own numbers as metrics: from telemetry, from SHUTDOWN's reason and
//! from `/proc`, each invocation counted once whatever tells of it.
//!
//! Names and meanings are [`cloudvault_obs_core::names::platform`]'s.

// Bytes of others come in here, and a panic would take the function down.
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

pub mod reading;
mod invocations;
pub mod meter;

pub use meter::{Meter, Scope};
pub use reading::{Reading, System};
