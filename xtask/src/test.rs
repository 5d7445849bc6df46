//! `cargo xtask test`: everything that CI checks, in the order in which it is
//! cheapest to fail.

use anyhow::{Result, bail};

use crate::{
    api, conformance, features, fuzz, guarantees,
    steps::{self, step},
    workspace::Workspace,
};

pub(crate) fn run(workspace: &Workspace, with_conformance: bool) -> Result<()> {
    step(
        "formatting",
        workspace.cargo().args(["fmt", "--all", "--check"]),
    )?;
    let clippy = [
        "clippy",
        "--workspace",
        "--all-features",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ];
    step("clippy", workspace.cargo().args(clippy))?;
    let mut doc = workspace.cargo();
    doc.args(["doc", "--workspace", "--all-features", "--no-deps"])
        .env("RUSTDOCFLAGS", "--deny warnings");
    step("documentation", &mut doc)?;
    benches(workspace)?;
    journal_model(workspace)?;
    page(workspace)?;
    step(
        "tests",
        workspace
            .cargo()
            .args(["test", "--workspace", "--all-features", "--no-fail-fast"]),
    )?;
    features::run(workspace)?;
    api::run(workspace, false)?;
    fuzz::run(workspace, &[], fuzz::RUNS)?;
    guarantees::run(workspace, guarantees::Mode::Check, None)?;
    if with_conformance {
        conformance::run(workspace, &[])?;
    }
    Ok(())
}

/// The benches are a workspace of their own; they have to keep compiling.
fn benches(workspace: &Workspace) -> Result<()> {
    let check = [
        "clippy",
        "--manifest-path",
        "benches/Cargo.toml",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ];
    step("benches compile", workspace.cargo().args(check))
}

/// Every interleaving of the journal's writers and reader, by loom. Its own
/// target folder, because `--cfg loom` would rebuild everything else.
fn journal_model(workspace: &Workspace) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo
        .args([
            "test",
            "--package",
            "cloudvault-obs-core",
            "--lib",
            "--release",
            "loom",
        ])
        .env("CARGO_TARGET_DIR", workspace.target.join("loom"))
        .env("RUSTFLAGS", "--cfg loom");
    step("journal model (loom)", &mut cargo)
}

/// The page's own tests, and that the committed bundle is what its sources give.
fn page(workspace: &Workspace) -> Result<()> {
    let page = workspace.root.join("extension/dev/page");
    let npm = |arguments: &[&str]| {
        let mut command = workspace.command("npm");
        command.current_dir(&page).args(arguments);
        command
    };
    step(
        "page: install",
        &mut npm(&["ci", "--no-audit", "--no-fund", "--loglevel", "error"]),
    )?;
    step("page: tests", &mut npm(&["test"]))?;
    step("page: build", &mut npm(&["run", "build"]))?;
    let assets = "extension/dev/src/page/assets";
    let changed =
        steps::output(
            workspace
                .command("git")
                .args(["status", "--porcelain", "--", assets]),
        )?;
    if !changed.is_empty() && workspace.ci {
        bail!(
            "{assets} is not what its sources give: run npm run build in extension/dev/page and commit\n{changed}"
        );
    }
    Ok(())
}
