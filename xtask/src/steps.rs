//! Running commands and saying so.

use std::{
    fmt,
    io::Write as _,
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context as _, Result, bail};

/// A line of progress on stderr. A closed stderr stops nothing.
pub(crate) fn say(text: fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A line of the result on stdout.
pub(crate) fn print(text: fmt::Arguments<'_>) -> Result<()> {
    writeln!(std::io::stdout(), "{text}").context("failed to write to stdout")
}

/// Runs `command` to its end with this process's output, under a heading.
pub(crate) fn step(title: &str, command: &mut Command) -> Result<()> {
    say(format_args!("==> {title}"));
    let started = Instant::now();
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| missing(command))?;
    if !status.success() {
        bail!("{title} failed: {} ({status})", shown(command));
    }
    say(format_args!("    {:.1} s", started.elapsed().as_secs_f64()));
    Ok(())
}

/// Runs `command` and answers its stdout.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| missing(command))?;
    if !output.status.success() {
        bail!("{} failed ({})", shown(command), output.status);
    }
    String::from_utf8(output.stdout).context("output is not UTF-8")
}

fn missing(command: &Command) -> String {
    format!(
        "cannot start {}; is it installed and on PATH?",
        command.get_program().display()
    )
}

fn shown(command: &Command) -> String {
    let arguments = command
        .get_args()
        .map(|argument| argument.to_string_lossy());
    let program = command.get_program().to_string_lossy();
    std::iter::once(program)
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}
