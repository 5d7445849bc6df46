//! The facade's recorder: which handle stands for which key.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

use cloudvault_obs_core::metric::{Kind, Unit};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, SharedString};

use super::{
    core::{Admission, Core, lock, merge},
    guard::Guard,
    handle::Handle,
    label,
    settings::{ColdStarts, Route},
    sink::Sink,
};
use crate::{config::Config, invocation::Invocation, output::Output};

/// Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    core: Arc<Core>,
    handles: Arc<[Shard]>,
}

/// Handles by key. The key brings its hash along, so that finding one costs a
/// read lock and a probe.
type Shard = [RwLock<HashMap<Key, Arc<Handle>, BuildHasherDefault<Hashed>>>; 3];

const SHARDS: usize = 8;

impl Recorder {
    pub(crate) fn new(config: &Config, output: Output) -> Self {
        let settings = config.metrics.clone();
        let mut dimensions = vec![("service".to_owned(), config.service.clone())];
        merge(&mut dimensions, settings.dimensions.iter().cloned());
        Self {
            core: Arc::new(Core {
                namespace: config.namespace.clone(),
                dimensions,
                function_name: config.function_name.clone(),
                units: Mutex::default(),
                guard: Mutex::new(Guard::new(settings.max_series)),
                folded_handles: Mutex::default(),
                sink: Sink::open(&config.journal, &settings, output),
                numbers: AtomicU32::new(0),
                folded: AtomicU64::new(0),
                folded_told: AtomicU64::new(0),
                complained: Mutex::default(),
                settings,
            }),
            handles: (0..SHARDS).map(|_| Shard::default()).collect(),
        }
    }

    pub(crate) fn has_extension(&self) -> bool {
        self.core.sink.writer().is_some()
    }

    /// Counts the first invocation of an environment that starts cold, where the
    /// environment asks for it. Called inside the invocation.
    pub(crate) fn cold_start(&self, invocation: &Invocation) {
        if self.core.settings.cold_starts == ColdStarts::Counted && invocation.cold_start {
            let labels = vec![metrics::Label::new(
                "function_name",
                self.core.function_name.clone(),
            )];
            let key = Key::from_parts("ColdStart", labels);
            let counter = metrics::Recorder::register_counter(self, &key, &METADATA);
            counter.increment(1);
        }
    }

    /// Writes what waits outside the journal, of `invocation` and of nobody, as
    /// lines of embedded metric format.
    pub(crate) fn flush(&self, invocation: Option<&Invocation>) {
        self.core.sink.flush(invocation);
        let folded = self.core.folded.load(Ordering::Relaxed);
        if self.core.folded_told.swap(folded, Ordering::Relaxed) < folded {
            tracing::warn!(
                points_folded = folded,
                "metrics had too many series: points were folded together in this process so far"
            );
        }
    }

    /// Points that left nowhere.
    pub(crate) fn lost(&self) -> u64 {
        self.core.sink.lost()
    }

    fn describe(&self, name: &KeyName, unit: Option<metrics::Unit>) {
        if let Some(unit) = unit {
            lock(&self.core.units).insert(name.as_str().to_owned(), cloudwatch_unit(unit));
        }
    }

    fn handle(&self, kind: Kind, key: &Key) -> Option<Arc<Handle>> {
        if self.core.settings.route == Route::Off {
            return None;
        }
        // The map itself uses the lowest and the highest bits of the hash.
        let shard = (key.get_hash() >> 32) as usize % SHARDS;
        let shard = &self.handles[shard][kind as usize];
        let known = shard.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = known.get(key) {
            return Some(Arc::clone(handle));
        }
        drop(known);
        Some(self.open(kind, key, shard))
    }

    #[cold]
    fn open(
        &self,
        kind: Kind,
        key: &Key,
        shard: &RwLock<HashMap<Key, Arc<Handle>, BuildHasherDefault<Hashed>>>,
    ) -> Arc<Handle> {
        let new = || Arc::new(Handle::new(Arc::clone(&self.core), kind, key.clone()));
        // A key with a timestamp stands for one point, not for a series.
        if key.labels().any(|label| label.key() == label::TIMESTAMP) {
            return new();
        }
        match self.core.admits(key) {
            Admission::Open => {
                let mut known = shard.write().unwrap_or_else(PoisonError::into_inner);
                Arc::clone(known.entry(key.clone()).or_insert_with(new))
            }
            Admission::Folded(dimensions) => {
                let series = (kind, key.name().to_owned(), dimensions);
                let mut folded = lock(&self.core.folded_handles);
                Arc::clone(folded.entry(series).or_insert_with(new))
            }
            Admission::Refused => new(),
        }
    }
}

static METADATA: Metadata<'static> =
    Metadata::new(module_path!(), metrics::Level::INFO, Some(module_path!()));

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
        self.handle(Kind::Counter, key)
            .map_or_else(Counter::noop, Counter::from_arc)
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        self.handle(Kind::Gauge, key)
            .map_or_else(Gauge::noop, Gauge::from_arc)
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        self.handle(Kind::Histogram, key)
            .map_or_else(Histogram::noop, Histogram::from_arc)
    }
}

/// Passes the hash that a key brings along.
#[derive(Default)]
pub(super) struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Keys write one number; anything else still spreads.
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
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
