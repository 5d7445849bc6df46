//! Invocations end to end: a tower service, real datagrams, captured lines.

use std::{
    net::UdpSocket,
    sync::{Arc, Mutex},
    time::Duration,
};

use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};
use tower::{Layer as _, Service as _, ServiceExt as _};

use super::Layer;
use crate::{
    Error,
    config::Config,
    output::Output,
    propagation, run,
    subscriber::{Installed, install},
};

const TRACE: &str = "1-5759e988-bd862e3fe1be46a994272793";
const FACADE: &str = "53995c3f42cd8ad8";

/// A process with everything installed for this thread, and what it emits.
struct Process {
    layer: Layer,
    lines: Arc<Mutex<Vec<u8>>>,
    daemon: UdpSocket,
    _subscriber: Installed,
}

impl Process {
    fn start() -> Self {
        let daemon = UdpSocket::bind("127.0.0.1:0").unwrap();
        daemon
            .set_read_timeout(Some(Duration::from_millis(200)))
            .unwrap();
        let address = daemon.local_addr().unwrap().to_string();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let config = Config::read(
            [
                ("AWS_LAMBDA_FUNCTION_NAME", "fn"),
                ("AWS_XRAY_DAEMON_ADDRESS", &address),
                ("OBS_JOURNAL", "/nonexistent"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        let (telemetry, observer) = run::build(&config, Output::buffer(Arc::clone(&lines)));
        let subscriber = install(observer);
        Self {
            layer: Layer::new(telemetry),
            lines,
            daemon,
            _subscriber: subscriber,
        }
    }

    fn lines(&self) -> Vec<Value> {
        let bytes = std::mem::take(&mut *self.lines.lock().unwrap());
        String::from_utf8(bytes)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The documents that the daemon has received, by name.
    fn segments(&self) -> std::collections::BTreeMap<String, Value> {
        let mut segments = std::collections::BTreeMap::new();
        let mut buffer = vec![0; 70_000];
        while let Ok(length) = self.daemon.recv(&mut buffer) {
            let text = std::str::from_utf8(&buffer[..length]).unwrap();
            let (header, document) = text.split_once('\n').unwrap();
            assert_eq!(header, r#"{"format":"json","version":1}"#);
            flatten(serde_json::from_str(document).unwrap(), &mut segments);
        }
        segments
    }
}

/// A document and those nested in it, each with its parent's id.
fn flatten(mut document: Value, into: &mut std::collections::BTreeMap<String, Value>) {
    for member in ["parent_id", "trace_id"] {
        let above = document[member].clone();
        let id = document["id"].clone();
        for child in document["subsegments"].as_array_mut().into_iter().flatten() {
            child[member] = if member == "parent_id" {
                id.clone()
            } else {
                above.clone()
            };
        }
    }
    for child in document["subsegments"].as_array().into_iter().flatten() {
        flatten(child.clone(), into);
    }
    into.insert(document["name"].as_str().unwrap().to_owned(), document);
}

fn event(payload: Value, sampled: u8) -> LambdaEvent<Value> {
    let mut context = Context::default();
    context.request_id = "req-1".into();
    context.xray_trace_id = Some(format!(
        "Root={TRACE};Parent={FACADE};Sampled={sampled};Lineage=a:1"
    ));
    LambdaEvent::new(payload, context)
}

#[tracing::instrument(skip_all, fields(bucket = "b"))]
async fn store(fail: bool) -> Result<(), Error> {
    tracing::info!("storing");
    tokio::task::yield_now().await;
    if fail {
        Err("disk full".into())
    } else {
        Ok(())
    }
}

async fn handler(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let outbound = propagation::current().expect("inside an invocation");
    store(event.payload["fail"] == true).await?;
    Ok(json!({"correlation": outbound.correlation_id, "trace": outbound.trace_header}))
}

#[tokio::test]
async fn lines_segments_and_outgoing_ids_belong_to_the_invocation() {
    let process = Process::start();
    let mut service = process.layer.layer(crate::service_fn(handler));
    let payload = json!({"headers": {"x-correlation-id": "corr-1"}});
    let answer = service
        .ready()
        .await
        .unwrap()
        .call(event(payload, 1))
        .await
        .unwrap();

    let lines = process.lines();
    assert_eq!(lines.len(), 1);
    for (key, value) in [
        ("message", json!("storing")),
        ("request_id", json!("req-1")),
        ("correlation_id", json!("corr-1")),
        ("xray_trace_id", json!(TRACE)),
        ("cold_start", json!(true)),
        ("bucket", json!("b")),
    ] {
        assert_eq!(lines[0][key], value, "{key}");
    }

    let segments = process.segments();
    let (handler, store) = (&segments["handler"], &segments["store"]);
    assert_eq!(handler["parent_id"], FACADE);
    assert_eq!(handler["trace_id"], TRACE);
    assert_eq!(store["parent_id"], handler["id"]);
    assert_eq!(
        handler["annotations"],
        json!({"service": "fn", "cold_start": true, "correlation_id": "corr-1"})
    );
    assert_eq!(store["annotations"], json!({"bucket": "b"}));
    assert_eq!(answer["correlation"], "corr-1");
    let parent = handler["id"].as_str().unwrap();
    assert_eq!(
        answer["trace"],
        format!("Root={TRACE};Parent={parent};Sampled=1;Lineage=a:1")
    );
}

#[tokio::test]
async fn a_failing_handler_is_a_fault_with_its_message() {
    let process = Process::start();
    let mut service = process.layer.layer(crate::service_fn(handler));
    let error = service
        .call(event(json!({"fail": true}), 1))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "disk full");
    let lines = process.lines();
    assert_eq!(
        (&lines[1]["message"], &lines[1]["error.message"]),
        (&json!("handler failed"), &json!("disk full"))
    );
    let handler = &process.segments()["handler"];
    assert_eq!(handler["fault"], true);
    assert_eq!(handler["cause"]["exceptions"][0]["message"], "disk full");
}

#[tokio::test]
async fn a_panicking_handler_still_leaves_its_segments() {
    let process = Process::start();
    let mut service = process
        .layer
        .layer(crate::service_fn(|_: LambdaEvent<Value>| async {
            let _span = tracing::info_span!("work").entered();
            if true {
                panic!("bug");
            }
            Ok::<_, Error>(())
        }));
    let call = service.call(event(json!({}), 1));
    assert!(tokio::spawn(call).await.unwrap_err().is_panic());
    assert_eq!(process.lines()[0]["message"], "handler panicked");
    let segments = process.segments();
    assert_eq!(segments["handler"]["fault"], true);
    assert!(segments.contains_key("work"));
}

#[tokio::test]
async fn an_unsampled_invocation_sends_nothing_and_still_propagates() {
    let process = Process::start();
    let mut service = process.layer.layer(crate::service_fn(handler));
    let answer = service.call(event(json!({}), 0)).await.unwrap();
    assert!(process.segments().is_empty());
    assert_eq!(
        answer["trace"],
        format!("Root={TRACE};Parent={FACADE};Sampled=0;Lineage=a:1")
    );
    assert_eq!(answer["correlation"], "req-1", "the last resort");
}

#[tokio::test]
async fn only_the_first_invocation_is_a_cold_start() {
    let process = Process::start();
    let mut service = process.layer.layer(crate::service_fn(handler));
    for cold in [true, false, false] {
        service.call(event(json!({}), 0)).await.unwrap();
        assert_eq!(process.lines()[0]["cold_start"], cold);
    }
}

#[tokio::test]
async fn an_oversize_subsegment_is_cut_with_a_mark_and_sent() {
    let process = Process::start();
    let mut service = process
        .layer
        .layer(crate::service_fn(|_: LambdaEvent<Value>| async {
            let _span = tracing::info_span!("huge", text = "x".repeat(100_000)).entered();
            Ok::<_, Error>(())
        }));
    service.call(event(json!({}), 1)).await.unwrap();
    let huge = &process.segments()["huge"];
    assert!(huge["annotations"]["obs_cut_bytes"].as_u64().unwrap() > 36_000);
}

#[tokio::test]
async fn three_hundred_concurrent_invocations_never_see_each_other() {
    let process = Process::start();
    let service = process
        .layer
        .layer(crate::service_fn(|event: LambdaEvent<Value>| async move {
            let id = event.payload["headers"]["x-correlation-id"]
                .as_str()
                .unwrap()
                .to_owned();
            for step in 0..5 {
                tokio::task::yield_now().await;
                assert_eq!(propagation::current().unwrap().correlation_id, id);
                tracing::info!(expect = id, step);
            }
            Ok::<_, Error>(())
        }));
    let calls = (0..300).map(|number| {
        let mut service = service.clone();
        let payload = json!({"headers": {"x-correlation-id": format!("corr-{number}")}});
        tokio::spawn(service.call(event(payload, 0)))
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
    let lines = process.lines();
    assert_eq!(lines.len(), 1500);
    assert!(
        lines
            .iter()
            .all(|line| line["correlation_id"] == line["expect"])
    );
    assert_eq!(propagation::current(), None);
}

#[tokio::test]
async fn a_payload_that_is_not_json_reaches_the_inner_service_unharmed() {
    use lambda_runtime::LambdaInvocation;

    let process = Process::start();
    let payload: &'static [u8] = b"\xff\xfe {not JSON";
    let mut service = process
        .layer
        .around(crate::service_fn(async |request: LambdaInvocation| {
            assert!(propagation::current().is_some());
            Ok::<_, Error>(request.body)
        }));
    let request = LambdaInvocation {
        parts: http::Response::new(()).into_parts().0,
        body: payload.into(),
        context: Context::default(),
    };
    assert_eq!(service.call(request).await.unwrap(), payload);
}
