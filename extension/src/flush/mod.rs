//! The flush: what is drained, when, and for how long delivery is tried.
//!
//! Three rules hold for every policy. The time a flush may take is
//! min(configured, deadline - now - margin). A journal cell is released only
//! when CloudWatch has answered 200 for every point before it, or when the point
//! is safe in the spill file, or has left as a line of the embedded metric
//! format. What was not delivered is kept: in the journal, then in the spill
//! file; once both are full, the library writes its metrics as log lines.

pub mod policy;
pub mod budget;
pub mod backoff;
pub mod breaker;
pub mod spill;
pub mod pending;
pub mod own;
pub mod delivery;
mod last_resort;
pub mod pipeline;

pub use backoff::Jitter;
pub use breaker::Breaker;
pub use budget::{Budget, Deadline};
pub use delivery::{Delivery, Stop, Trouble};
pub use own::{Own, Reading};
pub use pending::Pending;
pub use pipeline::{Parts, Pipeline};
pub use policy::{Policy, Schedule};
pub use spill::Spill;
