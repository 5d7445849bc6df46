//! `obs rollback`: back to what an apply found before it changed anything.

use std::io::Write;

use obs_deploy::snapshot::{History, KEPT, Snapshot};

use crate::args::{Adoption, Consent, Project};
use crate::commands::restore::Back;
use crate::exit::{self, Failure};
use crate::project;
use crate::surroundings::Surroundings;

/// Arguments of `rollback`.
#[derive(Debug, clap::Args)]
pub(crate) struct Rollback {
    #[command(flatten)]
    project: Project,
    /// Number of the snapshot [default: the newest]
    #[arg(long, value_name = "N", value_parser = number)]
    to: Option<u32>,
    /// Show what is kept and change nothing
    #[arg(long)]
    list: bool,
    #[command(flatten)]
    adoption: Adoption,
    #[command(flatten)]
    consent: Consent,
}

pub(crate) fn run(args: &Rollback, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let mut resolved = project::load(&args.project, surroundings)?;
    let target = match (resolved.pop(), resolved.is_empty()) {
        (Some(one), true) => one.desired.target,
        _ => {
            return Err(Failure::Usage(
                "a rollback is of one environment".to_owned(),
            ));
        }
    };
    let root = &args.project.directory;
    let history = History::new(root, &target.environment);
    let failed = |error: std::io::Error| {
        Failure::Sentence(format!("cannot read what applies kept: {error}"))
    };
    let numbers = history.numbers().map_err(failed)?;
    if args.list {
        return list(&history, &numbers, surroundings);
    }
    let number = match (args.to, numbers.last()) {
        (Some(number), _) if numbers.contains(&number) => number,
        (None, Some(newest)) => *newest,
        (Some(number), _) => {
            return Err(Failure::Usage(format!(
                "no snapshot {number} of {} is kept: `obs rollback --list` shows those that are",
                target.environment
            )));
        }
        (None, None) => {
            return Err(Failure::Usage(format!(
                "nothing is kept of {}: each `obs apply` that changes something keeps what it found, the last {KEPT} of them",
                target.environment
            )));
        }
    };
    let back = Back {
        root,
        adoption: &args.adoption,
        consent: &args.consent,
    };
    back.to(&history.path(number), surroundings)
}

fn list(
    history: &History,
    numbers: &[u32],
    surroundings: &mut Surroundings,
) -> Result<u8, Failure> {
    for number in numbers {
        let path = history.path(*number);
        let text = std::fs::read_to_string(&path).map_err(|error| {
            Failure::Sentence(format!("cannot read {}: {error}", path.display()))
        })?;
        let said = match Snapshot::read(&text) {
            Ok(all) => {
                let said = all
                    .iter()
                    .map(|one| format!("{}; held {}", one.reason, one.summary()));
                said.collect::<Vec<_>>().join("; ")
            }
            Err(error) => format!("failed to {error}"),
        };
        let kept = history.kept_at(*number).unwrap_or_default();
        writeln!(surroundings.out, "{number:>5}  {kept:<16}  {said}")?;
    }
    if numbers.is_empty() {
        writeln!(surroundings.out, "Nothing is kept yet.")?;
    }
    Ok(exit::OK)
}

fn number(text: &str) -> Result<u32, String> {
    text.parse()
        .map_err(|_| "expected a number that `obs rollback --list` shows".to_owned())
}
