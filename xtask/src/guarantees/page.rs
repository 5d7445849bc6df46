//! `docs/guarantees.md`, from the cells that ran.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};

use super::scenario::{POLICIES, Promise, SCENARIOS, Scenario};
use super::{Cell, Found};

const HEAD: &str = "\
# What becomes of a recorded metric

This page is written by the test that proves it: `cargo xtask guarantees` runs every cell
of the table with real processes, and `cargo xtask test` fails when a cell breaks its
promise or this page is not what the run gives. Do not edit it.

**The promise.** A point that the handler has recorded arrives in CloudWatch at least
once, under every fault below, and no fault keeps the extension busy past a deadline: not
that of an invocation, and not the two seconds of SHUTDOWN. Exactly once is what is
promised where the table does not say \"some twice\".

**Impossible, and why.**

- Exactly once, when a request got no answer. PutMetricData has no idempotency token, so
  nobody can tell a request that was lost from an answer that was lost. `OBS_ON_TIMEOUT=drop`
  turns \"maybe twice\" into \"maybe not, and counted as dropped\".
- Anything, when the whole environment is destroyed (its host fails) before CloudWatch
  said 200 and before SHUTDOWN: /tmp goes with it. A shorter interval, or the policy
  `end`, makes that window smaller.
- Anything, when the extension is killed (`kill -9`, out of memory) and Lambda never sends
  that environment another invocation: the points lie in its journal, and nobody starts
  there to read them.

**How to read a cell.** \"120 of 120\" are points recorded and points found in CloudWatch,
each by its own value; half of them are increments of a counter, half are values of a
distribution. Lost points, points dropped without being counted, and extensions that were
cut off at a deadline are zero in every cell, or the test fails.

";

const HOW: &str = "
## How each fault is brought about

Lambda and CloudWatch are `obs dev`: it freezes with SIGSTOP and SIGCONT, kills 2 seconds
after SHUTDOWN, counts sums exactly, and fails where it is told to (`obs dev --fault`). The
extension, its configuration apart from `OBS_FLUSH` and an interval of one second, and the
library in the handler are the product's own.

";

/// The whole page.
///
/// # Errors
/// When a cell did not run.
pub(super) fn write(cells: &[Cell]) -> Result<String> {
    let mut page = HEAD.to_owned();
    let columns = POLICIES.map(|policy| format!("`{policy}`")).join(" | ");
    writeln!(page, "| fault | {columns} |")?;
    writeln!(page, "|---|{}", "---|".repeat(POLICIES.len()))?;
    for scenario in SCENARIOS {
        write!(page, "| {} |", scenario.name)?;
        for policy in POLICIES {
            let of = |cell: &&Cell| cell.scenario.name == scenario.name && cell.policy == policy;
            let cell = cells.iter().find(of).context("every cell has run")?;
            let found = cell.found.as_ref().ok().context("every cell has run")?;
            write!(page, " {} |", entry(scenario, found))?;
        }
        writeln!(page)?;
    }
    page.push_str(HOW);
    for scenario in SCENARIOS {
        write!(page, "- **{}.** {}", scenario.name, scenario.how)?;
        if let Promise::AtLeastOnce(why) = scenario.promise {
            write!(page, " Some points may count twice: {why}.")?;
        }
        writeln!(page)?;
    }
    Ok(page)
}

/// Only what every run gives: how many of an unanswered request's points are sent again
/// hangs on when the answer is given up on.
fn entry(scenario: &Scenario, found: &Found) -> String {
    let count = format!("{} of {}", found.delivered, found.recorded);
    match scenario.promise {
        Promise::Once => count,
        Promise::AtLeastOnce(_) => format!("{count}, some twice"),
    }
}
