//! Metric data: one row a series and minute.
//!
//! A row holds what arrived in that minute as (second, resolution, unit, value,
//! count), and whether it stands for a `StatisticSet`. Equal values at the same time
//! are added up as they arrive, which loses nothing: CloudWatch keeps no order within
//! a minute (within a second at high resolution) either.

use std::collections::BTreeMap;

use obs_cloudwatch::metric::{MetricFilter, MetricId, MetricSource, Sample, TimeRange, Unit};
use rusqlite::{OptionalExtension, Transaction, params};

use super::schema::{limits, prune};
use super::{Store, StoreError};

/// One metric's values at one time, as they were put.
#[derive(Debug, Clone, PartialEq)]
pub struct Datum {
    /// The metric's name.
    pub name: String,
    /// Its dimensions, in any order.
    pub dimensions: Vec<(String, String)>,
    /// What the values are measured in.
    pub unit: Unit,
    /// 60 (standard) or 1 (high resolution), seconds.
    pub resolution: u32,
    /// When, in milliseconds since 1970. Kept to the minute or, at high
    /// resolution, to the second.
    pub timestamp_ms: i64,
    /// Each value and how often it was seen.
    pub values: Vec<(f64, f64)>,
    /// The values stand for a `StatisticSet`.
    pub of_set: bool,
}

/// A metric that has data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesRow {
    /// Which metric it is.
    pub metric: MetricId,
    /// The newest timestamp it has data for, in milliseconds since 1970.
    pub seen_ms: i64,
}

impl Store {
    /// Keeps what a caller put into a namespace: all of it or nothing. Checks
    /// nothing; that is the operation's part.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn put_metric_data(&self, namespace: &str, data: &[Datum]) -> Result<(), StoreError> {
        self.write(|t| data.iter().try_for_each(|datum| put(t, namespace, datum)))
    }

    /// Every metric that passes the filter, by namespace, name and dimensions.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn series(&self, filter: &MetricFilter) -> Result<Vec<SeriesRow>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(
            "SELECT namespace, name, dimensions, seen_ms FROM series
             WHERE (?1 IS NULL OR namespace = ?1) AND (?2 IS NULL OR name = ?2)
             ORDER BY namespace, name, dimensions",
        )?;
        let rows = statement.query_map(params![filter.namespace, filter.name], |row| {
            let dimensions: String = row.get(2)?;
            let dimensions = serde_json::from_str(&dimensions).unwrap_or_default();
            Ok(SeriesRow {
                metric: MetricId::new(
                    row.get::<_, String>(0)?,
                    row.get::<_, String>(1)?,
                    dimensions,
                ),
                seen_ms: row.get(3)?,
            })
        })?;
        let mut found = rows.collect::<Result<Vec<_>, _>>()?;
        found.retain(|series| filter.accepts(&series.metric));
        Ok(found)
    }

    /// What one metric has in a range, of every unit and resolution, by time.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn samples(&self, metric: &MetricId, range: TimeRange) -> Result<Vec<Sample>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(
            "SELECT minute, data FROM minutes WHERE series = (SELECT id FROM series
             WHERE namespace = ?1 AND name = ?2 AND dimensions = ?3)
             AND minute BETWEEN ?4 AND ?5 ORDER BY minute",
        )?;
        let mut rows = statement.query(params![
            metric.namespace,
            metric.name,
            key(&metric.dimensions)?,
            range.start_ms.div_euclid(MINUTE_MS),
            range.end_ms.div_euclid(MINUTE_MS),
        ])?;
        let mut samples = Vec::new();
        while let Some(row) = rows.next()? {
            let minute: i64 = row.get(0)?;
            let cells = decode(row.get_ref(1)?.as_blob().unwrap_or_default());
            samples.extend(
                cells
                    .into_iter()
                    .map(|(at, count)| at.sample(minute, count)),
            );
        }
        samples.retain(|sample| range.contains(sample.timestamp_ms));
        Ok(samples)
    }
}

/// The engine's way in. What cannot be read counts as not there: the engine has
/// no way to fail, and a broken database has failed the request before.
impl MetricSource for Store {
    fn samples(&self, metric: &MetricId, range: TimeRange) -> Vec<Sample> {
        Store::samples(self, metric, range).unwrap_or_default()
    }

    fn list(&self, filter: &MetricFilter) -> Vec<MetricId> {
        let found = self.series(filter).unwrap_or_default();
        found.into_iter().map(|series| series.metric).collect()
    }
}

const MINUTE_MS: i64 = 60_000;

/// A value's place in a row: everything about it but how often it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Cell {
    second: u8,
    high: bool,
    of_set: bool,
    unit: u8,
    /// The value's bits: values are told apart exactly.
    bits: u64,
}

/// Second, [`HIGH`] and [`OF_SET`], unit, value, count.
const CELL_BYTES: usize = 1 + 1 + 1 + 8 + 8;

const HIGH: u8 = 1;
const OF_SET: u8 = 2;

impl Cell {
    fn flags(self) -> u8 {
        (u8::from(self.high) * HIGH) | (u8::from(self.of_set) * OF_SET)
    }

    fn sample(self, minute: i64, count: f64) -> Sample {
        Sample {
            timestamp_ms: minute * MINUTE_MS + i64::from(self.second) * 1000,
            resolution_s: if self.high { 1 } else { 60 },
            unit: Unit::all()
                .nth(usize::from(self.unit))
                .unwrap_or(Unit::NONE),
            value: f64::from_bits(self.bits),
            count,
            of_set: self.of_set,
        }
    }
}

fn put(t: &Transaction<'_>, namespace: &str, datum: &Datum) -> Result<(), StoreError> {
    let mut dimensions = datum.dimensions.clone();
    dimensions.sort();
    let series: i64 = t
        .prepare_cached(
            "INSERT INTO series (namespace, name, dimensions, seen_ms) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (namespace, name, dimensions) DO UPDATE SET seen_ms = max(seen_ms, ?4)
             RETURNING id",
        )?
        .query_row(
            params![namespace, datum.name, key(&dimensions)?, datum.timestamp_ms],
            |row| row.get(0),
        )?;
    let minute = datum.timestamp_ms.div_euclid(MINUTE_MS);
    let known: Option<Vec<u8>> = t
        .prepare_cached("SELECT data FROM minutes WHERE series = ?1 AND minute = ?2")?
        .query_row([series, minute], |row| row.get(0))
        .optional()?;
    let mut cells = decode(known.as_deref().unwrap_or_default());
    add(&mut cells, datum);
    t.prepare_cached(
        "INSERT INTO minutes (series, minute, data) VALUES (?1, ?2, ?3)
         ON CONFLICT (series, minute) DO UPDATE SET data = ?3",
    )?
    .execute(params![series, minute, encode(&cells)])?;
    if known.is_none() {
        prune(t, "minutes", "seq", limits::METRIC_MINUTES)?;
    }
    Ok(())
}

fn add(cells: &mut BTreeMap<Cell, f64>, datum: &Datum) {
    let high = datum.resolution < 60;
    let second = datum.timestamp_ms.rem_euclid(MINUTE_MS) / 1000;
    let unit = Unit::all()
        .position(|unit| unit == datum.unit)
        .unwrap_or_default();
    for (value, count) in &datum.values {
        // -0.0 and 0.0 are one value.
        let value = if *value == 0.0 { 0.0 } else { *value };
        let mut cell = Cell {
            second: if high {
                u8::try_from(second).unwrap_or(0)
            } else {
                0
            },
            high,
            of_set: datum.of_set,
            unit: u8::try_from(unit).unwrap_or_default(),
            bits: value.to_bits(),
        };
        if cells.len() >= limits::VALUES_A_MINUTE && !cells.contains_key(&cell) {
            // Seven bits of the mantissa stay: less than one percent off.
            cell.bits &= !((1 << 45) - 1);
        }
        *cells.entry(cell).or_insert(0.0) += count;
    }
}

fn key(dimensions: &[(String, String)]) -> Result<String, StoreError> {
    Ok(serde_json::to_string(dimensions)?)
}

fn encode(cells: &BTreeMap<Cell, f64>) -> Vec<u8> {
    let mut data = Vec::with_capacity(cells.len() * CELL_BYTES);
    for (cell, count) in cells {
        data.extend([cell.second, cell.flags(), cell.unit]);
        data.extend(cell.bits.to_le_bytes());
        data.extend(count.to_le_bytes());
    }
    data
}

fn decode(data: &[u8]) -> BTreeMap<Cell, f64> {
    let number = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight bytes were cut"));
    let cell = |bytes: &[u8]| {
        let cell = Cell {
            second: bytes[0],
            high: bytes[1] & HIGH != 0,
            of_set: bytes[1] & OF_SET != 0,
            unit: bytes[2],
            bits: number(&bytes[3..11]),
        };
        (cell, f64::from_bits(number(&bytes[11..19])))
    };
    data.chunks_exact(CELL_BYTES).map(cell).collect()
}
