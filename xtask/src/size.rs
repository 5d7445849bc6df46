//! `cargo xtask size`: builds the layer as it is shipped, packs it, and shows
//! what it weighs beside others.
//!
//! Every cold start reads the binary and every deployment carries the zip, so
//! both have a goal, and missing it fails.

use std::{
    fs,
    io::{Cursor, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{
    steps::{output, print, say, step},
    workspace::Workspace,
};

/// Lambda runs what stands in this folder of a layer.
const IN_LAYER: &str = "extensions/cloudvault-obs";
/// Goals, in bytes.
const BINARY: u64 = 3_000_000;
const ZIP: u64 = 1_400_000;
/// Zopfli's passes: slower by far than reading is worth, but done once a release.
const PASSES: i64 = 15;

/// Measured from their published layers, x86_64: binary and zip in megabytes.
const OTHERS: [(&str, &str, &str); 2] = [
    ("Datadog's extension", "8.9-10.1", "4.5"),
    ("rotel's extension", "12.7", "-"),
];

/// The machines that Lambda has. With musl the binary is static: it starts on every
/// runtime, whatever C library that has, and spares each cold start the loader, half
/// a millisecond.
const TARGETS: [&str; 2] = ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"];

/// Builds, packs, shows, and fails beyond a goal.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut beyond = Vec::new();
    let mut lines = Vec::new();
    for target in TARGETS {
        if let Some(missing) = missing(workspace, target)? {
            say(format_args!("{target}: not measured, {missing}"));
            continue;
        }
        let binary = build(workspace, target)?;
        let layer = workspace
            .target
            .join(format!("cloudvault-obs-{target}.zip"));
        pack(&binary, &layer)?;
        let (binary, zip) = (length(&binary)?, length(&layer)?);
        lines.push(format!("{target:<28}{binary:>12}{zip:>12}"));
        if binary > BINARY || zip > ZIP {
            beyond.push(target);
        }
        say(format_args!("the layer is {}", layer.display()));
    }
    print(format_args!("{:<28}{:>12}{:>12}", "", "binary", "zip"))?;
    for line in lines {
        print(format_args!("{line}"))?;
    }
    print(format_args!("{:<28}{BINARY:>12}{ZIP:>12}", "goal"))?;
    for (name, binary, zip) in OTHERS {
        print(format_args!("{name:<28}{binary:>9} MB{zip:>9} MB"))?;
    }
    if !beyond.is_empty() {
        bail!("beyond the goal: {}", beyond.join(", "));
    }
    Ok(())
}

/// The layer's binary for this machine.
pub(crate) fn build_for_here(workspace: &Workspace) -> Result<PathBuf> {
    let here = TARGETS
        .into_iter()
        .find(|target| target.starts_with(std::env::consts::ARCH));
    build(
        workspace,
        here.context("the layer is for x86_64 and aarch64")?,
    )
}

/// What a build for `target` lacks here.
fn missing(workspace: &Workspace, target: &str) -> Result<Option<String>> {
    let mut rustc = workspace.command("rustc");
    let libraries = output(rustc.args(["--print", "target-libdir", "--target", target]))?;
    if !Path::new(libraries.trim()).exists() {
        return Ok(Some(format!("rustup target add {target} would help")));
    }
    let compiler = compiler(target);
    let there = workspace
        .command(&compiler)
        .arg("--version")
        .output()
        .is_ok();
    Ok((!there).then(|| format!("there is no {compiler}")))
}

/// The C compiler, which links as well. What it brings of its own C library is not
/// used: Rust's target has musl.
fn compiler(target: &str) -> String {
    match target.split('-').next() {
        Some(arch) if arch != std::env::consts::ARCH => format!("{arch}-linux-gnu-gcc"),
        _ => "gcc".to_owned(),
    }
}

/// The binary as it stands in the layer.
fn build(workspace: &Workspace, target: &str) -> Result<PathBuf> {
    if let Some(missing) = missing(workspace, target)? {
        bail!("{target}: {missing}");
    }
    let script = workspace.root.join("extension/layer.ld");
    let compiler = compiler(target);
    let mut cargo = workspace.cargo();
    cargo
        .env(format!("CC_{}", target.replace('-', "_")), &compiler)
        .args(["rustc", "--profile", "layer", "--target", target])
        .args(["--package", "cloudvault-obs-extension"])
        .args(["--bin", "cloudvault-obs", "--features", "layer", "--"])
        .arg(format!("-Clinker={compiler}"))
        .arg(format!("-Clink-arg=-Wl,-T,{}", script.display()))
        .arg("-Clink-arg=-Wl,--no-eh-frame-hdr")
        // At a fixed address, as Go's programs are: six thousand addresses less to be
        // corrected before `main`, a fifth of a millisecond and 140 KB.
        .arg("-Crelocation-model=static");
    step(&format!("building the layer for {target}"), &mut cargo)?;
    let binary = workspace.target.join(target).join("layer/cloudvault-obs");
    let bytes =
        fs::read(&binary).with_context(|| format!("failed to read {}", binary.display()))?;
    if !is_static(&bytes) {
        bail!("{}: asks for a loader or a library", binary.display());
    }
    Ok(binary)
}

/// Whether an executable of 64 bits, least byte first, names neither an interpreter
/// nor libraries: then no runtime's C library can be too old for it.
fn is_static(elf: &[u8]) -> bool {
    const DYNAMIC: usize = 2;
    const INTERPRETER: usize = 3;
    let number = |at: usize, length: usize| -> Option<usize> {
        let bytes = elf.get(at..at.checked_add(length)?)?;
        let big = bytes
            .iter()
            .rev()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        usize::try_from(big).ok()
    };
    // e_phoff, e_phentsize, e_phnum of the header.
    let (Some(table), Some(size), Some(count)) = (number(32, 8), number(54, 2), number(56, 2))
    else {
        return false;
    };
    elf.starts_with(b"\x7fELF\x02\x01")
        && (0..count).all(|index| {
            let kind = number(table.saturating_add(index * size), 4);
            kind.is_some_and(|kind| ![DYNAMIC, INTERPRETER].contains(&kind))
        })
}

/// The same binary gives the same zip: no time of day stands in it.
fn pack(binary: &Path, layer: &Path) -> Result<()> {
    let bytes = fs::read(binary).with_context(|| format!("failed to read {}", binary.display()))?;
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(10 + PASSES))
        .unix_permissions(0o755);
    zip.start_file(IN_LAYER, options)?;
    zip.write_all(&bytes)?;
    let packed = zip.finish()?.into_inner();
    fs::write(layer, packed).with_context(|| format!("failed to write {}", layer.display()))
}

fn length(path: &Path) -> Result<u64> {
    let file = fs::metadata(path).with_context(|| format!("failed to find {}", path.display()))?;
    Ok(file.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An executable with program headers of these kinds.
    fn elf(kinds: &[u32]) -> Vec<u8> {
        let mut elf = vec![0; 64];
        elf[..6].copy_from_slice(b"\x7fELF\x02\x01");
        elf[32] = 64;
        elf[54] = 56;
        elf[56] = u8::try_from(kinds.len()).unwrap();
        for kind in kinds {
            elf.extend_from_slice(&kind.to_le_bytes());
            elf.resize(elf.len() + 52, 0);
        }
        elf
    }

    #[test]
    fn a_binary_that_asks_for_a_loader_or_a_library_is_not_static() {
        assert!(is_static(&elf(&[1, 1, 7])));
        assert!(!is_static(&elf(&[6, 3, 1])));
        assert!(!is_static(&elf(&[1, 2])));
        assert!(!is_static(&elf(&[1, 1])[..100]));
        assert!(!is_static(b"#!/bin/sh"));
        let own = fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(!is_static(&own));
    }
}
