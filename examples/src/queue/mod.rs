//! A queue on the local disk that behaves like SQS where CloudVault looks:
//! message attributes, `AWSTraceHeader`, visibility timeout, receive count,
//! and a dead-letter queue after [`MAX_RECEIVE_COUNT`] receives.
//!
//! A message is one file, and every step of its life is one rename, so that
//! any number of processes may send and receive, and a killed one loses
//! nothing:
//!
//! ```text
//! scratch/ID -> NAME/ready/ID~COUNT~FIRST
//!            -> NAME/flight/UNTIL~ID~COUNT~FIRST  -> deleted
//!            -> NAME/ready/...                       (not deleted in time)
//!            -> NAME-dlq/ready/...                   (received too often)
//! ```

pub mod message;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;
use uuid::Uuid;

pub use self::message::{Message, Receipts};
use crate::rim::Clock;

/// A message received this often and not deleted goes to the dead-letter queue.
pub const MAX_RECEIVE_COUNT: u32 = 3;

/// The largest message: text, attributes and their names together.
pub const MAX_MESSAGE_BYTES: usize = 1 << 20;

/// The most attributes on a message.
pub const MAX_ATTRIBUTES: usize = 10;

/// The most messages that one receive gives.
pub const MAX_BATCH: usize = 10;

/// One queue, with its dead-letter queue beside it.
#[derive(Debug, Clone)]
pub struct Queue {
    name: String,
    ready: PathBuf,
    flight: PathBuf,
    dead: PathBuf,
    scratch: PathBuf,
    clock: Clock,
}

/// A message to be sent.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// The text.
    pub body: &'a str,
    /// String attributes, at most [`MAX_ATTRIBUTES`].
    pub attributes: &'a BTreeMap<String, String>,
    /// The system attribute `AWSTraceHeader`.
    pub trace_header: Option<&'a str>,
}

/// A message that is invisible to others until its visibility timeout ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// The message.
    pub message: Message,
    /// How often it was received.
    pub receipts: Receipts,
    /// What [`Queue::delete`] asks for; good until the visibility timeout ends.
    pub receipt: String,
    /// The record a function sees in its SQS event.
    pub record: Value,
}

/// How many messages are where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depth {
    /// Waiting to be received.
    pub ready: usize,
    /// Received and not deleted.
    pub flight: usize,
    /// In the dead-letter queue.
    pub dead: usize,
}

/// The queue could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The name is not 1 to 75 letters, digits, `-` and `_`.
    #[error("accept the queue name {0:?}: expected 1 to 75 letters, digits, `-` or `_`")]
    Name(String),
    /// More than [`MAX_MESSAGE_BYTES`] or [`MAX_ATTRIBUTES`].
    #[error("send the message: above {MAX_MESSAGE_BYTES} bytes or {MAX_ATTRIBUTES} attributes")]
    TooLarge,
    /// The receipt is unknown, or the message became visible again.
    #[error("find a message in flight for that receipt")]
    NotInFlight,
    /// The disk failed.
    #[error("reach the queue's files: {0}")]
    Io(#[from] io::Error),
}

impl Queue {
    /// Opens the queue `name` in `root`, and makes it if it is not there.
    ///
    /// # Errors
    /// A name that is none, or the disk.
    pub fn open(root: &Path, name: &str, clock: Clock) -> Result<Self, QueueError> {
        let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if !(1..=75).contains(&name.len()) || !name.chars().all(good) {
            return Err(QueueError::Name(name.to_owned()));
        }
        let queues = root.join("queues");
        let queue = Self {
            name: name.to_owned(),
            ready: queues.join(name).join("ready"),
            flight: queues.join(name).join("flight"),
            dead: queues.join(format!("{name}-dlq")).join("ready"),
            scratch: root.join("scratch"),
            clock,
        };
        for dir in [&queue.ready, &queue.flight, &queue.dead, &queue.scratch] {
            fs::create_dir_all(dir)?;
        }
        Ok(queue)
    }

    /// The queue's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sends a message and gives its id.
    ///
    /// # Errors
    /// [`QueueError::TooLarge`], or the disk.
    pub fn send(&self, outgoing: Outgoing<'_>) -> Result<String, QueueError> {
        let attributes = outgoing
            .attributes
            .iter()
            .map(|(name, value)| name.len() + value.len());
        let bytes = outgoing.body.len() + attributes.sum::<usize>();
        if bytes > MAX_MESSAGE_BYTES || outgoing.attributes.len() > MAX_ATTRIBUTES {
            return Err(QueueError::TooLarge);
        }
        let message = Message {
            id: Uuid::now_v7().to_string(),
            body: outgoing.body.to_owned(),
            attributes: outgoing.attributes.clone(),
            trace_header: outgoing.trace_header.map(str::to_owned),
            sent_ms: self.clock.now_ms(),
        };
        let scratch = self.scratch.join(&message.id);
        fs::write(
            &scratch,
            serde_json::to_vec(&message).map_err(io::Error::other)?,
        )?;
        let slot = Slot {
            id: message.id.clone(),
            receipts: Receipts::default(),
        };
        fs::rename(&scratch, self.ready.join(slot.to_name()))?;
        Ok(message.id)
    }

    /// Takes up to `max` messages (at most [`MAX_BATCH`]), oldest first, and
    /// hides them from others for `visibility_ms`.
    ///
    /// Messages whose visibility timeout has ended become receivable again
    /// here; those received [`MAX_RECEIVE_COUNT`] times go to the dead-letter
    /// queue instead.
    ///
    /// # Errors
    /// The disk. What another process took in the meantime is left out.
    pub fn receive(&self, max: usize, visibility_ms: i64) -> Result<Vec<Received>, QueueError> {
        let now = self.clock.now_ms();
        self.return_expired(now)?;
        let mut received = Vec::new();
        for name in names(&self.ready)? {
            if received.len() == max.min(MAX_BATCH) {
                break;
            }
            let Some(slot) = Slot::parse(&name) else {
                continue;
            };
            let from = self.ready.join(&name);
            if slot.receipts.count >= MAX_RECEIVE_COUNT {
                moved(fs::rename(&from, self.dead.join(&name)))?;
            } else if let Some(taken) = self.take(slot, &from, now, visibility_ms)? {
                received.push(taken);
            }
        }
        Ok(received)
    }

    fn take(
        &self,
        slot: Slot,
        from: &Path,
        now: i64,
        visibility_ms: i64,
    ) -> Result<Option<Received>, QueueError> {
        let first_ms = if slot.receipts.count == 0 {
            now
        } else {
            slot.receipts.first_ms
        };
        let receipts = Receipts {
            count: slot.receipts.count + 1,
            first_ms,
        };
        let slot = Slot {
            id: slot.id,
            receipts,
        };
        let receipt = format!(
            "{:015}~{}",
            now.saturating_add(visibility_ms).max(0),
            slot.to_name()
        );
        let path = self.flight.join(&receipt);
        if !moved(fs::rename(from, &path))? {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        fs::File::open(&path)?
            .take(8 * MAX_MESSAGE_BYTES as u64)
            .read_to_end(&mut bytes)?;
        let Ok(message) = serde_json::from_slice::<Message>(&bytes) else {
            // Not a message of ours, so no function can ever handle it.
            moved(fs::rename(&path, self.dead.join(slot.to_name())))?;
            return Ok(None);
        };
        let record = message.to_record(&self.name, &receipt, receipts);
        Ok(Some(Received {
            message,
            receipts,
            receipt,
            record,
        }))
    }

    fn return_expired(&self, now: i64) -> Result<(), QueueError> {
        for name in names(&self.flight)? {
            let Some((until, slot)) = name.split_once('~') else {
                continue;
            };
            if until.parse::<i64>().is_ok_and(|until| until <= now) {
                moved(fs::rename(self.flight.join(&name), self.ready.join(slot)))?;
            }
        }
        Ok(())
    }

    /// Deletes a received message: it has been handled.
    ///
    /// # Errors
    /// [`QueueError::NotInFlight`] if the receipt is unknown or too old, or the disk.
    pub fn delete(&self, receipt: &str) -> Result<(), QueueError> {
        let known = receipt.split_once('~').is_some_and(|(until, slot)| {
            until.bytes().all(|byte| byte.is_ascii_digit()) && Slot::parse(slot).is_some()
        });
        if !known {
            return Err(QueueError::NotInFlight);
        }
        match moved(fs::remove_file(self.flight.join(receipt)))? {
            true => Ok(()),
            false => Err(QueueError::NotInFlight),
        }
    }

    /// Counts the messages.
    ///
    /// # Errors
    /// The disk.
    pub fn depth(&self) -> Result<Depth, QueueError> {
        Ok(Depth {
            ready: names(&self.ready)?.len(),
            flight: names(&self.flight)?.len(),
            dead: names(&self.dead)?.len(),
        })
    }
}

/// What a waiting message's file name says.
struct Slot {
    id: String,
    receipts: Receipts,
}

impl Slot {
    fn to_name(&self) -> String {
        format!(
            "{}~{}~{}",
            self.id, self.receipts.count, self.receipts.first_ms
        )
    }

    fn parse(name: &str) -> Option<Self> {
        let mut parts = name.split('~');
        let id = Uuid::parse_str(parts.next()?).ok()?.to_string();
        let count = parts.next()?.parse().ok()?;
        let first_ms = parts.next()?.parse().ok()?;
        let slot = Self {
            id,
            receipts: Receipts { count, first_ms },
        };
        // Only the spelling we write: a receipt comes from outside and becomes a path.
        (slot.to_name() == name).then_some(slot)
    }
}

/// File names in order: UUIDv7 ids and padded deadlines sort by time.
fn names(dir: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(dir)? {
        names.extend(entry?.file_name().into_string().ok());
    }
    names.sort_unstable();
    Ok(names)
}

/// Says whether a file was still there to be moved; another process may have been quicker.
fn moved(result: io::Result<()>) -> io::Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
