//! `cargo xtask conformance`: the product against software that nobody here
//! wrote, installed from package registries into `target/conformance`.
//!
//! The checks themselves are Python, the peers' own language, in
//! `xtask/conformance`. A peer that cannot be installed is named with its remedy
//! and its checks are skipped; in CI a skip is a failure.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::{
    steps::{say, step},
    workspace::Workspace,
};

/// Builds the product, installs the peers, runs the checks.
pub(crate) fn run(workspace: &Workspace, pytest: &[String]) -> Result<()> {
    workspace.build_product()?;
    let twin = ["build", "--package", "cloudvault-twin"];
    step(
        "building the twin of AWS's libraries",
        workspace.cargo().args(twin),
    )?;
    let suite = workspace.root.join("xtask/conformance");
    let python = virtual_environment(workspace, &suite)?;
    let mut command = workspace.command(&python);
    command
        .current_dir(&suite)
        .args([
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "--color=auto",
            "-rs",
        ])
        .args(pytest)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("OBS_ROOT", &workspace.root)
        .env("OBS_BIN", workspace.target.join("debug"))
        .env("OBS_PEERS", peers(workspace))
        .env("OBS_SKIP_FAILS", if workspace.ci { "1" } else { "0" });
    step("conformance", &mut command)
}

fn peers(workspace: &Workspace) -> PathBuf {
    workspace.target.join("conformance")
}

/// A Python environment with the pinned peers, made again when the pins change.
fn virtual_environment(workspace: &Workspace, suite: &Path) -> Result<PathBuf> {
    let folder = peers(workspace).join("venv");
    let python = folder.join("bin/python");
    let pins = std::fs::read_to_string(suite.join("requirements.txt"))
        .context("failed to read xtask/conformance/requirements.txt")?;
    let stamp = folder.join("installed.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == pins) {
        say(format_args!(
            "==> peers are installed in {}",
            folder.display()
        ));
        return Ok(python);
    }
    step(
        "python environment (on Debian: apt-get install python3-venv)",
        workspace
            .command("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&folder),
    )?;
    let mut pip = workspace.command(&python);
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
    ]);
    step("installing peers", pip.arg(suite.join("requirements.txt")))?;
    std::fs::write(&stamp, pins).context("failed to note what is installed")?;
    Ok(python)
}
