//! Evaluates checked expressions against the values of a call's ids.

use std::collections::BTreeMap;

use super::check::keyword;
use super::error::MathError;
use super::expr::{Expr, Kind};
use super::function::Function;
use super::{operate, reduce, shape};
use crate::metric::MetricSource;
use crate::series::{Grid, MAX_DATAPOINTS, Period, Point, Series};

/// What an expression came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number; NaN where arithmetic had no answer, which then makes no point.
    Scalar(f64),
    /// A series.
    Series(Series),
    /// An array of series.
    Array(Vec<Series>),
}

impl Value {
    /// Its series: none of a number.
    pub fn into_series(self) -> Vec<Series> {
        match self {
            Value::Scalar(_) => Vec::new(),
            Value::Series(series) => vec![series],
            Value::Array(all) => all,
        }
    }

    /// Applies a function to the series or to each of an array.
    pub(super) fn map(self, mut f: impl FnMut(Series) -> Series) -> Value {
        match self {
            Value::Scalar(number) => Value::Scalar(number),
            Value::Series(series) => Value::Series(f(series)),
            Value::Array(all) => Value::Array(all.into_iter().map(f).collect()),
        }
    }

    /// The number, if it is one.
    pub(super) fn scalar(&self) -> f64 {
        match self {
            Value::Scalar(number) => *number,
            Value::Series(_) | Value::Array(_) => f64::NAN,
        }
    }

    /// Gives the result of a query its label. The series of an array keep their own
    /// beside it, since one label for all would tell none of them apart.
    pub(crate) fn named(self, id: &str, label: Option<&str>) -> Value {
        match self {
            Value::Scalar(number) => Value::Scalar(number),
            Value::Series(mut series) => {
                series.label = label.map_or_else(|| id.to_owned(), |l| l.replace("${LABEL}", id));
                Value::Series(series)
            }
            Value::Array(all) => Value::Array(
                all.into_iter()
                    .map(|series| named_in_array(series, label))
                    .collect(),
            ),
        }
    }
}

/// The label of one series of an array.
fn named_in_array(mut series: Series, label: Option<&str>) -> Series {
    series.label = match label {
        None | Some("") => series.label,
        Some(label) if label.contains("${") => label.replace("${LABEL}", &series.label),
        Some(label) => format!("{label} {}", series.label),
    };
    series
}

/// The ids of a call, what they stand for, and where more data comes from.
pub struct Scope<'a> {
    pub(super) grid: Grid,
    pub(super) source: &'a dyn MetricSource,
    pub(super) period: Period,
    values: BTreeMap<String, Value>,
    /// Ids of metrics in the order of the call, which `METRICS()` keeps.
    metrics: Vec<String>,
}

impl<'a> Scope<'a> {
    /// A scope without ids.
    pub fn new(grid: Grid, source: &'a dyn MetricSource) -> Self {
        Self {
            grid,
            source,
            period: Period::at_least(300),
            values: BTreeMap::new(),
            metrics: Vec::new(),
        }
    }

    /// Says what an id stands for that is a metric.
    pub fn define_metric(&mut self, id: &str, series: Series) {
        self.metrics.push(id.to_owned());
        self.values.insert(id.to_owned(), Value::Series(series));
    }

    /// Says what an id stands for that is an expression.
    pub fn define(&mut self, id: &str, value: Value) {
        self.values.insert(id.to_owned(), value);
    }

    /// Sets the period of series that an expression makes up itself.
    pub fn set_period(&mut self, period: Period) {
        self.period = period;
    }

    /// Takes the value of an id out.
    pub fn take(&mut self, id: &str) -> Option<Value> {
        self.values.remove(id)
    }

    /// Evaluates an expression that [`check`](super::check) accepted.
    ///
    /// # Errors
    /// When it would make more points than one call may return, or was not checked.
    pub fn evaluate(&self, expr: &Expr) -> Result<Value, MathError> {
        match &expr.kind {
            Kind::Number(number) => Ok(Value::Scalar(*number)),
            Kind::Text(_) => Err(MathError::new(expr.at, "a text has no value")),
            Kind::Name(name) => {
                let value = self.values.get(name).cloned();
                value
                    .ok_or_else(|| MathError::new(expr.at, format!("no query has the id `{name}`")))
            }
            Kind::Array(parts) => {
                let mut all = Vec::with_capacity(parts.len());
                for part in parts {
                    all.extend(self.evaluate(part)?.into_series());
                }
                Ok(Value::Array(all))
            }
            Kind::Negate(inner) => Ok(operate::negate(self.evaluate(inner)?)),
            Kind::Binary(operator, left, right) => {
                let (left, right) = (self.evaluate(left)?, self.evaluate(right)?);
                Ok(operate::binary(*operator, left, right, &self.grid))
            }
            Kind::Call(function, arguments) => self.call(expr.at, *function, arguments),
        }
    }

    /// The value of a call's argument.
    fn argument(&self, at: usize, arguments: &[Expr], index: usize) -> Result<Value, MathError> {
        match arguments.get(index) {
            Some(expr) => self.evaluate(expr),
            None => Err(MathError::new(at, "an argument is missing")),
        }
    }

    /// Evaluates a call whose points come from its first argument, else hands it on.
    fn call(&self, at: usize, function: Function, arguments: &[Expr]) -> Result<Value, MathError> {
        use Function as F;
        let first = || self.argument(at, arguments, 0);
        Ok(match function {
            F::Abs | F::Ceil | F::Floor | F::Log | F::Log10 => {
                first()?.map(|s| shape::pointwise(function, s))
            }
            F::Diff | F::DiffTime | F::Rate | F::RunningSum => {
                first()?.map(|s| shape::step(function, s))
            }
            F::Minute | F::Hour | F::Day | F::Date | F::Month | F::Year | F::Epoch => {
                self.calendar(at, function, first()?)?
            }
            F::Avg | F::Max | F::Min | F::Sum | F::Stddev | F::DatapointCount => {
                reduce::reduce(function, first()?, self.period)
            }
            F::First => Value::Series(self.or_empty(first()?.into_series().into_iter().next())),
            F::Last => Value::Series(self.or_empty(first()?.into_series().pop())),
            F::MetricCount => Value::Scalar(first()?.into_series().len() as f64),
            F::TimeSeries => Value::Series(self.constant(at, first()?.scalar())?),
            F::Period => match first()? {
                Value::Series(series) => Value::Scalar(f64::from(series.period.seconds())),
                Value::Scalar(_) | Value::Array(_) => Value::Scalar(f64::NAN),
            },
            F::RemoveEmpty | F::Fill | F::Slice | F::Sort | F::If | F::Metrics | F::Search => {
                self.arrange(at, function, arguments)?
            }
        })
    }

    /// Evaluates a call that fills, chooses, orders or finds series.
    fn arrange(
        &self,
        at: usize,
        function: Function,
        arguments: &[Expr],
    ) -> Result<Value, MathError> {
        use Function as F;
        let argument = |index: usize| self.argument(at, arguments, index);
        Ok(match function {
            F::RemoveEmpty => {
                let all = argument(0)?.into_series().into_iter();
                Value::Array(all.filter(|s| !s.points.is_empty()).collect())
            }
            F::Fill => self.fill(at, arguments)?,
            F::Slice => {
                let end = if arguments.len() > 2 {
                    argument(2)?.scalar()
                } else {
                    f64::INFINITY
                };
                Value::Array(shape::slice(
                    argument(0)?.into_series(),
                    argument(1)?.scalar(),
                    end,
                ))
            }
            F::Sort => {
                let words = ["AVG", "MIN", "MAX", "SUM"];
                let by = arguments
                    .get(1)
                    .and_then(|a| keyword(a, &words))
                    .unwrap_or("AVG");
                let descending = arguments
                    .get(2)
                    .is_some_and(|a| keyword(a, &["DESC"]).is_some());
                let limit = if arguments.len() > 3 {
                    argument(3)?.scalar()
                } else {
                    f64::INFINITY
                };
                let sorted = reduce::sort(argument(0)?.into_series(), by, descending);
                Value::Array(shape::slice(sorted, 0.0, limit))
            }
            F::If => {
                let otherwise = if arguments.len() > 2 {
                    Some(argument(2)?)
                } else {
                    None
                };
                shape::choose(argument(0)?, argument(1)?, otherwise, || self.empty())
            }
            F::Metrics => self.metrics(arguments),
            _ => self.search(at, arguments)?,
        })
    }

    /// A part of the time of every period.
    fn calendar(&self, at: usize, function: Function, of: Value) -> Result<Value, MathError> {
        let Value::Series(series) = of else {
            return Err(MathError::new(at, "expected a time series"));
        };
        self.check_slots(at, series.period)?;
        let slots = self.grid.slots(series.period);
        Ok(Value::Series(shape::calendar(function, series, slots)))
    }

    /// A series without points.
    fn empty(&self) -> Series {
        Series {
            label: String::new(),
            period: self.period,
            points: Vec::new(),
            source: None,
        }
    }

    fn or_empty(&self, series: Option<Series>) -> Series {
        series.unwrap_or_else(|| self.empty())
    }

    /// A series with the same value in every period.
    fn constant(&self, at: usize, value: f64) -> Result<Series, MathError> {
        self.check_slots(at, self.period)?;
        let points = self.grid.slots(self.period).filter(|_| value.is_finite());
        let points = points
            .map(|timestamp_ms| Point {
                timestamp_ms,
                value,
            })
            .collect();
        Ok(Series {
            points,
            ..self.empty()
        })
    }

    /// Refuses to make up more points than a call may return.
    fn check_slots(&self, at: usize, period: Period) -> Result<(), MathError> {
        let slots = self.grid.count(period);
        if slots > MAX_DATAPOINTS as i64 {
            return Err(MathError::new(
                at,
                format!("the range has {slots} periods, at most {MAX_DATAPOINTS} can be filled"),
            ));
        }
        Ok(())
    }

    /// `FILL(ts, S | ts | REPEAT | LINEAR)`
    fn fill(&self, at: usize, arguments: &[Expr]) -> Result<Value, MathError> {
        let target = self.evaluate(&arguments[0])?;
        let with = match keyword(&arguments[1], &["REPEAT", "LINEAR"]) {
            Some("REPEAT") => shape::Filler::Repeat,
            Some(_) => shape::Filler::Linear,
            None => match self.evaluate(&arguments[1])? {
                Value::Series(series) => shape::Filler::Series(series),
                other => shape::Filler::Scalar(other.scalar()),
            },
        };
        let mut left = MAX_DATAPOINTS as i64;
        let all = match &target {
            Value::Array(all) => all.as_slice(),
            Value::Series(series) => std::slice::from_ref(series),
            Value::Scalar(_) => &[],
        };
        for series in all {
            self.check_slots(at, series.period)?;
            left -= self.grid.count(series.period);
        }
        if left < 0 {
            return Err(MathError::new(
                at,
                format!("FILL would make more than {MAX_DATAPOINTS} points"),
            ));
        }
        Ok(target.map(|series| {
            let slots = self.grid.slots(series.period).collect::<Vec<_>>();
            shape::fill(series, &slots, &with)
        }))
    }

    /// `METRICS(["part of the ids"])`
    fn metrics(&self, arguments: &[Expr]) -> Value {
        let part = match arguments.first().map(|a| &a.kind) {
            Some(Kind::Text(text)) => text.as_str(),
            _ => "",
        };
        let ids = self.metrics.iter().filter(|id| id.contains(part));
        let series = ids.filter_map(|id| self.values.get(id).cloned());
        Value::Array(series.flat_map(Value::into_series).collect())
    }
}
