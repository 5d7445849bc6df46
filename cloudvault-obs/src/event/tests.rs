use proptest::prelude::*;
use serde_json::json;

use cloudvault_obs_core::correlation::CorrelationId;

use super::*;

fn check(payload: impl AsRef<[u8]>, expect: Option<&str>) {
    let found = read(payload.as_ref()).into_id();
    assert_eq!(found.as_ref().map(CorrelationId::as_str), expect);
}

#[test]
fn an_http_event_gives_its_header_then_its_request_id() {
    let event = |headers| {
        json!({"version": "2.0", "requestContext": {"http": {"method": "GET"}, "requestId": "req-1"},
               "headers": headers, "body": "{\"headers\":{\"x-correlation-id\":\"forged\"}}"})
        .to_string()
    };
    check(event(json!({"x-correlation-id": "corr-1"})), Some("corr-1"));
    check(
        event(json!({"X-Correlation-ID": " corr-1 "})),
        Some("corr-1"),
    );
    check(
        event(json!({"x-correlation-token": "t", "x-correlation-id": "i"})),
        Some("i"),
    );
    check(event(json!({"X-Correlation-Token": "t"})), Some("t"));
    check(
        event(json!({"baggage": "a=1, correlation.id=b-1;p=2"})),
        Some("b-1"),
    );
    check(
        event(json!({"x-correlation-id": "evil\r\nline"})),
        Some("req-1"),
    );
    check(event(json!({"x-correlation-id": 5})), Some("req-1"));
    check(event(json!(null)), Some("req-1"));
}

#[test]
fn a_queue_record_gives_its_attribute_then_what_its_body_carries() {
    let s3 = json!({"Records": [{"eventSource": "aws:s3", "s3": {"object": {"key": "k"}},
        "responseElements": {"x-amz-request-id": "s3-1", "x-amz-id-2": "z"}}]});
    let sns = json!({"Type": "Notification", "Message": "hi",
        "MessageAttributes": {"correlation_id": {"Type": "String", "Value": "sns-1"}}});
    let wrapped = json!({"Type": "Notification", "Message": s3.to_string()});
    let record = |attributes: serde_json::Value, body: String| {
        json!({"Records": [{"messageId": "m", "body": body, "messageAttributes": attributes,
            "eventSource": "aws:sqs"}, {"messageAttributes": {"correlationId": {"stringValue": "second"}}}]})
        .to_string()
    };
    let attribute = json!({"other": {"stringValue": "o"}, "correlationId": {"dataType": "String", "stringValue": "sqs-1"}});
    check(record(attribute, sns.to_string()), Some("sqs-1"));
    check(record(json!({}), sns.to_string()), Some("sns-1"));
    check(record(json!({}), s3.to_string()), Some("s3-1"));
    check(record(json!({}), wrapped.to_string()), Some("s3-1"));
    check(record(json!({}), "not JSON".into()), Some("m"));
    check(s3.to_string(), Some("s3-1"));
}

#[test]
fn what_is_no_event_has_no_id() {
    for payload in [
        "",
        "null",
        "[1,2]",
        "\u{0}\u{1}",
        "{\"headers\":",
        "{\"Records\":[]}",
        "{]",
    ] {
        check(payload, None);
    }
    check([0xff, 0xfe, b'{'], None);
}

#[test]
fn what_stood_before_a_fault_still_counts() {
    check(
        "{\"headers\":{\"x-correlation-id\":\"c\"},\"body\":nonsense",
        Some("c"),
    );
    check(
        "{\"requestContext\":{\"requestId\":\"r\"},\"body\":nonsense",
        Some("r"),
    );
}

#[test]
fn deep_nesting_is_skipped_without_recursion() {
    let deep = format!(
        "{{\"x\":{}{},\"requestContext\":{{\"requestId\":\"r\"}}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    check(deep, Some("r"));
}

#[track_caller]
fn check_origin(event: serde_json::Value, id: &str, origin: Origin) {
    let finding = inspect(event.to_string().as_bytes());
    let found = (finding.correlation_id.as_deref(), finding.origin);
    assert_eq!(found, (Some(id), Some(origin)), "{event}");
}

#[test]
fn headers_are_read_wherever_a_source_has_them() {
    let headers = json!({"Accept": "*/*", "X-Correlation-Id": "c"});
    for event in [
        json!({"requestContext": {"elb": {}}, "multiValueHeaders": {"x-correlation-id": ["c", "d"]}}),
        json!({"version": "2.0", "headers": {"x-correlation-id": ["c"]}, "requestContext": {"serviceNetworkArn": "a"}}),
        json!({"arguments": {}, "request": {"headers": headers, "domainName": null}, "info": {}}),
        json!([{"request": {"headers": headers}}, {"request": {}}]),
        json!({"xAmzRequestId": "r", "userRequest": {"url": "u", "headers": headers}}),
        json!({"token": "t", "protocolData": {"tls": {}, "http": {"headers": headers}}, "connectionMetadata": {"id": "i"}}),
        json!({"Records": [{"eventSource": "aws:ses", "ses": {"mail": {"messageId": "m",
            "headers": [{"name": "From", "value": "f"}, {"name": "X-Correlation-ID", "value": "c"}]}}}]}),
        json!({"httpMethod": "GET", "headers": null, "multiValueHeaders": {"X-Correlation-Id": ["c"]},
            "requestContext": {"connectionId": "i", "requestId": "r"}}),
    ] {
        check_origin(event, "c", Origin::Header);
    }
}

#[test]
fn brokers_and_triggers_give_what_their_users_set() {
    for event in [
        json!({"eventSource": "aws:rmq", "rmqMessagesByQueue": {"q::/": [
            {"basicProperties": {"correlationId": "c", "headers": {}}, "data": ""}]}}),
        json!({"rmqMessagesByQueue": {"q::/": [
            {"basicProperties": {"headers": {"x-correlation-id": {"bytes": [99]}}}}]}}),
        json!({"eventSource": "aws:mq", "messages": [{"messageID": "m", "correlationID": "c"}]}),
        json!({"eventSource": "aws:mq", "messages": [{"messageID": "m", "correlationID": "",
            "properties": {"x-correlation-id": "c"}}]}),
        json!({"triggerSource": "PreSignUp", "request": {"clientMetadata": {"correlationId": "c"}}}),
        json!({"Details": {"ContactData": {"ContactId": "i", "Attributes": {"correlation_id": "c"}}}}),
        json!({"bot": {}, "sessionAttributes": {"correlationId": "c"}}),
    ] {
        check_origin(event, "c", Origin::Attribute);
    }
}

#[test]
fn a_context_is_read_in_every_shape() {
    let in_item = |context| json!({"Records": [{"eventID": "e", "dynamodb": {"NewImage": {"__context__": context}}}]});
    let removed = json!({"Records": [{"eventName": "REMOVE", "eventID": "e", "dynamodb":
        {"OldImage": {"__context__": {"S": "c"}}, "SequenceNumber": "1"}}]});
    let changed = json!({"eventSource": "aws:docdb", "events": [{"event":
        {"fullDocument": {"__context__": {"correlationId": "c"}}}}]});
    for event in [
        json!({"__context__": "c", "a": 1}),
        json!({"__context__": {"x-correlation-id": "c"}}),
        json!({"__context__": {"x-correlation-token": "t", "correlationId": "c"}}),
        json!({"__context__": "{\"correlation_id\": \"c\"}"}),
        in_item(json!({"S": "c"})),
        in_item(json!({"S": "{\"x-correlation-id\": \"c\"}"})),
        in_item(json!({"M": {"x-correlation-id": {"S": "c"}}})),
        removed,
        changed,
    ] {
        check_origin(event, "c", Origin::Context);
    }
    check_origin(
        json!({"correlationId": "m", "__context__": {}}),
        "m",
        Origin::Member,
    );
}

#[test]
fn what_somebody_set_goes_before_what_aws_gave() {
    let event = json!({"id": "e", "detail-type": "t", "detail": {"a": [{"__context__": "no"}]}});
    check_origin(event, "e", Origin::AwsRequest);
    let event = json!({"id": "e", "detail-type": "t", "detail": {"a": 1, "__context__": "c"}});
    check_origin(event, "c", Origin::Context);
    let event = json!({"headers": {"x-amzn-trace-id": "Root=1-5759e988-bd862e3fe1be46a994272793"},
        "requestContext": {"requestId": "r"}});
    check_origin(event, "r", Origin::AwsRequest);
    let event = json!({"multiValueHeaders": {"x-amzn-trace-id": ["Self=1-2;Root=1-5759e988-bd862e3fe1be46a994272793"]}});
    check_origin(event, "1-5759e988-bd862e3fe1be46a994272793", Origin::Trace);
}

#[test]
fn an_id_behind_the_first_look_into_a_text_is_found_as_well() {
    use base64::Engine as _;

    let late = json!({"a": "\u{e9}".repeat(20_000), "__context__": "c"}).to_string();
    check_origin(
        json!({"Records": [{"messageId": "m", "body": late}]}),
        "c",
        Origin::Context,
    );
    let data = base64::engine::general_purpose::STANDARD.encode(&late);
    check_origin(
        json!({"Records": [{"eventID": "e", "kinesis": {"data": data}}]}),
        "c",
        Origin::Context,
    );
    let not_json = base64::engine::general_purpose::STANDARD.encode("\u{0}\u{1}{");
    check_origin(
        json!({"Records": [{"eventID": "e", "kinesis": {"data": not_json}}]}),
        "e",
        Origin::Message,
    );
}

#[test]
fn an_event_in_an_event_in_an_event_ends_somewhere() {
    let mut payload = json!({"__context__": "c"}).to_string();
    for _ in 0..20 {
        payload = json!({ "Message": payload }).to_string();
    }
    check(payload, None);
    let mut context = json!({"x-correlation-id": "c"});
    for _ in 0..100 {
        context = json!({ "M": context });
    }
    check(json!({ "__context__": context }).to_string(), None);
}

#[test]
fn a_record_says_how_lambda_names_it() {
    let read = |record: serde_json::Value| {
        let read = record::read(record.to_string().as_bytes());
        (read.source, read.item, read.group.filter(|_| read.fifo))
    };
    let item = |text: &str| Some(text.to_owned());
    let queue = json!({"messageId": "m", "eventSource": "aws:sqs", "eventSourceARN": "a:q.fifo",
        "attributes": {"MessageGroupId": "g", "AWSTraceHeader": "Root=x"}});
    assert_eq!(read(queue), (Source::Sqs, item("m"), item("g")));
    let shard = json!({"eventSource": "aws:kinesis", "eventID": "e", "kinesis": {"sequenceNumber": "7", "data": ""}});
    assert_eq!(read(shard), (Source::Kinesis, item("7"), None));
    let table = json!({"eventSource": "aws:dynamodb", "eventID": "e",
        "dynamodb": {"NewImage": {"__context__": {"S": "c"}}, "SequenceNumber": "8"}});
    assert_eq!(read(table), (Source::DynamoDb, item("8"), None));
    assert_eq!(
        read(json!({"data": "", "recordId": "r"})),
        (Source::Direct, item("r"), None)
    );
}

#[test]
fn headers_of_one_name_are_one_list() {
    let event = |headers| json!({"multiValueHeaders": headers, "requestContext": {"elb": {}}});
    let lists = json!({"Baggage": ["tenant=7", "a=1,correlation.id=c"]});
    check_origin(event(lists), "c", Origin::Baggage);
    let empty_first = json!({"X-Correlation-Id": ["", " ", "c", "d"]});
    check_origin(event(empty_first), "c", Origin::Header);
    let twice = r#"{"headers": {"x-correlation-id": " ", "X-Correlation-Id": "c", "X-CORRELATION-ID": "d"}}"#;
    check(twice, Some("c"));
    let kafka = json!([{"baggage": b"tenant=7"}, {"baggage": b"correlation.id=c"}]);
    let event = json!({"records": {"t-0": [{"value": "", "headers": kafka}]}});
    check_origin(event, "c", Origin::Attribute);
}

#[test]
fn a_pipes_records_are_read_as_records() {
    use base64::Engine as _;

    let data = base64::engine::general_purpose::STANDARD.encode(r#"{"__context__": "c"}"#);
    let queue =
        json!([{"messageId": "m", "body": "{\"__context__\": \"c\"}", "eventSource": "aws:sqs"}]);
    let shard = json!([{"eventID": "e", "data": data, "sequenceNumber": "1", "eventSource": "aws:kinesis"}]);
    for (event, source) in [(queue, Source::Sqs), (shard, Source::Kinesis)] {
        assert_eq!(inspect(event.to_string().as_bytes()).source, source);
        check_origin(event, "c", Origin::Context);
    }
    let event = json!({"eventSource": "aws:kafka", "records": {"t-0": [], "t-1": [{"headers": [{"correlation-id": b"c"}]}]}});
    check_origin(event, "c", Origin::Attribute);
}

#[test]
fn bytes_are_read_with_and_without_a_sign_and_never_in_part() {
    let event = |bytes: serde_json::Value| {
        json!({"records": {"t-0": [{"value": "", "offset": 7, "headers": [{"correlation-id": bytes}]}]}})
            .to_string()
    };
    check(event(json!([99, 45, 49])), Some("c-1"));
    check(event(json!([99, -61, -87])), None);
    check(event(json!([99, 195, 169])), None);
    check(event(json!(vec![99; 256])), Some(&"c".repeat(256)));
    check(event(json!(vec![99; 257])), None);
    check(event(json!(vec![99; 100_000])), None);
    check(event(json!([])), None);
    let long = format!("{}=1,correlation.id=c", "k".repeat(2000));
    let headers = json!([{"baggage": long.as_bytes()}]);
    check(
        json!({"records": {"t-0": [{ "headers": headers }]}}).to_string(),
        Some("c"),
    );
}

#[test]
fn keys_and_ids_are_read_however_their_json_spells_them() {
    check(
        r#"{"\u0068eaders":{"X-\u0043orrelation-Id":"\u0063-\u0031"}}"#,
        Some("c-1"),
    );
    check(
        "\u{feff} {\"headers\":{\"x-correlation-id\":\"c\"}}",
        Some("c"),
    );
    let body = "\u{feff}{\"__context__\":\"c\"}";
    check(
        json!({"Records": [{"messageId": "m", "body": body}]}).to_string(),
        Some("c"),
    );
    check(
        r#"{"headers":{"x-correlation-id":"a\u+063"},"requestContext":{"requestId":"r"}}"#,
        Some("r"),
    );
    check(
        r#"{"n":-1.5e+999999999,"t":true,"requestContext":{"n":123456789012345678901234567890,"requestId":"r"}}"#,
        Some("r"),
    );
    // The scheduler writes its detail as text.
    let event = json!({"id": "e", "detail-type": "Scheduled Event", "source": "aws.scheduler",
        "detail": "{\"__context__\": {\"x-correlation-id\": \"c\"}}"});
    check_origin(event, "c", Origin::Context);
    let event = json!({"detail": "{}", "id": "e", "detail-type": "Scheduled Event"});
    check_origin(event, "e", Origin::AwsRequest);
}

#[test]
fn a_record_is_linked_to_its_senders_trace_however_it_was_told() {
    const W3C: &str = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01";
    const ROOT: &str = "1-5759e988-bd862e3fe1be46a994272793";
    let root = |record: serde_json::Value| {
        let read = record::read(record.to_string().as_bytes());
        read.found.trace.map(|trace| trace.root.to_string())
    };
    let own = "Root=1-11111111-bd862e3fe1be46a994272793";
    let of = |text: &str| Some(text.to_owned());
    assert_eq!(
        root(json!({"headers": [{"traceparent": W3C.as_bytes()}]})),
        of(ROOT)
    );
    assert_eq!(
        root(json!({"messageAttributes": {"traceparent": {"stringValue": W3C}}})),
        of(ROOT)
    );
    for record in [
        json!({"attributes": {"AWSTraceHeader": own}, "messageAttributes": {"traceparent": {"stringValue": W3C}}}),
        json!({"messageAttributes": {"traceparent": {"stringValue": W3C}}, "attributes": {"AWSTraceHeader": own}}),
        json!({"headers": [{"traceparent": W3C.as_bytes()}, {"x-amzn-trace-id": own.as_bytes()}]}),
    ] {
        assert_eq!(root(record), of(&own[5..]));
    }
    for bad in [W3C.to_uppercase(), W3C.replace("00-", "ff-"), String::new()] {
        assert_eq!(
            root(json!({"messageAttributes": {"traceparent": {"stringValue": bad}}})),
            None
        );
    }
}

#[test]
fn no_value_of_a_users_own_payload_stands_in_the_way() {
    for key in [
        "Records", "records", "messages", "events", "headers", "request", "detail", "Message", "id",
    ] {
        for value in [
            json!(null),
            json!(1),
            json!("text"),
            json!([1]),
            json!([[]]),
            json!({"a": {"b": 1}}),
        ] {
            check(json!({key: value, "z": 1}).to_string(), None);
        }
    }
    check(json!({"messages": [{"role": "user"}], "events": [], "id": 5, "zz": {"__context__": "no"}, "~": 1,
        "__context__": "c"}).to_string(), Some("c"));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes);
    }

    #[test]
    fn json_like_bytes_never_panic(text in "[{}\\[\\]\":,a0\\\\u]{0,80}") {
        let _ = read(text.as_bytes());
        let _ = read(format!("{{\"Records\":[{{\"body\":{text}").as_bytes());
    }

    #[test]
    fn any_printable_id_is_found_wherever_its_header_stands(
        id in "[!-~]{1,60}", before in prop::collection::btree_map("[a-w\"\\\\]{1,8}", ".{0,20}", 0..5),
    ) {
        let mut headers: serde_json::Map<String, serde_json::Value> =
            before.into_iter().map(|(key, value)| (key, value.into())).collect();
        headers.insert("X-Correlation-Id".into(), id.clone().into());
        check(json!({"a": [{"b": "}"}], "headers": headers}).to_string(), Some(&id));
    }
}
