//! A plan as text. Same plan, same bytes.

use std::fmt::{self, Write};

use super::Plan;
use super::step::{Action, Change, Hands, Step};
use crate::model::Target;

/// Whether the text may carry colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Plain text.
    Plain,
    /// ANSI colours.
    Colour,
}

impl Plan {
    /// Writes the plan for people to read.
    ///
    /// # Errors
    /// Whatever `out` answers.
    pub fn render<W: Write>(&self, out: &mut W, style: Style) -> fmt::Result {
        let target = &self.target;
        writeln!(
            out,
            "{} in {} ({}, {})",
            target.project, target.environment, target.account, target.region
        )?;
        let mut detailed = true;
        for step in &self.steps {
            // Blank lines set details apart; a list of names needs none.
            if detailed || !step.changes.is_empty() {
                writeln!(out)?;
            }
            detailed = !step.changes.is_empty();
            step.render(out, style, target)?;
        }
        writeln!(out)?;
        for note in &self.notes {
            writeln!(out, "note: {note}")?;
        }
        writeln!(out, "{}", self.summary())
    }

    /// One line: what there is to do.
    pub fn summary(&self) -> String {
        if self.is_empty() {
            return format!(
                "Nothing to do: {} resources are as they should be.",
                self.unchanged
            );
        }
        let counts: Vec<String> = [
            (Action::Create, "to create"),
            (Action::Update, "to update"),
            (Action::Delete, "to delete"),
        ]
        .into_iter()
        .filter(|(action, _)| self.count(*action) > 0)
        .map(|(action, words)| format!("{} {words}", self.count(action)))
        .collect();
        format!("Plan: {}, {} unchanged.", counts.join(", "), self.unchanged)
    }
}

impl Step {
    fn render<W: Write>(&self, out: &mut W, style: Style, target: &Target) -> fmt::Result {
        let (on, off) = match (style, self.action) {
            (Style::Plain, _) => ("", ""),
            (Style::Colour, Action::Create) => ("\u{1b}[32m", "\u{1b}[0m"),
            (Style::Colour, Action::Update) => ("\u{1b}[33m", "\u{1b}[0m"),
            (Style::Colour, Action::Delete) => ("\u{1b}[31m", "\u{1b}[0m"),
        };
        let sign = self.action.sign();
        let hands = match self.hands {
            Hands::On => "  (changed by hand since the last apply)",
            Hands::Off => "",
        };
        writeln!(out, "{on}{sign} {}{off}{hands}", self.title())?;
        for change in &self.changes {
            change.render(out, target)?;
        }
        Ok(())
    }
}

impl Change {
    fn render<W: Write>(&self, out: &mut W, target: &Target) -> fmt::Result {
        let lines = |text: &str| short(text, target);
        let field = &self.field;
        match (&self.from, &self.to) {
            (None, Some(to)) => writeln!(out, "    {field}: {}", lines(to)),
            (Some(from), None) => writeln!(out, "    {field}: {} -> gone", lines(from)),
            (Some(from), Some(to)) => {
                writeln!(out, "    {field}: {} -> {}", lines(from), lines(to))
            }
            (None, None) => Ok(()),
        }
    }
}

/// A text of several lines on one, with our own ARNs as names.
fn short(text: &str, target: &Target) -> String {
    if text.is_empty() {
        return "\"\"".to_owned();
    }
    text.lines()
        .collect::<Vec<_>>()
        .join(" | ")
        .replace(&target.topic_arn(""), "topic ")
        .replace(&target.alarm_arn(""), "alarm ")
}
