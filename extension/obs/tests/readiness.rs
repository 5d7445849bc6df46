//! `obs readiness` and `obs iam check` as programs: exit codes, formats, colours.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

#[expect(dead_code, reason = "each file of tests uses a part of it")]
mod support;

use std::path::Path;
use std::process::Output;

use support::program::{command, text};

fn obs(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    command(&root, arguments)
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

#[test]
fn a_score_below_the_minimum_ends_with_1_and_says_so() {
    let enough = obs(&["readiness", "-e", "production", "--minimum", "90"], &[]);
    assert_eq!(enough.status.code(), Some(0), "{enough:?}");
    assert!(text(&enough.stdout).starts_with("cloudvault in production: "));
    let short = obs(&["readiness", "--minimum", "100%"], &[]);
    assert_eq!(short.status.code(), Some(1), "{short:?}");
    assert!(text(&short.stderr).contains("100 % are asked for"));
    let wrong = obs(&["readiness", "--minimum", "101"], &[]);
    assert_eq!(wrong.status.code(), Some(2), "{wrong:?}");
}

#[test]
fn json_is_a_line_an_environment() {
    let output = obs(&["readiness", "-e", "dev,staging", "--format", "json"], &[]);
    let lines = text(&output.stdout);
    let titles: Vec<String> = lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|value| value["title"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(titles, ["cloudvault in dev", "cloudvault in staging"]);
}

#[test]
fn a_printed_policy_passes_the_check_and_another_ends_with_3() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("policy.json");
    let file = path.to_str().unwrap();
    for role in ["handler", "extension", "deployer"] {
        let printed = obs(&["iam", "--for", role, "-e", "production"], &[]);
        assert_eq!(printed.status.code(), Some(0), "{printed:?}");
        std::fs::write(&path, &printed.stdout).unwrap();
        let checked = obs(
            &["iam", "check", file, "--for", role, "-e", "production"],
            &[],
        );
        assert_eq!(checked.status.code(), Some(0), "{checked:?}");
    }
    let all = r#"{ "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" } }"#;
    std::fs::write(&path, all).unwrap();
    let checked = obs(&["iam", "check", file, "--format", "json"], &[]);
    assert_eq!(checked.status.code(), Some(3), "{checked:?}");
    let value: serde_json::Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!(value["missing"], serde_json::json!([]));
    assert_eq!(value["too_much"].as_array().unwrap().len(), 2);
    std::fs::write(&path, "{").unwrap();
    assert_eq!(obs(&["iam", "check", file], &[]).status.code(), Some(2));
}

#[test]
fn colours_are_forced_and_no_color_comes_first() {
    let colours = |environment: &[(&str, &str)]| {
        let output = obs(&["check", "-e", "nowhere"], environment);
        assert_eq!(output.status.code(), Some(2));
        text(&output.stderr).contains('\u{1b}')
    };
    assert!(!colours(&[]));
    assert!(colours(&[("CLICOLOR_FORCE", "1")]));
    assert!(!colours(&[("CLICOLOR_FORCE", "0")]));
    assert!(!colours(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
}
