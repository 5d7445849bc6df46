//! What a request and its response tell about a call.

use std::borrow::Cow;

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use serde::Deserialize;
use tracing::Span;

/// A longer body is not looked into: names stand in small requests.
const MAX_BODY: usize = 256 * 1024;

/// Records where a request goes and what it is about.
pub(super) fn record_request(span: &Span, service: &str, request: &HttpRequest) {
    let authorization = request.headers().get("authorization");
    if let Some(region) = authorization.and_then(region) {
        span.record("aws.region", region);
    }
    match service {
        "S3" => s3(span, request),
        "Lambda" => {
            if let Some(name) = path_after(path(request), "/functions/") {
                span.record("aws.lambda.invoked_function", name.as_ref());
            }
        }
        "SNS" => form(span, request),
        _ => members(span, request),
    }
}

/// The region in a SigV4 signature, which is right whatever the endpoint.
fn region(authorization: &str) -> Option<&str> {
    let (_, scope) = authorization.split_once("Credential=")?;
    let region = scope.split('/').nth(2)?;
    (!region.is_empty() && region != "*").then_some(region)
}

/// The bucket is in the host's name, or the first part of the path.
fn s3(span: &Span, request: &HttpRequest) {
    let host = host(request.uri());
    let path = path(request).trim_start_matches('/');
    let in_host = host.split_once(".s3.").or_else(|| host.split_once(".s3-"));
    let (bucket, key) = match in_host {
        Some((bucket, _)) => (bucket, path),
        None => path.split_once('/').unwrap_or((path, "")),
    };
    for (field, value) in [("aws.s3.bucket", bucket), ("aws.s3.key", key)] {
        if !value.is_empty() {
            span.record(field, decoded(value).as_ref());
        }
    }
}

/// The names in a request of the JSON protocols.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Names<'a> {
    #[serde(borrow)]
    queue_url: Option<Cow<'a, str>>,
    #[serde(borrow)]
    table_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    stream_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    topic_arn: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "stateMachineArn")]
    state_machine_arn: Option<Cow<'a, str>>,
    #[serde(borrow)]
    secret_id: Option<Cow<'a, str>>,
}

fn members(span: &Span, request: &HttpRequest) {
    let json = request
        .headers()
        .get("content-type")
        .is_some_and(|kind| kind.contains("json"));
    let body = request
        .body()
        .bytes()
        .filter(|body| json && body.len() <= MAX_BODY);
    let Some(Ok(names)) = body.map(serde_json::from_slice::<Names<'_>>) else {
        return;
    };
    for (field, value) in [
        ("aws.sqs.queue.url", names.queue_url),
        ("aws.table_name", names.table_name),
        ("aws.kinesis.stream_name", names.stream_name),
        ("aws.sns.topic.arn", names.topic_arn),
        (
            "messaging.destination.name",
            names.state_machine_arn.or(names.secret_id),
        ),
    ] {
        if let Some(value) = value {
            span.record(field, value.as_ref());
        }
    }
}

/// SNS speaks the query protocol: a form.
fn form(span: &Span, request: &HttpRequest) {
    let body = request.body().bytes().filter(|body| body.len() <= MAX_BODY);
    let Some(body) = body.and_then(|body| std::str::from_utf8(body).ok()) else {
        return;
    };
    for pair in body.split('&') {
        if let Some(("TopicArn" | "TargetArn", value)) = pair.split_once('=') {
            span.record("aws.sns.topic.arn", decoded(value).as_ref());
        }
    }
}

/// Records how the service answered.
pub(super) fn record_response(span: &Span, response: &HttpResponse) {
    span.record(
        "http.response.status_code",
        u64::from(response.status().as_u16()),
    );
    let headers = response.headers();
    let id = ["x-amzn-requestid", "x-amzn-request-id", "x-amz-request-id"];
    if let Some(id) = id.iter().find_map(|name| headers.get(name)) {
        span.record("aws.request_id", id);
    }
    if let Some(id) = headers.get("x-amz-id-2") {
        span.record("aws.extended_request_id", id);
    }
    if let Some(length) = headers
        .get("content-length")
        .and_then(|text| text.parse::<u64>().ok())
    {
        span.record("http.response.body.size", length);
    }
    if let Some(kind) = headers.get("x-amzn-errortype") {
        // `ResourceNotFoundException:http://internal.amazon.com/...`
        span.record("error.type", kind.split(':').next().unwrap_or(kind));
    }
}

fn host(uri: &str) -> &str {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or(rest)
}

fn path(request: &HttpRequest) -> &str {
    let uri = request.uri();
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let path = rest.find('/').map_or("", |at| &rest[at..]);
    path.split('?').next().unwrap_or(path)
}

fn path_after<'a>(path: &'a str, before: &str) -> Option<Cow<'a, str>> {
    let (_, rest) = path.split_once(before)?;
    Some(decoded(rest.split('/').next().unwrap_or(rest)))
}

/// Undoes percent-encoding; `+` is left, as it stands for itself in a path.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let (mut out, mut index) = (Vec::with_capacity(bytes.len()), 0);
    while index < bytes.len() {
        let code = text
            .get(index + 1..index + 3)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[index], code) {
            (b'%', Some(byte)) => {
                out.push(byte);
                index += 3;
            }
            (byte, _) => {
                out.push(byte);
                index += 1;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}
