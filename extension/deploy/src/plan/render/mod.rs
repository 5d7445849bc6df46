//! A plan to read: as text for a terminal, as Markdown for a review, as JSON for
//! programs. Same plan, same bytes.

mod text;
mod markdown;
mod json;

use std::fmt::{self, Write};

use super::Plan;
use super::step::{Action, Change, Hands};
use crate::model::Target;

/// How a plan is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Plain text.
    Plain,
    /// Text with ANSI colours.
    Colour,
    /// GitHub's Markdown: a line a resource, its differences folded.
    Markdown,
    /// One JSON object on a line: `project`, `environment`, `account`, `region`,
    /// `steps` (`action`, `kind`, `name`, `changed_by_hand`, `changes`, `calls`),
    /// `unchanged`, `cost_cents` (`before`, `after`, a month), `reach`, `notes`.
    Json,
}

impl Plan {
    /// Writes the plan.
    ///
    /// # Errors
    /// Whatever `out` answers.
    pub fn render<W: Write>(&self, out: &mut W, style: Style) -> fmt::Result {
        match style {
            Style::Plain | Style::Colour => text::write(self, out, style),
            Style::Markdown => markdown::write(self, out),
            Style::Json => json::write(self, out),
        }
    }

    /// A difference in words: `field: from -> to`.
    pub fn told(&self, change: &Change) -> String {
        format!("{}: {}", change.field, difference(change, &self.target))
    }

    /// One line: what there is to do.
    pub fn summary(&self) -> String {
        match (self.is_empty(), self.unchanged) {
            (true, 0) => return "Nothing to do: nothing is wanted, nothing is there.".to_owned(),
            (true, 1) => return "Nothing to do: 1 resource is as it should be.".to_owned(),
            (true, many) => {
                return format!("Nothing to do: {many} resources are as they should be.");
            }
            (false, _) => {}
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

/// What a step says of hands; nothing when there were none.
fn hands(hands: Hands) -> &'static str {
    match hands {
        Hands::On => "  (changed by hand since the last apply)",
        Hands::Off => "",
    }
}

/// What it costs, before and after.
fn price(plan: &Plan) -> String {
    let (before, after) = (plan.cost.before.month(), plan.cost.after.month());
    match before == after {
        true => format!("costs {after} a month, as before"),
        false => format!("costs {before} -> {after} a month"),
    }
}

/// `from -> to` with our own ARNs as names.
fn difference(change: &Change, target: &Target) -> String {
    let one = |text: &str| short(text, target);
    match (&change.from, &change.to) {
        (None, Some(to)) => one(to),
        (Some(from), None) => format!("{} -> gone", one(from)),
        (Some(from), Some(to)) => format!("{} -> {}", one(from), one(to)),
        (None, None) => String::new(),
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
