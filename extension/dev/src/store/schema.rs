//! The tables, their migrations and their bounds.
//!
//! `PRAGMA user_version` counts the migrations that were run; a new version of
//! the tables is one more entry in [`MIGRATIONS`], never a change to an old one.

use rusqlite::{Connection, Transaction};

use super::error::StoreError;

/// How many rows each table keeps; past that the oldest are removed.
pub mod limits {
    /// Log lines.
    pub const LOGS: i64 = 200_000;
    /// Traces; their segments go with them.
    pub const TRACES: i64 = 20_000;
    /// Segments and subsegments of all traces together.
    pub const SEGMENTS: i64 = 400_000;
    /// Rows of metric data, one a series and minute.
    pub const METRIC_MINUTES: i64 = 1_000_000;
    /// Distinct values in one row of metric data; past that, values that differ
    /// by less than one percent are counted as one.
    pub const VALUES_A_MINUTE: usize = 20_000;
    /// History items of all alarms together.
    pub const HISTORY: i64 = 50_000;
    /// Notifications and their deliveries.
    pub const NOTIFICATIONS: i64 = 20_000;
    /// Requests to the endpoints.
    pub const REQUESTS: i64 = 100_000;
}

pub(super) const MIGRATIONS: [&str; 3] = [
    r"
CREATE TABLE logs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, time_ms INTEGER NOT NULL, function TEXT NOT NULL,
    request_id TEXT, level TEXT, message TEXT NOT NULL, correlation_id TEXT, xray_trace_id TEXT,
    line TEXT NOT NULL);
CREATE INDEX logs_correlation ON logs (correlation_id) WHERE correlation_id IS NOT NULL;
CREATE INDEX logs_trace ON logs (xray_trace_id) WHERE xray_trace_id IS NOT NULL;
CREATE INDEX logs_request ON logs (request_id) WHERE request_id IS NOT NULL;
CREATE VIRTUAL TABLE logs_text USING fts5 (line, content='logs', content_rowid='id');
CREATE TRIGGER logs_added AFTER INSERT ON logs BEGIN
    INSERT INTO logs_text (rowid, line) VALUES (new.id, new.line); END;
CREATE TRIGGER logs_removed AFTER DELETE ON logs BEGIN
    INSERT INTO logs_text (logs_text, rowid, line) VALUES ('delete', old.id, old.line); END;

CREATE TABLE traces (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, trace_id TEXT NOT NULL UNIQUE,
    start REAL NOT NULL, finish REAL, name TEXT NOT NULL, segments INTEGER NOT NULL,
    error INTEGER NOT NULL, fault INTEGER NOT NULL, throttle INTEGER NOT NULL);
CREATE INDEX traces_start ON traces (start);
CREATE TABLE segments (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, trace_id TEXT NOT NULL, id TEXT NOT NULL,
    parent_id TEXT, name TEXT NOT NULL, start REAL NOT NULL, finish REAL,
    in_progress INTEGER NOT NULL, error INTEGER NOT NULL, fault INTEGER NOT NULL,
    throttle INTEGER NOT NULL, kind TEXT NOT NULL, namespace TEXT, origin TEXT,
    document TEXT NOT NULL, UNIQUE (trace_id, id));
CREATE TABLE links (
    trace_id TEXT NOT NULL, segment_id TEXT NOT NULL, to_trace TEXT NOT NULL,
    to_segment TEXT NOT NULL, UNIQUE (trace_id, segment_id, to_trace, to_segment));
CREATE INDEX links_to ON links (to_trace);

CREATE TABLE series (
    id INTEGER PRIMARY KEY, namespace TEXT NOT NULL, name TEXT NOT NULL, dimensions TEXT NOT NULL,
    seen_ms INTEGER NOT NULL, UNIQUE (namespace, name, dimensions));
CREATE TABLE minutes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, series INTEGER NOT NULL, minute INTEGER NOT NULL,
    data BLOB NOT NULL, UNIQUE (series, minute));

CREATE TABLE dashboards (name TEXT PRIMARY KEY, body TEXT NOT NULL, modified_ms INTEGER NOT NULL);
CREATE TABLE tags (
    arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (arn, key));

CREATE TABLE alarms (
    name TEXT PRIMARY KEY, kind TEXT NOT NULL, config TEXT NOT NULL, configured_ms INTEGER NOT NULL,
    state TEXT NOT NULL, reason TEXT NOT NULL, reason_data TEXT, updated_ms INTEGER NOT NULL,
    transitioned_ms INTEGER NOT NULL, evaluated_ms INTEGER);
CREATE TABLE history (
    id INTEGER PRIMARY KEY AUTOINCREMENT, alarm TEXT NOT NULL, alarm_kind TEXT NOT NULL,
    time_ms INTEGER NOT NULL, kind TEXT NOT NULL, summary TEXT NOT NULL, data TEXT NOT NULL,
    from_state TEXT, to_state TEXT, reason TEXT);
CREATE INDEX history_alarm ON history (alarm);

CREATE TABLE topics (arn TEXT PRIMARY KEY, name TEXT NOT NULL, attributes TEXT NOT NULL);
CREATE TABLE subscriptions (
    arn TEXT PRIMARY KEY, topic TEXT NOT NULL, protocol TEXT NOT NULL, endpoint TEXT NOT NULL,
    token TEXT NOT NULL, confirmed INTEGER NOT NULL, attributes TEXT NOT NULL,
    UNIQUE (topic, protocol, endpoint));
CREATE TABLE notifications (
    id INTEGER PRIMARY KEY AUTOINCREMENT, time_ms INTEGER NOT NULL, topic TEXT NOT NULL,
    subscription TEXT NOT NULL, protocol TEXT NOT NULL, status TEXT NOT NULL,
    attempts INTEGER NOT NULL, subject TEXT, message TEXT NOT NULL, problem TEXT);

CREATE TABLE requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT, time_ms INTEGER NOT NULL, service TEXT NOT NULL,
    operation TEXT NOT NULL, protocol TEXT NOT NULL, status INTEGER NOT NULL,
    writes INTEGER NOT NULL);
CREATE TABLE counters (name TEXT PRIMARY KEY, value REAL NOT NULL);
",
    r"
CREATE TABLE documents (
    kind TEXT NOT NULL, key TEXT NOT NULL, document TEXT NOT NULL, created_ms INTEGER NOT NULL,
    modified_ms INTEGER NOT NULL, PRIMARY KEY (kind, key));
",
    r"
ALTER TABLE logs ADD COLUMN stream TEXT NOT NULL DEFAULT 'obs-dev';
CREATE INDEX logs_function ON logs (function, time_ms);
CREATE INDEX logs_stream ON logs (function, stream);
",
];

/// Brings a connection's file to the newest version of the tables.
pub(super) fn prepare(connection: &mut Connection) -> Result<(), StoreError> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A power cut may lose the last second; a killed process loses nothing.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(64);
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let newest = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if found > newest {
        return Err(StoreError::newer(found));
    }
    let transaction = connection.transaction()?;
    for migration in &MIGRATIONS[usize::try_from(found).unwrap_or(0)..] {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", newest)?;
    transaction.commit()?;
    Ok(())
}

/// Removes the oldest rows of a table whose key counts up, once in a while: after
/// every 256th row, so that the check costs nothing.
pub(super) fn prune(
    transaction: &Transaction<'_>,
    table: &'static str,
    key: &'static str,
    keep: i64,
) -> Result<(), StoreError> {
    let last = transaction.last_insert_rowid();
    if last % 256 == 0 && last > keep {
        let sql = format!("DELETE FROM {table} WHERE {key} <= ?1");
        transaction.prepare_cached(&sql)?.execute([last - keep])?;
    }
    Ok(())
}
