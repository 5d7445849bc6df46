//! `obs completions`: what a shell needs to complete the command.

use clap::CommandFactory;

use crate::args::Args;
use crate::exit::{self, Failure};
use crate::surroundings::Surroundings;

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    /// Which shell
    shell: clap_complete::Shell,
}

pub(crate) fn run(args: &Completions, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let mut command = Args::command();
    clap_complete::generate(args.shell, &mut command, "obs", &mut surroundings.out);
    Ok(exit::OK)
}
