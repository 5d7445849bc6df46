//! CloudVault's resources: one bucket, two queues, a clock.
//!
//! Keys tell whose a file is, so a listing by prefix is a listing by owner:
//! `uploads/OWNER/ID/NAME` and `thumbnails/OWNER/ID.png`.

use std::sync::Arc;

use crate::queue::{Queue, QueueError};
use crate::rim::{Clock, Environment};
use crate::store::{Key, KeyError, List, Notification, Object, Store, StoreError};

/// The bucket's name.
pub const BUCKET: &str = "cloudvault-files";

/// Where uploads lie; each one is announced to the `thumbnails` queue.
pub const UPLOADS: &str = "uploads/";

/// Where thumbnails lie.
pub const THUMBNAILS: &str = "thumbnails/";

/// User metadata: the uploader's correlation id.
pub const CORRELATION_ID: &str = "correlation-id";

/// User metadata: the uploader's trace header.
pub const TRACE_HEADER: &str = "trace-header";

/// User metadata: when the object may be deleted, milliseconds since 1970.
pub const EXPIRES_AT: &str = "expires-at";

/// User metadata: what the uploader wrote about the file.
pub const DESCRIPTION: &str = "description";

/// Everything the functions reach.
#[derive(Clone)]
pub struct Vault {
    /// The bucket.
    pub files: Store,
    /// Shares, for whoever tells the people they are meant for.
    pub shares: Queue,
    /// Announcements of uploads, for `thumbnail`.
    pub thumbnails: Queue,
    /// The time.
    pub clock: Clock,
    /// Milliseconds an object without an expiry of its own is kept.
    pub retention_ms: i64,
}

/// The resources could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The bucket.
    #[error("open the bucket: failed to {0}")]
    Store(#[from] StoreError),
    /// A queue.
    #[error("open the queues: failed to {0}")]
    Queue(#[from] QueueError),
}

impl Vault {
    /// Opens bucket and queues, and makes those that are not there.
    ///
    /// # Errors
    /// [`VaultError`] when the directory cannot be used.
    pub fn open(environment: &Environment, clock: Clock) -> Result<Arc<Self>, VaultError> {
        let root = &environment.store;
        let thumbnails = Queue::open(root, "thumbnails", clock.clone())?;
        let rule = Notification {
            id: "thumbnails".to_owned(),
            prefix: UPLOADS.to_owned(),
            queue: thumbnails.clone(),
        };
        Ok(Arc::new(Self {
            files: Store::open(root, BUCKET, vec![rule], clock.clone())?,
            shares: Queue::open(root, "shares", clock.clone())?,
            thumbnails,
            clock,
            retention_ms: i64::from(environment.retention_days) * 86_400_000,
        }))
    }

    /// Runs blocking work on a thread where it holds nobody up.
    ///
    /// # Errors
    /// Those of `work`, or [`StoreError::Io`] if it panicked.
    pub async fn blocking<T, E>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<std::io::Error> + Send + 'static,
    {
        let vault = Arc::clone(self);
        match tokio::task::spawn_blocking(move || work(&vault)).await {
            Ok(result) => result,
            Err(panic) => Err(std::io::Error::other(panic).into()),
        }
    }

    /// The file of that owner with that id.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], also for an id that is none and a file of somebody else.
    pub fn find(&self, owner: &Owner, id: &str) -> Result<(Key, Object), StoreError> {
        let id = uuid::Uuid::parse_str(id).map_err(|_| StoreError::NotFound)?;
        let prefix = format!("{}{id}/", owner.prefix());
        let page = self.files.list(List {
            prefix: &prefix,
            after: None,
            limit: 1,
        })?;
        let object = page
            .objects
            .into_iter()
            .next()
            .ok_or(StoreError::NotFound)?;
        let key = Key::parse(&object.key).map_err(|_| StoreError::Corrupt(object.key.clone()))?;
        Ok((key, object))
    }
}

/// Whose files: the `sub` claim of a verified token, one part of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner(String);

impl Owner {
    /// Accepts a subject of 1 to 64 letters, digits, `-`, `_`, `.`, `@` or `|`.
    #[must_use]
    pub fn parse(subject: &str) -> Option<Self> {
        let good = |c: char| c.is_ascii_alphanumeric() || "-_.@|".contains(c);
        let fits = (1..=64).contains(&subject.len()) && subject.chars().all(good);
        (fits && !matches!(subject, "." | "..")).then(|| Self(subject.to_owned()))
    }

    /// Where this owner's uploads lie.
    #[must_use]
    pub fn prefix(&self) -> String {
        format!("{UPLOADS}{}/", self.0)
    }
}

/// Owner, id and name in the key of an upload.
#[must_use]
pub fn upload_parts(key: &str) -> Option<(&str, &str, &str)> {
    let mut parts = key.strip_prefix(UPLOADS)?.splitn(3, '/');
    Some((parts.next()?, parts.next()?, parts.next()?))
}

/// The key of the thumbnail of an upload.
///
/// # Errors
/// [`KeyError::Part`] if the key is not that of an upload.
pub fn thumbnail_key(upload: &Key) -> Result<Key, KeyError> {
    let (owner, id, _) = upload_parts(upload.as_str()).ok_or(KeyError::Part)?;
    Key::parse(&format!("{THUMBNAILS}{owner}/{id}.png"))
}
