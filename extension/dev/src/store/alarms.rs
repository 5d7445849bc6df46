//! Alarms: their configuration as it was put, their state, and their history.

use rusqlite::{OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::Value;

use super::schema::{limits, prune};
use super::{Store, StoreError};

/// What an alarm looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AlarmKind {
    /// A metric or a math expression.
    Metric,
    /// The states of other alarms.
    Composite,
}

impl AlarmKind {
    /// AWS's spelling in `AlarmTypes`.
    pub fn as_str(self) -> &'static str {
        match self {
            AlarmKind::Metric => "MetricAlarm",
            AlarmKind::Composite => "CompositeAlarm",
        }
    }

    fn parse(text: &str) -> AlarmKind {
        if text == "CompositeAlarm" {
            AlarmKind::Composite
        } else {
            AlarmKind::Metric
        }
    }
}

/// One alarm.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AlarmRow {
    /// Its name, 1 to 255 characters.
    pub name: String,
    /// What it looks at.
    pub kind: AlarmKind,
    /// The fields of PutMetricAlarm or PutCompositeAlarm, without its tags.
    pub config: Value,
    /// When it was configured last, in milliseconds since 1970.
    pub configured_ms: i64,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
    /// Why it is in that state, in words.
    pub reason: String,
    /// Why, as the JSON text AWS gives.
    pub reason_data: Option<String>,
    /// When state or reason last changed, in milliseconds since 1970.
    pub updated_ms: i64,
    /// When the state last changed.
    pub transitioned_ms: i64,
    /// When it was last evaluated; none when it never was.
    pub evaluated_ms: Option<i64>,
}

/// A new state for an alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct StateChange {
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
    /// Why, in words.
    pub reason: String,
    /// Why, as JSON text.
    pub reason_data: Option<String>,
    /// When, in milliseconds since 1970.
    pub time_ms: i64,
}

/// What a history item tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum HistoryKind {
    /// The alarm was put or deleted.
    ConfigurationUpdate,
    /// Its state changed.
    StateUpdate,
    /// One of its actions was taken.
    Action,
}

impl HistoryKind {
    /// AWS's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            HistoryKind::ConfigurationUpdate => "ConfigurationUpdate",
            HistoryKind::StateUpdate => "StateUpdate",
            HistoryKind::Action => "Action",
        }
    }

    /// From AWS's spelling.
    pub fn parse(text: &str) -> Option<HistoryKind> {
        let all = [
            HistoryKind::ConfigurationUpdate,
            HistoryKind::StateUpdate,
            HistoryKind::Action,
        ];
        all.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// One thing that happened to an alarm.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HistoryRow {
    /// Counts up over all alarms; 0 when it is added.
    pub id: i64,
    /// The alarm.
    pub alarm: String,
    /// What the alarm looks at.
    pub alarm_kind: AlarmKind,
    /// When, in milliseconds since 1970.
    pub time_ms: i64,
    /// What it tells of.
    pub kind: HistoryKind,
    /// In words.
    pub summary: String,
    /// As the JSON text AWS gives.
    pub data: String,
    /// The state before, of a state update.
    pub from: Option<String>,
    /// The state after, of a state update.
    pub to: Option<String>,
    /// The reason, of a state update.
    pub reason: Option<String>,
}

/// Which history items to give; every part that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HistoryQuery {
    /// Of this alarm.
    pub alarm: Option<String>,
    /// Of this kind.
    pub kind: Option<HistoryKind>,
    /// At or after.
    pub from_ms: Option<i64>,
    /// Before or at.
    pub to_ms: Option<i64>,
    /// At most so many; 0 means 100.
    pub limit: usize,
    /// How many to skip.
    pub offset: usize,
    /// The oldest first; else the newest.
    pub oldest_first: bool,
}

const COLUMNS: &str =
    "name, kind, config, configured_ms, state, reason, reason_data, updated_ms, transitioned_ms,
    evaluated_ms";

impl Store {
    /// Creates an alarm or replaces its configuration; a known alarm of the same
    /// kind keeps its state. Gives the alarm as it was before.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn put_alarm(&self, alarm: &AlarmRow) -> Result<Option<AlarmRow>, StoreError> {
        self.write(|t| {
            let sql = format!("SELECT {COLUMNS} FROM alarms WHERE name = ?1");
            let known = t.query_row(&sql, [&alarm.name], row).optional()?;
            t.execute(
                "INSERT INTO alarms (name, kind, config, configured_ms, state, reason, reason_data,
                 updated_ms, transitioned_ms, evaluated_ms)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, NULL)
                 ON CONFLICT (name) DO UPDATE SET kind = ?2, config = ?3, configured_ms = ?4,
                 evaluated_ms = NULL",
                params![
                    alarm.name,
                    alarm.kind.as_str(),
                    alarm.config.to_string(),
                    alarm.configured_ms,
                    alarm.state,
                    alarm.reason,
                    alarm.reason_data,
                    alarm.updated_ms,
                    alarm.transitioned_ms,
                ],
            )?;
            Ok(known)
        })
    }

    /// One alarm.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn alarm(&self, name: &str) -> Result<Option<AlarmRow>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM alarms WHERE name = ?1");
        Ok(self.lock().query_row(&sql, [name], row).optional()?)
    }

    /// Every alarm, by name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn alarms(&self) -> Result<Vec<AlarmRow>, StoreError> {
        let connection = self.lock();
        let sql = format!("SELECT {COLUMNS} FROM alarms ORDER BY name");
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map([], row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Removes alarms; their history stays, as in CloudWatch.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn delete_alarms(&self, names: &[String]) -> Result<(), StoreError> {
        self.write(|t| {
            for name in names {
                t.execute("DELETE FROM alarms WHERE name = ?1", [name])?;
            }
            Ok(())
        })
    }

    /// Notes that an alarm was evaluated and kept its state.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn evaluated(&self, name: &str, time_ms: i64) -> Result<(), StoreError> {
        let connection = self.lock();
        connection.execute(
            "UPDATE alarms SET evaluated_ms = ?2 WHERE name = ?1",
            params![name, time_ms],
        )?;
        Ok(())
    }

    /// Gives an alarm a state. Gives the state it had; none when there is no such
    /// alarm (any more).
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn set_state(
        &self,
        name: &str,
        change: &StateChange,
    ) -> Result<Option<String>, StoreError> {
        self.write(|t| {
            let sql = "SELECT state FROM alarms WHERE name = ?1";
            let before: Option<String> = t.query_row(sql, [name], |row| row.get(0)).optional()?;
            t.execute(
                "UPDATE alarms SET transitioned_ms = CASE WHEN state = ?2 THEN transitioned_ms ELSE ?5 END,
                 state = ?2, reason = ?3, reason_data = ?4, updated_ms = ?5 WHERE name = ?1",
                params![name, change.state, change.reason, change.reason_data, change.time_ms],
            )?;
            Ok(before)
        })
    }

    /// Adds a history item.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn add_history(&self, item: &HistoryRow) -> Result<(), StoreError> {
        self.write(|t| {
            t.execute(
                "INSERT INTO history (alarm, alarm_kind, time_ms, kind, summary, data, from_state,
                 to_state, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                params![
                    item.alarm,
                    item.alarm_kind.as_str(),
                    item.time_ms,
                    item.kind.as_str(),
                    item.summary,
                    item.data,
                    item.from,
                    item.to,
                    item.reason
                ],
            )?;
            prune(t, "history", "id", limits::HISTORY)?;
            if item.kind == HistoryKind::StateUpdate && item.to.as_deref() == Some("ALARM") {
                super::summary::count(t, "alarms_fired", 1.0)?;
            }
            Ok(())
        })
    }

    /// The history a query asks for.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn history(&self, query: &HistoryQuery) -> Result<Vec<HistoryRow>, StoreError> {
        let order = if query.oldest_first { "ASC" } else { "DESC" };
        let sql = format!(
            "SELECT id, alarm, alarm_kind, time_ms, kind, summary, data, from_state, to_state, reason
             FROM history WHERE (?1 IS NULL OR alarm = ?1) AND (?2 IS NULL OR kind = ?2)
             AND (?3 IS NULL OR time_ms >= ?3) AND (?4 IS NULL OR time_ms <= ?4)
             ORDER BY id {order} LIMIT ?5 OFFSET ?6"
        );
        let limit = if query.limit == 0 { 100 } else { query.limit };
        let connection = self.lock();
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map(
            params![
                query.alarm,
                query.kind.map(HistoryKind::as_str),
                query.from_ms,
                query.to_ms,
                i64::try_from(limit).unwrap_or(i64::MAX),
                i64::try_from(query.offset).unwrap_or(i64::MAX),
            ],
            history_row,
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn row(row: &Row<'_>) -> rusqlite::Result<AlarmRow> {
    let kind: String = row.get(1)?;
    let config: String = row.get(2)?;
    Ok(AlarmRow {
        name: row.get(0)?,
        kind: AlarmKind::parse(&kind),
        config: serde_json::from_str(&config).unwrap_or(Value::Null),
        configured_ms: row.get(3)?,
        state: row.get(4)?,
        reason: row.get(5)?,
        reason_data: row.get(6)?,
        updated_ms: row.get(7)?,
        transitioned_ms: row.get(8)?,
        evaluated_ms: row.get(9)?,
    })
}

fn history_row(row: &Row<'_>) -> rusqlite::Result<HistoryRow> {
    let alarm_kind: String = row.get(2)?;
    let kind: String = row.get(4)?;
    Ok(HistoryRow {
        id: row.get(0)?,
        alarm: row.get(1)?,
        alarm_kind: AlarmKind::parse(&alarm_kind),
        time_ms: row.get(3)?,
        kind: HistoryKind::parse(&kind).unwrap_or(HistoryKind::Action),
        summary: row.get(5)?,
        data: row.get(6)?,
        from: row.get(7)?,
        to: row.get(8)?,
        reason: row.get(9)?,
    })
}
