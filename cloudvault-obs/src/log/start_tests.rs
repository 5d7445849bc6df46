//! Lines from before the first invocation.

use lambda_runtime::LambdaEvent;
use serde_json::{Value, json};

use super::tests::{Process, event, futures_catch, nothing};
use crate::{Error, log, run};

const KEPT: [(&str, &str); 1] = [("OBS_LOG_BUFFER", "100000")];

async fn fails_on_request(payload: Value) -> Result<Value, Error> {
    tracing::debug!("detail");
    if payload["fail"] == true {
        return Err("disk full".into());
    }
    Ok(json!(null))
}

#[tokio::test]
async fn debug_lines_of_the_start_are_written_with_the_first_invocations_error() {
    let process = Process::start(&KEPT);
    tracing::debug!("connecting");
    let started = crate::clock::now_ms();
    while crate::clock::coarse_ms() <= started {
        tokio::task::yield_now().await;
    }
    let failing = event(json!({"fail": true}));
    process.call(failing, fails_on_request).await.unwrap_err();
    let lines = process.lines();
    let messages: Vec<_> = lines.iter().map(|line| &line["message"]).collect();
    assert_eq!(messages, ["connecting", "detail", "handler failed"]);
    // Each has the time at which it was logged, and only its own keys.
    let time = |index: usize| lines[index]["timestamp"].as_str().unwrap();
    assert!(time(0) < time(1) && time(1) <= time(2), "{lines:?}");
    assert_eq!(lines[0].get("request_id"), None);
    assert_eq!(lines[1]["request_id"], "req-1");
}

#[tokio::test]
async fn debug_lines_of_a_start_that_went_well_are_forgotten() {
    let process = Process::start(&KEPT);
    tracing::debug!("connecting");
    process.call(nothing(), fails_on_request).await.unwrap();
    let failing = event(json!({"fail": true}));
    process.call(failing, fails_on_request).await.unwrap_err();
    assert_eq!(process.messages(), ["detail", "handler failed"]);
}

#[tokio::test]
async fn a_start_that_fails_writes_what_was_kept_before_its_error() {
    let process = Process::start(&KEPT);
    let failed = run::prepared(async || {
        tracing::debug!(password = "hunter2", "connecting");
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        Err::<(), Error>(Box::new(refused))
    });
    failed.await.unwrap_err();
    let lines = process.lines();
    assert_eq!(lines[0]["message"], "connecting");
    assert_eq!(lines[0]["password"], "[REDACTED]");
    assert_eq!(lines[1]["message"], "init failed");
    assert_eq!(lines[1]["error.message"], "connection refused");
    assert_eq!(lines.len(), 2);
}

#[tokio::test]
async fn a_start_that_panics_writes_what_was_kept() {
    log::install_panic_hook();
    let process = Process::start(&KEPT);
    let start = run::prepared(async || {
        tracing::debug!("connecting");
        if true {
            panic!("no configuration");
        }
        Ok(())
    });
    futures_catch(start).await.unwrap_err();
    assert_eq!(
        process.messages(),
        ["connecting", "panicked: no configuration"]
    );
}

#[tokio::test]
async fn a_layer_dropped_without_an_invocation_writes_what_was_kept() {
    let process = Process::start(&KEPT);
    tracing::debug!("connecting");
    drop(process.layer.clone());
    assert_eq!(process.messages(), [""; 0], "one of them is left");
    let service = crate::service_fn(async |_: LambdaEvent<Value>| Ok::<_, Error>(()));
    let service = tower::Layer::layer(&process.layer, service);
    let (written, _subscriber) = process.without_layer();
    let text = || String::from_utf8(written.lock().unwrap().clone()).unwrap();
    assert_eq!(text(), "", "its service is left");
    drop(service);
    assert!(text().contains("connecting"), "{}", text());
}

#[tokio::test]
async fn lines_of_the_start_that_do_not_fit_are_counted() {
    let process = Process::start(&[("OBS_LOG_BUFFER", "1000")]);
    for number in 0..10 {
        tracing::debug!(number, text = "x".repeat(200), "connecting");
    }
    tracing::error!("refused");
    let lines = process.lines();
    let evicted = lines[0]["lines_evicted"].as_u64().unwrap();
    assert_eq!(evicted, 10 - (lines.len() as u64 - 2));
    assert!(lines[0]["bytes_evicted"].as_u64().unwrap() > 200 * evicted);
    assert_eq!(lines[lines.len() - 2]["number"], 9);
}
