//! `obs check`: the files alone.

use std::io::Write;

use clap::ValueEnum;
use obs_deploy::resolve::{self, Choice, Resolved};
use obs_deploy::source;
use obs_deploy::source::problem::Invalid;
use obs_deploy::value::counted;
use serde_json::{Value, json};

use crate::args::Project;
use crate::commands::test::folder;
use crate::exit::{self, Failure};
use crate::project;
use crate::surroundings::Surroundings;

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    #[command(flatten)]
    project: Project,
    /// How problems are written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How problems are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal, each with the lines it is about
    #[default]
    Text,
    /// One JSON object an environment, with `problems` by file, line and column
    Json,
    /// Text, with problems as annotations of a GitHub Actions job
    Github,
}

pub(crate) fn run(args: &Check, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let verdicts = Verdict::all(&args.project);
    if args.format == Format::Json {
        for verdict in &verdicts {
            writeln!(surroundings.out, "{}", verdict.view())?;
        }
        return Ok(match verdicts.iter().any(Verdict::is_bad) {
            true => exit::INVALID,
            false => exit::OK,
        });
    }
    if args.format == Format::Github {
        let folder = folder(&args.project.directory);
        if let Some(all) = gathered(verdicts.iter().filter_map(Verdict::problems)) {
            write!(surroundings.out, "{}", all.annotations(&folder))?;
        }
    }
    let bad = verdicts.iter().filter(|it| it.is_bad());
    if let Some(bad) = gathered(bad.filter_map(Verdict::problems)) {
        return Err(Failure::Report(bad.render(surroundings.paint())));
    }
    for verdict in &verdicts {
        verdict.tell(surroundings)?;
    }
    Ok(exit::OK)
}

/// What was found of one environment.
struct Verdict {
    /// Its name; `None` for the project's default.
    environment: Option<String>,
    outcome: Result<Resolved, Box<Invalid>>,
}

impl Verdict {
    /// Of each environment that was named.
    fn all(project: &Project) -> Vec<Verdict> {
        let choices = project::choices(project);
        let documents = source::read(&project.directory);
        let of = |choice: Choice| Verdict {
            outcome: match &documents {
                Ok(documents) => resolve::resolve(documents, &choice),
                Err(invalid) => Err(invalid.clone()),
            },
            environment: choice.environment,
        };
        choices.into_iter().map(of).collect()
    }

    fn is_bad(&self) -> bool {
        self.outcome.is_err()
    }

    /// What is wrong or worth a look.
    fn problems(&self) -> Option<&Invalid> {
        match &self.outcome {
            Ok(resolved) => resolved.warnings.as_deref(),
            Err(invalid) => Some(invalid),
        }
    }

    fn tell(&self, surroundings: &mut Surroundings) -> Result<(), Failure> {
        if let Some(warnings) = self.problems() {
            let text = warnings.render(surroundings.paint());
            write!(surroundings.err, "{text}")?;
        }
        let Some(counts) = self.counts() else {
            return Ok(());
        };
        writeln!(
            surroundings.out,
            "{} in {}: {}, {}, {}, {}. No problems.",
            counts.project,
            counts.environment,
            counted(counts.topics, "topic"),
            counted(counts.alarms, "alarm"),
            counted(counts.composites, "composite alarm"),
            counted(counts.dashboards, "dashboard"),
        )?;
        Ok(())
    }

    fn counts(&self) -> Option<Counts<'_>> {
        let desired = &self.outcome.as_ref().ok()?.desired;
        Some(Counts {
            project: &desired.target.project,
            environment: &desired.target.environment,
            topics: desired.topics.len(),
            alarms: desired.alarms.len(),
            composites: desired.composites.len(),
            dashboards: desired.dashboards.len(),
        })
    }

    /// For programs; `environment` is `null` for the default of a project that cannot be
    /// read, `counts` for one that is not valid.
    fn view(&self) -> Value {
        let counts = self.counts();
        let environment = counts.as_ref().map(|counts| counts.environment);
        json!({
            "environment": environment.or(self.environment.as_deref()),
            "valid": !self.is_bad(),
            "counts": counts.map(|counts| json!({
                "topics": counts.topics,
                "alarms": counts.alarms,
                "composites": counts.composites,
                "dashboards": counts.dashboards,
            })),
            "problems": self.problems().map(Invalid::placed).unwrap_or_default(),
        })
    }
}

/// How many of what.
struct Counts<'a> {
    project: &'a str,
    environment: &'a str,
    topics: usize,
    alarms: usize,
    composites: usize,
    dashboards: usize,
}

/// The problems of several environments, each once: they are of the same files.
fn gathered<'a>(mut all: impl Iterator<Item = &'a Invalid>) -> Option<Invalid> {
    let first = all.next()?.clone();
    Some(all.fold(first, Invalid::with))
}
