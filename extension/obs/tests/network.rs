//! What obs says over the network: how much it is for a large project, and what comes
//! of it when the network fails at every call of an apply, in every way. The same apply
//! goes on where that may help, and the next one heals what was left half-done.
//!
//! Real processes: `obs apply` speaks through a proxy to `obs dev`. The proxy notes
//! each call, and breaks the call of one number.
#![cfg(feature = "dev")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const OBS: &str = env!("CARGO_BIN_EXE_obs");

/// The project in two versions: from `Before` to `After`, one resource of each kind
/// comes, one changes and one goes.
#[derive(Clone, Copy)]
enum Version {
    Before,
    After,
}

impl Version {
    fn other(self) -> Version {
        match self {
            Version::Before => Version::After,
            Version::After => Version::Before,
        }
    }
}

const PROJECT: &str = r#"project: shop
environments:
  dev: { account: "000000000000", region: us-east-1 }
resources:
  functions: { pay: { timeout: 10s, memory: 256MB } }
topics:
  oncall:
    display_name: On call @n
    kms_key: alias/shop-@name
    subscriptions: [{ sqs: "arn:aws:sqs:us-east-1:000000000000:@name" }]
  @name: {}
severities:
  page: { topics: [oncall] }
sampling:
  pay: { priority: 100, rate: @n%, reservoir: 1, service: pay }
  @name: { priority: 200, rate: 5%, reservoir: 1, service: pay }
mutes:
  maintenance: { schedule: cron(0 3 * * SUN), duration: @nh, alarms: [pay-slow] }
  @name: { schedule: cron(0 4 * * SUN), duration: 1h, alarms: ["@name-*"] }
"#;

const ALARMS: &str = r#"alarms:
  - name: pay-slow
    severity: page
    metric: { namespace: AWS/Lambda, name: Duration, dimensions: { FunctionName: pay } }
    statistic: p90
    period: 1m
    condition: "> @ns"
  - name: "@name-orders"
    severity: page
    metric: { namespace: Shop, name: OrdersFailed }
    statistic: Sum
    period: 5m
    condition: "> 5"
  - name: sign-ins
    severity: page
    metric: { namespace: Shop/Trail, name: SignIns }
    filter: { log_group: /shop/trail, pattern: '{ $.eventName = @name }' }
    statistic: Sum
    period: 5m
    condition: "> 5"
  - name: "@name-changes"
    severity: page
    metric: { namespace: Shop/Trail, name: Changes }
    filter: { log_group: /shop/trail, pattern: '{ $.eventName = PutRolePolicy }' }
    statistic: Sum
    period: 5m
    condition: "> 5"
composites:
  - name: shop-down
    severity: page
    rule: ALARM("pay-slow") AND ALARM("@name-orders")
  - name: "@name-down"
    severity: page
    rule: ALARM("shop-down") OR ALARM("sign-ins")
events:
  - name: findings
    severity: page
    pattern: { source: [aws.guardduty], detail-type: ["@name"] }
  - name: "@name"
    severity: page
    pattern: { source: [aws.health] }
"#;

const DASHBOARD: &str =
    "rows:\n  - widgets:\n      - alarms: [shop-down]\n        title: '@name'\n";

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

/// How long to wait for a call that hangs before a look whether the apply still runs.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// The alarm that somebody else deletes in [`Fault::Overtaken`].
const DELETED_FIRST: &str = "old-orders";

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// The line is cut before the account hears of it.
    Cut,
    /// The account does it, but its answer is lost.
    AnswerLost,
    /// 500.
    Error,
    /// One call too many.
    Throttle,
    /// Nobody answers, and the apply is killed.
    Hang,
    /// The account does it, nobody answers, and the apply is killed.
    HangAfter,
    /// 500, and to every call after it.
    Down,
    /// Somebody deletes an alarm a moment before the call that deletes it, whatever
    /// that call's number.
    Overtaken,
}

/// What the proxy does.
struct Script {
    /// Operations called so far.
    calls: Vec<String>,
    /// Requests to become a role, as they were sent.
    roles: Vec<String>,
    /// Calls under way, and the most there were at once.
    under_way: (usize, usize),
    /// The fault, and the number of the call it befalls.
    fault: Option<(Fault, usize)>,
    /// Told when a call hangs.
    hanging: Sender<()>,
    /// Lines that hang, kept open.
    held: Vec<TcpStream>,
}

struct Proxy {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    hanging: Receiver<()>,
}

impl Proxy {
    fn before(account: SocketAddr) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, hanging) = channel();
        let script = Arc::new(Mutex::new(Script {
            calls: Vec::new(),
            roles: Vec::new(),
            under_way: (0, 0),
            fault: None,
            hanging: sender,
            held: Vec::new(),
        }));
        let shared = Arc::clone(&script);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let script = Arc::clone(&shared);
                // A client that goes away in mid-call is what this test is about.
                std::thread::spawn(move || drop(serve(stream, account, &script)));
            }
        });
        Proxy {
            address,
            script,
            hanging,
        }
    }

    /// Breaks one call from now on; answers what was called since the last time.
    fn script(&self, fault: Option<(Fault, usize)>) -> Vec<String> {
        let mut script = self.script.lock().unwrap();
        script.fault = fault;
        script.held.clear();
        script.under_way = (0, 0);
        std::mem::take(&mut script.calls)
    }
}

/// One call: read, maybe broken, else passed on.
fn serve(
    mut client: TcpStream,
    account: SocketAddr,
    script: &Mutex<Script>,
) -> std::io::Result<()> {
    let request = request(&mut client)?;
    let fault = {
        let mut script = script.lock().unwrap();
        let number = script.calls.len();
        let name = operation(&request);
        let deletes =
            name == "DeleteAlarms" && String::from_utf8_lossy(&request).contains(DELETED_FIRST);
        if name == "AssumeRole" {
            let sent = String::from_utf8_lossy(&request).into_owned();
            script.roles.push(sent);
        }
        script.calls.push(name);
        script.under_way.0 += 1;
        script.under_way.1 = script.under_way.1.max(script.under_way.0);
        script.fault.and_then(|(fault, at)| {
            let befalls = match fault {
                Fault::Overtaken => deletes,
                Fault::Down => number >= at,
                _ => number == at,
            };
            befalls.then_some(fault)
        })
    };
    let hang = |client: TcpStream| {
        let mut script = script.lock().unwrap();
        script.held.push(client);
        // The test may have ended.
        let _ = script.hanging.send(());
    };
    match fault {
        None => {
            let answer = pass_on(&request, account);
            // A fault may have set the count back in between.
            let under_way = &mut script.lock().unwrap().under_way.0;
            *under_way = under_way.saturating_sub(1);
            client.write_all(&answer?)
        }
        Some(Fault::Cut) => Ok(()),
        Some(Fault::AnswerLost) => pass_on(&request, account).map(drop),
        Some(Fault::Error | Fault::Down) => client.write_all(
            b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        ),
        Some(Fault::Overtaken) => {
            let answer = pass_on(&by_hand(account), account)?;
            assert!(answer.starts_with(b"HTTP/1.1 200"), "{answer:?}");
            client.write_all(&pass_on(&request, account)?)
        }
        Some(Fault::Throttle) => client.write_all(&throttled(&request)),
        Some(Fault::Hang) => {
            hang(client);
            Ok(())
        }
        Some(Fault::HangAfter) => {
            pass_on(&request, account)?;
            hang(client);
            Ok(())
        }
    }
}

/// A request, head and body, that asks for the line to be closed.
fn request(client: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut reader = BufReader::new(client);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let lower = line.to_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
        if !lower.starts_with("connection:") {
            head.push_str(&line);
        }
    }
    let mut whole = format!("{head}connection: close\r\n\r\n").into_bytes();
    let start = whole.len();
    whole.resize(start + length, 0);
    reader.read_exact(&mut whole[start..])?;
    Ok(whole)
}

fn pass_on(request: &[u8], account: SocketAddr) -> std::io::Result<Vec<u8>> {
    let mut line = TcpStream::connect(account)?;
    line.write_all(request)?;
    let mut answer = Vec::new();
    line.read_to_end(&mut answer)?;
    Ok(answer)
}

/// A deletion by somebody else.
fn by_hand(account: SocketAddr) -> Vec<u8> {
    let body =
        format!("Action=DeleteAlarms&Version=2010-08-01&AlarmNames.member.1={DELETED_FIRST}");
    format!(
        "POST / HTTP/1.1\r\nhost: {account}\r\nconnection: close\r\n\
         authorization: AWS4-HMAC-SHA256 Credential=hand/20260101/us-east-1/monitoring/aws4_request, SignedHeaders=host, Signature=0\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// What a request asks for, in whichever protocol.
fn operation(request: &[u8]) -> String {
    let text = String::from_utf8_lossy(request);
    let head = text.lines().take_while(|line| !line.is_empty());
    let target = head.filter_map(|line| line.split_once(':')).find_map(|it| {
        let is_target = it.0.eq_ignore_ascii_case("x-amz-target");
        is_target.then(|| it.1.rsplit('.').next().unwrap_or_default())
    });
    let after = |mark: &str| text.split_once(mark).map(|(_, rest)| rest);
    let path = || after("POST /").or_else(|| after("GET /"));
    let found = target
        .or_else(|| after("/operation/"))
        .or_else(|| after("Action="))
        .or_else(path);
    let found = found.unwrap_or_default();
    let end = found.find([' ', '&', '\r']).unwrap_or(found.len());
    found[..end].to_owned()
}

/// A refusal in the protocol of the request.
fn throttled(request: &[u8]) -> Vec<u8> {
    let head = String::from_utf8_lossy(request).to_lowercase();
    let (kind, body): (&str, &[u8]) = if head.contains("smithy-protocol: rpc-v2-cbor") {
        // {"__type": "ThrottlingException"}
        let cbor = b"\xa1\x66__type\x73ThrottlingException";
        ("application/cbor\r\nsmithy-protocol: rpc-v2-cbor", cbor)
    } else if head.contains("application/x-www-form-urlencoded") {
        let xml = b"<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>";
        ("text/xml", xml)
    } else {
        let json = br#"{"__type": "ThrottlingException"}"#;
        (
            "application/json\r\nx-amzn-errortype: ThrottlingException",
            json,
        )
    };
    let mut answer = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(body);
    answer
}

/// A local account with a proxy before it, and a project.
struct Stage {
    dev: Child,
    proxy: Proxy,
    project: tempfile::TempDir,
    _data: tempfile::TempDir,
}

impl Stage {
    fn new() -> Stage {
        Stage::of_region("us-east-1")
    }

    fn of_region(region: &str) -> Stage {
        let (data, project) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        lay_out(project.path(), Version::Before);
        let there = format!("region: {region} ");
        let text = PROJECT.replace("region: us-east-1 ", &there);
        write(
            project.path(),
            "obs.yaml",
            &versioned(&text, Version::Before),
        );
        let mut dev = Command::new(OBS)
            .args(["dev", "--listen", "127.0.0.1:0", "--xray", "127.0.0.1:0"])
            .arg("--data")
            .arg(data.path())
            // It makes the log groups of the project.
            .current_dir(project.path())
            .env_clear()
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(dev.stdout.as_mut().unwrap())
            .read_line(&mut first)
            .unwrap();
        let address = first.trim().strip_prefix("obs dev: http://").unwrap();
        Stage {
            proxy: Proxy::before(address.parse().unwrap()),
            dev,
            project,
            _data: data,
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(OBS);
        command
            .args(arguments)
            .current_dir(self.project.path())
            .env_clear()
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

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.dev.kill();
        let _ = self.dev.wait();
    }
}

/// Writes the files of a version, and takes those of the other away.
fn lay_out(folder: &Path, version: Version) {
    let board = |version| versioned("dashboards/@name.yaml", version);
    // The first apply of a folder has no other version.
    let _ = std::fs::remove_file(folder.join(board(version.other())));
    for (file, text) in [
        ("obs.yaml", PROJECT),
        ("alarms/shop.yaml", ALARMS),
        ("dashboards/shop.yaml", DASHBOARD),
        (&board(version), DASHBOARD),
    ] {
        write(folder, file, &versioned(text, version));
    }
}

fn versioned(text: &str, version: Version) -> String {
    let (name, number) = match version {
        Version::Before => ("old", "5"),
        Version::After => ("new", "7"),
    };
    text.replace("@name", name).replace("@n", number)
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
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
