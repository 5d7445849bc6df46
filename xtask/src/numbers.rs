//! `cargo xtask numbers`: what the extension costs a function, measured as it ships
//! and beside others in the same run: INIT, the first request, an invocation's end,
//! memory, and that memory stays flat over a million invocations.
//!
//! The measuring is `benches/src/bin/extension`; here everything is built for it.
//! How fast points are taken in is rows of the benches (`cargo bench -- point`).

use anyhow::Result;

use crate::{
    size,
    steps::{say, step},
    workspace::Workspace,
};

/// Builds layer and measurement, and runs it.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let layer = size::build_for_here(workspace)?;
    for manifest in ["benches/Cargo.toml", "benches/sdk/Cargo.toml"] {
        let mut build = workspace.cargo();
        build.args(["build", "--release", "--bins", "--manifest-path", manifest]);
        step(&format!("building {manifest}"), &mut build)?;
    }
    let mut measure = workspace.command(workspace.target.join("release/extension"));
    measure.arg(layer);
    let emulator = workspace.target.join("conformance/aws-lambda-rie");
    if emulator.exists() {
        measure.arg(emulator);
    } else {
        say(format_args!(
            "INIT is not measured: `cargo xtask conformance -k emulator` fetches AWS's emulator"
        ));
    }
    step("measuring", &mut measure)
}
