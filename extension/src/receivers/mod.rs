//! Metrics of libraries that know nothing of us: StatsD over UDP and OTLP over
//! HTTP, each only when asked for, on loopback only, bounded in memory.
//!
//! Both put samples into one [`Inbox`], which the flush empties.

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

pub mod inbox;
pub mod statsd;
pub mod otlp;
pub mod listen;

pub use inbox::{Inbox, InboxTotals};
pub use listen::{Ports, Receivers};
