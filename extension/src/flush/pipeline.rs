//! The data's whole way through the extension, from journal to CloudWatch.

use std::{sync::Arc, time::Duration};

use cloudvault_obs_core::{
    journal::{Draining, Reader, Totals},
    metric::Series,
};

use tokio::time::Instant;

use super::{
    Breaker, Delivery, Jitter, Pending, Schedule, Spill, Stop, Trouble, last_resort,
    own::{Own, Reading},
};
use crate::{
    aggregate::{Buckets, Exploded, Limits, bucket_ms},
    clock::Moment,
    cloudwatch::{Put, PutError},
    config::OnTimeout,
    intake::{Admission, admission::News},
    segments::Forwarder,
    tally::Tally,
};

/// Connections older than this are not trusted: the environment may have been
/// frozen meanwhile, and the other end has long gone.
pub(crate) const STALE_MS: i64 = 3_000;

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
    /// Segments that go along.
    pub segments: Forwarder,
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
    segments: Forwarder,
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
            segments: parts.segments,
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
        self.segments.renew();
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
        let (aggregate, mut buckets) = (pending.growing(), Buckets::default());
        let drained = reader.drain(draining, |point| {
            let bucket = buckets.of(point.series, point.timestamp_ms);
            match admission.admit(&point, bucket, now.wall_ms) {
                Ok(series) => {
                    let added = aggregate.add(point.series_id, series, bucket, point.value);
                    tally.dropped.overflow += u64::from(added.is_err());
                }
                Err(refusal) => tally.dropped.refuse(refusal),
            }
        });
        tally.recorded += drained.points;
        tally.torn += drained.torn;
        pending.reach(reader.position());
        self.schedule.waits(self.waits(), now);
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
        self.tally.sampled += count;
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

    /// Delivers for at most `budget`, points before segments; what is not delivered
    /// stays. In an outage of CloudWatch or X-Ray most calls do nothing for it.
    pub async fn deliver(
        &mut self,
        put: &mut impl Put,
        budget: Duration,
        now: Moment,
        stop: &Stop,
    ) -> Trouble {
        let until = Instant::now() + budget;
        let mut trouble = Trouble::default();
        if self.breaker.allows(now) {
            trouble = self.deliver_points(put, budget, now, stop).await;
        } else if !self.pending.is_empty() {
            self.tally.breaker_skips += 1;
        }
        if self.segments.waits() && self.segments.allows(now) {
            trouble.segments = self.forward(until, now, stop).await;
        }
        trouble
    }

    /// As [`Pipeline::deliver`], outage or not: there may be no next time.
    pub async fn deliver_now(
        &mut self,
        put: &mut impl Put,
        budget: Duration,
        now: Moment,
        stop: &Stop,
    ) -> Trouble {
        let until = Instant::now() + budget;
        let mut trouble = self.deliver_points(put, budget, now, stop).await;
        if self.segments.waits() {
            trouble.segments = self.forward(until, now, stop).await;
        }
        trouble
    }

    async fn forward(&mut self, until: Instant, now: Moment, stop: &Stop) -> Option<PutError> {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        let failed = self
            .segments
            .forward(left, now, &mut self.jitter, stop)
            .await;
        self.schedule.flushed(now);
        self.schedule.waits(self.waits(), now);
        failed
    }

    /// Whether anything waits for a flush.
    fn waits(&self) -> bool {
        !self.pending.is_empty() || self.segments.waits()
    }

    async fn deliver_points(
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
        let stale = |last: Moment| now.since(last) > STALE_MS || now.leapt(last);
        if self.last_put.is_some_and(stale) {
            put.reconnect();
        }
        self.last_put = Some(now);
        self.gather_own(now);
        let began = Instant::now();
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
        self.schedule.waits(self.waits(), now);
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
            let (lines, emf, unwritable) = last_resort::lines(batch);
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
            segments: self.segments.tally(),
            spool_failures: self.segments.failures(),
        }
    }

    /// Points that wait: in memory, and in the spill file.
    #[must_use]
    pub fn left(&self) -> (u64, u64) {
        (self.pending.points(), self.pending.spill().points())
    }

    /// Whether segments wait.
    #[must_use]
    pub fn segments_wait(&self) -> bool {
        self.segments.waits()
    }

    /// Documents of segments that wait.
    pub fn segments_left(&mut self) -> u64 {
        self.segments.left()
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
