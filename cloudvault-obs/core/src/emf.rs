//! Embedded metric format: metrics as log lines, for where no extension is
//! attached or the journal is full.
//!
//! Source of the rules: AWS CloudWatch, "Specification: embedded metric format".
//! CloudWatch drops a line that breaks one of them without a word to its sender,
//! so the limits are kept here: at most 100 metrics a line and 100 values a
//! metric; what does not fit goes on another line. Each line carries `level` and
//! `timestamp` too, since Lambda's own filter judges lines by them.

use crate::{
    json,
    metric::{Series, value_is_valid},
    time,
};

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

const MAX_METRICS: usize = 100;
const MAX_VALUES: usize = 100;
/// A line stays well below the smallest limit on a log event, 256 KB.
const MAX_BYTES: usize = 160 * 1024;

/// Appends `data` as lines of the embedded metric format, each ended by `\n`.
pub fn write_lines(out: &mut Vec<u8>, timestamp_ms: i64, data: &[Data<'_>]) -> Written {
    let mut written = Written::default();
    let mut pieces = pieces(data, &mut written);
    // Lines are filled group by group; the order within a group is the caller's.
    pieces.sort_by(|a, b| group(a.series).cmp(&group(b.series)));
    let mut rest = pieces.as_slice();
    while !rest.is_empty() {
        let count = fitting(rest);
        let (line, later) = rest.split_at(count);
        write_line(out, timestamp_ms, line);
        written.lines += 1;
        written.points += line.iter().map(Piece::points).sum::<u64>();
        rest = later;
    }
    written
}

/// At most 100 values of one series.
struct Piece<'a> {
    series: &'a Series,
    values: Vec<(f64, u64)>,
}

impl Piece<'_> {
    fn points(&self) -> u64 {
        self.values.iter().map(|(_, count)| count).sum()
    }

    /// A bound on what the piece adds to a line.
    fn bytes(&self) -> usize {
        self.series.name.len() * 12 + 128 + self.values.len() * 48
    }
}

fn pieces<'a>(data: &[Data<'a>], written: &mut Written) -> Vec<Piece<'a>> {
    let mut pieces = Vec::with_capacity(data.len());
    for Data { series, values } in data {
        let expressible = series.name != "_aws"
            && series
                .dimensions
                .iter()
                .all(|(name, _)| *name != series.name && name != "_aws");
        let (good, bad): (Vec<_>, Vec<_>) = values
            .iter()
            .partition(|(value, _)| expressible && value_is_valid(*value));
        written.dropped += bad.iter().map(|(_, count)| count).sum::<u64>();
        for values in good.chunks(MAX_VALUES) {
            pieces.push(Piece {
                series,
                values: values.to_vec(),
            });
        }
    }
    pieces
}

fn group(series: &Series) -> (&str, &[(String, String)]) {
    (&series.namespace, &series.dimensions)
}

/// How many of the first pieces go on one line: those of one group, each name
/// once, within the limits.
fn fitting(pieces: &[Piece<'_>]) -> usize {
    let mut bytes = 0;
    for (index, piece) in pieces.iter().enumerate() {
        bytes += piece.bytes();
        let same_group = group(piece.series) == group(pieces[0].series);
        let named = pieces[..index]
            .iter()
            .any(|other| other.series.name == piece.series.name);
        if index > 0 && (!same_group || named || index == MAX_METRICS || bytes > MAX_BYTES) {
            return index;
        }
    }
    pieces.len()
}

fn write_line(out: &mut Vec<u8>, timestamp_ms: i64, line: &[Piece<'_>]) {
    let Series {
        namespace,
        dimensions,
        ..
    } = line[0].series;
    out.extend_from_slice(b"{\"_aws\":{\"Timestamp\":");
    json::integer(out, timestamp_ms);
    out.extend_from_slice(b",\"CloudWatchMetrics\":[{\"Namespace\":");
    json::string(out, namespace);
    out.extend_from_slice(b",\"Dimensions\":[[");
    for (index, (name, _)) in dimensions.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        json::string(out, name);
    }
    out.extend_from_slice(b"]],\"Metrics\":[");
    for (index, piece) in line.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_definition(out, piece.series);
    }
    out.extend_from_slice(b"]}]}");
    let taken = |key: &str| {
        dimensions.iter().any(|(name, _)| name == key)
            || line.iter().any(|piece| piece.series.name == key)
    };
    if !taken("level") {
        out.extend_from_slice(b",\"level\":\"INFO\"");
    }
    if !taken("timestamp") {
        out.extend_from_slice(b",\"timestamp\":\"");
        time::rfc3339(out, timestamp_ms);
        out.push(b'"');
    }
    for (name, value) in dimensions {
        json::key(out, name);
        json::string(out, value);
    }
    for piece in line {
        json::key(out, &piece.series.name);
        write_values(out, &piece.values);
    }
    out.extend_from_slice(b"}\n");
}

fn write_definition(out: &mut Vec<u8>, series: &Series) {
    out.extend_from_slice(b"{\"Name\":");
    json::string(out, &series.name);
    out.extend_from_slice(b",\"Unit\":");
    json::string(out, series.unit.as_str());
    out.extend_from_slice(b",\"StorageResolution\":");
    json::integer(out, series.resolution.seconds());
    out.push(b'}');
}

fn write_values(out: &mut Vec<u8>, values: &[(f64, u64)]) {
    if values.iter().all(|&(_, count)| count == 1) {
        if let [(value, _)] = values {
            return json::float(out, *value);
        }
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
