//! Functions that change the points of a series, and `FILL`, `SLICE` and `IF`.

use std::collections::BTreeSet;

use super::function::Function;
use super::operate::keep;
use super::scope::Value;
use crate::series::{Point, Series};
use crate::time::civil;

/// `ABS CEIL FLOOR LOG LOG10`
pub(super) fn pointwise(function: Function, series: Series) -> Series {
    keep(series, |value| match function {
        Function::Abs => value.abs(),
        Function::Ceil => value.ceil(),
        Function::Floor => value.floor(),
        Function::Log => value.ln(),
        _ => value.log10(),
    })
}

/// `DIFF DIFF_TIME RATE RUNNING_SUM`; the first point has no previous one.
pub(super) fn step(function: Function, mut series: Series) -> Series {
    if function == Function::RunningSum {
        let mut sum = 0.0;
        return keep_each(series, |point| {
            sum += point.value;
            sum
        });
    }
    let step = |pair: &[Point]| {
        let seconds = (pair[1].timestamp_ms - pair[0].timestamp_ms) as f64 / 1000.0;
        let difference = pair[1].value - pair[0].value;
        let value = match function {
            Function::Diff => difference,
            Function::DiffTime => seconds,
            _ => difference / seconds,
        };
        value.is_finite().then_some(Point {
            timestamp_ms: pair[1].timestamp_ms,
            value,
        })
    };
    series.points = series.points.windows(2).filter_map(step).collect();
    series
}

/// `MINUTE HOUR DAY DATE MONTH YEAR EPOCH`, UTC: of a series they take the periods, gaps
/// included, and not the values.
pub(super) fn calendar(
    function: Function,
    series: Series,
    slots: impl Iterator<Item = i64>,
) -> Series {
    let value = |timestamp_ms: i64| {
        let parts = civil(timestamp_ms);
        match function {
            Function::Minute => f64::from(parts.minute),
            Function::Hour => f64::from(parts.hour),
            Function::Day => f64::from(parts.weekday),
            Function::Date => f64::from(parts.day),
            Function::Month => f64::from(parts.month),
            Function::Year => parts.year as f64,
            _ => timestamp_ms.div_euclid(1000) as f64,
        }
    };
    let points = slots.map(|timestamp_ms| Point {
        timestamp_ms,
        value: value(timestamp_ms),
    });
    Series {
        points: points.collect(),
        ..series
    }
}

/// Applies a function to each point and keeps what is finite.
fn keep_each(mut series: Series, mut f: impl FnMut(&Point) -> f64) -> Series {
    series.points.retain_mut(|point| {
        point.value = f(point);
        point.value.is_finite()
    });
    series
}

/// What `FILL` puts where a point is missing.
pub(super) enum Filler {
    /// Always this number.
    Scalar(f64),
    /// What another series has there.
    Series(Series),
    /// The previous point again; nothing before the first.
    Repeat,
    /// What a line between the neighbours has; nothing outside the first and last.
    Linear,
}

/// `FILL`
pub(super) fn fill(mut series: Series, slots: &[i64], with: &Filler) -> Series {
    let mut filled = Vec::with_capacity(slots.len());
    let mut next = 0;
    for timestamp_ms in slots.iter().copied() {
        while next < series.points.len() && series.points[next].timestamp_ms < timestamp_ms {
            next += 1;
        }
        let value = match series
            .points
            .get(next)
            .filter(|p| p.timestamp_ms == timestamp_ms)
        {
            Some(point) => Some(point.value),
            None => missing(&series.points, next, timestamp_ms, with),
        };
        let value = value.filter(|v| v.is_finite());
        filled.extend(value.map(|value| Point {
            timestamp_ms,
            value,
        }));
    }
    series.points = filled;
    series
}

/// The value of a missing point before the point `next`.
fn missing(points: &[Point], next: usize, timestamp_ms: i64, with: &Filler) -> Option<f64> {
    let before = next.checked_sub(1).and_then(|i| points.get(i));
    match with {
        Filler::Scalar(value) => Some(*value),
        Filler::Series(other) => other.at(timestamp_ms),
        Filler::Repeat => before.map(|p| p.value),
        Filler::Linear => {
            let (a, b) = (before?, points.get(next)?);
            let share =
                (timestamp_ms - a.timestamp_ms) as f64 / (b.timestamp_ms - a.timestamp_ms) as f64;
            Some(a.value + share * (b.value - a.value))
        }
    }
}

/// `SLICE`: from the start, included, to the end, not included; zero-based.
pub(super) fn slice(all: Vec<Series>, start: f64, end: f64) -> Vec<Series> {
    let clamp = |n: f64| {
        if n.is_nan() {
            0
        } else {
            n.clamp(0.0, all.len() as f64) as usize
        }
    };
    let (start, end) = (clamp(start), clamp(end));
    all.into_iter().take(end).skip(start).collect()
}

/// `IF(condition, then[, otherwise])`
pub(super) fn choose(
    condition: Value,
    then: Value,
    otherwise: Option<Value>,
    empty: impl Fn() -> Series,
) -> Value {
    let condition = match condition {
        Value::Series(series) => series,
        scalar => {
            let is_true = scalar.scalar() != 0.0;
            return choose_whole(is_true, then, otherwise, empty);
        }
    };
    let value_of = |condition: &Point| {
        let at = condition.timestamp_ms;
        let there = |value: &Value| match value {
            Value::Series(series) => series.at(at),
            scalar => Some(scalar.scalar()),
        };
        if condition.value != 0.0 {
            // Where the condition holds and the series has no point, it counts 0.
            return Some(there(&then).unwrap_or(0.0));
        }
        let chosen = otherwise.as_ref()?;
        // Where it does not hold, a missing point counts 0 only beside a real point
        // of the other series: so the three documented examples have it.
        let beside = matches!(&then, Value::Series(series) if series.at(at).is_some());
        there(chosen).or(beside.then_some(0.0))
    };
    let point = |c: &Point| {
        let value = value_of(c).filter(|v| v.is_finite())?;
        Some(Point {
            timestamp_ms: c.timestamp_ms,
            value,
        })
    };
    let points = condition.points.iter().filter_map(point).collect();
    Value::Series(Series {
        label: String::new(),
        period: condition.period,
        points,
        source: None,
    })
}

/// `IF` whose condition is one number: one result or the other as a whole.
fn choose_whole(
    is_true: bool,
    then: Value,
    otherwise: Option<Value>,
    empty: impl Fn() -> Series,
) -> Value {
    let is_scalar = |v: &Value| matches!(v, Value::Scalar(_));
    // Beside a series a number means that number at every point of the series.
    let times: Option<BTreeSet<i64>> = match (&then, &otherwise) {
        (Value::Series(s), Some(o)) if is_scalar(o) => {
            Some(s.points.iter().map(|p| p.timestamp_ms).collect())
        }
        (t, Some(Value::Series(s))) if is_scalar(t) => {
            Some(s.points.iter().map(|p| p.timestamp_ms).collect())
        }
        _ => None,
    };
    let fallback = match &then {
        Value::Array(_) => Value::Array(Vec::new()),
        Value::Series(_) => Value::Series(empty()),
        Value::Scalar(_) => Value::Scalar(f64::NAN),
    };
    let chosen = if is_true {
        then
    } else {
        otherwise.unwrap_or(fallback)
    };
    match (chosen, times) {
        (Value::Scalar(value), Some(times)) => {
            let points = times.into_iter().map(|timestamp_ms| Point {
                timestamp_ms,
                value,
            });
            Value::Series(Series {
                points: points.collect(),
                ..empty()
            })
        }
        (chosen, _) => chosen,
    }
}
