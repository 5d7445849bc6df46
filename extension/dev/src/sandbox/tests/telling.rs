//! What Lambda itself tells: telemetry, metrics, traces.

use obs_cloudwatch::metric::{MetricId, TimeRange};
use serde_json::{Value, json};

use super::kit::{Kit, function, options};
use crate::store::{SegmentRow, Trace};

/// Every telemetry event that the extension got, in order.
fn events(kit: &Kit) -> Vec<Value> {
    let mut events = Vec::new();
    for row in kit.lines() {
        if let Some(batch) = row.line.strip_prefix("telemetry ") {
            let batch: Vec<Value> = serde_json::from_str(batch).expect("an array");
            events.extend(batch);
        }
    }
    events
}

#[tokio::test]
async fn telemetry_comes_in_lambdas_order() {
    let kit = Kit::start(options(function(&[("EXTENSION", "telemetry")]))).await;
    kit.invoke(r#"{"do":"print"}"#).await;
    kit.sandbox.spin_down().await;
    let all = events(&kit);
    let types: Vec<&str> = all
        .iter()
        .map(|e| e["type"].as_str().expect("a type"))
        .collect();
    let expect = [
        "platform.initStart",
        "platform.initRuntimeDone",
        "platform.extension",
        "platform.initReport",
        "platform.start",
        "function",
        "platform.runtimeDone",
        "platform.report",
    ];
    // The extension subscribes while the function starts, and a line of the initialization is
    // read from a pipe while the runtime asks by HTTP: both come somewhere before the report.
    let (init, invocation) = types.split_at(6);
    let mut init = init.to_vec();
    assert!(
        init[..5].contains(&"platform.telemetrySubscription"),
        "{types:?}"
    );
    init.retain(|kind| !["platform.telemetrySubscription", "function"].contains(kind));
    assert_eq!([init.as_slice(), invocation].concat(), expect, "{types:?}");
    let of = |kind: &str| all.iter().find(|e| e["type"] == kind).expect(kind)["record"].clone();
    assert_eq!(of("platform.runtimeDone")["status"], "success");
    assert_eq!(
        of("platform.runtimeDone")["spans"][0]["name"],
        "responseLatency"
    );
    let metrics = &of("platform.report")["metrics"];
    assert!(metrics["initDurationMs"].is_number() && metrics["memorySizeMB"] == 128);
    assert!(
        metrics["maxMemoryUsedMB"].as_u64().expect("a number") > 0,
        "{metrics}"
    );
    assert_eq!(
        of("platform.extension")["events"],
        json!(["INVOKE", "SHUTDOWN"])
    );
}

#[tokio::test]
async fn a_report_waits_for_the_next_invocation_as_in_a_frozen_environment() {
    let kit = Kit::start(options(function(&[("EXTENSION", "telemetry")]))).await;
    kit.invoke("1").await;
    kit.line("REPORT").await;
    kit.invoke("2").await;
    kit.sandbox.spin_down().await;
    let all = events(&kit);
    let reports = all
        .iter()
        .filter(|e| e["type"] == "platform.report")
        .count();
    assert_eq!(reports, 2);
}

#[tokio::test]
async fn an_invocation_leaves_lambdas_metrics() {
    let kit = Kit::simple().await;
    kit.invoke("1").await;
    kit.invoke(r#"{"do":"fail"}"#).await;
    kit.until(|kit| (kit.status().invocations == 2).then_some(()))
        .await;
    let sum = |name: &str, dimensions: &[(&str, &str)]| -> f64 {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let dimensions = dimensions.iter().map(own).collect();
        let metric = MetricId::new("AWS/Lambda", name, dimensions);
        let range = TimeRange {
            start_ms: 0,
            end_ms: i64::MAX,
        };
        let samples = kit.account.store.samples(&metric, range);
        samples
            .iter()
            .flatten()
            .map(|sample| sample.value * sample.count)
            .sum()
    };
    let function = [("FunctionName", "fn")];
    assert_eq!(sum("Invocations", &function), 2.0);
    assert_eq!(sum("Errors", &function), 1.0);
    assert_eq!(sum("Throttles", &function), 0.0);
    assert_eq!(sum("ConcurrentExecutions", &function), 2.0);
    assert!(sum("Duration", &function) > 0.0);
    assert_eq!(
        sum("Invocations", &[("FunctionName", "fn"), ("Resource", "fn")]),
        2.0
    );
    assert_eq!(sum("Invocations", &[]), 2.0);
}

#[tokio::test]
async fn metrics_in_a_line_are_extracted_and_bad_ones_are_shown() {
    let kit = Kit::simple().await;
    let now = kit.account.clock.now_ms();
    let line = json!({
        "do": "print",
        "_aws": {"Timestamp": now, "CloudWatchMetrics": [{
            "Namespace": "Shop", "Dimensions": [["service"]],
            "Metrics": [{"Name": "Orders", "Unit": "Count"}, {"Name": "Bad", "Unit": "Parsecs"}],
        }]},
        "service": "pay", "Orders": [2, 3], "Bad": 1,
    });
    kit.invoke(&line.to_string()).await;
    kit.line("EMF refused: metric Bad has the unknown unit")
        .await;
    let dimensions = vec![("service".to_owned(), "pay".to_owned())];
    let range = TimeRange {
        start_ms: 0,
        end_ms: i64::MAX,
    };
    let samples = kit
        .account
        .store
        .samples(&MetricId::new("Shop", "Orders", dimensions), range);
    let sum: f64 = samples
        .iter()
        .flatten()
        .map(|sample| sample.value * sample.count)
        .sum();
    assert_eq!(sum, 5.0);
    let summary = kit.account.store.summary().expect("a summary");
    assert_eq!((summary.points_emf, summary.metrics_rejected), (2.0, 1));
}

fn trace_id(header: &str) -> String {
    let root = header
        .split(';')
        .find_map(|part| part.strip_prefix("Root="));
    root.expect("a root").to_owned()
}

fn segment<'a>(trace: &'a Trace, name: &str, origin: Option<&str>) -> &'a SegmentRow {
    let found = trace
        .segments
        .iter()
        .find(|s| s.name == name && s.origin.as_deref() == origin);
    found.unwrap_or_else(|| panic!("{name} {origin:?} in {:?}", trace.segments))
}

/// The trace, as soon as everything in it has ended and it has that many segments.
async fn complete(kit: &Kit, id: &str, segments: usize) -> Trace {
    kit.until(|kit| {
        let trace = kit.account.store.trace(id).expect("a store")?;
        let open = trace.segments.iter().any(|segment| segment.in_progress);
        (!open && trace.segments.len() >= segments).then_some(trace)
    })
    .await
}

#[tokio::test]
async fn the_handlers_subsegment_hangs_under_the_facade_under_the_service_segment() {
    let kit = Kit::simple().await;
    let answer = kit.invoke(r#"{"do":"subsegment"}"#).await;
    let trace = complete(&kit, &trace_id(answer.header("x-amzn-trace-id")), 6).await;
    let service = segment(&trace, "fn", Some("AWS::Lambda"));
    let facade = segment(&trace, "fn", Some("AWS::Lambda::Function"));
    assert_eq!(service.parent_id, None);
    assert_eq!(facade.parent_id.as_ref(), Some(&service.id));
    for name in ["charge", "Initialization", "Invocation", "Overhead"] {
        assert_eq!(
            segment(&trace, name, None).parent_id.as_ref(),
            Some(&facade.id),
            "{name}"
        );
    }
    assert_eq!(facade.document["aws"]["cold_start"], true);
    assert_eq!(service.document["http"]["response"]["status"], 200);
    let refused = kit.line("X-Ray daemon refused a datagram, 1 so far").await;
    assert_eq!(refused.function, "xray-daemon");
}

#[tokio::test]
async fn a_callers_trace_goes_on_and_its_decision_is_honoured() {
    let kit = Kit::simple().await;
    let root = "1-5759e988-bd862e3fe1be46a994272793";
    let header = format!("Root={root};Parent=53995c3f42cd8ad8;Sampled=1");
    kit.call("fn", &[("x-amzn-trace-id", &header)], r#"{"do":"fail"}"#)
        .await;
    let trace = complete(&kit, root, 5).await;
    let service = segment(&trace, "fn", Some("AWS::Lambda"));
    assert_eq!(service.parent_id.as_deref(), Some("53995c3f42cd8ad8"));
    assert!(service.fault && segment(&trace, "Invocation", None).fault);

    let unsampled = "1-5759e988-000000000000000000000001";
    let header = format!("Root={unsampled};Sampled=0");
    let answer = kit.call("fn", &[("x-amzn-trace-id", &header)], "1").await;
    assert!(answer.header("x-amzn-trace-id").ends_with(";Sampled=0"));
    kit.until(|kit| (kit.status().invocations == 2).then_some(()))
        .await;
    assert!(
        kit.account
            .store
            .trace(unsampled)
            .expect("a store")
            .is_none()
    );
}

#[tokio::test]
async fn a_message_from_a_queue_links_its_trace() {
    let kit = Kit::simple().await;
    let root = "1-5759e988-bd862e3fe1be46a994272793";
    let header = format!("Root={root};Parent=53995c3f42cd8ad8;Sampled=1");
    let record = json!({"eventSource": "aws:sqs", "attributes": {"AWSTraceHeader": header}});
    let answer = kit.invoke(&json!({"Records": [record]}).to_string()).await;
    let id = trace_id(answer.header("x-amzn-trace-id"));
    assert_ne!(id, root);
    let trace = complete(&kit, &id, 5).await;
    let facade = segment(&trace, "fn", Some("AWS::Lambda::Function"));
    assert_eq!(facade.document["links"][0]["trace_id"], root);
    assert_eq!(trace.linked[0].trace_id, root);
}
