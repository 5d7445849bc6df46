//! The incoming event and the response as lines, on request.
//!
//! Each is text in one field: so the layer redacts it and cuts it like any other
//! value, and what is no JSON is shown too.

use std::{
    pin::Pin,
    task::{self, Poll, ready},
};

use serde::Serialize;

use crate::invocation;

/// Logs the event that begins the current invocation.
pub(crate) fn event(payload: &[u8]) {
    tracing::info!(event = payload, "event received");
}

/// Logs what the handler answers.
pub(crate) fn response(response: &impl Serialize) {
    match serde_json::to_vec(response) {
        Ok(json) => tracing::info!(response = json.as_slice(), "response sent"),
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "response is no JSON"
            );
        }
    }
}

/// A handler whose responses are logged where the settings say so.
#[derive(Debug, Clone)]
pub(crate) struct Logged<S>(pub(crate) S);

impl<S, R> tower::Service<R> for Logged<S>
where
    S: tower::Service<R>,
    S::Response: Serialize,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = LoggedFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        LoggedFuture {
            inner: self.0.call(request),
        }
    }
}

pin_project_lite::pin_project! {
    /// Future of [`Logged`].
    #[derive(Debug)]
    pub(crate) struct LoggedFuture<F> {
        #[pin]
        inner: F,
    }
}

impl<F, T, E> Future for LoggedFuture<F>
where
    F: Future<Output = Result<T, E>>,
    T: Serialize,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let output = ready!(self.project().inner.poll(cx));
        let wanted = || {
            invocation::current()
                .is_some_and(|invocation| invocation.log.shared.settings.log_response)
        };
        if let Ok(answer) = &output
            && wanted()
        {
            response(answer);
        }
        Poll::Ready(output)
    }
}
