//! `obs snapshot`: a backup of all that is applied, as one file.

use std::io::Write;
use std::path::PathBuf;

use obs_deploy::holdings::{Selection, hold};
use obs_deploy::snapshot::{Snapshot, keep_private};

use crate::args::Project;
use crate::exit::{self, Failure};
use crate::project;
use crate::surroundings::Surroundings;

/// Arguments of `snapshot`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The file; readable by you alone, since it holds the subscriptions' whole addresses
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    project: Project,
}

pub(crate) fn run(args: &Arguments, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let resolved = project::load(&args.project, surroundings)?;
    let runtime = project::runtime()?;
    let (mut snapshots, mut kept) = (Vec::new(), Vec::new());
    for one in resolved {
        let held = runtime.block_on(async {
            let account = project::connect(&one.desired.target, surroundings).await?;
            let held = hold(&account, &one.desired, &Selection::default()).await;
            held.map_err(project::sentence)
        })?;
        for unsaid in &held.unsaid {
            writeln!(
                surroundings.err,
                "not in it: {}: {}",
                unsaid.what, unsaid.why
            )?;
        }
        let snapshot = Snapshot::of(held, "");
        let environment = &snapshot.desired.target.environment;
        kept.push(format!("{environment}: {}", snapshot.summary()));
        snapshots.push(snapshot);
    }
    let path = args.file.display();
    keep_private(&args.file, &Snapshot::write(snapshots))
        .map_err(|error| Failure::Sentence(format!("cannot write the snapshot {path}: {error}")))?;
    writeln!(surroundings.out, "{}", kept.join("\n"))?;
    writeln!(
        surroundings.err,
        "Kept in {path}, for your eyes only: it holds the subscriptions' whole addresses. Go back to it with: obs restore {path}"
    )?;
    Ok(exit::OK)
}
