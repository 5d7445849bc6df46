//! The program, as its users run it.

use std::path::Path;
use std::process::{Command, Output};

/// The program in a folder, with nothing of this process's environment.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_obs"));
    command.args(arguments).current_dir(folder).env_clear();
    command
}

/// Runs it to its end.
pub(crate) fn obs(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

/// What it wrote to one of its ends.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A run as a terminal shows it.
pub(crate) fn transcript(arguments: &[&str], output: &Output) -> String {
    format!(
        "$ obs {}\n{}{}(exit code {})\n",
        arguments.join(" "),
        text(&output.stdout),
        text(&output.stderr),
        output.status.code().unwrap(),
    )
}
