//! The tower layer that begins and ends an invocation around a service.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{self, Poll},
};

use cloudvault_obs_core::correlation::CorrelationId;
use uuid::Uuid;

use super::{HandlerService, Invocation, future::InvocationFuture, request::Request};
use crate::{log, segment::Trail, telemetry::Telemetry};

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
#[derive(Debug, Clone)]
pub struct Layer {
    telemetry: Arc<Telemetry>,
    cold: Arc<AtomicBool>,
}

impl Layer {
    pub(crate) fn new(telemetry: Arc<Telemetry>) -> Self {
        let cold = Arc::new(AtomicBool::new(telemetry.starts_cold));
        Self { telemetry, cold }
    }

    /// Around a service that is more than the handler: its result is not the
    /// handler's, so no handler span is opened.
    pub(crate) fn around<S>(&self, inner: S) -> Service<S> {
        Service {
            inner,
            telemetry: Arc::clone(&self.telemetry),
            cold: Arc::clone(&self.cold),
        }
    }
}

impl<S> tower::Layer<S> for Layer {
    type Service = Service<HandlerService<S>>;

    fn layer(&self, inner: S) -> Self::Service {
        self.around(HandlerService::new(inner))
    }
}

/// A service whose requests are observed invocations; made by [`Layer`].
#[derive(Debug, Clone)]
pub struct Service<S> {
    inner: S,
    telemetry: Arc<Telemetry>,
    cold: Arc<AtomicBool>,
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
        let cold_start = self.cold.swap(false, Ordering::Relaxed);
        let segments = &self.telemetry.segments;
        let invocation = Arc::new(begin(&request, cold_start, &self.telemetry));
        segments.watch(&invocation, request.context().deadline);
        let event = self.telemetry.log.settings.log_event;
        InvocationFuture::new(invocation, Arc::clone(&self.telemetry), || {
            if event {
                request.with_payload(log::event);
            }
            self.inner.call(request)
        })
    }
}

fn begin(request: &impl Request, cold_start: bool, telemetry: &Telemetry) -> Invocation {
    let context = request.context();
    let made = Uuid::now_v7();
    // The low half of a UUIDv7 is random.
    let nonce = made.as_u64_pair().1;
    let sender = request.sender();
    let correlation_id = sender.correlation_id.unwrap_or_else(|| {
        made.to_string()
            .parse::<CorrelationId>()
            .expect("a UUID is printable ASCII")
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
        nonce,
        trail: Trail::new(Arc::clone(&telemetry.segments)),
        points: crate::metric::Kept::default(),
        log,
    }
}
