//! OpenTelemetry's spans arrive, in each of the three forms.

use std::{
    collections::HashMap,
    io::{Read as _, Write as _},
    net::{TcpListener, UdpSocket},
    time::{Duration, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use opentelemetry::{
    Context, KeyValue,
    propagation::TextMapPropagator as _,
    trace::{
        Span as _, SpanContext, SpanId, SpanKind, Status, TraceContextExt as _, TraceFlags,
        TraceId, Tracer as _, TracerProvider as _,
    },
};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanExporter};
use prost::Message as _;

use super::{OtlpHttpExporter, OtlpUdpExporter, Propagator, Signing, XraySpanExporter};
use crate::segment::{Segments, Settings};

/// Makes one failing client call below a remote parent.
fn work(exporter: impl SpanExporter + 'static) {
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter)
        .build();
    let tracer = provider.tracer("test");
    // A W3C trace id, whose first word is no time.
    let parent = SpanContext::new(
        TraceId::from_hex("ffffffff1e8720b39541901950019ee5").unwrap(),
        SpanId::from_hex("53995c3f42cd8ad8").unwrap(),
        TraceFlags::SAMPLED,
        true,
        Default::default(),
    );
    let context = Context::new().with_remote_span_context(parent);
    let builder = tracer
        .span_builder("call")
        .with_kind(SpanKind::Client)
        .with_attributes([
            KeyValue::new("url.full", "https://h/p"),
            KeyValue::new("http.response.status_code", 503),
            KeyValue::new("db.password", "hunter2"),
        ]);
    let mut span = tracer.build_with_context(builder, &context);
    span.record_error(&std::io::Error::other("reset"));
    span.set_status(Status::error("gone"));
    span.end();
}

fn daemon() -> (UdpSocket, String) {
    let daemon = UdpSocket::bind("127.0.0.1:0").unwrap();
    daemon
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    let address = daemon.local_addr().unwrap().to_string();
    (daemon, address)
}

fn received(daemon: &UdpSocket) -> String {
    let mut buffer = vec![0; 70_000];
    let length = daemon.recv(&mut buffer).unwrap();
    let text = String::from_utf8(buffer[..length].to_vec()).unwrap();
    text.strip_prefix("{\"format\":\"json\",\"version\":1}\n")
        .expect("the header")
        .to_owned()
}

#[test]
fn a_span_is_a_document_by_the_same_table() {
    let (daemon, address) = daemon();
    work(XraySpanExporter::to(&format!(
        "tcp:127.0.0.1:1 udp:{address}"
    )));
    let document: serde_json::Value = serde_json::from_str(&received(&daemon)).unwrap();
    assert_eq!(document["trace_id"], "1-ffffffff-1e8720b39541901950019ee5");
    assert_eq!(document["parent_id"], "53995c3f42cd8ad8");
    assert_eq!(document["namespace"], "remote");
    assert_eq!(document["fault"], true);
    assert_eq!(document["http"]["request"]["url"], "https://h/p");
    assert_eq!(document["cause"]["exceptions"][0]["message"], "gone");
    assert!(!document.to_string().contains("hunter2"));
}

#[test]
fn the_daemon_takes_otlp_too() {
    let (daemon, address) = daemon();
    work(OtlpUdpExporter::to(&address));
    let text = received(&daemon);
    let body = text.strip_prefix("T1S").expect("sampled");
    let bytes = STANDARD.decode(body).unwrap();
    assert!(!bytes.windows(7).any(|window| window == b"hunter2"));
    let request = ExportTraceServiceRequest::decode(&bytes[..]).unwrap();
    assert_eq!(
        request.resource_spans[0].scope_spans[0].spans[0].name,
        "call"
    );
}

#[test]
fn a_span_too_large_for_a_datagram_is_counted_as_lost() {
    let (daemon, address) = daemon();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(OtlpUdpExporter::to(&address))
        .build();
    let here = Segments::connect(None, Settings::default());
    let before = here.lost();
    let tracer = provider.tracer("test");
    let huge = KeyValue::new("text", "x".repeat(70_000));
    let builder = tracer.span_builder("huge").with_attributes([huge]);
    tracer.build(builder).end();
    assert_eq!(here.lost() - before, 1);
    tracer.start("small").end();
    assert!(received(&daemon).starts_with("T1S"));
}

#[test]
fn a_collector_gets_protobuf_over_http() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut seen = Vec::new();
        let mut buffer = [0; 4096];
        while !seen.windows(4).any(|window| window == b"call") {
            let length = stream.read(&mut buffer).unwrap();
            seen.extend_from_slice(&buffer[..length]);
        }
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            .unwrap();
        String::from_utf8_lossy(&seen).into_owned()
    });
    work(OtlpHttpExporter::to(endpoint));
    let seen = server.join().unwrap();
    assert!(seen.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{seen}");
    assert!(seen.contains("application/x-protobuf"), "{seen}");
}

#[test]
fn requests_to_x_ray_are_signed() {
    let signing = Signing {
        region: "eu-west-1".into(),
        access_key_id: "AKID".into(),
        secret_access_key: "secret".into(),
        session_token: Some("token".into()),
    };
    let time = UNIX_EPOCH + Duration::from_secs(1_795_405_294);
    let headers = signing
        .headers(
            "https://xray.eu-west-1.amazonaws.com/v1/traces",
            b"body",
            time,
        )
        .unwrap();
    let of = |name: &str| {
        headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    assert!(
        of("authorization")
            .unwrap()
            .contains("Credential=AKID/20261123/eu-west-1/xray/aws4_request")
    );
    assert_eq!(of("x-amz-security-token"), Some("token"));
}

#[test]
fn a_lineage_that_no_trace_state_can_carry_does_not_cost_the_trace() {
    for lineage in ["25:a87bd80c:1|c512fbe3:2", "a=b", "a,b", "caf\u{e9}", ""] {
        let header = format!(
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage={lineage}"
        );
        let carrier = HashMap::from([("x-amzn-trace-id".to_owned(), header)]);
        let context = Propagator::default().extract(&carrier);
        let span = context.span();
        let trace_id = span.span_context().trace_id().to_string();
        assert_eq!(trace_id, "5759e988bd862e3fe1be46a994272793", "{lineage}");
    }
}

#[test]
fn names_and_events_leave_without_secrets() {
    let spans = Kept::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(spans.clone())
        .build();
    let mut span = provider.tracer("test").start("GET /u/hunter2@example.com");
    span.add_event("to hunter2@example.com", vec![]);
    span.add_event("login", vec![KeyValue::new("password", "a hunter2")]);
    span.end();
    let mut told = spans.0.lock().unwrap().clone();
    let redactor = cloudvault_obs_core::redact::Redactor::default();
    let fields = super::convert::fields(&told[0], &redactor);
    let mut document = Vec::new();
    super::convert::subsegment(&told[0], &fields)
        .unwrap()
        .write(&mut document);
    let document = String::from_utf8(document).unwrap();
    assert!(
        document.contains("login") && !document.contains("hunter2"),
        "{document}"
    );
    super::otlp::redact(&mut told, &redactor);
    let shown = format!("{told:?}");
    assert!(
        shown.contains("login") && !shown.contains("hunter2"),
        "{shown}"
    );
}

/// Keeps what it is given.
#[derive(Debug, Clone, Default)]
struct Kept(std::sync::Arc<std::sync::Mutex<Vec<opentelemetry_sdk::trace::SpanData>>>);

impl SpanExporter for Kept {
    async fn export(
        &self,
        mut spans: Vec<opentelemetry_sdk::trace::SpanData>,
    ) -> opentelemetry_sdk::error::OTelSdkResult {
        self.0.lock().unwrap().append(&mut spans);
        Ok(())
    }
}
