//! Lambda's view of the extension: registered, asked for events, shut down.

pub mod http;
pub mod api;
pub mod signals;
mod sources;
mod terminate;
mod waits;
mod report;
mod tell;
pub mod live;
pub mod run;

pub use api::{Api, ApiError, Event};
pub use run::{Rim, exit, run};
