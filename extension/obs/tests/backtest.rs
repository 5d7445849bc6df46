//! `obs backtest` against `obs dev` as a process: what was put by PutMetricData is
//! replayed under the alarms that were applied and under the changed files.
#![cfg(feature = "dev")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

const OBS: &str = env!("CARGO_BIN_EXE_obs");

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

/// A running local account, ended by SIGTERM.
struct Dev {
    child: Child,
    address: String,
    _data: tempfile::TempDir,
}

impl Dev {
    fn start() -> Dev {
        let data = tempfile::tempdir().unwrap();
        let listen = ["dev", "--listen", "127.0.0.1:0", "--xray", "127.0.0.1:0"];
        let mut child = Command::new(OBS)
            .args(listen)
            .arg("--data")
            .arg(data.path())
            .current_dir(data.path())
            .env_clear()
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        let out = child.stdout.as_mut().unwrap();
        BufReader::new(out).read_line(&mut first).unwrap();
        let address = first.trim().strip_prefix("obs dev: http://").unwrap();
        Dev {
            address: address.to_owned(),
            child,
            _data: data,
        }
    }

    fn obs(&self, folder: &Path, arguments: &[&str]) -> Output {
        Command::new(OBS)
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .env("AWS_ENDPOINT_URL", format!("http://{}", self.address))
            .output()
            .unwrap()
    }

    /// One call of CloudWatch's query protocol.
    fn call(&self, body: &str) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "POST / HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\
             authorization: AWS4-HMAC-SHA256 Credential=hand/20260101/us-east-1/monitoring/aws4_request, SignedHeaders=host, Signature=0\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let id = self.child.id().to_string();
        let _ = Command::new("kill").arg(id).status();
        let _ = self.child.wait();
    }
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Four failed orders a minute for ten minutes, which began so many minutes ago.
#[expect(
    clippy::disallowed_methods,
    reason = "the account's past ends at the machine's own time"
)]
fn put(dev: &Dev, ago: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let start = i64::try_from(now.as_secs()).unwrap() / 60 * 60 - ago * 60;
    let mut body = "Action=PutMetricData&Version=2010-08-01&Namespace=Shop".to_owned();
    for minute in 0..10 {
        let time = start + minute * 60;
        let n = minute + 1;
        body.push_str(&format!(
            "&MetricData.member.{n}.MetricName=Failed&MetricData.member.{n}.Value=4&MetricData.member.{n}.Timestamp={time}"
        ));
    }
    dev.call(&body);
    start * 1000
}

#[test]
fn the_past_is_replayed_under_what_is_applied_and_under_the_files() {
    let dev = Dev::start();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::create_dir(folder.join("alarms")).unwrap();
    std::fs::write(folder.join("obs.yaml"), PROJECT).unwrap();
    std::fs::write(folder.join("alarms/shop.yaml"), alarms(1)).unwrap();
    text(&dev.obs(folder, &["apply", "--yes"]));
    let start = put(&dev, 90);

    std::fs::write(folder.join("alarms/shop.yaml"), alarms(5)).unwrap();
    let backtest = [
        "backtest", "--since", "3h", "--format", "json", "--svg", "past.svg",
    ];
    let said = text(&dev.obs(folder, &backtest));
    let compared: serde_json::Value = serde_json::from_str(&said).unwrap();
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
    let output = dev.obs(folder, &["backtest", "--since", "3h"]);
    let lines = String::from_utf8_lossy(&output.stderr);
    assert!(
        lines.ends_with("replaying 75 %\nreplaying 100 %\n"),
        "{lines}"
    );
    let table = text(&output);
    let last = table.lines().last().unwrap();
    assert!(
        last.ends_with("2 alarms, fired 2 times before, 0 after; 0 stay quiet."),
        "{table}"
    );
}
