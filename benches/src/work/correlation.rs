//! The correlation id of each event source, and of events of megabytes.

use std::hint::black_box;

use aws_lambda_events::sqs::SqsEvent;
use cloudvault_obs::{batch::Batch, event::correlation_id};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Contenders;
use crate::{Work, case::steady};

pub(super) fn rows() -> Vec<(&'static str, Contenders)> {
    vec![
        (
            "correlation id by source",
            vec![
                ("HTTP API, header", || ours(http())),
                ("HTTP API, no header", || ours(http_without())),
                ("ALB, multi-value headers", || ours(alb())),
                ("AppSync", || ours(appsync())),
                ("EventBridge", || ours(eventbridge())),
                ("SNS", || ours(sns())),
                ("SQS, attribute", || ours(sqs("corr-1"))),
                ("SQS, SNS envelope in the body", || ours(sqs_around_sns())),
                ("Kinesis", || ours(kinesis(0))),
                ("DynamoDB stream", || ours(dynamodb())),
                ("Kafka", || ours(kafka())),
                ("REST API", || ours(bytes_of(REST))),
                ("WebSocket API", || ours(bytes_of(WEB_SOCKET))),
                ("function URL", || ours(bytes_of(FUNCTION_URL))),
                ("VPC Lattice", || ours(bytes_of(VPC_LATTICE))),
                ("S3", || ours(bytes_of(S3))),
                ("SES", || ours(bytes_of(SES))),
                ("Firehose", || ours(bytes_of(FIREHOSE))),
                ("DocumentDB", || ours(bytes_of(DOCUMENT_DB))),
                ("ActiveMQ", || ours(bytes_of(ACTIVE_MQ))),
                ("Cognito", || ours(bytes_of(COGNITO))),
                ("Lex", || ours(bytes_of(LEX))),
                ("Bedrock agent", || ours(bytes_of(BEDROCK))),
                ("CloudFormation", || ours(bytes_of(CLOUD_FORMATION))),
                ("direct, Step Functions, IoT rule", || ours(direct())),
            ],
        ),
        (
            "correlation id, HTTP API with a body of 6 MB",
            vec![
                ("cloudvault-obs", || ours(large())),
                ("serde_json into two fields", || {
                    let event = large();
                    steady(move || drop(black_box(two_fields(black_box(&event)))))
                }),
                ("serde_json into a Value", || {
                    let event = large();
                    steady(move || drop(black_box(tree(black_box(&event)))))
                }),
            ],
        ),
        (
            "correlation id, 6 MB in other places",
            vec![
                ("body before the headers", || ours(large_first())),
                ("SQS, body before its attributes", || {
                    ours(large_message("x"))
                }),
                ("SQS, body of escapes", || ours(large_message("\"\\\n"))),
                ("Kinesis, context in front", || ours(kinesis(6 << 20))),
                ("no id: numbers, nested", || ours(large_numbers())),
            ],
        ),
        (
            "batch of 10 SQS messages, no subscriber",
            vec![("cloudvault-obs", batch)],
        ),
        (
            "batch of 10 typed SQS messages of 100 KB, no subscriber",
            vec![
                ("read where they are", typed_batch),
                ("written down to be read", written_batch),
            ],
        ),
    ]
}

fn ours(event: Vec<u8>) -> Work {
    assert!(correlation_id(&event).is_some(), "an id to be found");
    steady(move || drop(black_box(correlation_id(black_box(&event)))))
}

/// What a careful user would write: everything else is skipped, and checked.
fn two_fields(event: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Event {
        headers: Headers,
    }
    #[derive(Deserialize)]
    struct Headers {
        #[serde(rename = "x-correlation-id")]
        correlation_id: Option<String>,
    }
    let event: Event = serde_json::from_slice(event).ok()?;
    event.headers.correlation_id
}

fn tree(event: &[u8]) -> Option<String> {
    let event: Value = serde_json::from_slice(event).ok()?;
    Some(event["headers"]["x-correlation-id"].as_str()?.to_owned())
}

const REST: &str = r#"{"resource":"/files","path":"/files","httpMethod":"POST","headers":{"Accept":"*/*","Host":"example.com","x-correlation-id":"corr-1"},"queryStringParameters":null,"requestContext":{"requestId":"c6af9ac6-7b61-11e6-9a41-93e8deadbeef","stage":"prod"},"body":"hello","isBase64Encoded":false}"#;
const WEB_SOCKET: &str = r#"{"requestContext":{"routeKey":"$default","messageId":"m","eventType":"MESSAGE","connectionId":"c","requestId":"corr-1","apiId":"abcdef1234"},"body":"hello","isBase64Encoded":false}"#;
const FUNCTION_URL: &str = r#"{"version":"2.0","routeKey":"$default","rawPath":"/","headers":{"host":"abc.lambda-url.us-east-1.on.aws","x-correlation-id":"corr-1"},"requestContext":{"accountId":"anonymous","requestId":"r"},"isBase64Encoded":false}"#;
const VPC_LATTICE: &str = r#"{"version":"2.0","path":"/files","method":"GET","headers":{"accept":["*/*"],"x-correlation-id":["corr-1"]},"requestContext":{"serviceNetworkArn":"arn","region":"us-east-1"}}"#;
const S3: &str = r#"{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-east-1","eventTime":"2026-11-23T03:41:34.505Z","eventName":"ObjectCreated:Put","requestParameters":{"sourceIPAddress":"127.0.0.1"},"responseElements":{"x-amz-request-id":"C3D13FE58DE4C810","x-amz-id-2":"FMyUVURIY8"},"s3":{"bucket":{"name":"vault"},"object":{"key":"a.jpg","size":1024}}}]}"#;
const SES: &str = r#"{"Records":[{"eventSource":"aws:ses","eventVersion":"1.0","ses":{"mail":{"timestamp":"2026-11-23T03:41:34.505Z","source":"a@example.com","messageId":"m-1","headers":[{"name":"From","value":"a"},{"name":"x-correlation-id","value":"corr-1"}]},"receipt":{}}}]}"#;
/// The data is base64 of `{"__context__":"corr-1"}`.
const FIREHOSE: &str = r#"{"invocationId":"i-1","deliveryStreamArn":"arn:aws:firehose:us-east-1:000000000000:deliverystream/s","region":"us-east-1","records":[{"recordId":"r-1","approximateArrivalTimestamp":1510254474105,"data":"eyJfX2NvbnRleHRfXyI6ImNvcnItMSJ9"}]}"#;
const DOCUMENT_DB: &str = r#"{"eventSourceArn":"arn:aws:rds:us-east-1:000000000000:cluster:c","eventSource":"aws:docdb","events":[{"event":{"_id":{"_data":"0163"},"clusterTime":{"$timestamp":{"t":1676588775,"i":9}},"fullDocument":{"_id":{"$oid":"63ee"},"__context__":"corr-1"},"operationType":"insert"}}]}"#;
const ACTIVE_MQ: &str = r#"{"eventSource":"aws:mq","eventSourceArn":"arn:aws:mq:us-east-1:000000000000:broker:b","messages":[{"messageID":"ID:b-1","messageType":"jms/text-message","deliveryMode":1,"correlationID":"corr-1","data":"aGVsbG8="}]}"#;
const COGNITO: &str = r#"{"version":"1","triggerSource":"PreSignUp_SignUp","region":"us-east-1","userPoolId":"p","userName":"ann","callerContext":{"awsSdkVersion":"1","clientId":"c"},"request":{"userAttributes":{},"clientMetadata":{"correlation-id":"corr-1"}},"response":{}}"#;
const LEX: &str = r#"{"sessionId":"s-1","inputTranscript":"hi","bot":{"id":"b","name":"n"},"sessionState":{"sessionAttributes":{"correlation-id":"corr-1"},"intent":{"name":"i"}}}"#;
const BEDROCK: &str = r#"{"messageVersion":"1.0","agent":{"name":"a","id":"i"},"sessionId":"s","inputText":"hi","actionGroup":"g","sessionAttributes":{"correlation-id":"corr-1"},"promptSessionAttributes":{}}"#;
const CLOUD_FORMATION: &str = r#"{"RequestType":"Create","ResponseURL":"https://example.com","StackId":"arn:aws:cloudformation:us-east-1:000000000000:stack/s/1","RequestId":"corr-1","ResourceType":"Custom::T","LogicalResourceId":"l"}"#;

fn bytes_of(event: &str) -> Vec<u8> {
    event.as_bytes().to_vec()
}

fn bytes(event: &Value) -> Vec<u8> {
    event.to_string().into_bytes()
}

/// In the order in which Lambda writes it; `json!` would sort.
fn http_event(id: &str, body: &str) -> Vec<u8> {
    format!(
        r#"{{"version":"2.0","routeKey":"POST /files","rawPath":"/files","rawQueryString":"","headers":{{"accept":"*/*","accept-encoding":"gzip, deflate, br","authorization":"Bearer eyJhbGciOiJIUzI1NiJ9.e30.ZRrHA1JJJW8opsbCGfG_HACGpVUMN_a9IV7pAx_Zmeo","content-length":"17","content-type":"application/json","host":"abcdef1234.execute-api.us-east-1.amazonaws.com","user-agent":"curl/8.5.0","x-amzn-trace-id":"Root=1-5759e988-bd862e3fe1be46a994272793"{id},"x-forwarded-for":"192.0.2.1","x-forwarded-port":"443","x-forwarded-proto":"https"}},"requestContext":{{"accountId":"000000000000","apiId":"abcdef1234","domainName":"abcdef1234.execute-api.us-east-1.amazonaws.com","http":{{"method":"POST","path":"/files","protocol":"HTTP/1.1","sourceIp":"192.0.2.1","userAgent":"curl/8.5.0"}},"requestId":"JKJaXmPLvHcESHA=","routeKey":"POST /files","stage":"$default","time":"23/Nov/2026:03:41:34 +0000","timeEpoch":1795405294505}},"body":"{body}","isBase64Encoded":false}}"#
    )
    .into_bytes()
}

fn http() -> Vec<u8> {
    http_event(r#","x-correlation-id":"corr-1""#, "hello")
}

fn http_without() -> Vec<u8> {
    http_event("", "hello")
}

fn large() -> Vec<u8> {
    http_event(r#","x-correlation-id":"corr-1""#, &"x".repeat(6 << 20))
}

fn large_first() -> Vec<u8> {
    let body = "x".repeat(6 << 20);
    format!(r#"{{"body":"{body}","headers":{{"x-correlation-id":"corr-1"}}}}"#).into_bytes()
}

fn large_numbers() -> Vec<u8> {
    let numbers = "[1.5,{\"a\":2}],".repeat((6 << 20) / 14);
    format!(r#"{{"data":[{numbers}0],"__context__":"corr-1"}}"#).into_bytes()
}

fn alb() -> Vec<u8> {
    bytes(
        &json!({"requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/t/1"}},
        "httpMethod": "GET", "path": "/", "multiValueHeaders": {"accept": ["*/*"], "host": ["example.com"],
        "x-amzn-trace-id": ["Root=1-5759e988-bd862e3fe1be46a994272793"], "x-correlation-id": ["corr-1"]}, "body": ""}),
    )
}

fn appsync() -> Vec<u8> {
    bytes(
        &json!({"arguments": {"id": "1"}, "identity": null, "source": null,
        "request": {"headers": {"accept": "*/*", "content-type": "application/json", "x-correlation-id": "corr-1"}, "domainName": null},
        "info": {"fieldName": "file", "parentTypeName": "Query", "variables": {}}}),
    )
}

fn eventbridge() -> Vec<u8> {
    bytes(
        &json!({"version": "0", "id": "7bf73129-1428-4cd3-a780-95db273d1602", "detail-type": "file stored",
        "source": "vault", "account": "000000000000", "time": "2026-11-23T03:41:34Z", "region": "us-east-1",
        "resources": [], "detail": {"__context__": {"x-correlation-id": "corr-1"}, "key": "a/b", "size": 1024}}),
    )
}

fn envelope() -> Value {
    json!({"Type": "Notification", "MessageId": "82833b5c-8d5d-56d0-b0e1-7511f8253eb8",
        "TopicArn": "arn:aws:sns:us-east-1:000000000000:files", "Message": "{\"key\": \"a/b\"}",
        "Timestamp": "2026-11-23T03:41:34.505Z",
        "MessageAttributes": {"correlation-id": {"Type": "String", "Value": "corr-1"}}})
}

fn sns() -> Vec<u8> {
    bytes(
        &json!({"Records": [{"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": "arn", "Sns": envelope()}]}),
    )
}

fn message(body: &str, id: &str) -> String {
    format!(
        r#"{{"messageId":"059f36b4-87a3-44ab-83d2-661975830a7d","receiptHandle":"AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a","body":{},"attributes":{{"ApproximateReceiveCount":"1","AWSTraceHeader":"Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1","SentTimestamp":"1545082649183","SenderId":"AIDAIENQZJOLO23YVJ4VO","ApproximateFirstReceiveTimestamp":"1545082649185"}},"messageAttributes":{{{id}}},"md5OfBody":"e4e68fb7bd0e697a0ae8f1bb342846b3","eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:us-east-1:000000000000:files","awsRegion":"us-east-1"}}"#,
        Value::from(body)
    )
}

fn attribute(id: &str) -> String {
    format!(
        r#""correlation-id":{{"stringValue":"{id}","stringListValues":[],"binaryListValues":[],"dataType":"String"}}"#
    )
}

fn sqs(id: &str) -> Vec<u8> {
    let message = message("{\"key\": \"a/b\", \"size\": 1024}", &attribute(id));
    format!(r#"{{"Records":[{message}]}}"#).into_bytes()
}

fn sqs_around_sns() -> Vec<u8> {
    let message = message(&envelope().to_string(), "");
    format!(r#"{{"Records":[{message}]}}"#).into_bytes()
}

fn large_message(part: &str) -> Vec<u8> {
    let body = part.repeat((6 << 20) / part.len());
    let message = message(&body, &attribute("corr-1"));
    format!(r#"{{"Records":[{message}]}}"#).into_bytes()
}

/// Base64 of `{"__context__":"corr-1","x":"???..."}`.
fn kinesis(padding: usize) -> Vec<u8> {
    // Each four characters decode to "???".
    let data = format!(
        "eyJfX2NvbnRleHRfXyI6ImNvcnItMSIsIngiOiIg{}ICJ9",
        "Pz8/".repeat(padding / 4)
    );
    bytes(
        &json!({"Records": [{"kinesis": {"kinesisSchemaVersion": "1.0", "partitionKey": "p",
        "sequenceNumber": "49568167373333333333333333333333333333333333333333333333", "data": data,
        "approximateArrivalTimestamp": 1_480_641_523.477}, "eventSource": "aws:kinesis", "eventVersion": "1.0",
        "eventID": "shardId-000000000000:49568167373333333333333333333333333333333333333333333333"}]}),
    )
}

fn dynamodb() -> Vec<u8> {
    bytes(
        &json!({"Records": [{"eventID": "f07f8ca4b0b26cb9c4e5e77e69f274ee", "eventName": "INSERT",
        "eventSource": "aws:dynamodb", "dynamodb": {"Keys": {"id": {"S": "1"}}, "NewImage": {"id": {"S": "1"},
        "__context__": {"M": {"x-correlation-id": {"S": "corr-1"}}}}, "SequenceNumber": "1405400000000002063282832"}}]}),
    )
}

fn kafka() -> Vec<u8> {
    bytes(
        &json!({"eventSource": "aws:kafka", "bootstrapServers": "b-1:9092", "records": {"files-0": [
        {"topic": "files", "partition": 0, "offset": 15, "timestamp": 1_795_405_294_505_u64, "key": "a2V5", "value": "dmFsdWU=",
        "headers": [{"correlation-id": b"corr-1"}]}]}}),
    )
}

fn direct() -> Vec<u8> {
    bytes(&json!({"__context__": {"x-correlation-id": "corr-1"}, "key": "a/b", "size": 1024}))
}

/// Ten messages that name their request in an attribute.
fn typed() -> SqsEvent {
    let body = "a line of text ".repeat(100_000 / 15);
    let records = (0..10)
        .map(|number| message(&body, &attribute(&format!("corr-{number}"))))
        .collect::<Vec<_>>()
        .join(",");
    serde_json::from_str(&format!("{{\"Records\":[{records}]}}")).expect("an SQS event")
}

/// Both take an event of their own: cloning it costs the same.
fn typed_batch() -> Work {
    let event = typed();
    steady(move || {
        let report = Batch::from(black_box(&event).clone()).each(|_| Ok::<_, &str>(()));
        assert!(report.is_ok());
    })
}

fn written_batch() -> Work {
    let event = typed();
    steady(move || {
        let records = black_box(&event).clone().records;
        let report = Batch::new(records).each(|_| Ok::<_, &str>(()));
        assert!(report.is_ok());
    })
}

/// Reading ten records, opening and closing their spans, and the report.
fn batch() -> Work {
    let records: Vec<Value> = (0..10)
        .map(|number| message("hi", &attribute(&format!("corr-{number}"))))
        .map(|record| serde_json::from_str(&record).expect("JSON"))
        .collect();
    steady(move || {
        let report = Batch::new(black_box(&records)).each(|_| Ok::<_, &str>(()));
        assert!(report.is_ok());
    })
}
