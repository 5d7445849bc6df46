//! Log lines by their time, as FilterLogEvents goes through them: a bounded piece at a
//! time, from a place where the last one ended.

use rusqlite::types::Value as Sql;
use rusqlite::{Row, params, params_from_iter};

use super::{Store, StoreError};

/// Which lines to read; every part that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogScan {
    /// One of these functions.
    pub functions: Vec<String>,
    /// Written at or after, in milliseconds since 1970.
    pub from_ms: Option<i64>,
    /// Written at or before, in milliseconds since 1970.
    pub to_ms: Option<i64>,
    /// Only lines that follow this place: a time and an id.
    pub after: Option<(i64, i64)>,
    /// At most so many lines.
    pub lines: usize,
    /// No further line once those read have so many bytes: one line is always read.
    pub bytes: usize,
}

/// A line as an event of a log stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEvent {
    /// Counts up with every line of the account.
    pub id: i64,
    /// When it was written, in milliseconds since 1970.
    pub time_ms: i64,
    /// The log stream.
    pub stream: String,
    /// The line as it was printed.
    pub line: String,
}

/// The lines that one scan read, by time and then as they were written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogScanned {
    /// The lines.
    pub events: Vec<LogEvent>,
    /// Whether the bounds kept further lines from being read.
    pub more: bool,
}

impl Store {
    /// Reads lines up to the scan's bounds.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn scan_logs(&self, scan: &LogScan) -> Result<LogScanned, StoreError> {
        let (sql, values) = statement(scan);
        let connection = self.lock();
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        let (mut scanned, mut bytes) = (LogScanned::default(), 0);
        while let Some(row) = rows.next()? {
            // One row more is asked for than is given: it tells that there is more.
            if scanned.events.len() == scan.lines || bytes >= scan.bytes {
                scanned.more = true;
                break;
            }
            let event = event(row)?;
            bytes += event.line.len();
            scanned.events.push(event);
        }
        Ok(scanned)
    }

    /// Whether a function has a line in a log stream.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn has_log_stream(&self, function: &str, stream: &str) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM logs WHERE function = ?1 AND stream = ?2)";
        let connection = self.lock();
        let mut statement = connection.prepare_cached(sql)?;
        Ok(statement.query_row(params![function, stream], |row| row.get(0))?)
    }
}

fn statement(scan: &LogScan) -> (String, Vec<Sql>) {
    let places = vec!["?"; scan.functions.len()].join(", ");
    let mut sql =
        format!("SELECT id, time_ms, stream, line FROM logs WHERE function IN ({places})");
    let mut values: Vec<Sql> = scan.functions.iter().cloned().map(Sql::Text).collect();
    let mut given = |condition: &str, numbers: Vec<i64>| {
        sql.push_str(condition);
        values.extend(numbers.into_iter().map(Sql::Integer));
    };
    if let Some(from) = scan.from_ms {
        given(" AND time_ms >= ?", vec![from]);
    }
    if let Some(to) = scan.to_ms {
        given(" AND time_ms <= ?", vec![to]);
    }
    if let Some((time, id)) = scan.after {
        given(" AND (time_ms, id) > (?, ?)", vec![time, id]);
    }
    let most = scan.lines.saturating_add(1);
    sql.push_str(&format!(" ORDER BY time_ms, id LIMIT {most}"));
    (sql, values)
}

fn event(row: &Row<'_>) -> rusqlite::Result<LogEvent> {
    Ok(LogEvent {
        id: row.get(0)?,
        time_ms: row.get(1)?,
        stream: row.get(2)?,
        line: row.get(3)?,
    })
}
