//! Who may do what: the least that a handler, the extension and the deployer need, as
//! policies, and what a given policy has too much or too little of.
//!
//! Pure. `needs` and `deployer` say what each of the three does, with the resources and the
//! condition keys that AWS's Service Authorization Reference knows for it, [`Policy`] is a
//! policy document, `least` makes one of needs and `read` one of a text, `glob` compares
//! patterns, and [`check`] holds a policy against needs.

mod glob;
mod needs;
mod deployer;
mod policy;
mod least;
mod read;
mod check;

pub use self::check::{Finding, check};
pub use self::needs::{Need, Role, needs};
pub use self::policy::{Condition, Effect, Form, Policy, Statement};
