//! Traces: what the segments of one trace id add up to.

use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OptionalExtension, Transaction, params, params_from_iter};
use serde::Serialize;
use serde_json::Value;

use super::schema::limits;
use super::segments::{self, SegmentRow};
use super::{Store, StoreError};

/// Which traces to give; every part that is given must hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TraceQuery {
    /// At most so many, the newest; 0 means 100.
    pub limit: usize,
    /// Found in the trace id, a segment's name or annotations, or the correlation
    /// id of one of the trace's log lines.
    pub text: Option<String>,
    /// Started at or after, in seconds since 1970.
    pub from: Option<f64>,
    /// Started before, in seconds since 1970.
    pub to: Option<f64>,
}

/// A trace in a list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TraceSummary {
    /// `1-8hex-24hex`.
    pub trace_id: String,
    /// The name of the segment that began it.
    pub name: String,
    /// When it began, in milliseconds since 1970.
    pub start_ms: f64,
    /// From the first start to the last end known; none while nothing has ended.
    pub duration_ms: Option<f64>,
    /// How many segments and subsegments it has.
    pub segments: i64,
    /// One of them has `error`.
    pub error: bool,
    /// One of them has `fault`.
    pub fault: bool,
    /// One of them has `throttle`.
    pub throttle: bool,
    /// The Lambda functions in it, sorted.
    pub functions: Vec<String>,
    /// The correlation ids of its log lines and annotations, sorted.
    pub correlation_ids: Vec<String>,
}

/// One trace with everything in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trace {
    /// `1-8hex-24hex`.
    pub trace_id: String,
    /// Its segments and subsegments, by start.
    pub segments: Vec<SegmentRow>,
    /// Traces it is linked with, in either direction.
    pub linked: Vec<TraceLink>,
}

/// A link between two traces, as seen from one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TraceLink {
    /// The other trace.
    pub trace_id: String,
    /// The segment in the other trace.
    pub id: String,
    /// `to`: this trace names the other one; `from`: the other names this one.
    pub direction: &'static str,
}

impl Store {
    /// The newest traces a query asks for, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn traces(&self, query: &TraceQuery) -> Result<Vec<TraceSummary>, StoreError> {
        let mut sql = "SELECT trace_id, name, start, finish, segments, error, fault, throttle
                       FROM traces WHERE 1"
            .to_owned();
        let mut values = Vec::new();
        for (condition, bound) in [
            (" AND start >= ?", query.from),
            (" AND start < ?", query.to),
        ] {
            if let Some(bound) = bound {
                sql.push_str(condition);
                values.push(Sql::Real(bound));
            }
        }
        if let Some(text) = query.text.as_deref().filter(|text| !text.trim().is_empty()) {
            sql.push_str(
                " AND (instr(trace_id, ?) OR trace_id IN (SELECT trace_id FROM segments WHERE
                 instr(name, ?) OR instr(document, ?)) OR trace_id IN (SELECT xray_trace_id FROM
                 logs WHERE correlation_id = ?))",
            );
            values.extend((0..4).map(|_| Sql::Text(text.trim().to_owned())));
        }
        let limit = if query.limit == 0 {
            100
        } else {
            query.limit.min(1_000)
        };
        sql.push_str(&format!(" ORDER BY start DESC, seq DESC LIMIT {limit}"));
        let connection = self.lock();
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(values), summary)?;
        let mut found = rows.collect::<Result<Vec<_>, _>>()?;
        for trace in &mut found {
            trace.functions = functions(&connection, &trace.trace_id)?;
            trace.correlation_ids = correlation_ids(&connection, &trace.trace_id)?;
        }
        Ok(found)
    }

    /// One trace.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn trace(&self, trace_id: &str) -> Result<Option<Trace>, StoreError> {
        let connection = self.lock();
        let segments = segments::of_trace(&connection, trace_id)?;
        if segments.is_empty() {
            return Ok(None);
        }
        Ok(Some(Trace {
            trace_id: trace_id.to_owned(),
            segments,
            linked: links(&connection, trace_id)?,
        }))
    }

    /// How many segments and subsegments are kept.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn count_segments(&self) -> Result<i64, StoreError> {
        let connection = self.lock();
        Ok(connection.query_row("SELECT count(*) FROM segments", [], |row| row.get(0))?)
    }
}

/// Adds a trace up again after one of its segments changed.
pub(super) fn refresh(t: &Transaction<'_>, trace_id: &str) -> Result<(), StoreError> {
    // The root is the earliest segment with no parent in the trace; a lone
    // subsegment, whose facade is elsewhere, is the best there is until it comes.
    let name: Option<String> = t
        .prepare_cached(
            "SELECT name FROM segments WHERE trace_id = ?1
             ORDER BY parent_id IS NOT NULL, start, seq LIMIT 1",
        )?
        .query_row([trace_id], |row| row.get(0))
        .optional()?;
    let Some(name) = name else { return Ok(()) };
    t.prepare_cached(
        "INSERT INTO traces (trace_id, start, finish, name, segments, error, fault, throttle)
         SELECT ?1, min(start), max(finish), ?2, count(*), max(error), max(fault), max(throttle)
         FROM segments WHERE trace_id = ?1
         ON CONFLICT (trace_id) DO UPDATE SET start = excluded.start, finish = excluded.finish,
         name = excluded.name, segments = excluded.segments, error = excluded.error,
         fault = excluded.fault, throttle = excluded.throttle",
    )?
    .execute(params![trace_id, name])?;
    prune_traces(t)
}

fn prune_traces(t: &Transaction<'_>) -> Result<(), StoreError> {
    let last: i64 = t.query_row("SELECT coalesce(max(seq), 0) FROM traces", [], |row| {
        row.get(0)
    })?;
    if last <= limits::TRACES || last % 64 != 0 {
        return Ok(());
    }
    let oldest = last - limits::TRACES;
    let gone = "SELECT trace_id FROM traces WHERE seq <= ?1";
    t.execute(
        &format!("DELETE FROM segments WHERE trace_id IN ({gone})"),
        [oldest],
    )?;
    t.execute(
        &format!("DELETE FROM links WHERE trace_id IN ({gone})"),
        [oldest],
    )?;
    t.execute("DELETE FROM traces WHERE seq <= ?1", [oldest])?;
    Ok(())
}

fn summary(row: &rusqlite::Row<'_>) -> rusqlite::Result<TraceSummary> {
    let start: f64 = row.get(2)?;
    let finish: Option<f64> = row.get(3)?;
    Ok(TraceSummary {
        trace_id: row.get(0)?,
        name: row.get(1)?,
        start_ms: start * 1000.0,
        duration_ms: finish.map(|finish| (finish - start) * 1000.0),
        segments: row.get(4)?,
        error: row.get(5)?,
        fault: row.get(6)?,
        throttle: row.get(7)?,
        functions: Vec::new(),
        correlation_ids: Vec::new(),
    })
}

fn functions(connection: &Connection, trace_id: &str) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT name FROM segments WHERE trace_id = ?1
         AND origin IN ('AWS::Lambda::Function', 'AWS::Lambda') ORDER BY name",
    )?;
    let rows = statement.query_map([trace_id], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn correlation_ids(connection: &Connection, trace_id: &str) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT correlation_id FROM logs WHERE xray_trace_id = ?1 AND correlation_id IS NOT NULL
         UNION SELECT json_extract(document, '$.annotations.correlation_id') FROM segments
         WHERE trace_id = ?1 AND json_extract(document, '$.annotations.correlation_id') IS NOT NULL
         ORDER BY 1 LIMIT 100",
    )?;
    let rows = statement.query_map([trace_id], |row| row.get::<_, Sql>(0))?;
    let mut ids = Vec::new();
    for id in rows {
        match id? {
            Sql::Text(id) => ids.push(id),
            Sql::Integer(id) => ids.push(id.to_string()),
            _ => {}
        }
    }
    Ok(ids)
}

fn links(connection: &Connection, trace_id: &str) -> Result<Vec<TraceLink>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT to_trace, to_segment, 1 FROM links WHERE trace_id = ?1
         UNION SELECT trace_id, segment_id, 0 FROM links WHERE to_trace = ?1 ORDER BY 1, 2",
    )?;
    let rows = statement.query_map([trace_id], |row| {
        Ok(TraceLink {
            trace_id: row.get(0)?,
            id: row.get(1)?,
            direction: if row.get::<_, bool>(2)? { "to" } else { "from" },
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl Trace {
    /// The document of each segment with its subsegments nested in it again, as
    /// `BatchGetTraces` gives them.
    pub fn documents(&self) -> Vec<(String, Value)> {
        let known = |id: &str| self.segments.iter().any(|s| s.id == id);
        let root =
            |s: &&SegmentRow| s.kind == "segment" || !s.parent_id.as_deref().is_some_and(known);
        let roots = self.segments.iter().filter(root);
        roots.map(|s| (s.id.clone(), self.nested(s, 0))).collect()
    }

    fn nested(&self, segment: &SegmentRow, depth: usize) -> Value {
        let mut document = segment.document.clone();
        let child = |s: &&SegmentRow| {
            s.kind == "subsegment"
                && s.parent_id.as_deref() == Some(&segment.id)
                && s.id != segment.id
        };
        // A parent id that points in a circle must not nest for ever.
        let children: Vec<Value> = match depth < 64 {
            true => self
                .segments
                .iter()
                .filter(child)
                .map(|s| self.nested(s, depth + 1))
                .collect(),
            false => Vec::new(),
        };
        if let (Some(fields), false) = (document.as_object_mut(), children.is_empty()) {
            fields.insert("subsegments".to_owned(), Value::Array(children));
        }
        document
    }
}
