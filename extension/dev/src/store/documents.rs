//! What is kept whole and looked at as a whole: log groups, metric filters, event
//! rules, mute rules, sampling rules. One table; each kind has its own keys.

use rusqlite::{OptionalExtension, Row, params};
use serde_json::Value;

use super::{Store, StoreError};

/// Something that is kept whole.
#[derive(Debug, Clone, PartialEq)]
pub struct DocumentRow {
    /// Unique among its kind.
    pub key: String,
    /// As it was put.
    pub document: Value,
    /// When it was put first, in milliseconds since 1970.
    pub created_ms: i64,
    /// When it was put last.
    pub modified_ms: i64,
}

impl Store {
    /// Creates or replaces a document. Gives whether it is new.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn put_document(
        &self,
        kind: &'static str,
        key: &str,
        document: &Value,
        now_ms: i64,
    ) -> Result<bool, StoreError> {
        self.write(|t| {
            let known = t.query_row(
                "SELECT EXISTS (SELECT 1 FROM documents WHERE kind = ?1 AND key = ?2)",
                params![kind, key],
                |row| row.get::<_, bool>(0),
            )?;
            t.execute(
                "INSERT INTO documents VALUES (?1, ?2, ?3, ?4, ?4)
                 ON CONFLICT (kind, key) DO UPDATE SET document = ?3, modified_ms = ?4",
                params![kind, key, document.to_string(), now_ms],
            )?;
            Ok(!known)
        })
    }

    /// One document.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn document(
        &self,
        kind: &'static str,
        key: &str,
    ) -> Result<Option<DocumentRow>, StoreError> {
        let sql = "SELECT key, document, created_ms, modified_ms FROM documents
                   WHERE kind = ?1 AND key = ?2";
        let connection = self.lock();
        let mut statement = connection.prepare_cached(sql)?;
        Ok(statement.query_row(params![kind, key], row).optional()?)
    }

    /// All documents of a kind, by key.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn documents(&self, kind: &'static str) -> Result<Vec<DocumentRow>, StoreError> {
        let sql = "SELECT key, document, created_ms, modified_ms FROM documents
                   WHERE kind = ?1 ORDER BY key";
        let connection = self.lock();
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query_map([kind], row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Removes a document. Gives whether it was there.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn delete_document(&self, kind: &'static str, key: &str) -> Result<bool, StoreError> {
        let sql = "DELETE FROM documents WHERE kind = ?1 AND key = ?2";
        Ok(self.lock().execute(sql, params![kind, key])? > 0)
    }
}

fn row(row: &Row<'_>) -> rusqlite::Result<DocumentRow> {
    let document: String = row.get(1)?;
    Ok(DocumentRow {
        key: row.get(0)?,
        document: serde_json::from_str(&document).unwrap_or(Value::Null),
        created_ms: row.get(2)?,
        modified_ms: row.get(3)?,
    })
}
