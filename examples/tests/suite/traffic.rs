//! The traffic generator against the real functions, each invocation in a
//! process of its own behind a small Invoke API.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cloudvault_examples::traffic::{Options, Summary, run};
use serde_json::json;
use tempfile::TempDir;
use tiny_http::{Header, Request, Response, Server};

use crate::process::{binary, invoke};

fn options(endpoint: String, store: &Path) -> Options {
    Options {
        endpoint,
        store: store.to_owned(),
        run_for: Duration::from_secs(60),
        rate: 50,
        seed: 1,
        max_requests: 60,
        cleanup_every: Duration::from_millis(200),
        poison_every: Duration::from_millis(500),
        visibility: Duration::from_millis(300),
        drain: Duration::from_secs(10),
    }
}

/// Runs the traffic against an endpoint that `answer` plays.
fn run_against(answer: impl Fn(Request) + Sync, store: &Path) -> Summary {
    let server = Server::http("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", server.server_addr().to_ip().unwrap());
    let (stop, ended) = (AtomicBool::new(false), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while !ended.load(Ordering::SeqCst) {
                    if let Ok(request) = server.recv() {
                        answer(request);
                    }
                }
            });
        }
        let mut progress = Vec::new();
        let summary = run(&options(endpoint, store), &stop, &mut progress).unwrap();
        ended.store(true, Ordering::SeqCst);
        for _ in 0..6 {
            server.unblock();
        }
        summary
    })
}

fn invoke_function(mut request: Request, store: &Path) {
    let function = request.url().split('/').nth(3).unwrap().to_owned();
    let mut text = String::new();
    request.as_reader().read_to_string(&mut text).unwrap();
    let event = serde_json::from_str(&text).unwrap();
    let done = invoke(binary(&function).unwrap(), store, &event);
    let mut response = Response::from_string(done.response.to_string());
    if done.failed {
        response.add_header(Header::from_bytes("X-Amz-Function-Error", "Unhandled").unwrap());
    }
    // The generator may be gone already; then nobody misses the answer.
    let _ = request.respond(response);
}

#[test]
fn a_run_goes_through_all_six_functions_and_only_poison_fails() {
    let store = TempDir::new().unwrap();
    let summary = run_against(
        |request| invoke_function(request, store.path()),
        store.path(),
    );
    assert_eq!(summary.surprises, Vec::<String>::new());
    assert!(summary.is_as_expected());
    assert_eq!(summary.invocations.len(), 6, "{summary:?}");
    assert_eq!(summary.poisoned, 2, "{summary:?}");
    assert!(summary.expected_failures >= 2, "{summary:?}");
    assert_eq!(summary.shares_delivered, summary.shares);
    // Each image became a thumbnail or failed; documents are no images.
    assert_eq!(
        summary.thumbnails + summary.poisoned,
        summary.uploads,
        "{summary:?}"
    );
    let errors: Vec<_> = summary.function_errors.keys().collect();
    assert!(
        errors.iter().all(|name| *name == "cloudvault-thumbnail"),
        "{errors:?}"
    );
    assert_eq!(
        summary.dead_letters + summary.messages_left,
        2,
        "{summary:?}"
    );
}

#[test]
fn an_endpoint_that_fails_is_an_unexpected_failure_and_the_run_ends() {
    let store = TempDir::new().unwrap();
    let refuse = |request: Request| {
        let text = json!({"message": "no such function"}).to_string();
        let _ = request.respond(Response::from_string(text).with_status_code(404));
    };
    let summary = run_against(refuse, store.path());
    assert!(!summary.is_as_expected());
    assert_eq!(summary.invocations, BTreeMap::new());
    assert!(
        summary.unexpected_failures < 60,
        "it ends before all requests are sent"
    );
    assert!(
        summary.surprises[0].contains("status 404"),
        "{:?}",
        summary.surprises
    );
}

#[test]
fn an_endpoint_where_nobody_answers_is_said_in_one_sentence() {
    let store = TempDir::new().unwrap();
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let check = |endpoint: String, expect: &str| {
        let options = options(endpoint, store.path());
        let error = run(&options, &AtomicBool::new(false), &mut Vec::new())
            .unwrap_err()
            .to_string();
        assert!(error.contains(expect), "{error}");
    };
    check(
        format!("http://{closed}"),
        "start `obs dev` or name another --endpoint",
    );
    check(
        "https://lambda.us-east-1.amazonaws.com".to_owned(),
        "expected http://HOST:PORT",
    );
    check("http://".to_owned(), "http://");
}
