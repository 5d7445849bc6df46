//! Metrics of libraries that know nothing of us: StatsD over UDP and OTLP over
//! HTTP, each only when asked for, on loopback only, bounded in memory.
//!
//! Both put samples into one [`Inbox`], which the flush empties.

pub mod inbox;
pub mod statsd;
pub mod otlp;
pub mod listen;

pub use inbox::{Inbox, InboxTotals};
pub use listen::{Ports, Receivers};
