//! What goes out comes in again.

use base64::Engine as _;
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::event::{self, Origin};

const ROOT: &str = "1-5759e988-bd862e3fe1be46a994272793";

fn outbound(id: &str) -> Outbound {
    Outbound {
        correlation_id: id.to_owned(),
        trace_header: format!("Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a:1"),
        debug: false,
        lineage: String::new(),
    }
}

#[test]
fn headers_are_set_once_and_baggage_is_added_to() {
    let mut headers = HeaderMap::new();
    outbound("corr 1").inject(&mut headers);
    let shown = format!("{headers:?}");
    assert_eq!(headers["x-correlation-id"], "corr 1");
    assert_eq!(headers["x-amzn-trace-id"], outbound("").trace_header);
    assert_eq!(
        headers["traceparent"],
        "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01"
    );
    assert_eq!(headers["baggage"], "correlation.id=corr%201");
    outbound("other").inject(&mut headers);
    assert_eq!(format!("{headers:?}"), shown, "what is set stays");

    let mut headers = HeaderMap::new();
    headers.insert("baggage", HeaderValue::from_static("tenant=7"));
    outbound("c").inject(&mut headers);
    let baggage: Vec<_> = headers.get_all("baggage").iter().collect();
    assert_eq!(baggage, ["tenant=7", "correlation.id=c"]);
    outbound("c").inject(&mut headers);
    assert_eq!(headers.get_all("baggage").iter().count(), 2);

    let mut headers = HeaderMap::new();
    headers.insert(
        "baggage",
        HeaderValue::from_static("other.correlation.id=7"),
    );
    outbound("c").inject(&mut headers);
    assert_eq!(headers.get_all("baggage").iter().count(), 2);
}

#[test]
fn an_untraced_invocation_sends_no_trace() {
    let outbound = Outbound {
        correlation_id: "c".to_owned(),
        trace_header: String::new(),
        debug: false,
        lineage: String::new(),
    };
    let mut headers = HeaderMap::new();
    outbound.inject(&mut headers);
    assert_eq!(headers.len(), 2);
    assert_eq!(outbound.context(), json!({"x-correlation-id": "c"}));
}

#[test]
fn a_context_goes_into_objects_only() {
    let outbound = outbound("c");
    let mut object = json!({"a": 1});
    assert!(outbound.put_into(&mut object));
    assert_eq!(object["__context__"]["x-correlation-id"], "c");
    assert!(!outbound.put_into(&mut object), "one is there already");
    assert!(!outbound.put_into(&mut json!([1])));
    assert_eq!(outbound.splice("[1]"), None);
    let parse =
        |text: &str| serde_json::from_str::<Value>(&outbound.splice(text).unwrap()).unwrap();
    assert_eq!(parse(r#"{"a": 1}"#), object);
    assert_eq!(parse(" { } ").as_object().unwrap().len(), 1);
}

/// Every way out, as the receiving function's event has it.
#[expect(clippy::too_many_lines, reason = "a list of cases")]
fn events(outbound: &Outbound) -> Vec<(&'static str, Value, Origin)> {
    let mut headers = HeaderMap::new();
    outbound.inject(&mut headers);
    let headers: serde_json::Map<String, Value> = headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().into()))
        .collect();
    let mut only_baggage = headers.clone();
    only_baggage.remove("x-correlation-id");
    let attributes = |key: &str| -> serde_json::Map<String, Value> {
        outbound
            .attributes()
            .map(|(name, value)| (name.to_owned(), json!({ key: value })))
            .collect()
    };
    let kafka: Vec<Value> = outbound
        .attributes()
        .map(|(name, value)| json!({ name: value.as_bytes() }))
        .collect();
    let payload = outbound.splice(r#"{"a": [{}, "}"]}"#).unwrap();
    let data = base64::engine::general_purpose::STANDARD.encode(&payload);
    let payload: Value = serde_json::from_str(&payload).unwrap();
    let envelope =
        json!({"Type": "Notification", "Message": "hi", "MessageAttributes": attributes("Value")});
    let records = |record: Value| json!({ "Records": [record] });
    vec![
        (
            "http",
            json!({"headers": headers, "requestContext": {"requestId": "r"}}),
            Origin::Header,
        ),
        (
            "baggage",
            json!({ "multiValueHeaders": only_baggage }),
            Origin::Baggage,
        ),
        (
            "sqs",
            records(
                json!({"messageId": "m", "body": "hi", "messageAttributes": attributes("stringValue")}),
            ),
            Origin::Attribute,
        ),
        (
            "sns to sqs",
            records(json!({"messageId": "m", "body": envelope.to_string()})),
            Origin::Attribute,
        ),
        (
            "json in sqs",
            records(json!({"messageId": "m", "body": payload.to_string()})),
            Origin::Context,
        ),
        (
            "sns",
            records(
                json!({"Sns": {"MessageId": "m", "Message": "hi", "MessageAttributes": attributes("Value")}}),
            ),
            Origin::Attribute,
        ),
        (
            "kinesis",
            records(json!({"eventID": "e", "kinesis": {"data": data}})),
            Origin::Context,
        ),
        (
            "firehose",
            json!({"invocationId": "i", "records": [{"recordId": "r", "data": data}]}),
            Origin::Context,
        ),
        (
            "kafka",
            json!({"records": {"t-0": [{"value": "", "headers": kafka}]}}),
            Origin::Attribute,
        ),
        (
            "dynamodb",
            records(
                json!({"eventID": "e", "dynamodb": {"NewImage": {"__context__": outbound.item_attribute()}}}),
            ),
            Origin::Context,
        ),
        (
            "eventbridge",
            json!({"id": "e", "detail-type": "t", "detail": payload}),
            Origin::Context,
        ),
        ("direct", payload, Origin::Context),
    ]
}

proptest! {
    #[test]
    fn every_way_out_is_read_back(id in "[!-~]([ -~]{0,60}[!-~])?") {
        for (name, event, origin) in events(&outbound(&id)) {
            let finding = event::inspect(event.to_string().as_bytes());
            prop_assert_eq!(finding.correlation_id.as_deref(), Some(id.as_str()), "{}", name);
            prop_assert_eq!(finding.origin, Some(origin), "{}", name);
        }
    }
}

#[test]
fn the_debug_decision_travels_with_the_id() {
    let loud = Outbound {
        debug: true,
        ..outbound("c")
    };
    for (name, event, _) in events(&loud) {
        assert_eq!(
            event::read(event.to_string().as_bytes()).debug,
            Some(true),
            "{name}"
        );
    }
    for (name, event, _) in events(&outbound("c")) {
        assert_eq!(
            event::read(event.to_string().as_bytes()).debug,
            None,
            "{name}"
        );
    }
}

#[test]
fn the_lineage_travels_with_the_id() {
    let sent = Outbound {
        lineage: "1a2b3c4d:2|5e6f7a8b:1".to_owned(),
        ..outbound("c")
    };
    for (name, event, _) in events(&sent) {
        let read = event::read(event.to_string().as_bytes());
        let lineage = read.lineage.map(|lineage| lineage.to_string());
        assert_eq!(lineage.as_ref(), Some(&sent.lineage), "{name}");
    }
    for (name, event, _) in events(&outbound("c")) {
        let read = event::read(event.to_string().as_bytes());
        assert_eq!(read.lineage, None, "{name}");
    }
}

#[test]
fn the_trace_comes_back_as_a_link() {
    for (name, record) in [
        (
            "sqs",
            json!({"attributes": {"AWSTraceHeader": outbound("c").trace_header}}),
        ),
        (
            "kinesis",
            json!({"kinesis": {"data": base64::engine::general_purpose::STANDARD
            .encode(outbound("c").splice("{}").unwrap())}}),
        ),
        (
            "dynamodb",
            json!({"dynamodb": {"NewImage": {"__context__": outbound("c").item_attribute()}}}),
        ),
    ] {
        let read = event::record::read(record.to_string().as_bytes());
        let trace = read
            .found
            .trace
            .unwrap_or_else(|| panic!("{name}: no trace"));
        assert_eq!(trace.to_string(), outbound("c").trace_header, "{name}");
    }
}

#[tokio::test]
async fn an_http_call_is_a_remote_subsegment_above_the_receivers() {
    use tower::{Layer as _, ServiceExt as _};

    use crate::{Error, LambdaEvent, testing::Function};

    async fn answer(request: http::Request<()>) -> Result<http::Response<HeaderMap>, Error> {
        let mut response = http::Response::new(request.headers().clone());
        *response.status_mut() = http::StatusCode::IM_A_TEAPOT;
        Ok(response)
    }
    async fn handler(_: LambdaEvent<Value>) -> Result<String, Error> {
        let request = http::Request::get("https://user@example.com/files?token=s").body(())?;
        let client = HttpLayer::new().layer(tower::service_fn(answer));
        let headers = client.oneshot(request).await?.into_body();
        assert_eq!(headers["x-correlation-id"], "corr-1");
        Ok(headers["x-amzn-trace-id"].to_str()?.to_owned())
    }

    let event = json!({"headers": {"x-correlation-id": "corr-1"}});
    let observed = Function::new().invoke(handler, event).await;
    let call = &observed.segments()[0]["subsegments"][0];
    assert_eq!(call["name"], "example.com");
    assert_eq!(call["namespace"], "remote");
    assert_eq!(call["http"]["request"]["url"], "https://example.com/files");
    assert_eq!(call["http"]["response"]["status"], 418);
    assert_eq!(call["error"], true);
    let parent = format!("Parent={};", call["id"].as_str().unwrap());
    assert!(
        observed.response().contains(&parent),
        "{}",
        observed.response()
    );
}
