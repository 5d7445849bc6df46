//! The handler's own span: a subsegment that says how the handler ended.

use std::{
    any::{Any, type_name},
    error::Error,
    fmt::Display,
    pin::Pin,
    sync::Arc,
    task::{self, Poll},
};

use tracing::{Span, field::Empty};

use super::Invocation;
use crate::{log::Once, subscriber::HANDLER_TARGET};

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
    S::Error: Display + 'static,
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
            service = invocation.as_ref().map(|invocation| invocation.log.shared.settings.service.as_str()),
            cold_start = invocation.as_ref().map(|invocation| invocation.cold_start),
            correlation_id = invocation.as_ref().map(|invocation| invocation.correlation_id.as_str()),
            error = Empty,
            obs.response = Empty,
        );
        let future = span.in_scope(|| self.inner.call(request));
        HandlerFuture {
            future,
            span: Guarded { span, invocation },
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
    E: Display + 'static,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let span = &this.span.span;
        let output = task::ready!(span.in_scope(|| this.future.poll(cx)));
        if let Err(error) = &output {
            tell(span, error);
        }
        if let Some(invocation) = &this.span.invocation {
            invocation.log.first(Once::Answer);
        }
        // The span ends here, before the response is sent.
        drop(std::mem::replace(&mut this.span.span, Span::none()));
        Poll::Ready(output)
    }
}

/// Says how the handler failed, with the causes where its error type has any.
fn tell<E: Display + 'static>(span: &Span, error: &E) {
    let boxed = (error as &dyn Any).downcast_ref::<lambda_runtime::Error>();
    if let Some(error) = boxed {
        let error: &(dyn Error + 'static) = &**error;
        span.in_scope(|| tracing::error!(target: HANDLER_TARGET, error, "handler failed"));
        span.record("error", error);
    } else {
        span.in_scope(|| {
            tracing::error!(
                target: HANDLER_TARGET,
                { "error.type" = type_name::<E>(), "error.message" = %error },
                "handler failed"
            );
        });
        span.record("error", tracing::field::display(error));
    }
}

/// A span that records a panic which drops it.
#[derive(Debug)]
struct Guarded {
    span: Span,
    invocation: Option<Arc<Invocation>>,
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // The panic hook has said more already.
            let invocation = self.invocation.as_ref();
            if !invocation.is_some_and(|invocation| invocation.log.was_told(Once::Panic)) {
                self.span
                    .in_scope(|| tracing::error!(target: HANDLER_TARGET, "handler panicked"));
            }
            self.span.record("error", "panicked");
        }
    }
}
