//! The events of `aws_lambda_events` as batches.
//!
//! A typed record is not written down as JSON only to be read: its few small
//! members are, and its body or data, which may be a megabyte, is looked into
//! where it is, and only if the members do not say whose it is.

use std::collections::HashMap;

use aws_lambda_events::{
    dynamodb::{Event as DynamoDbEvent, EventRecord as DynamoDbRecord},
    firehose::{KinesisFirehoseEvent, KinesisFirehoseEventRecord},
    kinesis::{KinesisEvent, KinesisEventRecord},
    s3::{S3Event, S3EventRecord},
    sns::{MessageAttribute, SnsEvent, SnsRecord},
    sqs::{SqsEvent, SqsMessage, SqsMessageAttribute},
};
use serde::Serialize;
use serde_json::json;

use super::{Batch, Reader, written};
use crate::{
    event::record::{self, Record},
    propagation::CONTEXT,
};

macro_rules! batches {
    ($($event:ty => $record:ty, $read:path;)+) => {$(
        impl From<$event> for Batch<$record> {
            fn from(event: $event) -> Self {
                let read: Reader<$record> = $read;
                Self::read_by(read, event.records)
            }
        }
    )+};
}

batches! {
    SqsEvent => SqsMessage, sqs;
    SnsEvent => SnsRecord, sns;
    KinesisEvent => KinesisEventRecord, kinesis;
    DynamoDbEvent => DynamoDbRecord, dynamodb;
    KinesisFirehoseEvent => KinesisFirehoseEventRecord, firehose;
    S3Event => S3EventRecord, written;
}

/// Reads the small members, and `body` where they say too little.
fn apart(members: &impl Serialize, body: Option<&[u8]>, scratch: &mut Vec<u8>) -> Record {
    match serde_json::to_writer(&mut *scratch, members) {
        Ok(()) => record::read_apart(scratch, body),
        Err(_) => Record::default(),
    }
}

fn sqs(record: &SqsMessage, scratch: &mut Vec<u8>) -> Record {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Members<'a> {
        message_id: &'a Option<String>,
        attributes: &'a HashMap<String, String>,
        message_attributes: &'a HashMap<String, SqsMessageAttribute>,
        event_source: &'a Option<String>,
        #[serde(rename = "eventSourceARN")]
        event_source_arn: &'a Option<String>,
    }
    let members = Members {
        message_id: &record.message_id,
        attributes: &record.attributes,
        message_attributes: &record.message_attributes,
        event_source: &record.event_source,
        event_source_arn: &record.event_source_arn,
    };
    apart(&members, record.body.as_deref().map(str::as_bytes), scratch)
}

fn sns(record: &SnsRecord, scratch: &mut Vec<u8>) -> Record {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Members<'a> {
        event_source: &'a str,
        sns: Message<'a>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Message<'a> {
        message_id: &'a str,
        message_attributes: &'a HashMap<String, MessageAttribute>,
    }
    let members = Members {
        event_source: &record.event_source,
        sns: Message {
            message_id: &record.sns.message_id,
            message_attributes: &record.sns.message_attributes,
        },
    };
    apart(&members, Some(record.sns.message.as_bytes()), scratch)
}

fn kinesis(record: &KinesisEventRecord, scratch: &mut Vec<u8>) -> Record {
    let members = json!({
        "eventID": record.event_id,
        "eventSource": record.event_source,
        "kinesis": {"sequenceNumber": record.kinesis.sequence_number},
    });
    apart(&members, Some(&record.kinesis.data), scratch)
}

fn firehose(record: &KinesisFirehoseEventRecord, scratch: &mut Vec<u8>) -> Record {
    let members = json!({ "recordId": record.record_id });
    apart(&members, Some(&record.data), scratch)
}

fn dynamodb(record: &DynamoDbRecord, scratch: &mut Vec<u8>) -> Record {
    let change = &record.change;
    let members = json!({
        "eventID": record.event_id,
        "eventSource": record.event_source,
        "dynamodb": {
            "NewImage": {CONTEXT: change.new_image.get(CONTEXT)},
            "OldImage": {CONTEXT: change.old_image.get(CONTEXT)},
            "SequenceNumber": change.sequence_number,
        },
    });
    apart(&members, None, scratch)
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;
    use serde_json::Value;

    use super::*;

    /// A typed record says what its JSON says.
    fn check<R: Serialize + DeserializeOwned>(read: Reader<R>, json: &Value) -> Record {
        let typed: R = serde_json::from_value(json.clone()).expect("a record of the type");
        let said = read(&typed, &mut Vec::new());
        assert_eq!(said, written(&typed, &mut Vec::new()), "{json:#}");
        said
    }

    /// What a body may be: text, whose the record is, or another event.
    fn bodies() -> Vec<String> {
        let context = json!({"x-correlation-id": "corr", "x-amzn-trace-id":
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"});
        let envelope = json!({"Type": "Notification", "MessageId": "inner", "Message": "hi",
            "MessageAttributes": {"correlation-id": {"Type": "String", "Value": "corr"}}});
        let unnamed = json!({"Type": "Notification", "MessageId": "inner", "Message": "hi"});
        let late = json!({"a": "x".repeat(10_000), CONTEXT: context});
        let text = "plain \"text\"\n".to_owned();
        let all = [json!({ CONTEXT: context }), envelope, unnamed, late];
        [text, String::new()]
            .into_iter()
            .chain(all.iter().map(Value::to_string))
            .collect()
    }

    #[test]
    fn messages_are_read_without_writing_their_bodies() {
        let named = json!({"correlationId": {"stringValue": "own", "dataType": "String"}});
        for body in bodies() {
            for attributes in [json!({}), named.clone()] {
                let said = check(
                    sqs,
                    &json!({"messageId": "m", "body": body, "eventSource": "aws:sqs",
                        "attributes": {"MessageGroupId": "g"}, "messageAttributes": attributes,
                        "eventSourceARN": "arn:aws:sqs:eu-west-1:1:q.fifo"}),
                );
                assert_eq!((said.item.as_deref(), said.fifo), (Some("m"), true));
            }
            let named = json!({"correlation-id": {"Type": "String", "Value": "own"}});
            for attributes in [json!({}), named] {
                let message = json!({"Type": "Notification", "MessageId": "m", "Message": body,
                    "TopicArn": "t", "Timestamp": "2026-11-23T03:41:34.505Z", "SignatureVersion": "1",
                    "Signature": "s", "SigningCertUrl": "u", "UnsubscribeUrl": "u",
                    "MessageAttributes": attributes});
                check(
                    sns,
                    &json!({"EventSource": "aws:sns", "EventVersion": "1.0",
                        "EventSubscriptionArn": "a", "Sns": message}),
                );
            }
        }
    }

    #[test]
    fn data_are_read_without_encoding_them_again() {
        use base64::Engine as _;

        for body in bodies() {
            let data = base64::engine::general_purpose::STANDARD.encode(body);
            let said = check(
                kinesis,
                &json!({"eventID": "e", "eventSource": "aws:kinesis", "kinesis": {"data": data,
                    "partitionKey": "p", "sequenceNumber": "1", "approximateArrivalTimestamp": 1.0}}),
            );
            assert_eq!(said.item.as_deref(), Some("1"));
            check(
                firehose,
                &json!({"recordId": "r", "approximateArrivalTimestamp": 1, "data": data}),
            );
        }
    }

    #[test]
    fn of_an_items_images_only_the_context_is_written() {
        let context = json!({"M": {"x-correlation-id": {"S": "corr"}}});
        let (bare, text) = (
            json!({"S": "corr"}),
            json!({"S": "{\"x-correlation-id\":\"corr\"}"}),
        );
        for (new, old) in [
            (json!({CONTEXT: context, "id": {"S": "1"}}), json!({})),
            (json!({}), json!({ CONTEXT: bare })),
            (json!({ CONTEXT: text }), json!({ CONTEXT: bare })),
            (json!({"id": {"N": "1"}}), json!({})),
        ] {
            let said = check(
                dynamodb,
                &json!({"awsRegion": "r", "eventID": "e", "eventName": "MODIFY",
                    "eventSource": "aws:dynamodb", "dynamodb": {"ApproximateCreationDateTime": 1,
                    "Keys": {}, "NewImage": new, "OldImage": old, "SequenceNumber": "7", "SizeBytes": 1}}),
            );
            assert_eq!(said.item.as_deref(), Some("7"));
        }
    }
}
