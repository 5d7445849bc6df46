//! Log lines as functions printed them, with what a JSON line says about itself
//! lifted out so that it can be searched for.

use rusqlite::types::Value as Sql;
use rusqlite::{Row, params, params_from_iter};
use serde::Serialize;
use serde_json::Value;

use super::schema::{limits, prune};
use super::{Store, StoreError};

/// The stream of lines that no environment wrote, and of those that were kept before
/// lines had a stream.
pub const OWN_STREAM: &str = "obs-dev";

/// One line to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRecord {
    /// When it was read, in milliseconds since 1970.
    pub time_ms: i64,
    /// The function that wrote it.
    pub function: String,
    /// The log stream: one for each environment of a function.
    pub stream: String,
    /// The invocation it was written in, where known; a JSON line's own
    /// `request_id` counts when this is `None`.
    pub request_id: Option<String>,
    /// The line without its line feed.
    pub line: String,
}

/// A line that was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogRow {
    /// Counts up with every line of the account.
    pub id: i64,
    /// When it was read, in milliseconds since 1970.
    pub time_ms: i64,
    /// The function that wrote it.
    pub function: String,
    /// The invocation it was written in.
    pub request_id: Option<String>,
    /// The line's `level`, in upper case.
    pub level: Option<String>,
    /// The line's `message`; the line itself when it is not JSON.
    pub message: String,
    /// The line's `correlation_id`.
    pub correlation_id: Option<String>,
    /// The line's `xray_trace_id`.
    pub xray_trace_id: Option<String>,
    /// The line as it was printed.
    pub line: String,
}

/// Which lines to give; every part that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Only lines with a greater id, oldest first.
    pub after_id: Option<i64>,
    /// Only lines with a smaller id.
    pub before_id: Option<i64>,
    /// At most so many; 0 means 200. Without `after_id` the newest are given.
    pub limit: usize,
    /// Words that must all be in the line; each may be the beginning of one.
    pub text: Option<String>,
    /// Exactly this function.
    pub function: Option<String>,
    /// Exactly this level, in upper case.
    pub level: Option<String>,
    /// Exactly this correlation id.
    pub correlation_id: Option<String>,
    /// Exactly this trace.
    pub trace_id: Option<String>,
    /// Exactly this invocation.
    pub request_id: Option<String>,
}

impl Store {
    /// Keeps one line and gives its id.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn append_log(&self, record: &LogRecord) -> Result<i64, StoreError> {
        let said = Said::in_line(&record.line);
        let request_id = record.request_id.clone().or(said.request_id);
        self.write(|t| {
            t.prepare_cached(
                "INSERT INTO logs (time_ms, function, request_id, level, message, correlation_id,
                 xray_trace_id, line, stream) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                record.time_ms,
                record.function,
                request_id,
                said.level,
                said.message.as_deref().unwrap_or(&record.line),
                said.correlation_id,
                said.xray_trace_id,
                record.line,
                record.stream,
            ])?;
            let id = t.last_insert_rowid();
            prune(t, "logs", "id", limits::LOGS)?;
            Ok(id)
        })
    }

    /// The lines a query asks for, always in the order they were written.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn logs(&self, query: &LogQuery) -> Result<Vec<LogRow>, StoreError> {
        let (sql, values) = statement(query);
        let connection = self.lock();
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(values), row)?;
        let mut lines = rows.collect::<Result<Vec<_>, _>>()?;
        if query.after_id.is_none() {
            lines.reverse();
        }
        Ok(lines)
    }

    /// How many lines were written in the life of the account.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn count_log_lines(&self) -> Result<i64, StoreError> {
        let connection = self.lock();
        let sql = "SELECT coalesce(max(id), 0) FROM logs";
        Ok(connection.query_row(sql, [], |row| row.get(0))?)
    }
}

/// What a JSON line says about itself.
#[derive(Default)]
struct Said {
    level: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
    correlation_id: Option<String>,
    xray_trace_id: Option<String>,
}

impl Said {
    fn in_line(line: &str) -> Said {
        if !line.starts_with('{') {
            return Said::default();
        }
        let Ok(Value::Object(fields)) = serde_json::from_str(line) else {
            return Said::default();
        };
        let text = |key: &str| fields.get(key).and_then(Value::as_str).map(str::to_owned);
        Said {
            level: text("level").map(|l| l.to_uppercase()),
            message: text("message"),
            request_id: text("request_id"),
            correlation_id: text("correlation_id"),
            xray_trace_id: text("xray_trace_id"),
        }
    }
}

fn statement(query: &LogQuery) -> (String, Vec<Sql>) {
    let mut sql = "SELECT id, time_ms, function, request_id, level, message, correlation_id,
                   xray_trace_id, line FROM logs WHERE 1"
        .to_owned();
    let mut values: Vec<Sql> = Vec::new();
    let mut given = |condition: &str, value: Option<Sql>| {
        if let Some(value) = value {
            sql.push_str(" AND ");
            sql.push_str(condition);
            values.push(value);
        }
    };
    let text = |value: &Option<String>| value.clone().map(Sql::Text);
    given("id > ?", query.after_id.map(Sql::Integer));
    given("id < ?", query.before_id.map(Sql::Integer));
    given("function = ?", text(&query.function));
    given("level = ?", text(&query.level));
    given("correlation_id = ?", text(&query.correlation_id));
    given("xray_trace_id = ?", text(&query.trace_id));
    given("request_id = ?", text(&query.request_id));
    let words = query.text.as_deref().and_then(words);
    given(
        "id IN (SELECT rowid FROM logs_text WHERE logs_text MATCH ?)",
        words.map(Sql::Text),
    );
    let order = if query.after_id.is_some() {
        "ASC"
    } else {
        "DESC"
    };
    let limit = if query.limit == 0 {
        200
    } else {
        query.limit.min(10_000)
    };
    sql.push_str(&format!(" ORDER BY id {order} LIMIT {limit}"));
    (sql, values)
}

/// A user's words as an FTS5 query: each a quoted prefix, so that no character of
/// theirs is taken for FTS5's syntax.
fn words(text: &str) -> Option<String> {
    let quoted = |word: &str| format!("\"{}\"*", word.replace('"', "\"\""));
    let words: Vec<String> = text
        .split_whitespace()
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .map(quoted)
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

fn row(row: &Row<'_>) -> rusqlite::Result<LogRow> {
    Ok(LogRow {
        id: row.get(0)?,
        time_ms: row.get(1)?,
        function: row.get(2)?,
        request_id: row.get(3)?,
        level: row.get(4)?,
        message: row.get(5)?,
        correlation_id: row.get(6)?,
        xray_trace_id: row.get(7)?,
        line: row.get(8)?,
    })
}
