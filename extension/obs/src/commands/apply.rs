//! `obs apply`: the plan, then exactly the plan.

use std::io::Write;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use obs_deploy::apply;
use obs_deploy::plan::saved::Saved;
use obs_deploy::plan::{self, Adopt};

use crate::args::{Apply, Consent, Format};
use crate::exit::{self, Failure};
use crate::project::{self, Planned};
use crate::surroundings::Surroundings;

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
    perform(&planned, &args.consent, "Apply this?", surroundings)
}

/// Reads a plan that was kept, and makes sure that it still is one.
async fn kept(path: &Path, surroundings: &Surroundings) -> Result<Vec<Planned>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::Usage(format!("cannot read the plan {}: {error}", path.display()))
    })?;
    let plans = Saved::read(&text).map_err(|error| Failure::Usage(format!("failed to {error}")))?;
    let mut planned = Vec::new();
    for saved in plans {
        let account = project::connect(&saved.plan.target, surroundings).await;
        let observed = plan::observe(&account, &saved.desired)
            .await
            .map_err(project::sentence)?;
        saved.still_holds(&observed).map_err(project::sentence)?;
        planned.push(Planned { account, saved });
    }
    Ok(planned)
}

/// Asks, makes the plans' calls, and tells how it went.
pub(crate) fn perform(
    planned: &[Planned],
    consent: &Consent,
    question: &str,
    surroundings: &mut Surroundings,
) -> Result<u8, Failure> {
    if planned.iter().all(|one| one.saved.plan.is_empty()) {
        return Ok(exit::OK);
    }
    if !consent.force {
        refuse_hands(planned)?;
    }
    if surroundings.interactive && !consent.yes && !surroundings.ask(question)? {
        writeln!(surroundings.err, "Nothing was changed.")?;
        return Ok(exit::FAILURE);
    }
    let runtime = project::runtime()?;
    for one in planned.iter().filter(|one| !one.saved.plan.is_empty()) {
        runtime.block_on(make(one, surroundings))?;
    }
    Ok(exit::OK)
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
            let (steps, calls) = (done.steps, done.calls);
            let environment = &plan.target.environment;
            writeln!(
                surroundings.out,
                "Done: {steps} resources of {environment} in {calls} calls."
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
    let style = ProgressStyle::with_template("[{bar:30}] {pos}/{len}  {msg}  {eta} left")
        .expect("the template is well formed");
    ProgressBar::new(steps as u64).with_style(style.progress_chars("=> "))
}
