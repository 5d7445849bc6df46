//! Segment documents, flattened: one row a segment or subsegment, so that a
//! subsegment nested in a document and one that was sent on its own look alike.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde::Serialize;
use serde_json::{Map, Value};

use super::schema::{limits, prune};
use super::{Store, StoreError, traces};

/// A segment or subsegment of a trace.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SegmentRow {
    /// 16 hex digits.
    pub id: String,
    /// The segment it is part of.
    pub parent_id: Option<String>,
    /// What it is called on the page.
    pub name: String,
    /// Seconds since 1970.
    pub start: f64,
    /// Seconds since 1970; none while it is in progress.
    pub end: Option<f64>,
    /// Sent before its end, and not completed yet.
    pub in_progress: bool,
    /// The caller's fault (4xx).
    pub error: bool,
    /// Its own fault (5xx).
    pub fault: bool,
    /// Refused for being too much (429).
    pub throttle: bool,
    /// `segment` or `subsegment`.
    pub kind: String,
    /// `aws` or `remote`, on subsegments.
    pub namespace: Option<String>,
    /// What recorded it, such as `AWS::Lambda::Function`.
    pub origin: Option<String>,
    /// The document as it was sent, without its subsegments.
    pub document: Value,
}

/// How deep subsegments may be nested; deeper ones are left out.
const DEPTH: usize = 64;

impl Store {
    /// Keeps a document and the subsegments nested in it. One with an id that is
    /// known completes or replaces the earlier one; an in-progress document that
    /// arrives after the complete one is ignored.
    ///
    /// # Errors
    /// When the document has no `id`, `trace_id`, `name` or `start_time`
    /// ([`StoreError::is_document`]), or the database cannot be written.
    pub fn put_segment(&self, document: &Value) -> Result<(), StoreError> {
        let fields = object(document)?;
        let trace_id =
            text(fields, "trace_id").ok_or_else(|| StoreError::document("trace_id is missing"))?;
        self.write(|t| {
            let place = Place {
                trace_id,
                parent_id: text(fields, "parent_id"),
                nested: false,
                depth: 0,
            };
            put(t, fields, &place)?;
            traces::refresh(t, trace_id)?;
            prune(t, "segments", "seq", limits::SEGMENTS)
        })
    }
}

/// Where in its trace a document stands.
struct Place<'a> {
    trace_id: &'a str,
    parent_id: Option<&'a str>,
    nested: bool,
    depth: usize,
}

fn put(
    t: &Transaction<'_>,
    fields: &Map<String, Value>,
    place: &Place<'_>,
) -> Result<(), StoreError> {
    let need = |key: &str| {
        text(fields, key).ok_or_else(|| StoreError::document(format!("{key} is missing")))
    };
    let id = need("id")?;
    let name = need("name")?;
    let number = |key: &str| fields.get(key).and_then(Value::as_f64);
    let start =
        number("start_time").ok_or_else(|| StoreError::document("start_time is missing"))?;
    let in_progress = flag(fields, "in_progress");
    if !(in_progress && is_complete(t, place.trace_id, id)?) {
        let kind = if place.nested || text(fields, "type") == Some("subsegment") {
            "subsegment"
        } else {
            "segment"
        };
        let mut own = fields.clone();
        own.remove("subsegments");
        t.prepare_cached(
            "INSERT INTO segments (trace_id, id, parent_id, name, start, finish, in_progress, error,
             fault, throttle, kind, namespace, origin, document)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
             ON CONFLICT (trace_id, id) DO UPDATE SET parent_id = ?3, name = ?4, start = ?5,
             finish = ?6, in_progress = ?7, error = ?8, fault = ?9, throttle = ?10, kind = ?11,
             namespace = ?12, origin = ?13, document = ?14",
        )?
        .execute(params![
            place.trace_id,
            id,
            place.parent_id,
            name,
            start,
            number("end_time"),
            in_progress,
            flag(fields, "error"),
            flag(fields, "fault"),
            flag(fields, "throttle"),
            kind,
            text(fields, "namespace"),
            text(fields, "origin"),
            Value::Object(own).to_string(),
        ])?;
        put_links(t, fields, place.trace_id, id)?;
    }
    let children = fields.get("subsegments").and_then(Value::as_array);
    for child in children
        .into_iter()
        .flatten()
        .filter(|_| place.depth < DEPTH)
    {
        let inner = Place {
            trace_id: place.trace_id,
            parent_id: Some(id),
            nested: true,
            depth: place.depth + 1,
        };
        put(t, object(child)?, &inner)?;
    }
    Ok(())
}

fn is_complete(t: &Transaction<'_>, trace_id: &str, id: &str) -> Result<bool, StoreError> {
    let found = t
        .prepare_cached("SELECT in_progress FROM segments WHERE trace_id = ?1 AND id = ?2")?
        .query_row([trace_id, id], |row| row.get::<_, bool>(0))
        .optional()?;
    Ok(found == Some(false))
}

fn put_links(
    t: &Transaction<'_>,
    fields: &Map<String, Value>,
    trace_id: &str,
    id: &str,
) -> Result<(), StoreError> {
    let links = fields.get("links").and_then(Value::as_array);
    for link in links.into_iter().flatten().take(100) {
        let part = |key: &str| link.get(key).and_then(Value::as_str);
        let Some(to_trace) = part("trace_id") else {
            continue;
        };
        t.prepare_cached("INSERT OR IGNORE INTO links VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![
                trace_id,
                id,
                to_trace,
                part("id").unwrap_or_default()
            ])?;
    }
    Ok(())
}

fn object(document: &Value) -> Result<&Map<String, Value>, StoreError> {
    document
        .as_object()
        .ok_or_else(|| StoreError::document("it is no JSON object"))
}

fn text<'a>(fields: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    fields
        .get(key)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}

fn flag(fields: &Map<String, Value>, key: &str) -> bool {
    fields.get(key).and_then(Value::as_bool).unwrap_or(false)
}

/// The segments and subsegments of a trace, by start.
pub(super) fn of_trace(
    connection: &Connection,
    trace_id: &str,
) -> Result<Vec<SegmentRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM segments WHERE trace_id = ?1 ORDER BY start, seq");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([trace_id], row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The columns [`row`] reads, in its order.
const COLUMNS: &str =
    "id, parent_id, name, start, finish, in_progress, error, fault, throttle, kind,
    namespace, origin, document";

fn row(row: &Row<'_>) -> rusqlite::Result<SegmentRow> {
    let document: String = row.get(12)?;
    Ok(SegmentRow {
        id: row.get(0)?,
        parent_id: row.get(1)?,
        name: row.get(2)?,
        start: row.get(3)?,
        end: row.get(4)?,
        in_progress: row.get(5)?,
        error: row.get(6)?,
        fault: row.get(7)?,
        throttle: row.get(8)?,
        kind: row.get(9)?,
        namespace: row.get(10)?,
        origin: row.get(11)?,
        document: serde_json::from_str(&document).unwrap_or(Value::Null),
    })
}
