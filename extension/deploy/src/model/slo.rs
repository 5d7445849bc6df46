//! Objectives of the service and how fast their error budgets may burn.
//!
//! # How a burn rate becomes alarms
//! A window of a multi-window burn rate is one metric-math alarm whose period *is* the
//! window and which evaluates one period: the metrics of an alarm share one period, so
//! no single alarm can look at two windows, and a function over fetched datapoints
//! (`SUM`, `RUNNING_SUM`) would depend on how many CloudWatch fetches beyond the
//! evaluation periods, which it does not document. An alarm of one period slides over
//! the trailing window minute by minute (hour by hour above a day), and the number is
//! exact: bad over total of that window, over the budget.
//! The limits allow it: period x evaluation periods is at most one day for periods below
//! an hour (5 and 30 minutes are below) and seven days for periods from an hour (three
//! days are 259,200 s).
//!
//! The alarms of the windows tell nobody. One composite an urgency does: `(long AND short)
//! OR (long AND short)`. The short window ends the alarm soon after its cause, and two
//! composites tell, not four.

use super::MetricRef;
use serde::{Deserialize, Serialize};

/// One pair of windows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Burn {
    /// The long window in seconds.
    pub long: u32,
    /// The short window in seconds.
    pub short: u32,
    /// Times the rate at which the budget lasts exactly as long as the objective.
    pub factor: f64,
    /// Who is told.
    pub urgency: Urgency,
}

/// How soon somebody has to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Urgency {
    /// Now.
    Page,
    /// On the next working day.
    Ticket,
}

/// The pairs of windows of a 30 day objective (Google, The Site Reliability Workbook,
/// chapter 5, table 5-8): 2 % of the budget in an hour, 5 % in six hours, 10 % in a day,
/// 10 % in three days.
pub const BURNS: [Burn; 4] = [
    Burn {
        long: 3_600,
        short: 300,
        factor: 14.4,
        urgency: Urgency::Page,
    },
    Burn {
        long: 21_600,
        short: 1_800,
        factor: 6.0,
        urgency: Urgency::Page,
    },
    Burn {
        long: 86_400,
        short: 7_200,
        factor: 3.0,
        urgency: Urgency::Ticket,
    },
    Burn {
        long: 259_200,
        short: 21_600,
        factor: 1.0,
        urgency: Urgency::Ticket,
    },
];

/// A metric and the statistic that counts with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Which.
    pub metric: MetricRef,
    /// `Sum`, `SampleCount` or `TC(:500)`.
    pub statistic: String,
}

/// What is counted against the total.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// The part counts what went well.
    Good,
    /// The part counts what went wrong.
    Bad,
}

/// An objective.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slo {
    /// Its name in obs.yaml; the alarms begin with it.
    pub name: String,
    /// What is promised, for people.
    pub description: String,
    /// Share that has to be good, 0.999 for 99.9 %.
    pub objective: f64,
    /// Over so many seconds.
    pub window: u32,
    /// What `part` counts.
    pub kind: Part,
    /// Good or bad events.
    pub part: Counted,
    /// All events.
    pub total: Counted,
    /// Requests a long window needs before it can go off.
    pub minimum_requests: u32,
    /// The composite alarms that tell somebody.
    pub alarms: Vec<String>,
}

impl Slo {
    /// The share that may be bad.
    pub fn budget(&self) -> f64 {
        // 1 - 0.999 is 0.0010000000000000009 to the machine.
        ((1.0 - self.objective) * 1e9).round() / 1e9
    }

    /// Events a window needs before it may go off: enough that a single bad one does
    /// not burn at the factor, and at least what the file asks for.
    pub fn guard(&self, burn: &Burn) -> u32 {
        let alone = (1.0 / (burn.factor * self.budget())).floor();
        // A budget is at least 1e-9: the number fits.
        self.minimum_requests.max(alone as u32 + 1)
    }

    /// The burn rate as metric math over `part` and `total`, for events above `guard`.
    pub fn expression(&self, guard: u32) -> String {
        let budget = self.budget();
        let bad = match self.kind {
            // A metric that is only written when something happens is missing, not 0.
            Part::Bad => "FILL(part, 0)".to_owned(),
            Part::Good => "(total - FILL(part, 0))".to_owned(),
        };
        format!("IF(total >= {guard}, {bad} / total / {budget}, 0)")
    }
}
