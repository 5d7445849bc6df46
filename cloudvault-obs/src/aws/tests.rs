//! A call's way through the hooks, as the SDK's orchestrator takes it.

use std::sync::Mutex;

use aws_smithy_runtime_api::{
    client::{
        interceptors::{
            Intercept as _,
            context::{Error, Input, InterceptorContext, Output},
        },
        orchestrator::{HttpRequest, HttpResponse, Metadata, OrchestratorError},
        runtime_components::RuntimeComponentsBuilder,
    },
    http::StatusCode,
};
use aws_smithy_types::{
    body::SdkBody,
    config_bag::{ConfigBag, Layer},
};
use serde_json::{Value, json};

use super::{Interceptor, message};
use crate::{
    propagation::Outbound,
    segment::testing::{TRACE, Traced},
};

fn request(uri: &str, headers: &[(&'static str, &'static str)], body: &str) -> HttpRequest {
    let mut request = HttpRequest::new(SdkBody::from(body));
    request.set_uri(uri.to_owned()).expect("a URI");
    for (name, value) in headers {
        request.headers_mut().insert(*name, *value);
    }
    request
}

/// Takes one call of `attempts` attempts through the hooks; gives what was sent.
fn call(
    (service, operation): (&'static str, &'static str),
    request: HttpRequest,
    attempts: usize,
    response: HttpResponse,
) -> (Option<String>, Vec<u8>) {
    let interceptor = Interceptor::new();
    let components = RuntimeComponentsBuilder::for_tests()
        .build()
        .expect("components");
    let mut cfg = ConfigBag::base();
    let mut layer = Layer::new("call");
    layer.store_put(Metadata::new(operation, service));
    cfg.push_layer(layer);
    let mut context: InterceptorContext<Input, Output, Error> =
        InterceptorContext::new(Input::doesnt_matter());
    interceptor
        .read_before_serialization(&(&context).into(), &components, &mut cfg)
        .unwrap();
    context.enter_serialization_phase();
    let _ = context.take_input();
    context.set_request(request);
    context.enter_before_transmit_phase();
    interceptor
        .modify_before_retry_loop(&mut (&mut context).into(), &components, &mut cfg)
        .unwrap();
    for _ in 0..attempts {
        interceptor
            .modify_before_signing(&mut (&mut context).into(), &components, &mut cfg)
            .unwrap();
        interceptor
            .read_before_transmit(&(&context).into(), &components, &mut cfg)
            .unwrap();
    }
    let sent = context.request().expect("a request");
    let header = sent.headers().get("x-amzn-trace-id").map(str::to_owned);
    let body = sent.body().bytes().unwrap_or_default().to_vec();
    context.enter_transmit_phase();
    let _ = context.take_request();
    let failed = response.status().as_u16() >= 400;
    context.set_response(response);
    context.enter_before_deserialization_phase();
    context.enter_deserialization_phase();
    context.set_output_or_error(if failed {
        let error = std::io::Error::other("no such table");
        Err(OrchestratorError::operation(Error::erase(error)))
    } else {
        Ok(Output::doesnt_matter())
    });
    context.enter_after_deserialization_phase();
    interceptor
        .read_after_execution(&(&context).into(), &components, &mut cfg)
        .unwrap();
    (header, body)
}

const SIGNED: (&str, &str) = (
    "authorization",
    "AWS4-HMAC-SHA256 Credential=AKID/20261123/eu-west-1/dynamodb/aws4_request, SignedHeaders=host",
);

fn response(status: u16, headers: &[(&'static str, &'static str)]) -> HttpResponse {
    let status = StatusCode::try_from(status).expect("a status");
    let mut response = HttpResponse::new(status, SdkBody::empty());
    for (name, value) in headers {
        response.headers_mut().insert(*name, *value);
    }
    response
}

/// The subsegment of one call, made in an invocation, and what was sent.
fn check(
    names: (&'static str, &'static str),
    request: HttpRequest,
    attempts: usize,
    response: HttpResponse,
) -> (Value, String, Vec<u8>) {
    let traced = Traced::start();
    let sent = Mutex::new(None);
    let given = Mutex::new(Some((request, response)));
    traced.invoke(|| {
        let _span = tracing::info_span!("work").entered();
        let (request, response) = given.lock().unwrap().take().expect("called once");
        *sent.lock().unwrap() = Some(call(names, request, attempts, response));
    });
    let documents = traced.documents();
    let of = |name: &str| {
        documents
            .iter()
            .find(|document| document["name"] == name)
            .cloned()
    };
    let (subsegment, work) = (of(names.0).expect("the call"), of("work").expect("work"));
    assert_eq!(subsegment["parent_id"], work["id"]);
    assert_eq!(subsegment["namespace"], "aws");
    let (header, body) = sent.into_inner().unwrap().expect("called");
    (subsegment, header.expect("a header"), body)
}

#[test]
fn a_call_is_a_subsegment_and_carries_its_id_and_lineage() {
    let body = r#"{"TableName":"files","Item":{"id":{"S":"1"}}}"#;
    let (document, header, sent) = check(
        ("DynamoDB", "PutItem"),
        request(
            "https://dynamodb.eu-west-1.amazonaws.com/",
            &[SIGNED, ("content-type", "application/x-amz-json-1.0")],
            body,
        ),
        3,
        response(
            400,
            &[
                ("x-amzn-requestid", "R1"),
                ("x-amzn-errortype", "ResourceNotFoundException:http://x"),
            ],
        ),
    );
    assert_eq!(
        document["aws"],
        json!({"operation": "PutItem", "region": "eu-west-1", "request_id": "R1", "table_name": "files", "retries": 2})
    );
    assert_eq!(
        (&document["error"], &document["http"]["response"]["status"]),
        (&json!(true), &json!(400))
    );
    let exception = &document["cause"]["exceptions"][0];
    assert_eq!(
        (&exception["type"], &exception["message"]),
        (&json!("ResourceNotFoundException"), &json!("no such table"))
    );
    let id = document["id"].as_str().unwrap();
    assert_eq!(
        header,
        format!("Root={TRACE};Parent={id};Sampled=1;Lineage=a:1")
    );
    assert_eq!(sent, body.as_bytes());
}

#[test]
fn buckets_functions_topics_and_queues_are_named() {
    let ok = || response(200, &[("x-amz-request-id", "R2"), ("x-amz-id-2", "E2")]);
    let aws = |names, uri: &str, headers: &[(&'static str, &'static str)], body: &str| {
        check(names, request(uri, headers, body), 1, ok()).0["aws"].clone()
    };
    let s3 = aws(
        ("S3", "GetObject"),
        "https://b.s3.eu-west-1.amazonaws.com/a%20b/c?x-id=G",
        &[],
        "",
    );
    assert_eq!(
        (&s3["bucket_name"], &s3["key"], &s3["id_2"]),
        (&json!("b"), &json!("a b/c"), &json!("E2"))
    );
    let s3 = aws(("S3", "GetObject"), "http://127.0.0.1:4566/b/k", &[], "");
    assert_eq!((&s3["bucket_name"], &s3["key"]), (&json!("b"), &json!("k")));
    let lambda = aws(
        ("Lambda", "Invoke"),
        "https://l/2015-03-31/functions/share/invocations",
        &[],
        "",
    );
    assert_eq!(lambda["function_name"], "share");
    let sns = aws(
        ("SNS", "Subscribe"),
        "https://sns/",
        &[],
        "Action=Subscribe&TopicArn=arn%3Aaws%3Asns",
    );
    assert_eq!(sns["topic_arn"], "arn:aws:sns");
    let json = [("content-type", "application/x-amz-json-1.0")];
    let sqs = aws(
        ("SQS", "ReceiveMessage"),
        "https://sqs/",
        &json,
        r#"{"QueueUrl":"https://q"}"#,
    );
    assert_eq!(
        (&sqs["queue_url"], &sqs["request_id"], &sqs["retries"]),
        (&json!("https://q"), &json!("R2"), &json!(0))
    );
}

#[test]
fn outside_an_invocation_a_call_goes_through_untouched() {
    let sent = call(
        ("SQS", "SendMessage"),
        request("https://sqs/", &[], "{}"),
        1,
        response(200, &[]),
    );
    assert_eq!(sent, (None, b"{}".to_vec()));
}

#[test]
fn a_queued_message_carries_the_ids_and_its_length_is_right() {
    let headers = [
        ("content-type", "application/x-amz-json-1.0"),
        ("content-length", "30"),
    ];
    let body = r#"{"QueueUrl":"q","MessageBody":"m"}"#;
    let (_, header, sent) = check(
        ("SQS", "SendMessage"),
        request("https://sqs/", &headers, body),
        1,
        response(200, &[]),
    );
    let sent: Value = serde_json::from_slice(&sent).unwrap();
    assert_eq!(sent["MessageBody"], "m");
    assert_eq!(
        sent["MessageAttributes"]["correlation-id"]["StringValue"],
        "corr-1"
    );
    assert_eq!(
        sent["MessageSystemAttributes"]["AWSTraceHeader"]["StringValue"],
        header.as_str()
    );
}

fn changed(kind: message::Kind, body: &str) -> String {
    let ids = Outbound {
        correlation_id: "c 1".to_owned(),
        trace_header: "Root=r".to_owned(),
        debug: false,
        lineage: String::new(),
    };
    let body = message::with_ids(kind, body.as_bytes(), &ids).expect("changed");
    String::from_utf8(body).unwrap()
}

#[test]
fn what_a_message_says_already_is_left_alone() {
    use message::Kind;
    let own =
        json!({"MessageAttributes": {"correlationId": {"DataType": "String", "StringValue": "x"}}});
    let sent: Value = serde_json::from_str(&changed(Kind::SqsOne, &own.to_string())).unwrap();
    assert_eq!(sent["MessageAttributes"], own["MessageAttributes"]);
    let full: serde_json::Map<String, Value> =
        (0..10).map(|n| (format!("a{n}"), json!({}))).collect();
    let batch = json!({"Entries": [{"MessageAttributes": full}, {"MessageAttributes": null}]});
    let sent: Value = serde_json::from_str(&changed(Kind::SqsBatch, &batch.to_string())).unwrap();
    assert_eq!(
        sent["Entries"][0]["MessageAttributes"]
            .as_object()
            .unwrap()
            .len(),
        10
    );
    assert_eq!(
        sent["Entries"][1]["MessageAttributes"]["correlation-id"]["StringValue"],
        "c 1"
    );

    let form = "Action=Publish&Message=m&MessageAttributes.entry.1.Name=a";
    assert_eq!(
        changed(Kind::SnsOne, form),
        format!(
            "{form}&MessageAttributes.entry.2.Name=correlation-id&MessageAttributes.entry.2.Value.DataType=String\
                 &MessageAttributes.entry.2.Value.StringValue=c%201"
        )
    );
    let batch = "Action=PublishBatch&PublishBatchRequestEntries.member.1.Id=1";
    let member = "&PublishBatchRequestEntries.member.1.MessageAttributes.entry.1";
    assert_eq!(
        changed(Kind::SnsBatch, batch),
        format!(
            "{batch}{member}.Name=correlation-id{member}.Value.DataType=String{member}.Value.StringValue=c%201"
        )
    );

    let events = json!({"Entries": [{"Detail": "{\"a\":1}"}, {"Detail": "{\"__context__\":{}}", "TraceHeader": "t"}, {"Detail": "text"}]});
    let sent: Value = serde_json::from_str(&changed(Kind::Events, &events.to_string())).unwrap();
    let detail: Value =
        serde_json::from_str(sent["Entries"][0]["Detail"].as_str().unwrap()).unwrap();
    assert_eq!(
        detail,
        json!({"a": 1, "__context__": {"x-correlation-id": "c 1", "x-amzn-trace-id": "Root=r"}})
    );
    assert_eq!(sent["Entries"][0]["TraceHeader"], "Root=r");
    assert_eq!(sent["Entries"][1], events["Entries"][1]);
    assert_eq!(sent["Entries"][2]["Detail"], "text");

    // What is the sender's stays as it was written.
    let own = r#" {"b": 123456789012345678901234567890.50, "a": 1e400, "a": {}}"#;
    let events = json!({"Entries": [{ "Detail": own }]});
    let sent: Value = serde_json::from_str(&changed(Kind::Events, &events.to_string())).unwrap();
    let detail = sent["Entries"][0]["Detail"].as_str().unwrap();
    assert!(detail.ends_with(&own[2..]), "{detail}");
}
