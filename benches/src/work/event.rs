//! The correlation id in an event's bytes.

use std::hint::black_box;

use cloudvault_obs::event::inspect;

use super::Contenders;
use crate::{Work, case::steady};

pub(super) fn rows() -> Vec<(&'static str, Contenders)> {
    vec![(
        "correlation id",
        vec![
            ("REST API", || of(API)),
            ("SQS", || of(SQS)),
            ("S3", || of(S3)),
            ("REST API with a body of 6 MB behind its headers", large),
            ("the same parsed by serde_json", large_parsed),
        ],
    )]
}

const API: &str = r#"{"resource":"/files","path":"/files","httpMethod":"POST","headers":{"Accept":"*/*","Host":"example.com","x-correlation-id":"order-4711"},"multiValueHeaders":{},"queryStringParameters":null,"requestContext":{"requestId":"c6af9ac6-7b61-11e6-9a41-93e8deadbeef","stage":"prod"},"body":"hello","isBase64Encoded":false}"#;
const SQS: &str = r#"{"Records":[{"messageId":"059f36b4-87a3-44ab-83d2-661975830a7d","receiptHandle":"AQEB","body":"{\"file\":1}","attributes":{"ApproximateReceiveCount":"1","AWSTraceHeader":"Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"},"messageAttributes":{"correlation-id":{"stringValue":"order-4711","dataType":"String"}},"md5OfBody":"e4e68fb7bd0e697a0ae8f1bb342846b3","eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:us-east-1:000000000000:q","awsRegion":"us-east-1"}]}"#;
const S3: &str = r#"{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-east-1","eventTime":"2026-11-23T03:41:34.505Z","eventName":"ObjectCreated:Put","requestParameters":{"sourceIPAddress":"127.0.0.1"},"responseElements":{"x-amz-request-id":"C3D13FE58DE4C810","x-amz-id-2":"FMyUVURIY8"},"s3":{"bucket":{"name":"vault"},"object":{"key":"a.jpg","size":1024}}}]}"#;

fn of(event: &'static str) -> Work {
    steady(move || {
        black_box(inspect(black_box(event.as_bytes())));
    })
}

fn large_event() -> String {
    API.replace("hello", &"x".repeat(6 << 20))
}

fn large() -> Work {
    let event = large_event();
    steady(move || {
        black_box(inspect(black_box(event.as_bytes())));
    })
}

fn large_parsed() -> Work {
    let event = large_event();
    steady(move || {
        let parsed: serde_json::Value =
            serde_json::from_slice(black_box(event.as_bytes())).expect("JSON");
        black_box(parsed["headers"]["x-correlation-id"].as_str());
    })
}
