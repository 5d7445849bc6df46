//! A plan as text.

use std::fmt::{self, Write};

use super::{Style, hands, price};
use crate::plan::Plan;
use crate::plan::step::{Action, Step};

pub(super) fn write<W: Write>(plan: &Plan, out: &mut W, style: Style) -> fmt::Result {
    let target = &plan.target;
    writeln!(
        out,
        "{} in {} ({}, {})",
        target.project, target.environment, target.account, target.region
    )?;
    let mut detailed = true;
    for step in &plan.steps {
        // Blank lines set details apart; a list of names needs none.
        if detailed || !step.changes.is_empty() {
            writeln!(out)?;
        }
        detailed = !step.changes.is_empty();
        write_step(plan, step, out, style)?;
    }
    writeln!(out)?;
    for note in &plan.notes {
        writeln!(out, "note: {note}")?;
    }
    if !plan.is_empty() {
        for reach in &plan.reach {
            writeln!(out, "tells {reach}")?;
        }
        writeln!(out, "{}", price(plan))?;
    }
    writeln!(out, "{}", plan.summary())
}

fn write_step<W: Write>(plan: &Plan, step: &Step, out: &mut W, style: Style) -> fmt::Result {
    let on = match (style, step.action) {
        (Style::Colour, Action::Create) => "\u{1b}[32m",
        (Style::Colour, Action::Update) => "\u{1b}[33m",
        (Style::Colour, Action::Delete) => "\u{1b}[31m",
        _ => "",
    };
    let off = if on.is_empty() { "" } else { "\u{1b}[0m" };
    let sign = step.action.sign();
    writeln!(out, "{on}{sign} {}{off}{}", step.title(), hands(step.hands))?;
    for change in &step.changes {
        writeln!(out, "    {}", plan.told(change))?;
    }
    Ok(())
}
