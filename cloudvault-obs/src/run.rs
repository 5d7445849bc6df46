//! Installing everything, and running a handler with it.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicU64},
};

use lambda_runtime::{Error, LambdaEvent, Runtime};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    config::Config,
    invocation::{HandlerService, Layer},
    log,
    metric::Recorder,
    output::Output,
    segment::{self, Capturing, Segments},
    subscriber::{HANDLER_TARGET, Lines, Observer, Static},
    telemetry::{Doorbell, Telemetry},
};

/// Runs `handler` as a Lambda function, observed.
///
/// The correlation id is read from the payload's bytes before they are parsed;
/// subsegments and metrics leave after the response has been sent.
///
/// # Errors
///
/// When the Runtime API cannot be reached.
///
/// # Panics
///
/// As `lambda_runtime` does, where Lambda's own environment variables are
/// missing: the process was not started by Lambda or an emulator of it.
pub async fn run<H, P, T>(handler: H) -> Result<(), Error>
where
    H: tower::Service<LambdaEvent<P>, Response = T, Error = Error>,
    H::Future: Future<Output = Result<T, Error>>,
    P: DeserializeOwned,
    T: Serialize,
{
    run_with(&log::Options::default(), handler).await
}

/// [`run`] with settings of the log from code; the environment's variables win.
///
/// ```no_run
/// use cloudvault_obs as obs;
/// use serde_json::Value;
///
/// # async fn handler(event: obs::LambdaEvent<Value>) -> Result<Value, obs::Error> { Ok(event.payload) }
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> Result<(), obs::Error> {
///     let options = obs::log::Options::default().sample(0.01).redact_keys(["iban"]);
///     obs::run_with(&options, obs::service_fn(handler)).await
/// }
/// ```
///
/// # Errors
///
/// As for [`run`].
///
/// # Panics
///
/// As for [`run`].
pub async fn run_with<H, P, T>(options: &log::Options, handler: H) -> Result<(), Error>
where
    H: tower::Service<LambdaEvent<P>, Response = T, Error = Error>,
    H::Future: Future<Output = Result<T, Error>>,
    P: DeserializeOwned,
    T: Serialize,
{
    serve(layer_with(options), handler).await
}

/// [`run`] for a function that prepares something before its first invocation:
/// `init` does it, and gives the handler.
///
/// What `init` logs is observed. When it fails, its error is one structured line
/// with all its causes, behind the DEBUG lines that were kept (`OBS_LOG_BUFFER`).
/// For settings from code, call [`layer_with`] first.
///
/// ```no_run
/// use cloudvault_obs as obs;
/// use serde_json::Value;
///
/// # struct Store;
/// # impl Store {
/// #     async fn connect() -> Result<Self, std::io::Error> { Ok(Self) }
/// #     async fn keep(&self, _: Value) -> Result<u64, obs::Error> { Ok(1) }
/// # }
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> Result<(), obs::Error> {
///     obs::run_init(async || {
///         let store: &Store = Box::leak(Box::new(Store::connect().await?));
///         Ok(obs::service_fn(move |event: obs::LambdaEvent<Value>| store.keep(event.payload)))
///     })
///     .await
/// }
/// ```
///
/// # Errors
///
/// That of `init`, and as for [`run`].
///
/// # Panics
///
/// As for [`run`].
pub async fn run_init<H, P, T>(init: impl AsyncFnOnce() -> Result<H, Error>) -> Result<(), Error>
where
    H: tower::Service<LambdaEvent<P>, Response = T, Error = Error>,
    H::Future: Future<Output = Result<T, Error>>,
    P: DeserializeOwned,
    T: Serialize,
{
    let layer = layer();
    let handler = prepared(init).await?;
    serve(layer, handler).await
}

pub(crate) async fn prepared<H>(init: impl AsyncFnOnce() -> Result<H, Error>) -> Result<H, Error> {
    let ready = init().await;
    if let Err(error) = &ready {
        let error: &(dyn std::error::Error + 'static) = &**error;
        tracing::error!(target: HANDLER_TARGET, error, "init failed");
    }
    ready
}

async fn serve<H, P, T>(layer: Layer, handler: H) -> Result<(), Error>
where
    H: tower::Service<LambdaEvent<P>, Response = T, Error = Error>,
    H::Future: Future<Output = Result<T, Error>>,
    P: DeserializeOwned,
    T: Serialize,
{
    let layer = tower::layer::layer_fn(move |inner| layer.around(inner));
    Runtime::new(HandlerService::new(Capturing(log::Logged(handler))))
        .layer(layer)
        .run()
        .await
}

/// The tower layer that [`run`] uses, for those who call `lambda_runtime`
/// themselves. The first call reads the environment and installs the `tracing`
/// subscriber and the `metrics` recorder.
#[must_use]
pub fn layer() -> Layer {
    layer_with(&log::Options::default())
}

/// [`layer`] with settings of the log from code. Only the first call of either
/// installs anything; the environment's variables win over `options`.
///
/// ```no_run
/// use cloudvault_obs as obs;
///
/// let layer = obs::layer_with(&obs::log::Options::default().buffer(20_000));
/// ```
#[must_use]
pub fn layer_with(options: &log::Options) -> Layer {
    static TELEMETRY: OnceLock<Arc<Telemetry>> = OnceLock::new();
    let telemetry = TELEMETRY.get_or_init(|| {
        // The later value of a name wins.
        let code = options.variables.iter();
        let code = code.map(|(name, value)| ((*name).to_owned(), value.clone()));
        install(&Config::read(code.chain(environment())))
    });
    Layer::new(Arc::clone(telemetry))
}

/// Variables that are not Unicode belong to nobody here.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where the environment is read, once"
)]
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

fn install(config: &Config) -> Arc<Telemetry> {
    let (telemetry, observer) = build(config, Output::stdout());
    let mut complaints = config.complaints.clone();
    if tracing::subscriber::set_global_default(observer).is_err() {
        complaints
            .push("another tracing subscriber is installed: no log lines, no segments".into());
    }
    if metrics::set_global_recorder(telemetry.recorder.clone()).is_err() {
        complaints.push("another metrics recorder is installed: no metrics".into());
    }
    log::install_panic_hook();
    for complaint in complaints {
        log::complain(Some(config.log.level), &complaint);
    }
    telemetry
}

/// The parts, not yet installed anywhere.
pub(crate) fn build(config: &Config, output: Output) -> (Arc<Telemetry>, Observer) {
    let connect = |recording| Segments::connect(config.xray.as_deref(), recording);
    build_with(config, output, connect)
}

/// [`build`] with another way out for the segments.
pub(crate) fn build_with(
    config: &Config,
    output: Output,
    segments: impl FnOnce(segment::Settings) -> Segments,
) -> (Arc<Telemetry>, Observer) {
    let mut recording = config.segments.clone();
    recording.redactor = config.log.redactor.clone();
    let segments = Arc::new(segments(recording));
    let recorder = Recorder::new(config, output.clone());
    let bell = recorder
        .has_extension()
        .then(|| Doorbell::beside(&config.journal))
        .flatten();
    let log = log::Shared::new(config.log.clone());
    let fixed = Static::new(
        &config.service,
        &config.function_name,
        &config.function_version,
    );
    let observer = Observer::new(Lines::new(fixed, &log, output.clone()), &segments);
    let telemetry = Telemetry {
        cold: AtomicBool::new(config.starts_cold),
        begun: AtomicBool::new(false),
        log,
        output,
        segments,
        recorder,
        bell,
        told: AtomicU64::new(0),
    };
    (Arc::new(telemetry), observer)
}
