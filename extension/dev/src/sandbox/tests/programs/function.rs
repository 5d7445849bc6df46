//! A function for the sandbox's tests: speaks the Runtime API and does what its event says.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a test program"
)]

mod http;

use std::net::UdpSocket;
use std::time::{SystemTime, UNIX_EPOCH};

const RUNTIME: &str = "/2018-06-01/runtime";

fn main() {
    let api = variable("AWS_LAMBDA_RUNTIME_API");
    match variable("INIT").as_str() {
        "exit" => std::process::exit(7),
        "error" => {
            let line = format!("POST {RUNTIME}/init/error");
            http::call(
                &api,
                &line,
                &[],
                r#"{"errorType":"NoConfig","errorMessage":"none"}"#,
            );
            sleep();
        }
        _ => {}
    }
    println!("initialized");
    loop {
        let next = http::call(&api, &format!("GET {RUNTIME}/invocation/next"), &[], "");
        if next.status != 200 {
            std::process::exit(1);
        }
        serve(&api, &next);
    }
}

fn serve(api: &str, next: &http::Answer) {
    let id = next.header("lambda-runtime-aws-request-id");
    let has = |what: &str| next.body.contains(&format!("\"do\":\"{what}\""));
    let mut answer = next.body.clone();
    if has("exit") {
        println!("exiting");
        std::process::exit(3);
    } else if has("hang") {
        println!("hanging {id}");
        sleep();
    } else if has("fail") {
        let body = r#"{"errorType":"Boom","errorMessage":"no good"}"#;
        let headers = [("lambda-runtime-function-error-type", "Boom")];
        http::call(
            api,
            &format!("POST {RUNTIME}/invocation/{id}/error"),
            &headers,
            body,
        );
        return;
    } else if has("print") {
        println!("{}", next.body);
    } else if has("spam") {
        for number in 0..500 {
            println!("line {number}");
            eprintln!("error {number}");
        }
    } else if has("variables") {
        answer = object(std::env::vars());
    } else if has("headers") {
        answer = object(next.headers.iter().cloned());
    } else if has("count") {
        answer = count().to_string();
    } else if has("subsegment") {
        subsegment(next.header("lambda-runtime-trace-id"));
    } else if has("wrong") {
        let line = format!("POST {RUNTIME}/invocation/other/response");
        answer = format!("[{}]", http::call(api, &line, &[], "1").status);
    } else if has("large") {
        answer = format!("\"{}\"", "x".repeat(7 * 1024 * 1024));
    }
    http::call(
        api,
        &format!("POST {RUNTIME}/invocation/{id}/response"),
        &[],
        &answer,
    );
}

/// Waits until somebody kills it.
fn sleep() -> ! {
    loop {
        std::thread::park();
    }
}

/// How often it was asked in this /tmp.
fn count() -> usize {
    let path = format!("{}/count", variable("TMPDIR"));
    let earlier = std::fs::read_to_string(&path).unwrap_or_default();
    std::fs::write(&path, format!("{earlier}x")).expect("/tmp can be written");
    earlier.len() + 1
}

fn subsegment(header: &str) {
    let part = |name: &str| {
        let found = header.split(';').find_map(|part| part.strip_prefix(name));
        found.unwrap_or_default().to_owned()
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_secs_f64();
    let (root, parent) = (part("Root="), part("Parent="));
    let document = format!(
        r#"{{"id":"82c0366a7eea1d9b","name":"charge","type":"subsegment","trace_id":"{root}","parent_id":"{parent}","start_time":{now},"end_time":{now}}}"#
    );
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let datagram = format!("{{\"format\":\"json\",\"version\":1}}\n{document}");
    let daemon = variable("AWS_XRAY_DAEMON_ADDRESS");
    socket
        .send_to(datagram.as_bytes(), &daemon)
        .expect("the daemon is on this machine");
    socket
        .send_to(b"junk", &daemon)
        .expect("the daemon is on this machine");
}

fn object(pairs: impl Iterator<Item = (String, String)>) -> String {
    let pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{name:?}:{value:?}"))
        .collect();
    format!("{{{}}}", pairs.join(","))
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}
