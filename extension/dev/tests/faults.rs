//! Faults over the wire, and by `/api/faults`: what a client sees, and what was
//! carried out all the same.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use obs_dev::{Dev, Options};
use serde_json::{Value, json};

const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/monitoring/aws4_request, \
     SignedHeaders=host, Signature=00";

struct Account {
    dev: Dev,
    _data: tempfile::TempDir,
}

impl Account {
    async fn start(faults: &[&str]) -> Account {
        let data = tempfile::tempdir().unwrap();
        let mut options = Options::new(data.path());
        options.listen.set_port(0);
        options.faults = faults.iter().map(|text| text.parse().unwrap()).collect();
        Account {
            dev: Dev::start(options).await.unwrap(),
            _data: data,
        }
    }

    /// Sends a request and gives the connection.
    fn send(&self, method: &str, path: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.dev.address()).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: {AUTHORIZATION}\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
        .unwrap();
        stream
    }

    async fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut stream = self.send(method, path, body);
        let read = move || {
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        };
        let answer = tokio::task::spawn_blocking(read).await.unwrap();
        let status = answer[9..12].parse().unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1.to_owned();
        (status, body)
    }

    /// One point of the metric `Points`.
    fn put(&self) -> TcpStream {
        let body = "Action=PutMetricData&Version=2010-08-01&Namespace=N\
                    &MetricData.member.1.MetricName=Points&MetricData.member.1.Value=1";
        self.send("POST", "/", body)
    }

    async fn points(&self) -> i64 {
        let (_, body) = self.ask("GET", "/api/summary", "").await;
        let summary: Value = serde_json::from_str(&body).unwrap();
        summary["points_received"].as_i64().unwrap()
    }
}

/// What reading the answer ends with, after a wait for it.
async fn end_of(mut stream: TcpStream) -> Result<String, ErrorKind> {
    let read = move || {
        stream
            .set_read_timeout(Some(Duration::from_millis(300)))
            .unwrap();
        let mut answer = String::new();
        match stream.read_to_string(&mut answer) {
            Ok(_) => Ok(answer),
            Err(error) => Err(error.kind()),
        }
    };
    tokio::task::spawn_blocking(read).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_withheld_may_hide_a_request_that_was_carried_out() {
    let check = async |fault: &str, expect: ErrorKind, points: i64| {
        let account = Account::start(&[&format!("cloudwatch:PutMetricData={fault}:1x")]).await;
        let end = end_of(account.put()).await;
        assert_eq!(end.unwrap_err(), expect, "{fault}");
        assert_eq!(account.points().await, points, "{fault}");
        let answer = end_of(account.put()).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        account.dev.stop().await;
    };
    check("reset", ErrorKind::ConnectionReset, 0).await;
    check("reset-accepted", ErrorKind::ConnectionReset, 1).await;
    check("hang", ErrorKind::WouldBlock, 0).await;
    check("hang-accepted", ErrorKind::WouldBlock, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dripping_answer_comes_a_byte_at_a_time() {
    let account = Account::start(&["cloudwatch=drip:1x"]).await;
    let mut stream = account.put();
    let first = tokio::task::spawn_blocking(move || {
        let mut bytes = [0; 64];
        (0..4)
            .map(|_| stream.read(&mut bytes).unwrap())
            .collect::<Vec<_>>()
    });
    assert_eq!(first.await.unwrap(), [1, 1, 1, 1]);
    assert_eq!(account.points().await, 1);
    account.dev.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn throttled_is_400_by_code_and_other_errors_have_their_status() {
    for (fault, status, code) in [
        ("throttle", 400, "<Code>Throttling</Code>"),
        ("500", 500, "<Code>InternalServiceError</Code>"),
        ("503", 503, "<Code>ServiceUnavailable</Code>"),
        ("413", 413, "<Code>RequestEntityTooLarge</Code>"),
    ] {
        let account = Account::start(&[&format!("cloudwatch={fault}")]).await;
        let answer = end_of(account.put()).await.unwrap();
        let expect = format!("HTTP/1.1 {status} ");
        assert!(
            answer.starts_with(&expect) && answer.contains(code),
            "{answer}"
        );
        assert_eq!(account.points().await, 0);
        account.dev.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_come_and_go_while_the_account_runs() {
    let account = Account::start(&[]).await;
    let rule = "cloudwatch:PutMetricData=throttle:50%";
    let asked = json!({ "fault": rule }).to_string();
    let (status, body) = account.ask("POST", "/api/faults", &asked).await;
    assert_eq!((status, body.as_str()), (200, r#"{"id":1}"#));
    for expect in ["HTTP/1.1 200", "HTTP/1.1 400"] {
        let answer = end_of(account.put()).await.unwrap();
        assert!(answer.starts_with(expect), "{answer}");
    }
    let (_, body) = account.ask("GET", "/api/faults", "").await;
    let listed: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        listed["faults"],
        json!([{"id": 1, "fault": rule, "seen": 2, "struck": 1, "active": true}])
    );
    let (status, _) = account.ask("DELETE", "/api/faults/1", "").await;
    assert_eq!(status, 200);
    let (status, body) = account.ask("DELETE", "/api/faults/1", "").await;
    assert_eq!(status, 404, "{body}");
    let bad = r#"{"fault":"cloudwatch=trottle"}"#;
    let (status, body) = account.ask("POST", "/api/faults", bad).await;
    assert_eq!(status, 400);
    assert!(body.contains("did you mean"), "{body}");
    let (_, body) = account.ask("DELETE", "/api/faults", "").await;
    assert_eq!(body, r#"{"removed":0}"#);
    account.dev.stop().await;
}
