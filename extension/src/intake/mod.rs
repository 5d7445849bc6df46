//! Where points come in: the journal file, the doorbell beside it, and samples
//! from elsewhere.

pub mod journal;
pub mod doorbell;
pub mod writing;
pub mod sample;
pub mod admission;

pub use admission::{Admission, Refusal};
pub use doorbell::Doorbell;
pub use journal::{Intake, IntakeError};
pub use sample::Sample;
pub use writing::Writing;
