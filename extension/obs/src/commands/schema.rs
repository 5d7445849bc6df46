//! `obs schema`: the JSON Schemas of the files, for editors.

use std::io::Write;
use std::path::PathBuf;

use obs_deploy::shape::schema;

use crate::exit::{self, Failure};
use crate::surroundings::Surroundings;

/// Arguments of `schema`.
#[derive(Debug, clap::Args)]
pub(crate) struct Schema {
    /// Folder they are written to
    #[arg(short, long, value_name = "DIR", default_value = "schemas")]
    out: PathBuf,
}

pub(crate) fn run(args: &Schema, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let failed = |error: std::io::Error| {
        Failure::Sentence(format!(
            "cannot write to {}: {error}; name another folder with `--out`",
            args.out.display()
        ))
    };
    std::fs::create_dir_all(&args.out).map_err(failed)?;
    for file in schema::all() {
        let path = args.out.join(file.name);
        std::fs::write(&path, file.text()).map_err(failed)?;
        writeln!(surroundings.out, "{}: for {}", path.display(), file.files)?;
    }
    Ok(exit::OK)
}
