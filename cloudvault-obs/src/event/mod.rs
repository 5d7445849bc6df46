//! What the incoming event says about the request it belongs to.
//!
//! The payload is walked once, from its first byte, without building a tree or
//! copying it; the walk ends as soon as nothing that comes later could win, and
//! steps over text that it does not need at the speed of `memchr`. A payload
//! that is not JSON is simply one without an id: it is never changed, and
//! reaches the handler as it came.
//!
//! # Where the id is looked for
//!
//! The first of these that holds 1 to 256 printable ASCII characters:
//!
//! 1. the header `x-correlation-id`, in any case, of one value or several;
//! 2. another header `x-correlation-*`, or `correlation-id`;
//! 3. `correlation.id` in the W3C header `baggage`;
//! 4. what the sender put into the message:
//!
//! | source | where |
//! |---|---|
//! | API Gateway (REST, HTTP, WebSocket), function URL, ALB, VPC Lattice | headers, above; also `multiValueHeaders` |
//! | AppSync | `request.headers`, above |
//! | S3 Object Lambda | `userRequest.headers`, above |
//! | IoT custom authorizer | `protocolData.http.headers`, above |
//! | SES | the mail's headers, above |
//! | SQS | `messageAttributes`, then an event in the body: an SNS envelope, an S3 notification, an EventBridge event, an object with `__context__` |
//! | SNS | `MessageAttributes`, then an event in the message |
//! | Kinesis, Firehose | `__context__` in the JSON in the base64 data |
//! | DynamoDB streams | `NewImage.__context__`, of a removed item `OldImage.__context__`, as a map, a string of JSON or the id |
//! | DocumentDB | `fullDocument.__context__` |
//! | Kafka | record headers, then `__context__` in the value |
//! | ActiveMQ, RabbitMQ | `correlationID`, headers and properties, then `__context__` in the data |
//! | EventBridge | `detail.__context__` |
//! | Cognito, Connect, Lex, Bedrock agents | `request.clientMetadata`, contact attributes, `sessionAttributes` |
//! | direct call, Step Functions, IoT rule | `__context__`, then a member `x-correlation-id`, `correlationId` or `correlation_id` |
//!
//! 5. the id that the service gave: `requestContext.requestId` (API Gateway,
//!    function URL, AppSync's authorizer), EventBridge's `id`, S3's
//!    `responseElements.x-amz-request-id` and `xAmzRequestId`, SES's `messageId`,
//!    Firehose's `invocationId`, CloudFormation's `RequestId`, IoT's connection,
//!    CodePipeline's job, Connect's contact;
//! 6. the root of the header `X-Amzn-Trace-Id` (ALB);
//! 7. the id of the message or record;
//! 8. none of all these: Lambda's request id. It stays the same when Lambda tries
//!    an asynchronous invocation again, and is what the platform's own lines say.
//!
//! A header that comes several times counts as one list; of an id's, the first value
//! that says something counts. `X-Amzn-Trace-Id`, or W3C's `traceparent` where there
//! is none, in a record's attributes, headers or context is the trace that the
//! record's subsegment links.
//!
//! Where the id stands, `debug-log-enabled` and `correlation-lineage` are read, too:
//! the sender's debug decision, and the functions that the request has passed.
//!
//! Of a batch it is the first record's; [`crate::batch`] gives every record its own.
//!
//! ```
//! use cloudvault_obs::event::{self, Origin, Source};
//!
//! let payload = br#"{"Records": [{"eventSource": "aws:sqs", "messageId": "m-1", "body": "hi",
//!     "messageAttributes": {"correlation-id": {"stringValue": "corr-1", "dataType": "String"}}}]}"#;
//! let finding = event::inspect(payload);
//! assert_eq!(finding.source, Source::Sqs);
//! assert_eq!(finding.correlation_id.as_deref(), Some("corr-1"));
//! assert_eq!(finding.origin, Some(Origin::Attribute));
//! ```

mod scan;
pub(crate) mod names;
mod found;
mod source;
pub(crate) mod record;
mod envelope;

pub(crate) use found::Found;
pub use found::Origin;
pub use source::Source;

/// Everything that `payload` says about its sender.
pub(crate) fn read(payload: &[u8]) -> Found {
    envelope::read(payload, 0)
}

/// The correlation id that `payload` carries; `None` where it carries none. Reads
/// as little of it as it can.
///
/// ```
/// use cloudvault_obs::event::correlation_id;
///
/// let payload = br#"{"detail-type": "t", "detail": {"__context__": {"x-correlation-id": "c-1"}}}"#;
/// assert_eq!(correlation_id(payload).as_deref(), Some("c-1"));
/// ```
#[must_use]
pub fn correlation_id(payload: &[u8]) -> Option<String> {
    read(payload).into_id().map(|id| id.as_str().to_owned())
}

/// What [`inspect`] finds in an event.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The service that the event comes from.
    pub source: Source,
    /// The correlation id; `None` where the event has none, and the invocation
    /// has Lambda's request id.
    pub correlation_id: Option<String>,
    /// Where the id stands.
    pub origin: Option<Origin>,
}

/// Looks at an event as the library does: for tools and tests that want to know
/// which id an invocation will have.
#[must_use]
pub fn inspect(payload: &[u8]) -> Finding {
    let found = read(payload);
    let (origin, id) = found
        .best()
        .map(|(origin, id)| (*origin, id.to_string()))
        .unzip();
    Finding {
        source: Source::of(payload),
        correlation_id: id,
        origin,
    }
}

#[cfg(test)]
mod tests;
