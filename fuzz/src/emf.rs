//! What must hold for lines of embedded metric format, whatever the series.

use cloudvault_obs_core::{
    emf::{self, Data},
    metric::{Kind, Resolution, Series, Unit, value_is_valid},
};
use serde_json::Value;

/// Writes series that CloudWatch would take, with values taken from `data`.
///
/// # Panics
///
/// When a line does not parse or is over a limit, or a point is neither on a line
/// nor counted as dropped.
pub(crate) fn lines(data: &[u8]) {
    let mut recorded = Vec::new();
    for piece in data.split(|byte| *byte == b';').take(300) {
        let (head, rest) = piece.split_at(piece.len().min(3));
        let (name, rest) = rest.split_at(rest.len() / 3);
        let (dimension, rest) = rest.split_at(rest.len() / 2);
        let code = |index: usize| head.get(index).copied().unwrap_or_default();
        let series = Series {
            namespace: format!("N{}", code(0) % 3),
            name: String::from_utf8_lossy(name).into_owned(),
            dimensions: vec![
                ("service".to_owned(), "s".to_owned()),
                (
                    format!("d{}", code(1) % 4),
                    String::from_utf8_lossy(dimension).into_owned(),
                ),
            ],
            unit: Unit::ALL[usize::from(code(1)) % Unit::ALL.len()],
            resolution: if code(2) & 1 == 1 {
                Resolution::High
            } else {
                Resolution::Standard
            },
            kind: Kind::Histogram,
        };
        if series.check().is_ok() {
            recorded.push((series, values(rest)));
        }
    }
    let data: Vec<_> = recorded
        .iter()
        .map(|(series, values)| Data { series, values })
        .collect();
    let mut out = Vec::new();
    let written = emf::write_lines(&mut out, 1_795_405_294_506, &data);
    let points: u64 = recorded
        .iter()
        .flat_map(|(_, values)| values)
        .map(|(_, count)| count)
        .sum();
    assert_eq!(written.points + written.dropped, points);
    let lines: Vec<_> = out.split_inclusive(|byte| *byte == b'\n').collect();
    assert_eq!(lines.len() as u64, written.lines);
    assert_eq!(lines.into_iter().map(check).sum::<u64>(), written.points);
}

/// Each eight bytes a value, and a count from its last one.
fn values(bytes: &[u8]) -> Vec<(f64, u64)> {
    let value = |bytes: &[u8]| {
        let mut bits = [0; 8];
        bits[..bytes.len()].copy_from_slice(bytes);
        (
            f64::from_bits(u64::from_le_bytes(bits)),
            u64::from(bits[7] % 3) + 1,
        )
    };
    bytes.chunks(8).map(value).collect()
}

/// The points on a line that keeps every limit.
fn check(line: &[u8]) -> u64 {
    assert!(line.len() <= 256 * 1024, "{} bytes", line.len());
    let line: Value = serde_json::from_slice(line).expect("a line parses");
    let directive = &line["_aws"]["CloudWatchMetrics"][0];
    for name in directive["Dimensions"][0].as_array().expect("a set") {
        let value = &line[name.as_str().expect("a name")];
        assert!(
            value.as_str().is_some_and(|value| !value.is_empty()),
            "{name} is {value}"
        );
    }
    let metrics = directive["Metrics"].as_array().expect("metrics");
    assert!((1..=100).contains(&metrics.len()));
    let of = |metric: &Value| points(&line[metric["Name"].as_str().expect("a name")]);
    metrics.iter().map(of).sum()
}

fn points(member: &Value) -> u64 {
    let number = |value: &Value| {
        let number = value.as_f64().expect("a number");
        assert!(value_is_valid(number), "{number}");
        1
    };
    match member {
        Value::Object(pair) => {
            let values = pair["Values"].as_array().expect("values");
            let counts = pair["Counts"].as_array().expect("counts");
            assert!(values.len() == counts.len() && values.len() <= 100);
            values.iter().for_each(|value| assert_eq!(number(value), 1));
            counts.iter().filter_map(Value::as_u64).sum()
        }
        Value::Array(values) => {
            assert!(values.len() <= 100);
            values.iter().map(number).sum()
        }
        one => number(one),
    }
}
