//! From an account to files and back, with the program against `obs dev` as a process:
//! what is pulled leaves nothing to do, what is restored is what was there.
#![cfg(feature = "dev")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

#[expect(dead_code, reason = "each file of tests uses a part of it")]
mod support;

use std::path::Path;
use std::process::Output;

use support::local::Local;
use support::program::text;
use support::project::{shipped, write};

const HEAD: &str =
    "project: cloudvault\nenvironments:\n  dev: { account: \"000000000000\", region: us-east-1 }\n";
const PAGER: &str = "pager=http://127.0.0.1:9/hushhush";
const NOTHING: &str = "Nothing to do: ";

/// What CloudVault's own files say nothing of.
const MORE: &str = r#"alarms:
  - name: odd-unit
    severity: notice
    metric: { namespace: CloudVault, name: Size, unit: Megabytes, dimensions: { service: cloudvault } }
    statistic: TM(5%:95%)
    period: 10s
    condition: "<= -0.25"
    datapoints: 2 of 4
    treat_missing_data: breaching
  - name: odd-percentile
    severity: none
    description: "Tricky: ${alarm} # 'quoted' \"twice\""
    metric: { namespace: CloudVault, name: Size }
    statistic: p99.9
    period: 1h
    condition: "> 1000000"
    low_samples: ignore
  - name: odd-ratio
    severity: page
    expression: 100 * a / FILL(b, 1)
    result: { id: share, label: "Share of ${PROP('Region')}" }
    metrics:
      a: { namespace: CloudVault, name: A, statistic: Sum, label: first }
      b: { namespace: CloudVault, name: B, statistic: SampleCount }
    period: 5m
    condition: "> 1"
composites:
  - name: odd-together
    severity: page
    rule: AT_LEAST(2, ALARM, (odd-unit, odd-percentile, odd-ratio)) AND NOT ALARM("odd-unit")
    suppressor: { alarm: odd-percentile, wait: 90s, extension: 10s }
"#;

fn change(folder: &Path, name: &str, from: &str, to: &str) {
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    assert!(text.contains(from), "{name} has no {from}");
    write(folder, name, &text.replace(from, to));
}

/// An empty project beside an account that holds everything.
fn beside() -> (Local, tempfile::TempDir, tempfile::TempDir) {
    let project = shipped();
    write(project.path(), "alarms/more.yaml", MORE);
    change(
        project.path(),
        "obs.yaml",
        "require: [runbook, owner]",
        "require: []",
    );
    let local = Local::start(project.path());
    let done = local.good(project.path(), &["apply", "--var", PAGER]);
    assert!(done.starts_with("Done: "), "{done}");
    let new = tempfile::tempdir().unwrap();
    write(new.path(), "obs.yaml", HEAD);
    (local, project, new)
}

#[test]
fn two_applies_a_pull_and_there_is_nothing_to_do() {
    let (local, project, new) = beside();
    let again = local.good(project.path(), &["apply", "--var", PAGER]);
    assert!(again.starts_with(NOTHING), "{again}");
    let writes = local.writes();

    let pulled = local.obs(new.path(), &["pull"]);
    assert!(pulled.status.success(), "{pulled:?}");
    let said = text(&pulled.stderr);
    let unsaid: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("policy"))
        .collect();
    assert_eq!(unsaid, [""; 0], "{said}");
    assert!(
        said.contains("obs.yaml holds the whole address of http://127.0.0.1:9/..."),
        "{said}"
    );
    assert!(!said.contains("hushhush"), "{said}");

    let planned = local.good(new.path(), &["plan", "--detailed-exitcode"]);
    assert_eq!(planned, again, "as many, and none to change");
    local.good(new.path(), &["check"]);
    assert!(local.good(new.path(), &["apply"]).starts_with(NOTHING));
    let second = local.obs(new.path(), &["pull"]);
    assert!(
        second.status.success() && second.stdout.is_empty(),
        "{second:?}"
    );
    assert_eq!(local.writes(), writes, "nothing was written to the account");
}

#[test]
fn what_is_only_shown_is_not_written_and_hides_addresses() {
    let (local, _, new) = beside();
    let shown = local.obs(new.path(), &["pull", "--print"]);
    let all = text(&shown.stdout);
    assert!(
        all.contains("# alarms/pulled.yaml\n") && all.contains("odd-together"),
        "{all}"
    );
    assert!(!all.contains("hushhush"), "{all}");
    let files = std::fs::read_dir(new.path()).unwrap().count();
    assert_eq!(files, 1);
}

#[test]
fn what_hands_made_is_pulled_by_name_and_taken_over_when_told() {
    let new = tempfile::tempdir().unwrap();
    write(new.path(), "obs.yaml", HEAD);
    let local = Local::start(new.path());
    local.call("PutMetricAlarm&AlarmName=by+hand&Namespace=Shop&MetricName=Orders&Statistic=Sum&Period=60&EvaluationPeriods=1&Threshold=5&ComparisonOperator=GreaterThanThreshold");
    local.call("PutDashboard&DashboardName=Board&DashboardBody=%7B%22widgets%22%3A%5B%5D%7D");
    let ours = local.obs(new.path(), &["pull"]);
    assert!(ours.stdout.is_empty(), "nobody's is not ours: {ours:?}");
    let pulled = local.obs(new.path(), &["pull", "by*", "Board"]);
    assert_eq!(
        text(&pulled.stdout),
        "alarms/pulled.yaml\ndashboards/Board.json\n"
    );
    let said = text(&pulled.stderr);
    assert!(said.contains("obs apply --adopt 'Board,by hand'"), "{said}");
    let refused = local.obs(new.path(), &["apply", "--yes"]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    local.good(new.path(), &["apply", "--adopt", "Board,by hand"]);
    assert!(
        local
            .good(new.path(), &["plan", "--detailed-exitcode"])
            .starts_with(NOTHING)
    );
}

#[test]
fn what_was_kept_is_restored_whatever_happened_since() {
    let (local, project, other) = beside();
    let project = project.path();
    let plan = ["plan", "--var", PAGER, "--detailed-exitcode"];
    let kept = other.path().join("kept.json");
    let kept = kept.to_str().unwrap();
    local.good(project, &["snapshot", kept, "--var", PAGER]);
    assert!(local.good(project, &["restore", kept]).starts_with(NOTHING));

    // Changed by files: something of it all is new, otherwise or gone.
    change(project, "obs.yaml", "rate: 20%", "rate: 30%");
    change(project, "obs.yaml", "duration: 1h", "duration: 2h");
    change(
        project,
        "obs.yaml",
        "display_name: CloudVault\n",
        "display_name: Vault\n",
    );
    change(project, "alarms/more.yaml", "wait: 90s", "wait: 60s");
    change(
        project,
        "alarms/more.yaml",
        "name: odd-unit",
        "name: even-unit",
    );
    change(project, "alarms/more.yaml", "(odd-unit,", "(even-unit,");
    change(project, "alarms/more.yaml", "\"odd-unit\"", "\"even-unit\"");
    std::fs::remove_file(project.join("dashboards/cloudvault-thumbnails.json")).unwrap();
    let changed = local.good(project, &["apply", "--var", PAGER]);
    assert!(changed.starts_with("Done: "), "{changed}");
    assert!(local.good(project, &plan).starts_with(NOTHING));
    assert!(
        local
            .good(project, &["restore", kept])
            .starts_with("Done: ")
    );
    assert!(local.good(project, &["restore", kept]).starts_with(NOTHING));
    assert_eq!(local.obs(project, &plan).status.code(), Some(3));

    // Destroyed.
    local.good(project, &["destroy", "--yes"]);
    assert!(
        local
            .good(project, &["restore", kept])
            .starts_with("Done: ")
    );
    assert!(local.good(project, &["restore", kept]).starts_with(NOTHING));
}

#[test]
fn a_rollback_goes_back_and_a_second_one_comes_again() {
    let project = tempfile::tempdir().unwrap();
    let project = project.path();
    write(project, "obs.yaml", HEAD);
    let alarm = MORE.split("  - name: odd-percentile").next().unwrap();
    let alarm = alarm.replace("severity: notice", "severity: none");
    write(project, "alarms/one.yaml", &alarm);
    let local = Local::start(project);
    let plan = ["plan", "--detailed-exitcode"];
    local.good(project, &["apply"]);
    change(project, "alarms/one.yaml", "-0.25", "7");
    local.good(project, &["apply"]);
    assert!(local.good(project, &plan).starts_with(NOTHING));

    local.good(project, &["rollback"]);
    let back = local.obs(project, &plan);
    assert_eq!(back.status.code(), Some(3));
    assert!(
        text(&back.stdout).contains("threshold: -0.25 -> 7"),
        "{back:?}"
    );
    local.good(project, &["rollback"]);
    assert!(local.good(project, &plan).starts_with(NOTHING));
    // Back to before the first apply: nothing was there.
    local.good(project, &["rollback", "--to", "1", "--yes"]);
    assert_eq!(
        local.good(project, &["plan"]),
        "Plan: 1 to create, 0 unchanged."
    );
    let kept = local.obs(project, &["rollback", "--list"]);
    insta::assert_snapshot!(without_times(&kept));
}

/// When each was kept is nobody's to foresee.
fn without_times(output: &Output) -> String {
    let stamp = |word: &str| word.len() == 16 && word.as_bytes()[10] == b'T';
    let mut out = String::new();
    for line in text(&output.stdout).lines() {
        let words = line.split(' ').map(|word| match stamp(word) {
            true => "TIME",
            false => word,
        });
        out.push_str(&words.collect::<Vec<_>>().join(" "));
        out.push('\n');
    }
    out
}

#[test]
fn what_is_asked_for_wrongly_is_one_sentence_and_writes_nothing() {
    let project = tempfile::tempdir().unwrap();
    let project = project.path();
    write(project, "obs.yaml", HEAD);
    let local = Local::start(project);
    let mut all = String::new();
    for arguments in [
        &["pull", "nosuch*"][..],
        &["pull", "-e", "dev,dev"],
        &["restore", "nosuch.json"],
        &["restore", "obs.yaml"],
        &["rollback"],
        &["rollback", "--to", "7"],
        &["snapshot", "nosuch/kept.json"],
    ] {
        let output = local.obs(project, arguments);
        all.push_str(&format!(
            "$ obs {}\n{}(exit code {})\n",
            arguments.join(" "),
            text(&output.stderr),
            output.status.code().unwrap()
        ));
    }
    assert_eq!(local.writes(), 0);
    insta::assert_snapshot!(all);
}
