//! Why a composite is in its state.

use crate::alarm::State;

/// The most characters of a reason that CloudWatch keeps.
const MAX: usize = 1023;

/// The sentence: `children` are the alarms that decided.
pub fn reason(name: &str, rule: &str, state: State, children: &[&str]) -> String {
    let holds = match state {
        State::Alarm => "holds",
        State::Ok | State::InsufficientData => "does not hold",
    };
    let decided = match children {
        [] => String::new(),
        children => format!("; decided by {}", children.join(", ")),
    };
    format!("{name} transitioned to {state}: the alarm rule {rule} {holds}{decided}")
        .chars()
        .take(MAX)
        .collect()
}
