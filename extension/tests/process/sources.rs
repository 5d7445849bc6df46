//! Points that do not come by the journal, through the real process: Lambda's
//! own numbers, StatsD, OTLP; and who signs in a copy of an environment.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, UdpSocket},
    thread,
};

use crate::support::{
    Extension, Fake, Handler, Seen,
    process::in_a_minute,
    server::{Request, post},
};

struct World {
    fake: Fake,
    extension: Extension,
    dir: tempfile::TempDir,
}

impl World {
    fn start(more: &[(&str, &str)]) -> Self {
        let fake = Fake::start();
        let dir = tempfile::tempdir().unwrap();
        let base = [
            ("OBS_FLUSH", "end"),
            ("OBS_NAMESPACE", "N"),
            ("OBS_SERVICE", "s"),
        ];
        let variables = [&base[..], more].concat();
        let extension = Extension::start(&fake, &dir.path().join("journal"), &variables);
        fake.wait_next(1);
        Self {
            fake,
            extension,
            dir,
        }
    }

    fn handler(&self) -> Handler {
        Handler::attach(&self.dir.path().join("journal"))
    }

    fn shutdown(self, reason: &str) -> (Vec<Request>, Vec<serde_json::Value>) {
        self.fake.shut_down(reason, in_a_minute());
        let (code, lines) = self.extension.end();
        assert_eq!(code, 0, "{lines:#?}");
        (self.fake.puts(), lines)
    }
}

/// How often each metric was delivered.
fn names(puts: &[Request]) -> BTreeMap<String, usize> {
    let mut names = BTreeMap::new();
    for name in puts.iter().flat_map(|put| &put.names) {
        *names.entry(name.clone()).or_default() += 1;
    }
    names
}

fn free_port() -> String {
    let probe = TcpListener::bind("127.0.0.1:0").unwrap();
    probe.local_addr().unwrap().port().to_string()
}

const REPORT: &str = r#"[{"time":"x","type":"platform.report","record":{"requestId":"a","status":"timeout",
    "metrics":{"durationMs":104,"billedDurationMs":105,"memorySizeMB":128,"maxMemoryUsedMB":60}}}]"#;

#[test]
fn an_invocation_is_metered_once_whatever_tells_of_it() {
    let world = World::start(&[("OBS_PLATFORM_METRICS", "true")]);
    world.fake.telemetry(
        r#"[{"type":"platform.initReport","record":{"initializationType":"on-demand","metrics":{"durationMs":60}}},
            {"type":"platform.broken","record":NaN}]"#,
    );
    world.fake.invoke("a", in_a_minute());
    world.fake.telemetry(
        r#"[{"type":"platform.runtimeDone","record":{"requestId":"a","status":"timeout","metrics":{"durationMs":100}}}]"#,
    );
    world.fake.wait_next(2);
    world.fake.telemetry(REPORT);
    world.fake.telemetry(REPORT);
    let (puts, lines) = world.shutdown("timeout");
    let names = names(&puts);
    for name in [
        "ColdStarts",
        "InitMilliseconds",
        "FailedInvocations",
        "TimedOutInvocations",
        "InvocationMilliseconds",
        "BilledMilliseconds",
        "PostRuntimeMilliseconds",
        "MemoryUsedMegabytes",
        "MemorySizeMegabytes",
        "CpuMilliseconds",
        "TmpUsedBytes",
        "FileDescriptors",
    ] {
        assert_eq!(names.get(name), Some(&1), "{name} in {names:?}");
    }
    assert!(puts.iter().all(|put| put.namespace == "N"));
    let last = lines.last().unwrap();
    assert_eq!(last["points_recorded"], last["points_delivered"]);
    assert_eq!(last["telemetry_malformed"], 1);
}

#[test]
fn a_crash_that_only_shutdown_tells_is_counted_and_nothing_is_metered_unasked() {
    let check = |asked: &str, expect: Option<&usize>| {
        let world = World::start(&[("OBS_PLATFORM_METRICS", asked)]);
        world.fake.invoke("a", in_a_minute());
        world.handler().ring("a");
        world.fake.wait_next(2);
        let (puts, _) = world.shutdown("failure");
        assert_eq!(names(&puts).get("FailedInvocations"), expect);
    };
    check("true", Some(&1));
    check("false", None);
}

#[test]
fn statsd_lines_are_delivered_at_the_end_of_the_invocation() {
    let port = free_port();
    let world = World::start(&[("OBS_STATSD_PORT", &port)]);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(format!("127.0.0.1:{port}")).unwrap();
    world.fake.invoke("a", in_a_minute());
    socket
        .send(b"orders:3|c|#tier:gold\nqueue:7|g\nbroken")
        .unwrap();
    socket
        .send(b"took:12:15|ms|@0.5\nusers:1|s\nusers:2|s")
        .unwrap();
    world.handler().ring("a");
    world.fake.wait_next(2);
    let names = names(&world.fake.puts());
    assert_eq!(
        names.keys().collect::<Vec<_>>(),
        ["orders", "queue", "took", "users"]
    );
    let (puts, lines) = world.shutdown("spindown");
    // took: two values of two points each.
    assert_eq!(puts.iter().map(|put| put.points).sum::<u64>(), 7);
    let last = lines.last().unwrap();
    assert_eq!(last["samples_malformed"], 1);
    assert_eq!(last["points_recorded"], last["points_delivered"]);
}

#[test]
fn otlp_is_taken_in_json_and_what_is_odd_is_refused_by_its_status() {
    let port = free_port();
    let world = World::start(&[("OBS_OTLP_PORT", &port)]);
    let authority = format!("127.0.0.1:{port}");
    let check = |path: &str, kind: &str, body: &[u8], expect: &str| {
        let answer = post(&authority, path, kind, body);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {expect}")),
            "{answer}"
        );
        answer
    };
    let export = br#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[
        {"name":"hits","sum":{"aggregationTemporality":1,"isMonotonic":true,"dataPoints":[{"asInt":"4"}]}},
        {"name":"odd","summary":{"dataPoints":[{}]}}]}]}]}"#;
    world.fake.invoke("a", in_a_minute());
    let answer = check("/v1/metrics", "application/json", export, "200");
    assert!(
        answer.ends_with(r#"{"partialSuccess":{"rejectedDataPoints":"1"}}"#),
        "{answer}"
    );
    check("/v1/metrics", "application/x-protobuf", b"", "200");
    check("/v1/metrics", "application/x-protobuf", b"\xff\xff", "400");
    check("/v1/metrics", "application/json", b"[", "400");
    check("/v1/metrics", "text/plain", b"", "415");
    check("/v1/traces", "application/json", b"{}", "404");
    check(
        "/v1/metrics",
        "application/json",
        &vec![b' '; 5 << 20],
        "413",
    );
    world.handler().ring("a");
    world.fake.wait_next(2);
    assert_eq!(
        names(&world.fake.puts()).keys().collect::<Vec<_>>(),
        ["hits"]
    );
    world.shutdown("spindown");
}

#[test]
fn a_port_that_is_taken_is_told_and_costs_nothing_else() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let world = World::start(&[("OBS_OTLP_PORT", &port)]);
    world.fake.invoke("a", in_a_minute());
    let handler = world.handler();
    handler.record("m", 1.0);
    handler.ring("a");
    world.fake.wait_next(2);
    assert_eq!(world.fake.puts().len(), 1);
    let (_, lines) = world.shutdown("spindown");
    let message = lines[0]["message"].as_str().unwrap();
    assert!(
        message.starts_with("failed to listen for OTLP on 127.0.0.1:"),
        "{message}"
    );
}

/// Gives keys named 1, 2, ... to whoever shows the token.
fn key_endpoint() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!("http://{}/keys", listener.local_addr().unwrap());
    thread::spawn(move || {
        for (number, stream) in (1..).zip(listener.incoming()) {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let head: Vec<_> = lines
                .map_while(Result::ok)
                .take_while(|l| !l.is_empty())
                .collect();
            assert!(
                head.contains(&"authorization: shown".to_owned()),
                "{head:?}"
            );
            let body = format!(
                r#"{{"AccessKeyId":"KEY{number}","SecretAccessKey":"s","Token":"t","Expiration":"2099-01-01T00:00:00Z"}}"#
            );
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}"
            )
            .unwrap();
        }
    });
    uri
}

#[test]
fn a_copy_of_a_snapshot_signs_with_keys_of_its_own() {
    let world = World::start(&[
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start"),
        ("AWS_ACCESS_KEY_ID", ""),
        ("AWS_SECRET_ACCESS_KEY", ""),
        ("AWS_SESSION_TOKEN", ""),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &key_endpoint()),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "shown"),
    ]);
    let handler = world.handler();
    // The first point finds its way out before the snapshot is made: a late ring.
    handler.record("m", 1.0);
    handler.ring("init");
    world.fake.wait(1, |seen| matches!(seen, Seen::Put(_)));
    for (number, id) in (3..).zip(["a", "b"]) {
        world.fake.invoke(id, in_a_minute());
        handler.record("m", 1.0);
        handler.ring(id);
        world.fake.wait_next(number - 1);
    }
    let keys: Vec<_> = world
        .fake
        .puts()
        .into_iter()
        .map(|put| put.access_key)
        .collect();
    assert_eq!(keys, ["KEY1", "KEY2", "KEY2"]);
    world.shutdown("spindown");
}
