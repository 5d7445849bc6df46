//! Tags of alarms, dashboards and topics, by ARN.

use rusqlite::params;

use super::{Store, StoreError};

impl Store {
    /// The tags of a resource, by key.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn tags(&self, arn: &str) -> Result<Vec<(String, String)>, StoreError> {
        let connection = self.lock();
        let mut statement =
            connection.prepare_cached("SELECT key, value FROM tags WHERE arn = ?1 ORDER BY key")?;
        let rows = statement.query_map([arn], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Sets tags of a resource; a key that is there gets the new value.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn tag(&self, arn: &str, tags: &[(String, String)]) -> Result<(), StoreError> {
        self.write(|t| {
            for (key, value) in tags {
                t.execute(
                    "INSERT OR REPLACE INTO tags VALUES (?1, ?2, ?3)",
                    params![arn, key, value],
                )?;
            }
            Ok(())
        })
    }

    /// Removes tags of a resource.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn untag(&self, arn: &str, keys: &[String]) -> Result<(), StoreError> {
        self.write(|t| {
            for key in keys {
                t.execute(
                    "DELETE FROM tags WHERE arn = ?1 AND key = ?2",
                    params![arn, key],
                )?;
            }
            Ok(())
        })
    }

    /// Removes every tag of a resource that was deleted.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn forget_tags(&self, arn: &str) -> Result<(), StoreError> {
        self.lock()
            .execute("DELETE FROM tags WHERE arn = ?1", [arn])?;
        Ok(())
    }
}
