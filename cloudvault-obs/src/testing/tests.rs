//! Users' first test, and what it says when it fails.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::{Value, json};

use super::*;
use crate::{metric, propagation};

#[tracing::instrument(fields(bucket = "b"))]
async fn store(fail: bool) -> Result<u64, Error> {
    tokio::task::yield_now().await;
    metrics::histogram!("Size").record(3.0);
    if fail { Err("disk full".into()) } else { Ok(3) }
}

async fn handler(event: LambdaEvent<Value>) -> Result<u64, Error> {
    let size = store(event.payload["fail"] == true).await?;
    tracing::info!(size, "file stored");
    metrics::counter!("FilesStored", "bucket" => "b").increment(1);
    Ok(size)
}

#[tokio::test]
async fn lines_segments_and_metrics_of_one_call_are_captured() {
    let event = json!({"headers": {"x-correlation-id": "order-7"}});
    let observed = invoke(handler, event).await;
    assert_eq!(*observed.response(), 3);
    observed
        .log("file stored")
        .field("size", 3)
        .field("correlation_id", "order-7")
        .level("INFO")
        .no_field("bucket");
    observed
        .segment("store")
        .annotation("bucket", "b")
        .below("handler")
        .succeeded();
    observed
        .metric("FilesStored")
        .dimension("bucket", "b")
        .dimension("service", "function")
        .namespace("function")
        .unit(metric::Unit::Count)
        .sum(1.0)
        .count(1);
    assert_eq!(observed.metric("Size").values(), [(3.0, 1)]);
    observed
        .no_log("nothing")
        .no_segment("nothing")
        .no_metric("Nothing");
    observed.nothing_else_than_info();
    assert_eq!(propagation::current(), None);
}

#[tokio::test]
async fn a_failing_handler_is_observed_too() {
    let observed = invoke(handler, json!({"fail": true})).await;
    assert_eq!(observed.error(), "disk full");
    observed.log("handler failed").level("ERROR");
    observed.segment("handler").fault();
    observed.metric("Size").count(1);
    observed.no_metric("FilesStored");
}

#[tokio::test]
async fn a_typed_event_that_does_not_parse_is_the_invocations_error() {
    let handler = |event: LambdaEvent<u64>| async move { Ok::<_, Error>(event.payload) };
    assert!(invoke(handler, json!("text")).await.result().is_err());
    assert_eq!(*invoke(handler, 7).await.response(), 7);
}

#[tokio::test]
async fn a_failed_assertion_prints_what_was_seen() {
    let observed = invoke(handler, json!({})).await;
    let check = |assertion: &dyn Fn(), expect: &[&str]| {
        let panic = catch_unwind(AssertUnwindSafe(assertion)).unwrap_err();
        let message = panic.downcast_ref::<String>().expect("a message");
        for text in expect {
            assert!(message.contains(text), "{message}");
        }
    };
    check(
        &|| {
            observed.log("file lost");
        },
        &[
            "no log line says \"file lost\"",
            "file stored",
            "log lines seen: 1",
        ],
    );
    check(
        &|| {
            observed.log("file stored").field("size", 4);
        },
        &["\"size\" is 3, not 4", "file stored"],
    );
    check(
        &|| {
            observed.segment("load");
        },
        &["no segment is named \"load\"", "\"store\""],
    );
    check(
        &|| {
            observed.metric("FilesStored").sum(2.0);
        },
        &["sum is 1, not 2", "\"FilesStored\":1"],
    );
    check(
        &|| {
            observed.metric("FilesStored").dimension("bucket", "c");
        },
        &["no series has bucket=c"],
    );
    check(
        &|| assert_eq!(observed.error(), ""),
        &["the handler succeeded"],
    );
}

#[tokio::test]
async fn invocations_beside_each_other_are_captured_apart() {
    let calls = (0..300).map(|number| {
        tokio::spawn(async move {
            let handler = async |event: LambdaEvent<u64>| {
                for _ in 0..3 {
                    tokio::task::yield_now().await;
                    metrics::counter!("Steps").increment(event.payload);
                    tracing::info!(number = event.payload, "step");
                }
                Ok::<_, Error>(())
            };
            let observed = invoke(handler, number).await;
            observed.metric("Steps").sum(3.0 * number as f64).count(3);
            assert_eq!(observed.logs().len(), 3);
            assert!(observed.logs().iter().all(|line| line["number"] == number));
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
}

#[test]
fn spawned_tasks_are_seen_on_a_runtime_of_the_functions_own() {
    let handler = async |_: LambdaEvent<Value>| {
        let task = tokio::spawn(async {
            tracing::info!("in a task");
            metrics::counter!("InTask").increment(1);
        });
        task.await.map_err(Error::from)
    };
    let observed = Function::new().block_on(handler, json!({}));
    observed.log("in a task");
    observed.metric("InTask").sum(1.0);
}

#[test]
fn code_that_is_no_handler_is_observed() {
    let function = Function::with_env([("OBS_DIMENSIONS", "environment=test")]);
    let observed = function.observe(|| metrics::counter!("Plain").increment(2));
    observed
        .metric("Plain")
        .dimension("environment", "test")
        .sum(2.0);
}

#[tokio::test]
async fn every_line_carries_the_keys_of_its_invocation() {
    let function = Function::with_env([
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("OBS_SERVICE", "vault"),
        ("OBS_LOG_SAMPLE", "1"),
    ]);
    let mut context = lambda_runtime::Context::default();
    context.request_id = "request-1".to_owned();
    context.invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:f".to_owned();
    context.xray_trace_id = Some(
        "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1".to_owned(),
    );
    let handler = async |_: LambdaEvent<Value>| {
        tracing::info!("hello");
        Ok::<_, Error>(())
    };
    let observed = function.invoke_with(context, handler, json!({})).await;
    let line = observed
        .log("hello")
        .level("INFO")
        .field("service", "vault")
        .field("function_name", "function")
        .field("function_version", "$LATEST")
        .field("function_memory_size", 512)
        .field(
            "function_arn",
            "arn:aws:lambda:us-east-1:000000000000:function:f",
        )
        .field("request_id", "request-1")
        .field("xray_trace_id", "1-5759e988-bd862e3fe1be46a994272793")
        .field("cold_start", true)
        .field("sampling_rate", 1.0);
    for key in ["timestamp", "location", "correlation_id"] {
        assert!(line.value()[key].is_string(), "{key}: {}", line.value());
    }
}
