//! Errors of the Lambda API in AWS's shape: a status, `X-Amzn-ErrorType`, a JSON document.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

/// An error of the Lambda API.
#[derive(Debug)]
pub(super) struct CallError {
    status: StatusCode,
    kind: &'static str,
    body: Value,
}

impl CallError {
    /// An error of the caller, with AWS's name for it.
    pub(super) fn new(status: StatusCode, kind: &'static str, message: String) -> CallError {
        let body = json!({"Type": "User", "Message": message, "message": message});
        CallError { status, kind, body }
    }

    /// A header or a name that is not what the API takes.
    pub(super) fn parameter(message: String) -> CallError {
        CallError::new(
            StatusCode::BAD_REQUEST,
            "InvalidParameterValueException",
            message,
        )
    }

    /// The concurrency limit.
    pub(super) fn too_many() -> CallError {
        let kind = "TooManyRequestsException";
        let message = "Rate Exceeded.".to_owned();
        let mut error = CallError::new(StatusCode::TOO_MANY_REQUESTS, kind, message);
        error.body["Reason"] = json!("ReservedFunctionConcurrentInvocationLimitExceeded");
        error
    }
}

impl IntoResponse for CallError {
    fn into_response(self) -> Response {
        let headers = [
            ("content-type", "application/json"),
            ("x-amzn-errortype", self.kind),
        ];
        (self.status, headers, self.body.to_string()).into_response()
    }
}
