//! `cargo xtask guarantees`: what becomes of a recorded metric under every fault and
//! flush policy, found out by running it, and written down as `docs/guarantees.md`.
//!
//! A cell of the matrix is one fault under one policy: `obs dev` as Lambda and as a
//! CloudWatch that fails on purpose, the extension and a handler, all as processes of
//! their own. Every point has a value that says which point it is, so CloudWatch's
//! answer shows what was lost and what was counted twice. The page holds verdicts and
//! exact counts only: the same product gives the same page.

mod setup;
mod ledger;
mod lab;
mod scenario;
mod page;

use std::{
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::{
    steps::{say, step},
    workspace::Workspace,
};
use lab::Lab;
use ledger::Found;
use scenario::{POLICIES, SCENARIOS, Scenario};
use setup::Programs;

/// Cells that run at a time: most of their time they wait.
const AT_ONCE: usize = 8;

/// What to do with the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Write it.
    Write,
    /// Fail when it is not what the run gives.
    Check,
}

/// One cell that ran.
#[derive(Debug)]
struct Cell {
    scenario: &'static Scenario,
    policy: &'static str,
    found: Result<Found>,
    took: Duration,
}

/// Runs the matrix, or with `only` the scenarios whose name contains it, which leaves
/// the page alone.
pub(crate) fn run(workspace: &Workspace, mode: Mode, only: Option<&str>) -> Result<()> {
    build(workspace)?;
    let programs = Programs::find(workspace)?;
    let wanted = |scenario: &&Scenario| only.is_none_or(|part| scenario.name.contains(part));
    let todo: Vec<_> = SCENARIOS
        .iter()
        .filter(wanted)
        .flat_map(|scenario| POLICIES.map(|policy| (scenario, policy)))
        .collect();
    if todo.is_empty() {
        bail!("no scenario's name contains {only:?}");
    }
    say(format_args!("==> running {} cells", todo.len()));
    let started = Instant::now();
    let cells = run_all(&programs, &todo);
    say(format_args!("    {:.0} s", started.elapsed().as_secs_f64()));
    judge(&cells)?;
    if only.is_some() {
        return Ok(());
    }
    keep(
        workspace.root.join("docs/guarantees.md"),
        mode,
        &page::write(&cells)?,
    )
}

fn build(workspace: &Workspace) -> Result<()> {
    setup::provide_faketime()?;
    workspace.build_product()?;
    let mut cargo = workspace.cargo();
    cargo.args([
        "build",
        "--package",
        "xtask",
        "--example",
        "guarantees-function",
    ]);
    step("building the matrix's handler", &mut cargo)
}

/// In the order of `todo`, whatever order they end in.
fn run_all(programs: &Programs, todo: &[(&'static Scenario, &'static str)]) -> Vec<Cell> {
    let next = AtomicUsize::new(0);
    let cells = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(todo.len()) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(&(scenario, policy)) = todo.get(index) else {
                        return;
                    };
                    let begun = Instant::now();
                    let found = run_cell(programs, scenario, policy);
                    let cell = Cell {
                        scenario,
                        policy,
                        found,
                        took: begun.elapsed(),
                    };
                    let mut cells = cells.lock().unwrap_or_else(PoisonError::into_inner);
                    cells.push((index, cell));
                }
            });
        }
    });
    let mut cells = cells.into_inner().unwrap_or_else(PoisonError::into_inner);
    cells.sort_by_key(|(index, _)| *index);
    cells.into_iter().map(|(_, cell)| cell).collect()
}

fn run_cell(programs: &Programs, scenario: &Scenario, policy: &str) -> Result<Found> {
    let mut lab = Lab::start(programs, &scenario.setup, policy)?;
    (scenario.script)(&mut lab)
        .and_then(|()| lab.end())
        .with_context(|| lab.last_lines())
}

/// Shows every cell, and fails when one does not keep its promise.
fn judge(cells: &[Cell]) -> Result<()> {
    let mut broken = 0;
    for cell in cells {
        let (scenario, policy) = (cell.scenario, cell.policy);
        let verdict = match &cell.found {
            Ok(found) => match scenario.promise.broken_by(found) {
                None => format!("{found}"),
                Some(why) => {
                    broken += 1;
                    format!("{found}: BROKEN, {why}")
                }
            },
            Err(error) => {
                broken += 1;
                format!("did not run: {error:#}")
            }
        };
        say(format_args!(
            "    {:<36} {policy:<11} {verdict} ({:.1} s)",
            scenario.name,
            cell.took.as_secs_f64()
        ));
    }
    if broken > 0 {
        bail!(
            "{broken} of {} cells do not keep their promise",
            cells.len()
        );
    }
    Ok(())
}

fn keep(path: PathBuf, mode: Mode, page: &str) -> Result<()> {
    let shown = path.display();
    match mode {
        Mode::Write => {
            std::fs::write(&path, page).with_context(|| format!("failed to write {shown}"))
        }
        Mode::Check => {
            let kept = std::fs::read_to_string(&path).unwrap_or_default();
            if kept != page {
                bail!("{shown} is not what the run gives: run cargo xtask guarantees and commit");
            }
            Ok(())
        }
    }
}
