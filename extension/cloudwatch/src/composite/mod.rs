//! Composite alarms: a rule over the states of other alarms, and the suppression
//! of a composite's actions by one more alarm.

mod model;
mod parse;
mod reason;
mod suppress;
mod held;

pub use held::Held;
pub use model::{Required, Rule, RuleError, Wanted};
pub use parse::parse;
pub use reason::reason;
pub use suppress::{Outcome, Suppression, SuppressionConfig};

#[cfg(test)]
mod tests;
