//! The records of one event, each under its own id.
//!
//! A batch of ten messages belongs to ten requests. [`Batch`] goes through its
//! records; the work on each runs in a span `record` with the correlation id
//! that this record carries ([`crate::event`] says where it is looked for), linked
//! to the trace of its sender, and [`crate::propagation::current`] gives that id
//! for what the work sends on. What fails is collected into the [`Report`] that
//! Lambda wants as the answer, and does not stop the others, unless their order
//! has to be kept:
//!
//! | source | after a failure | the report names |
//! |---|---|---|
//! | SQS, standard queue | the others go on | every record that failed |
//! | SQS, FIFO queue | the same message group stops | every record that failed, and those of its group behind it |
//! | Kinesis, DynamoDB streams | all stop: Lambda reads again from there | the first record that was not done |
//! | SNS, S3, Firehose, others | the others go on | cannot: [`Report::into_result`] fails the invocation |
//!
//! A record that was not tried, because the batch was left early, counts as
//! failed, and so does one whose task was cancelled or panicked: better twice
//! than never.
//!
//! ```
//! use cloudvault_obs::batch::Batch;
//! use serde_json::json;
//!
//! let event = json!({"Records": [
//!     {"eventSource": "aws:sqs", "messageId": "m-1", "body": "1"},
//!     {"eventSource": "aws:sqs", "messageId": "m-2", "body": "two"},
//! ]});
//! let report = Batch::from(event).each(|record| {
//!     record["body"].as_str().unwrap_or_default().parse::<u32>().map(drop)
//! });
//! let answer = serde_json::to_value(&report).unwrap();
//! assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "m-2"}]}));
//! ```
//!
//! Records are of any type that serializes as Lambda wrote it: a
//! [`serde_json::Value`], a `Box<serde_json::value::RawValue>`, or a record of
//! `aws_lambda_events`, whose events become batches with the feature `events`;
//! their bodies and data are read where they are and never written down again.

mod report;
mod ledger;
pub(crate) mod scope;
mod item;
#[cfg(feature = "events")]
mod events;

use std::{collections::VecDeque, fmt::Display, future::poll_fn, pin::Pin, sync::Arc, task::Poll};

use serde::Serialize;
use serde_json::Value;
use tracing::field::Empty;

use self::{
    item::Slot,
    ledger::{Lane, Ledger},
    scope::Scope,
};
use crate::{
    event::record::{self, Record},
    invocation,
};

pub use item::{Item, ItemFuture};
pub use report::{BatchError, Failure, Report};

/// The target of spans whose field `correlation_id` is the id of another request
/// than the invocation's, and so takes its place on the lines in them. In any
/// other span that name is reserved.
///
/// For ids that stand where no event has them, in a database or an object:
///
/// ```
/// use cloudvault_obs::batch;
///
/// let uploader = "0192f0c1-upload-0001";
/// let span = tracing::info_span!(target: batch::TARGET, "thumbnail", correlation_id = uploader);
/// span.in_scope(|| tracing::info!("logged under the uploader's id"));
/// ```
pub const TARGET: &str = "cloudvault_obs::batch";

/// The records of an event that are still to be done; an iterator over them.
///
/// [`Batch::each`] and its like go through all of them. To go through them in a
/// loop of one's own:
///
/// ```
/// use cloudvault_obs::batch::Batch;
/// use serde_json::json;
///
/// let mut batch = Batch::new(vec![json!({"messageId": "m-1"}), json!({"messageId": "m-2"})]);
/// for item in &mut batch {
///     match item["messageId"] == "m-1" {
///         true => item.succeed(),
///         false => item.fail("not today"),
///     }
/// }
/// let report = batch.finish();
/// assert_eq!(report.failures()[0].error.as_deref(), Some("not today"));
/// ```
#[derive(Debug)]
#[must_use = "records that are not done are not done"]
pub struct Batch<R> {
    pending: VecDeque<Pending<R>>,
    ledger: Arc<Ledger>,
    /// A record's JSON while it is read.
    scratch: Vec<u8>,
    read: Reader<R>,
}

/// What a record says; it may be written to the memory that is given.
type Reader<R> = fn(&R, &mut Vec<u8>) -> Record;

/// Writes the record down as Lambda wrote it, and reads that.
fn written<R: Serialize>(record: &R, scratch: &mut Vec<u8>) -> Record {
    // A record that cannot be written down is one that says nothing.
    let written = serde_json::to_writer(&mut *scratch, record);
    written.map_or_else(|_| Record::default(), |()| record::read(scratch))
}

#[derive(Debug)]
struct Pending<R> {
    index: usize,
    record: R,
    /// What it says, once it has been read.
    read: Option<(Record, Lane)>,
}

impl<R: Serialize> Batch<R> {
    /// A batch of `records`, in the order in which Lambda gave them.
    pub fn new(records: impl IntoIterator<Item = R>) -> Self {
        Self::read_by(written, records)
    }

    /// A batch of records that are read in a way of their own.
    fn read_by(read: Reader<R>, records: impl IntoIterator<Item = R>) -> Self {
        let pending: VecDeque<_> = records
            .into_iter()
            .enumerate()
            .map(|(index, record)| Pending {
                index,
                record,
                read: None,
            })
            .collect();
        let ledger = Arc::new(Ledger::default());
        ledger.open(pending.len());
        Self {
            pending,
            ledger,
            scratch: Vec::new(),
            read,
        }
    }

    /// Does `work` for one record after another.
    pub fn each<T, E: Display>(mut self, mut work: impl FnMut(R) -> Result<T, E>) -> Report {
        for item in &mut self {
            // What went wrong is in the report.
            let _ = item.run(&mut work);
        }
        self.finish()
    }

    /// Awaits `work` for one record after another.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use cloudvault_obs::batch::Batch;
    /// use serde_json::{Value, json};
    ///
    /// async fn store(record: Value) -> Result<(), std::io::Error> {
    ///     tracing::info!(id = %record["messageId"], "stored");
    ///     Ok(())
    /// }
    ///
    /// let event = json!({"Records": [{"messageId": "m-1"}]});
    /// assert!(Batch::from(event).each_async(store).await.is_ok());
    /// # });
    /// ```
    pub async fn each_async<T, E, F>(mut self, mut work: impl FnMut(R) -> F) -> Report
    where
        E: Display,
        F: Future<Output = Result<T, E>>,
    {
        for item in &mut self {
            // What went wrong is in the report.
            let _ = item.run_async(&mut work).await;
        }
        self.finish()
    }

    /// Awaits `work` for up to `limit` records at the same time (0 counts as 1).
    /// Those that have to keep their order, by the table of [the module](self),
    /// still do.
    pub async fn each_concurrent<T, E, F>(
        mut self,
        limit: usize,
        mut work: impl FnMut(R) -> F,
    ) -> Report
    where
        E: Display,
        F: Future<Output = Result<T, E>>,
    {
        let mut running: Vec<Pin<Box<ItemFuture<F>>>> = Vec::new();
        loop {
            while running.len() < limit.max(1) {
                let busy = |lane: &Lane| {
                    *lane != Lane::Free && running.iter().any(|future| future.lane() == lane)
                };
                let Some(item) = self.pick(busy) else { break };
                running.push(Box::pin(item.run_async(&mut work)));
            }
            if running.is_empty() {
                return self.finish();
            }
            poll_fn(|cx| {
                let before = running.len();
                running.retain_mut(|future| future.as_mut().poll(cx).is_pending());
                if running.len() < before {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            })
            .await;
        }
    }

    /// What became of the batch. Records that nobody has taken, and those that
    /// are still under way elsewhere, count as failed.
    pub fn finish(mut self) -> Report {
        while !self.pending.is_empty() {
            // They are read for their names only.
            let at = self.pending.len() - 1;
            self.read(at);
            self.pending.truncate(at);
        }
        self.ledger.report()
    }

    /// The first record that may be done now. Those behind a failure in their
    /// lane are dropped, and stay in the report.
    fn pick(&mut self, busy: impl Fn(&Lane) -> bool) -> Option<Item<R>> {
        let mut at = 0;
        while at < self.pending.len() {
            let lane = self.read(at);
            if self.ledger.is_stopped(&lane) {
                drop(self.pending.remove(at));
            } else if busy(&lane) {
                at += 1;
            } else {
                return self.pending.remove(at).map(|pending| self.item(pending));
            }
        }
        None
    }

    fn read(&mut self, at: usize) -> Lane {
        let pending = &mut self.pending[at];
        if let Some((_, lane)) = &pending.read {
            return lane.clone();
        }
        self.scratch.clear();
        let read = (self.read)(&pending.record, &mut self.scratch);
        let lane = Lane::of(&read);
        self.ledger.name(pending.index, &read, &lane);
        pending.read = Some((read, lane.clone()));
        lane
    }

    fn item(&self, pending: Pending<R>) -> Item<R> {
        let (read, lane) = pending.read.unwrap_or((Record::default(), Lane::Free));
        let id = read.found.best().map(|(_, id)| id.clone());
        let own = invocation::current().and_then(|it| it.trace.as_ref().map(|it| it.root));
        let link = read.found.trace.as_ref().filter(|sender| {
            // The trace that the invocation continues is no other one.
            own != Some(sender.root)
        });
        let span = tracing::info_span!(
            target: TARGET,
            "record",
            correlation_id = id.as_ref().map(AsRef::<str>::as_ref),
            record_id = read.item,
            xray.link = link.map(tracing::field::display),
            error = Empty,
        );
        let slot = Slot {
            span,
            correlation_id: id.as_ref().map(ToString::to_string),
            scope: id.and_then(|id| Scope::new(id, read.found.lineage)),
            lane,
            index: pending.index,
            ledger: Arc::clone(&self.ledger),
            settled: false,
        };
        Item::new(pending.record, slot)
    }
}

impl<R: Serialize> Iterator for Batch<R> {
    type Item = Item<R>;

    fn next(&mut self) -> Option<Item<R>> {
        self.pick(|_| false)
    }
}

/// The records of an event of any source: `Records`, Firehose's `records`,
/// Kafka's partitions, a broker's messages, the list that a pipe of EventBridge
/// gives. An event that has none is a batch of one: itself.
impl From<Value> for Batch<Value> {
    fn from(mut event: Value) -> Self {
        if event[0]["eventSource"].is_string()
            && let Value::Array(records) = event
        {
            return Self::new(records);
        }
        let keys = [
            "Records",
            "records",
            "rmqMessagesByQueue",
            "messages",
            "events",
        ];
        let held = keys
            .into_iter()
            .find(|key| event[*key].is_array() || event[*key].is_object())
            .map(|key| event[key].take());
        match held {
            Some(Value::Array(records)) => Self::new(records),
            Some(Value::Object(lists)) => {
                Self::new(lists.into_iter().flat_map(|(_, list)| match list {
                    Value::Array(records) => records,
                    other => vec![other],
                }))
            }
            _ => Self::new([event]),
        }
    }
}

#[cfg(test)]
mod tests;
