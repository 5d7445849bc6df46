//! The tower layer that begins and ends an invocation around a service.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::{Arc, atomic::Ordering},
    task::{self, Poll},
};

use cloudvault_obs_core::correlation::CorrelationId;
use uuid::Uuid;

use super::{HandlerService, Invocation, future::InvocationFuture, request::Request};
use crate::{
    log::{self, Logged},
    segment::{Capturing, Trail},
    subscriber::Observer,
    telemetry::Telemetry,
};

/// Gives every invocation its context, and sends its telemetry when it ends.
///
/// [`crate::run`] puts it in place by itself. Those who call `lambda_runtime`
/// wrap their handler, whose payload then has to be `Serialize`:
///
/// ```no_run
/// use cloudvault_obs as obs;
/// use tower::Layer as _;
///
/// # async fn handler(event: obs::LambdaEvent<serde_json::Value>) -> Result<(), obs::Error> { Ok(()) }
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> Result<(), obs::Error> {
///     lambda_runtime::run(obs::layer().layer(obs::service_fn(handler))).await
/// }
/// ```
///
/// Made first thing in `main`, it sees the start too: DEBUG lines that are kept
/// (`OBS_LOG_BUFFER`) from before the first invocation are written when it is
/// dropped without one, because `main` returned an error, when an error or a
/// panic is logged, and with the first invocation's error.
#[derive(Debug, Clone)]
pub struct Layer {
    start: Arc<Start>,
}

/// The process's telemetry, from its start to its last service.
#[derive(Debug)]
struct Start {
    telemetry: Arc<Telemetry>,
}

impl Drop for Start {
    fn drop(&mut self) {
        if !self.telemetry.begun.load(Ordering::Relaxed) {
            // Nothing was ever invoked: the start has failed.
            Observer::current(|observer| observer.lines.write_start());
        }
    }
}

impl Layer {
    pub(crate) fn new(telemetry: Arc<Telemetry>) -> Self {
        let start = Arc::new(Start { telemetry });
        Self { start }
    }

    /// A layer that sees what the handler answers, too, as [`crate::run`] does:
    /// `OBS_LOG_RESPONSE` writes it as a line, and it is kept in the metadata of
    /// the handler's subsegment (`OBS_TRACE_CAPTURE_RESPONSE`). The answer has to
    /// be `Serialize`.
    ///
    /// ```no_run
    /// use cloudvault_obs as obs;
    /// use tower::Layer as _;
    ///
    /// # async fn handler(event: obs::LambdaEvent<serde_json::Value>) -> Result<u32, obs::Error> { Ok(1) }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), obs::Error> {
    /// let layer = obs::layer().with_responses();
    /// lambda_runtime::run(layer.layer(obs::service_fn(handler))).await
    /// # }
    /// ```
    #[must_use]
    pub fn with_responses(self) -> ResponseLayer {
        ResponseLayer { layer: self }
    }

    /// Around a service that is more than the handler: its result is not the
    /// handler's, so no handler span is opened.
    pub(crate) fn around<S>(&self, inner: S) -> Service<S> {
        Service {
            inner,
            start: Arc::clone(&self.start),
        }
    }
}

impl<S> tower::Layer<S> for Layer {
    type Service = Service<HandlerService<S>>;

    fn layer(&self, inner: S) -> Self::Service {
        self.around(HandlerService::new(inner))
    }
}

/// As [`Layer`], for handlers whose answers are looked at; made by
/// [`Layer::with_responses`].
#[derive(Debug, Clone)]
pub struct ResponseLayer {
    layer: Layer,
}

impl<S> tower::Layer<S> for ResponseLayer {
    type Service = Service<HandlerService<Capturing<Logged<S>>>>;

    fn layer(&self, inner: S) -> Self::Service {
        self.layer.layer(Capturing(Logged(inner)))
    }
}

/// A service whose requests are observed invocations; made by [`Layer`].
#[derive(Debug, Clone)]
pub struct Service<S> {
    inner: S,
    start: Arc<Start>,
}

impl<S, R> tower::Service<R> for Service<S>
where
    S: tower::Service<R>,
    R: Request,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = InvocationFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let telemetry = &self.start.telemetry;
        let cold_start = telemetry.cold.swap(false, Ordering::Relaxed);
        telemetry.begun.store(true, Ordering::Relaxed);
        let invocation = Arc::new(begin(&request, cold_start, telemetry));
        let segments = &telemetry.segments;
        segments.watch(&invocation, request.context().deadline);
        let event = telemetry.log.settings.log_event;
        InvocationFuture::new(invocation, Arc::clone(telemetry), || {
            if event {
                request.with_payload(log::event);
            }
            self.inner.call(request)
        })
    }
}

fn begin(request: &impl Request, cold_start: bool, telemetry: &Telemetry) -> Invocation {
    let context = request.context();
    // Keyed by the system's randomness, once a thread: no system call for each.
    let nonce = RandomState::new().hash_one(&context.request_id);
    let sender = request.sender();
    let own = || context.request_id.parse::<CorrelationId>().ok();
    let correlation_id = sender.correlation_id.or_else(own).unwrap_or_else(|| {
        let made = Uuid::now_v7().to_string();
        made.parse().expect("a UUID is printable ASCII")
    });
    let mut log = log::State::new(&telemetry.log, sender.debug, nonce);
    log.function_arn.clone_from(&context.invoked_function_arn);
    log.deadline_ms = context.deadline;
    Invocation {
        request_id: context.request_id.clone(),
        correlation_id,
        trace: context
            .xray_trace_id
            .as_deref()
            .and_then(|header| header.parse().ok()),
        cold_start,
        lineage: sender.lineage.through(&context.invoked_function_arn),
        nonce,
        trail: Trail::new(Arc::clone(&telemetry.segments)),
        points: crate::metric::Kept::default(),
        log,
    }
}
