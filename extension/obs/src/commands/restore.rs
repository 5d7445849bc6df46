//! `obs restore`: back to a snapshot, as a plan like any other.

use std::path::{Path, PathBuf};

use obs_deploy::plan::Adopt;
use obs_deploy::snapshot::Snapshot;

use crate::args::{Adoption, Consent, Format};
use crate::commands::apply::perform;
use crate::exit::Failure;
use crate::project;
use crate::surroundings::Surroundings;

/// Arguments of `restore`.
#[derive(Debug, clap::Args)]
pub(crate) struct Restore {
    /// The file that `obs snapshot` wrote
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Folder of the project, where what is there now is kept
    #[arg(
        short = 'C',
        long = "directory",
        value_name = "DIR",
        default_value = "."
    )]
    directory: PathBuf,
    #[command(flatten)]
    adoption: Adoption,
    #[command(flatten)]
    consent: Consent,
}

pub(crate) fn run(args: &Restore, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let back = Back {
        root: &args.directory,
        adoption: &args.adoption,
        consent: &args.consent,
    };
    back.to(&args.file, surroundings)
}

/// How to go back.
pub(super) struct Back<'a> {
    /// The project's folder.
    pub(super) root: &'a Path,
    /// What may be taken over.
    pub(super) adoption: &'a Adoption,
    /// What was agreed to.
    pub(super) consent: &'a Consent,
}

impl Back<'_> {
    /// Shows the way to a snapshot and goes it.
    pub(super) fn to(&self, file: &Path, surroundings: &mut Surroundings) -> Result<u8, Failure> {
        let text = std::fs::read_to_string(file).map_err(|error| {
            Failure::Usage(format!(
                "cannot read the snapshot {}: {error}",
                file.display()
            ))
        })?;
        let snapshots = Snapshot::read(&text)
            .map_err(|error| Failure::Usage(format!("{}: failed to {error}", file.display())))?;
        let others = snapshots.iter().flat_map(|one| one.others.iter().cloned());
        let adopt = Adopt::named(others.chain(self.adoption.adopt.iter().cloned()));
        let desired = snapshots.into_iter().map(|one| one.desired).collect();
        let planned = project::runtime()?.block_on(project::plan(desired, &adopt, surroundings))?;
        project::show(&planned, Format::Text, surroundings)?;
        perform(
            planned,
            self.root,
            self.consent,
            "Go back to this?",
            surroundings,
        )
    }
}
