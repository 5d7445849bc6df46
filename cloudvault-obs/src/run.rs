//! Installing everything, and running a handler with it.

use std::sync::{Arc, OnceLock, atomic::AtomicU64};

use lambda_runtime::{Error, LambdaEvent, Runtime};
use serde::{Serialize, de::DeserializeOwned};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

use crate::{
    config::Config,
    invocation::{HandlerService, Layer},
    metric::Recorder,
    output::Output,
    subscriber::{Observer, Static},
    telemetry::{Doorbell, Segments, Telemetry},
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
    let layer = layer();
    let layer = tower::layer::layer_fn(move |inner| layer.around(inner));
    Runtime::new(HandlerService::new(handler))
        .layer(layer)
        .run()
        .await
}

/// The tower layer that [`run`] uses, for those who call `lambda_runtime`
/// themselves. The first call reads the environment and installs the `tracing`
/// subscriber and the `metrics` recorder.
#[must_use]
pub fn layer() -> Layer {
    static TELEMETRY: OnceLock<Arc<Telemetry>> = OnceLock::new();
    let telemetry = TELEMETRY.get_or_init(|| install(&Config::read(environment())));
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
    if tracing::subscriber::set_global_default(Registry::default().with(observer)).is_err() {
        complaints
            .push("another tracing subscriber is installed: no log lines, no segments".into());
    }
    if metrics::set_global_recorder(telemetry.recorder.clone()).is_err() {
        complaints.push("another metrics recorder is installed: no metrics".into());
    }
    for complaint in complaints {
        tracing::warn!("{complaint}");
    }
    telemetry
}

/// The parts, not yet installed anywhere.
pub(crate) fn build(config: &Config, output: Output) -> (Arc<Telemetry>, Observer) {
    let segments = Arc::new(Segments::connect(config.xray.as_deref()));
    let recorder = Recorder::new(config);
    let bell = recorder
        .has_extension()
        .then(|| Doorbell::beside(&config.journal))
        .flatten();
    let observer = Observer {
        level: config.level,
        fixed: Static::new(
            &config.service,
            &config.function_name,
            &config.function_version,
        ),
        output: output.clone(),
        segments: Arc::clone(&segments),
    };
    let telemetry = Telemetry {
        starts_cold: config.starts_cold,
        output,
        segments,
        recorder,
        bell,
        told: AtomicU64::new(0),
    };
    (Arc::new(telemetry), observer)
}
