//! `obs destroy`: deletes what this project keeps in the environment, and nothing else.

use obs_deploy::model::{Desired, Target};
use obs_deploy::plan::Adopt;

use crate::args::{Consent, Format, Project};
use crate::commands::apply::perform;
use crate::exit::Failure;
use crate::project;
use crate::surroundings::Surroundings;

/// Arguments of `destroy`.
#[derive(Debug, clap::Args)]
pub(crate) struct Destroy {
    #[command(flatten)]
    project: Project,
    #[command(flatten)]
    consent: Consent,
}

pub(crate) fn run(args: &Destroy, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let targets: Vec<Target> = project::load(&args.project, surroundings)?
        .into_iter()
        .map(|one| one.desired.target)
        .collect();
    let environments: Vec<&str> = targets
        .iter()
        .map(|target| target.environment.as_str())
        .collect();
    let environments = environments.join(", ");
    if !args.consent.yes && !surroundings.interactive {
        return Err(Failure::Usage(format!(
            "nobody is here to ask whether to delete everything in {environments}: pass `--yes`"
        )));
    }
    let nothing = targets.into_iter().map(Desired::nothing).collect();
    let planned =
        project::runtime()?.block_on(project::plan(nothing, &Adopt::nothing(), surroundings))?;
    project::show(&planned, Format::Text, surroundings)?;
    let question = format!("Delete all of this from {environments}?");
    let root = &args.project.directory;
    perform(planned, root, &args.consent, &question, surroundings)
}
