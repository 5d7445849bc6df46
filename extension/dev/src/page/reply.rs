//! Answers: JSON, refusals in words, and the headers that fence the page in.

use axum::Json;
use axum::http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::Page;
use crate::account::Account;
use crate::store::StoreError;

/// What the page may load: its own files and nothing else. No inline script, no other
/// host, no frame around it, no form that is sent anywhere.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Why a question is not answered; becomes `{"error": "..."}`.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
}

impl Refusal {
    /// 400: the question itself is wrong.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            message: message.into(),
        }
    }

    /// 404: there is no such thing.
    pub(super) fn unknown(what: &str, name: &str) -> Self {
        let name: String = name.chars().take(300).collect();
        Self {
            status: StatusCode::NOT_FOUND,
            message: format!("there is no {what} `{name}`"),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let message = format!("failed to {error}");
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            message,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.message }))).into_response()
    }
}

/// Works on the account away from the threads that serve connections: SQLite and
/// the engine block.
pub(super) async fn blocking<T: Send + 'static>(
    page: &Page,
    work: impl FnOnce(&Account) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let account = page.account.clone();
    let done = tokio::task::spawn_blocking(move || work(&account)).await;
    done.unwrap_or_else(|error| {
        let message = format!("failed to answer: {error}");
        Err(Refusal {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            message,
        })
    })
}

/// Puts the fences on every answer, refusals included.
pub(super) async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
