//! What the tests share: a vault in a directory of its own, the events of
//! `events/`, and an eye on the log lines and metrics of one handler call.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};

use cloudvault_examples::rim::{Clock, Environment};
use cloudvault_examples::store::{Key, Object, Put};
use cloudvault_examples::vault::Vault;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use obs::{Context, Error, LambdaEvent};
use serde_json::Value;
use tempfile::TempDir;
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context as LayerContext, SubscriberExt};

/// The time of every vault: a second before the events' own.
pub(crate) const NOW: i64 = 1_763_869_799_000;

/// The subject of the events' tokens.
pub(crate) const SUBJECT: &str = "5f0e6f6e-7d0b-4c59-9d4e-2b9d6a1c3e55";

/// The file the events ask for.
pub(crate) const FILE_ID: &str = "019ab3c4-6a10-7cc0-8a52-3f1d2e4b5c6d";

/// A vault with nothing in it, and the hand of its clock.
pub(crate) fn vault() -> (TempDir, Arc<Vault>, Arc<AtomicI64>) {
    let dir = TempDir::new().unwrap();
    let environment = Environment {
        store: dir.path().to_owned(),
        retention_days: 30,
    };
    let (clock, hand) = Clock::manual(NOW);
    let vault = Vault::open(&environment, clock).unwrap();
    (dir, vault, hand)
}

/// One of `events/*.json`.
pub(crate) fn event(name: &str) -> Value {
    let path = format!("{}/events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Stores an object with user metadata.
pub(crate) fn put(
    vault: &Vault,
    key: &str,
    bytes: &[u8],
    content_type: &str,
    user: &[(&str, &str)],
) -> Object {
    let user = user
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let key = Key::parse(key).unwrap();
    vault
        .files
        .put(Put {
            key: &key,
            bytes,
            content_type,
            user: &user,
            trace_header: None,
        })
        .unwrap()
}

/// The body of an HTTP response.
pub(crate) fn body(response: &Value) -> Value {
    serde_json::from_str(response["body"].as_str().unwrap()).unwrap()
}

/// What one handler call did.
pub(crate) struct Seen {
    pub(crate) result: Result<Value, Error>,
    /// Messages of the log lines, in order.
    pub(crate) lines: Vec<String>,
    /// Sums of counters, numbers of values of histograms, last values of gauges.
    pub(crate) metrics: BTreeMap<String, f64>,
}

impl Seen {
    /// How often a log line was written.
    pub(crate) fn count(&self, message: &str) -> usize {
        self.lines.iter().filter(|line| *line == message).count()
    }

    /// As many log lines as the counter says.
    #[track_caller]
    pub(crate) fn assert_counted(&self, message: &str, counter: &str, expect: u32) {
        assert_eq!(self.count(message), expect as usize, "lines {message:?}");
        assert_eq!(self.metric(counter), f64::from(expect), "{counter}");
    }

    /// What was recorded under a name; 0 if nothing was.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        self.metrics.get(name).copied().unwrap_or_default()
    }
}

/// Calls a handler with a payload.
pub(crate) fn call<F>(
    handler: impl FnOnce(Arc<Vault>, LambdaEvent<Value>) -> F,
    vault: &Arc<Vault>,
    payload: Value,
) -> Seen
where
    F: Future<Output = Result<Value, Error>>,
{
    let lines = Lines::default();
    let subscriber = tracing_subscriber::registry().with(lines.clone());
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let event = LambdaEvent::new(payload, Context::default());
    let result = metrics::with_local_recorder(&recorder, || {
        tracing::subscriber::with_default(subscriber, || {
            runtime.block_on(handler(Arc::clone(vault), event))
        })
    });
    let metrics = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| {
            let value = match value {
                DebugValue::Counter(count) => count as f64,
                DebugValue::Gauge(value) => value.into_inner(),
                DebugValue::Histogram(values) => values.len() as f64,
            };
            (key.key().name().to_owned(), value)
        });
    let metrics = metrics.collect();
    let lines = lines.0.lock().unwrap().clone();
    Seen {
        result,
        lines,
        metrics,
    }
}

/// Keeps the messages of events.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Lines {
    fn on_event(&self, event: &tracing::Event<'_>, _: LayerContext<'_, S>) {
        struct Message<'a>(&'a mut Vec<String>);
        impl Visit for Message<'_> {
            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                if field.name() == "message" {
                    self.0.push(format!("{value:?}"));
                }
            }
        }
        event.record(&mut Message(&mut self.0.lock().unwrap()));
    }
}
