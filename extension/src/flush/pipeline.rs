//! The data's whole way through the extension, from journal to CloudWatch.

use std::time::Duration;

use cloudvault_obs_core::{
    emf,
    journal::{Draining, Reader, Totals},
};

use super::{Breaker, Delivery, Jitter, Pending, Trouble};
use crate::{
    aggregate::bucket_ms,
    cloudwatch::Put,
    config::OnTimeout,
    intake::{Admission, admission::News},
    tally::Tally,
};

/// Connections older than this are not trusted: the environment may have been
/// frozen meanwhile, and the other end has long gone.
const STALE_MS: i64 = 3_000;

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
    last_put_ms: Option<i64>,
}

impl Pipeline {
    /// Reads from `reader`; `seed` makes the waits differ between environments.
    #[must_use]
    pub fn new(reader: Reader, on_timeout: OnTimeout, seed: u64) -> Self {
        Self {
            reader,
            admission: Admission::default(),
            pending: Pending::default(),
            tally: Tally::default(),
            jitter: Jitter::new(seed),
            breaker: Breaker::default(),
            on_timeout,
            last_put_ms: None,
        }
    }

    /// Takes in what has been recorded since the last call, and tells which
    /// series had points turned away for the first time.
    pub fn drain(&mut self, draining: Draining, now_ms: i64) -> Vec<News> {
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
            match admission.admit(&point, bucket, now_ms) {
                Ok(series) => aggregate.add(point.series_id, series, bucket, point.value),
                Err(refusal) => tally.dropped.refuse(refusal),
            }
        });
        tally.torn += drained.torn;
        pending.reach(reader.position());
        self.release();
        self.admission.news()
    }

    /// Delivers for at most `budget`; what is not delivered stays. In an outage
    /// of CloudWatch most calls do nothing.
    pub async fn deliver(&mut self, put: &mut impl Put, budget: Duration, now_ms: i64) -> Trouble {
        if !self.breaker.allows(now_ms) {
            return Trouble::default();
        }
        self.deliver_now(put, budget, now_ms).await
    }

    /// As [`Pipeline::deliver`], outage or not: there may be no next time.
    pub async fn deliver_now(
        &mut self,
        put: &mut impl Put,
        budget: Duration,
        now_ms: i64,
    ) -> Trouble {
        if self.pending.is_empty() || budget.is_zero() {
            return Trouble::default();
        }
        if self
            .last_put_ms
            .is_some_and(|last| now_ms.saturating_sub(last) > STALE_MS)
        {
            put.reconnect();
        }
        self.last_put_ms = Some(now_ms);
        let mut delivery = Delivery {
            pending: &mut self.pending,
            tally: &mut self.tally,
            jitter: &mut self.jitter,
            on_timeout: self.on_timeout,
        };
        let trouble = delivery.run(put, budget).await;
        if trouble.failed.is_some() {
            self.breaker.fail(now_ms, &mut self.jitter);
        } else {
            self.breaker.succeed();
        }
        self.release();
        trouble
    }

    /// Writes what is pending as lines of the embedded metric format: the last
    /// resort before the environment is gone.
    pub fn spill(&mut self, write: &mut dyn FnMut(&[u8]) -> std::io::Result<()>) {
        while self.pending.front().is_some() {
            let Some(mut batch) = self.pending.settle() else {
                break;
            };
            batch.data.sort_by_key(|datum| datum.timestamp_ms);
            for data in batch.data.chunk_by(|a, b| a.timestamp_ms == b.timestamp_ms) {
                let lines: Vec<_> = data
                    .iter()
                    .map(|datum| emf::Data {
                        series: &datum.series,
                        values: &datum.values,
                    })
                    .collect();
                let mut out = Vec::new();
                let written = emf::write_lines(&mut out, data[0].timestamp_ms, &lines);
                self.tally.dropped.unwritable += written.dropped;
                match write(&out) {
                    Ok(()) => self.tally.emf += written.points,
                    Err(_) => self.tally.dropped.unwritable += written.points,
                }
            }
        }
        self.release();
    }

    /// What became of every point so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.tally
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
