//! What a cell begins with: its programs, its folder, its project, and what stands
//! between its processes and the system.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::{steps::step, workspace::Workspace};

/// What runs in a cell.
#[derive(Debug)]
pub(super) struct Programs {
    pub(super) obs: PathBuf,
    extension: PathBuf,
    function: PathBuf,
    folder: PathBuf,
}

impl Programs {
    pub(super) fn find(workspace: &Workspace) -> Result<Self> {
        let folder = workspace.target.join("guarantees");
        if folder.exists() {
            fs::remove_dir_all(&folder).context("failed to empty the former run's folder")?;
        }
        let function = workspace.target.join("debug/examples/guarantees-function");
        Ok(Self {
            obs: workspace.binary("obs"),
            extension: workspace.binary("cloudvault-obs"),
            function,
            folder,
        })
    }
}

/// What is special about a cell before it begins.
#[derive(Debug)]
pub(super) struct Setup {
    /// `--fault`, from the start.
    pub(super) faults: &'static [&'static str],
    /// `--freeze`.
    pub(super) freeze: &'static str,
    /// `initialization:` of the function.
    pub(super) initialization: &'static str,
    /// The function's timeout.
    pub(super) timeout: &'static str,
    /// Around the processes.
    pub(super) around: Around,
}

/// What stands between the processes and the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Around {
    /// Nothing.
    Nothing,
    /// No file can grow: what a full disk does to a process that need not be root.
    FileLimit,
    /// A clock that can be set.
    Clock,
}

impl Setup {
    /// Nothing fails.
    pub(super) const PLAIN: Setup = Setup {
        faults: &[],
        freeze: "5s",
        initialization: "on-demand",
        timeout: "5s",
        around: Around::Nothing,
    };

    /// From the start, these faults.
    pub(super) const fn failing(faults: &'static [&'static str]) -> Setup {
        Setup {
            faults,
            ..Setup::PLAIN
        }
    }

    /// Makes a cell's folder with its project in it; gives the folder, and the extension
    /// to run there.
    pub(super) fn lay_out(&self, programs: &Programs, policy: &str) -> Result<(PathBuf, PathBuf)> {
        let folder = new_folder(&programs.folder)?;
        let [extension, function] = around(self, programs, &folder)?;
        let project = project(self, policy, &function, &folder)?;
        fs::write(folder.join("obs.yaml"), project).context("failed to write obs.yaml")?;
        Ok((folder, extension))
    }
}

/// A path of a Unix socket is short, so the folders' names are, too.
fn new_folder(parent: &Path) -> Result<PathBuf> {
    fs::create_dir_all(parent).context("failed to make the matrix's folder")?;
    for number in 0.. {
        let folder = parent.join(number.to_string());
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).context("failed to make a cell's folder"),
        }
    }
    bail!("there are too many folders")
}

/// The extension and the function, with what stands around them.
fn around(setup: &Setup, programs: &Programs, folder: &Path) -> Result<[PathBuf; 2]> {
    if setup.around != Around::FileLimit {
        return Ok([programs.extension.clone(), programs.function.clone()]);
    }
    let wrap = |program: &Path| {
        let name = program.file_name().context("a program has a name")?;
        let path = folder.join(name);
        // Ignored, the signal of the limit becomes an error of the write.
        let script = format!(
            "#!/bin/sh\ntrap '' XFSZ\nulimit -f 0\nexec {} \"$@\"\n",
            program.display()
        );
        fs::write(&path, script).context("failed to write a script")?;
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(&path, mode).context("failed to make a script a program")?;
        Ok::<_, anyhow::Error>(path)
    };
    Ok([wrap(&programs.extension)?, wrap(&programs.function)?])
}

fn project(setup: &Setup, policy: &str, function: &Path, folder: &Path) -> Result<String> {
    let mut environment = vec![
        ("OBS_FLUSH", policy.to_owned()),
        ("OBS_FLUSH_INTERVAL", "1s".to_owned()),
        ("OBS_NAMESPACE", "guarantees".to_owned()),
        ("OBS_SERVICE", "guarantees".to_owned()),
    ];
    if setup.around == Around::Clock {
        let clock = folder.join("clock");
        fs::write(&clock, "+0").context("failed to make a clock")?;
        environment.extend([
            ("LD_PRELOAD", faketime()?.display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", clock.display().to_string()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ]);
    }
    let variables: serde_json::Map<_, _> = environment
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .collect();
    // JSON is YAML.
    let project = json!({
        "project": "guarantees",
        "default_environment": "dev",
        "environments": {"dev": {"account": "000000000000", "region": "us-east-1"}},
        "resources": {"functions": {"guarantees": {
            "run": function.display().to_string(),
            "timeout": setup.timeout,
            "memory": "128MB",
            "initialization": setup.initialization,
            "environment": variables,
        }}},
    });
    Ok(project.to_string())
}

/// Installs libfaketime where a fresh Debian has none and we may.
pub(super) fn provide_faketime() -> Result<()> {
    let ours = fs::metadata("/proc/self").context("failed to read /proc")?;
    if faketime().is_ok() || ours.uid() != 0 {
        return Ok(());
    }
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command
            .env("DEBIAN_FRONTEND", "noninteractive")
            .arg("-qq")
            .args(arguments)
            .stdout(Stdio::null());
        step("installing libfaketime", &mut command)
    };
    apt(&["update"])?;
    apt(&["install", "-y", "--no-install-recommends", "faketime"])
}

/// libfaketime, which Debian's package `faketime` brings.
fn faketime() -> Result<PathBuf> {
    let folders = fs::read_dir("/usr/lib").context("failed to read /usr/lib")?;
    let library = "faketime/libfaketime.so.1";
    let found = folders
        .flatten()
        .map(|folder| folder.path().join(library))
        .chain([Path::new("/usr/lib").join(library)])
        .find(|path| path.is_file());
    found.context("there is no libfaketime here: apt-get install faketime")
}
