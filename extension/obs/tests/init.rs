//! `obs init` with the program: what it writes passes `obs check` and `obs test` as it is,
//! what it cannot read is named with its place, and what is there stays.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

#[expect(dead_code, reason = "each file of tests uses a part of it")]
mod support;

use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use support::program::{obs, text, transcript};

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/tests/init")
}

/// Begins a project from these and lets the program judge it.
fn begin(from: &[&Path]) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let mut arguments = vec!["init", "shop", "--account", "123456789012"];
    for path in from {
        arguments.extend(["--from", path.to_str().unwrap()]);
    }
    let made = obs(dir.path(), &arguments);
    assert!(made.status.success(), "{made:?}");
    for (judge, word) in [("check", "No problems."), ("test", "")] {
        let output = obs(dir.path(), &[judge]);
        let all = transcript(&[judge], &output);
        assert!(
            output.status.success() && all.contains(word),
            "{from:?}: {all}"
        );
        assert!(!all.contains("arning"), "{from:?}: {all}");
    }
    (dir, text(&made.stderr))
}

#[test]
fn what_is_made_of_each_source_passes_check_and_test() {
    for entry in std::fs::read_dir(samples()).unwrap() {
        let path = entry.unwrap().path();
        let (_, said) = begin(&[&path]);
        assert!(said.contains("Found "), "{path:?}: {said}");
    }
    let folder = samples();
    let (_, said) = begin(&[&folder]);
    assert!(said.contains("functions"), "{said}");
    begin(&[]);
}

#[test]
fn a_project_that_is_there_stays_as_it_is() {
    let (dir, _) = begin(&[]);
    let before = std::fs::read_to_string(dir.path().join("obs.yaml")).unwrap();
    let arguments = ["init", "other"];
    let refused = obs(dir.path(), &arguments);
    assert_eq!(
        std::fs::read_to_string(dir.path().join("obs.yaml")).unwrap(),
        before
    );
    assert_snapshot!(transcript(&arguments, &refused));
}

#[test]
fn what_cannot_be_read_is_named_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("torn.json", "{\n  \"Resources\": {\n    \"A\": {\n"),
        ("torn.yaml", "Resources:\n  A:\n   - b\n  - c: [\n"),
        ("foreign.yaml", "services:\n  web: { image: nginx }\n"),
        ("old.tfstate", "{ \"version\": 3, \"modules\": [] }"),
        ("list.json", "[1, 2]"),
        ("empty.yaml", ""),
        (
            "nothing.yaml",
            "Resources:\n  Role: { Type: AWS::IAM::Role }\n",
        ),
    ] {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    std::fs::write(dir.path().join("bytes.json"), [0xff, 0xfe, 0x00]).unwrap();
    std::fs::create_dir(dir.path().join("none")).unwrap();
    let mut all = String::new();
    for from in [
        "torn.json",
        "torn.yaml",
        "foreign.yaml",
        "old.tfstate",
        "list.json",
        "empty.yaml",
        "nothing.yaml",
        "bytes.json",
        "none",
        "nosuch.yaml",
    ] {
        let arguments = ["init", "shop", "--from", from];
        let output = obs(dir.path(), &arguments);
        assert_eq!(output.status.code(), Some(2), "{from}: {output:?}");
        all.push_str(&transcript(&arguments, &output));
    }
    assert!(!dir.path().join("obs.yaml").exists());
    assert_snapshot!(all);
}

#[test]
fn what_is_no_name_account_or_region_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut all = String::new();
    for arguments in [
        &["init", "my shop"][..],
        &["init", "shop", "--account", "123"],
        &["init", "shop", "--region", "Frankfurt"],
        &["init", "shop", "--env", "a b"],
        &["init"],
    ] {
        let output = obs(dir.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
        all.push_str(&transcript(arguments, &output));
    }
    assert!(!dir.path().join("obs.yaml").exists());
    assert_snapshot!(all);
}
