//! `obs readiness --account` against a local account: what the functions left there, in
//! traces and in lines, is known.
#![cfg(feature = "dev")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::path::Path;
use std::process::Command;

use obs_dev::store::LogRecord;
use obs_dev::{Account, Dev, LogGroup, Options};
use serde_json::{Value, json};

const PROJECT: &str = r#"project: shop
environments:
  dev: { account: "000000000000", region: us-east-1 }
resources:
  functions:
    orders: { timeout: 10s, memory: 512MB }
    list: { timeout: 10s, memory: 512MB, tracing: active }
    quiet: { timeout: 10s, memory: 512MB }
"#;

async fn start(data: &Path) -> Dev {
    let group = |function: &str| LogGroup {
        name: format!("/aws/lambda/{function}"),
        function: Some(function.to_owned()),
        retention_days: None,
    };
    let options = Options {
        listen: "127.0.0.1:0".parse().unwrap(),
        xray: "127.0.0.1:0".parse().unwrap(),
        log_groups: ["orders", "list", "quiet"].map(group).to_vec(),
        ..Options::new(data)
    };
    Dev::start(options).await.unwrap()
}

fn log(account: &Account, function: &str, line: &str) {
    let record = LogRecord {
        time_ms: account.clock.now_ms() - 1000,
        function: function.to_owned(),
        stream: "2026/11/23/[$LATEST]0123".to_owned(),
        request_id: None,
        line: line.to_owned(),
    };
    account.log(&record).unwrap();
}

fn trace(account: &Account, function: &str, origin: &str) {
    let now = (account.clock.now_ms() - 60_000) as f64 / 1000.0;
    let segment = json!({
        "trace_id": "1-581cf771-a006649127e371903a2de979", "id": "70de5b6f19ff9a0a",
        "name": function, "origin": origin, "start_time": now, "end_time": now + 0.1,
    });
    account.segment(&segment.to_string()).unwrap();
}

fn readiness(dev: &Dev, project: &Path) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_obs"))
        .args(["readiness", "--account", "--format", "json"])
        .current_dir(project)
        .env_clear()
        .env("AWS_ENDPOINT_URL", format!("http://{}", dev.address()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Of a rule: what it counted as met, whom it found wanting, and of whom it knows nothing.
fn outcome(report: &Value, rule: &str) -> (u64, Vec<String>, Vec<String>) {
    let rules = report["rules"].as_array().unwrap();
    let rule = rules.iter().find(|one| one["rule"] == rule).unwrap();
    let subjects = |list: &str| -> Vec<String> {
        let entries = rule[list].as_array().unwrap().iter();
        entries
            .map(|one| one["subject"].as_str().unwrap().to_owned())
            .collect()
    };
    (
        rule["met"].as_u64().unwrap(),
        subjects("findings"),
        subjects("unknown"),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_and_lines_with_correlation_ids_are_known_of_a_local_account() {
    let (data, project) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(project.path().join("obs.yaml"), PROJECT).unwrap();
    let dev = start(data.path()).await;
    let account = dev.account();
    trace(account, "orders", "AWS::Lambda::Function");
    log(account, "orders", "START RequestId: 1");
    log(
        account,
        "orders",
        r#"{"message":"done","correlation_id":"c-1"}"#,
    );
    log(account, "list", r#"{"message":"done"}"#);
    let report = readiness(&dev, project.path());
    let (list, quiet) = (["functions/list"], ["functions/quiet"]);
    let of = |rule: &str| outcome(&report, rule);
    let expect = |met: u64, wanting: [&str; 1], unknown: [&str; 1]| {
        let owned = |names: [&str; 1]| names.map(str::to_owned).to_vec();
        (met, owned(wanting), owned(unknown))
    };
    // A trace is proof; that there is none of a function that X-Ray traces is none, and
    // neither is it that a group has no line.
    assert_eq!(of("tracing"), expect(1, quiet, list), "{report}");
    assert_eq!(of("correlation"), expect(1, list, quiet), "{report}");
    dev.stop().await;
}
