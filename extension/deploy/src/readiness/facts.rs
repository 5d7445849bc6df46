//! What an account can add to what the files say. Whoever reads it puts in what was
//! answered; what was not is said, never guessed.

use std::collections::BTreeMap;

use crate::model::Subscription;
use crate::model::slo::{Part, Slo};

/// An answer, or why there is none.
#[derive(Clone, Debug, PartialEq)]
pub enum Known<T> {
    /// This is so.
    Yes(T),
    /// It cannot be known: why, as a phrase.
    No(String),
}

/// What was seen of an account.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// By function: whether X-Ray traces it.
    pub tracing: BTreeMap<String, Known<bool>>,
    /// By log group: the days that lines are kept, `None` for ever.
    pub retention: BTreeMap<String, Known<Option<u32>>>,
    /// By log group: whether a line with a correlation id was seen.
    pub correlated: BTreeMap<String, Known<bool>>,
    /// By topic's name: those of the files' subscriptions that are not confirmed.
    pub unconfirmed: BTreeMap<String, Known<Vec<Subscription>>>,
    /// By objective.
    pub budgets: BTreeMap<String, Known<Budget>>,
}

/// What an objective's window has seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// All events.
    pub total: f64,
    /// Those that were bad.
    pub bad: f64,
    /// Those that may be bad.
    pub allowed: f64,
}

impl Budget {
    /// From the sums of an objective's two series over its window.
    pub fn of(slo: &Slo, part: f64, total: f64) -> Budget {
        let bad = match slo.kind {
            Part::Bad => part,
            Part::Good => total - part,
        };
        Budget {
            total,
            bad: bad.max(0.0),
            allowed: total * slo.budget(),
        }
    }

    /// The share of the budget that is left; below 0 when more is spent than there was.
    /// All of it while nothing happened.
    pub fn left(&self) -> f64 {
        match self.allowed > 0.0 {
            true => 1.0 - self.bad / self.allowed,
            false => 1.0,
        }
    }
}

impl std::fmt::Display for Budget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:.1} % of the budget left ({} bad of {} events, {:.1} allowed)",
            self.left() * 100.0,
            self.bad,
            self.total,
            self.allowed
        )
    }
}
