//! Operators. A point that only one side has reads as 0 on the other; a result
//! that is no finite number, such as a division by zero, makes no point.

use std::collections::BTreeSet;

use super::expr::Operator;
use super::scope::Value;
use crate::series::{Grid, Point, Series};

/// `-value`
pub(super) fn negate(value: Value) -> Value {
    match value {
        Value::Scalar(number) => Value::Scalar(-number),
        other => other.map(|s| keep(s, |v| -v)),
    }
}

/// `left operator right`
pub(super) fn binary(operator: Operator, left: Value, right: Value, grid: &Grid) -> Value {
    let f = move |a: f64, b: f64| apply(operator, a, b);
    match (left, right) {
        (Value::Scalar(a), Value::Scalar(b)) => Value::Scalar(f(a, b)),
        (Value::Scalar(a), series) => series.map(|s| keep(s, |b| f(a, b))),
        (series, Value::Scalar(b)) => series.map(|s| keep(s, |a| f(a, b))),
        (Value::Series(a), Value::Series(b)) => Value::Series(join(&a, &b, grid, f)),
        (Value::Array(all), Value::Series(b)) => Value::Array(each(all, |a| join(a, &b, grid, f))),
        (Value::Series(a), Value::Array(all)) => Value::Array(each(all, |b| join(&a, b, grid, f))),
        // The checker refuses two arrays.
        (Value::Array(_), Value::Array(_)) => Value::Array(Vec::new()),
    }
}

/// Combines each series of an array, which keeps its label and its metric.
fn each(all: Vec<Series>, f: impl Fn(&Series) -> Series) -> Vec<Series> {
    let combine = |series: Series| {
        let combined = f(&series);
        Series {
            points: combined.points,
            period: combined.period,
            ..series
        }
    };
    all.into_iter().map(combine).collect()
}

/// Applies a function to each value and keeps what is finite.
pub(super) fn keep(mut series: Series, f: impl Fn(f64) -> f64) -> Series {
    series.points.retain_mut(|point| {
        point.value = f(point.value);
        point.value.is_finite()
    });
    series
}

/// One operator on two numbers.
fn apply(operator: Operator, a: f64, b: f64) -> f64 {
    let truth = |yes: bool| f64::from(u8::from(yes));
    match operator {
        Operator::Or => truth(a != 0.0 || b != 0.0),
        Operator::And => truth(a != 0.0 && b != 0.0),
        Operator::Equal => truth(a == b),
        Operator::NotEqual => truth(a != b),
        Operator::Less => truth(a < b),
        Operator::LessOrEqual => truth(a <= b),
        Operator::Greater => truth(a > b),
        Operator::GreaterOrEqual => truth(a >= b),
        Operator::Add => a + b,
        Operator::Subtract => a - b,
        Operator::Multiply => a * b,
        Operator::Divide => a / b,
        Operator::Power => a.powf(b),
    }
}

/// Combines two series. Of two periods the longer one rules: points of the shorter
/// one count where such a period begins.
fn join(a: &Series, b: &Series, grid: &Grid, f: impl Fn(f64, f64) -> f64) -> Series {
    let period = a.period.max(b.period);
    let origin = grid.origin(period);
    let begins = |timestamp_ms: &i64| {
        a.period == b.period || (timestamp_ms - origin).rem_euclid(period.ms()) == 0
    };
    let times: BTreeSet<i64> = a
        .points
        .iter()
        .chain(&b.points)
        .map(|p| p.timestamp_ms)
        .filter(begins)
        .collect();
    let point = |timestamp_ms: i64| {
        let value = f(
            a.at(timestamp_ms).unwrap_or(0.0),
            b.at(timestamp_ms).unwrap_or(0.0),
        );
        value.is_finite().then_some(Point {
            timestamp_ms,
            value,
        })
    };
    Series {
        label: String::new(),
        period,
        points: times.into_iter().filter_map(point).collect(),
        source: None,
    }
}
