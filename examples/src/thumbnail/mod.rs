//! Makes a thumbnail of each uploaded image; called with batches from the
//! `thumbnails` queue, where each record's body is an S3 event notification.
//!
//! The batch gives each message its own span, with the id that its S3 event
//! carries, `x-amz-request-id`. The uploader's own id stands in the object's user
//! metadata, where no library can look for it: `process_record` puts it in its
//! place. So a batch of ten uploads logs under ten ids.
//!
//! What is no image by its media type, and what was deleted meanwhile, is
//! skipped. A record that fails is reported in `batchItemFailures` and comes back to the
//! queue. When every record failed the function itself fails, so that an
//! alarm on the function's errors has something to see.
//!
//! Log and metric: `thumbnail created` <-> `ThumbnailsCreated` +1,
//! `ThumbnailMilliseconds`; `thumbnail failed` <-> `ThumbnailsFailed` +1.

pub mod scale;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use aws_lambda_events::s3::{S3Event, S3EventRecord};
use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use obs::{
    Error, LambdaEvent,
    batch::{self, Batch},
};
use serde::Deserialize;
use serde_json::Value;
use tracing::Instrument;

use self::scale::ScaleError;
use crate::meter;
use crate::store::{Key, KeyError, Object, Put, StoreError};
use crate::vault::{CORRELATION_ID, EXPIRES_AT, TRACE_HEADER, Vault, thumbnail_key};

/// Why one record has no thumbnail.
#[derive(Debug, thiserror::Error)]
pub enum ThumbnailError {
    /// The body is no S3 event.
    #[error("read the S3 event in the record: {0}")]
    Event(#[from] serde_json::Error),
    /// The event names no usable key.
    #[error("{0}")]
    Key(#[from] KeyError),
    /// The object cannot be read or the thumbnail not stored.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The image is poisoned.
    #[error("{0}")]
    Scale(#[from] ScaleError),
}

impl From<std::io::Error> for ThumbnailError {
    fn from(error: std::io::Error) -> Self {
        Self::Store(error.into())
    }
}

/// A body of the `thumbnails` queue. S3 sends a test event when the notification is set up.
#[derive(Deserialize)]
#[serde(untagged)]
enum Announcement {
    Test {
        #[serde(rename = "Event")]
        event: TestEvent,
    },
    Created(S3Event),
}

#[derive(Deserialize)]
enum TestEvent {
    #[serde(rename = "s3:TestEvent")]
    Test,
}

/// Handles one batch.
///
/// # Errors
/// For what is no SQS event, and a batch of which nothing could be done.
pub async fn handle(vault: Arc<Vault>, event: LambdaEvent<Value>) -> Result<Value, Error> {
    meter::describe();
    let batch: SqsEvent = serde_json::from_value(event.payload)?;
    let report = Batch::from(batch)
        .each_async(|message| process_message(&vault, message))
        .await;
    Ok(serde_json::to_value(report.into_result()?)?)
}

/// One message; S3 puts one record into it, and the format allows more.
async fn process_message(vault: &Arc<Vault>, message: SqsMessage) -> Result<(), ThumbnailError> {
    let message_id = message.message_id.unwrap_or_default();
    let event = match read_announcement(message.body.as_deref().unwrap_or_default()) {
        Ok(Announcement::Created(event)) => event,
        Ok(Announcement::Test {
            event: TestEvent::Test,
        }) => {
            tracing::info!(message_id, "test event skipped");
            return Ok(());
        }
        Err(error) => return Err(failed(error, &message_id)),
    };
    for record in event.records {
        process_record(vault, record, &message_id).await?;
    }
    Ok(())
}

fn read_announcement(body: &str) -> Result<Announcement, ThumbnailError> {
    // A tagged look first: an untagged enum would say only that nothing matched.
    let value: Value = serde_json::from_str(body)?;
    if value.get("Event").is_some() {
        return Ok(serde_json::from_value(value)?);
    }
    Ok(Announcement::Created(serde_json::from_value(value)?))
}

async fn process_record(
    vault: &Arc<Vault>,
    record: S3EventRecord,
    message_id: &str,
) -> Result<(), ThumbnailError> {
    let head = head_object(vault, &record).await;
    let uploader = head
        .as_ref()
        .ok()
        .and_then(|(_, object)| object.user(CORRELATION_ID));
    let span = match uploader {
        Some(id) => {
            tracing::info_span!(target: batch::TARGET, "process_record", correlation_id = %id, message_id)
        }
        None => tracing::info_span!("process_record", message_id),
    };
    let work = async {
        let done = match head {
            Ok((key, object)) if object.content_type.starts_with("image/") => {
                make_thumbnail(vault, &key, &object).await
            }
            Ok((key, object)) => {
                tracing::info!(%key, content_type = object.content_type, "no image, skipped");
                Ok(())
            }
            // Deleted between the notification and now; trying again would not bring it back.
            Err(ThumbnailError::Store(StoreError::NotFound)) => {
                tracing::info!("object gone, skipped");
                Ok(())
            }
            Err(error) => Err(error),
        };
        done.map_err(|error| failed(error, message_id))
    };
    work.instrument(span).await
}

/// Says and counts that a record failed, in whatever span it failed.
fn failed(error: ThumbnailError, message_id: &str) -> ThumbnailError {
    tracing::error!(message_id, error = %format_args!("failed to {error}"), "thumbnail failed");
    metrics::counter!("ThumbnailsFailed").increment(1);
    error
}

#[tracing::instrument(skip_all, fields(bucket = %vault.files.bucket()))]
async fn head_object(
    vault: &Arc<Vault>,
    record: &S3EventRecord,
) -> Result<(Key, Object), ThumbnailError> {
    let key = Key::parse_event(record.s3.object.key.as_deref().unwrap_or_default())?;
    vault
        .blocking(move |vault| Ok((key.clone(), vault.files.head(&key)?)))
        .await
}

async fn make_thumbnail(
    vault: &Arc<Vault>,
    key: &Key,
    object: &Object,
) -> Result<(), ThumbnailError> {
    let target = thumbnail_key(key)?;
    let bytes = get_object(vault, key.clone()).await?;
    let start = Instant::now();
    let png = scale_image(vault, bytes).await?;
    let milliseconds = start.elapsed().as_secs_f64() * 1_000.0;
    let size = png.len();
    put_thumbnail(vault, target.clone(), png, object).await?;
    tracing::info!(%key, thumbnail = %target, bytes = size, milliseconds, "thumbnail created");
    metrics::counter!("ThumbnailsCreated").increment(1);
    metrics::histogram!("ThumbnailMilliseconds").record(milliseconds);
    Ok(())
}

#[tracing::instrument(skip_all, fields(key = %key))]
async fn get_object(vault: &Arc<Vault>, key: Key) -> Result<Vec<u8>, StoreError> {
    Ok(vault.blocking(move |vault| vault.files.get(&key)).await?.1)
}

#[tracing::instrument(skip_all, fields(bytes = bytes.len()))]
async fn scale_image(vault: &Arc<Vault>, bytes: Vec<u8>) -> Result<Vec<u8>, ThumbnailError> {
    vault.blocking(move |_| Ok(scale::thumbnail(&bytes)?)).await
}

/// The thumbnail expires with its file, and leads back to the same upload.
#[tracing::instrument(skip_all, fields(key = %key))]
async fn put_thumbnail(
    vault: &Arc<Vault>,
    key: Key,
    png: Vec<u8>,
    original: &Object,
) -> Result<Object, StoreError> {
    let kept = [CORRELATION_ID, TRACE_HEADER, EXPIRES_AT];
    let user: BTreeMap<_, _> = kept
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), original.user(name)?.to_owned())))
        .collect();
    let work = move |vault: &Vault| {
        vault.files.put(Put {
            key: &key,
            bytes: &png,
            content_type: "image/png",
            user: &user,
            trace_header: user.get(TRACE_HEADER).map(String::as_str),
        })
    };
    vault.blocking(work).await
}
