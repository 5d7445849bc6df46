//! The real program on bad files and bad surroundings: what it says on stderr, how it
//! exits, and that it speaks to nobody.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

mod cases;
#[expect(dead_code, reason = "each file of tests uses a part of it")]
mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Output};

use cases::{bad, project};
use support::program::{command, transcript};

/// Runs the program in a folder, with nothing of this process's environment but what
/// `environment` says.
fn obs(dir: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    command(dir, arguments)
        .env("HOME", dir)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(environment.iter().copied())
        .output()
        .unwrap()
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

#[test]
fn bad_files_end_with_2_and_nobody_is_called() {
    let endpoint = Endpoint::new();
    let url = endpoint.url();
    for (case, file, from, to) in bad() {
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
            case,
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
    let output = obs(dir.path(), &["cost", "--format", "markdown"], &[]);
    insta::assert_snapshot!("price_as_markdown", transcript(&["cost"], &output));
    let output = obs(dir.path(), &["cost", "--format", "json"], &[]);
    let price: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&price["environment"], &price["month_cents"]),
        (&"dev".into(), &1030.into())
    );
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

/// One alarm with something of it replaced.
fn alarm(from: &str, to: &str) -> String {
    let alarm = "alarms:\n  - name: long\n    severity: page\n    metric: { namespace: Shop, name: X }\n    statistic: Sum\n    period: 1m\n    condition: \"> 0\"\n";
    assert!(alarm.contains(from));
    alarm.replacen(from, to, 1)
}

fn x(count: usize) -> String {
    "x".repeat(count)
}

fn list(count: usize, item: fn(usize) -> String) -> String {
    let all: Vec<String> = (0..count).map(item).collect();
    all.join(", ")
}

/// Files that are over one limit each.
fn over() -> Vec<(&'static str, String)> {
    let alarms = |from: &str, to: String| ("alarms/a.yaml", alarm(from, &to));
    let above = |line: String| alarms("    metric", format!("    {line}\n    metric"));
    let named = |more: String| alarms("name: X", format!("name: X, {more}"));
    let dimensions = list(31, |n| format!("d{n}: x"));
    let term = |n| format!("m{n}: {{ namespace: Shop, name: X, statistic: Sum }}");
    let terms = list(10, term);
    let rule = list(101, |n| format!("ALARM(a{n})")).replace(", ", " OR ");
    let text = "{\"type\": \"text\", \"properties\": {\"markdown\": \"a\"}}";
    vec![
        alarms("long", x(256)),
        above(format!("description: {}", x(1_025))),
        alarms("Shop", x(256)),
        alarms("name: X", format!("name: {}", x(256))),
        named(format!("dimensions: {{ {dimensions} }}")),
        named(format!("dimensions: {{ d: {} }}", x(1_025))),
        alarms(
            "metric: { namespace: Shop, name: X }\n    statistic: Sum",
            format!("expression: m1\n    metrics: {{ {terms} }}"),
        ),
        above(format!(
            "filter: {{ log_group: /a, pattern: {} }}",
            x(1_025)
        )),
        (
            "alarms/a.yaml",
            format!("composites:\n  - {{ name: c, severity: page, rule: \"{rule}\" }}\n"),
        ),
        (
            "dashboards/a.json",
            format!("{{\"widgets\": [{}]}}", vec![text; 501].join(",")),
        ),
    ]
}

#[test]
fn what_is_over_awss_limits_ends_with_2_and_the_limit_is_named() {
    let mut all = String::new();
    for (file, written) in over() {
        let dir = project("obs.yaml", "shop", "shop");
        std::fs::write(dir.path().join(file), written).unwrap();
        let output = obs(dir.path(), &["check"], &[]);
        assert_eq!(output.status.code(), Some(2), "{file}: {output:?}");
        // The lines of the file are as long as what is in them.
        let signs = ["×", "╰── ", "help:"];
        for line in String::from_utf8_lossy(&output.stderr).lines() {
            if signs.iter().any(|sign| line.contains(sign)) {
                let line = line.trim().trim_start_matches(['·', ' ']);
                all.push_str(&line.replace(&x(255), "x..."));
                all.push('\n');
            }
        }
    }
    insta::assert_snapshot!(all);
}

#[test]
fn problems_are_told_to_machines_with_their_places() {
    let dir = project("obs.yaml", "topics: [oncall]", "topics: [onacll]");
    let mut all = String::new();
    for arguments in [
        &["check", "--format", "json"][..],
        &["check", "--format", "github", "-e", "dev,production"],
        &["check", "--format", "json", "-e", "nowhere"],
    ] {
        all.push_str(&transcript(arguments, &obs(dir.path(), arguments, &[])));
    }
    let good = project("obs.yaml", "shop", "shop");
    let arguments = ["check", "--format", "json", "-e", "dev,production"];
    all.push_str(&transcript(&arguments, &obs(good.path(), &arguments, &[])));
    insta::assert_snapshot!(all);
}

#[test]
fn a_policy_that_is_none_is_refused_at_its_place() {
    let dir = project("obs.yaml", "shop", "shop");
    let text = "{\n  \"Statement\": {\n    \"Effect\": \"Alow\",\n    \"Action\": \"cloudwatch:PutMetricData\",\n    \"Resorce\": \"*\"\n  }\n}\n";
    std::fs::write(dir.path().join("role.json"), text).unwrap();
    std::fs::write(dir.path().join("torn.json"), "{\n  \"Statement\": [\n").unwrap();
    let mut all = String::new();
    for file in ["role.json", "torn.json", "nosuch.json"] {
        let arguments = ["iam", "check", file, "--namespace", "Shop"];
        let output = obs(dir.path(), &arguments, &[]);
        assert_eq!(output.status.code(), Some(2), "{file}");
        all.push_str(&transcript(&arguments, &output));
    }
    insta::assert_snapshot!(all);
}

/// What `check` says of a project that something was done to.
fn checked(change: impl FnOnce(&Path)) -> String {
    let dir = project("obs.yaml", "shop", "shop");
    change(dir.path());
    let output = obs(dir.path(), &["check"], &[]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    transcript(&["check"], &output)
}

#[test]
fn what_is_no_file_of_the_project_is_named() {
    let mut all = checked(|dir| {
        std::fs::rename(dir.join("obs.yaml"), dir.join("obs.yml")).unwrap();
    });
    all.push_str(&checked(|dir| {
        std::fs::create_dir(dir.join("alarms/team")).unwrap();
        std::fs::rename(
            dir.join("alarms/zmore.yaml"),
            dir.join("alarms/team/a.yaml"),
        )
        .unwrap();
    }));
    // A pipe that nobody writes into.
    all.push_str(&checked(|dir| {
        let pipe = dir.join("alarms/pipe.yaml");
        let made = Command::new("mkfifo").arg(pipe).status().unwrap();
        assert!(made.success());
    }));
    insta::assert_snapshot!(all);
}

#[test]
fn a_variable_that_no_file_names_is_a_slip() {
    let dir = project("obs.yaml", "shop", "shop");
    let arguments = ["check", "--var", "limt=7"];
    let output = obs(dir.path(), &arguments, &[]);
    insta::assert_snapshot!(transcript(&arguments, &output));
}

#[test]
fn an_endpoint_that_is_no_url_is_refused_before_any_call() {
    let dir = project("obs.yaml", "shop", "shop");
    for url in ["nonsense", "ftp://example.com", "http://"] {
        let output = obs(dir.path(), &["plan"], &[("AWS_ENDPOINT_URL", url)]);
        assert_eq!(output.status.code(), Some(2), "{url}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            said.contains(&format!("AWS_ENDPOINT_URL is `{url}`")),
            "{said}"
        );
    }
}

#[test]
fn an_endpoint_that_is_no_account_is_told_so() {
    insta::assert_snapshot!(answer("501 Not Implemented", "<html>no</html>"));
}

#[test]
fn a_gate_over_nothing_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let text =
        "project: shop\nenvironments:\n  dev: { account: \"000000000000\", region: us-east-1 }\n";
    std::fs::write(dir.path().join("obs.yaml"), text).unwrap();
    let output = obs(dir.path(), &["gate"], &[]);
    insta::assert_snapshot!(transcript(&["gate"], &output));
}

#[test]
fn nothing_is_said_when_nobody_reads_on() {
    let dir = project("obs.yaml", "shop", "shop");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = command(dir.path(), &["cost"])
        .stdout(writer)
        .output()
        .unwrap();
    assert_eq!(output.stderr, b"", "{output:?}");
}

#[test]
fn what_an_argument_names_wrongly_is_told_before_any_call() {
    let dir = project("obs.yaml", "shop", "shop");
    for (arguments, part) in [
        (&["mute", "--severity", "pgae"][..], "did you mean `page`?"),
        (&["rollback", "--to", "last"], "`obs rollback --list` shows"),
        (&["readiness", "--minimum", "-1"], "from 0 to 100"),
        (&["pull", "--tag", "team"], "a name, `=` and a value"),
        (&["apply", "--plan", "obs.yaml"], "obs.yaml: failed to read"),
    ] {
        let output = obs(dir.path(), arguments, &[]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(part), "{said}");
    }
}
