//! The payloads AWS would send: HTTP API events, SQS batches, schedule ticks.

use base64::Engine;
use chrono::DateTime;
use serde_json::{Map, Value, json};

use crate::queue::Received;
use crate::queue::message::ACCOUNT;
use crate::rim::rfc3339;
use crate::store::notification::REGION;

/// Who the traffic is signed in as.
pub const SUBJECT: &str = "5f0e6f6e-7d0b-4c59-9d4e-2b9d6a1c3e55";

/// One request of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The route's path, `/files/{id}` and so on.
    pub route: &'static str,
    /// What stands for `{id}`.
    pub id: Option<String>,
    /// Query parameters.
    pub query: Vec<(&'static str, String)>,
    /// Media type and bytes of the body.
    pub body: Option<(String, Vec<u8>)>,
    /// The header `x-correlation-id`.
    pub correlation_id: String,
}

impl Call {
    /// The event API Gateway would send at `now_ms`.
    #[must_use]
    pub fn to_event(&self, now_ms: i64) -> Value {
        let path = match &self.id {
            Some(id) => self.route.replace("{id}", id),
            None => self.route.to_owned(),
        };
        let route = format!("{} {}", self.method, self.route);
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.query)
            .finish();
        let mut event = json!({
            "version": "2.0",
            "routeKey": route,
            "rawPath": path,
            "rawQueryString": query,
            "headers": self.headers(),
            "requestContext": self.context(&route, &path, now_ms),
            "isBase64Encoded": self.body.is_some(),
        });
        if !self.query.is_empty() {
            let query: Map<_, _> = self
                .query
                .iter()
                .map(|(name, value)| ((*name).to_owned(), json!(value)))
                .collect();
            event["queryStringParameters"] = Value::Object(query);
        }
        if let Some(id) = &self.id {
            event["pathParameters"] = json!({"id": id});
        }
        if let Some((_, bytes)) = &self.body {
            event["body"] = json!(base64::engine::general_purpose::STANDARD.encode(bytes));
        }
        event
    }

    fn headers(&self) -> Value {
        let mut headers = json!({
            "accept": "*/*",
            "host": "api.cloudvault.example",
            "user-agent": "cloudvault-traffic",
            "x-correlation-id": self.correlation_id,
            "x-forwarded-for": "127.0.0.1",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        });
        if let Some((content_type, bytes)) = &self.body {
            headers["content-type"] = json!(content_type);
            headers["content-length"] = json!(bytes.len().to_string());
        }
        headers
    }

    fn context(&self, route: &str, path: &str, now_ms: i64) -> Value {
        let time = DateTime::from_timestamp_millis(now_ms).unwrap_or_default();
        json!({
            "accountId": ACCOUNT,
            "apiId": "a1b2c3d4e5",
            "authorizer": {"jwt": {
                "claims": {
                    "iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_EXAMPLE",
                    "sub": SUBJECT,
                    "token_use": "id",
                },
                "scopes": null,
            }},
            "domainName": "api.cloudvault.example",
            "domainPrefix": "api",
            "http": {
                "method": self.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "cloudvault-traffic",
            },
            // As long as API Gateway's: 15 characters and a "=".
            "requestId": format!("{:.15}=", self.correlation_id.replace('-', "")),
            "routeKey": route,
            "stage": "$default",
            "time": time.format("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": now_ms,
        })
    }
}

/// A `multipart/form-data` body with a file and what is said about it.
#[must_use]
pub fn form(name: &str, content_type: &str, bytes: &[u8], metadata: &Value) -> (String, Vec<u8>) {
    // No part holds this line: the images are ours, and the metadata is one line of JSON.
    const BOUNDARY: &str = "----CloudVaultBoundary7MA4YWxk";
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\
         Content-Type: application/json\r\n\r\n{metadata}\r\n\
         --{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: {content_type}\r\n\r\n"
    );
    let tail = format!("\r\n--{BOUNDARY}--\r\n");
    let body = [head.as_bytes(), bytes, tail.as_bytes()].concat();
    (format!("multipart/form-data; boundary={BOUNDARY}"), body)
}

/// The event of a batch of messages.
#[must_use]
pub fn batch(messages: &[Received]) -> Value {
    let records: Vec<_> = messages.iter().map(|message| &message.record).collect();
    json!({"Records": records})
}

/// The event of a schedule at `now_ms`.
#[must_use]
pub fn tick(id: &str, now_ms: i64) -> Value {
    json!({
        "version": "0",
        "id": id,
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT,
        "time": rfc3339(now_ms - now_ms.rem_euclid(1_000)).replace(".000Z", "Z"),
        "region": REGION,
        "resources": [format!("arn:aws:events:{REGION}:{ACCOUNT}:rule/cloudvault-cleanup")],
        "detail": {},
    })
}
