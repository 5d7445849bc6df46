//! The facade's recorder: which handle stands for which key.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use cloudvault_obs_core::metric::{Kind, Resolution, Series, Unit};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, SharedString};

use super::{handle::Handle, sink::Sink};
use crate::{config::Config, output::Output};

/// Names declared before any recorder may exist: in `main`, or in a test.
static HIGH_RESOLUTION: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

/// Stores the metric `name` with a datapoint a second instead of one a minute,
/// so that alarms on it may look every 10 seconds. Call it before the metric is
/// first used; CloudWatch bills such an alarm at three times the price.
pub fn high_resolution(name: &str) {
    HIGH_RESOLUTION
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(name.to_owned());
}

/// Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    namespace: String,
    service: String,
    units: Mutex<HashMap<String, Unit>>,
    handles: Mutex<HashMap<(Kind, Key), Arc<Handle>>>,
    pub(super) sink: Sink,
    pub(super) lost: AtomicU64,
}

impl Recorder {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            shared: Arc::new(Shared {
                namespace: config.namespace.clone(),
                service: config.service.clone(),
                units: Mutex::default(),
                handles: Mutex::default(),
                sink: Sink::open(&config.journal),
                lost: AtomicU64::new(0),
            }),
        }
    }

    pub(crate) fn has_extension(&self) -> bool {
        self.shared.sink.has_extension()
    }

    /// Writes what waits outside the journal as lines of embedded metric format.
    pub(crate) fn flush(&self, output: &Output) {
        let dropped = self.shared.sink.flush(output);
        self.shared.lost.fetch_add(dropped, Ordering::Relaxed);
    }

    /// Points that left nowhere.
    pub(crate) fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    fn describe(&self, name: &KeyName, unit: Option<metrics::Unit>) {
        if let Some(unit) = unit {
            let mut units = self
                .shared
                .units
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            units.insert(name.as_str().to_owned(), cloudwatch_unit(unit));
        }
    }

    fn handle(&self, kind: Kind, key: &Key) -> Arc<Handle> {
        let mut handles = self
            .shared
            .handles
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let made = || Arc::new(Handle::new(Arc::clone(&self.shared), kind, key.clone()));
        Arc::clone(handles.entry((kind, key.clone())).or_insert_with(made))
    }
}

impl Shared {
    /// What `key` is called in CloudWatch, as far as is described by now.
    pub(super) fn series(&self, kind: Kind, key: &Key) -> Series {
        let service = ("service".to_owned(), self.service.clone());
        let labels = key
            .labels()
            .map(|label| (label.key().to_owned(), label.value().to_owned()));
        let unit = self
            .units
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key.name())
            .copied();
        let high = HIGH_RESOLUTION
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(key.name());
        Series {
            namespace: self.namespace.clone(),
            name: key.name().to_owned(),
            // A label of the same name says it better than the default.
            dimensions: match key.labels().any(|label| label.key() == "service") {
                true => labels.collect(),
                false => std::iter::once(service).chain(labels).collect(),
            },
            unit: unit.unwrap_or(if kind == Kind::Counter {
                Unit::Count
            } else {
                Unit::None
            }),
            resolution: if high {
                Resolution::High
            } else {
                Resolution::Standard
            },
            kind,
        }
    }
}

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, name: KeyName, unit: Option<metrics::Unit>, _: SharedString) {
        self.describe(&name, unit);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<metrics::Unit>, _: SharedString) {
        self.describe(&name, unit);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<metrics::Unit>, _: SharedString) {
        self.describe(&name, unit);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.handle(Kind::Counter, key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.handle(Kind::Gauge, key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.handle(Kind::Histogram, key))
    }
}

/// The facade's units in CloudWatch's spelling. Binary multiples become the
/// decimal name that CloudWatch has; nanoseconds it has not.
fn cloudwatch_unit(unit: metrics::Unit) -> Unit {
    match unit {
        metrics::Unit::Count => Unit::Count,
        metrics::Unit::Percent => Unit::Percent,
        metrics::Unit::Seconds => Unit::Seconds,
        metrics::Unit::Milliseconds => Unit::Milliseconds,
        metrics::Unit::Microseconds => Unit::Microseconds,
        metrics::Unit::Nanoseconds => Unit::None,
        metrics::Unit::Tebibytes => Unit::Terabytes,
        metrics::Unit::Gibibytes => Unit::Gigabytes,
        metrics::Unit::Mebibytes => Unit::Megabytes,
        metrics::Unit::Kibibytes => Unit::Kilobytes,
        metrics::Unit::Bytes => Unit::Bytes,
        metrics::Unit::TerabitsPerSecond => Unit::TerabitsPerSecond,
        metrics::Unit::GigabitsPerSecond => Unit::GigabitsPerSecond,
        metrics::Unit::MegabitsPerSecond => Unit::MegabitsPerSecond,
        metrics::Unit::KilobitsPerSecond => Unit::KilobitsPerSecond,
        metrics::Unit::BitsPerSecond => Unit::BitsPerSecond,
        metrics::Unit::CountPerSecond => Unit::CountPerSecond,
    }
}
