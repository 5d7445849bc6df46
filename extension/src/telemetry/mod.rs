//! Lambda's Telemetry API: what it delivers, and the listener it delivers to.

pub mod listener;
pub mod event;

pub use event::{Event, Parsed, parse};
pub use listener::Listener;
