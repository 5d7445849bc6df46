//! `obs destroy`: deletes what this project keeps in the environment, and nothing else.

use std::io::Write;

use obs_deploy::model::Desired;

use crate::args::Change;
use crate::commands::apply::perform;
use crate::exit::{self, Failure};
use crate::project;
use crate::surroundings::Surroundings;

pub(crate) fn run(args: &Change, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let target = project::load(&args.project, surroundings)?.desired.target;
    if !args.yes && !surroundings.interactive {
        return Err(Failure::Usage(format!(
            "nobody is here to ask whether to delete everything of {} in {}: pass `--yes`",
            target.project, target.environment
        )));
    }
    let question = format!("Delete all of this from {}?", target.environment);
    let desired = Desired::nothing(target);
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
    if !args.yes && !surroundings.ask(&question)? {
        writeln!(surroundings.err, "Nothing was changed.")?;
        return Ok(exit::FAILURE);
    }
    runtime.block_on(perform(&account, &plan, surroundings))
}
