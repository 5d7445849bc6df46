//! Every document is valid by AWS's own schema, whole, and within its limit.

use std::{collections::BTreeMap, sync::LazyLock};

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::{json::Value, log::Members, redact::Redactor};

/// AWS's published schema.
static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let text = include_str!("../../schemas/xray-segmentdocument-schema-v1.0.0.json");
    let schema = serde_json::from_str(text).expect("the schema is JSON");
    jsonschema::draft4::new(&schema).expect("the schema is one")
});

#[track_caller]
fn validate(document: &Json) {
    let errors: Vec<String> = SCHEMA
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:?} in {document}");
}

fn subsegment<'a>(name: &'a str, fields: &'a Fields) -> Subsegment<'a> {
    Subsegment {
        name,
        id: SegmentId::from_bits(1),
        trace_id: TraceId::from_bits(2),
        parent_id: Some(SegmentId::from_bits(3)),
        start_us: 1_795_405_294_505_003,
        end_us: Some(1_795_405_294_507_040),
        recorded: Recorded::Fields(fields),
    }
}

fn written(subsegment: &Subsegment<'_>) -> Json {
    let mut out = Vec::new();
    subsegment.write(&mut out);
    assert!(out.len() <= MAX_DOCUMENT, "{} bytes", out.len());
    let document = serde_json::from_slice(&out).expect("valid JSON");
    validate(&document);
    document
}

/// Checks what `fields` add to a document named `span`.
#[track_caller]
fn check(fields: &[(&str, Value<'_>)], expect: Json) {
    let mut recorded = Fields::default();
    for (name, value) in fields {
        recorded.add(name, *value, &Redactor::off());
    }
    let mut document = written(&subsegment("span", &recorded));
    let members = document.as_object_mut().unwrap();
    for fixed in [
        "type",
        "id",
        "trace_id",
        "parent_id",
        "start_time",
        "end_time",
    ] {
        assert!(members.remove(fixed).is_some(), "{fixed}");
    }
    assert_eq!(document, expect);
}

use Value::{Bool, F64, I64, Str, U64};

#[test]
fn a_document_has_what_x_ray_requires() {
    let fields = Fields::default();
    let mut of = subsegment("put<Object>", &fields);
    assert_eq!(
        written(&of),
        json!({
            "type": "subsegment", "name": "put-Object-", "id": "0000000000000001",
            "trace_id": "1-00000000-000000000000000000000002", "parent_id": "0000000000000003",
            "start_time": 1_795_405_294.505_003, "end_time": 1_795_405_294.507_04,
        })
    );
    of.end_us = None;
    assert_eq!(written(&of)["in_progress"], true);
    of.parent_id = None;
    assert_eq!(written(&of).get("type"), None);
}

#[test]
fn plain_fields_are_annotations_and_the_last_value_wins() {
    check(
        &[
            ("user.id", U64(7)),
            ("ok", Bool(true)),
            ("ratio", F64(0.5)),
            ("user.id", I64(-8)),
            ("", Str("e")),
        ],
        json!({"name": "span", "annotations": {"user_id": -8, "ok": true, "ratio": 0.5, "_": "e"}}),
    );
    check(
        &[
            ("metadata.k", Str("a")),
            ("metadata.ns.k.l", I64(1)),
            ("metadata.ns.AWS.x", I64(2)),
            ("metadata.AWS.x", I64(3)),
        ],
        json!({"name": "span", "metadata": {"default": {"k": "a"}, "ns": {"k.l": 1, "AWS_x": 2},
            "AWS": {"x": 3}}}),
    );
}

#[test]
fn names_that_x_ray_keeps_for_itself_or_refuses_are_spelt_anew() {
    let redactor = Redactor::off();
    let mut fields = Fields::default();
    let long = "n\u{e9}".repeat(50_000);
    for namespace in ["AWS.x", &long, ""] {
        fields.metadata(namespace, "k", I64(1), &redactor);
    }
    fields.add(&long, Bool(true), &redactor);
    fields.add("AWS.text", Str(&"x".repeat(1001)), &redactor);
    let document = written(&subsegment("a", &fields));
    let metadata = document["metadata"].as_object().unwrap();
    assert_eq!(metadata["AWS_x"]["k"], 1);
    assert_eq!(metadata[&long[..750]]["k"], 1);
    assert_eq!(metadata[""]["k"], 1);
    assert!(metadata["default"].get("AWS_text").is_some());
    let annotation = "n_".repeat(250);
    assert_eq!(document["annotations"][&annotation], true);
}

#[test]
fn a_long_text_is_kept_whole_in_metadata() {
    let (fits, long) = ("\u{e9}\"".repeat(500), "x".repeat(1001));
    check(
        &[
            ("fits", Str(&fits)),
            ("a.long", Str(&long)),
            ("after", I64(1)),
        ],
        json!({"name": "span", "annotations": {"fits": fits, "after": 1}, "metadata": {"default": {"a.long": long}}}),
    );
    let url = format!("https://a/{}", "\u{e9}".repeat(300));
    let cut: String = url.chars().take(250).collect();
    check(
        &[("url.full", Str(&url))],
        json!({"name": "span", "namespace": "remote", "http": {"request": {"url": cut}},
               "metadata": {"default": {"url.full": url}}}),
    );
}

#[test]
fn annotations_stop_at_fifty_and_none_is_lost() {
    let mut fields = Fields::default();
    for number in 0..60 {
        fields.add(&format!("k.{number}"), I64(number), &Redactor::off());
    }
    fields.add("k.0", I64(100), &Redactor::off());
    let document = written(&subsegment("a", &fields));
    assert_eq!(document["annotations"].as_object().unwrap().len(), 50);
    assert_eq!(document["annotations"]["k_0"], 100);
    assert_eq!(
        document["metadata"]["default"].as_object().unwrap().len(),
        10
    );
    assert_eq!(document["metadata"]["default"]["k.59"], 59);
}

#[test]
fn http_fields_make_an_http_block_and_the_status_its_flags() {
    let call = [
        ("otel.kind", Str("client")),
        ("otel.name", Str("api.example.com")),
        ("http.request.method", Str("GET")),
        ("url.full", Str("https://api.example.com/x?y=1")),
        ("user_agent.original", Str("curl")),
        ("client.address", Str("192.0.2.1")),
        ("http.response.body.size", U64(5)),
    ];
    let expect = |status: u64, flags: &[&str]| {
        let mut expect = json!({"name": "api.example.com", "namespace": "remote", "http": {
            "request": {"method": "GET", "url": "https://api.example.com/x?y=1", "user_agent": "curl", "client_ip": "192.0.2.1"},
            "response": {"content_length": 5, "status": status}}});
        for flag in flags {
            expect[flag] = true.into();
        }
        expect
    };
    for (status, flags) in [
        (200, &[][..]),
        (404, &["error"]),
        (429, &["error", "throttle"]),
        (503, &["fault"]),
    ] {
        let mut call = call.to_vec();
        call.push(("http.response.status_code", U64(status)));
        check(&call, expect(status, flags));
    }
}

#[test]
fn a_card_number_where_a_number_belongs_is_an_annotation_without_it() {
    let card = 4_111_111_111_111_111;
    let members = [
        ("http.response.status_code", "http_response_status_code"),
        ("http.response.body.size", "http_response_body_size"),
        ("aws.retries", "aws_retries"),
    ];
    for (name, annotation) in members {
        for value in [U64(card), I64(card as i64), Str("4111111111111111")] {
            let mut fields = Fields::default();
            fields.add(name, value, &Redactor::default());
            let document = written(&subsegment("a", &fields));
            assert_eq!(document["annotations"], json!({annotation: "[REDACTED]"}));
            assert_eq!(document["http"], Json::Null);
            assert_eq!(document["aws"], Json::Null);
        }
    }
}

#[test]
fn a_url_is_put_together_from_its_parts() {
    let parts = [
        ("url.scheme", Str("http")),
        ("server.address", Str("h")),
        ("server.port", U64(81)),
        ("url.path", Str("/p")),
        ("url.query", Str("q=1")),
    ];
    let mut served = parts.to_vec();
    served.extend([
        ("http.request.method", Str("GET")),
        ("otel.kind", Str("server")),
    ]);
    check(
        &served,
        json!({"name": "span", "http": {"request": {"method": "GET", "url": "http://h:81/p?q=1"}}}),
    );
    check(
        &parts,
        json!({"name": "span", "annotations": {"url_scheme": "http", "server_address": "h", "server_port": 81,
            "url_path": "/p", "url_query": "q=1"}}),
    );
}

#[test]
fn aws_calls_have_an_aws_block() {
    check(
        &[
            ("rpc.system", Str("aws-api")),
            ("rpc.service", Str("DynamoDB")),
            ("rpc.method", Str("PutItem")),
            ("aws.region", Str("eu-west-1")),
            ("aws.request_id", Str("R1")),
            ("aws.dynamodb.table_names", Str("[\"files\", \"shares\"]")),
            ("aws.retries", U64(2)),
            ("http.response.status_code", Str("400")),
        ],
        json!({"name": "DynamoDB", "namespace": "aws", "error": true, "http": {"response": {"status": 400}},
            "aws": {"operation": "PutItem", "region": "eu-west-1", "request_id": "R1", "table_name": "files",
                    "retries": 2, "resource_names": ["shares"]}}),
    );
    check(
        &[
            ("aws.s3.bucket", Str("b")),
            ("aws.s3.key", Str("k")),
            ("aws.sqs.queue.url", Str("https://q")),
            ("messaging.destination.name", Str("q")),
            ("aws.operation", Str("X")),
        ],
        json!({"name": "span", "namespace": "aws", "aws": {"bucket_name": "b", "key": "k",
            "queue_url": "https://q", "operation": "X", "resource_names": ["q"]}}),
    );
    check(
        &[
            ("rpc.system", Str("grpc")),
            ("rpc.method", Str("Get")),
            ("messaging.destination.name", Str("q")),
        ],
        json!({"name": "span", "annotations": {"rpc_system": "grpc", "rpc_method": "Get",
            "messaging_destination_name": "q"}}),
    );
}

#[test]
fn databases_have_a_sql_block() {
    check(
        &[
            ("db.system.name", Str("postgresql")),
            ("db.query.text", Str("SELECT 1")),
            ("db.user", Str("u")),
            ("db.namespace", Str("files")),
            ("server.address", Str("db.local")),
            ("server.port", U64(5432)),
        ],
        json!({"name": "span", "namespace": "remote", "sql": {"database_type": "postgresql",
            "sanitized_query": "SELECT 1", "user": "u", "url": "db.local:5432/files"}}),
    );
    check(
        &[("db.system", Str("dynamodb"))],
        json!({"name": "span", "namespace": "aws", "aws": {}, "sql": {"database_type": "dynamodb"}}),
    );
}

#[test]
fn errors_point_at_their_sources() {
    let mut fields = Fields::default();
    fields.add("error.type", Str("StoreError"), &Redactor::off());
    fields.fail([
        Exception::new("", "store"),
        Exception::new("Os", "disk full"),
    ]);
    fields.fail([Exception::new("Late", "ignored")]);
    let document = written(&subsegment("a", &fields));
    let exceptions = document["cause"]["exceptions"].as_array().unwrap();
    assert_eq!(document["fault"], true);
    assert_eq!(exceptions.len(), 2);
    assert_eq!(
        (&exceptions[0]["type"], &exceptions[0]["message"]),
        (&json!("StoreError"), &json!("store"))
    );
    assert_eq!(exceptions[0]["cause"], exceptions[1]["id"]);
    assert_eq!(exceptions[1].get("cause"), None);
    assert_ne!(exceptions[0]["id"], exceptions[1]["id"]);

    check(&[("error", Bool(false))], json!({"name": "span"}));
    check(
        &[("error", Bool(true))],
        json!({"name": "span", "fault": true}),
    );
    check(
        &[("otel.status_code", Str("ERROR"))],
        json!({"name": "span", "fault": true}),
    );
    check(
        &[
            ("error.type", Str("503")),
            ("http.response.status_code", U64(503)),
        ],
        json!({"name": "span", "fault": true, "http": {"response": {"status": 503}}}),
    );
}

#[test]
fn an_exception_has_its_stack_and_what_is_cut_is_said() {
    let mut fields = Fields::default();
    fields.add("exception.type", Str("E"), &Redactor::off());
    fields.add(
        "exception.message",
        Str(&"m".repeat(100_000)),
        &Redactor::off(),
    );
    let stack: String = (0..80)
        .map(|n| format!("{n}: f{n}\n at src/a.rs:{n}:1\n"))
        .collect();
    fields.add("exception.stacktrace", Str(&stack), &Redactor::off());
    let document = written(&subsegment("a", &fields));
    let exception = &document["cause"]["exceptions"][0];
    let message = exception["message"].as_str().unwrap();
    assert!(
        message.ends_with("... [cut 91808 bytes]"),
        "{}",
        &message[8000..]
    );
    assert_eq!(
        exception["stack"][3],
        json!({"path": "src/a.rs", "line": 3, "label": "f3"})
    );
    assert_eq!(exception["stack"].as_array().unwrap().len(), 50);
    assert!(exception["truncated"].as_u64().unwrap() >= 1);
}

#[test]
fn links_name_other_traces() {
    let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    check(
        &[
            ("xray.link", Str(header)),
            ("xray.link", Str("Root=1-00000001-000000000000000000000001")),
        ],
        json!({"name": "span", "links": [
            {"trace_id": "1-5759e988-bd862e3fe1be46a994272793", "id": "53995c3f42cd8ad8"},
            {"trace_id": "1-00000001-000000000000000000000001"}]}),
    );
    let mut fields = Fields::default();
    for number in 0..5000 {
        fields.link(Link {
            trace_id: TraceId::from_bits(number),
            id: None,
        });
    }
    assert_eq!(
        written(&subsegment("a", &fields))["links"]
            .as_array()
            .unwrap()
            .len(),
        100
    );
}

#[test]
fn a_field_recorded_forever_takes_no_more_memory() {
    let mut fields = Fields::default();
    for number in 0..100_000 {
        fields.add("progress", I64(number), &Redactor::off());
    }
    assert!(fields.capacity() < 300_000);
    assert_eq!(
        written(&subsegment("a", &fields))["annotations"]["progress"],
        99_999
    );
}

#[test]
fn a_document_too_large_is_cut_with_a_mark_in_the_value_and_in_sum() {
    let mut fields = Fields::default();
    fields.add("small", I64(1), &Redactor::off());
    fields.add("huge", Str(&"\u{e9}\"\n".repeat(50_000)), &Redactor::off());
    fields.metadata_json(
        "default",
        "response",
        format!("[{}0]", "0,".repeat(40_000)).as_bytes(),
    );
    let document = written(&subsegment("a", &fields));
    assert_eq!(document["annotations"]["small"], 1);
    let huge = document["metadata"]["default"]["huge"].as_str().unwrap();
    assert!(huge.contains("... [cut ") && huge.ends_with(" bytes]"));
    assert!(document["annotations"]["obs_cut_bytes"].as_u64().unwrap() > 100_000);
}

#[test]
fn a_document_of_the_worst_characters_fits() {
    let worst = "\u{1}".repeat(20_000);
    let mut fields = Fields::default();
    fields.fail((0..40).map(|_| Exception::new(worst.clone(), worst.clone())));
    for index in 0..200 {
        fields.link(Link {
            trace_id: TraceId::from_bits(index),
            id: Some(SegmentId::from_bits(7)),
        });
        fields.metadata(
            &format!("{index}{worst}"),
            &worst,
            Str(&worst),
            &Redactor::off(),
        );
        fields.add(&format!("{index}{worst}"), Str(&worst), &Redactor::off());
    }
    let name = "\u{4e00}".repeat(300);
    let document = written(&subsegment(&name, &fields));
    assert_eq!(document["links"].as_array().map(Vec::len), Some(100));
    assert_eq!(
        document["cause"]["exceptions"].as_array().map(Vec::len),
        Some(32)
    );
}

#[test]
fn secrets_reach_no_document() {
    let mut fields = Fields::default();
    let redactor = Redactor::default();
    for (name, value) in [
        ("db.password", "hunter2-a"),
        ("metadata.api_key", "hunter2-b"),
        ("url.full", "https://h/p?token=hunter2-c"),
        ("error", "no login with password=hunter2-d"),
        ("exception.stacktrace", "0: f(password=hunter2-e)"),
        ("db.query.text", "SELECT 1 -- password=hunter2-f"),
        ("note", "Authorization: Bearer hunter2-g"),
        ("otel.name", "GET /login?password=hunter2-h"),
    ] {
        fields.add(name, Str(value), &redactor);
    }
    let padding = "p".repeat(230);
    let url = format!("https://h/{padding}/hunter2@example.com");
    fields.add("http.url", Str(&url), &redactor);
    let document = written(&subsegment("a", &fields)).to_string();
    assert!(!document.contains("hunter2"), "{document}");
}

/// A span of a random tree.
#[derive(Debug, Clone)]
struct Span {
    parent: Option<usize>,
    alone: bool,
    values: Vec<(String, String, usize)>,
    errors: usize,
}

fn spans() -> impl Strategy<Value = Vec<Span>> {
    let value = (
        "[a-z.\"\u{e9}]{0,12}",
        "[ -~\u{e9}\n]{1,8}",
        prop_oneof![8 => 1..40usize, 1 => 1000..30_000usize],
    );
    let span = (
        any::<prop::sample::Index>(),
        any::<bool>(),
        prop::collection::vec(value, 0..6),
        0..4usize,
        0..10u8,
    );
    prop::collection::vec(span, 1..40).prop_map(|spans| {
        let of = |(index, (parent, alone, values, errors, root)): (
            usize,
            (prop::sample::Index, bool, _, _, u8),
        )| Span {
            // Mostly the one before, so that trees grow deep.
            parent: (index > 0 && root > 0).then(|| {
                if root > 5 {
                    index - 1
                } else {
                    parent.index(index)
                }
            }),
            alone: alone && root == 3,
            values,
            errors,
        };
        spans.into_iter().enumerate().map(of).collect()
    })
}

fn batch_of(spans: &[Span]) -> Batch {
    let mut batch = Batch::default();
    // Children end before their parents, mostly.
    for (index, span) in spans.iter().enumerate().rev() {
        let mut fields = Fields::default();
        for (name, text, times) in &span.values {
            fields.add(name, Str(&text.repeat(*times)), &Redactor::off());
        }
        if span.errors > 0 {
            fields.fail((0..span.errors).map(|n| Exception::new("E", format!("{n}"))));
        }
        let id = |index: usize| SegmentId::from_bits(index as u64 + 1);
        let subsegment = Subsegment {
            id: id(index),
            parent_id: Some(span.parent.map_or(SegmentId::from_bits(u64::MAX), id)),
            ..subsegment("span", &fields)
        };
        let delivery = if span.alone {
            Delivery::Alone
        } else {
            Delivery::Nested
        };
        batch.push(&subsegment, delivery);
    }
    batch
}

/// Every id with its parent's, from nested and from separate documents.
fn flatten(document: &Json, parent: &str, into: &mut Vec<(String, String)>) {
    let id = document["id"].as_str().unwrap();
    into.push((id.to_owned(), parent.to_owned()));
    for child in document["subsegments"].as_array().into_iter().flatten() {
        flatten(child, id, into);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn of_any_tree_every_span_is_sent_once_below_its_parent(spans in spans()) {
        let mut seen = Vec::new();
        batch_of(&spans).datagrams(|datagram| {
            assert!(datagram.len() <= 65_507);
            let document = datagram.strip_prefix(DATAGRAM_HEADER).expect("the header");
            assert!(document.len() <= MAX_DOCUMENT);
            let document: Json = serde_json::from_slice(document).expect("valid JSON");
            validate(&document);
            flatten(&document, document["parent_id"].as_str().unwrap(), &mut seen);
        });
        let sent: BTreeMap<String, String> = seen.iter().cloned().collect();
        prop_assert_eq!(sent.len(), seen.len(), "an id twice");
        prop_assert_eq!(sent.len(), spans.len());
        for (index, span) in spans.iter().enumerate() {
            let parent = span.parent.map_or(u64::MAX, |parent| parent as u64 + 1);
            prop_assert_eq!(&sent[&format!("{:016x}", index + 1)], &format!("{parent:016x}"));
        }
    }

    #[test]
    fn members_taken_over_at_once_are_as_fields_set_one_by_one(
        above in prop::collection::vec("[a-e]{1,2}", 0..4),
        fields in prop::collection::btree_map("[a-e]{1,3}", (".{0,9}", 0..200_usize), 0..60),
    ) {
        let redactor = Redactor::default();
        let (mut one_by_one, mut at_once) = (Fields::default(), Fields::default());
        let mut members = Members::default();
        for key in above {
            members.redacted(&key, Str("above"), &redactor);
        }
        members.mark();
        for (key, (text, times)) in &fields {
            let value = text.repeat(*times);
            one_by_one.add(key, Str(&value), &redactor);
            members.redacted(key, Str(&value), &redactor);
        }
        at_once.adopt(&members);
        prop_assert_eq!(
            written(&subsegment("span", &one_by_one)),
            written(&subsegment("span", &at_once))
        );
        if let Some(annotations) = Fields::annotations(&members) {
            let as_they_are = Subsegment {
                recorded: Recorded::Annotations(annotations),
                ..subsegment("span", &one_by_one)
            };
            prop_assert_eq!(written(&as_they_are), written(&subsegment("span", &one_by_one)));
        }
    }

    #[test]
    fn any_name_and_field_gives_a_valid_document(
        name in "[ -~\u{e9}\u{0436}\n<>]{0,220}", key: String, value: String, end: i64,
    ) {
        let mut fields = Fields::default();
        fields.add(&key, Str(&value), &Redactor::off());
        fields.add("metadata.x", Str(&value), &Redactor::off());
        fields.add("url.full", Str(&value), &Redactor::off());
        fields.add("error", Str(&value), &Redactor::off());
        let of = Subsegment { end_us: Some(end), ..subsegment(&name, &fields) };
        let document = written(&of);
        prop_assert!(document["name"].as_str().unwrap().chars().count() <= 200);
        prop_assert!(document["end_time"].as_f64() >= document["start_time"].as_f64());
        prop_assert_eq!(document["metadata"]["default"]["x"].as_str(), Some(value.as_str()));
    }
}

#[test]
fn one_small_tree_is_one_datagram_and_what_was_announced_goes_alone() {
    let span = |parent, alone| Span {
        parent,
        alone,
        values: Vec::new(),
        errors: 0,
    };
    let count = |spans: &[Span]| {
        let mut count = 0;
        batch_of(spans).datagrams(|_| count += 1);
        count
    };
    let tree = [
        span(None, false),
        span(Some(0), false),
        span(Some(1), false),
        span(Some(0), false),
    ];
    assert_eq!(count(&tree), 1);
    let mut announced = tree.to_vec();
    announced[1].alone = true;
    assert_eq!(count(&announced), 2);
    // A chain deeper than readers of JSON like is split.
    let chain: Vec<Span> = (0..200)
        .map(|n: usize| span(n.checked_sub(1), false))
        .collect();
    assert_eq!(count(&chain), 10);
}
