//! One message: as it lies on the disk, and as Lambda's event source mapping
//! shows it to a function.

use std::collections::BTreeMap;

use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::store::notification::REGION;
use crate::store::object::md5_hex;

/// The account that ARNs name.
pub const ACCOUNT: &str = "000000000000";

/// A message that waits in a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its id, a UUIDv7: later messages have greater ids.
    pub id: String,
    /// The text.
    pub body: String,
    /// String attributes the sender chose.
    pub attributes: BTreeMap<String, String>,
    /// The system attribute `AWSTraceHeader`.
    pub trace_header: Option<String>,
    /// When it was sent, milliseconds since 1970.
    pub sent_ms: i64,
}

/// How often and when first a message was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Receipts {
    /// Receives so far, this one included.
    pub count: u32,
    /// When it was first received, milliseconds since 1970; 0 if never.
    pub first_ms: i64,
}

impl Message {
    /// The record of an SQS event, as a function sees it.
    #[must_use]
    pub fn to_record(&self, queue: &str, receipt: &str, receipts: Receipts) -> Value {
        let attributes: serde_json::Map<_, _> = self
            .attributes
            .iter()
            .map(|(name, value)| {
                let shown = json!({
                    "stringValue": value,
                    "stringListValues": [],
                    "binaryListValues": [],
                    "dataType": "String",
                });
                (name.clone(), shown)
            })
            .collect();
        let mut record = json!({
            "messageId": self.id,
            "receiptHandle": receipt,
            "body": self.body,
            "attributes": {
                "ApproximateReceiveCount": receipts.count.to_string(),
                "SentTimestamp": self.sent_ms.to_string(),
                "SenderId": "AROACLOUDVAULT:sender",
                "ApproximateFirstReceiveTimestamp": receipts.first_ms.to_string(),
            },
            "messageAttributes": attributes,
            "md5OfBody": md5_hex(self.body.as_bytes()),
            "eventSource": "aws:sqs",
            "eventSourceARN": format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"),
            "awsRegion": REGION,
        });
        if let Some(header) = &self.trace_header {
            record["attributes"]["AWSTraceHeader"] = json!(header);
        }
        if !self.attributes.is_empty() {
            record["md5OfMessageAttributes"] = json!(md5_of_attributes(&self.attributes));
        }
        record
    }
}

/// SQS's checksum of string attributes: each name, type and value with its
/// length before it, in the order of the names.
fn md5_of_attributes(attributes: &BTreeMap<String, String>) -> String {
    const STRING_VALUE: u8 = 1;
    let mut hash = Md5::new();
    let field = |hash: &mut Md5, text: &str| {
        hash.update(u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
        hash.update(text.as_bytes());
    };
    for (name, value) in attributes {
        field(&mut hash, name);
        field(&mut hash, "String");
        hash.update([STRING_VALUE]);
        field(&mut hash, value);
    }
    crate::store::object::hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back_with_the_published_types() {
        let message = Message {
            id: "m-1".to_owned(),
            body: "Test message.".to_owned(),
            attributes: [("x-correlation-id".to_owned(), "c-1".to_owned())].into(),
            trace_header: Some("Root=1-2-3".to_owned()),
            sent_ms: 5,
        };
        let record = message.to_record(
            "shares",
            "r-1",
            Receipts {
                count: 2,
                first_ms: 7,
            },
        );
        let read: aws_lambda_events::sqs::SqsMessage = serde_json::from_value(record).unwrap();
        assert_eq!(read.body.as_deref(), Some("Test message."));
        // The checksum that AWS's documentation shows for this body.
        assert_eq!(
            read.md5_of_body.as_deref(),
            Some("e4e68fb7bd0e697a0ae8f1bb342846b3")
        );
        assert_eq!(read.attributes["ApproximateReceiveCount"], "2");
        assert_eq!(read.attributes["AWSTraceHeader"], "Root=1-2-3");
        assert_eq!(
            read.message_attributes["x-correlation-id"]
                .string_value
                .as_deref(),
            Some("c-1")
        );
        assert_eq!(
            read.event_source_arn.as_deref(),
            Some("arn:aws:sqs:us-east-1:000000000000:shares")
        );
        assert_eq!(
            read.md5_of_message_attributes.map(|md5| md5.len()),
            Some(32)
        );
    }
}
