//! Where points come in: the journal file, and the doorbell beside it.

pub mod journal;
pub mod doorbell;
pub mod admission;

pub use admission::{Admission, Refusal};
pub use doorbell::Doorbell;
pub use journal::{Intake, IntakeError};
