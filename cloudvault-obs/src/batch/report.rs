//! What became of a batch, as Lambda wants to hear it.

use std::{error, fmt};

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

/// How a batch went: the partial-failure report that a handler of SQS, Kinesis
/// or DynamoDB streams answers with.
///
/// Serializes as `{"batchItemFailures": [{"itemIdentifier": "..."}]}`. The event
/// source mapping has to ask for it with `ReportBatchItemFailures`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "what failed is lost unless the handler answers with the report"]
pub struct Report {
    total: usize,
    failures: Vec<Failure>,
    /// Identifiers that Lambda has to hear of; an empty one means all of them.
    reported: Vec<String>,
}

/// A record that was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// Its place in the batch, from 0.
    pub index: usize,
    /// What Lambda calls it: SQS's message id, a stream's sequence number.
    pub identifier: Option<String>,
    /// Why; `None` for a record that was not tried because one before it failed,
    /// or whose work was given up.
    pub error: Option<String>,
}

impl Report {
    pub(super) fn new(total: usize, failures: Vec<Failure>, stream: bool) -> Self {
        // A stream is read again from the first failure on, whatever else is named.
        let told = if stream { 1 } else { failures.len() };
        let reported = failures
            .iter()
            .take(told)
            .map(|failure| failure.identifier.clone().unwrap_or_default())
            .collect();
        Self {
            total,
            failures,
            reported,
        }
    }

    /// The records in the batch.
    #[must_use]
    pub fn total(&self) -> usize {
        self.total
    }

    /// The records that were not done, in the batch's order.
    #[must_use]
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// Whether every record was done.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.failures.is_empty()
    }

    /// The report, unless the invocation itself has to fail: because every record
    /// did, so that the function's error rate shows it, or because a record that
    /// failed cannot be named to Lambda (SNS, S3, Firehose), which is lost
    /// unless the whole event is tried again.
    ///
    /// # Errors
    ///
    /// [`BatchError`] in these two cases.
    pub fn into_result(self) -> Result<Self, BatchError> {
        let all = self.failures.len() == self.total;
        let unnamed = self.reported.iter().any(String::is_empty);
        if self.is_ok() || !(all || unnamed) {
            return Ok(self);
        }
        let last = self
            .failures
            .into_iter()
            .rev()
            .find_map(|failure| failure.error);
        Err(BatchError {
            failed: self.reported.len(),
            total: self.total,
            last,
        })
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Item<'a> {
            item_identifier: &'a str,
        }
        let items: Vec<Item<'_>> = self
            .reported
            .iter()
            .map(|item_identifier| Item { item_identifier })
            .collect();
        let mut report = serializer.serialize_struct("Report", 1)?;
        report.serialize_field("batchItemFailures", &items)?;
        report.end()
    }
}

/// A batch failed as a whole; see [`Report::into_result`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchError {
    failed: usize,
    total: usize,
    last: Option<String>,
}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} of {} records", self.failed, self.total)?;
        match &self.last {
            Some(last) => write!(f, ", the last because of: {last}"),
            None => Ok(()),
        }
    }
}

impl error::Error for BatchError {}
