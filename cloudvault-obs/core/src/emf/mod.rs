//! Embedded metric format: metrics as log lines, for where no extension is
//! attached or the journal is full.
//!
//! Source of the rules: AWS CloudWatch, "Specification: embedded metric format".
//! CloudWatch drops a line that breaks one of them without a word to its sender,
//! so the limits are kept here: at most 100 metrics a line and 100 values a
//! metric; what does not fit goes on another line. Each line carries `level` and
//! `timestamp` too, since Lambda's own filter judges lines by them.
//!
//! What is the same on every line of a series is rendered once, into
//! [`Prepared`]; a line is then little more than copies and numbers.

mod piece;

use std::{borrow::Cow, sync::Arc};

use crate::{
    json::{self, Chunk},
    metric::{LimitError, Series},
    time,
};
use piece::{Names, Piece, Place, fitting, pieces};

/// The values of one series, with how often each was recorded.
#[derive(Debug, Clone, Copy)]
pub struct Data<'a> {
    /// What the values belong to.
    pub series: &'a Series,
    /// Pairs of value and count.
    pub values: &'a [(f64, u64)],
}

/// What became of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Lines appended.
    pub lines: u64,
    /// Points (sum of counts) on them.
    pub points: u64,
    /// Points that the format cannot express: a value that is not a number
    /// CloudWatch takes, or a metric named like one of its own dimensions.
    pub dropped: u64,
}

/// Metrics on one line, at most.
pub const MAX_METRICS: usize = 100;
/// Values of one metric on one line, at most.
pub const MAX_VALUES: usize = 100;
/// Five fewer than PutMetricData takes.
const MAX_DIMENSION_NAME: usize = 250;
/// A line stays well below the smallest limit on a log event, 256 KB.
const MAX_BYTES: usize = 160 * 1024;

/// Namespace and dimensions: what all metrics of one line share.
#[derive(Debug, PartialEq, Eq)]
pub struct Group {
    dimensions: Vec<(String, String)>,
    /// From `"Namespace"` to the opening bracket of `"Metrics"`.
    head: Vec<u8>,
    /// The dimensions' values, each led by a comma.
    members: Vec<u8>,
    /// The dimensions' names.
    names: Names,
}

impl Group {
    /// A group in which every metric carries all `dimensions`.
    #[must_use]
    pub fn new(namespace: &str, dimensions: &[(String, String)]) -> Self {
        let all = dimensions.iter().map(|(name, _)| name.clone()).collect();
        Self::with_sets(namespace, dimensions, &[all])
    }

    /// A group in which CloudWatch makes one metric for each of `sets`, lists of
    /// names out of `dimensions`.
    #[must_use]
    pub fn with_sets(
        namespace: &str,
        dimensions: &[(String, String)],
        sets: &[Vec<String>],
    ) -> Self {
        let mut head = b"\"Namespace\":".to_vec();
        json::string(&mut head, namespace);
        head.extend_from_slice(b",\"Dimensions\":[");
        for (index, set) in sets.iter().enumerate() {
            head.extend_from_slice(if index > 0 { b",[" } else { b"[" });
            for (index, name) in set.iter().enumerate() {
                if index > 0 {
                    head.push(b',');
                }
                json::string(&mut head, name);
            }
            head.push(b']');
        }
        head.extend_from_slice(b"],\"Metrics\":[");
        let (mut members, mut names) = (Vec::new(), Names::default());
        for (name, value) in dimensions {
            names.add(Place::of(name));
            members.push(b',');
            json::string(&mut members, name);
            members.push(b':');
            json::string(&mut members, value);
        }
        Self {
            dimensions: dimensions.to_vec(),
            head,
            members,
            names,
        }
    }

    fn has(&self, name: &str) -> bool {
        self.dimensions.iter().any(|(other, _)| other == name)
    }
}

/// What of a series stands on every line, rendered once.
#[derive(Debug)]
pub struct Prepared {
    name: String,
    group: Arc<Group>,
    place: Place,
    /// `,{"Name":...,"Unit":...,"StorageResolution":...}`
    definition: Chunk<80>,
    /// `,"name":`
    member: Chunk<32>,
    /// A bound on what both and the member's braces add to a line.
    bytes: usize,
}

impl Prepared {
    /// Renders what `series` has of its own; its namespace and dimensions are
    /// those of `group`.
    ///
    /// # Errors
    ///
    /// When the format cannot express the metric: its values and its dimensions
    /// stand beside each other on the line, so none may be named like another.
    pub fn new(series: &Series, group: Arc<Group>) -> Result<Self, LimitError> {
        if series.name == "_aws" || group.has(&series.name) || group.has("_aws") {
            return Err(LimitError::new(
                "embedded metric format needs a metric name that is none of its dimensions",
                &series.name,
            ));
        }
        let long = |(name, _): &&(String, String)| name.chars().count() > MAX_DIMENSION_NAME;
        if let Some((name, _)) = group.dimensions.iter().find(long) {
            return Err(LimitError::new(
                "embedded metric format takes dimension names of at most 250 characters",
                name,
            ));
        }
        let mut definition = b",{\"Name\":".to_vec();
        json::string(&mut definition, &series.name);
        definition.extend_from_slice(b",\"Unit\":");
        json::string(&mut definition, series.unit.as_str());
        definition.extend_from_slice(b",\"StorageResolution\":");
        json::integer(&mut definition, series.resolution.seconds());
        definition.push(b'}');
        let mut member = b",".to_vec();
        json::string(&mut member, &series.name);
        member.push(b':');
        Ok(Self {
            name: series.name.clone(),
            place: Place::of(&series.name),
            group,
            bytes: definition.len() + member.len() + 32,
            definition: Chunk::new(&definition),
            member: Chunk::new(&member),
        })
    }

    /// The metric's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Values of one prepared series.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// What the values belong to.
    pub series: &'a Prepared,
    /// Pairs of value and count.
    pub values: &'a [(f64, u64)],
}

/// What stands on each line beside the metrics.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// When the values were recorded, in milliseconds since the epoch.
    pub timestamp_ms: i64,
    /// The line's `level`: Lambda's own filter judges lines by it.
    pub level: &'a str,
    /// Further members, as key and rendered JSON value: they are searchable in
    /// the logs and no metrics. One that is named like a metric or a dimension of
    /// its line is written as `fields.KEY`.
    pub properties: &'a [(Cow<'a, str>, Vec<u8>)],
}

/// Appends `data` as lines of the embedded metric format, each ended by `\n`.
pub fn write_lines(out: &mut Vec<u8>, timestamp_ms: i64, data: &[Data<'_>]) -> Written {
    let mut dropped = 0;
    let mut prepared = Vec::with_capacity(data.len());
    for Data { series, values } in data {
        let group = Group::new(&series.namespace, &series.dimensions);
        match Prepared::new(series, Arc::new(group)) {
            Ok(series) => prepared.push((series, *values)),
            Err(_) => dropped += points(values),
        }
    }
    let samples: Vec<_> = prepared
        .iter()
        .map(|(series, values)| Sample { series, values })
        .collect();
    let frame = Frame {
        timestamp_ms,
        level: "INFO",
        properties: &[],
    };
    let mut written = write_samples(out, &frame, &samples);
    written.dropped += dropped;
    written
}

/// Appends `samples` as lines of the embedded metric format, each ended by `\n`.
pub fn write_samples(out: &mut Vec<u8>, frame: &Frame<'_>, samples: &[Sample<'_>]) -> Written {
    let mut written = Written::default();
    let pieces = pieces(samples, &mut written);
    let mut rest = pieces.as_slice();
    while !rest.is_empty() {
        let (count, names) = fitting(rest);
        let (line, later) = rest.split_at(count);
        write_line(out, frame, (line, &names));
        written.lines += 1;
        written.points += line.iter().map(|piece| points(&piece.values)).sum::<u64>();
        rest = later;
    }
    written
}

fn points(values: &[(f64, u64)]) -> u64 {
    values.iter().map(|(_, count)| count).sum()
}

fn write_line(out: &mut Vec<u8>, frame: &Frame<'_>, (line, names): (&[Piece<'_>], &Names)) {
    let group = &line[0].series.group;
    out.extend_from_slice(b"{\"_aws\":{\"Timestamp\":");
    json::integer(out, frame.timestamp_ms);
    out.extend_from_slice(b",\"CloudWatchMetrics\":[{");
    out.extend_from_slice(&group.head);
    // No comma before the first.
    out.extend_from_slice(&line[0].series.definition.as_bytes()[1..]);
    for piece in &line[1..] {
        piece.series.definition.append(out);
    }
    out.extend_from_slice(b"]}]}");
    let taken = |key: &str| {
        names.maybe(Place::of(key))
            && (group.has(key) || line.iter().any(|piece| piece.series.name == key))
    };
    if !taken("level") {
        out.extend_from_slice(b",\"level\":");
        json::string(out, frame.level);
    }
    if !taken("timestamp") {
        out.extend_from_slice(b",\"timestamp\":\"");
        time::rfc3339(out, frame.timestamp_ms);
        out.push(b'"');
    }
    for (index, (key, value)) in frame.properties.iter().enumerate() {
        let twice = frame.properties[..index]
            .iter()
            .any(|(other, _)| other == key);
        let own = matches!(key.as_ref(), "_aws" | "level" | "timestamp");
        if own || twice || taken(key) {
            let mut other = format!("fields.{key}");
            while taken(&other) || frame.properties.iter().any(|(key, _)| *key == other) {
                other.push('_');
            }
            json::key(out, &other);
        } else {
            json::key(out, key);
        }
        out.extend_from_slice(value);
    }
    out.extend_from_slice(&group.members);
    for piece in line {
        piece.series.member.append(out);
        write_values(out, &piece.values);
    }
    out.extend_from_slice(b"}\n");
}

fn write_values(out: &mut Vec<u8>, values: &[(f64, u64)]) {
    if let [(value, 1)] = values {
        return json::float(out, *value);
    }
    if values.iter().all(|&(_, count)| count == 1) {
        return list(out, values, |out, (value, _)| json::float(out, value));
    }
    out.extend_from_slice(b"{\"Values\":");
    list(out, values, |out, (value, _)| json::float(out, value));
    out.extend_from_slice(b",\"Counts\":");
    list(out, values, |out, (_, count)| {
        json::integer(out, count);
    });
    out.push(b'}');
}

fn list(out: &mut Vec<u8>, values: &[(f64, u64)], each: impl Fn(&mut Vec<u8>, (f64, u64))) {
    out.push(b'[');
    for (index, &pair) in values.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        each(out, pair);
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value as Json;

    use super::*;
    use crate::metric::{Kind, Resolution, Unit};

    fn series(name: &str, dimension: &str) -> Series {
        Series {
            namespace: "N".into(),
            name: name.into(),
            dimensions: vec![("service".into(), dimension.into())],
            unit: Unit::Count,
            resolution: Resolution::Standard,
            kind: Kind::Counter,
        }
    }

    fn lines(data: &[Data<'_>]) -> (Vec<Json>, Written) {
        let mut out = Vec::new();
        let written = write_lines(&mut out, 1_795_405_294_506, data);
        let text = String::from_utf8(out).unwrap();
        (
            text.lines()
                .map(|line| serde_json::from_str(line).expect("JSON"))
                .collect(),
            written,
        )
    }

    #[test]
    fn one_line_holds_a_group() {
        let (a, b) = (series("A", "x"), series("B", "x"));
        let data = [
            Data {
                series: &a,
                values: &[(1.0, 1)],
            },
            Data {
                series: &b,
                values: &[(1.5, 2), (2.0, 1)],
            },
        ];
        let (lines, written) = lines(&data);
        assert_eq!(
            written,
            Written {
                lines: 1,
                points: 4,
                dropped: 0
            }
        );
        assert_eq!(
            lines[0],
            serde_json::json!({
                "_aws": {"Timestamp": 1_795_405_294_506_u64, "CloudWatchMetrics": [{
                    "Namespace": "N", "Dimensions": [["service"]],
                    "Metrics": [{"Name": "A", "Unit": "Count", "StorageResolution": 60},
                                {"Name": "B", "Unit": "Count", "StorageResolution": 60}]}]},
                "level": "INFO", "timestamp": "2026-11-23T03:41:34.506Z", "service": "x",
                "A": 1.0, "B": {"Values": [1.5, 2.0], "Counts": [2, 1]},
            })
        );
    }

    #[test]
    fn what_the_format_cannot_express_is_counted() {
        let (clash, fine) = (series("service", "x"), series("level", "x"));
        let data = [
            Data {
                series: &clash,
                values: &[(1.0, 3)],
            },
            Data {
                series: &fine,
                values: &[(f64::NAN, 1), (1.0, 1)],
            },
        ];
        let (lines, written) = lines(&data);
        assert_eq!(
            written,
            Written {
                lines: 1,
                points: 1,
                dropped: 4
            }
        );
        assert_eq!(lines[0]["level"], 1.0);
    }

    fn prepare(series: &Series, sets: &[Vec<String>]) -> Prepared {
        let group = Group::with_sets(&series.namespace, &series.dimensions, sets);
        Prepared::new(series, Arc::new(group)).unwrap()
    }

    #[test]
    fn several_dimension_sets_stand_in_one_directive() {
        let mut a = series("A", "x");
        a.dimensions.push(("bucket".into(), "b".into()));
        let sets = [
            vec!["service".to_owned()],
            vec!["service".to_owned(), "bucket".to_owned()],
        ];
        let prepared = prepare(&a, &sets);
        let mut out = Vec::new();
        let frame = Frame {
            timestamp_ms: 1,
            level: "WARN",
            properties: &[
                ("request_id".into(), b"\"r\"".to_vec()),
                ("A".into(), b"2".to_vec()),
                ("level".into(), b"3".to_vec()),
            ],
        };
        write_samples(
            &mut out,
            &frame,
            &[Sample {
                series: &prepared,
                values: &[(1.0, 1)],
            }],
        );
        let line: Json = serde_json::from_slice(&out).unwrap();
        assert_eq!(
            line["_aws"]["CloudWatchMetrics"][0]["Dimensions"],
            serde_json::json!([["service"], ["service", "bucket"]])
        );
        assert_eq!(
            (&line["service"], &line["bucket"]),
            (&"x".into(), &"b".into())
        );
        assert_eq!(
            (&line["level"], &line["request_id"]),
            (&"WARN".into(), &"r".into())
        );
        assert_eq!(
            (&line["A"], &line["fields.A"], &line["fields.level"]),
            (&1.0.into(), &2.into(), &3.into())
        );
    }

    #[test]
    fn a_hundred_and_first_metric_or_value_goes_on_another_line() {
        let all: Vec<_> = (0..101).map(|n| series(&format!("m{n}"), "x")).collect();
        let values: Vec<_> = (0..150).map(|n| (f64::from(n), 1)).collect();
        let data: Vec<_> = all
            .iter()
            .map(|series| Data {
                series,
                values: &values[..1],
            })
            .collect();
        let (first, written) = lines(&data);
        assert_eq!((written.lines, written.points, first.len()), (2, 101, 2));
        let data: Vec<_> = all[..10]
            .iter()
            .map(|series| Data {
                series,
                values: &values,
            })
            .collect();
        let (second, written) = lines(&data);
        // First hundreds share a line, and so do the rests.
        assert_eq!((written.lines, written.points, second.len()), (2, 1500, 2));
    }

    #[test]
    fn two_units_of_one_name_stand_on_two_lines() {
        let (a, mut b) = (series("A", "x"), series("A", "x"));
        b.unit = Unit::Bytes;
        let data = [&a, &b].map(|series| Data {
            series,
            values: &[(1.0, 1)],
        });
        assert_eq!(
            lines(&data).1,
            Written {
                lines: 2,
                points: 2,
                dropped: 0
            }
        );
    }

    proptest! {
        #[test]
        fn points_in_are_points_written_and_dropped_within_the_limits(
            input in prop::collection::vec(
                (0..130u32, 0..3u8, prop::collection::vec((any::<f64>(), 1..4u64), 1..230)), 0..40),
        ) {
            let all: Vec<_> =
                input.iter().map(|(n, d, v)| (series(&format!("m{n}"), &d.to_string()), v)).collect();
            let data: Vec<_> = all.iter().map(|(series, values)| Data { series, values }).collect();
            let (lines, written) = lines(&data);
            let total: u64 = input.iter().flat_map(|(_, _, v)| v).map(|(_, count)| count).sum();
            prop_assert_eq!(written.points + written.dropped, total);
            let mut seen = 0;
            for line in &lines {
                let directive = &line["_aws"]["CloudWatchMetrics"][0];
                let metrics = directive["Metrics"].as_array().unwrap();
                prop_assert!(metrics.len() <= 100 && line.to_string().len() < 256 * 1024);
                for metric in metrics {
                    seen += match &line[metric["Name"].as_str().unwrap()] {
                        Json::Number(_) => 1,
                        Json::Array(values) => {
                            prop_assert!(values.len() <= 100);
                            values.len() as u64
                        }
                        values => values["Counts"].as_array().unwrap().iter()
                            .map(|count| count.as_u64().unwrap()).sum(),
                    };
                }
            }
            prop_assert_eq!(seen, written.points);
        }
    }
}
