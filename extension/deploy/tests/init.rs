//! From what deploys a project to its files: each source's sample makes files that pass
//! the check.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::path::{Path, PathBuf};

use obs_deploy::init::{Found, Head, files, find};
use obs_deploy::resolve::{Choice, resolve};
use obs_deploy::source::problem::{Invalid, Paint};
use obs_deploy::source::read;

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/init")
        .join(name)
}

fn head() -> Head {
    Head {
        project: "shop".to_owned(),
        environment: "dev".to_owned(),
        account: "123456789012".to_owned(),
        region: "eu-central-1".to_owned(),
    }
}

/// The project's file, after all its files have passed the check.
fn made(found: &Found) -> String {
    let root = tempfile::tempdir().unwrap();
    let files = files(&head(), found);
    for (name, text) in &files {
        let path = root.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let project = files[0].1.clone();
    let shown = |invalid: Box<Invalid>| format!("{}\n{project}", invalid.render(Paint::Plain));
    let documents = read(root.path()).unwrap_or_else(|invalid| panic!("{}", shown(invalid)));
    resolve(&documents, &Choice::default()).unwrap_or_else(|invalid| panic!("{}", shown(invalid)));
    project
}

fn check(name: &str) {
    let mut found = Found::default();
    find(&sample(name), &mut found).unwrap();
    let notes = found.notes().join("\n");
    insta::assert_snapshot!(
        name.replace('.', "_"),
        format!("{}---\n{notes}", made(&found))
    );
}

#[test]
fn cloudformation() {
    check("cloudformation.yaml");
}

#[test]
fn sam() {
    check("sam.yaml");
}

#[test]
fn what_cdk_synthesises() {
    check("Shop.template.json");
}

#[test]
fn a_state_of_terraform() {
    check("terraform.tfstate");
}

#[test]
fn what_terraform_shows() {
    check("show.json");
}

#[test]
fn outputs_of_amplify() {
    check("amplify_outputs.json");
}

#[test]
fn the_meta_file_of_amplify() {
    check("amplify-meta.json");
}

#[test]
fn a_folder_is_all_its_files() {
    let mut found = Found::default();
    find(&sample(""), &mut found).unwrap();
    assert!(found.len() > 25, "{}", found.len());
    made(&found);
}

#[test]
fn nothing_found_is_a_project_all_the_same() {
    made(&Found::default());
}

#[test]
fn what_is_none_of_these_is_refused_with_what_is_read() {
    let root = tempfile::tempdir().unwrap();
    for (text, part) in [
        ("{}", "and none of"),
        ("a: 1", "and none of"),
        ("a: [", "neither JSON nor YAML"),
        ("{\"version\": 3, \"resources\": []}", "and none of"),
    ] {
        let path = root.path().join("a.json");
        std::fs::write(&path, text).unwrap();
        let message = find(&path, &mut Found::default()).unwrap_err().to_string();
        assert!(message.contains(part), "{text}: {message}");
    }
    let message = find(Path::new("/no/such"), &mut Found::default())
        .unwrap_err()
        .to_string();
    assert!(message.starts_with("cannot read /no/such"), "{message}");
}
