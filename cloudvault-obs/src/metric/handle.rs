//! One metric of the process: where its points go, resolved once.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU64, Ordering},
};

use cloudvault_obs_core::{
    journal::{SeriesId, SeriesWriter, Writer},
    metric::{Kind, timestamp_is_valid, value_is_valid},
};
use metrics::{CounterFn, GaugeFn, HistogramFn, Key};

use super::{core::Core, kept::Line};
use crate::clock;

/// Shared by every caller that names the same key.
#[derive(Debug)]
pub(super) struct Handle {
    /// Set once the series is known to the journal, if that is all that a point needs.
    alone: OnceLock<SeriesWriter>,
    /// A counter's highest absolute value; the bits of a gauge's level.
    state: AtomicU64,
    /// Resolved at the first point, when unit and resolution are described.
    target: OnceLock<Target>,
    core: Arc<Core>,
    kind: Kind,
    key: Key,
}

/// Where points go in the journal.
#[derive(Debug)]
pub(super) struct Journaled {
    pub(super) writer: Arc<Writer>,
    pub(super) id: SeriesId,
    /// One more for each further dimension set.
    pub(super) others: Box<[SeriesId]>,
}

impl Journaled {
    /// Records the point; where the journal is full, answers how many dimension
    /// sets it had room for.
    fn record(&self, value: f64, timestamp_ms: i64) -> Result<(), usize> {
        match self.writer.record(self.id, value, timestamp_ms) {
            Ok(()) => self.record_others(value, timestamp_ms),
            Err(_) => Err(0),
        }
    }

    fn record_others(&self, value: f64, timestamp_ms: i64) -> Result<(), usize> {
        for (index, &id) in self.others.iter().enumerate() {
            if self.writer.record(id, value, timestamp_ms).is_err() {
                return Err(index + 1);
            }
        }
        Ok(())
    }
}

/// What a handle's points become.
#[derive(Debug)]
pub(super) struct Target {
    /// Why CloudWatch would refuse them, if it would.
    pub(super) refused: Option<String>,
    /// Lines for what does not reach the journal: first with all dimension sets,
    /// then for each set that the journal may have been full for.
    pub(super) lines: Vec<Line>,
    /// Given with the key, in place of the clock.
    pub(super) timestamp_ms: Option<i64>,
    pub(super) journal: Option<Journaled>,
    /// Whether the guard folded the series.
    pub(super) folded: bool,
}

impl Target {
    /// Where a valid point goes at the time that it is, without a further question.
    fn at_once(&self) -> Option<&Journaled> {
        let asks = self.refused.is_some() || self.timestamp_ms.is_some() || self.folded;
        self.journal.as_ref().filter(|_| !asks)
    }
}

/// Points of one value beyond which they are counted on a line instead of
/// standing in the journal one by one.
const MAX_REPEAT: u64 = 1024;

const INEXPRESSIBLE: &str = "the journal is full, and embedded metric format needs a metric name that is none of its dimensions";

impl Handle {
    pub(super) fn new(core: Arc<Core>, kind: Kind, key: Key) -> Self {
        Self {
            alone: OnceLock::new(),
            state: AtomicU64::new(0),
            target: OnceLock::new(),
            core,
            kind,
            key,
        }
    }

    #[inline]
    fn point(&self, value: f64) {
        if value_is_valid(value) {
            self.valid(value);
        } else {
            self.slow(value, 1);
        }
    }

    /// A point whose value CloudWatch takes.
    #[inline(always)]
    fn valid(&self, value: f64) {
        let Some(alone) = self.alone.get() else {
            return self.thorough(value);
        };
        if !alone.record(value, clock::second_ms()) {
            self.thorough(value);
        }
    }

    #[cold]
    fn huge(&self, value: u64) {
        self.point(value as f64);
    }

    /// The first point, or one that has further dimension sets, met another thread's,
    /// or finds the journal full.
    #[cold]
    fn thorough(&self, value: f64) {
        let now = clock::second_ms();
        match self.target.get().and_then(Target::at_once) {
            Some(journal) => {
                if let Err(written) = journal.record(value, now) {
                    self.overflow(written, value, now);
                }
            }
            None => self.slow(value, 1),
        }
    }

    /// The journal is full: the point leaves as a line, for the dimension sets
    /// that it had no room for.
    #[cold]
    fn overflow(&self, written: usize, value: f64, now: i64) {
        let Some(target) = self.target.get() else {
            return;
        };
        let mut kept = false;
        let (from, to) = match written {
            0 => (0, 1),
            _ => (1 + written, target.lines.len()),
        };
        for line in target.lines.get(from..to).unwrap_or_default() {
            self.core.sink.keep(line, now, (value, 1));
            kept = true;
        }
        if !kept {
            self.lose(1, INEXPRESSIBLE);
        }
    }

    #[cold]
    fn slow(&self, value: f64, count: u64) {
        let target = self
            .target
            .get_or_init(|| self.core.resolve(self.kind, &self.key));
        if target.folded {
            self.core.fold(count);
        }
        let now = clock::coarse_ms();
        let timestamp = target.timestamp_ms.unwrap_or(now);
        if let Some(reason) = &target.refused {
            return self.lose(count, reason);
        }
        if !value_is_valid(value) {
            let reason = format!("value {value} is not a number that CloudWatch takes");
            return self.lose(count, &reason);
        }
        if !timestamp_is_valid(timestamp, now) {
            let reason = "timestamp is not within two weeks before and two hours after now";
            return self.lose(count, reason);
        }
        match &target.journal {
            Some(journal) if count <= MAX_REPEAT => {
                for _ in 0..count {
                    if let Err(written) = journal.record(value, timestamp) {
                        self.overflow(written, value, timestamp);
                    }
                }
                if target.at_once().is_some() && journal.others.is_empty() {
                    self.alone
                        .get_or_init(|| journal.writer.of_series(journal.id));
                }
            }
            _ => match target.lines.first() {
                Some(line) => self.core.sink.keep(line, timestamp, (value, count)),
                None => self.lose(count, INEXPRESSIBLE),
            },
        }
    }

    #[cold]
    fn lose(&self, count: u64, reason: &str) {
        self.core.lose(self.key.name(), count, reason);
    }
}

impl CounterFn for Handle {
    fn increment(&self, value: u64) {
        // No count is too large for CloudWatch. A signed number becomes a float
        // in one instruction, and nearly all counts are one.
        match i64::try_from(value) {
            Ok(value) => self.valid(value as f64),
            Err(_) => self.huge(value),
        }
    }

    fn absolute(&self, value: u64) {
        let before = self.state.fetch_max(value, Ordering::Relaxed);
        if value > before {
            self.point((value - before) as f64);
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
    /// A level that is no number any more is reported and not kept, so that the
    /// next change starts from the last good one.
    fn change(&self, to: impl Fn(f64) -> f64) {
        let mut bits = self.state.load(Ordering::Relaxed);
        loop {
            let level = to(f64::from_bits(bits));
            if !value_is_valid(level) {
                return self.point(level);
            }
            match self.state.compare_exchange_weak(
                bits,
                level.to_bits(),
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return self.point(level),
                Err(now) => bits = now,
            }
        }
    }
}

impl HistogramFn for Handle {
    fn record(&self, value: f64) {
        self.point(value);
    }

    fn record_many(&self, value: f64, count: usize) {
        match count {
            0 => {}
            1 => self.point(value),
            _ => self.slow(value, count as u64),
        }
    }
}
