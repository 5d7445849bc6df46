//! `obs dev` and `obs apply` as two processes: what is applied stays applied, and the
//! local account's own request log shows that a second apply writes nothing.
#![cfg(feature = "dev")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

#[expect(dead_code, reason = "each file of tests uses a part of it")]
mod support;

use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use support::local::Local;
use support::program::{command, obs, text};
use support::project::shipped;

/// A local account, and the shipped files beside it.
struct Dev {
    local: Local,
    project: tempfile::TempDir,
}

impl Dev {
    /// An account that has the log groups of the project.
    fn start() -> Dev {
        let project = shipped();
        let local = Local::start(project.path());
        Dev { local, project }
    }

    /// An account that knows no project.
    fn start_bare() -> Dev {
        let nowhere = tempfile::tempdir().unwrap();
        let local = Local::start(nowhere.path());
        let project = shipped();
        Dev { local, project }
    }

    fn obs(&self, arguments: &[&str]) -> Output {
        self.local.obs(self.project.path(), arguments)
    }

    /// Where nothing may go wrong; the last line.
    fn good(&self, arguments: &[&str]) -> String {
        self.local.good(self.project.path(), arguments)
    }
}

#[test]
fn a_second_apply_writes_nothing_and_destroy_leaves_nothing() {
    let dev = Dev::start();
    let differences = dev.obs(&["plan", "--detailed-exitcode"]);
    assert_eq!(differences.status.code(), Some(3));
    assert_eq!(dev.local.writes(), 0, "a plan writes nothing");

    let pager = ["apply", "--var", "pager=http://127.0.0.1:9/"];
    assert_eq!(dev.good(&pager), "Done: 145 resources of dev in 154 calls.");
    assert_eq!(dev.local.writes(), 154);

    let again = dev.good(&pager);
    assert_eq!(again, "Nothing to do: 145 resources are as they should be.");
    assert_eq!(dev.local.writes(), 154);

    let destroyed = dev.good(&["destroy", "--yes"]);
    assert!(
        destroyed.starts_with("Done: 145 resources of dev in "),
        "{destroyed}"
    );
    let plan = dev.good(&["plan"]);
    assert_eq!(plan, "Plan: 145 to create, 0 unchanged.");
}

#[test]
fn a_plan_that_was_kept_is_applied_once_and_refused_when_the_account_has_moved() {
    let dev = Dev::start();
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("plan.json");
    let kept = kept.to_str().unwrap();
    let pager = "pager=http://127.0.0.1:9/hushhush";
    let planned = dev.obs(&["plan", "--var", pager, "--out", kept]);
    assert!(!String::from_utf8_lossy(&planned.stdout).contains("hushhush"));
    assert_eq!(
        dev.good(&["apply", "--plan", kept]),
        "Done: 145 resources of dev in 154 calls."
    );
    let again = dev.obs(&["apply", "--plan", kept]);
    assert_eq!(again.status.code(), Some(1));
    let said = String::from_utf8_lossy(&again.stderr);
    assert!(said.contains("plan again"), "{said}");
    assert_eq!(dev.local.writes(), 154);
}

#[test]
fn what_hands_changed_is_overwritten_only_by_force() {
    let dev = Dev::start();
    dev.good(&["apply"]);
    dev.local
        .call("DisableAlarmActions&AlarmNames.member.1=cloudvault-pipeline-unhealthy");
    let before = dev.local.writes();
    let drift = dev.obs(&["drift"]);
    assert_eq!(drift.status.code(), Some(3));
    insta::assert_snapshot!(text(&drift.stdout));
    for (format, name) in [("json", "drift_json"), ("github", "drift_github")] {
        let drift = dev.obs(&["drift", "--format", format]);
        assert_eq!(drift.status.code(), Some(3));
        insta::assert_snapshot!(name, text(&drift.stdout));
    }
    let refused = dev.obs(&["apply"]);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(
        said.contains("changed by hand") && said.contains("cloudvault-pipeline-unhealthy"),
        "{said}"
    );
    assert_eq!(dev.local.writes(), before);
    dev.good(&["apply", "--force"]);
    let again = dev.good(&["apply"]);
    assert!(again.starts_with("Nothing to do"), "{again}");
    let quiet = dev.good(&["drift", "--format", "markdown"]);
    assert!(quiet.is_empty(), "it ends with an empty line: {quiet}");
}

#[test]
fn a_gate_opens_over_quiet_alarms_and_closes_when_one_fires() {
    let dev = Dev::start();
    let folder = tempfile::tempdir().unwrap();
    let summary = folder.path().join("summary.md");
    let gate = [
        "gate",
        "--alarm",
        "cloudvault-pipeline-unhealthy",
        "--for",
        "1s",
        "--every",
        "1s",
    ];
    let missing = dev.obs(&gate);
    assert_eq!(missing.status.code(), Some(1));
    dev.good(&["apply"]);
    assert_eq!(dev.good(&gate), "Gate open: nothing fired for 1s.");
    let closed = AtomicBool::new(false);
    let closed = std::thread::scope(|scope| {
        // The account's own clock may find it quiet again before the gate looks.
        scope.spawn(|| {
            while !closed.load(Ordering::Relaxed) {
                dev.local.call(
                    "SetAlarmState&AlarmName=cloudvault-pipeline-unhealthy&StateValue=ALARM&StateReason=a+test",
                );
            }
        });
        let long = [&gate[..4], &["5m", "--every", "1s"]].concat();
        let mut command = dev.local.command(dev.project.path(), &long);
        let output = command.env("GITHUB_STEP_SUMMARY", &summary).output();
        closed.store(true, Ordering::Relaxed);
        output.unwrap()
    });
    assert_eq!(closed.status.code(), Some(4));
    let said = String::from_utf8_lossy(&closed.stdout);
    assert_eq!(
        said,
        "Gate closed: an alarm fires.\n- cloudvault-pipeline-unhealthy: a test\n"
    );
    assert!(
        std::fs::read_to_string(summary)
            .unwrap()
            .ends_with(&format!("{said}\n"))
    );
}

/// An account that knows no project has no log groups either.
#[test]
fn a_filter_without_its_log_group_is_told_of_by_the_plan_and_by_the_apply() {
    let dev = Dev::start_bare();
    let missing = "there is no log group /cloudvault/cloudtrail";
    let remedy = "(a trail names its log group): deploy that first, or create the log group";
    let planned = dev.obs(&["plan"]);
    let said = String::from_utf8_lossy(&planned.stdout);
    let notes = said.lines().filter(|line| line.contains(missing));
    let notes: Vec<&str> = notes.collect();
    assert_eq!(notes.len(), 1, "one note for all filters: {said}");
    assert!(
        notes[0].contains(" and 5 more: ") && notes[0].ends_with(remedy),
        "{notes:?}"
    );
    let applied = dev.obs(&["apply"]);
    assert_eq!(applied.status.code(), Some(1));
    let said = String::from_utf8_lossy(&applied.stderr);
    assert!(said.contains(missing) && said.contains(remedy), "{said}");
    assert!(said.contains("Stopped at metric filter "), "{said}");
}

#[test]
fn two_accounts_do_not_run_over_the_same_files() {
    let dev = Dev::start();
    let listen = ["dev", "--listen", "127.0.0.1:0", "--xray", "127.0.0.1:0"];
    let output = command(dev.project.path(), &listen)
        .args(["--for", "1ms", "--data"])
        .arg(dev.local.data())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("another obs dev keeps it"), "{said}");
}

#[test]
fn what_cannot_be_run_is_refused_before_anything_starts() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("text"), "no program").unwrap();
    for (arguments, part) in [
        (["dev", "--function", "hello=text"], "`chmod +x`"),
        (
            ["dev", "--function", "hello=nosuch"],
            "there is no program nosuch",
        ),
        (["dev", "--listen", "localhost"], "such as 127.0.0.1:4400"),
        (["dev", "--fault", "x"], "failed to read the fault"),
        (["dev", "--config", "nowhere"], "no obs.yaml in nowhere"),
    ] {
        let output = obs(dir.path(), &arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn a_port_in_use_is_one_sentence() {
    let dev = Dev::start();
    let data = tempfile::tempdir().unwrap();
    let address = dev.local.address.to_string();
    let taken = ["dev", "--listen", &address, "--xray", "127.0.0.1:0"];
    let output = command(data.path(), &taken)
        .args(["--data", "data"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr).replace(&address, "ADDRESS");
    insta::assert_snapshot!(text);
}

#[test]
fn for_ends_it_by_itself() {
    let data = tempfile::tempdir().unwrap();
    let listen = ["dev", "--listen", "127.0.0.1:0", "--xray", "127.0.0.1:0"];
    let status = command(data.path(), &listen)
        .args(["--for", "100ms"])
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
}
