//! Why the store could not do what it was asked.

/// A failure of the store; reads after "failed to".
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct StoreError(Kind);

#[derive(Debug, thiserror::Error)]
enum Kind {
    #[error("use the account's database: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("use the account's folder: {0}")]
    Folder(#[from] std::io::Error),
    #[error("read a row of the account's database: {0}")]
    Json(#[from] serde_json::Error),
    #[error(
        "open the account's database: version {found} was written by a newer obs; remove the folder or update obs"
    )]
    Newer { found: i64 },
    #[error("store a segment document: {0}")]
    Document(String),
}

impl StoreError {
    /// The database was written by a newer version.
    pub(super) fn newer(found: i64) -> Self {
        Self(Kind::Newer { found })
    }

    /// A segment document lacks what every document must have.
    pub(super) fn document(reason: impl Into<String>) -> Self {
        Self(Kind::Document(reason.into()))
    }

    /// Whether the caller's document was at fault, not the store.
    pub fn is_document(&self) -> bool {
        matches!(self.0, Kind::Document(_))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self(error.into())
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        Self(error.into())
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self(error.into())
    }
}
