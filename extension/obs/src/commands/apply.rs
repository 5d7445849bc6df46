//! `obs apply`: the plan, then exactly the plan.

use std::io::Write;
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use obs_deploy::apply;
use obs_deploy::holdings::{self, Selection};
use obs_deploy::plan::saved::Saved;
use obs_deploy::plan::{self, Action, Adopt};
use obs_deploy::snapshot::{History, Snapshot};
use obs_deploy::value::counted;

use crate::args::{Adoption, Consent, Format, Project};
use crate::exit::{self, Failure};
use crate::project::{self, Planned};
use crate::surroundings::Surroundings;

/// Arguments of `apply`.
#[derive(Debug, clap::Args)]
pub(crate) struct Apply {
    #[command(flatten)]
    project: Project,
    #[command(flatten)]
    adoption: Adoption,
    /// Apply a plan that `obs plan --out` kept, if the account is as it was then
    #[arg(long, value_name = "FILE", conflicts_with_all = ["envs", "vars", "adopt"])]
    plan: Option<PathBuf>,
    #[command(flatten)]
    consent: Consent,
}

/// Hands that a refusal lists before it counts the rest.
const NAMED: usize = 5;

pub(crate) fn run(args: &Apply, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let runtime = project::runtime()?;
    let planned = match &args.plan {
        Some(path) => runtime.block_on(kept(path, surroundings))?,
        None => {
            let resolved = project::load(&args.project, surroundings)?;
            let desired = resolved.into_iter().map(|one| one.desired).collect();
            let adopt = Adopt::named(&args.adoption.adopt);
            runtime.block_on(project::plan(desired, &adopt, surroundings))?
        }
    };
    project::show(&planned, Format::Text, surroundings)?;
    let root = &args.project.directory;
    perform(planned, root, &args.consent, "Apply this?", surroundings)
}

/// Reads a plan that was kept, and makes sure that it still is one.
async fn kept(path: &Path, surroundings: &Surroundings) -> Result<Vec<Planned>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::Usage(format!("cannot read the plan {}: {error}", path.display()))
    })?;
    let plans = Saved::read(&text)
        .map_err(|error| Failure::Usage(format!("{}: failed to {error}", path.display())))?;
    let mut planned = Vec::new();
    for saved in plans {
        let account = project::connect(&saved.plan.target, surroundings).await?;
        let observed = plan::observe(&account, &saved.desired)
            .await
            .map_err(project::sentence)?;
        saved.still_holds(&observed).map_err(project::sentence)?;
        planned.push(Planned {
            account,
            observed,
            saved,
        });
    }
    Ok(planned)
}

/// Asks, keeps what is there now, makes the plans' calls, and tells how it went.
pub(crate) fn perform(
    planned: Vec<Planned>,
    root: &Path,
    consent: &Consent,
    question: &str,
    surroundings: &mut Surroundings,
) -> Result<u8, Failure> {
    if planned.iter().all(|one| one.saved.plan.is_empty()) {
        return Ok(exit::OK);
    }
    if !consent.force {
        refuse_hands(&planned)?;
    }
    if surroundings.interactive && !consent.yes && !surroundings.ask(question)? {
        writeln!(surroundings.err, "Nothing was changed.")?;
        return Ok(exit::FAILURE);
    }
    let runtime = project::runtime()?;
    for mut one in planned {
        if one.saved.plan.is_empty() {
            continue;
        }
        runtime.block_on(keep(&mut one, root, surroundings))?;
        runtime.block_on(make(&one, surroundings))?;
    }
    Ok(exit::OK)
}

/// Keeps what is there for `obs rollback`. An apply that is urgent must not wait for a
/// full disk: what cannot be kept is said.
async fn keep(
    planned: &mut Planned,
    root: &Path,
    surroundings: &mut Surroundings,
) -> Result<(), Failure> {
    let Saved { plan, adopt, .. } = &planned.saved;
    let observed = &mut planned.observed;
    holdings::complete(&planned.account, &plan.target, observed)
        .await
        .map_err(project::sentence)?;
    let selection = Selection {
        adopted: adopt.clone(),
        ..Selection::default()
    };
    let count = |action| plan.count(action);
    let reason = format!(
        "before {} to create, {} to change, {} to delete",
        count(Action::Create),
        count(Action::Update),
        count(Action::Delete)
    );
    let held = holdings::of(&plan.target, observed, &selection);
    let history = History::new(root, &plan.target.environment);
    if let Err(error) = history.keep(Snapshot::of(held, reason)) {
        writeln!(
            surroundings.err,
            "warning: what is there now cannot be kept for `obs rollback`: {error}"
        )?;
    }
    Ok(())
}

/// What people changed by hand has a reason that the files do not know yet.
fn refuse_hands(planned: &[Planned]) -> Result<(), Failure> {
    let mut names: Vec<String> = planned
        .iter()
        .flat_map(|one| one.saved.plan.hand_made())
        .collect();
    if names.is_empty() {
        return Ok(());
    }
    let rest = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    if rest > 0 {
        names.push(format!("{rest} more"));
    }
    Err(Failure::Sentence(format!(
        "changed by hand since the last apply: {}; take it into the files, or overwrite it with `--force`. Nothing was changed.",
        names.join(", ")
    )))
}

async fn make(planned: &Planned, surroundings: &mut Surroundings) -> Result<(), Failure> {
    let plan = &planned.saved.plan;
    let bar = bar(plan.steps.len(), surroundings.interactive);
    let steps = plan.steps.len();
    let (mut complete, err) = (0, &mut surroundings.err);
    let work = apply::apply(&planned.account, plan, |done, step| {
        complete = done;
        bar.set_message(step.title());
        bar.set_position(done as u64);
        if bar.is_hidden() {
            let sign = step.action.sign();
            // Progress that cannot be shown must not stop the work.
            let _ = writeln!(err, "[{done}/{steps}] {sign} {}", step.title());
        }
    });
    let outcome = tokio::select! {
        outcome = work => Some(outcome),
        _ = tokio::signal::ctrl_c() => None,
    };
    bar.finish_and_clear();
    let again = "are done and stay; run the same command again, it goes on from there";
    match outcome {
        Some(Ok(done)) => {
            for remark in &done.remarks {
                writeln!(surroundings.err, "note: {remark}")?;
            }
            let resources = counted(done.steps, "resource");
            let calls = counted(done.calls, "call");
            let environment = &plan.target.environment;
            writeln!(
                surroundings.out,
                "Done: {resources} of {environment} in {calls}."
            )?;
            Ok(())
        }
        Some(Err(stopped)) => Err(Failure::Sentence(format!(
            "{}\nStopped at {}: {} of {} steps {again}.",
            stopped.error, stopped.at, stopped.done.steps, stopped.of
        ))),
        None => Err(Failure::Sentence(format!(
            "interrupted: {complete} of {steps} steps {again}."
        ))),
    }
}

/// A bar for a terminal; elsewhere each step is a line.
fn bar(steps: usize, interactive: bool) -> ProgressBar {
    if !interactive {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("[{bar:30}] {pos}/{len}  {eta} left  {wide_msg}")
        .expect("the template is well formed");
    ProgressBar::new(steps as u64).with_style(style.progress_chars("=> "))
}
