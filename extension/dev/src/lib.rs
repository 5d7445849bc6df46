//! The local account behind `obs dev`: one process that answers as CloudWatch,
//! SNS, STS, X-Ray, CloudWatch Logs, EventBridge and Lambda do, runs functions, evaluates alarms, and shows all
//! of it on a web page.
//!
//! Reading order is the way of the data: a request comes in at `server` and
//! through `wire` (three protocols, one tree of values) to an operation in
//! [`account`], which keeps what it has to in [`store`]. `sandbox` runs the
//! functions that produce the data, `alarm_clock` watches it, `page` shows it.
//!
//! What it does not do: verify signatures (a credential scope has to be there, the
//! signature itself is not checked), charge money, or leave this machine unless
//! [`Options::notify_hosts`] says so.

mod server;
mod guard;
mod connection;
mod wire;
mod faults;
pub mod account;
pub mod store;
mod sandbox;
mod alarm_clock;
mod page;
mod clock;
mod options;

pub use account::{Account, Change};
pub use clock::{Clock, ManualClock, SystemClock};
pub use faults::{BadRule, FaultRule};
pub use options::{Freeze, FunctionSpec, Initialization, LogGroup, Options};
pub use server::{Dev, StartError};
