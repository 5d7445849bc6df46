//! An object store on the local disk that behaves like S3 where CloudVault
//! looks: keys, ETags, user metadata, request ids, listing in key order,
//! presigned URLs, and an event notification after each put.
//!
//! Writes are atomic: an object is written beside the bucket and renamed into
//! it, so a reader sees the old object or the new one, also when the writer
//! is killed. It does not call `fsync`: it survives a crash of the process,
//! not of the machine. Many processes may use one directory.

pub mod key;
pub mod object;
pub mod presign;
pub mod notification;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use uuid::Uuid;

pub use self::key::{Key, KeyError};
pub use self::notification::Notification;
pub use self::object::{MAX_OBJECT_BYTES, Object};
use self::presign::SigningKey;
pub use self::presign::{Grant, Method};
use crate::queue::{Outgoing, QueueError};
use crate::rim::Clock;

/// S3's limit for all names and values of the user metadata together.
pub const MAX_USER_METADATA_BYTES: usize = 2 << 10;

/// One bucket in one directory.
#[derive(Clone)]
pub struct Store {
    objects: PathBuf,
    scratch: PathBuf,
    bucket: String,
    signing: SigningKey,
    notifications: Vec<Notification>,
    clock: Clock,
}

/// An object to be stored.
#[derive(Debug, Clone, Copy)]
pub struct Put<'a> {
    /// Under which key; an object that is there already is replaced.
    pub key: &'a Key,
    /// The bytes, at most [`MAX_OBJECT_BYTES`].
    pub bytes: &'a [u8],
    /// Media type.
    pub content_type: &'a str,
    /// User metadata, at most [`MAX_USER_METADATA_BYTES`] in all.
    pub user: &'a BTreeMap<String, String>,
    /// The writer's trace header, which S3 hands on with the event notification.
    pub trace_header: Option<&'a str>,
}

/// Which objects to list.
#[derive(Debug, Clone, Copy)]
pub struct List<'a> {
    /// Only keys that begin with this.
    pub prefix: &'a str,
    /// Only keys after this one.
    pub after: Option<&'a str>,
    /// At most this many.
    pub limit: usize,
}

/// One page of a listing, in key order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The objects.
    pub objects: Vec<Object>,
    /// The last key of this page, if more follow.
    pub next: Option<String>,
}

/// The store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No object under that key.
    #[error("find the object")]
    NotFound,
    /// More than [`MAX_OBJECT_BYTES`].
    #[error("store {0} bytes: the limit is {MAX_OBJECT_BYTES}")]
    TooLarge(u64),
    /// User metadata above the limit, or not printable ASCII.
    #[error(
        "store the user metadata: longer than {MAX_USER_METADATA_BYTES} bytes or not printable ASCII"
    )]
    Metadata,
    /// The file on the disk is not one this store wrote.
    #[error("read {0}: the file is damaged")]
    Corrupt(String),
    /// The URL is not one this store signed, or grants something else.
    #[error("accept the presigned URL: the signature does not match")]
    Forbidden,
    /// The URL was good, but is too old.
    #[error("accept the presigned URL: it has expired")]
    Expired,
    /// The object is stored, but its notification could not be sent.
    #[error("announce the stored object: {0}")]
    Notify(#[from] QueueError),
    /// The disk failed.
    #[error("reach the store's files: {0}")]
    Io(#[from] io::Error),
}

impl Store {
    /// Opens the bucket in `root`, and makes it if it is not there.
    ///
    /// # Errors
    /// When the directories or the signing key cannot be made or read.
    pub fn open(
        root: &Path,
        bucket: &str,
        notifications: Vec<Notification>,
        clock: Clock,
    ) -> Result<Self, StoreError> {
        let objects = root.join("buckets").join(bucket);
        let scratch = root.join("scratch");
        fs::create_dir_all(&objects)?;
        fs::create_dir_all(&scratch)?;
        let signing = signing_key(root, &scratch)?;
        Ok(Self {
            objects,
            scratch,
            bucket: bucket.to_owned(),
            signing,
            notifications,
            clock,
        })
    }

    /// The bucket's name.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Stores an object, then announces it to the queues that ask for its prefix.
    ///
    /// # Errors
    /// Too large, too much metadata, or the disk; after [`StoreError::Notify`] the object is stored.
    pub fn put(&self, put: Put<'_>) -> Result<Object, StoreError> {
        let size = put.bytes.len() as u64;
        if size > MAX_OBJECT_BYTES {
            return Err(StoreError::TooLarge(size));
        }
        check_metadata(put.user)?;
        let object = Object {
            key: put.key.to_string(),
            size,
            etag: object::md5_hex(put.bytes),
            content_type: put.content_type.to_owned(),
            last_modified_ms: self.clock.now_ms(),
            request_id: object::request_id(),
            user: put.user.clone(),
        };
        let scratch = self.scratch.join(Uuid::now_v7().to_string());
        let written = object::write(&scratch, &object, put.bytes)
            .and_then(|()| fs::rename(&scratch, self.path(put.key)));
        if let Err(error) = written {
            // Best effort: the write itself has failed already, and that is what is reported.
            let _ = fs::remove_file(&scratch);
            return Err(error.into());
        }
        self.announce(&put, &object)?;
        Ok(object)
    }

    fn announce(&self, put: &Put<'_>, object: &Object) -> Result<(), StoreError> {
        let wanted = self
            .notifications
            .iter()
            .filter(|rule| put.key.as_str().starts_with(&rule.prefix));
        for rule in wanted {
            let body = notification::object_created(&self.bucket, &rule.id, put.key, object);
            rule.queue.send(Outgoing {
                body: &body.to_string(),
                attributes: &BTreeMap::new(),
                trace_header: put.trace_header,
            })?;
        }
        Ok(())
    }

    /// The metadata of an object.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or the disk.
    pub fn head(&self, key: &Key) -> Result<Object, StoreError> {
        object::read_head(&self.path(key))
    }

    /// The metadata and the bytes of an object.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or the disk.
    pub fn get(&self, key: &Key) -> Result<(Object, Vec<u8>), StoreError> {
        object::read(&self.path(key))
    }

    /// Deletes an object. As with S3, deleting what is not there is no error; says whether it was.
    ///
    /// # Errors
    /// The disk.
    pub fn delete(&self, key: &Key) -> Result<bool, StoreError> {
        match fs::remove_file(self.path(key)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// One page of objects in key order.
    ///
    /// # Errors
    /// The disk. An object that is deleted while the page is read is left out.
    pub fn list(&self, list: List<'_>) -> Result<Page, StoreError> {
        let mut keys = Vec::new();
        for entry in fs::read_dir(&self.objects)? {
            let name = entry?.file_name();
            let Some(key) = name.to_str().and_then(Key::from_file_name) else {
                continue;
            };
            if key.as_str().starts_with(list.prefix)
                && list.after.is_none_or(|after| key.as_str() > after)
            {
                keys.push(key);
            }
        }
        keys.sort_unstable();
        let next =
            (keys.len() > list.limit && list.limit > 0).then(|| keys[list.limit - 1].to_string());
        keys.truncate(list.limit);
        let mut objects = Vec::with_capacity(keys.len());
        for key in &keys {
            match self.head(key) {
                Ok(object) => objects.push(object),
                Err(StoreError::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Page { objects, next })
    }

    /// A URL that lets its holder do what `grant` says.
    #[must_use]
    pub fn presign(&self, grant: &Grant) -> String {
        self.signing.sign(grant)
    }

    /// Stores what the holder of a presigned URL sends; what S3 does behind the URL.
    ///
    /// # Errors
    /// [`StoreError::Forbidden`], [`StoreError::Expired`], or as [`Store::put`].
    pub fn put_presigned(&self, url: &str, bytes: &[u8]) -> Result<Object, StoreError> {
        let grant = self.redeem(url, Method::Put)?;
        self.put(Put {
            key: &grant.key,
            bytes,
            content_type: &grant.content_type,
            user: &grant.user,
            trace_header: grant.user.get("trace-header").map(String::as_str),
        })
    }

    /// Gives the holder of a presigned URL the object; what S3 does behind the URL.
    ///
    /// # Errors
    /// [`StoreError::Forbidden`], [`StoreError::Expired`], or as [`Store::get`].
    pub fn get_presigned(&self, url: &str) -> Result<(Object, Vec<u8>), StoreError> {
        self.get(&self.redeem(url, Method::Get)?.key)
    }

    fn redeem(&self, url: &str, method: Method) -> Result<Grant, StoreError> {
        let grant = self.signing.verify(url, self.clock.now_ms())?;
        if grant.method == method {
            Ok(grant)
        } else {
            Err(StoreError::Forbidden)
        }
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.objects.join(key.to_file_name())
    }
}

fn check_metadata(user: &BTreeMap<String, String>) -> Result<(), StoreError> {
    let bytes: usize = user
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    let printable = |text: &str| text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    let clean = user
        .iter()
        .all(|(name, value)| printable(name) && printable(value));
    if bytes <= MAX_USER_METADATA_BYTES && clean {
        Ok(())
    } else {
        Err(StoreError::Metadata)
    }
}

/// Reads the store's secret; the first process to come makes it.
fn signing_key(root: &Path, scratch: &Path) -> Result<SigningKey, StoreError> {
    let path = root.join("signing-key");
    if !path.exists() {
        let seed: Vec<u8> = (0..4).flat_map(|_| Uuid::now_v7().into_bytes()).collect();
        let draft = scratch.join(Uuid::now_v7().to_string());
        fs::write(&draft, Sha256::digest(seed))?;
        // A hard link is made once: of two processes that race, both then read the winner's key.
        let linked = fs::hard_link(&draft, &path);
        fs::remove_file(&draft)?;
        match linked {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error.into()),
            _ => {}
        }
    }
    let mut secret = [0; 32];
    fs::File::open(&path)?.read_exact(&mut secret)?;
    Ok(SigningKey(secret))
}

#[cfg(test)]
mod tests;
