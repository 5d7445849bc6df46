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

const OBS: &str = env!("CARGO_BIN_EXE_obs");

const PROJECT: &str = r#"project: shop
environments:
  dev: { account: "000000000000", region: us-east-1 }
resources:
  functions: { pay: { timeout: 10s, memory: 256MB } }
topics:
  oncall:
    display_name: On call
    subscriptions: [{ http: "http://127.0.0.1:9/" }]
severities:
  page: { topics: [oncall] }
"#;

const ALARMS: &str = r#"alarms:
  - name: pay-slow
    severity: page
    metric: { namespace: AWS/Lambda, name: Duration, dimensions: { FunctionName: pay } }
    statistic: p90
    period: 1m
    condition: "> 9s"
  - name: orders-failing
    severity: page
    metric: { namespace: Shop, name: OrdersFailed }
    statistic: Sum
    period: 5m
    condition: "> 5"
composites:
  - name: shop-down
    severity: page
    rule: ALARM("pay-slow") AND ALARM("orders-failing")
"#;

const DASHBOARD: &str = "rows:\n  - widgets:\n      - alarms: [shop-down]\n";

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
}

/// What the proxy does.
struct Script {
    /// Operations called so far.
    calls: Vec<String>,
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
        script.calls.push(operation(&request));
        script.under_way.0 += 1;
        script.under_way.1 = script.under_way.1.max(script.under_way.0);
        script.fault.and_then(|(fault, at)| {
            let befalls = number == at || (fault == Fault::Down && number > at);
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

/// What a request asks for, in whichever protocol.
fn operation(request: &[u8]) -> String {
    let text = String::from_utf8_lossy(request);
    let after = |mark: &str| {
        let (_, rest) = text.split_once(mark)?;
        Some(
            rest.split([' ', '&', '\r'])
                .next()
                .unwrap_or(rest)
                .to_owned(),
        )
    };
    after("/operation/")
        .or_else(|| after("Action="))
        .unwrap_or_else(|| text.lines().next().unwrap_or_default().to_owned())
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
        let data = tempfile::tempdir().unwrap();
        let mut dev = Command::new(OBS)
            .args(["dev", "--listen", "127.0.0.1:0", "--xray", "127.0.0.1:0"])
            .arg("--data")
            .arg(data.path())
            .current_dir(data.path())
            .env_clear()
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(dev.stdout.as_mut().unwrap())
            .read_line(&mut first)
            .unwrap();
        let address = first.trim().strip_prefix("obs dev: http://").unwrap();
        let project = tempfile::tempdir().unwrap();
        write(project.path(), "obs.yaml", PROJECT);
        write(project.path(), "alarms/shop.yaml", ALARMS);
        write(project.path(), "dashboards/shop.yaml", DASHBOARD);
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
        self.proxy.hanging.recv().unwrap();
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

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// Breaks every call of an apply in one way, one after the other.
fn every_call(fault: Fault) {
    let stage = Stage::new();
    stage.good(&["apply", "--yes"], "without a fault");
    let calls = stage.proxy.script(None).len();
    assert!(calls > 10, "an apply is {calls} calls");
    stage.good(&["destroy", "--yes"], "without a fault");
    for at in 0..calls {
        let case = format!("{fault:?} at call {at} of {calls}");
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
        stage.good(&["apply", "--yes"], &case);
        stage.good(&["plan", "--detailed-exitcode"], &case);
        stage.good(&["destroy", "--yes"], &case);
        let left = stage.obs(&["plan", "--detailed-exitcode"]);
        let plan = String::from_utf8_lossy(&left.stdout).into_owned();
        assert!(plan.contains("to create, 0 unchanged"), "{case}: {plan}");
    }
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
    assert_eq!(times("GetDashboard"), 51);
    assert!(peak > 1, "dashboards are read side by side");
    // Two calls a dashboard, and none for each alarm.
    assert!(calls.len() < 130, "{} calls: {calls:?}", calls.len());
}
