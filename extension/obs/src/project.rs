//! Loading a project and planning it against its accounts: what `plan`, `apply` and
//! `destroy` share.

use std::io::Write;

use obs_deploy::account::aws::{Assumed, Aws, Connect};
use obs_deploy::model::{Desired, Target};
use obs_deploy::plan::saved::Saved;
use obs_deploy::plan::{self, Adopt, Observed, Style};
use obs_deploy::resolve::{self, Choice, Resolved};
use obs_deploy::source::file::Files;
use obs_deploy::source::{self, problem::Invalid};

use crate::args::{Format, Project};
use crate::exit::Failure;
use crate::surroundings::Surroundings;

/// Reads and understands the files for each environment that was named.
pub(crate) fn load(
    project: &Project,
    surroundings: &Surroundings,
) -> Result<Vec<Resolved>, Failure> {
    load_with_files(project, surroundings).map(|(resolved, _)| resolved)
}

/// The same with the texts, for whoever tells the line of something.
pub(crate) fn load_with_files(
    project: &Project,
    surroundings: &Surroundings,
) -> Result<(Vec<Resolved>, Files), Failure> {
    let paint = surroundings.paint();
    let report = |invalid: Box<Invalid>| Failure::Report(invalid.render(paint));
    let documents = source::read(&project.directory).map_err(report)?;
    let choices = choices(project);
    let resolved = choices
        .iter()
        .map(|choice| resolve::resolve(&documents, choice).map_err(report));
    let resolved: Result<Vec<Resolved>, Failure> = resolved.collect();
    Ok((resolved?, documents.files))
}

/// One choice an environment that was named; the project's default when none was.
pub(crate) fn choices(project: &Project) -> Vec<Choice> {
    let choice = |environment: Option<&String>| Choice {
        environment: environment.cloned(),
        variables: project.vars.iter().cloned().collect(),
    };
    match &project.envs[..] {
        [] => vec![choice(None)],
        named => named.iter().map(Some).map(choice).collect(),
    }
}

/// The account of a target.
pub(crate) async fn connect(target: &Target, surroundings: &Surroundings) -> Result<Aws, Failure> {
    if let Some(url) = &surroundings.endpoint
        && !is_url(url)
    {
        return Err(Failure::Usage(format!(
            "AWS_ENDPOINT_URL is `{url}`: expected a URL such as http://127.0.0.1:4400"
        )));
    }
    let connect = Connect {
        region: target.region.clone(),
        endpoint: target.endpoint.clone(),
        override_endpoint: surroundings.endpoint.clone(),
        role: Assumed::of(target),
        has_access_key: surroundings.has_access_key,
    };
    Ok(Aws::connect(&connect).await)
}

/// Whether it has a scheme that AWS's SDK speaks, and a host.
fn is_url(text: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| {
        text.strip_prefix(scheme)
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '['))
    })
}

/// A plan and the account it is for.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) account: Aws,
    /// What was there when it was planned.
    pub(crate) observed: Observed,
    pub(crate) saved: Saved,
}

/// Reads each account and compares.
pub(crate) async fn plan(
    all: Vec<Desired>,
    adopt: &Adopt,
    surroundings: &Surroundings,
) -> Result<Vec<Planned>, Failure> {
    let mut planned = Vec::new();
    for desired in all {
        let account = connect(&desired.target, surroundings).await?;
        let observed = plan::observe(&account, &desired).await.map_err(sentence)?;
        let mut plan = plan::plan(&desired, &observed, adopt).map_err(sentence)?;
        plan.look_around(&account).await.map_err(sentence)?;
        let saved = Saved {
            desired,
            adopt: adopt.clone(),
            plan,
        };
        planned.push(Planned {
            account,
            observed,
            saved,
        });
    }
    Ok(planned)
}

/// A failure said in one sentence.
pub(crate) fn sentence(error: impl std::fmt::Display) -> Failure {
    Failure::Sentence(error.to_string())
}

/// Prints plans on stdout.
pub(crate) fn show(
    planned: &[Planned],
    format: Format,
    surroundings: &mut Surroundings,
) -> Result<(), Failure> {
    let style = match (format, surroundings.colour_out) {
        (Format::Text, true) => Style::Colour,
        (Format::Text, false) => Style::Plain,
        (Format::Json, _) => Style::Json,
        (Format::Markdown | Format::Github, _) => Style::Markdown,
    };
    let mut text = String::new();
    for (index, one) in planned.iter().enumerate() {
        if index > 0 && format != Format::Json {
            text.push('\n');
        }
        // Writing into a String cannot fail.
        let _ = one.saved.plan.render(&mut text, style);
        if format == Format::Github {
            text.extend(one.saved.plan.notes.iter().map(|note| annotation(note)));
        }
    }
    write!(surroundings.out, "{text}")?;
    surroundings.out.flush()?;
    Ok(())
}

/// A note as GitHub Actions shows it beside a change.
pub(crate) fn annotation(note: &str) -> String {
    let escaped = note
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A");
    format!("::notice title=obs::{escaped}\n")
}

/// The runtime that the commands wait in.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::Sentence(format!("cannot start threads: {error}")))
}
