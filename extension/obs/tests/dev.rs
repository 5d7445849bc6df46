//! `obs dev` and `obs apply` as two processes: what is applied stays applied, and the
//! local account's own request log shows that a second apply writes nothing.
#![cfg(feature = "dev")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

const OBS: &str = env!("CARGO_BIN_EXE_obs");

/// A running local account, ended by SIGTERM, and the project beside it.
struct Dev {
    child: Child,
    address: String,
    /// A copy of the shipped files: an apply keeps what was there in their folder.
    project: tempfile::TempDir,
    data: tempfile::TempDir,
}

impl Dev {
    /// An account that has the log groups of the project.
    fn start() -> Dev {
        let project = shipped();
        let folder = project.path().to_owned();
        Dev::start_in(&folder, project)
    }

    /// An account that knows no project.
    fn start_bare() -> Dev {
        let nowhere = tempfile::tempdir().unwrap();
        Dev::start_in(nowhere.path(), shipped())
    }

    fn start_in(folder: &Path, project: tempfile::TempDir) -> Dev {
        let data = tempfile::tempdir().unwrap();
        let mut child = Command::new(OBS)
            .args([
                "dev",
                "--listen",
                "127.0.0.1:0",
                "--xray",
                "127.0.0.1:0",
                "--data",
            ])
            .arg(data.path())
            .current_dir(folder)
            .env_clear()
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut first)
            .unwrap();
        let address = first
            .trim()
            .strip_prefix("obs dev: http://")
            .unwrap()
            .to_owned();
        Dev {
            child,
            address,
            project,
            data,
        }
    }

    fn obs(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(OBS);
        command
            .args(arguments)
            .current_dir(self.project.path())
            .env_clear()
            .env("AWS_ENDPOINT_URL", format!("http://{}", self.address));
        command
    }

    /// One call of CloudWatch's query protocol, as somebody's hand would make it.
    fn call(&self, action: &str) {
        let body = format!("Action={action}&Version=2010-08-01");
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

    /// Operations that wrote, newest first.
    fn writes(&self) -> Vec<String> {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let address = &self.address;
        write!(
            stream,
            "GET /api/requests?limit=1000 HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let json = &answer[answer.find("{\"requests\"").unwrap()..=answer.rfind('}').unwrap()];
        let answer: serde_json::Value = serde_json::from_str(json).unwrap();
        answer["requests"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|request| request["write"] == true)
            .map(|request| request["operation"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// The shipped project in a folder of its own.
fn shipped() -> tempfile::TempDir {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let copy = tempfile::tempdir().unwrap();
    std::fs::copy(root.join("obs.yaml"), copy.path().join("obs.yaml")).unwrap();
    for folder in ["alarms", "dashboards"] {
        std::fs::create_dir(copy.path().join(folder)).unwrap();
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let name = entry.unwrap().file_name();
            let file = Path::new(folder).join(name);
            std::fs::copy(root.join(&file), copy.path().join(&file)).unwrap();
        }
    }
    copy
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        let _ = self.child.wait();
    }
}

fn last_line(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().last().unwrap().to_owned()
}

#[test]
fn a_second_apply_writes_nothing_and_destroy_leaves_nothing() {
    let dev = Dev::start();
    let differences = dev.obs(&["plan", "--detailed-exitcode"]);
    assert_eq!(differences.status.code(), Some(3));
    assert!(dev.writes().is_empty(), "a plan writes nothing");

    let pager = ["apply", "--var", "pager=http://127.0.0.1:9/"];
    assert_eq!(
        last_line(&dev.obs(&pager)),
        "Done: 145 resources of dev in 154 calls."
    );
    assert_eq!(dev.writes().len(), 154);

    let again = last_line(&dev.obs(&pager));
    assert_eq!(again, "Nothing to do: 145 resources are as they should be.");
    assert_eq!(dev.writes().len(), 154);

    let destroyed = last_line(&dev.obs(&["destroy", "--yes"]));
    assert!(
        destroyed.starts_with("Done: 145 resources of dev in "),
        "{destroyed}"
    );
    let plan = last_line(&dev.obs(&["plan"]));
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
        last_line(&dev.obs(&["apply", "--plan", kept])),
        "Done: 145 resources of dev in 154 calls."
    );
    let again = dev.obs(&["apply", "--plan", kept]);
    assert_eq!(again.status.code(), Some(1));
    let said = String::from_utf8_lossy(&again.stderr);
    assert!(said.contains("plan again"), "{said}");
    assert_eq!(dev.writes().len(), 154);
}

#[test]
fn what_hands_changed_is_overwritten_only_by_force() {
    let dev = Dev::start();
    last_line(&dev.obs(&["apply"]));
    dev.call("DisableAlarmActions&AlarmNames.member.1=cloudvault-pipeline-unhealthy");
    let before = dev.writes().len();
    let drift = dev.obs(&["drift"]);
    assert_eq!(drift.status.code(), Some(3));
    insta::assert_snapshot!(String::from_utf8_lossy(&drift.stdout));
    let refused = dev.obs(&["apply"]);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(
        said.contains("changed by hand") && said.contains("cloudvault-pipeline-unhealthy"),
        "{said}"
    );
    assert_eq!(dev.writes().len(), before);
    last_line(&dev.obs(&["apply", "--force"]));
    let again = last_line(&dev.obs(&["apply"]));
    assert!(again.starts_with("Nothing to do"), "{again}");
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
    last_line(&dev.obs(&["apply"]));
    assert_eq!(
        last_line(&dev.obs(&gate)),
        "Gate open: nothing fired for 1s."
    );
    let closed = AtomicBool::new(false);
    let closed = std::thread::scope(|scope| {
        // The account's own clock may find it quiet again before the gate looks.
        scope.spawn(|| {
            while !closed.load(Ordering::Relaxed) {
                dev.call(
                    "SetAlarmState&AlarmName=cloudvault-pipeline-unhealthy&StateValue=ALARM&StateReason=a+test",
                );
            }
        });
        let long = [&gate[..4], &["5m", "--every", "1s"]].concat();
        let output = dev
            .command(&long)
            .env("GITHUB_STEP_SUMMARY", &summary)
            .output();
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
    let output = Command::new(OBS)
        .args(listen)
        .args(["--for", "1ms", "--data"])
        .arg(dev.data.path())
        .env_clear()
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("another obs dev keeps it"), "{said}");
}

#[test]
fn what_cannot_be_run_is_refused_before_anything_starts() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("text"), "no program").unwrap();
    for (arguments, part) in [
        (["--function", "hello=text"], "`chmod +x`"),
        (["--function", "hello=nosuch"], "there is no program nosuch"),
        (["--listen", "localhost"], "such as 127.0.0.1:4400"),
        (["--fault", "x"], "failed to read the fault"),
        (["--config", "nowhere"], "no obs.yaml in nowhere"),
    ] {
        let output = Command::new(OBS)
            .arg("dev")
            .args(arguments)
            .current_dir(dir.path())
            .env_clear()
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn a_port_in_use_is_one_sentence() {
    let dev = Dev::start();
    let data = tempfile::tempdir().unwrap();
    let output = Command::new(OBS)
        .args([
            "dev",
            "--listen",
            &dev.address,
            "--xray",
            "127.0.0.1:0",
            "--data",
            "data",
        ])
        .current_dir(data.path())
        .env_clear()
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr).replace(&dev.address, "ADDRESS");
    insta::assert_snapshot!(text);
}

#[test]
fn for_ends_it_by_itself() {
    let data = tempfile::tempdir().unwrap();
    let status = Command::new(OBS)
        .args([
            "dev",
            "--listen",
            "127.0.0.1:0",
            "--xray",
            "127.0.0.1:0",
            "--for",
            "100ms",
        ])
        .current_dir(data.path())
        .env_clear()
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
}
