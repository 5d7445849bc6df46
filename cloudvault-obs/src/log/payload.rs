//! The incoming event and the response as lines, on request.
//!
//! JSON stands on the line as JSON, redacted by key and by looks and cut to what
//! the line has room for; anything else as text in one field, which the layer
//! redacts and cuts like any other.

use std::{
    pin::Pin,
    task::{self, Poll, ready},
};

use cloudvault_obs_core::log::nested;
use serde::{Serialize, de::IgnoredAny};

use super::Scoped;
use crate::invocation;

/// What the other members of a line are left; of a very short line half.
const OTHERS: usize = 4096;

/// Logs the event that begins the current invocation.
pub(crate) fn event(payload: &[u8]) {
    match json("event", payload) {
        Some(_shown) => tracing::info!("event received"),
        None => tracing::info!(event = payload, "event received"),
    }
}

/// Logs what the handler answers.
pub(crate) fn response(response: &impl Serialize) {
    match serde_json::to_vec(response) {
        Ok(payload) => {
            let _shown = json("response", &payload);
            tracing::info!("response sent");
        }
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "response is no JSON"
            );
        }
    }
}

/// Puts `payload` on the lines under `key` while the guard lives; `None` where it
/// is no JSON.
fn json(key: &'static str, payload: &[u8]) -> Option<Scoped> {
    let text = std::str::from_utf8(payload).ok()?;
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    let invocation = invocation::current()?;
    let settings = &invocation.log.shared.settings;
    let room = settings.limit - OTHERS.min(settings.limit / 2);
    let mut value = Vec::new();
    nested(&mut value, text, room, &settings.redactor);
    let shown = Scoped::begin(key);
    let put = |out: &mut Vec<u8>| out.extend_from_slice(&value);
    invocation.log.change_keys(|keys| keys.put(key, put));
    Some(shown)
}

/// A handler whose responses are logged where the settings say so.
#[derive(Debug, Clone)]
pub struct Logged<S>(pub(crate) S);

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
    pub struct LoggedFuture<F> {
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
