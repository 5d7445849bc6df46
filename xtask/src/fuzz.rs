//! `cargo xtask fuzz`: a bounded run of each fuzz target: so many inputs, from
//! committed seeds, with a fixed random seed. libFuzzer is guided by addresses
//! too, so two runs try nearly the same inputs, not exactly the same. An input
//! that was found to fail is mended and becomes a seed.
//!
//! The targets are those of cargo-fuzz, which finds them in `fuzz` as well. But
//! no nightly compiler is needed: libFuzzer's counters are a pass of LLVM that
//! every compiler carries, and only the sanitizers are not to be had, which find
//! little in a library with one module of `unsafe` and one call.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::{
    steps::{self, say, step},
    workspace::Workspace,
};

/// Inputs for each target where nobody says otherwise.
pub(crate) const RUNS: u32 = 30_000;

/// What cargo-fuzz switches on, without a sanitizer.
const COUNTERS: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";

/// Builds all targets and runs those of `chosen`, or all.
pub(crate) fn run(workspace: &Workspace, chosen: &[String], runs: u32) -> Result<()> {
    let fuzz = workspace.root.join("fuzz");
    let targets = targets(&fuzz)?;
    if let Some(unknown) = chosen.iter().find(|chosen| !targets.contains(chosen)) {
        bail!("no fuzz target is named {unknown}: {}", targets.join(", "));
    }
    let host = host(workspace)?;
    let build = workspace.target.join("fuzz");
    let mut cargo = workspace.command("cargo");
    cargo
        .args(["build", "--release", "--manifest-path", "fuzz/Cargo.toml"])
        // With a target named, build scripts are built without the counters.
        .args(["--target", &host])
        .env("CARGO_TARGET_DIR", &build)
        .env("RUSTFLAGS", COUNTERS);
    step("fuzz targets", &mut cargo)?;
    for target in targets {
        if chosen.is_empty() || chosen.contains(&target) {
            let program = build.join(&host).join("release").join(&target);
            fuzz_one(workspace, &target, &program, runs)?;
        }
    }
    Ok(())
}

fn fuzz_one(workspace: &Workspace, target: &str, program: &Path, runs: u32) -> Result<()> {
    let fuzz = workspace.root.join("fuzz");
    let artifacts = fuzz.join("artifacts").join(target);
    // New inputs are kept in a folder that begins empty: no run rests on the one before.
    let found = workspace.target.join("fuzz/found").join(target);
    if found.exists() {
        std::fs::remove_dir_all(&found).context("failed to empty the last run's inputs")?;
    }
    for folder in [&artifacts, &found] {
        std::fs::create_dir_all(folder).context("failed to make a folder for inputs")?;
    }
    let mut command = workspace.command(program);
    command
        .arg(format!("-runs={runs}"))
        .args([
            "-seed=1",
            "-max_len=4096",
            "-timeout=20",
            "-rss_limit_mb=2048",
        ])
        .args(["-verbosity=0", "-print_final_stats=1"])
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg(&found)
        .arg(fuzz.join("seeds").join(target));
    let result = step(&format!("fuzzing {target}: {runs} inputs"), &mut command);
    if result.is_err() {
        say(format_args!(
            "    the input is in {}; run it again with {} PATH",
            artifacts.display(),
            program.display()
        ));
    }
    result
}

/// Every target, by its file.
fn targets(fuzz: &Path) -> Result<Vec<String>> {
    let folder: PathBuf = fuzz.join("fuzz_targets");
    let entries = std::fs::read_dir(&folder).context("failed to list fuzz/fuzz_targets")?;
    let mut targets = Vec::new();
    for entry in entries {
        let path = entry.context("failed to list fuzz/fuzz_targets")?.path();
        targets.extend(
            path.file_stem()
                .map(|name| name.to_string_lossy().into_owned()),
        );
    }
    targets.sort_unstable();
    Ok(targets)
}

/// The compiler's own platform.
fn host(workspace: &Workspace) -> Result<String> {
    let version = steps::output(workspace.command("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc -vV names no host")?.to_owned())
}
