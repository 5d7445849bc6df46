//! Real AWS SDK clients with the interceptor, on the wire.

use std::{collections::HashMap, time::Duration};

use aws_smithy_types::retry::RetryConfig;
use cloudvault_obs::{Error, LambdaEvent, aws::Interceptor, testing::Function};
use cloudvault_wire::{Asked, Server};
use http_body_util::Full;
use hyper::{Response, body::Bytes};
use lambda_runtime::Context;
use serde_json::{Value, json};
use tower::{Layer as _, Service as _};

/// Five services' answers. What is `flaky` fails at its first attempt.
fn answer(asked: &Asked) -> Response<Full<Bytes>> {
    let first = asked.header("amz-sdk-request").starts_with("attempt=1");
    let target = asked.header("x-amz-target").to_owned();
    let (status, kind, body) = if first && asked.body.contains("flaky") {
        let body = r#"{"__type":"InternalServerError","message":"try again"}"#;
        (500, "application/x-amz-json-1.0", body)
    } else if target.ends_with("SendMessage") {
        (200, "application/x-amz-json-1.0", r#"{"MessageId":"m-1"}"#)
    } else if target.ends_with("PutEvents") {
        let body = r#"{"FailedEntryCount":0,"Entries":[{"EventId":"e-1"}]}"#;
        (200, "application/x-amz-json-1.1", body)
    } else if asked.body.starts_with("Action=Publish") {
        let body = "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\
                    <PublishResult><MessageId>m-2</MessageId></PublishResult></PublishResponse>";
        (200, "text/xml", body)
    } else if asked.method == "PUT" {
        (200, "application/xml", "")
    } else {
        (200, "application/x-amz-json-1.0", "{}")
    };
    Response::builder()
        .status(status)
        .header("content-type", kind)
        .header("x-amzn-requestid", "R-1")
        .body(Full::from(body))
        .expect("a response")
}

macro_rules! client {
    ($sdk:ident, $server:expr $(, $setting:ident($value:expr))?) => {{
        use $sdk::config::{BehaviorVersion, Credentials, Region};
        let config = $sdk::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("AKIDEXAMPLE", "secret", None, None, "test"))
            .endpoint_url(format!("http://{}", $server.address))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .retry_config(
                RetryConfig::standard()
                    .with_max_attempts(3)
                    .with_initial_backoff(Duration::from_millis(1)),
            )
            $(.$setting($value))?
            .interceptor(Interceptor::new());
        $sdk::Client::from_conf(config.build())
    }};
}

const QUEUE: &str = "https://sqs.eu-west-1.amazonaws.com/123456789012/uploads";
const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:files";

async fn calls(server: &Server) -> Result<(), Error> {
    use aws_sdk_dynamodb::types::AttributeValue;
    use aws_sdk_eventbridge::types::PutEventsRequestEntry;

    let table = client!(aws_sdk_dynamodb, server);
    let item = AttributeValue::S("flaky".to_owned());
    table
        .put_item()
        .table_name("files")
        .item("id", item)
        .send()
        .await?;
    let queue = client!(aws_sdk_sqs, server);
    queue
        .send_message()
        .queue_url(QUEUE)
        .message_body("hi")
        .send()
        .await?;
    let topic = client!(aws_sdk_sns, server);
    topic
        .publish()
        .topic_arn(TOPIC)
        .message("hi")
        .send()
        .await?;
    let bus = client!(aws_sdk_eventbridge, server);
    let entry = PutEventsRequestEntry::builder()
        .source("vault")
        .detail_type("stored")
        .detail(r#"{"id":7}"#);
    bus.put_events().entries(entry.build()).send().await?;
    let bucket = client!(aws_sdk_s3, server, force_path_style(true));
    let body = aws_sdk_s3::primitives::ByteStream::from_static(b"x");
    let put = bucket.put_object().bucket("vault").key("a b/c").body(body);
    put.send().await?;
    Ok(())
}

fn named<'a>(documents: &'a Value, name: &str) -> &'a Value {
    let found = documents["subsegments"].as_array().into_iter().flatten();
    let mut found = found.filter(|document| document["name"] == name);
    found
        .next()
        .unwrap_or_else(|| panic!("no {name} in {documents:#}"))
}

#[tokio::test]
async fn each_services_call_is_a_subsegment_and_takes_the_ids_along() {
    let server = Server::start(answer).await;
    let event = json!({"headers": {"x-correlation-id": "corr-1", "debug-log-enabled": "true"}});
    let mut context = Context::default();
    context.invoked_function_arn = "arn:aws:lambda:eu-west-1:1:function:upload".to_owned();
    context.xray_trace_id = Some(format!("{TRACE};Lineage=a87bd80c:1"));
    let handler = async |_: LambdaEvent<Value>| calls(&server).await;
    let observed = Function::new().invoke_with(context, handler, event).await;
    observed.result().expect("every call is answered");

    let handler = &observed.segments()[0];
    for (service, expect) in [
        (
            "DynamoDB",
            json!({"operation": "PutItem", "table_name": "files", "retries": 1}),
        ),
        (
            "SQS",
            json!({"operation": "SendMessage", "queue_url": QUEUE, "retries": 0}),
        ),
        (
            "SNS",
            json!({"operation": "Publish", "topic_arn": TOPIC, "retries": 0}),
        ),
        (
            "EventBridge",
            json!({"operation": "PutEvents", "retries": 0}),
        ),
        (
            "S3",
            json!({"operation": "PutObject", "bucket_name": "vault", "key": "a b/c", "retries": 0}),
        ),
    ] {
        let call = named(handler, service);
        assert_eq!(call["namespace"], "aws", "{call:#}");
        assert_eq!(call["http"]["response"]["status"], 200, "{call:#}");
        let mut block = call["aws"].clone();
        assert_eq!(block["region"], "eu-west-1", "{call:#}");
        assert_eq!(block["request_id"], "R-1", "{call:#}");
        let members = block.as_object_mut().expect("an object");
        members.retain(|key, _| expect.get(key).is_some());
        assert_eq!(block, expect, "{call:#}");
    }

    let asked = server.take();
    assert_eq!(asked.len(), 6, "one of them twice");
    let parents = ["DynamoDB", "DynamoDB", "SQS", "SNS", "EventBridge", "S3"];
    for (asked, service) in asked.iter().zip(parents) {
        let parent = named(handler, service)["id"].as_str().expect("an id");
        let root = "Root=1-5759e988-bd862e3fe1be46a994272793";
        let expect = format!("{root};Parent={parent};Sampled=1;Lineage=a87bd80c:1");
        assert_eq!(asked.header("x-amzn-trace-id"), expect, "{service}");
        let length = asked.header("content-length").parse();
        assert_eq!(length, Ok(asked.body.len()), "{service}");
    }
    messages(&asked);
}

const TRACE: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

/// What whoever receives a message finds in it.
fn messages(asked: &[Asked]) {
    let sqs: Value = serde_json::from_str(&asked[2].body).expect("JSON");
    let attribute = |name: &str| sqs["MessageAttributes"][name]["StringValue"].clone();
    assert_eq!(attribute("correlation-id"), "corr-1");
    assert_eq!(attribute("debug-log-enabled"), "true");
    let lineage = attribute("correlation-lineage");
    assert!(lineage.as_str().expect("text").ends_with(":1"), "{lineage}");
    let trace = &sqs["MessageSystemAttributes"]["AWSTraceHeader"]["StringValue"];
    assert_eq!(trace, asked[2].header("x-amzn-trace-id"));

    let sns = &asked[3].body;
    for (number, name, value) in [
        (1, "correlation-id", "corr-1"),
        (2, "debug-log-enabled", "true"),
    ] {
        let pair = format!(
            "&MessageAttributes.entry.{number}.Name={name}\
             &MessageAttributes.entry.{number}.Value.DataType=String\
             &MessageAttributes.entry.{number}.Value.StringValue={value}"
        );
        assert!(sns.contains(&pair), "{sns}");
    }

    let bus: Value = serde_json::from_str(&asked[4].body).expect("JSON");
    let entry = &bus["Entries"][0];
    assert_eq!(entry["TraceHeader"], asked[4].header("x-amzn-trace-id"));
    let detail = entry["Detail"].as_str().expect("text");
    let detail: Value = serde_json::from_str(detail).expect("JSON");
    assert_eq!(detail["id"], 7);
    assert_eq!(detail["__context__"]["x-correlation-id"], "corr-1");
    assert_eq!(detail["__context__"]["debug-log-enabled"], "true");
    assert_eq!(detail["__context__"]["correlation-lineage"], lineage);
}

fn numbered(number: usize) -> LambdaEvent<Value> {
    let mut context = Context::default();
    context.request_id = format!("req-{number}");
    context.xray_trace_id = Some(format!(
        "Root=1-5759e988-{number:024x};Parent={:016x};Sampled=1;Lineage=a87bd80c:{number}",
        number + 1
    ));
    let id = format!("corr-{number}");
    LambdaEvent::new(json!({"headers": {"x-correlation-id": id}}), context)
}

/// One in four is tried again: a client has a budget for retries.
fn text(request_id: &str) -> String {
    let number: usize = request_id[4..].parse().expect("a number");
    let kind = if number.is_multiple_of(4) {
        "flaky"
    } else {
        "plain"
    };
    format!("{kind} {request_id}")
}

const INVOCATIONS: usize = 300;

/// What invocations that run at the same time send.
fn sent_at_once(function: &Function) -> Vec<Asked> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    function.scope(|| {
        runtime.block_on(async {
            let server = Server::start(answer).await;
            let queue = client!(aws_sdk_sqs, server);
            let service = function.layer().layer(cloudvault_obs::service_fn(
                move |event: LambdaEvent<Value>| {
                    let queue = queue.clone();
                    async move {
                        let text = text(&event.context.request_id);
                        let message = queue.send_message().queue_url(QUEUE).message_body(text);
                        message.send().await?;
                        Ok::<_, Error>(())
                    }
                },
            ));
            let calls: Vec<_> = (0..INVOCATIONS)
                .map(|number| tokio::spawn(service.clone().call(numbered(number))))
                .collect();
            for call in calls {
                call.await.expect("no panic").expect("sent");
            }
            server.take()
        })
    })
}

/// The SDK's own recursion detection reads one variable of the process.
#[test]
fn three_hundred_concurrent_invocations_send_each_their_own_header() {
    let function = Function::new();
    let asked = sent_at_once(&function);
    let observed = function.observe(|| ());
    // The facade's id is the number plus one: whose call it is.
    let own: HashMap<String, &Value> = observed
        .segments()
        .iter()
        .map(|handler| {
            (
                handler["parent_id"].as_str().unwrap_or_default().to_owned(),
                handler,
            )
        })
        .collect();
    assert_eq!(own.len(), INVOCATIONS);
    let mut attempts = [0; INVOCATIONS];
    for asked in asked {
        let body: Value = serde_json::from_str(&asked.body).expect("JSON");
        let text = body["MessageBody"].as_str().expect("text");
        let number = text.rsplit('-').next().and_then(|it| it.parse().ok());
        let number: usize = number.expect("a number");
        let call = named(own[&format!("{:016x}", number + 1)], "SQS");
        let retries = usize::from(number.is_multiple_of(4));
        assert_eq!(call["aws"]["retries"], retries);
        let parent = call["id"].as_str().expect("an id");
        let expect = format!(
            "Root=1-5759e988-{number:024x};Parent={parent};Sampled=1;Lineage=a87bd80c:{number}"
        );
        assert_eq!(asked.header("x-amzn-trace-id"), expect);
        let sent = &body["MessageAttributes"]["correlation-id"]["StringValue"];
        assert_eq!(sent, &format!("corr-{number}"));
        attempts[number] += 1;
    }
    for (number, attempts) in attempts.into_iter().enumerate() {
        assert_eq!(attempts, 1 + usize::from(number.is_multiple_of(4)));
    }
}
