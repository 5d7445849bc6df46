//! `obs backtest` against `obs dev` as a process: what was put by PutMetricData is
//! replayed under the alarms that were applied and under the changed files.
#![cfg(feature = "dev")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

#[expect(dead_code, reason = "each file of tests uses a part of it")]
mod support;

use std::process::Output;
use std::time::{SystemTime, UNIX_EPOCH};

use support::local::Local;
use support::project::write;

const PROJECT: &str = r#"project: shop
environments:
  dev: { account: "000000000000", region: us-east-1 }
defaults: { owner: us, runbook: "https://runbooks.example/${alarm}" }
topics:
  oncall: { display_name: Shop }
severities:
  page: { topics: [oncall] }
"#;

fn alarms(threshold: u32) -> String {
    format!(
        r#"alarms:
  - name: orders-failing
    severity: page
    metric: {{ namespace: Shop, name: Failed }}
    statistic: Sum
    period: 1m
    condition: "> {threshold}"
    datapoints: 2 of 2
    treat_missing_data: notBreaching
composites:
  - name: shop-down
    severity: page
    rule: ALARM("orders-failing")
"#
    )
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Four failed orders a minute for ten minutes, which began so many minutes ago.
#[expect(
    clippy::disallowed_methods,
    reason = "the account's past ends at the machine's own time"
)]
fn put(local: &Local, ago: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let start = i64::try_from(now.as_secs()).unwrap() / 60 * 60 - ago * 60;
    let mut action = "PutMetricData&Namespace=Shop".to_owned();
    for minute in 0..10 {
        let time = start + minute * 60;
        let n = minute + 1;
        action.push_str(&format!(
            "&MetricData.member.{n}.MetricName=Failed&MetricData.member.{n}.Value=4&MetricData.member.{n}.Timestamp={time}"
        ));
    }
    local.call(&action);
    start * 1000
}

#[test]
fn the_past_is_replayed_under_what_is_applied_and_under_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let local = Local::start(folder);
    write(folder, "obs.yaml", PROJECT);
    write(folder, "alarms/shop.yaml", &alarms(1));
    local.good(folder, &["apply", "--yes"]);
    let start = put(&local, 90);

    write(folder, "alarms/shop.yaml", &alarms(5));
    let backtest = [
        "backtest", "--since", "3h", "--format", "json", "--svg", "past.svg",
    ];
    let compared = said(&local.obs(folder, &backtest));
    let compared: serde_json::Value = serde_json::from_str(&compared).unwrap();
    // Two minutes of two make it fire; it ends when nothing came for as long as the
    // evaluation range is.
    for row in compared["alarms"].as_array().unwrap() {
        assert_eq!(row["before"]["fired"], 1, "{row}");
        assert_eq!(row["after"]["fired"], 0, "{row}");
        assert_eq!(row["first_ms"], start + 2 * 60_000, "{row}");
    }
    assert_eq!(compared["alarms"].as_array().unwrap().len(), 2);

    let svg = std::fs::read_to_string(folder.join("past.svg")).unwrap();
    assert_eq!(svg.matches("class=\"lane\"").count(), 2);
    let output = local.obs(folder, &["backtest", "--since", "3h"]);
    let lines = String::from_utf8_lossy(&output.stderr);
    assert!(
        lines.ends_with("replaying 75 %\nreplaying 100 %\n"),
        "{lines}"
    );
    let table = said(&output);
    let last = table.lines().last().unwrap();
    assert!(
        last.ends_with("2 alarms, fired 2 times before, 0 after; 0 stay quiet."),
        "{table}"
    );
}
