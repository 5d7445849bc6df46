//! Dashboards: a name and a body that is given back as it was put.

use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;

use super::{Store, StoreError};

/// A dashboard that was put.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DashboardRow {
    /// 1 to 255 of `A-Za-z0-9_-`.
    pub name: String,
    /// The body, byte for byte.
    pub body: String,
    /// When it was put last, in milliseconds since 1970.
    pub modified_ms: i64,
}

impl Store {
    /// Creates or replaces a dashboard. Gives whether it is new.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn put_dashboard(&self, dashboard: &DashboardRow) -> Result<bool, StoreError> {
        self.write(|t| {
            let known: bool = t.query_row(
                "SELECT EXISTS (SELECT 1 FROM dashboards WHERE name = ?1)",
                [&dashboard.name],
                |row| row.get(0),
            )?;
            t.execute(
                "INSERT OR REPLACE INTO dashboards (name, body, modified_ms) VALUES (?1, ?2, ?3)",
                params![dashboard.name, dashboard.body, dashboard.modified_ms],
            )?;
            Ok(!known)
        })
    }

    /// One dashboard.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn dashboard(&self, name: &str) -> Result<Option<DashboardRow>, StoreError> {
        let sql = "SELECT name, body, modified_ms FROM dashboards WHERE name = ?1";
        Ok(self.lock().query_row(sql, [name], row).optional()?)
    }

    /// Every dashboard whose name begins with the prefix, by name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn dashboards(&self, prefix: &str) -> Result<Vec<DashboardRow>, StoreError> {
        let connection = self.lock();
        let mut statement = connection
            .prepare_cached("SELECT name, body, modified_ms FROM dashboards ORDER BY name")?;
        let rows = statement.query_map([], row)?;
        let mut found = rows.collect::<Result<Vec<_>, _>>()?;
        found.retain(|dashboard| dashboard.name.starts_with(prefix));
        Ok(found)
    }

    /// Removes dashboards.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn delete_dashboards(&self, names: &[String]) -> Result<(), StoreError> {
        self.write(|t| {
            for name in names {
                t.execute("DELETE FROM dashboards WHERE name = ?1", [name])?;
            }
            Ok(())
        })
    }
}

fn row(row: &Row<'_>) -> rusqlite::Result<DashboardRow> {
    Ok(DashboardRow {
        name: row.get(0)?,
        body: row.get(1)?,
        modified_ms: row.get(2)?,
    })
}
