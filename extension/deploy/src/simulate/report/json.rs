//! For programs: one object an environment.

use serde_json::{Value, json};

use super::words::headline;
use super::{Outcome, Report};
use crate::simulate::bench::Miss;
use crate::simulate::strip::Strip;

impl Report<'_> {
    /// The report as one JSON object. Times are milliseconds after the test's start.
    pub fn json(&self) -> Value {
        json!({
            "project": self.project,
            "environment": self.environment,
            "passed": self.outcomes.len() - self.failed(),
            "failed": self.failed(),
            "tests": self.outcomes.iter().map(|outcome| self.outcome(outcome)).collect::<Vec<_>>(),
            "alarms": self.coverage.alarms,
            "untested": self.coverage.untested,
        })
    }

    fn outcome(&self, outcome: &Outcome) -> Value {
        let place = self.place(outcome.span);
        json!({
            "name": outcome.name,
            "file": place.file,
            "line": place.line,
            "passed": outcome.misses.is_empty(),
            "failures": outcome.misses.iter().map(|miss| self.miss(miss)).collect::<Vec<_>>(),
            "unread": outcome.unread,
        })
    }

    fn miss(&self, miss: &Miss) -> Value {
        let place = self.place(miss.span);
        let changes = miss
            .changes
            .iter()
            .map(|change| json!({ "at_ms": change.at_ms, "from": change.from, "to": change.to }));
        let wants = miss
            .wants
            .iter()
            .map(|want| json!({ "what": want.what, "expected": want.expected, "got": want.got }));
        json!({
            "file": place.file,
            "line": place.line,
            "at_ms": miss.at_ms,
            "alarm": miss.alarm,
            "message": headline(miss),
            "wants": wants.collect::<Vec<_>>(),
            "reason": miss.reason,
            "inferred": miss.inferred,
            "saw": miss.strip.as_ref().map(Strip::to_string),
            "changes": changes.collect::<Vec<_>>(),
        })
    }
}
