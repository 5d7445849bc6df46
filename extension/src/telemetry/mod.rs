//! Lambda's Telemetry API: what it delivers, and the listener it delivers to.

pub mod listener;
mod records;
pub(crate) mod time;
pub mod event;

pub use event::{Ended, Event, Initialization, Metrics, Parsed, Status, What, parse};
pub use listener::Listener;
