//! One metric of the process: where its points go, resolved once.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU64, Ordering},
};

use cloudvault_obs_core::{
    journal::SeriesId,
    metric::{Kind, Series, value_is_valid},
};
use metrics::{CounterFn, GaugeFn, HistogramFn, Key};

use super::recorder::Shared;
use crate::clock;

/// Shared by every caller that names the same key.
#[derive(Debug)]
pub(super) struct Handle {
    shared: Arc<Shared>,
    kind: Kind,
    key: Key,
    /// Resolved at the first point, when unit and resolution are described.
    target: OnceLock<Target>,
    /// A counter's highest absolute value; the bits of a gauge's level.
    state: AtomicU64,
    complained: OnceLock<()>,
}

#[derive(Debug)]
struct Target {
    series: Arc<Series>,
    id: Option<SeriesId>,
    valid: bool,
}

impl Handle {
    pub(super) fn new(shared: Arc<Shared>, kind: Kind, key: Key) -> Self {
        Self {
            shared,
            kind,
            key,
            target: OnceLock::new(),
            state: AtomicU64::new(0),
            complained: OnceLock::new(),
        }
    }

    fn point(&self, value: f64, count: u64) {
        let target = self.target.get_or_init(|| self.resolve());
        if !target.valid || !value_is_valid(value) {
            self.lose(target, value, count);
            return;
        }
        let now = clock::now_ms();
        for _ in 0..count {
            self.shared
                .sink
                .record(target.id, &target.series, (value, now));
        }
    }

    #[cold]
    fn resolve(&self) -> Target {
        let series = self.shared.series(self.kind, &self.key);
        let valid = series.check().is_ok();
        let id = if valid {
            self.shared.sink.intern(&series)
        } else {
            None
        };
        Target {
            series: Arc::new(series),
            id,
            valid,
        }
    }

    /// Counts the loss, and says why once a series.
    #[cold]
    fn lose(&self, target: &Target, value: f64, count: u64) {
        self.shared.lost.fetch_add(count, Ordering::Relaxed);
        self.complained.get_or_init(|| match target.series.check() {
            Err(limit) => tracing::warn!(metric = self.key.name(), reason = %limit, "metric is refused by CloudWatch's limits"),
            Ok(()) => tracing::warn!(metric = self.key.name(), value, "metric value is not a number that CloudWatch takes"),
        });
    }
}

impl CounterFn for Handle {
    fn increment(&self, value: u64) {
        self.point(value as f64, 1);
    }

    fn absolute(&self, value: u64) {
        let before = self.state.fetch_max(value, Ordering::Relaxed);
        if value > before {
            self.point((value - before) as f64, 1);
        }
    }
}

impl GaugeFn for Handle {
    fn increment(&self, value: f64) {
        self.change(|level| level + value);
    }

    fn decrement(&self, value: f64) {
        self.change(|level| level - value);
    }

    fn set(&self, value: f64) {
        self.change(|_| value);
    }
}

impl Handle {
    fn change(&self, to: impl Fn(f64) -> f64) {
        let next = |bits| Some(to(f64::from_bits(bits)).to_bits());
        let before = self
            .state
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        let before = f64::from_bits(before.unwrap_or_else(|bits| bits));
        self.point(to(before), 1);
    }
}

impl HistogramFn for Handle {
    fn record(&self, value: f64) {
        self.point(value, 1);
    }

    fn record_many(&self, value: f64, count: usize) {
        self.point(value, count as u64);
    }
}
