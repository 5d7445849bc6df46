//! One object as it lies on the disk: a line of JSON, then the bytes.
//!
//! Metadata and bytes share a file, so one rename publishes both and a reader
//! never sees the bytes of one version under the metadata of another.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use base64::Engine;
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::StoreError;

/// The largest object the store takes or gives.
pub const MAX_OBJECT_BYTES: u64 = 32 << 20;

/// The longest line of metadata that is read back.
const MAX_METADATA_BYTES: u64 = 16 << 10;

/// What is known about an object besides its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// The key, as text.
    pub key: String,
    /// Length in bytes.
    pub size: u64,
    /// MD5 of the bytes, 32 hex digits, as S3's ETag of an object put in one part.
    pub etag: String,
    /// Media type the writer gave.
    pub content_type: String,
    /// When it was stored, milliseconds since 1970.
    pub last_modified_ms: i64,
    /// The request that stored it, as `x-amz-request-id`.
    pub request_id: String,
    /// User metadata: what S3 carries as `x-amz-meta-*`.
    pub user: BTreeMap<String, String>,
}

impl Object {
    /// A value of the user metadata.
    #[must_use]
    pub fn user(&self, name: &str) -> Option<&str> {
        self.user.get(name).map(String::as_str)
    }
}

/// MD5 as 32 lower-case hex digits.
#[must_use]
pub fn md5_hex(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// A fresh request id in S3's shape: 16 upper-case hex digits.
pub(super) fn request_id() -> String {
    hex(&Uuid::now_v7().as_bytes()[8..]).to_uppercase()
}

/// A fresh `x-amz-id-2` in S3's shape: 76 characters of base64.
pub(super) fn host_id() -> String {
    let bytes: Vec<u8> = (0..4)
        .flat_map(|_| Uuid::now_v7().into_bytes())
        .take(56)
        .collect();
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Writes metadata line and bytes to a file that has no readers yet.
pub(super) fn write(path: &Path, object: &Object, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    let mut line = serde_json::to_vec(object).map_err(io::Error::other)?;
    if line.len() as u64 >= MAX_METADATA_BYTES {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "metadata longer than 16 KiB",
        ));
    }
    line.push(b'\n');
    file.write_all(&line)?;
    file.write_all(bytes)
}

/// Reads the metadata of a file.
pub(super) fn read_head(path: &Path) -> Result<Object, StoreError> {
    Ok(open(path)?.0)
}

/// Reads metadata and bytes of a file.
pub(super) fn read(path: &Path) -> Result<(Object, Vec<u8>), StoreError> {
    let (object, reader) = open(path)?;
    let mut bytes = Vec::new();
    reader.take(MAX_OBJECT_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != object.size {
        return Err(StoreError::Corrupt(object.key));
    }
    Ok((object, bytes))
}

fn open(path: &Path) -> Result<(Object, BufReader<File>), StoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(StoreError::NotFound),
        Err(error) => return Err(error.into()),
    };
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    reader
        .by_ref()
        .take(MAX_METADATA_BYTES)
        .read_until(b'\n', &mut line)?;
    let object = serde_json::from_slice(&line)
        .map_err(|_| StoreError::Corrupt(path.display().to_string()))?;
    Ok((object, reader))
}
