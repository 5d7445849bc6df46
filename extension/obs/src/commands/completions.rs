//! `obs completions`: what a shell needs to complete the command.

use clap::CommandFactory;

use crate::args::{Args, Completions};
use crate::exit::{self, Failure};
use crate::surroundings::Surroundings;

pub(crate) fn run(args: &Completions, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let mut command = Args::command();
    clap_complete::generate(args.shell, &mut command, "obs", &mut surroundings.out);
    Ok(exit::OK)
}
