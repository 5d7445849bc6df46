//! Every document and metric line that leaves is valid by the schema that AWS
//! publishes, whichever way it was made: a batch, a failure, a tree that has to be
//! split, a span that has to be cut, an in-progress one, OpenTelemetry's.

use std::{sync::LazyLock, time::Duration};

use cloudvault_obs::{
    Error, LambdaEvent,
    batch::Batch,
    metric::{self, Description, Unit},
    testing::{Function, Observed},
};
use jsonschema::Validator;
use serde_json::{Value, json};

static SEGMENT: LazyLock<Validator> = LazyLock::new(|| {
    let text = include_str!("../core/schemas/xray-segmentdocument-schema-v1.0.0.json");
    let schema = serde_json::from_str(text).expect("the schema is JSON");
    jsonschema::draft4::new(&schema).expect("the schema is one")
});

static METRICS: LazyLock<Validator> = LazyLock::new(|| {
    let text = include_str!("../core/schemas/embedded-metric-format.json");
    let schema = serde_json::from_str(text).expect("the schema is JSON");
    jsonschema::draft7::new(&schema).expect("the schema is one")
});

#[track_caller]
fn valid(schema: &Validator, document: &Value) {
    let errors: Vec<_> = schema
        .iter_errors(document)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?} in {document}");
}

/// Checks everything that was emitted, and answers all subsegments one by one.
#[track_caller]
fn check<T>(observed: &Observed<T>) -> Vec<Value> {
    fn flatten(document: &Value, into: &mut Vec<Value>) {
        into.push(document.clone());
        let nested = document["subsegments"].as_array();
        nested
            .into_iter()
            .flatten()
            .for_each(|child| flatten(child, into));
    }
    let mut all = Vec::new();
    for document in observed.segments() {
        assert!(
            document.to_string().len() <= 64_000,
            "{}",
            document.to_string().len()
        );
        valid(&SEGMENT, document);
        flatten(document, &mut all);
    }
    observed
        .metric_lines()
        .iter()
        .for_each(|line| valid(&METRICS, line));
    all
}

#[tokio::test]
async fn a_batch_with_failures_and_links_gives_valid_documents() {
    let record = |number: u32| {
        json!({
            "eventSource": "aws:sqs",
            "messageId": format!("m-{number}"),
            "body": "x",
            "attributes": {"AWSTraceHeader":
                format!("Root=1-5759e988-{number:024x};Parent=53995c3f42cd8ad8;Sampled=1")},
        })
    };
    let event = json!({"Records": (1..=10).map(record).collect::<Vec<_>>()});
    let handler = async |event: LambdaEvent<Value>| {
        let work = |record: Value| match record["messageId"].as_str() {
            Some("m-3") => Err(Error::from("not today")),
            _ => Ok(()),
        };
        Ok::<_, Error>(Batch::from(event.payload).each(work))
    };
    let observed = Function::new().invoke(handler, event).await;
    let records: Vec<_> = check(&observed)
        .into_iter()
        .filter(|document| document["name"] == "record")
        .collect();
    assert_eq!(records.len(), 10);
    assert!(
        records
            .iter()
            .all(|record| record["links"][0]["trace_id"].is_string())
    );
    assert_eq!(
        records
            .iter()
            .filter(|record| record["fault"] == true)
            .count(),
        1
    );
}

#[tokio::test]
async fn a_failure_with_a_long_chain_and_a_long_message_is_valid() {
    #[derive(Debug)]
    struct Deep(u32);
    impl std::fmt::Display for Deep {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "{} {}", self.0, "é\u{1}\"\\".repeat(4000))
        }
    }
    impl std::error::Error for Deep {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            static ALL: [Deep; 3] = [Deep(0), Deep(1), Deep(2)];
            Some(ALL.get(self.0.checked_sub(1)? as usize)?)
        }
    }
    let handler = async |_: LambdaEvent<Value>| Err::<(), Error>(Deep(3).into());
    let observed = Function::new().invoke(handler, json!({})).await;
    let handler = &check(&observed)[0];
    let causes = handler["cause"]["exceptions"].as_array().expect("causes");
    assert_eq!(causes.len(), 4);
}

#[tokio::test]
async fn a_tree_that_is_split_is_valid_in_every_part_and_whole_in_sum() {
    let handler = async |_: LambdaEvent<Value>| {
        for number in 0..700 {
            tracing::info_span!("outer", number, metadata.text = "t".repeat(200))
                .in_scope(|| tracing::info_span!("inner", number).in_scope(|| ()));
        }
        Ok::<_, Error>(())
    };
    let observed = Function::new().invoke(handler, json!({})).await;
    let all = check(&observed);
    assert!(
        observed.segments().len() > 2,
        "{}",
        observed.segments().len()
    );
    assert_eq!(all.len(), 1 + 2 * 700);
    let mut ids: Vec<_> = all
        .iter()
        .map(|document| document["id"].to_string())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all.len());
}

#[tokio::test]
async fn a_span_that_is_cut_is_valid_and_says_so() {
    let handler = async |_: LambdaEvent<Value>| {
        let long = "é\"\\\n".repeat(30_000);
        tracing::info_span!(
            "huge",
            metadata.one = long,
            db.query.text = long,
            url.full = long,
            otel.name = long
        );
        Ok::<_, Error>(())
    };
    let observed = Function::new().invoke(handler, json!({})).await;
    let all = check(&observed);
    let cut = |document: &&Value| document["annotations"]["obs_cut_bytes"].is_u64();
    assert_eq!(all.iter().filter(cut).count(), 1);
}

/// The watch announces from a thread of its own: the handler waits until it has.
#[tokio::test]
async fn what_is_in_progress_is_valid_before_and_after() {
    let function = Function::with_env([("OBS_TRACE_IN_PROGRESS", "10ms")]);
    let handler = async |_: LambdaEvent<Value>| {
        let _open = tracing::info_span!("slow").entered();
        std::thread::sleep(Duration::from_millis(300));
        Ok::<_, Error>(())
    };
    let observed = function.invoke(handler, json!({})).await;
    let all = check(&observed);
    let named = |name: &str| {
        all.iter()
            .filter(|document| document["name"] == name)
            .count()
    };
    assert_eq!((named("handler"), named("slow")), (2, 2), "{all:?}");
    let open = all
        .iter()
        .filter(|document| document["in_progress"] == true);
    assert_eq!(open.count(), 2);
}

#[tokio::test]
async fn metric_lines_of_every_kind_are_valid() {
    let handler = async |_: LambdaEvent<Value>| {
        let sets: &[&[&str]] = &[&["service"], &["service", "bucket"], &[]];
        metric::describe(
            "Sets",
            Description::default()
                .high_resolution()
                .dimension_sets(sets),
        );
        metrics::counter!("Sets", "bucket" => "b").increment(1);
        (0..250).for_each(|value| metrics::histogram!("Many").record(f64::from(value)));
        (0..120).for_each(|number| metrics::gauge!(format!("G{number}")).set(1.0));
        metric::single("One")
            .unit(Unit::Bytes)
            .dimension("d", "v")
            .record(1e300);
        metric::metadata("order", json!({"id": [1, null, "x"]}));
        Ok::<_, Error>(())
    };
    let function = Function::with_env([("OBS_COLD_START_METRIC", "true")]);
    let observed = function.invoke(handler, json!({})).await;
    check(&observed);
    assert!(
        observed.metric_lines().len() >= 5,
        "{}",
        observed.metric_lines().len()
    );
    observed.metric("Many").count(250);
    observed.metric("ColdStart").sum(1.0);
}

#[cfg(feature = "otel")]
#[test]
fn spans_of_opentelemetry_are_valid_documents() {
    use std::net::UdpSocket;

    use cloudvault_obs::otel::XraySpanExporter;
    use opentelemetry::{
        KeyValue,
        trace::{Span as _, SpanKind, Status, Tracer as _, TracerProvider as _},
    };
    use opentelemetry_sdk::trace::SdkTracerProvider;

    let daemon = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = daemon.local_addr().expect("bound").to_string();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(XraySpanExporter::to(&address))
        .build();
    let tracer = provider.tracer("test");
    let kinds = [
        SpanKind::Client,
        SpanKind::Server,
        SpanKind::Producer,
        SpanKind::Consumer,
        SpanKind::Internal,
    ];
    for kind in kinds {
        let builder = tracer
            .span_builder("what? (really)")
            .with_kind(kind)
            .with_attributes([
                KeyValue::new("url.full", "https://h/p"),
                KeyValue::new("http.response.status_code", 429),
                KeyValue::new("odd key", opentelemetry::Value::Array(vec![1, 2].into())),
                KeyValue::new("long", "x".repeat(70_000)),
            ]);
        let mut span = tracer.build(builder);
        span.record_error(&std::io::Error::other("reset"));
        span.add_event("seen", vec![KeyValue::new("k", 1.5)]);
        span.set_status(Status::error("gone"));
        span.end();
        let mut buffer = vec![0; 70_000];
        let length = daemon.recv(&mut buffer).expect("a datagram");
        let text = std::str::from_utf8(&buffer[..length]).expect("UTF-8");
        let (_, document) = text.split_once('\n').expect("a header");
        assert!(document.len() <= 64_000, "{}", document.len());
        valid(&SEGMENT, &serde_json::from_str(document).expect("JSON"));
    }
}
