//! SQS's event source mapping: takes batches from a queue to a function.
//!
//! As Lambda does it: a batch that succeeds is deleted; of a batch that names
//! `batchItemFailures`, the others are deleted; what failed stays until its
//! visibility timeout ends and is then tried again, and after three receives
//! goes to the dead-letter queue.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::events;
use super::invoke::{Client, InvokeError, Outcome};
use super::mix::POISONED;
use super::tally::Tally;
use crate::queue::{Queue, QueueError, Received};
use crate::share::CORRELATION_ATTRIBUTE;
use crate::store::Key;

/// The most records in one event.
const BATCH: usize = 5;

/// The function that the `thumbnails` queue feeds.
const FUNCTION: &str = "cloudvault-thumbnail";

/// The mapping from `thumbnails` to its function.
#[derive(Debug)]
pub struct Mapping<'a> {
    /// Where messages come from.
    pub queue: &'a Queue,
    /// How the function is invoked.
    pub client: &'a Client<'a>,
    /// Where it is counted.
    pub tally: &'a Tally,
    /// How long a failed message stays invisible.
    pub visibility: Duration,
}

/// A poll could not be done.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// The queue.
    #[error("{0}")]
    Queue(#[from] QueueError),
    /// The function.
    #[error("{0}")]
    Invoke(#[from] InvokeError),
}

/// What became of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Handled,
    FailedAsExpected,
    FailedUnexpectedly,
}

impl Mapping<'_> {
    /// Takes one batch to the function; gives how many messages it had.
    ///
    /// # Errors
    /// [`MappingError`]; the messages become visible again.
    pub fn poll(&self) -> Result<usize, MappingError> {
        let visibility = i64::try_from(self.visibility.as_millis()).unwrap_or(i64::MAX);
        let batch = self.queue.receive(BATCH, visibility)?;
        if batch.is_empty() {
            return Ok(0);
        }
        let outcome = self.client.invoke(FUNCTION, &events::batch(&batch))?;
        let failed = failed_ids(&outcome, &batch);
        for message in &batch {
            self.settle(
                message,
                failed.contains(message.message.id.as_str()),
                &outcome,
            )?;
        }
        Ok(batch.len())
    }

    fn settle(
        &self,
        message: &Received,
        failed: bool,
        outcome: &Outcome,
    ) -> Result<(), QueueError> {
        let key = uploaded_key(&message.message.body);
        let poisoned = key
            .as_ref()
            .is_some_and(|key| key.file_name().starts_with(POISONED));
        let mut tally = self.tally.lock();
        match fate(failed, poisoned) {
            Fate::Handled => {
                let image = key.is_some_and(|key| !key.as_str().ends_with(".pdf"));
                tally.thumbnails += u64::from(image);
                drop(tally);
                return self.queue.delete(&message.receipt);
            }
            Fate::FailedAsExpected => tally.expected_failures += 1,
            Fate::FailedUnexpectedly => {
                tally.surprise(format!("{FUNCTION} failed {key:?}: {outcome:?}"));
            }
        }
        tally.thumbnail_failures += 1;
        Ok(())
    }
}

fn fate(failed: bool, poisoned: bool) -> Fate {
    match (failed, poisoned) {
        (false, _) => Fate::Handled,
        (true, true) => Fate::FailedAsExpected,
        (true, false) => Fate::FailedUnexpectedly,
    }
}

/// The ids of the messages that failed. As with Lambda, an answer that names an
/// unknown message, or that is no answer at all, fails the whole batch.
fn failed_ids<'a>(outcome: &Outcome, batch: &'a [Received]) -> BTreeSet<&'a str> {
    let all = || {
        batch
            .iter()
            .map(|message| message.message.id.as_str())
            .collect()
    };
    let Outcome::Returned(value) = outcome else {
        return all();
    };
    let failures = match value.get("batchItemFailures") {
        None | Some(Value::Null) => return BTreeSet::new(),
        Some(failures) => failures.as_array(),
    };
    let known = |failure: &Value| {
        let id = failure.get("itemIdentifier")?.as_str()?;
        batch
            .iter()
            .map(|message| message.message.id.as_str())
            .find(|known| *known == id)
    };
    let failed = failures.and_then(|failures| failures.iter().map(known).collect());
    failed.unwrap_or_else(all)
}

fn uploaded_key(body: &str) -> Option<Key> {
    let event: Value = serde_json::from_str(body).ok()?;
    Key::parse_event(event.pointer("/Records/0/s3/object/key")?.as_str()?).ok()
}

/// Takes the shares from their queue, as the sender of mails would, and sees
/// that each one can be followed back to the request that made it.
///
/// # Errors
/// The queue's.
pub fn deliver_shares(queue: &Queue, tally: &Tally) -> Result<(), QueueError> {
    for message in queue.receive(10, 30_000)? {
        let attributes = &message.record["attributes"];
        let followed = message
            .message
            .attributes
            .contains_key(CORRELATION_ATTRIBUTE)
            && attributes["AWSTraceHeader"].is_string();
        if followed {
            tally.lock().shares_delivered += 1;
        } else {
            tally.lock().surprise(format!(
                "a share without correlation id or trace header: {}",
                message.record
            ));
        }
        queue.delete(&message.receipt)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;
    use tempfile::TempDir;

    use super::*;
    use crate::queue::Outgoing;
    use crate::rim::Clock;

    #[test]
    fn failures_are_read_as_lambda_reads_them() {
        let dir = TempDir::new().unwrap();
        let queue = Queue::open(dir.path(), "q", Clock::manual(0).0).unwrap();
        for body in ["a", "b"] {
            queue
                .send(Outgoing {
                    body,
                    attributes: &BTreeMap::new(),
                    trace_header: None,
                })
                .unwrap();
        }
        let batch = queue.receive(10, 1_000).unwrap();
        let first = batch[0].message.id.clone();
        let check = |outcome: Outcome, expect: usize| {
            assert_eq!(failed_ids(&outcome, &batch).len(), expect, "{outcome:?}");
        };
        let failures = |value| Outcome::Returned(json!({"batchItemFailures": value}));
        check(Outcome::Failed(json!({})), 2);
        check(Outcome::Returned(Value::Null), 0);
        check(Outcome::Returned(json!({})), 0);
        check(failures(Value::Null), 0);
        check(failures(json!([])), 0);
        check(failures(json!([{"itemIdentifier": first}])), 1);
        check(failures(json!([{"itemIdentifier": "unknown"}])), 2);
        check(failures(json!([{"itemIdentifier": ""}])), 2);
        check(failures(json!([{}])), 2);
        check(failures(json!("x")), 2);
    }
}
