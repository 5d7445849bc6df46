//! AWS's own Rust clients ask for lines by filter patterns and for traces by filter
//! expressions.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_sdk_cloudwatchlogs::error::ProvideErrorMetadata;
use aws_sdk_xray::config::{BehaviorVersion, Region};
use aws_sdk_xray::primitives::DateTime;
use obs_dev::store::{LogRecord, Store};
use obs_dev::{Dev, LogGroup, ManualClock, Options};
use serde_json::{Value, json};

/// 2026-11-23T05:00:00Z
const NOW_MS: i64 = 1_795_410_000_000;
const GROUP: &str = "/aws/lambda/upload";

macro_rules! client {
    ($sdk:ident, $dev:expr) => {
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("us-east-1"))
                .endpoint_url(format!("http://{}", $dev.address()))
                .credentials_provider(Credentials::new("AKID", "secret", None, None, "test"))
                .http_client(aws_smithy_http_client::Builder::new().build_http())
                .build(),
        )
    };
}

async fn start() -> (Dev, tempfile::TempDir) {
    let data = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(NOW_MS));
    let group = LogGroup {
        name: GROUP.to_owned(),
        function: Some("upload".to_owned()),
        retention_days: None,
    };
    let options = Options {
        listen: "127.0.0.1:0".parse().unwrap(),
        log_groups: vec![group],
        ..Options::new(data.path())
    };
    (Dev::start_at(options, clock).await.unwrap(), data)
}

fn log(store: &Store, time_ms: i64, line: &str) {
    let record = LogRecord {
        time_ms,
        function: "upload".to_owned(),
        stream: "2026/11/23/[$LATEST]0123".to_owned(),
        request_id: None,
        line: line.to_owned(),
    };
    store.append_log(&record).unwrap();
}

#[tokio::test]
async fn lines_come_in_pages_and_a_pattern_finds_them() {
    let (dev, _data) = start().await;
    let logs = client!(aws_sdk_cloudwatchlogs, dev);
    let store = &dev.account().store;
    for at in 0..25 {
        log(
            store,
            NOW_MS + at,
            &json!({ "n": at, "message": "done" }).to_string(),
        );
    }
    let asked = logs.filter_log_events().log_group_name(GROUP);
    let pages = asked
        .clone()
        .filter_pattern("{ $.n >= 5 && $.message = \"done\" }")
        .end_time(NOW_MS + 19)
        .limit(6)
        .into_paginator();
    let mut pages = pages.send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        assert!(page.events().len() <= 6);
        found.extend(
            page.events()
                .iter()
                .map(|event| event.timestamp().unwrap() - NOW_MS),
        );
    }
    assert_eq!(found, (5..20).collect::<Vec<_>>());
    let arn = format!("arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}");
    let by_arn = logs.filter_log_events().log_group_identifier(arn);
    let by_stream = by_arn.log_stream_names("2026/11/23/[$LATEST]0123");
    let all = by_stream.start_time(NOW_MS + 24).send().await.unwrap();
    let [event] = all.events() else {
        panic!("{all:?}");
    };
    assert_eq!(event.message(), Some("{\"message\":\"done\",\"n\":24}"));
    assert_eq!(event.log_stream_name(), Some("2026/11/23/[$LATEST]0123"));
    assert_eq!(event.ingestion_time(), Some(NOW_MS + 24));
    assert_eq!(event.event_id().map(str::len), Some(56));
    assert_eq!(
        (all.next_token(), all.searched_log_streams().len()),
        (None, 0)
    );
    let unknown = logs.filter_log_events().log_group_name("/aws/lambda/none");
    let error = unknown.send().await.unwrap_err().into_service_error();
    assert!(error.is_resource_not_found_exception(), "{error:?}");
    let error = asked.filter_pattern("{ $.n = }").send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidParameterException"));
    assert!(error.message().unwrap().contains("Invalid filter pattern"));
    dev.stop().await;
}

fn trace_id(number: i64) -> String {
    format!("1-581cf771-{number:024x}")
}

/// The two segments of a function's invocation, and a subsegment sent on its own.
fn invocation(number: i64, function: &str, more: Value) -> Vec<String> {
    let start = (NOW_MS / 1000 + number) as f64;
    let segment = |place: i64, fields: Value| {
        let mut segment = json!({
            "trace_id": trace_id(number), "id": format!("{:016x}", number * 10 + place),
            "name": function, "start_time": start, "end_time": start + 0.5,
        });
        let own = segment.as_object_mut().unwrap();
        own.extend(fields.as_object().unwrap().clone());
        segment
    };
    let above = |place: i64| format!("{:016x}", number * 10 + place);
    let mut last = json!({ "parent_id": above(1), "origin": "AWS::Lambda::Function" });
    last.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let handler = json!({
        "parent_id": above(2), "type": "subsegment", "name": "handler",
        "annotations": { "order": number },
    });
    [
        segment(1, json!({ "origin": "AWS::Lambda" })),
        segment(2, last),
        segment(3, handler),
    ]
    .map(|document| document.to_string())
    .to_vec()
}

fn asked(
    xray: &aws_sdk_xray::Client,
    expression: &str,
) -> aws_sdk_xray::operation::get_trace_summaries::builders::GetTraceSummariesFluentBuilder {
    xray.get_trace_summaries()
        .start_time(DateTime::from_millis(NOW_MS))
        .end_time(DateTime::from_millis(NOW_MS + 3_600_000))
        .filter_expression(expression)
}

/// The traces of all pages, and how many were looked at.
async fn found_by(xray: &aws_sdk_xray::Client, expression: &str) -> (BTreeSet<String>, i64) {
    let (mut found, mut processed) = (BTreeSet::new(), 0);
    let mut pages = asked(xray, expression).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        processed += page.traces_processed_count().unwrap();
        for summary in page.trace_summaries() {
            assert!(found.insert(summary.id().unwrap().to_owned()));
            let says = (summary.duration(), summary.has_fault());
            assert_eq!(says, (Some(0.5), Some(false)));
        }
    }
    (found, processed)
}

#[tokio::test]
async fn traces_are_found_by_expressions_in_pages() {
    let (dev, _data) = start().await;
    let xray = client!(aws_sdk_xray, dev);
    // More than one page looks at; the oldest is the one that stands out.
    for number in 0..130 {
        let (function, more) = match number {
            0 => ("upload", json!({ "fault": true })),
            _ => ("list", json!({})),
        };
        let put = xray.put_trace_segments();
        let documents = invocation(number, function, more);
        let put = put.set_trace_segment_documents(Some(documents));
        assert!(
            put.send()
                .await
                .unwrap()
                .unprocessed_trace_segments()
                .is_empty()
        );
    }
    for (expression, expect) in [
        ("", 130),
        (
            "service(id(name: \"upload\", type: \"AWS::Lambda::Function\"))",
            1,
        ),
        (
            "service(id(name: \"list\", type: \"AWS::Lambda::Function\"))",
            129,
        ),
        ("service(\"upload\") { fault } AND annotation.order = 0", 1),
        ("annotation.order >= 120 ok", 10),
        ("fault", 0),
    ] {
        let (found, processed) = found_by(&xray, expression).await;
        assert_eq!((found.len(), processed), (expect, 130), "{expression}");
        if expect == 1 {
            assert!(found.contains(&trace_id(0)), "{expression}");
        }
    }
    for (expression, says) in [
        ("fualt", "at character 1: expected a keyword"),
        ("group.name = \"g\"", "groups are not evaluated here"),
    ] {
        let error = asked(&xray, expression).send().await.unwrap_err();
        assert_eq!(error.code(), Some("InvalidRequestException"));
        assert!(error.message().unwrap().contains(says), "{error:?}");
    }
    dev.stop().await;
}
