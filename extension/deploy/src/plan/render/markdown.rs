//! A plan as GitHub's Markdown, for a comment on a change or a job's summary.

use std::fmt::{self, Write};

use super::{hands, price};
use crate::plan::Plan;

pub(super) fn write<W: Write>(plan: &Plan, out: &mut W) -> fmt::Result {
    let target = &plan.target;
    writeln!(out, "### {} in {}\n", target.project, target.environment)?;
    writeln!(
        out,
        "{} Account {}, {}.\n",
        plan.summary(),
        target.account,
        target.region
    )?;
    for note in &plan.notes {
        writeln!(out, "> **Note:** {}\n", escaped(note))?;
    }
    if plan.is_empty() {
        return Ok(());
    }
    for reach in &plan.reach {
        writeln!(out, "- tells {}", escaped(&reach.to_string()))?;
    }
    writeln!(out, "- {}\n", price(plan))?;
    writeln!(out, "<details><summary>Steps</summary>\n")?;
    writeln!(out, "```diff")?;
    for step in &plan.steps {
        // A diff colours lines that begin with +, - and !.
        let sign = match step.action.sign() {
            '~' => '!',
            sign => sign,
        };
        writeln!(out, "{sign} {}{}", step.title(), hands(step.hands))?;
        for change in &step.changes {
            // A fence inside the text would end the block.
            writeln!(out, "      {}", plan.told(change).replace("```", "'''"))?;
        }
    }
    writeln!(out, "```\n\n</details>")
}

/// Text that stays text.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
