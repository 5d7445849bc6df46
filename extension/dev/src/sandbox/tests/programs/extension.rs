//! An extension for the sandbox's tests: prints every event and every telemetry event that it
//! gets.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a test program"
)]

mod http;

use std::io::{BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, Sender, channel};

use serde_json::Value;

const API: &str = "/2020-01-01/extension";

fn main() {
    let api = variable("AWS_LAMBDA_RUNTIME_API");
    let mode = variable("EXTENSION");
    let own = std::env::args().next().unwrap_or_default();
    let name = own.rsplit('/').next().unwrap_or_default();
    let headers = [("lambda-extension-name", name)];
    let events = r#"{"events":["INVOKE","SHUTDOWN"]}"#;
    let mut registered = http::call(&api, &format!("POST {API}/register"), &headers, events);
    if registered.status == 403 {
        println!("refused {}", registered.body);
        let events = r#"{"events":["SHUTDOWN"]}"#;
        registered = http::call(&api, &format!("POST {API}/register"), &headers, events);
    }
    let id = registered.header("lambda-extension-identifier").to_owned();
    let identified = [("lambda-extension-identifier", id.as_str())];
    println!("registered {} {}", registered.status, registered.body);
    let telemetry = (mode == "telemetry").then(|| subscribe(&api, &identified));
    let mut names: Vec<String> = std::env::vars().map(|(name, _)| name).collect();
    names.sort();
    println!("variables {}", names.join(" "));
    let mut last = String::new();
    loop {
        let event = http::call(&api, &format!("GET {API}/event/next"), &identified, "");
        println!("event {}", event.body);
        match (event.body.contains("SHUTDOWN"), mode.as_str()) {
            (true, "stubborn") => loop {
                std::thread::park();
            },
            (true, _) if last.is_empty() => break,
            (true, _) => {
                // Ends when it knows how its last invocation went.
                let mut batches = telemetry.iter().flatten();
                batches.find(|batch| reports(batch, &last));
                break;
            }
            (false, "crash") => std::process::exit(4),
            (false, _) => last = request_id(&event.body),
        }
    }
}

fn request_id(event: &str) -> String {
    let event: Value = serde_json::from_str(event).expect("an event is JSON");
    event["requestId"].as_str().unwrap_or_default().to_owned()
}

/// Whether the batch has the report of that invocation.
fn reports(batch: &str, request_id: &str) -> bool {
    let events: Vec<Value> = serde_json::from_str(batch).expect("a batch is an array");
    let of = |event: &Value| {
        event["type"] == "platform.report" && event["record"]["requestId"] == request_id
    };
    events.iter().any(of)
}

fn subscribe(api: &str, identified: &[(&str, &str)]) -> Receiver<String> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let (sender, batches) = channel();
    std::thread::spawn(move || receive(&listener, &sender));
    let body = format!(
        r#"{{"schemaVersion":"2025-01-29","types":["platform","function"],"buffering":{{"maxItems":1000,"maxBytes":262144,"timeoutMs":25}},"destination":{{"protocol":"HTTP","URI":"http://sandbox.localdomain:{port}"}}}}"#
    );
    let answer = http::call(api, "PUT /2022-07-01/telemetry", identified, &body);
    println!("subscribed {} {}", answer.status, answer.body);
    batches
}

fn receive(listener: &TcpListener, batches: &Sender<String>) {
    for stream in listener.incoming() {
        let mut reader = BufReader::new(stream.expect("a connection"));
        let (_, headers) = http::read_head(&mut reader);
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length
            .and_then(|(_, value)| value.parse().ok())
            .unwrap_or(0);
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("the whole body");
        let body = String::from_utf8_lossy(&body).into_owned();
        println!("telemetry {body}");
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        reader.get_mut().write_all(answer).expect("an answer");
        // The main thread may have ended meanwhile.
        let _ = batches.send(body);
    }
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}
