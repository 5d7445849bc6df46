//! `obs apply`: the plan, then exactly the plan.

use std::io::Write;

use obs_deploy::account::aws::Aws;
use obs_deploy::apply;
use obs_deploy::plan::Plan;

use crate::args::Change;
use crate::exit::{self, Failure};
use crate::project;
use crate::surroundings::Surroundings;

pub(crate) fn run(args: &Change, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let desired = project::load(&args.project, surroundings)?.desired;
    let runtime = project::runtime()?;
    let (account, plan) = runtime.block_on(async {
        let account = project::connect(&desired.target, surroundings).await;
        let plan = project::plan(&account, &desired).await?;
        Ok::<_, Failure>((account, plan))
    })?;
    project::show(&plan, surroundings)?;
    if plan.is_empty() {
        return Ok(exit::OK);
    }
    if surroundings.interactive && !args.yes && !surroundings.ask("Apply this plan?")? {
        writeln!(surroundings.err, "Nothing was changed.")?;
        return Ok(exit::FAILURE);
    }
    runtime.block_on(perform(&account, &plan, surroundings))
}

/// Makes the plan's calls and tells how it went.
pub(crate) async fn perform(
    account: &Aws,
    plan: &Plan,
    surroundings: &mut Surroundings,
) -> Result<u8, Failure> {
    let (interactive, steps) = (surroundings.interactive, plan.steps.len());
    let err = &mut surroundings.err;
    let outcome = apply::apply(account, plan, |index, step| {
        let (number, sign) = (index + 1, step.action.sign());
        let line = format!(
            "[{number}/{steps}] {sign} {} {}",
            step.kind.word(),
            step.name
        );
        // Progress that cannot be shown must not stop the work.
        let _ = match interactive {
            true => write!(err, "\r\u{1b}[2K{line}").and_then(|()| err.flush()),
            false => writeln!(err, "{line}"),
        };
    })
    .await;
    if interactive {
        write!(surroundings.err, "\r\u{1b}[2K")?;
    }
    match outcome {
        Ok(done) => {
            for remark in &done.remarks {
                writeln!(surroundings.err, "note: {remark}")?;
            }
            writeln!(
                surroundings.out,
                "Done: {} resources in {} calls.",
                done.steps, done.calls
            )?;
            Ok(exit::OK)
        }
        Err(stopped) => Err(Failure::Sentence(format!(
            "{}\nStopped at {}: {} of {} steps are done and stay; run the same command again, it goes on from there.",
            stopped.error, stopped.at, stopped.done.steps, stopped.of
        ))),
    }
}
