//! The handler's own span: a subsegment that says how the handler ended.

use std::{
    fmt::Display,
    pin::Pin,
    task::{self, Poll},
};

use tracing::{Span, field::Empty};

use crate::subscriber::HANDLER_TARGET;

/// Opens a span named `handler` around each call; see [`super::Layer`].
#[derive(Debug, Clone)]
pub struct HandlerService<S> {
    inner: S,
}

impl<S> HandlerService<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner }
    }
}

impl<S, R> tower::Service<R> for HandlerService<S>
where
    S: tower::Service<R>,
    S::Error: Display,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = HandlerFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let invocation = super::current();
        let span = tracing::info_span!(
            target: HANDLER_TARGET,
            "handler",
            cold_start = invocation.as_ref().map(|invocation| invocation.cold_start),
            correlation_id = invocation.as_ref().map(|invocation| invocation.correlation_id.as_str()),
            error = Empty,
        );
        let future = span.in_scope(|| self.inner.call(request));
        HandlerFuture {
            future,
            span: Guarded(span),
        }
    }
}

pin_project_lite::pin_project! {
    /// Future of [`HandlerService`].
    #[derive(Debug)]
    pub struct HandlerFuture<F> {
        #[pin]
        future: F,
        span: Guarded,
    }
}

impl<F, T, E> Future for HandlerFuture<F>
where
    F: Future<Output = Result<T, E>>,
    E: Display,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let span = &this.span.0;
        let output = task::ready!(span.in_scope(|| this.future.poll(cx)));
        if let Err(error) = &output {
            span.in_scope(
                || tracing::error!(target: HANDLER_TARGET, error = %error, "handler failed"),
            );
            span.record("error", tracing::field::display(error));
        }
        // The span ends here, before the response is sent.
        drop(std::mem::replace(&mut this.span.0, Span::none()));
        Poll::Ready(output)
    }
}

/// A span that records a panic which drops it.
#[derive(Debug)]
struct Guarded(Span);

impl Drop for Guarded {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0
                .in_scope(|| tracing::error!(target: HANDLER_TARGET, "handler panicked"));
            self.0.record("error", "panicked");
        }
    }
}
