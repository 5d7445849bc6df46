//! The real program on bad files and bad surroundings: what it says on stderr, how it
//! exits, and that it speaks to nobody.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Output};

const PROJECT: &str = r#"project: shop
environments:
  dev:
    account: "000000000000"
    region: us-east-1
    variables: { limit: 5 }
  production:
    account: "123456789012"
    region: eu-central-1
    variables: { limit: 5 }
resources:
  functions:
    pay: { timeout: 10s, memory: 256MB }
    ship: { timeout: 20s, memory: 256MB }
  queues:
    parcels: { dead_letter: parcels-dlq }
    parcels-dlq:
topics:
  oncall:
    subscriptions:
      - email: oncall@example.com
severities:
  page: { topics: [oncall] }
"#;

const ALARMS: &str = r#"alarms:
  - name: ${resource}-slow
    for_each: functions
    severity: page
    metric: { namespace: AWS/Lambda, name: Duration }
    statistic: p90
    period: 1m
    condition: "> 90% of timeout"
    datapoints: 3 of 5
    treat_missing_data: notBreaching
  - name: orders-failing
    severity: page
    metric: { namespace: Shop, name: OrdersFailed }
    statistic: Sum
    period: 5m
    condition: "> ${limit}"
composites:
  - name: shop-down
    severity: page
    rule: ALARM("pay-slow") AND ALARM("orders-failing")
"#;

const DASHBOARD: &str = r#"rows:
  - widgets:
      - title: Duration
        metrics:
          - { for_each: functions, namespace: AWS/Lambda, name: Duration }
      - text: Read me.
  - widgets:
      - alarms: [shop-down]
"#;

const BODY: &str = r#"{"widgets": [{"type": "text", "properties": {"markdown": "hi"}}]}
"#;

/// A project folder with one text replaced in one of its files.
fn project(file: &str, from: &str, to: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let files = [
        ("obs.yaml", PROJECT),
        ("alarms/shop.yaml", ALARMS),
        ("dashboards/shop.yaml", DASHBOARD),
        ("dashboards/exported.json", BODY),
    ];
    for (name, text) in files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let changed = match name == file {
            true => {
                assert!(text.contains(from), "{file} has no {from}");
                text.replacen(from, to, 1)
            }
            false => text.to_owned(),
        };
        std::fs::write(path, changed).unwrap();
    }
    dir
}

/// Runs the program in a folder, with nothing of this process's environment but what
/// `environment` says.
fn obs(dir: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_obs"))
        .args(arguments)
        .current_dir(dir)
        .env_clear()
        .env("HOME", dir)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

fn transcript(arguments: &[&str], output: &Output) -> String {
    format!(
        "$ obs {}\n{}{}(exit code {})\n",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
        output.status.code().unwrap(),
    )
}

/// An endpoint that only notices whether somebody comes.
struct Endpoint {
    listener: TcpListener,
    address: SocketAddr,
}

impl Endpoint {
    fn new() -> Endpoint {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Endpoint {
            address: listener.local_addr().unwrap(),
            listener,
        }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn was_never_called(&self) -> bool {
        self.listener
            .accept()
            .is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    }
}

/// Every case: file, what stands there, what is written instead.
const BAD: &[(&str, &str, &str, &str)] = &[
    (
        "unknown_name_in_an_expression",
        "alarms/shop.yaml",
        "    metric: { namespace: Shop, name: OrdersFailed }\n    statistic: Sum\n",
        "    expression: 100 * baad\n    metrics:\n      bad: { namespace: Shop, name: OrdersFailed, statistic: Sum }\n",
    ),
    (
        "unknown_widget_in_a_body",
        "dashboards/exported.json",
        "\"text\"",
        "\"txet\"",
    ),
    (
        "unknown_key_in_an_alarm",
        "alarms/shop.yaml",
        "treat_missing_data",
        "treatMissingData",
    ),
    (
        "unknown_key_at_the_top",
        "alarms/shop.yaml",
        "composites:",
        "composite:",
    ),
    (
        "unknown_key_in_obs_yaml",
        "obs.yaml",
        "resources:",
        "resource:",
    ),
    (
        "unknown_key_in_an_environment",
        "obs.yaml",
        "region: us-east-1",
        "regoin: us-east-1",
    ),
    (
        "unknown_kind_of_resource",
        "obs.yaml",
        "functions:",
        "lambdas:",
    ),
    (
        "unknown_key_in_a_widget",
        "dashboards/shop.yaml",
        "title: Duration",
        "titel: Duration",
    ),
    (
        "unknown_widget",
        "dashboards/shop.yaml",
        "text: Read me.",
        "texts: Read me.",
    ),
    (
        "wrong_type_text_for_list",
        "obs.yaml",
        "topics: [oncall]",
        "topics: oncall",
    ),
    (
        "wrong_type_list_for_text",
        "alarms/shop.yaml",
        "statistic: p90",
        "statistic: [p90]",
    ),
    (
        "wrong_type_mapping_for_list",
        "alarms/shop.yaml",
        "  - name: shop-down",
        "    name: shop-down",
    ),
    (
        "wrong_type_number_for_metric",
        "alarms/shop.yaml",
        "metric: { namespace: Shop, name: OrdersFailed }",
        "metric: 5",
    ),
    (
        "missing_key",
        "alarms/shop.yaml",
        "    severity: page\n    metric: { namespace: Shop",
        "    metric: { namespace: Shop",
    ),
    (
        "duplicate_key",
        "alarms/shop.yaml",
        "    period: 5m\n",
        "    period: 5m\n    period: 6m\n",
    ),
    (
        "unknown_resource",
        "obs.yaml",
        "dead_letter: parcels-dlq",
        "dead_letter: parcel-dlq",
    ),
    (
        "unknown_for_each",
        "alarms/shop.yaml",
        "for_each: functions",
        "for_each: function",
    ),
    (
        "for_each_over_nothing",
        "alarms/shop.yaml",
        "for_each: functions",
        "for_each: tables",
    ),
    (
        "unknown_topic",
        "obs.yaml",
        "topics: [oncall]",
        "topics: [onacll]",
    ),
    (
        "unknown_severity",
        "alarms/shop.yaml",
        "severity: page",
        "severity: pgae",
    ),
    (
        "unknown_alarm_in_a_rule",
        "alarms/shop.yaml",
        "ALARM(\"pay-slow\")",
        "ALARM(\"pya-slow\")",
    ),
    (
        "unknown_alarm_in_a_strip",
        "dashboards/shop.yaml",
        "[shop-down]",
        "[shop-dwn]",
    ),
    (
        "composite_of_itself",
        "alarms/shop.yaml",
        "ALARM(\"pay-slow\") AND",
        "ALARM(\"shop-down\") AND",
    ),
    (
        "rule_that_is_none",
        "alarms/shop.yaml",
        "AND ALARM",
        "UND ALARM",
    ),
    (
        "duplicate_name",
        "alarms/shop.yaml",
        "name: orders-failing",
        "name: pay-slow",
    ),
    (
        "duplicate_name_of_a_for_each",
        "alarms/shop.yaml",
        "name: ${resource}-slow",
        "name: slow",
    ),
    (
        "duration_without_unit",
        "alarms/shop.yaml",
        "period: 5m",
        "period: 300",
    ),
    (
        "duration_with_a_wrong_unit",
        "alarms/shop.yaml",
        "period: 5m",
        "period: 5 parsecs",
    ),
    (
        "period_that_cloudwatch_has_not",
        "alarms/shop.yaml",
        "period: 5m",
        "period: 45s",
    ),
    (
        "threshold_that_is_no_number",
        "alarms/shop.yaml",
        "> ${limit}",
        "> many",
    ),
    (
        "threshold_with_a_wrong_unit",
        "alarms/shop.yaml",
        "> 90% of timeout",
        "> 9 furlongs",
    ),
    (
        "threshold_of_another_dimension",
        "alarms/shop.yaml",
        "> 90% of timeout",
        "> 10MB",
    ),
    (
        "threshold_of_an_unknown_limit",
        "alarms/shop.yaml",
        "% of timeout",
        "% of timeuot",
    ),
    (
        "condition_without_comparison",
        "alarms/shop.yaml",
        "> ${limit}",
        "${limit}",
    ),
    (
        "datapoints_that_cannot_be",
        "alarms/shop.yaml",
        "3 of 5",
        "5 of 3",
    ),
    (
        "unknown_statistic",
        "alarms/shop.yaml",
        "statistic: Sum",
        "statistic: Summ",
    ),
    (
        "unknown_treatment",
        "alarms/shop.yaml",
        "notBreaching",
        "notbreaching",
    ),
    (
        "undefined_variable",
        "alarms/shop.yaml",
        "${limit}",
        "${limmit}",
    ),
    (
        "account_that_is_none",
        "obs.yaml",
        "\"000000000000\"",
        "123",
    ),
    ("region_that_is_none", "obs.yaml", "us-east-1", "Virginia"),
    (
        "timeout_that_lambda_has_not",
        "obs.yaml",
        "timeout: 10s",
        "timeout: 1h",
    ),
    (
        "memory_without_unit",
        "obs.yaml",
        "memory: 256MB",
        "memory: 256",
    ),
    (
        "address_that_is_none",
        "obs.yaml",
        "oncall@example.com",
        "oncall",
    ),
    (
        "row_that_is_too_wide",
        "dashboards/shop.yaml",
        "text: Read me.",
        "text: Read me.\n        width: 30",
    ),
    (
        "not_yaml",
        "alarms/shop.yaml",
        "metric: { namespace: Shop,",
        "metric: [ namespace: Shop,",
    ),
    ("not_json", "dashboards/exported.json", "\"hi\"}", "\"hi\","),
    (
        "body_without_widgets",
        "dashboards/exported.json",
        "\"widgets\"",
        "\"widgtes\"",
    ),
];

#[test]
fn bad_files_end_with_2_and_nobody_is_called() {
    let endpoint = Endpoint::new();
    let url = endpoint.url();
    for (case, file, from, to) in BAD {
        let dir = project(file, from, to);
        let arguments = ["apply", "--yes"];
        let output = obs(
            dir.path(),
            &arguments,
            &[("AWS_ENDPOINT_URL", url.as_str())],
        );
        assert_eq!(
            output.status.code(),
            Some(2),
            "{case}: {}",
            transcript(&arguments, &output)
        );
        assert!(output.stdout.is_empty(), "{case}");
        assert!(endpoint.was_never_called(), "{case}");
        let shown = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            shown.contains(&format!("[{file}:")),
            "{case} names file, line, column: {shown}"
        );
        insta::assert_snapshot!(
            *case,
            transcript(&arguments, &output),
            &format!("{file}: {to}")
        );
    }
}

#[test]
fn everything_wrong_is_said_at_once() {
    let dir = project("obs.yaml", "topics: [oncall]", "topics: [onacll]");
    for (file, from, to) in [
        (
            "alarms/shop.yaml",
            "statistic: Sum",
            "statistics: Sum\n    treat: x",
        ),
        ("dashboards/shop.yaml", "[shop-down]", "[shop-dwn]"),
    ] {
        let path = dir.path().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
    }
    std::fs::write(dir.path().join("alarms/torn.yaml"), "alarms: [\n").unwrap();
    let output = obs(dir.path(), &["check"], &[]);
    insta::assert_snapshot!(transcript(&["check"], &output));
}

#[test]
fn good_files_pass_the_check() {
    let dir = project("obs.yaml", "shop", "shop");
    insta::assert_snapshot!(transcript(&["check"], &obs(dir.path(), &["check"], &[])));
}

#[test]
fn an_unknown_environment_and_a_missing_file_end_with_2() {
    let dir = project("obs.yaml", "shop", "shop");
    let output = obs(dir.path(), &["check", "-e", "prodution"], &[]);
    insta::assert_snapshot!(
        "unknown_environment",
        transcript(&["check", "-e", "prodution"], &output)
    );
    let empty = tempfile::tempdir().unwrap();
    let output = obs(empty.path(), &["check"], &[]);
    insta::assert_snapshot!("no_project", transcript(&["check"], &output));
}

#[test]
fn destroy_without_a_terminal_wants_yes() {
    let dir = project("obs.yaml", "shop", "shop");
    let output = obs(dir.path(), &["destroy"], &[]);
    insta::assert_snapshot!(transcript(&["destroy"], &output));
}

#[test]
fn an_endpoint_where_nobody_listens_is_one_sentence() {
    let address = Endpoint::new().address;
    let dir = project("obs.yaml", "shop", "shop");
    let url = format!("http://{address}");
    let output = obs(dir.path(), &["plan"], &[("AWS_ENDPOINT_URL", &url)]);
    let text = transcript(&["plan"], &output).replace(&address.port().to_string(), "PORT");
    insta::assert_snapshot!(text);
}

#[test]
fn no_credentials_is_one_sentence() {
    let dir = project("obs.yaml", "shop", "shop");
    let arguments = ["plan", "-e", "production"];
    let output = obs(dir.path(), &arguments, &[]);
    insta::assert_snapshot!(transcript(&arguments, &output));
}

/// Answers every request with one status and body.
fn answering(status: &'static str, body: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut buffer = [0; 8192];
            let _ = stream.read(&mut buffer);
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\ncontent-type: text/xml\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
        }
    });
    address
}

fn answer(status: &'static str, body: &'static str) -> String {
    let address = answering(status, body);
    let dir = project("obs.yaml", "shop", "shop");
    let url = format!("http://{address}");
    let output = obs(dir.path(), &["plan"], &[("AWS_ENDPOINT_URL", &url)]);
    transcript(&["plan"], &output).replace(&address.port().to_string(), "PORT")
}

#[test]
fn expired_and_unknown_credentials_are_one_sentence_each() {
    insta::assert_snapshot!(
        "expired_credentials",
        answer(
            "403 Forbidden",
            "<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>The security token included in the request is expired</Message></Error><RequestId>1</RequestId></ErrorResponse>",
        )
    );
    insta::assert_snapshot!(
        "unknown_credentials",
        answer(
            "403 Forbidden",
            "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code><Message>The security token included in the request is invalid.</Message></Error><RequestId>1</RequestId></ErrorResponse>",
        )
    );
}

#[test]
fn an_account_of_another_number_is_refused() {
    insta::assert_snapshot!(answer(
        "200 OK",
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Arn>arn:aws:iam::999999999999:user/x</Arn><UserId>X</UserId><Account>999999999999</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>",
    ));
}

#[test]
fn the_price_of_a_month_is_told_line_by_line() {
    let dir = project("obs.yaml", "shop", "shop");
    let output = obs(dir.path(), &["cost", "-e", "dev,production"], &[]);
    insta::assert_snapshot!(transcript(&["cost", "-e", "dev,production"], &output));
}

#[test]
fn every_shell_is_told_how_to_complete() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = obs(Path::new("."), &["completions", shell], &[]);
        assert!(output.status.success(), "{shell}");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("detailed-exitcode"), "{shell}");
    }
}

#[test]
fn a_gate_is_told_to_codedeploy_without_looking_at_any_account() {
    let dir = project("obs.yaml", "shop", "shop");
    let arguments = ["gate", "--codedeploy"];
    let output = obs(dir.path(), &arguments, &[]);
    insta::assert_snapshot!(transcript(&arguments, &output));
}
