//! Lambda's Telemetry API: what it delivers, and the listener it delivers to.

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

pub mod listener;
mod records;
pub(crate) mod time;
pub mod event;

pub use event::{Ended, Event, Initialization, Metrics, Parsed, Status, What, parse};
pub use listener::Listener;
