//! What obs says over the network: how much it is for a large project, and what comes
//! of it when the network fails at every call of an apply, in every way. The same apply
//! goes on where that may help, and the next one heals what was left half-done.
//!
//! Real processes: `obs apply` speaks through a proxy to `obs dev`. The proxy notes
//! each call, and breaks the call of one number.
#![cfg(feature = "dev")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

#[expect(dead_code, reason = "each file of tests uses a part of it")]
mod support;
#[path = "network/shop.rs"]
mod shop;
#[path = "network/proxy.rs"]
mod proxy;

use std::process::{Command, Output, Stdio};
use std::time::Duration;

use proxy::{Fault, Proxy};
use shop::{DASHBOARD, PROJECT, Version, lay_out, versioned};
use support::local::Local;
use support::program;
use support::project::write;

/// How long to wait for a call that hangs before a look whether the apply still runs.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// What an apply from `Before` to `After` calls, in every protocol there is.
const WRITES: &[&str] = &[
    "CreateTopic",
    "SetTopicAttributes",
    "Subscribe",
    "Unsubscribe",
    "DeleteTopic",
    "PutMetricFilter",
    "DeleteMetricFilter",
    "PutRule",
    "PutTargets",
    "RemoveTargets",
    "DeleteRule",
    "PutMetricAlarm",
    "PutCompositeAlarm",
    "DeleteAlarms",
    "PutAlarmMuteRule",
    "DeleteAlarmMuteRule",
    "PutDashboard",
    "DeleteDashboards",
    "CreateSamplingRule",
    "UpdateSamplingRule",
    "DeleteSamplingRule",
    "TagResource",
];

/// A local account with a proxy before it, and a project.
struct Stage {
    proxy: Proxy,
    project: tempfile::TempDir,
    _local: Local,
}

impl Stage {
    fn new() -> Stage {
        Stage::of_region("us-east-1")
    }

    fn of_region(region: &str) -> Stage {
        let project = tempfile::tempdir().unwrap();
        lay_out(project.path(), Version::Before);
        let there = format!("region: {region} ");
        let text = PROJECT.replace("region: us-east-1 ", &there);
        write(
            project.path(),
            "obs.yaml",
            &versioned(&text, Version::Before),
        );
        // It makes the log groups of the project.
        let local = Local::start(project.path());
        Stage {
            proxy: Proxy::before(local.address),
            project,
            _local: local,
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program::command(self.project.path(), arguments);
        command
            .env("AWS_ENDPOINT_URL", format!("http://{}", self.proxy.address))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn obs(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Applies while a call fails; `None` when it was killed.
    fn apply_with(&self, fault: Fault, at: usize) -> Option<Output> {
        self.proxy.script(Some((fault, at)));
        if !matches!(fault, Fault::Hang | Fault::HangAfter) {
            return Some(self.obs(&["apply", "--yes"]));
        }
        let mut apply = self.command(&["apply", "--yes"]).spawn().unwrap();
        while self.proxy.hanging.recv_timeout(LOOK_AGAIN).is_err() {
            if apply.try_wait().unwrap().is_some() {
                let output = apply.wait_with_output().unwrap();
                panic!("it ended before call {at}: {output:?}");
            }
        }
        apply.kill().unwrap();
        apply.wait().unwrap();
        None
    }

    /// Asserts that a run was good.
    fn good(&self, arguments: &[&str], case: &str) -> Output {
        let output = self.obs(arguments);
        assert!(output.status.success(), "{case}: {arguments:?}: {output:?}");
        output
    }
}

/// Breaks every call of an apply in one way, one after the other.
fn every_call(fault: Fault) {
    let stage = Stage::new();
    let folder = stage.project.path();
    stage.good(&["apply", "--yes"], "a first apply");
    lay_out(folder, Version::After);
    stage.proxy.script(None);
    stage.good(&["apply", "--yes"], "without a fault");
    let calls = stage.proxy.script(None);
    let missing = WRITES
        .iter()
        .filter(|name| !calls.iter().any(|it| it == *name));
    let missing: Vec<&&str> = missing.collect();
    assert!(missing.is_empty(), "{missing:?} of {calls:?}");
    let mut version = Version::Before;
    let first_write = calls.iter().position(|it| WRITES.contains(&it.as_str()));
    let from = match fault {
        Fault::Cut | Fault::AnswerLost | Fault::Error | Fault::Throttle | Fault::Overtaken => 0,
        // Whoever ends before the first write has done nothing.
        Fault::Hang | Fault::HangAfter | Fault::Down => first_write.unwrap(),
    };
    for (at, call) in calls.iter().enumerate().skip(from) {
        let case = format!("{fault:?} at call {at}, {call}");
        // There and back: either way something of each kind comes, changes and goes.
        lay_out(folder, version);
        version = version.other();
        let broken = stage.apply_with(fault, at);
        stage.proxy.script(None);
        match (fault, broken) {
            // A call is made again, and the user hears nothing of it.
            (Fault::Cut | Fault::AnswerLost | Fault::Error | Fault::Throttle, Some(output)) => {
                assert!(output.status.success(), "{case}: {output:?}");
            }
            (_, Some(output)) => assert_eq!(output.status.code(), Some(1), "{case}: {output:?}"),
            (_, None) => {}
        }
        if matches!(fault, Fault::Hang | Fault::HangAfter | Fault::Down) {
            stage.good(&["apply", "--yes"], &case);
        }
        let left = stage.good(&["plan", "--detailed-exitcode"], &case);
        let left = String::from_utf8_lossy(&left.stdout).into_owned();
        assert!(left.contains("Nothing to do"), "{case}: {left}");
    }
    stage.good(&["destroy", "--yes"], "the end");
    let left = stage.obs(&["plan"]);
    let plan = String::from_utf8_lossy(&left.stdout).into_owned();
    assert!(plan.contains("to create, 0 unchanged"), "{plan}");
}

#[test]
fn a_line_that_is_cut_is_taken_up_again() {
    every_call(Fault::Cut);
}

#[test]
fn a_call_whose_answer_is_lost_is_made_again_and_does_no_harm() {
    every_call(Fault::AnswerLost);
}

#[test]
fn an_error_of_the_service_is_outlived() {
    every_call(Fault::Error);
}

#[test]
fn a_refused_call_waits_and_nobody_hears_of_it() {
    every_call(Fault::Throttle);
}

#[test]
fn an_apply_killed_at_a_call_is_healed_by_the_next() {
    every_call(Fault::Hang);
}

#[test]
fn an_apply_killed_after_a_call_is_healed_by_the_next() {
    every_call(Fault::HangAfter);
}

#[test]
fn an_account_that_stays_down_stops_the_apply_and_the_next_heals_it() {
    every_call(Fault::Down);
}

/// CloudWatch deletes none of a call's alarms when one of them is gone already.
#[test]
fn an_alarm_that_somebody_deletes_first_keeps_none_of_the_others() {
    let stage = Stage::new();
    let folder = stage.project.path();
    stage.good(&["apply", "--yes"], "a first apply");
    lay_out(folder, Version::After);
    let output = stage.apply_with(Fault::Overtaken, 0).unwrap();
    assert!(output.status.success(), "{output:?}");
    let calls = stage.proxy.script(None);
    let deletions = calls.iter().filter(|call| *call == "DeleteAlarms").count();
    // The composite, the two alarms of metrics in vain, the one that is left.
    assert_eq!(deletions, 3, "{calls:?}");
    let left = stage.good(&["plan"], "overtaken");
    let left = String::from_utf8_lossy(&left.stdout).into_owned();
    assert!(left.contains("Nothing to do"), "{left}");
}

#[test]
fn a_thousand_alarms_are_read_in_pages_and_fifty_dashboards_side_by_side() {
    let stage = Stage::new();
    let alarms: String = (0..1000)
        .map(|number| {
            format!(
                "  - name: orders-{number:04}\n    metric: {{ namespace: Shop, name: Orders, dimensions: {{ Shop: s{number} }} }}\n    statistic: Sum\n    period: 1m\n    condition: \"> 5\"\n    severity: page\n"
            )
        })
        .collect();
    write(
        stage.project.path(),
        "alarms/many.yaml",
        &format!("alarms:\n{alarms}"),
    );
    for number in 0..50 {
        write(
            stage.project.path(),
            &format!("dashboards/shop-{number:02}.yaml"),
            DASHBOARD,
        );
    }
    stage.good(&["apply", "--yes"], "a first apply");
    stage.proxy.script(None);
    stage.good(&["plan", "--detailed-exitcode"], "nothing changed");
    let peak = stage.proxy.script.lock().unwrap().under_way.1;
    let calls = stage.proxy.script(None);
    let times = |name: &str| calls.iter().filter(|call| *call == name).count();
    assert!((1..=11).contains(&times("DescribeAlarms")), "{calls:?}");
    assert_eq!(times("GetDashboard"), 52);
    assert!(peak > 1, "dashboards are read side by side");
    // Two calls a dashboard, and none for each alarm.
    assert!(calls.len() < 140, "{} calls: {calls:?}", calls.len());
}

#[test]
fn a_role_is_assumed_with_its_external_id_before_the_first_call() {
    let stage = Stage::new();
    let role = r#"region: us-east-1, role: { arn: "arn:aws:iam::000000000000:role/deploy", external_id: sesame }"#;
    let project = versioned(PROJECT, Version::Before);
    let project = project.replacen("region: us-east-1", role, 1);
    write(stage.project.path(), "obs.yaml", &project);
    stage.proxy.script(None);
    stage.good(&["apply", "--yes"], "as a role");
    let script = stage.proxy.script.lock().unwrap();
    assert_eq!(script.calls[0], "AssumeRole");
    let [sent] = &script.roles[..] else {
        panic!("{:?}", script.roles);
    };
    for part in [
        "RoleArn=arn%3Aaws%3Aiam%3A%3A000000000000%3Arole%2Fdeploy",
        "ExternalId=sesame",
        "RoleSessionName=obs-shop-dev",
    ] {
        assert!(sent.contains(part), "{sent}");
    }
}

/// Two environments of one project in one run, each with an account of its own.
#[test]
fn several_environments_are_applied_in_one_run_and_each_stays_by_itself() {
    let (one, other) = (Stage::new(), Stage::of_region("eu-central-1"));
    let both = format!(
        r#"environments:
  staging: {{ account: "000000000000", region: eu-central-1, endpoint: "http://{}" }}
  dev: {{ account: "000000000000", region: us-east-1, endpoint: "http://{}" }}"#,
        other.proxy.address, one.proxy.address
    );
    let single = "environments:\n  dev: { account: \"000000000000\", region: us-east-1 }";
    let project = versioned(PROJECT, Version::Before);
    assert!(project.contains(single));
    let project = project.replace(single, &both);
    let project = project.replace("arn:aws:sqs:us-east-1:000000000000:old", "old");
    let project = project.replace("resources:\n", "resources:\n  queues: { old: {} }\n");
    write(one.project.path(), "obs.yaml", &project);
    let run = |arguments: &[&str]| {
        let mut command = one.command(arguments);
        command.env_remove("AWS_ENDPOINT_URL").output().unwrap()
    };
    let said = |output: &Output| String::from_utf8_lossy(&output.stdout).into_owned();
    let planned = run(&["plan", "-e", "dev,staging", "--detailed-exitcode"]);
    assert_eq!(planned.status.code(), Some(3), "{planned:?}");
    let applied = run(&["apply", "--yes", "-e", "dev,staging"]);
    assert!(applied.status.success(), "{applied:?}");
    let told = said(&applied);
    for environment in ["resources of dev in", "resources of staging in"] {
        assert!(told.contains(environment), "{told}");
    }
    let again = run(&["apply", "--yes", "-e", "dev,staging"]);
    assert_eq!(
        said(&again).matches("Nothing to do").count(),
        2,
        "{again:?}"
    );
    let gone = run(&["destroy", "--yes", "-e", "staging"]);
    assert!(gone.status.success(), "{gone:?}");
    let left = said(&run(&["plan", "-e", "dev,staging"]));
    assert_eq!(left.matches("Nothing to do").count(), 1, "{left}");
    assert!(left.contains("0 unchanged"), "{left}");
}
