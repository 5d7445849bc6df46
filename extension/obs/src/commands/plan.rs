//! `obs plan`: what would be done; writes nothing to any account.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use obs_deploy::plan::Adopt;
use obs_deploy::plan::saved::Saved;

use crate::args::{Adoption, Format, Project};
use crate::exit::{self, Failure};
use crate::project::{self, Planned};
use crate::surroundings::Surroundings;

/// Arguments of `plan`.
#[derive(Debug, clap::Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    project: Project,
    #[command(flatten)]
    adoption: Adoption,
    /// Exit with 3 when there is something to do
    #[arg(long)]
    detailed_exitcode: bool,
    /// How the plan is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Keep the plan in a file, for `obs apply --plan FILE`; it holds the subscriptions' whole addresses
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Plan, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let resolved = project::load(&args.project, surroundings)?;
    let desired = resolved.into_iter().map(|one| one.desired).collect();
    let adopt = Adopt::named(&args.adoption.adopt);
    let planned = project::runtime()?.block_on(project::plan(desired, &adopt, surroundings))?;
    project::show(&planned, args.format, surroundings)?;
    let empty = planned.iter().all(|one| one.saved.plan.is_empty());
    if let Some(path) = &args.out {
        keep(path, planned)?;
        writeln!(
            surroundings.err,
            "Kept in {0}; apply it with: obs apply --plan {0}",
            path.display()
        )?;
    }
    Ok(match args.detailed_exitcode && !empty {
        true => exit::DIFFERENCES,
        false => exit::OK,
    })
}

/// Readable by its owner alone: addresses of subscriptions may be secrets.
fn keep(path: &Path, planned: Vec<Planned>) -> Result<(), Failure> {
    let text = Saved::write(planned.into_iter().map(|one| one.saved).collect());
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| {
            Failure::Sentence(format!(
                "cannot keep the plan in {}: {error}",
                path.display()
            ))
        })
}
