//! Batches of every kind, inside and outside an invocation.

use std::cell::RefCell;

use serde_json::{Value, json};

use super::*;

fn sqs(id: &str) -> Value {
    json!({"eventSource": "aws:sqs", "messageId": id, "body": "", "attributes": {},
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:queue"})
}

fn fifo(id: &str, group: &str) -> Value {
    json!({"eventSource": "aws:sqs", "messageId": id, "attributes": {"MessageGroupId": group},
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:queue.fifo"})
}

fn kinesis(number: &str) -> Value {
    json!({"eventSource": "aws:kinesis", "eventID": "e", "kinesis": {"sequenceNumber": number, "data": ""}})
}

fn dynamodb(number: &str) -> Value {
    json!({"eventSource": "aws:dynamodb", "eventID": "e", "dynamodb": {"SequenceNumber": number}})
}

/// What a record is called in these tests.
fn name(record: &Value) -> String {
    let names = [
        "/messageId",
        "/kinesis/sequenceNumber",
        "/dynamodb/SequenceNumber",
    ];
    let name = names
        .iter()
        .find_map(|pointer| record.pointer(pointer)?.as_str());
    name.unwrap_or_default().to_owned()
}

/// Fails the records named in `failing`; checks which are tried and reported.
#[track_caller]
fn check(records: &[Value], failing: &[&str], tried: &[&str], reported: &[&str]) {
    let seen = RefCell::new(Vec::new());
    let work = |record: Value| {
        let name = name(&record);
        seen.borrow_mut().push(name.clone());
        if failing.contains(&name.as_str()) {
            Err(format!("{name} failed"))
        } else {
            Ok(())
        }
    };
    let expect = json!({"batchItemFailures": reported.iter()
        .map(|id| json!({"itemIdentifier": id})).collect::<Vec<_>>()});
    let report = Batch::new(records.iter().cloned()).each(work);
    assert_eq!(*seen.borrow(), tried);
    assert_eq!(serde_json::to_value(&report).unwrap(), expect);

    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for limit in [1, 2, 10] {
        seen.borrow_mut().clear();
        let again = runtime.block_on(Batch::new(records.iter().cloned()).each_concurrent(
            limit,
            |record| async {
                tokio::task::yield_now().await;
                work(record)
            },
        ));
        assert_eq!(seen.borrow().len(), tried.len(), "{limit} at a time");
        assert_eq!(serde_json::to_value(&again).unwrap(), expect);
    }
    seen.borrow_mut().clear();
    let again = Batch::new(records.iter().cloned()).each_async(async |record| work(record));
    assert_eq!(runtime.block_on(again), report);
}

#[test]
fn a_standard_queue_reports_what_failed_and_goes_on() {
    let records = [sqs("a"), sqs("b"), sqs("c")];
    check(&records, &[], &["a", "b", "c"], &[]);
    check(&records, &["a", "c"], &["a", "b", "c"], &["a", "c"]);
    check(&[], &[], &[], &[]);
}

#[test]
fn a_fifo_queue_stops_the_group_that_failed_and_no_other() {
    let records = [
        fifo("a1", "a"),
        fifo("b1", "b"),
        fifo("a2", "a"),
        fifo("b2", "b"),
        fifo("a3", "a"),
    ];
    check(&records, &["a2"], &["a1", "b1", "a2", "b2"], &["a2", "a3"]);
    check(&records, &["a1"], &["a1", "b1", "b2"], &["a1", "a2", "a3"]);
}

#[test]
fn groups_of_a_standard_queue_keep_no_order() {
    let fair = |id: &str| {
        let mut record = sqs(id);
        record["attributes"] = json!({"MessageGroupId": "tenant"});
        record
    };
    check(&[fair("a"), fair("b")], &["a"], &["a", "b"], &["a"]);
}

#[test]
fn a_stream_stops_at_the_first_failure_and_names_it_alone() {
    let records = [kinesis("1"), kinesis("2"), kinesis("3")];
    check(&records, &["2"], &["1", "2"], &["2"]);
    let records = [dynamodb("1"), dynamodb("2")];
    check(&records, &["1"], &["1"], &["1"]);
}

#[test]
fn what_was_not_tried_counts_as_failed() {
    let mut batch = Batch::new([sqs("a"), sqs("b"), sqs("c")]);
    batch.next().unwrap().succeed();
    drop(batch.next().unwrap());
    let report = batch.finish();
    let failures: Vec<_> = report
        .failures()
        .iter()
        .map(|failure| {
            (
                failure.index,
                failure.identifier.as_deref(),
                failure.error.as_deref(),
            )
        })
        .collect();
    assert_eq!(failures, [(1, Some("b"), None), (2, Some("c"), None)]);
}

#[test]
fn a_panicking_record_is_reported() {
    let mut batch = Batch::new([sqs("a"), sqs("b")]);
    let item = batch.next().unwrap();
    let work =
        std::panic::AssertUnwindSafe(|| item.run(|_| -> Result<(), String> { panic!("bug") }));
    assert!(std::panic::catch_unwind(work).is_err());
    batch.next().unwrap().succeed();
    assert_eq!(
        batch.finish().failures()[0].identifier.as_deref(),
        Some("a")
    );
}

#[test]
fn the_invocation_fails_when_all_failed_or_a_failure_has_no_name() {
    let error = |records: Vec<Value>, failing: &[&str]| {
        let work = |record: Value| match failing.contains(&name(&record).as_str()) {
            true => Err("disk full"),
            false => Ok(()),
        };
        Batch::new(records).each(work).into_result().map(drop)
    };
    assert_eq!(error(vec![sqs("a"), sqs("b")], &["a"]), Ok(()));
    assert_eq!(error(vec![], &[]), Ok(()));
    let all = error(vec![sqs("a"), sqs("b")], &["a", "b"]).unwrap_err();
    assert_eq!(
        all.to_string(),
        "process 2 of 2 records, the last because of: disk full"
    );
    let sns = |id: &str| json!({"EventSource": "aws:sns", "Sns": {"Message": id}});
    assert!(error(vec![sns("a"), sns("b")], &[""]).is_err());
}

#[test]
fn an_event_of_any_source_becomes_its_records() {
    let check = |event: Value, expect: usize| assert_eq!(Batch::from(event).count(), expect);
    check(
        json!([{"eventSource": "aws:sqs"}, {"eventSource": "aws:sqs"}]),
        2,
    );
    check(json!([{"a": 1}, {"a": 2}]), 1);
    check(json!({"Records": [1, 2]}), 2);
    check(json!({"records": [1, 2, 3]}), 3);
    check(json!({"records": {"topic-0": [1, 2], "topic-1": [3]}}), 3);
    check(json!({"messages": "a user's own"}), 1);
    check(json!({"detail": {}}), 1);
    check(json!(null), 1);
}

#[test]
fn each_record_has_its_own_id() {
    let attribute = json!({"stringValue": "corr-a", "dataType": "String"});
    let mut first = sqs("a");
    first["messageAttributes"] = json!({ "correlation-id": attribute });
    let ids: Vec<_> = Batch::new([first, sqs("b"), json!({})])
        .map(|item| item.correlation_id().map(str::to_owned))
        .collect();
    assert_eq!(ids, [Some("corr-a".into()), Some("b".into()), None]);
}

#[cfg(feature = "events")]
#[test]
fn typed_records_say_the_same_as_raw_ones() {
    use aws_lambda_events::{dynamodb, kinesis::KinesisEvent, sqs::SqsEvent};

    fn check<E, R>(event: Value)
    where
        E: serde::de::DeserializeOwned,
        R: Serialize,
        Batch<R>: From<E>,
    {
        let typed: E = serde_json::from_value(event.clone()).unwrap();
        let raw: Vec<_> = Batch::<Value>::from(event)
            .map(|item| item.correlation_id().map(str::to_owned))
            .collect();
        let typed: Vec<_> = Batch::<R>::from(typed)
            .map(|item| item.correlation_id().map(str::to_owned))
            .collect();
        assert_eq!(raw, typed);
        assert_eq!(raw, [Some("corr".to_owned())]);
    }

    check::<SqsEvent, _>(
        json!({"Records": [{"eventSource": "aws:sqs", "messageId": "m", "attributes": {},
        "messageAttributes": {"correlationId": {"stringValue": "corr", "dataType": "String"}}}]}),
    );
    // {"__context__": "corr"}
    check::<KinesisEvent, _>(
        json!({"Records": [{"eventSource": "aws:kinesis", "kinesis": {
        "data": "eyJfX2NvbnRleHRfXyI6ICJjb3JyIn0=", "partitionKey": "p", "sequenceNumber": "1",
        "approximateArrivalTimestamp": 1.0}}]}),
    );
    check::<dynamodb::Event, _>(
        json!({"Records": [{"eventSource": "aws:dynamodb", "eventName": "INSERT",
        "eventID": "e", "awsRegion": "r", "dynamodb": {"Keys": {}, "SequenceNumber": "1",
        "ApproximateCreationDateTime": 1, "SizeBytes": 1,
        "NewImage": {"__context__": {"M": {"x-correlation-id": {"S": "corr"}}}}}}]}),
    );
}

mod inside_an_invocation {
    use super::*;
    use crate::{Error, LambdaEvent, propagation, testing::Function};

    const SENDER: &str =
        "Root=1-5759e988-000000000000000000000001;Parent=00000000000000aa;Sampled=1";

    fn message(id: &str, correlation: &str) -> Value {
        json!({"eventSource": "aws:sqs", "messageId": id, "body": id,
            "attributes": {"AWSTraceHeader": SENDER},
            "messageAttributes": {"correlation-id": {"stringValue": correlation, "dataType": "String"}}})
    }

    /// Segments and the subsegments in them.
    fn named_record<'a>(segments: &'a [Value], records: &mut Vec<&'a Value>) {
        for segment in segments {
            records.extend((segment["name"] == "record").then_some(segment));
            let inner = segment["subsegments"].as_array();
            named_record(inner.map_or(&[], Vec::as_slice), records);
        }
    }

    async fn send(record: Value) -> Result<(), Error> {
        tokio::task::yield_now().await;
        let outbound = propagation::current().expect("inside an invocation");
        tracing::info!(outbound = outbound.correlation_id, "sending");
        tokio::task::yield_now().await;
        assert_eq!(
            propagation::current().unwrap().correlation_id,
            outbound.correlation_id
        );
        if record["body"] == "bad" {
            return Err("no such file".into());
        }
        Ok(())
    }

    async fn handler(event: LambdaEvent<Value>) -> Result<Report, Error> {
        let before = propagation::current();
        let report = Batch::from(event.payload).each_concurrent(3, send).await;
        assert_eq!(propagation::current(), before, "the batch's own again");
        Ok(report.into_result()?)
    }

    #[tokio::test]
    async fn lines_segments_and_outgoing_ids_are_the_records_own() {
        let event = json!({"Records": [message("a", "corr-a"), message("bad", "corr-b"), message("c", "corr-c")]});
        let observed = Function::new().invoke(handler, event).await;
        let answer = serde_json::to_value(observed.response()).unwrap();
        assert_eq!(
            answer,
            json!({"batchItemFailures": [{"itemIdentifier": "bad"}]})
        );

        let lines = observed.logs();
        let sending = lines.iter().filter(|line| line["message"] == "sending");
        let ids: Vec<_> = sending
            .map(|line| {
                assert_eq!(line["outbound"], line["correlation_id"]);
                line["correlation_id"].as_str().unwrap()
            })
            .collect();
        assert_eq!(ids, ["corr-a", "corr-b", "corr-c"]);
        let failed = lines
            .iter()
            .find(|line| line["message"] == "record failed")
            .unwrap();
        assert_eq!(failed["correlation_id"], "corr-b");
        assert!(
            failed["error"].to_string().contains("no such file"),
            "{failed}"
        );

        let mut records = Vec::new();
        named_record(observed.segments(), &mut records);
        assert_eq!(records.len(), 3);
        for record in &records {
            let link = json!([{"trace_id": "1-5759e988-000000000000000000000001", "id": "00000000000000aa"}]);
            assert_eq!(record["links"], link);
        }
        let faults = records.iter().filter(|record| record["fault"] == true);
        assert_eq!(
            faults
                .map(|record| &record["annotations"]["correlation_id"])
                .collect::<Vec<_>>(),
            ["corr-b"]
        );
    }

    #[tokio::test]
    async fn a_batch_that_failed_whole_fails_the_invocation() {
        let event = json!({"Records": [message("bad", "corr-a")]});
        let observed = Function::new().invoke(handler, event).await;
        assert_eq!(
            observed.error(),
            "process 1 of 1 records, the last because of: no such file"
        );
    }
}
