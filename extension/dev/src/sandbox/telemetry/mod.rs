//! The Telemetry API of one environment: events in schema 2025-01-29, a subscription, a
//! bounded buffer, and the delivery of batches to the extension.

pub(crate) mod event;
pub(crate) mod subscription;
mod buffer;
mod delivery;

pub(crate) use buffer::Pace;
pub(crate) use delivery::Telemetry;
