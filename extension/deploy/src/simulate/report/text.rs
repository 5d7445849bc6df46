//! For people.

use std::fmt::{self, Write};

use super::words::{lines, offset};
use super::{Outcome, Report};
use crate::source::problem::Paint;
use crate::value::counted;

/// Alarms without a test that are listed before the rest is counted.
const LISTED: usize = 20;

impl Report<'_> {
    /// Writes every test, what failed with its reasons, and a summary line.
    ///
    /// # Errors
    /// Only those of the writer.
    pub fn text(&self, out: &mut dyn Write, paint: Paint) -> fmt::Result {
        writeln!(out, "{} in {}", self.project, self.environment)?;
        for outcome in &self.outcomes {
            self.test(out, outcome, paint)?;
        }
        writeln!(out, "{}", self.summary())
    }

    /// The last line.
    pub fn summary(&self) -> String {
        let failed = self.failed();
        let untested = self.coverage.untested.len();
        format!(
            "{}: {} passed, {failed} failed. {untested} of {} alarms have no test.",
            counted(self.outcomes.len(), "test"),
            self.outcomes.len() - failed,
            self.coverage.alarms,
        )
    }

    /// The alarms that no test speaks of, one a line.
    pub fn untested(&self) -> String {
        let names = &self.coverage.untested;
        let mut text: String = names
            .iter()
            .take(LISTED)
            .map(|name| format!("  {name}\n"))
            .collect();
        if let Some(rest) = names.len().checked_sub(LISTED).filter(|rest| *rest > 0) {
            text.push_str(&format!("  and {rest} more\n"));
        }
        text
    }

    fn test(&self, out: &mut dyn Write, outcome: &Outcome, paint: Paint) -> fmt::Result {
        let (green, red, end) = match paint {
            Paint::Plain => ("", "", ""),
            Paint::Colour => ("\u{1b}[32m", "\u{1b}[31m", "\u{1b}[0m"),
        };
        match outcome.misses.is_empty() {
            true => writeln!(out, "  {green}ok{end}    {}", outcome.name)?,
            false => writeln!(out, "  {red}FAIL{end}  {}", outcome.name)?,
        }
        for miss in &outcome.misses {
            let (place, at) = (self.place(miss.span), offset(miss.at_ms));
            writeln!(out, "    {place}: {} at {at}", miss.alarm)?;
            for (name, value) in lines(miss) {
                writeln!(out, "      {name:<9} {value}")?;
            }
        }
        for series in &outcome.unread {
            let place = self.place(outcome.span);
            writeln!(out, "    {place}: none of the test's alarms reads {series}")?;
        }
        Ok(())
    }
}
