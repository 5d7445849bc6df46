//! `cargo xtask features`: the library builds, without a warning, with each of
//! its features alone, with every two of them, with none and with all.
//!
//! Two are enough: no `cfg` of the library names more than one feature, and
//! `every_cfg_names_one_feature` holds it to that.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::{
    steps::{self, step},
    workspace::Workspace,
};

const PACKAGE: &str = "cloudvault-obs";

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let features = features(workspace)?;
    for set in sets(&features) {
        let chosen = set.join(",");
        let mut cargo = workspace.cargo();
        cargo
            .args([
                "clippy",
                "--quiet",
                "--package",
                PACKAGE,
                "--lib",
                "--no-deps",
                "--no-default-features",
                "--features",
            ])
            .arg(&chosen)
            .args(["--", "--deny", "warnings"]);
        let shown = if chosen.is_empty() { "none" } else { &chosen };
        step(&format!("features: {shown}"), &mut cargo)?;
    }
    Ok(())
}

/// The library's features, as cargo knows them.
fn features(workspace: &Workspace) -> Result<Vec<String>> {
    let metadata =
        steps::output(
            workspace
                .cargo()
                .args(["metadata", "--no-deps", "--format-version", "1"]),
        )?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata is no JSON")?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let package = packages
        .into_iter()
        .find(|package| package["name"] == PACKAGE);
    let features = package.and_then(|package| package["features"].as_object());
    let features = features.context("cargo metadata names no features of the library")?;
    Ok(features
        .keys()
        .filter(|name| *name != "default")
        .cloned()
        .collect())
}

/// None, each, every two, all; in order of size.
fn sets(features: &[String]) -> BTreeSet<Vec<&str>> {
    let mut sets = BTreeSet::from([Vec::new(), features.iter().map(String::as_str).collect()]);
    for (index, one) in features.iter().enumerate() {
        sets.insert(vec![one.as_str()]);
        let later = features[index + 1..].iter();
        sets.extend(later.map(|other| vec![one.as_str(), other]));
    }
    sets
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        path::{Path, PathBuf},
    };

    use super::*;

    #[test]
    fn every_two_features_meet_in_a_set() {
        let features = ["a", "b", "c", "d"].map(str::to_owned);
        let sets = sets(&features);
        assert_eq!(sets.len(), 1 + 4 + 6 + 1);
        for one in &features {
            assert!(sets.contains(&vec![one.as_str()]));
            for other in features.iter().filter(|other| *other > one) {
                assert!(sets.contains(&vec![one.as_str(), other]));
            }
        }
        assert!(sets.contains(&Vec::new()) && sets.contains(&vec!["a", "b", "c", "d"]));
    }

    fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                sources(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                into.push(path);
            }
        }
    }

    #[test]
    fn every_cfg_names_one_feature() {
        let mut files = Vec::new();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cloudvault-obs/src");
        sources(&folder, &mut files);
        assert!(files.len() > 50, "{}", files.len());
        for file in files {
            let text = fs::read_to_string(&file).expect("readable");
            for cfg in text.lines().filter(|line| line.contains("cfg")) {
                let named = cfg.matches("feature = ").count();
                assert!(named <= 1, "{}: {cfg}", file.display());
            }
        }
    }
}
