//! The event notification S3 sends when an object was created.
//!
//! The body is what S3 writes, field for field; it is written here by hand
//! because the types of `aws_lambda_events` are for reading and would add a
//! `null` for each field that S3 leaves out.

use serde_json::{Value, json};

use super::key::Key;
use super::object::{Object, host_id};
use crate::queue::Queue;
use crate::rim::rfc3339;

/// The region that events name.
pub const REGION: &str = "us-east-1";

/// Sends an event to `queue` for each object created under `prefix`.
#[derive(Debug, Clone)]
pub struct Notification {
    /// The rule's name, `configurationId` in the event.
    pub id: String,
    /// Keys that begin with this are announced.
    pub prefix: String,
    /// Where the event goes.
    pub queue: Queue,
}

/// The event for one created object.
#[must_use]
pub fn object_created(bucket: &str, rule: &str, key: &Key, object: &Object) -> Value {
    json!({"Records": [{
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": rfc3339(object.last_modified_ms),
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "AWS:CLOUDVAULTUPLOAD"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {
            "x-amz-request-id": object.request_id,
            "x-amz-id-2": host_id(),
        },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": rule,
            "bucket": {
                "name": bucket,
                "ownerIdentity": {"principalId": "CLOUDVAULT"},
                "arn": format!("arn:aws:s3:::{bucket}"),
            },
            "object": {
                "key": key.to_event(),
                "size": object.size,
                "eTag": object.etag,
                "sequencer": format!("{:018X}", object.last_modified_ms),
            },
        },
    }]})
}
