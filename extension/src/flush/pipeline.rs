//! The data's whole way through the extension, from journal to CloudWatch.

use std::{sync::Arc, time::Duration};

use cloudvault_obs_core::{
    emf,
    journal::{Draining, Reader, Totals},
    metric::Series,
};

use super::{
    Breaker, Delivery, Jitter, Pending, Schedule, Spill, Stop, Trouble,
    own::{Own, Reading},
};
use crate::{
    aggregate::{Exploded, Limits, bucket_ms},
    batch::{Batch, Datum},
    clock::Moment,
    cloudwatch::Put,
    config::OnTimeout,
    intake::{Admission, admission::News},
    tally::Tally,
};

/// Connections older than this are not trusted: the environment may have been
/// frozen meanwhile, and the other end has long gone.
const STALE_MS: i64 = 3_000;

/// What a pipeline is made of.
#[derive(Debug)]
pub struct Parts {
    /// Where the journal's points come from.
    pub reader: Reader,
    /// Where points are safe while CloudWatch fails.
    pub spill: Spill,
    /// What may be held in memory.
    pub limits: Limits,
    /// What becomes of a request that got no answer.
    pub on_timeout: OnTimeout,
    /// Decides when points leave.
    pub schedule: Schedule,
    /// The extension's own metrics.
    pub own: Own,
    /// Makes waits differ between environments.
    pub seed: u64,
}

/// Journal, pending points and counters.
#[derive(Debug)]
pub struct Pipeline {
    reader: Reader,
    admission: Admission,
    pending: Pending,
    tally: Tally,
    jitter: Jitter,
    breaker: Breaker,
    on_timeout: OnTimeout,
    last_put: Option<Moment>,
    schedule: Schedule,
    own: Own,
}

impl Pipeline {
    /// A pipeline at its beginning.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let tally = Tally {
            found: parts.spill.points(),
            ..Tally::default()
        };
        Self {
            reader: parts.reader,
            admission: Admission::default(),
            pending: Pending::new(parts.limits, parts.spill),
            tally,
            jitter: Jitter::new(parts.seed),
            breaker: Breaker::default(),
            on_timeout: parts.on_timeout,
            last_put: None,
            schedule: parts.schedule,
            own: parts.own,
        }
    }

    /// Forgets what a copy of the environment must not have in common with
    /// others: their waits, and how CloudWatch answered the one they are copies of.
    pub fn renew(&mut self, seed: u64) {
        self.jitter = Jitter::new(seed);
        self.breaker = Breaker::default();
        self.last_put = None;
    }

    /// Decides when points leave.
    pub fn schedule(&mut self) -> &mut Schedule {
        &mut self.schedule
    }

    /// Takes in what has been recorded since the last call, and tells which
    /// series had points turned away for the first time. While memory is full
    /// and the spill file too, points stay in the journal.
    pub fn drain(&mut self, draining: Draining, now: Moment) -> Vec<News> {
        if self.pending.growing().is_full() && !self.store(now) {
            return self.admission.news();
        }
        let Self {
            reader,
            admission,
            pending,
            tally,
            ..
        } = self;
        let aggregate = pending.growing();
        let drained = reader.drain(draining, |point| {
            tally.recorded += 1;
            let bucket = bucket_ms(point.series, point.timestamp_ms);
            match admission.admit(&point, bucket, now.wall_ms) {
                Ok(series) => {
                    let added = aggregate.add(point.series_id, series, bucket, point.value);
                    tally.dropped.overflow += u64::from(added.is_err());
                }
                Err(refusal) => tally.dropped.refuse(refusal),
            }
        });
        tally.torn += drained.torn;
        pending.reach(reader.position());
        let waits = !pending.is_empty();
        self.schedule.waits(waits, now);
        self.release();
        if self.is_pressed() && self.breaker.is_troubled() {
            self.store(now);
        }
        self.admission.news()
    }

    /// Takes in `count` points of `value` that did not come by the journal. The
    /// caller has checked that CloudWatch can take them.
    pub fn record(
        &mut self,
        series: &Arc<Series>,
        (value, count): (f64, u64),
        timestamp_ms: i64,
        now: Moment,
    ) {
        self.tally.recorded += count;
        if self.pending.growing().is_full() && !self.store(now) {
            self.tally.dropped.memory += count;
            return;
        }
        let bucket = bucket_ms(series, timestamp_ms);
        let added = self
            .pending
            .growing()
            .add_many(series, bucket, value, count);
        self.tally.dropped.overflow += if added.is_err() { count } else { 0 };
        self.schedule.waits(true, now);
    }

    /// Whether the journal is half full: reason enough for a flush.
    #[must_use]
    pub fn is_pressed(&self) -> bool {
        let totals = self.reader.totals();
        totals.recorded.saturating_sub(totals.released) >= self.reader.cells() / 2
    }

    /// Moves what is in memory to the spill file; false if that failed.
    fn store(&mut self, now: Moment) -> bool {
        match self.pending.store(now.wall_ms) {
            Ok(points) => {
                self.tally.spilled += points;
                self.release();
                true
            }
            Err(_) => false,
        }
    }

    /// Delivers for at most `budget`; what is not delivered stays. In an outage
    /// of CloudWatch most calls do nothing.
    pub async fn deliver(
        &mut self,
        put: &mut impl Put,
        budget: Duration,
        now: Moment,
        stop: &Stop,
    ) -> Trouble {
        if self.pending.is_empty() {
            return Trouble::default();
        }
        if !self.breaker.allows(now) {
            self.tally.breaker_skips += 1;
            return Trouble::default();
        }
        self.deliver_now(put, budget, now, stop).await
    }

    /// As [`Pipeline::deliver`], outage or not: there may be no next time.
    pub async fn deliver_now(
        &mut self,
        put: &mut impl Put,
        budget: Duration,
        now: Moment,
        stop: &Stop,
    ) -> Trouble {
        if self.pending.is_empty() {
            return Trouble::default();
        }
        if budget.is_zero() {
            self.tally.deadline_skips += 1;
            return Trouble::default();
        }
        if self
            .last_put
            .is_some_and(|last| now.since(last) > STALE_MS || now.leapt(last))
        {
            put.reconnect();
        }
        self.last_put = Some(now);
        self.gather_own(now);
        let began = tokio::time::Instant::now();
        let mut delivery = Delivery {
            pending: &mut self.pending,
            tally: &mut self.tally,
            jitter: &mut self.jitter,
            on_timeout: self.on_timeout,
            now_ms: now.wall_ms,
        };
        let trouble = delivery.run(put, budget, stop).await;
        self.flushed(&trouble, now, began.elapsed());
        trouble
    }

    fn flushed(&mut self, trouble: &Trouble, now: Moment, took: Duration) {
        self.tally.flushes += 1;
        self.tally.flush_ms += u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let after = Moment {
            wall_ms: now.wall_ms,
            mono_ms: now
                .mono_ms
                .saturating_add(i64::try_from(took.as_millis()).unwrap_or(0)),
        };
        if trouble.failed.is_some() {
            self.tally.requeued += self.pending.points();
            self.breaker.fail(after, &mut self.jitter);
        } else {
            self.breaker.succeed();
        }
        for exploded in self.pending.growing().exploded() {
            self.tally.overflowed += exploded.points;
            self.own.exploded(exploded);
        }
        self.schedule.flushed(now);
        self.schedule.waits(!self.pending.is_empty(), now);
        self.release();
        if self.breaker.is_troubled() && self.is_pressed() {
            self.store(now);
        }
    }

    /// The extension's own metrics join points that leave in any case.
    fn gather_own(&mut self, now: Moment) {
        if self.pending.will_gather() {
            let reading = self.reading();
            let own = self.own.data(&reading, now.wall_ms);
            self.pending.ride_along(own);
        }
    }

    /// The metrics and dimensions that explode and have not been told.
    pub fn exploded(&mut self) -> Vec<Exploded> {
        self.own.told()
    }

    /// Adds to the time by which invocations were prolonged.
    pub fn prolonged(&mut self, by_ms: u64) {
        self.tally.overhead_ms += by_ms;
    }

    /// Writes what is pending as lines of the embedded metric format: the last
    /// resort before the environment is gone. What is left when `in_time` says no,
    /// or when nothing can be written, stays where it is.
    pub fn spill(
        &mut self,
        now_ms: i64,
        in_time: &dyn Fn() -> bool,
        write: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
    ) {
        while in_time() {
            let Some(batch) = self.pending.front(now_ms) else {
                break;
            };
            let (lines, emf, unwritable) = lines(batch);
            if write(&lines).is_err() {
                break;
            }
            self.tally.emf += emf;
            self.tally.dropped.unwritable += unwritable;
            self.pending.settle();
        }
        self.release();
        if self.pending.points() > 0 {
            self.store(Moment::at(now_ms));
        }
    }

    /// What became of every point so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Everything that the extension can tell of itself.
    pub fn reading(&mut self) -> Reading {
        Reading {
            tally: self.tally,
            series: self.pending.growing().series() as u64,
            spill_bytes: self.pending.spill().bytes(),
            spill_failures: self.pending.spill().failures(),
            spill_torn: self.pending.spill().torn_bytes(),
            journal_refused: self.reader.totals().refused,
        }
    }

    /// Points that wait: in memory, and in the spill file.
    #[must_use]
    pub fn left(&self) -> (u64, u64) {
        (self.pending.points(), self.pending.spill().points())
    }

    /// The journal's own counters.
    #[must_use]
    pub fn journal_totals(&self) -> Totals {
        self.reader.totals()
    }

    /// Whether nothing waits for delivery.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.pending.is_empty()
    }

    fn release(&mut self) {
        if let Some(position) = self.pending.release() {
            self.reader.release(position);
        }
    }
}

/// A request as lines; the points on them, and those that the format cannot
/// express.
fn lines(batch: &Batch) -> (Vec<u8>, u64, u64) {
    let expressible = |datum: &&Datum| {
        let series = &*datum.series;
        let group = emf::Group::new(&series.namespace, &series.dimensions);
        emf::Prepared::new(series, Arc::new(group)).is_ok()
    };
    let (mut data, not): (Vec<_>, Vec<_>) = batch.data.iter().partition(expressible);
    data.sort_by_key(|datum| datum.timestamp_ms);
    let mut out = Vec::new();
    for data in data.chunk_by(|a, b| a.timestamp_ms == b.timestamp_ms) {
        let lines: Vec<_> = data
            .iter()
            .map(|datum| emf::Data {
                series: &datum.series,
                values: &datum.values,
            })
            .collect();
        emf::write_lines(&mut out, data[0].timestamp_ms, &lines);
    }
    let points = |data: Vec<&Datum>| data.iter().map(|datum| datum.points).sum();
    (out, points(data), points(not))
}
