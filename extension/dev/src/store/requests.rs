//! The request log: which operations the endpoints were asked for. It shows, for
//! one, that applying twice writes once.

use rusqlite::params;
use serde::Serialize;

use super::schema::{limits, prune};
use super::{Store, StoreError};

/// One request to an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RequestRow {
    /// When it was answered, in milliseconds since 1970.
    pub time_ms: i64,
    /// `cloudwatch`, `sns`, `sts`, `xray` or `lambda`.
    pub service: String,
    /// The operation, such as `PutMetricAlarm`.
    pub operation: String,
    /// `rpc-v2-cbor`, `awsJson`, `query` or `rest-json`.
    pub protocol: String,
    /// The HTTP status of the answer.
    pub status: u16,
    /// Whether the operation changes configuration. Telemetry coming in
    /// (PutMetricData, PutTraceSegments, Publish, Invoke) does not.
    pub write: bool,
}

impl Store {
    /// Notes one request.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn add_request(&self, request: &RequestRow) -> Result<(), StoreError> {
        self.write(|t| {
            t.prepare_cached(
                "INSERT INTO requests (time_ms, service, operation, protocol, status, writes)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                request.time_ms,
                request.service,
                request.operation,
                request.protocol,
                request.status,
                request.write
            ])?;
            prune(t, "requests", "id", limits::REQUESTS)
        })
    }

    /// The newest requests, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn requests(&self, limit: usize) -> Result<Vec<RequestRow>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(
            "SELECT time_ms, service, operation, protocol, status, writes FROM requests
             ORDER BY id DESC LIMIT ?1",
        )?;
        let rows = statement.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
            Ok(RequestRow {
                time_ms: row.get(0)?,
                service: row.get(1)?,
                operation: row.get(2)?,
                protocol: row.get(3)?,
                status: row.get(4)?,
                write: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
