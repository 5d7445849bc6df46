//! Metric alarms: a state from the last periods of a metric or of an expression.
//!
//! [`evaluate`] is pure: the alarm, the time and the state it is in come in, the
//! state it belongs in goes out with the reason in CloudWatch's words. Keeping
//! states, noticing transitions and acting on them is the caller's part.

mod model;
mod parse;
mod window;
mod evaluate;
mod past;
mod decide;
mod reason;
mod schedule;

pub use decide::{Cell, Decision, MOutOfN, decide};
pub use evaluate::{EvaluatedPoint, Evaluation, Look, Moment, evaluate, look};
pub use model::{
    AlarmError, Comparison, LowSamples, MetricAlarm, State, Subject, TreatMissingData,
};
pub use past::Past;
pub use schedule::{interval_ms, is_due};
pub use window::{EvaluationWindow, window};

#[cfg(test)]
mod tests;
