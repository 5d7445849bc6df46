//! The tree of a rule and its meaning.

use std::collections::BTreeSet;
use std::fmt;

use crate::alarm::State;

/// A rule over the states of other alarms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// `TRUE` or `FALSE`.
    Constant(bool),
    /// `ALARM("name")`, `OK("name")`, `INSUFFICIENT_DATA("name")`.
    InState(State, String),
    /// `NOT rule`
    Not(Box<Rule>),
    /// `rule AND rule ...`
    All(Vec<Rule>),
    /// `rule OR rule ...`
    Any(Vec<Rule>),
    /// `AT_LEAST(2, ALARM, ("a", "b", "c"))`
    AtLeast {
        /// How many.
        required: Required,
        /// In which state.
        wanted: Wanted,
        /// Of which alarms.
        alarms: Vec<String>,
    },
}

/// How many alarms `AT_LEAST` wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Required {
    /// So many.
    Count(u32),
    /// So many percent, 1 to 100, rounded up.
    Percent(u32),
}

/// The state that `AT_LEAST` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The state.
    pub state: State,
    /// Whether alarms that are *not* in it count.
    pub negated: bool,
}

impl Rule {
    /// The names of the alarms the rule is about, sorted.
    pub fn children(&self) -> BTreeSet<&str> {
        match self {
            Rule::Constant(_) => BTreeSet::new(),
            Rule::InState(_, name) => BTreeSet::from([name.as_str()]),
            Rule::Not(inner) => inner.children(),
            Rule::All(parts) | Rule::Any(parts) => parts.iter().flat_map(Rule::children).collect(),
            Rule::AtLeast { alarms, .. } => alarms.iter().map(String::as_str).collect(),
        }
    }

    /// The composite's state: `ALARM` when the rule holds, else `OK`. A child that
    /// `state_of` does not know counts as `INSUFFICIENT_DATA`.
    pub fn evaluate(&self, state_of: &dyn Fn(&str) -> Option<State>) -> State {
        if self.holds(state_of) {
            State::Alarm
        } else {
            State::Ok
        }
    }

    /// Whether the rule holds.
    fn holds(&self, state_of: &dyn Fn(&str) -> Option<State>) -> bool {
        let state = |name: &str| state_of(name).unwrap_or(State::InsufficientData);
        match self {
            Rule::Constant(value) => *value,
            Rule::InState(wanted, name) => state(name) == *wanted,
            Rule::Not(inner) => !inner.holds(state_of),
            Rule::All(parts) => parts.iter().all(|p| p.holds(state_of)),
            Rule::Any(parts) => parts.iter().any(|p| p.holds(state_of)),
            Rule::AtLeast {
                required,
                wanted,
                alarms,
            } => {
                let counts = |name: &&String| (state(name) == wanted.state) != wanted.negated;
                alarms.iter().filter(counts).count() >= required.of(alarms.len())
            }
        }
    }
}

impl Required {
    /// How many that is of so many alarms.
    fn of(self, alarms: usize) -> usize {
        match self {
            Required::Count(count) => count as usize,
            Required::Percent(percent) => (alarms * percent as usize).div_ceil(100),
        }
    }
}

/// Writes a name so that it is read again.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |f: &mut fmt::Formatter<'_>, parts: &[Rule], word: &str| {
            f.write_str("(")?;
            for (index, part) in parts.iter().enumerate() {
                if index > 0 {
                    write!(f, " {word} ")?;
                }
                write!(f, "{part}")?;
            }
            f.write_str(")")
        };
        match self {
            Rule::Constant(value) => f.write_str(if *value { "TRUE" } else { "FALSE" }),
            Rule::InState(state, name) => write!(f, "{state}({})", quoted(name)),
            Rule::Not(inner) => write!(f, "NOT {inner}"),
            Rule::All(parts) => joined(f, parts, "AND"),
            Rule::Any(parts) => joined(f, parts, "OR"),
            Rule::AtLeast {
                required,
                wanted,
                alarms,
            } => {
                let required = match required {
                    Required::Count(count) => count.to_string(),
                    Required::Percent(percent) => format!("{percent}%"),
                };
                let not = if wanted.negated { "NOT " } else { "" };
                let names: Vec<String> = alarms.iter().map(|a| quoted(a)).collect();
                write!(
                    f,
                    "AT_LEAST({required}, {not}{}, ({}))",
                    wanted.state,
                    names.join(", ")
                )
            }
        }
    }
}

/// Why a text is no rule; reads after "failed to".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read the alarm rule at character {}: {message}", position + 1)]
pub struct RuleError {
    position: usize,
    message: String,
}

impl RuleError {
    pub(super) fn new(position: usize, message: impl Into<String>) -> Self {
        Self {
            position,
            message: message.into(),
        }
    }

    /// Where it is, in bytes from the start of the rule.
    pub fn position(&self) -> usize {
        self.position
    }
}
