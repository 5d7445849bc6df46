//! The life of one invocation: enter at each poll, finish at the end, also when
//! the end is a panic or a cancellation.

use std::{
    pin::Pin,
    sync::Arc,
    task::{self, Poll},
};

use tracing::{Instrument as _, Span, instrument::Instrumented};

use super::{Invocation, enter};
use crate::{
    log::{Guard, warn_of_loop},
    subscriber::INVOCATION_TARGET,
    telemetry::Telemetry,
};

pin_project_lite::pin_project! {
    /// Future of [`super::Service`].
    #[derive(Debug)]
    pub struct InvocationFuture<F> {
        #[pin]
        inner: Option<Instrumented<F>>,
        guard: Guard,
        finish: Finish,
    }
}

impl<F> InvocationFuture<F> {
    pub(super) fn new(
        invocation: Arc<Invocation>,
        telemetry: Arc<Telemetry>,
        call: impl FnOnce() -> F,
    ) -> Self {
        let finish = Finish {
            invocation: Some(invocation),
            telemetry,
        };
        let _entered = finish.enter();
        if let Some(invocation) = &finish.invocation {
            finish.telemetry.recorder.cold_start(invocation);
        }
        let span = invocation_span(&finish);
        let inner = span.in_scope(|| {
            if let Some(invocation) = &finish.invocation {
                warn_of_loop(invocation, &invocation.lineage);
            }
            call()
        });
        Self {
            inner: Some(inner.instrument(span)),
            guard: Guard::default(),
            finish,
        }
    }
}

/// The span whose fields are the invocation's own keys on every line.
fn invocation_span(finish: &Finish) -> Span {
    let Some(invocation) = &finish.invocation else {
        return Span::none();
    };
    let trace = invocation
        .trace
        .as_ref()
        .map(|trace| tracing::field::display(trace.root));
    tracing::info_span!(
        target: INVOCATION_TARGET,
        parent: None,
        "invocation",
        request_id = invocation.request_id,
        correlation_id = invocation.correlation_id.as_str(),
        xray_trace_id = trace,
        cold_start = invocation.cold_start,
        function_arn = Some(invocation.log.function_arn.as_str()).filter(|arn| !arn.is_empty()),
    )
}

impl<F: Future> Future for InvocationFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let _entered = this.finish.enter();
        let inner = this
            .inner
            .as_mut()
            .as_pin_mut()
            .expect("not polled after completion");
        let span = inner.span().clone();
        let Poll::Ready(output) = inner.poll(cx) else {
            if let Some(invocation) = &this.finish.invocation {
                span.in_scope(|| this.guard.poll(cx, invocation));
            }
            return Poll::Pending;
        };
        drop(span);
        // Close the spans, then send, then answer.
        this.inner.set(None);
        this.finish.finish();
        Poll::Ready(output)
    }
}

/// Ends the invocation once, at the latest when the future is dropped.
#[derive(Debug)]
struct Finish {
    invocation: Option<Arc<Invocation>>,
    telemetry: Arc<Telemetry>,
}

impl Finish {
    fn enter(&self) -> Option<super::Entered> {
        self.invocation.clone().map(enter)
    }

    fn finish(&mut self) {
        if let Some(invocation) = self.invocation.take() {
            self.telemetry.finish(&invocation);
        }
    }
}

impl Drop for Finish {
    fn drop(&mut self) {
        self.finish();
    }
}
