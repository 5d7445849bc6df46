//! `obs plan`: what would be done; writes nothing.

use crate::args::Plan;
use crate::exit::{self, Failure};
use crate::project;
use crate::surroundings::Surroundings;

pub(crate) fn run(args: &Plan, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let desired = project::load(&args.project, surroundings)?.desired;
    let plan = project::runtime()?.block_on(async {
        let account = project::connect(&desired.target, surroundings).await;
        project::plan(&account, &desired).await
    })?;
    project::show(&plan, surroundings)?;
    Ok(match args.detailed_exitcode && !plan.is_empty() {
        true => exit::DIFFERENCES,
        false => exit::OK,
    })
}
