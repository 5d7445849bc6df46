//! A series to one number, and an array of series to one series point by point.

use std::collections::BTreeMap;

use super::function::Function;
use super::scope::Value;
use crate::series::{Period, Point, Series};

/// `AVG MAX MIN SUM STDDEV DATAPOINT_COUNT`
pub(super) fn reduce(function: Function, value: Value, period: Period) -> Value {
    match value {
        Value::Scalar(number) => Value::Scalar(number),
        Value::Series(series) => {
            let values: Vec<f64> = series.values().collect();
            Value::Scalar(number(function, &values, values.len()).unwrap_or(f64::NAN))
        }
        Value::Array(all) => Value::Series(across(function, &all, period)),
    }
}

/// The number of some values. `members` is how many there would be without gaps.
fn number(function: Function, values: &[f64], members: usize) -> Option<f64> {
    if function == Function::DatapointCount {
        return Some(values.len() as f64);
    }
    let first = *values.first()?;
    let sum: f64 = values.iter().sum();
    Some(match function {
        Function::Sum => sum,
        // Documented: in an array a missing point counts as 0 in the average.
        Function::Avg => sum / members as f64,
        Function::Max => values.iter().copied().fold(first, f64::max),
        Function::Min => values.iter().copied().fold(first, f64::min),
        _ => {
            let mean = sum / values.len() as f64;
            let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
            (squares / values.len() as f64).sqrt()
        }
    })
}

/// One series out of an array: at each time that any of them has.
fn across(function: Function, all: &[Series], period: Period) -> Series {
    let mut columns: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
    for point in all.iter().flat_map(|s| &s.points) {
        columns
            .entry(point.timestamp_ms)
            .or_default()
            .push(point.value);
    }
    let point = |(timestamp_ms, values): (i64, Vec<f64>)| {
        let value = number(function, &values, all.len()).filter(|v| v.is_finite())?;
        Some(Point {
            timestamp_ms,
            value,
        })
    };
    Series {
        label: String::new(),
        period: all.iter().map(|s| s.period).max().unwrap_or(period),
        points: columns.into_iter().filter_map(point).collect(),
        source: None,
    }
}

/// `SORT`: series without points come last, equal ones keep their order.
pub(super) fn sort(all: Vec<Series>, by: &str, descending: bool) -> Vec<Series> {
    let function = match by {
        "MIN" => Function::Min,
        "MAX" => Function::Max,
        "SUM" => Function::Sum,
        _ => Function::Avg,
    };
    let key = |series: &Series| {
        let values: Vec<f64> = series.values().collect();
        let key = number(function, &values, values.len());
        key.map(|k| if descending { -k } else { k })
    };
    let mut keyed: Vec<(Option<f64>, Series)> = all.into_iter().map(|s| (key(&s), s)).collect();
    keyed.sort_by(|(a, _), (b, _)| match (a, b) {
        (Some(a), Some(b)) => a.total_cmp(b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    });
    keyed.into_iter().map(|(_, series)| series).collect()
}
