//! Loading a project and planning it against its account: what `plan`, `apply` and
//! `destroy` share.

use obs_deploy::account::aws::{Aws, Connect};
use obs_deploy::model::{Desired, Target};
use obs_deploy::plan::{self, Plan, Style};
use obs_deploy::resolve::{self, Choice, Resolved};
use obs_deploy::source::{self, problem::Invalid, problem::Paint};

use crate::args::Project;
use crate::exit::Failure;
use crate::surroundings::Surroundings;

/// Reads and understands the files.
pub(crate) fn load(project: &Project, surroundings: &Surroundings) -> Result<Resolved, Failure> {
    let choice = Choice {
        environment: project.env.clone(),
        variables: project.vars.iter().cloned().collect(),
    };
    let paint = match surroundings.colour_err {
        true => Paint::Colour,
        false => Paint::Plain,
    };
    let report = |invalid: Box<Invalid>| Failure::Report(invalid.render(paint));
    let documents = source::read(&project.directory).map_err(report)?;
    resolve::resolve(&documents, &choice).map_err(report)
}

/// The account of a target.
pub(crate) async fn connect(target: &Target, surroundings: &Surroundings) -> Aws {
    let connect = Connect {
        region: target.region.clone(),
        endpoint: target.endpoint.clone(),
        override_endpoint: surroundings.endpoint.clone(),
        has_access_key: surroundings.has_access_key,
    };
    Aws::connect(&connect).await
}

/// Reads the account and compares.
pub(crate) async fn plan(account: &Aws, desired: &Desired) -> Result<Plan, Failure> {
    let sentence = |error: plan::PlanError| Failure::Sentence(error.to_string());
    let observed = plan::observe(account, desired).await.map_err(sentence)?;
    plan::plan(desired, &observed).map_err(sentence)
}

/// Prints a plan on stdout.
pub(crate) fn show(plan: &Plan, surroundings: &mut Surroundings) -> Result<(), Failure> {
    use std::io::Write;
    let style = match surroundings.colour_out {
        true => Style::Colour,
        false => Style::Plain,
    };
    let mut text = String::new();
    // Writing into a String cannot fail.
    let _ = plan.render(&mut text, style);
    write!(surroundings.out, "{text}")?;
    surroundings.out.flush()?;
    Ok(())
}

/// The runtime that the commands wait in.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::Sentence(format!("cannot start threads: {error}")))
}
