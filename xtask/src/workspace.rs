//! Where the repository and its build output are.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

/// The checkout in which the task runs.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// Cargo's target folder.
    pub(crate) target: PathBuf,
    pub(crate) ci: bool,
}

impl Workspace {
    /// In CI the checkout is thrown away, so the target folder stands in the
    /// user's cache, where the next run finds it warm.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where a task reads its environment"
    )]
    pub(crate) fn find() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("xtask stands in the workspace")?
            .to_path_buf();
        let ci = env::var("CI").is_ok_and(|value| value == "true");
        let cache = || {
            let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
            let home = || env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
            Some(cache.or_else(home)?.join("cloudvault-obs/target"))
        };
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(target) => root.join(target),
            None if ci => cache().unwrap_or_else(|| root.join("target")),
            None => root.join("target"),
        };
        Ok(Self { root, target, ci })
    }

    /// Cargo, in this workspace and with its target folder.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = self.command("cargo");
        command.env("CARGO_TARGET_DIR", &self.target);
        command
    }

    /// A program run from the workspace's root.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }

    /// A binary of ours in the debug profile.
    pub(crate) fn binary(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(name)
    }

    /// Builds every binary that a running product needs; cargo shows progress.
    pub(crate) fn build_product(&self) -> Result<()> {
        let packages = ["obs", "cloudvault-obs-extension", "cloudvault-examples"];
        let mut cargo = self.cargo();
        cargo.args(["build", "--bins"]);
        for package in packages {
            cargo.args(["--package", package]);
        }
        crate::steps::step(
            "building obs, the extension and the six functions",
            &mut cargo,
        )
    }
}
