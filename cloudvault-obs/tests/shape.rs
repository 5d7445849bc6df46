//! The crate's shape: what its manifest promises, and what COMPARISON.md claims.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

/// Each `[Y](file "test")` names a test that is there.
#[test]
fn every_claim_of_the_comparison_has_its_test() {
    let text = fs::read_to_string(root().join("COMPARISON.md")).expect("COMPARISON.md");
    let mut missing = BTreeSet::new();
    let mut links = 0;
    for rest in text.split("[Y](").skip(1) {
        let (file, rest) = rest.split_once(" \"").expect("a link with a title");
        let (test, _) = rest.split_once("\")").expect("a title that ends");
        let source = fs::read_to_string(root().join(file)).unwrap_or_default();
        links += 1;
        if !source.contains(&format!("fn {test}(")) {
            missing.insert(format!("{file}: {test}"));
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(links > 40, "{links}");
}

/// Our column has nothing but links, P with a reason, and `-`.
#[test]
fn no_row_of_the_comparison_claims_without_a_link() {
    let text = fs::read_to_string(root().join("COMPARISON.md")).expect("COMPARISON.md");
    let rows = text
        .lines()
        .filter(|line| line.starts_with("| ") && !line.contains("---"));
    for row in rows.filter(|row| !row.starts_with("| feature")) {
        let ours = row.split(" | ").nth(1).unwrap_or_default();
        let fine = ours.starts_with("[Y](") || ours.starts_with("P: ") || ours == "-";
        assert!(fine, "{row}");
    }
}

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--offline",
            "--no-default-features",
        ])
        // The platform of Lambda: other platforms' crates need not be here.
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .arg("--manifest-path")
        .arg(root().join("Cargo.toml"))
        .output()
        .expect("cargo runs");
    let trouble = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{trouble}");
    serde_json::from_slice(&output.stdout).expect("metadata is JSON")
}

fn version(text: &str) -> (u64, u64, u64) {
    let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next())
}

/// What a program that depends on the crate without features compiles, by name.
fn normal_dependencies(metadata: &Value) -> BTreeMap<String, Value> {
    let by_id: HashMap<&str, &Value> = metadata["packages"]
        .as_array()
        .expect("packages")
        .iter()
        .map(|package| (package["id"].as_str().expect("an id"), package))
        .collect();
    let nodes: HashMap<&str, &Value> = metadata["resolve"]["nodes"]
        .as_array()
        .expect("nodes")
        .iter()
        .map(|node| (node["id"].as_str().expect("an id"), node))
        .collect();
    let ours = by_id
        .iter()
        .find(|(_, package)| package["name"] == "cloudvault-obs");
    let mut queue = VecDeque::from([*ours.expect("this crate").0]);
    let mut found = BTreeMap::new();
    while let Some(id) = queue.pop_front() {
        let name = by_id[id]["name"].as_str().expect("a name").to_owned();
        if found.insert(name, by_id[id].clone()).is_some() {
            continue;
        }
        for dependency in nodes[id]["deps"].as_array().into_iter().flatten() {
            let kinds = dependency["dep_kinds"].as_array().into_iter().flatten();
            let normal = |kind: &Value| {
                let target = kind["target"].as_str().unwrap_or_default();
                kind["kind"].is_null() && !target.contains("windows") && !target.contains("wasm")
            };
            if kinds.clone().any(normal) {
                queue.extend(dependency["pkg"].as_str());
            }
        }
    }
    found
}

#[test]
fn the_stated_rust_version_is_enough_for_every_dependency() {
    let metadata = metadata();
    let all = normal_dependencies(&metadata);
    let stated = |package: &Value| package["rust_version"].as_str().map(version);
    let ours = stated(&all["cloudvault-obs"]).expect("rust-version is stated");
    assert_eq!(stated(&all["cloudvault-obs-core"]), Some(ours));
    let newer: Vec<_> = all
        .iter()
        .filter(|(_, package)| stated(package) > Some(ours))
        .map(|(name, package)| (name, &package["rust_version"]))
        .collect();
    assert!(newer.is_empty(), "{newer:?}");
}

/// Names of what `package` compiles on Lambda, without features.
fn tree(package: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--no-default-features"])
        .args(["-e", "normal", "--prefix", "none"])
        .args(["--target", "x86_64-unknown-linux-gnu", "-p", package])
        .arg("--manifest-path")
        .arg(root().join("Cargo.toml"))
        .output()
        .expect("cargo runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let name = |line: &str| Some(line.split_whitespace().next()?.to_owned());
    text.lines().filter_map(name).collect()
}

/// About fifty of them are `lambda_runtime`'s, which a function has anyway.
#[test]
fn the_minimal_feature_set_has_few_dependencies() {
    let all = tree("cloudvault-obs");
    assert!(all.contains("lambda_runtime"), "{all:?}");
    assert!(all.len() <= 80, "{}: {all:?}", all.len());
}

/// Building every subset of the features takes minutes: on request.
///
/// `cargo test -p cloudvault-obs --test shape -- --ignored`
#[test]
#[ignore = "builds the crate once for each subset of its features"]
fn every_subset_of_the_features_builds() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("a manifest");
    let features: Vec<&str> = manifest
        .lines()
        .skip_while(|line| *line != "[features]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name)
        .filter(|name| *name != "default")
        .collect();
    for subset in 0..1_u32 << features.len() {
        let chosen = features
            .iter()
            .enumerate()
            .filter(|(index, _)| subset & 1 << index != 0)
            .map(|(_, feature)| *feature);
        let chosen = chosen.collect::<Vec<_>>().join(",");
        let status = Command::new(env!("CARGO"))
            .args([
                "check",
                "--offline",
                "--quiet",
                "--lib",
                "--no-default-features",
            ])
            .args(["--features", &chosen, "--manifest-path"])
            .arg(root().join("Cargo.toml"))
            .status()
            .expect("cargo runs");
        assert!(status.success(), "features: {chosen}");
    }
}
