//! A function's real process against a Runtime API of one invocation.

use std::io::Read;
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tiny_http::{Header, Request, Response, Server};

/// The trace header of every invocation.
pub(crate) const TRACE: &str =
    "Root=1-6921d3f1-5759e988bd862e3fe1be46a9;Parent=53995c3f42cd8ad8;Sampled=1";

/// The binary of a function, named as in the cloud.
pub(crate) fn binary(function: &str) -> Option<&'static str> {
    Some(match function {
        "cloudvault-upload" => env!("CARGO_BIN_EXE_upload"),
        "cloudvault-download" => env!("CARGO_BIN_EXE_download"),
        "cloudvault-list" => env!("CARGO_BIN_EXE_list"),
        "cloudvault-share" => env!("CARGO_BIN_EXE_share"),
        "cloudvault-thumbnail" => env!("CARGO_BIN_EXE_thumbnail"),
        "cloudvault-cleanup" => env!("CARGO_BIN_EXE_cleanup"),
        _ => return None,
    })
}

/// What one invocation of a process left behind.
pub(crate) struct Run {
    /// What the function answered.
    pub(crate) response: Value,
    /// Whether that is an error.
    pub(crate) failed: bool,
    /// Its log lines.
    pub(crate) lines: Vec<Value>,
    /// Its subsegments.
    pub(crate) segments: Vec<Value>,
}

/// Starts a function's binary, gives it one event, and ends it when it asks for the next.
pub(crate) fn invoke(binary: &str, store: &Path, event: &Value) -> Run {
    let server = Server::http("127.0.0.1:0").unwrap();
    let xray = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut child = Command::new(binary)
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", server.server_addr().to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "cloudvault-test")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/cloudvault-test")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "2025/11/23/[$LATEST]0")
        .env(
            "AWS_XRAY_DAEMON_ADDRESS",
            xray.local_addr().unwrap().to_string(),
        )
        .env("OBS_JOURNAL", store.join("journal"))
        .env("CLOUDVAULT_STORE", store)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    receive(&server).respond(invocation(event)).unwrap();
    let mut request = receive(&server);
    let mut text = String::new();
    request.as_reader().read_to_string(&mut text).unwrap();
    let failed = request.url().ends_with("/error");
    request.respond(Response::empty(202)).unwrap();
    let next = receive(&server);
    assert!(next.url().ends_with("/invocation/next"));
    child.kill().unwrap();
    // Not before: dropped, the request would be answered with an error.
    drop(next);
    let mut output = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut output)
        .unwrap();
    child.wait().unwrap();
    Run {
        response: serde_json::from_str(&text).unwrap(),
        failed,
        lines: output
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
        segments: segments(&xray),
    }
}

/// The next request; a process that died at once would otherwise leave the test waiting for ever.
fn receive(server: &Server) -> Request {
    let request = server.recv_timeout(Duration::from_secs(60)).unwrap();
    request.expect("the function asks within a minute")
}

fn invocation(event: &Value) -> Response<impl Read> {
    let headers = [
        (
            "lambda-runtime-aws-request-id",
            "3f9b4d5e-0000-4000-8000-000000000001",
        ),
        ("lambda-runtime-deadline-ms", "4102444800000"),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:000000000000:function:cloudvault-test",
        ),
        ("lambda-runtime-trace-id", TRACE),
    ];
    let mut response = Response::from_string(event.to_string());
    for (name, value) in headers {
        response.add_header(Header::from_bytes(name, value).unwrap());
    }
    response
}

/// The datagrams that have arrived: all of them were sent before the process asked for more.
fn segments(xray: &UdpSocket) -> Vec<Value> {
    xray.set_nonblocking(true).unwrap();
    let mut buffer = vec![0; 65_536];
    let mut segments = Vec::new();
    while let Ok(length) = xray.recv(&mut buffer) {
        let text = std::str::from_utf8(&buffer[..length]).unwrap();
        let (_, document) = text.split_once('\n').unwrap();
        flatten(serde_json::from_str(document).unwrap(), &mut segments);
    }
    segments
}

/// A document's subsegments stand in it; each is taken out, with what it has from
/// the one around it.
fn flatten(mut segment: Value, segments: &mut Vec<Value>) {
    let inner = segment["subsegments"].take();
    for mut subsegment in inner.as_array().cloned().unwrap_or_default() {
        subsegment["trace_id"] = segment["trace_id"].clone();
        subsegment["parent_id"] = segment["id"].clone();
        flatten(subsegment, segments);
    }
    segments.push(segment);
}
