//! `obs test` as a process: what it says of tests that pass and fail, in every format.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

#[expect(dead_code, reason = "each file of tests uses a part of it")]
mod support;

use std::path::Path;

use support::program::{obs, transcript};

const PROJECT: &str = r#"project: shop
environments:
  dev: { account: "000000000000", region: us-east-1 }
topics:
  oncall: { display_name: Shop }
severities:
  page: { topics: [oncall] }
"#;

const ALARMS: &str = r#"alarms:
  - name: orders-failing
    severity: page
    metric: { namespace: Shop, name: Failed }
    statistic: Sum
    period: 1m
    condition: "> 0"
    datapoints: 3 of 5
    treat_missing_data: notBreaching
  - name: orders-slow
    severity: page
    metric: { namespace: Shop, name: Milliseconds }
    statistic: p90
    period: 1m
    condition: "> 1000"
    datapoints: 1 of 1
    low_samples: ignore
"#;

const TESTS: &str = r#"tests:
  - name: orders that fail & <fail> page
    series:
      - metric: { namespace: Shop, name: Failed }
        values: 0 1x2 _ 1 0x5
    expect:
      - { at: 4m, alarm: orders-failing, state: OK }
      - { at: 5m, alarm: orders-failing, state: ALARM, reason: "3 out of the last 5", told: [oncall] }
  - name: two failures page
    series:
      - metric: { namespace: Shop, name: Failed }
        values: 0 1x2 _ 0x5
      - metric: { namespace: Shop, name: Faild }
        values: 1
    expect:
      - at: 5m
        alarm: orders-failing
        state: ALARM
        told: [oncall]
"#;

/// A project with these tests.
fn project(tests: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let alarms = folder.path().join("alarms");
    std::fs::create_dir(&alarms).unwrap();
    std::fs::write(folder.path().join("obs.yaml"), PROJECT).unwrap();
    std::fs::write(alarms.join("shop.yaml"), ALARMS).unwrap();
    std::fs::write(alarms.join("shop.test.yaml"), tests).unwrap();
    folder
}

#[test]
fn a_failure_says_what_was_expected_and_what_the_alarm_saw() {
    let folder = project(TESTS);
    let output = obs(folder.path(), &["test"]);
    insta::assert_snapshot!(transcript(&["test"], &output));
}

#[test]
fn a_filter_runs_a_part_and_one_that_fits_nothing_is_a_mistake() {
    let folder = project(TESTS);
    let output = obs(folder.path(), &["test", "--filter", "orders that"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let nothing = ["test", "--filter", "refunds"];
    let output = obs(folder.path(), &nothing);
    insta::assert_snapshot!(transcript(&nothing, &output));
}

#[test]
fn alarms_without_a_test_fail_when_that_is_asked_for() {
    let folder = project(TESTS);
    let asked = ["test", "--filter", "orders that", "--require-tests"];
    let output = obs(folder.path(), &asked);
    insta::assert_snapshot!(transcript(&asked, &output));
}

#[test]
fn failures_are_annotations_of_a_github_job() {
    let folder = project(TESTS);
    let output = obs(folder.path(), &["test", "--format", "github"]);
    let text = String::from_utf8_lossy(&output.stdout);
    let annotation = text
        .lines()
        .find(|line| line.starts_with("::error"))
        .unwrap();
    insta::assert_snapshot!(annotation);
}

#[test]
fn json_is_one_object_an_environment() {
    let folder = project(TESTS);
    let output = obs(folder.path(), &["test", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&report["passed"], &report["failed"]),
        (&1.into(), &1.into())
    );
    assert_eq!(report["untested"], serde_json::json!(["orders-slow"]));
    let failure = &report["tests"][1]["failures"][0];
    assert_eq!(failure["file"], "alarms/shop.test.yaml");
    assert_eq!(failure["wants"][0]["got"], "OK");
}

#[test]
fn junit_is_written_beside_the_text_and_alone() {
    let folder = project(TESTS);
    let output = obs(folder.path(), &["test", "--junit", "tests.xml"]);
    assert_eq!(output.status.code(), Some(1));
    let file = std::fs::read_to_string(folder.path().join("tests.xml")).unwrap();
    let output = obs(folder.path(), &["test", "--format", "junit"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), file);
    insta::assert_snapshot!(file);
}

#[test]
fn a_test_is_written_once_for_all_resources_and_tells_by_severity() {
    let folder = project(
        r#"tests:
  - name: a letter in ${resource} pages
    for_each: queues
    series:
      - { metric: { namespace: AWS/SQS, name: Visible }, values: 0 1 }
    initial: { "${resource}-letters": OK }
    expect:
      - { at: 1m, alarm: "${resource}-letters", state: OK, told: [] }
      - { at: 2m, alarm: "${resource}-letters", state: ALARM, told: [page] }
"#,
    );
    let project =
        format!("{PROJECT}resources: {{ queues: {{ pay: ~, ship: {{ fifo: true }} }} }}\n");
    std::fs::write(folder.path().join("obs.yaml"), project).unwrap();
    let alarms = "alarms:\n  - { name: \"${resource}-letters\", for_each: queues, severity: page, metric: { namespace: AWS/SQS, name: Visible }, statistic: Sum, period: 1m, condition: '> 0' }\n";
    std::fs::write(folder.path().join("alarms/shop.yaml"), alarms).unwrap();
    let arguments = ["test", "--require-tests"];
    let output = obs(folder.path(), &arguments);
    insta::assert_snapshot!(transcript(&arguments, &output));
}

/// What is off somewhere is not expected there; what is expected of the others stays.
#[test]
fn what_an_environment_leaves_out_is_not_tested_there() {
    let folder = project(TESTS);
    let only = PROJECT.replace(
        "region: us-east-1 }",
        "region: us-east-1, overlay: { alarms: { orders-failing: off } } }",
    );
    std::fs::write(folder.path().join("obs.yaml"), only).unwrap();
    let more = r#"
  - name: slow orders page, whatever becomes of failing ones
    series:
      - { metric: { namespace: Shop, name: Milliseconds }, values: 2000x3, samples: 100 }
    expect:
      - { at: 3m, alarm: orders-failing, state: OK }
      - { at: 3m, alarm: orders-slow, state: ALARM, told: [page] }
"#;
    std::fs::write(
        folder.path().join("alarms/shop.test.yaml"),
        format!("{TESTS}{more}"),
    )
    .unwrap();
    let arguments = ["test", "--require-tests"];
    let output = obs(folder.path(), &arguments);
    insta::assert_snapshot!(transcript(&arguments, &output));
}

/// One row of the documented tables, through the files: 3 or 2 of 3, in the order
/// missing, breaching, notBreaching. (What `ignore` keeps depends on the time before.)
fn row(m: u32, values: &str, states: [&str; 3]) -> (String, String) {
    let (mut alarms, mut tests) = (String::new(), String::new());
    let slug = values.replace(' ', "").replace('_', "n");
    for (treatment, state) in ["missing", "breaching", "notBreaching"].iter().zip(states) {
        let name = format!("a{m}-{slug}-{treatment}");
        alarms.push_str(&format!(
            "  - {{ name: {name}, severity: page, metric: {{ namespace: Shop, name: Failed }}, statistic: Sum, period: 1m, condition: '> 0', datapoints: {m} of 3, treat_missing_data: {treatment} }}\n"
        ));
        tests.push_str(&format!(
            "  - name: {name}\n    series:\n      - {{ metric: {{ namespace: Shop, name: Failed }}, values: '{values}' }}\n    initial: {{ {name}: OK }}\n    expect:\n      - {{ at: 5m, alarm: {name}, state: {state} }}\n"
        ));
    }
    (alarms, tests)
}

#[test]
fn the_documented_tables_hold_through_the_files() {
    let rows = [
        row(3, "0 _ 1 _ 1", ["OK", "OK", "OK"]),
        row(3, "0 _ _ _ _", ["OK", "OK", "OK"]),
        row(3, "_ _ _ _ _", ["INSUFFICIENT_DATA", "ALARM", "OK"]),
        row(3, "0 1 1 _ 1", ["ALARM", "ALARM", "ALARM"]),
        row(3, "_ _ 1 _ _", ["ALARM", "ALARM", "OK"]),
        row(2, "0 _ 1 _ 1", ["ALARM", "ALARM", "ALARM"]),
        row(2, "0 0 1 0 1", ["ALARM", "ALARM", "ALARM"]),
        row(2, "0 _ 1 _ _", ["OK", "ALARM", "OK"]),
        row(2, "_ _ _ _ 0", ["OK", "ALARM", "OK"]),
        row(2, "_ _ _ 1 _", ["ALARM", "ALARM", "OK"]),
        row(3, "_ _ _ _ 1", ["OK", "ALARM", "OK"]),
        row(3, "_ _ _ 1 _", ["OK", "ALARM", "OK"]),
    ];
    let (alarms, tests): (Vec<String>, Vec<String>) = rows.into_iter().unzip();
    let folder = project(&format!("tests:\n{}", tests.concat()));
    let file = folder.path().join("alarms/shop.yaml");
    std::fs::write(file, format!("alarms:\n{}", alarms.concat())).unwrap();
    let output = obs(folder.path(), &["test", "--require-tests"]);
    let text = transcript(&["test"], &output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(
        text.contains("36 tests: 36 passed, 0 failed. 0 of 36 alarms"),
        "{text}"
    );
}

/// The fenced blocks of a page, each with the last line of text before it.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let mut parts = page.split("```");
    let mut blocks = Vec::new();
    while let (Some(before), Some(block)) = (parts.next(), parts.next()) {
        let said = before.trim_end().lines().last().unwrap_or_default();
        blocks.push((said, block.split_once('\n').unwrap().1));
    }
    blocks
}

/// `UPDATE=1` writes the commands' output into the page.
#[test]
#[expect(clippy::disallowed_methods, reason = "the one switch of this test")]
fn the_page_on_testing_alarms_does_what_it_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/testing-alarms.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("alarms")).unwrap();
    let (mut written, mut commands) = (page.clone(), 0);
    for (said, block) in blocks(&page) {
        let file = said.strip_prefix('`').and_then(|it| it.split_once('`'));
        if let Some((name, _)) = file.filter(|(name, _)| name.ends_with(".yaml")) {
            std::fs::write(folder.path().join(name), block).unwrap();
        } else if let Some(command) = block
            .lines()
            .next()
            .and_then(|it| it.strip_prefix("$ obs "))
        {
            // What is wrong for once is named before it.
            let tests = folder.path().join("alarms/shop.test.yaml");
            if let Some(line) = said
                .strip_prefix("With `")
                .and_then(|it| it.split_once('`'))
            {
                let good = std::fs::read_to_string(&tests).unwrap();
                let bad = good.replacen("expect:", &format!("expect:\n      {}", line.0), 1);
                std::fs::write(&tests, bad).unwrap();
            }
            let arguments: Vec<&str> = command.split(' ').collect();
            let output = obs(folder.path(), &arguments);
            assert!(output.stderr.is_empty(), "{output:?}");
            let text = String::from_utf8_lossy(&output.stdout);
            written = written.replace(block, &format!("$ obs {command}\n{text}"));
            commands += 1;
        }
    }
    assert_eq!(commands, 2);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, written).unwrap();
    } else {
        assert_eq!(page, written, "UPDATE=1 writes it again");
    }
}
