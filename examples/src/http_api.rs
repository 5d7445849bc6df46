//! Requests and responses of an API Gateway HTTP API, payload format 2.0.
//!
//! A request is read once, here: base64, JWT claims, parameters. What cannot
//! be read is answered as a problem (RFC 9457) with its 4xx, and never panics;
//! what is our own fault makes the invocation fail, so that an alarm sees it.

use std::error::Error as StdError;

use aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use aws_lambda_events::encodings::Body;
use base64::Engine;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use http::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::store::{KeyError, StoreError};
use crate::vault::Owner;

/// What makes a function fail.
pub type Error = Box<dyn StdError + Send + Sync>;

/// A request, read and checked.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path, as it was sent.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body's bytes, base64 removed.
    pub body: Vec<u8>,
    /// Who asks: the token's `sub`.
    pub owner: Owner,
    event: Box<ApiGatewayV2httpRequest>,
}

/// An answer that says what is wrong with the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The status, 4xx.
    pub status: StatusCode,
    /// What is wrong, for the one who sent it.
    pub detail: String,
}

/// Why a request was not answered as asked.
#[derive(Debug)]
pub enum Refusal {
    /// The client's fault; answered with its 4xx.
    Client(Problem),
    /// Our fault; the invocation fails.
    Server(Error),
}

impl Problem {
    /// A problem with its status.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
        }
    }

    /// 400: the request cannot be read.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    fn into_response(self) -> ApiGatewayV2httpResponse {
        let body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Problem"),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        respond(
            self.status,
            "application/problem+json",
            Body::Text(body.to_string()),
        )
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Client(problem)
    }
}

impl From<KeyError> for Refusal {
    fn from(error: KeyError) -> Self {
        Self::Client(Problem::bad_request(format!("failed to {error}")))
    }
}

impl From<crate::queue::QueueError> for Refusal {
    fn from(error: crate::queue::QueueError) -> Self {
        Self::Server(error.into())
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let status = match error {
            StoreError::NotFound => StatusCode::NOT_FOUND,
            StoreError::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            StoreError::Metadata => StatusCode::BAD_REQUEST,
            StoreError::Forbidden | StoreError::Expired => StatusCode::FORBIDDEN,
            StoreError::Corrupt(_) | StoreError::Notify(_) | StoreError::Io(_) => {
                return Self::Server(error.into());
            }
        };
        Self::Client(Problem::new(status, format!("failed to {error}")))
    }
}

impl Request {
    /// Reads an HTTP API event and checks that it asks for `method`.
    ///
    /// # Errors
    /// A [`Problem`]: 400 for what is no such event, 401 without a subject, 405 for another method.
    pub fn parse(event: Value, method: &Method) -> Result<Self, Problem> {
        // The published type fills in what is missing; the version tells an HTTP API event.
        if event.get("version").and_then(Value::as_str) != Some("2.0") {
            return Err(Problem::bad_request(
                "expected an HTTP API event with payload format 2.0",
            ));
        }
        let mut event: Box<ApiGatewayV2httpRequest> = serde_json::from_value(event)
            .map(Box::new)
            .map_err(|error| {
            Problem::bad_request(format!("failed to read the HTTP API event: {error}"))
        })?;
        let context = &event.request_context;
        if context.http.method != *method {
            let detail = format!("expected {method}, found {}", context.http.method);
            return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail));
        }
        let subject = context
            .authorizer
            .as_ref()
            .and_then(|authorizer| authorizer.jwt.as_ref()?.claims.get("sub"))
            .ok_or_else(|| {
                Problem::new(StatusCode::UNAUTHORIZED, "expected a token with a subject")
            })?;
        let owner = Owner::parse(subject)
            .ok_or_else(|| Problem::bad_request("failed to use the token's subject in a key"))?;
        let body = decode(
            event.body.take().unwrap_or_default(),
            event.is_base64_encoded,
        )?;
        Ok(Self {
            method: event.request_context.http.method.clone(),
            path: event.raw_path.take().unwrap_or_default(),
            headers: std::mem::take(&mut event.headers),
            body,
            owner,
            event,
        })
    }

    /// The value of a query parameter.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.event.query_string_parameters.first(name)
    }

    /// The value of a path parameter.
    ///
    /// # Errors
    /// A 400 [`Problem`] that names the parameter.
    pub fn path_parameter(&self, name: &str) -> Result<&str, Problem> {
        self.event
            .path_parameters
            .get(name)
            .map(String::as_str)
            .ok_or_else(|| Problem::bad_request(format!("expected the path parameter {name:?}")))
    }

    /// The media type of the body; empty if none was given.
    #[must_use]
    pub fn content_type(&self) -> &str {
        self.headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Reads the body as JSON.
    ///
    /// # Errors
    /// A 400 [`Problem`] that says where the body is not what was expected.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Problem::bad_request(format!("failed to read the JSON body: {error}")))
    }
}

fn decode(body: String, base64: bool) -> Result<Vec<u8>, Problem> {
    if !base64 {
        return Ok(body.into_bytes());
    }
    base64::engine::general_purpose::STANDARD
        .decode(body)
        .map_err(|error| Problem::bad_request(format!("failed to decode the base64 body: {error}")))
}

/// A response with a JSON body.
///
/// # Errors
/// [`Refusal::Server`] if the value cannot be written as JSON.
pub fn json_response(
    status: StatusCode,
    value: &impl Serialize,
) -> Result<ApiGatewayV2httpResponse, Refusal> {
    let body = serde_json::to_string(value).map_err(|error| Refusal::Server(error.into()))?;
    Ok(respond(status, "application/json", Body::Text(body)))
}

/// A response with a body of bytes, which go as base64.
#[must_use]
pub fn bytes_response(content_type: &str, bytes: Vec<u8>) -> ApiGatewayV2httpResponse {
    respond(StatusCode::OK, content_type, Body::Binary(bytes))
}

/// A response that sends the client to another URL.
///
/// # Errors
/// [`Refusal::Server`] if the URL is no header value.
pub fn redirect(url: &str) -> Result<ApiGatewayV2httpResponse, Refusal> {
    let mut response = json_response(StatusCode::FOUND, &json!({"url": url}))?;
    let url = HeaderValue::from_str(url).map_err(|error| Refusal::Server(error.into()))?;
    response.headers.insert(LOCATION, url);
    Ok(response)
}

fn respond(status: StatusCode, content_type: &str, body: Body) -> ApiGatewayV2httpResponse {
    let mut response = ApiGatewayV2httpResponse::default();
    response.status_code = i64::from(status.as_u16());
    let octets = HeaderValue::from_static("application/octet-stream");
    let content_type = HeaderValue::from_str(content_type).unwrap_or(octets);
    response.headers.insert(CONTENT_TYPE, content_type);
    response.is_base64_encoded = matches!(body, Body::Binary(_));
    response.body = Some(body);
    response
}

/// Turns a handler's outcome into what the function returns: a refused request
/// is logged and answered, a failure of ours becomes the function's error.
///
/// Log: `request refused`, once for each 4xx.
///
/// # Errors
/// [`Refusal::Server`]'s error.
pub fn answer(outcome: Result<ApiGatewayV2httpResponse, Refusal>) -> Result<Value, Error> {
    let response = match outcome {
        Ok(response) => response,
        Err(Refusal::Client(problem)) => {
            tracing::warn!(status = problem.status.as_u16(), detail = %problem.detail, "request refused");
            problem.into_response()
        }
        Err(Refusal::Server(error)) => return Err(error),
    };
    Ok(serde_json::to_value(response)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Value {
        serde_json::from_str(include_str!("../events/upload-multipart.json")).unwrap()
    }

    #[test]
    fn what_is_no_http_api_event_is_a_problem_and_no_panic() {
        let check = |event: Value, status: u16| {
            let problem = Request::parse(event.clone(), &Method::POST).unwrap_err();
            assert_eq!(problem.status.as_u16(), status, "{event}");
            let shown = answer(Err(problem.into())).unwrap();
            assert_eq!(shown["statusCode"], status);
            assert_eq!(shown["headers"]["content-type"], "application/problem+json");
        };
        check(Value::Null, 400);
        check(json!([]), 400);
        check(json!({"version": "1.0"}), 400);
        check(json!({"version": "2.0"}), 400);
        check(
            json!({"version": "2.0", "requestContext": {"http": {"method": "POST"}}}),
            401,
        );
        let mut other = event();
        other["requestContext"]["http"]["method"] = json!("GET");
        check(other, 405);
        let mut body = event();
        body["body"] = json!("%%% no base64");
        check(body, 400);
        let mut subject = event();
        subject["requestContext"]["authorizer"]["jwt"]["claims"]["sub"] = json!("../you");
        check(subject, 400);
        let mut typed = event();
        typed["headers"] = json!(7);
        check(typed, 400);
    }

    #[test]
    fn bytes_go_out_as_base64() {
        let shown = answer(Ok(bytes_response("image/png", vec![0, 255]))).unwrap();
        assert_eq!(shown["body"], "AP8=");
        assert_eq!(shown["isBase64Encoded"], true);
    }
}
