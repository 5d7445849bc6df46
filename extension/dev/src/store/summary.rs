//! What happened in the life of the account, in numbers.

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Serialize, Serializer};

use super::{Store, StoreError};

/// The account in numbers, from its beginning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Invocations of all functions.
    pub invocations: u64,
    /// Of these, failed ones.
    pub errors: u64,
    /// Log lines.
    pub log_lines: i64,
    /// Segments and subsegments that are kept.
    pub segments: i64,
    /// Values taken with PutMetricData, each as often as it counts.
    #[serde(serialize_with = "shortest")]
    pub points_received: f64,
    /// Values taken out of embedded-metric log lines.
    #[serde(serialize_with = "shortest")]
    pub points_emf: f64,
    /// Metric data that was refused, in data.
    pub metrics_rejected: u64,
    /// Changes of an alarm's state to `ALARM`.
    pub alarms_fired: u64,
    /// Notifications that an endpoint took.
    pub notifications_delivered: i64,
    /// Notifications that no attempt delivered.
    pub notifications_failed: i64,
}

impl Store {
    /// Adds to one of the account's counters, named as the fields of
    /// [`Summary`] are, such as `points_emf`.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn count(&self, counter: &str, by: f64) -> Result<(), StoreError> {
        count(&self.lock(), counter, by)
    }

    /// The account in numbers.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn summary(&self) -> Result<Summary, StoreError> {
        let log_lines = self.count_log_lines()?;
        let segments = self.count_segments()?;
        let connection = self.lock();
        let counter = |name: &str| -> Result<f64, StoreError> {
            let sql = "SELECT value FROM counters WHERE name = ?1";
            let found = connection
                .query_row(sql, [name], |row| row.get(0))
                .optional()?;
            Ok(found.unwrap_or(0.0))
        };
        let whole = |name: &str| counter(name).map(|value| value as u64);
        let notifications = |status: &str| -> Result<i64, StoreError> {
            let sql = "SELECT count(*) FROM notifications WHERE status = ?1";
            Ok(connection.query_row(sql, [status], |row| row.get(0))?)
        };
        Ok(Summary {
            invocations: whole("invocations")?,
            errors: whole("errors")?,
            log_lines,
            segments,
            points_received: counter("points_received")?,
            points_emf: counter("points_emf")?,
            metrics_rejected: whole("metrics_rejected")?,
            alarms_fired: whole("alarms_fired")?,
            notifications_delivered: notifications("delivered")?,
            notifications_failed: notifications("failed")?,
        })
    }
}

/// A count of points may be fractional, since callers may send such `Counts`;
/// nearly always it is whole, and then reads better without `.0`.
fn shortest<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.fract() == 0.0 && value.abs() < 2f64.powi(53) {
        serializer.serialize_i64(*value as i64)
    } else {
        serializer.serialize_f64(*value)
    }
}

/// Adds to a counter.
pub(super) fn count(connection: &Connection, counter: &str, by: f64) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO counters VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = value + ?2",
        )?
        .execute(params![counter, by])?;
    Ok(())
}
