//! A function's environment in memory: everything is real but Lambda.

use std::{
    pin::{Pin, pin},
    sync::{Arc, Mutex, PoisonError},
    task,
};

use lambda_runtime::{Context, Error, LambdaEvent};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tower::Service as _;
use tracing::Dispatch;

use super::observed::Observed;
use crate::{
    config::Config,
    invocation::{HandlerService, Layer},
    log,
    metric::Recorder,
    output::Output,
    run,
    segment::{Capturing, Segments},
    subscriber::beside,
};

/// A function that runs in the test's process, with outputs of its own.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use cloudvault_obs::{Error, LambdaEvent, testing::Function};
/// use serde_json::{Value, json};
///
/// async fn handler(_: LambdaEvent<Value>) -> Result<(), Error> {
///     tracing::debug!("details");
///     Ok(())
/// }
///
/// let function = Function::with_env([("OBS_LOG", "debug"), ("OBS_SERVICE", "vault")]);
/// let first = function.invoke(handler, json!({})).await;
/// first.log("details").field("cold_start", true).field("service", "vault");
/// let second = function.invoke(handler, json!({})).await;
/// second.log("details").field("cold_start", false);
/// # }
/// ```
#[derive(Debug)]
pub struct Function {
    layer: Layer,
    recorder: Recorder,
    dispatch: Dispatch,
    /// Tests beside each other must not silence one another.
    _beside: Dispatch,
    written: Arc<Mutex<Vec<u8>>>,
    sent: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// What `Context` has in every invocation of a test.
const REQUEST_ID: &str = "00000000-0000-4000-8000-000000000000";
const TRACE: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

impl Default for Function {
    fn default() -> Self {
        Self::new()
    }
}

impl Function {
    /// A function named `function`, with tracing on and every setting at its
    /// default. The process's own environment is not read.
    #[must_use]
    pub fn new() -> Self {
        Self::with_env::<&str, &str>([])
    }

    /// A function whose environment has these variables too.
    #[must_use]
    pub fn with_env<N: Into<String>, V: Into<String>>(
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let own = [
            ("AWS_LAMBDA_FUNCTION_NAME", "function"),
            // No extension holds it: metrics leave as lines.
            ("OBS_JOURNAL", "/nonexistent/journal"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let given = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()));
        let config = Config::read(own.into_iter().chain(given));
        let (written, sent) = (Arc::default(), Arc::default());
        let (telemetry, observer) =
            run::build_with(&config, Output::buffer(Arc::clone(&written)), |settings| {
                Segments::memory(Arc::clone(&sent), settings)
            });
        Self {
            recorder: telemetry.recorder.clone(),
            layer: Layer::new(telemetry),
            _beside: beside(observer.log()),
            dispatch: Dispatch::new(observer),
            written,
            sent,
        }
    }

    /// Invokes `handler` once with `event` and a context of the test's own; see
    /// [`super::invoke`].
    ///
    /// # Panics
    ///
    /// As the handler does.
    pub async fn invoke<H, F, P, T, X>(&self, handler: H, event: impl Serialize) -> Observed<T>
    where
        H: FnOnce(LambdaEvent<P>) -> F,
        F: Future<Output = Result<T, X>>,
        P: DeserializeOwned,
        T: Serialize,
        X: Into<Error>,
    {
        let mut context = Context::default();
        context.request_id = REQUEST_ID.to_owned();
        context.xray_trace_id = Some(TRACE.to_owned());
        self.invoke_with(context, handler, event).await
    }

    /// Invokes `handler` once with `event` and `context`: another request id, or
    /// another trace header in `xray_trace_id`.
    ///
    /// # Panics
    ///
    /// As the handler does.
    pub async fn invoke_with<H, F, P, T, X>(
        &self,
        context: Context,
        handler: H,
        event: impl Serialize,
    ) -> Observed<T>
    where
        H: FnOnce(LambdaEvent<P>) -> F,
        F: Future<Output = Result<T, X>>,
        P: DeserializeOwned,
        T: Serialize,
        X: Into<Error>,
    {
        let result = match serde_json::to_value(event) {
            Ok(payload) => {
                let call = self.call(handler, LambdaEvent::new(payload, context));
                Scoped {
                    function: self,
                    inner: pin!(call),
                }
                .await
            }
            Err(error) => Err(error.into()),
        };
        self.observed(result)
    }

    async fn call<H, F, P, T, X>(&self, handler: H, event: LambdaEvent<Value>) -> Result<T, Error>
    where
        H: FnOnce(LambdaEvent<P>) -> F,
        F: Future<Output = Result<T, X>>,
        P: DeserializeOwned,
        T: Serialize,
        X: Into<Error>,
    {
        let mut handler = Some(handler);
        let inner = tower::service_fn(move |event: LambdaEvent<Value>| {
            let handler = handler.take().expect("called once");
            async move {
                let payload = serde_json::from_value(event.payload)?;
                let event = LambdaEvent::new(payload, event.context);
                handler(event).await.map_err(Into::into)
            }
        });
        let mut service = self
            .layer
            .around(HandlerService::new(Capturing(log::Logged(inner))));
        service.call(event).await
    }

    /// Invokes `handler` on a runtime of its own, and sees what its spawned tasks
    /// emit as well.
    ///
    /// # Panics
    ///
    /// As the handler does, and inside another runtime.
    pub fn block_on<H, F, P, T, X>(&self, handler: H, event: impl Serialize) -> Observed<T>
    where
        H: FnOnce(LambdaEvent<P>) -> F,
        F: Future<Output = Result<T, X>>,
        P: DeserializeOwned,
        T: Serialize,
        X: Into<Error>,
    {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a current-thread runtime needs nothing");
        self.scope(|| runtime.block_on(self.invoke(handler, event)))
    }

    /// Runs code that is no handler, and answers what it emitted; the points that
    /// it records are written as if an invocation had ended.
    pub fn observe<R>(&self, code: impl FnOnce() -> R) -> Observed<R> {
        let result = self.scope(|| {
            let result = code();
            self.flush_metrics();
            result
        });
        self.observed(Ok(result))
    }

    /// Runs code with the function's subscriber and recorder, and leaves what it
    /// emits for [`Function::take_output`] or the next invocation.
    pub fn scope<R>(&self, code: impl FnOnce() -> R) -> R {
        tracing::dispatcher::with_default(&self.dispatch, || {
            metrics::with_local_recorder(&self.recorder, code)
        })
    }

    /// The layer that [`crate::layer`] would give.
    #[must_use]
    pub fn layer(&self) -> Layer {
        self.layer.clone()
    }

    /// The bytes written since the last call, as they would stand on stdout.
    #[must_use]
    pub fn take_output(&self) -> Vec<u8> {
        std::mem::take(&mut self.written.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Forgets what was written and keeps the memory.
    pub fn clear_output(&self) {
        self.written
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// Writes the points that wait as lines, as the end of an invocation does.
    pub fn flush_metrics(&self) {
        self.recorder.flush(None);
    }

    /// Points that were refused so far, for whatever reason; each reason stands
    /// in a log line.
    #[must_use]
    pub fn lost_points(&self) -> u64 {
        self.recorder.lost()
    }

    /// The documents sent since the last call.
    fn documents(&self) -> Vec<Value> {
        let sent = std::mem::take(&mut *self.sent.lock().unwrap_or_else(PoisonError::into_inner));
        let document = |datagram: &Vec<u8>| {
            let end = datagram.iter().position(|&byte| byte == b'\n')?;
            serde_json::from_slice(&datagram[end + 1..]).ok()
        };
        sent.iter()
            .map(|datagram| {
                document(datagram).unwrap_or_else(|| String::from_utf8_lossy(datagram).into())
            })
            .collect()
    }

    fn observed<T>(&self, result: Result<T, Error>) -> Observed<T> {
        Observed::new(result, &self.take_output(), self.documents())
    }
}

/// Polls with the function's subscriber and recorder in place.
struct Scoped<'a, F> {
    function: &'a Function,
    inner: Pin<&'a mut F>,
}

impl<F: Future> Future for Scoped<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> task::Poll<F::Output> {
        let function = self.function;
        function.scope(|| self.inner.as_mut().poll(cx))
    }
}
