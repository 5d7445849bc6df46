//! The crate's shape: what its manifest promises, and what COMPARISON.md claims.

use std::{
    collections::{BTreeSet, HashMap},
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

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--offline", "--manifest-path"])
        .arg(root().join("Cargo.toml"))
        .output()
        .expect("cargo runs");
    let trouble = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{trouble}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Lambda's platform: other platforms' crates need not be here.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";

/// What a function that depends on the library with these features builds, as
/// pairs of name and version; procedural macros and build scripts included.
fn tree(features: &str) -> BTreeSet<(String, String)> {
    let text = cargo(&[
        "tree",
        "--package",
        "cloudvault-obs",
        "--no-default-features",
        "--features",
        features,
        "--edges",
        "normal,build",
        "--prefix",
        "none",
        "--target",
        PLATFORM,
    ]);
    let package = |line: &str| {
        let mut words = line.split_whitespace().map(ToOwned::to_owned);
        Some((words.next()?, words.next()?.split_off(1)))
    };
    text.lines().filter_map(package).collect()
}

/// The Rust versions that all packages of the lock file state.
fn stated() -> HashMap<(String, String), Option<String>> {
    let metadata = cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--all-features",
        "--filter-platform",
        PLATFORM,
    ]);
    let metadata: Value = serde_json::from_str(&metadata).expect("metadata is JSON");
    let text = |package: &Value, key: &str| package[key].as_str().map(ToOwned::to_owned);
    let package = |package: &Value| {
        let (name, version) = (text(package, "name"), text(package, "version"));
        let of = (name.expect("a name"), version.expect("a version"));
        (of, text(package, "rust_version"))
    };
    let packages = metadata["packages"].as_array().expect("packages");
    packages.iter().map(package).collect()
}

fn version(text: &str) -> (u64, u64, u64) {
    let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next())
}

/// The crate's manifest states the version for the library without features; two
/// of them need what the AWS SDK needs. `lib.rs` says the same in a table.
#[test]
fn the_stated_rust_version_is_enough_for_every_dependency() {
    let stated = stated();
    let needs = [
        ("", "1.89"),
        ("events", "1.89"),
        ("reqwest", "1.89"),
        ("timezone", "1.89"),
        ("aws", "1.94.1"),
        ("otel", "1.94.1"),
    ];
    for (features, enough) in needs {
        let newest = tree(features)
            .into_iter()
            .filter_map(|of| Some((version(stated[&of].as_deref()?), of)))
            .max()
            .expect("dependencies");
        assert_eq!(newest.0, version(enough), "{features:?}: {newest:?}");
    }
    for (of, rust) in &stated {
        if ["cloudvault-obs", "cloudvault-obs-core"].contains(&of.0.as_str()) {
            assert_eq!(rust.as_deref(), Some("1.89"), "{of:?}");
        }
    }
}

/// What these few need only a build tells: the workflow has one with the oldest Rust.
#[test]
fn hardly_a_dependency_states_no_rust_version() {
    let stated = stated();
    let silent: BTreeSet<_> = tree("")
        .into_iter()
        .filter(|of| stated[of].is_none())
        .map(|of| of.0)
        .collect();
    let known = [
        "http-serde",
        "httparse",
        "smallvec",
        "sync_wrapper",
        "tower-layer",
        "tower-service",
        "try-lock",
        "want",
    ];
    assert_eq!(silent, BTreeSet::from(known.map(str::to_owned)));
}

/// Clippy refuses an API of the standard library that is newer than the stated
/// Rust version, as CI denies its warnings.
#[test]
fn newer_apis_of_the_standard_library_are_denied() {
    let manifest = fs::read_to_string(root().join("../Cargo.toml")).expect("the workspace");
    let lints = manifest.split("[workspace.lints.clippy]").nth(1);
    let lints = lints.expect("clippy's lints").split("\n[").next();
    assert!(lints.is_some_and(|lints| lints.contains("incompatible_msrv = \"deny\"")));
    for manifest in ["Cargo.toml", "core/Cargo.toml"] {
        let text = fs::read_to_string(root().join(manifest)).expect("a manifest");
        assert!(text.contains("[lints]\nworkspace = true"), "{manifest}");
    }
}

/// All that the library adds to a function, which has `lambda_runtime`, `tracing`
/// and `metrics` anyway. Who adds to this list, says why in the commit.
#[test]
fn the_minimal_feature_set_has_few_dependencies() {
    let names = |of: BTreeSet<(String, String)>| -> BTreeSet<String> {
        of.into_iter().map(|(name, _)| name).collect()
    };
    let all = names(tree(""));
    let text = |package: &str| {
        let arguments = ["tree", "--edges", "normal,build", "--prefix", "none"];
        let rest = ["--target", PLATFORM, "--package", package];
        cargo(&[&arguments[..], &rest[..]].concat())
    };
    let anyway: BTreeSet<String> = ["lambda_runtime", "tracing", "metrics"]
        .iter()
        .flat_map(|package| {
            let text = text(package);
            let names = text
                .lines()
                .filter_map(|line| line.split_whitespace().next());
            names.map(ToOwned::to_owned).collect::<Vec<_>>()
        })
        .collect();
    let own: Vec<_> = all.difference(&anyway).collect();
    let known = [
        "bitflags",
        "cfg-if",
        "cloudvault-obs",
        "cloudvault-obs-core",
        "crc32fast",
        "getrandom",
        "linux-raw-sys",
        "memmap2",
        "rustix",
        "uuid",
    ];
    assert_eq!(own, known);
    assert!(all.len() <= 80, "{}: {all:?}", all.len());
}
