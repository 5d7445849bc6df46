//! Answers of the Runtime, Extensions and Telemetry APIs, in the shapes that Lambda's have.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

/// An answer to a process of the environment.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Reply {
    /// 202, as everything is answered that a process reports.
    pub(crate) fn accepted() -> Reply {
        Reply::json(StatusCode::ACCEPTED, &json!({"status": "OK"}))
    }

    /// 200 with plain text.
    pub(crate) fn text(text: &'static str) -> Reply {
        let body = Bytes::from_static(text.as_bytes());
        Reply {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body,
        }
        .with("content-type", "text/plain; charset=utf-8")
    }

    /// 200 with these bytes, which are JSON.
    pub(crate) fn event(body: Bytes) -> Reply {
        Reply {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body,
        }
        .with("content-type", "application/json")
    }

    /// An error of the API.
    pub(crate) fn error(status: StatusCode, kind: &str, message: &str) -> Reply {
        Reply::json(status, &json!({"errorMessage": message, "errorType": kind}))
    }

    /// A call that does not fit what the process did before.
    pub(crate) fn out_of_turn(message: &str) -> Reply {
        Reply::error(StatusCode::FORBIDDEN, "InvalidStateTransition", message)
    }

    /// A request id that is not the current one's.
    pub(crate) fn wrong_request() -> Reply {
        Reply::error(
            StatusCode::BAD_REQUEST,
            "InvalidRequestID",
            "Invalid request ID",
        )
    }

    /// The same with one more header; a value that no header can have is left out.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Reply {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    fn json(status: StatusCode, body: &Value) -> Reply {
        let body = Bytes::from(body.to_string());
        let headers = HeaderMap::new();
        Reply {
            status,
            headers,
            body,
        }
        .with("content-type", "application/json")
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        (self.status, self.headers, self.body).into_response()
    }
}
