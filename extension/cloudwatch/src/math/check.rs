//! The types of an expression: a number, a series or an array of series.

use std::collections::BTreeMap;
use std::fmt;

use super::error::MathError;
use super::expr::{Expr, Kind};
use super::function::Function;
use crate::near;
use crate::search::Search;
use crate::series::Period;
use crate::statistic::Statistic;

/// What an expression gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// S: one number.
    Scalar,
    /// TS: a time series.
    Series,
    /// TS[]: an array of them.
    Array,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Type::Scalar => "a number",
            Type::Series => "a time series",
            Type::Array => "an array of time series",
        })
    }
}

/// What the ids of a call stand for.
#[derive(Debug, Clone, Default)]
pub struct Types {
    ids: BTreeMap<String, (Type, Origin)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Metric,
    Expression,
}

impl Types {
    /// An id that is a metric.
    pub fn metric(&mut self, id: &str) {
        self.ids
            .insert(id.to_owned(), (Type::Series, Origin::Metric));
    }

    /// The type of an id.
    pub fn of(&self, id: &str) -> Option<Type> {
        self.ids.get(id).map(|(found, _)| *found)
    }

    /// An id that is an expression of this type.
    pub fn expression(&mut self, id: &str, found: Type) {
        self.ids.insert(id.to_owned(), (found, Origin::Expression));
    }
}

/// Checks an expression and gives its type.
///
/// # Errors
/// Where an id is unknown, a type does not fit or an argument is missing.
pub fn check(expr: &Expr, types: &Types) -> Result<Type, MathError> {
    match &expr.kind {
        Kind::Number(_) => Ok(Type::Scalar),
        Kind::Text(_) => Err(MathError::new(
            expr.at,
            "a text can only be an argument of SEARCH or METRICS",
        )),
        Kind::Name(name) => match types.ids.get(name) {
            Some((found, _)) => Ok(*found),
            None => Err(unknown(expr.at, name, types)),
        },
        Kind::Array(parts) => {
            // An array in an array adds its series: [METRICS("4xx"), METRICS("5xx")].
            for part in parts {
                if check(part, types)? != Type::Array {
                    expect(part, types, &[Type::Series])?;
                }
            }
            Ok(Type::Array)
        }
        Kind::Negate(inner) => check(inner, types),
        Kind::Binary(_, left, right) => match (check(left, types)?, check(right, types)?) {
            (Type::Array, Type::Array) => Err(MathError::new(
                expr.at,
                "two arrays of time series cannot be combined by an operator; reduce one of them first, such as with SUM",
            )),
            (Type::Array, _) | (_, Type::Array) => Ok(Type::Array),
            (Type::Series, _) | (_, Type::Series) => Ok(Type::Series),
            (Type::Scalar, Type::Scalar) => Ok(Type::Scalar),
        },
        Kind::Call(function, arguments) => call(expr.at, *function, arguments, types),
    }
}

/// An id that no query has.
fn unknown(at: usize, name: &str, types: &Types) -> MathError {
    let hint = near::hint(name, types.ids.keys().map(String::as_str));
    let name: String = name.chars().take(64).collect();
    MathError::new(at, format!("no query has the id `{name}`{hint}"))
}

/// Checks an expression and that its type is among those allowed.
fn expect(expr: &Expr, types: &Types, allowed: &[Type]) -> Result<Type, MathError> {
    let found = check(expr, types)?;
    if allowed.contains(&found) {
        return Ok(found);
    }
    let allowed: Vec<String> = allowed.iter().map(Type::to_string).collect();
    Err(MathError::new(
        expr.at,
        format!("expected {}, found {found}", allowed.join(" or ")),
    ))
}

const ANY_SERIES: [Type; 2] = [Type::Series, Type::Array];

/// Checks a call.
fn call(
    at: usize,
    function: Function,
    arguments: &[Expr],
    types: &Types,
) -> Result<Type, MathError> {
    use Function as F;
    count(at, function, arguments)?;
    let first = |allowed: &[Type]| expect(&arguments[0], types, allowed);
    match function {
        F::Abs
        | F::Ceil
        | F::Floor
        | F::Log
        | F::Log10
        | F::Diff
        | F::DiffTime
        | F::Rate
        | F::RunningSum => first(&ANY_SERIES),
        F::Minute | F::Hour | F::Day | F::Date | F::Month | F::Year | F::Epoch => {
            first(&[Type::Series])
        }
        F::Avg | F::Max | F::Min | F::Sum | F::Stddev | F::DatapointCount => {
            Ok(match first(&ANY_SERIES)? {
                Type::Array => Type::Series,
                _ => Type::Scalar,
            })
        }
        F::RemoveEmpty => first(&[Type::Array]),
        F::First | F::Last => first(&[Type::Array]).map(|_| Type::Series),
        F::MetricCount => first(&[Type::Array]).map(|_| Type::Scalar),
        F::TimeSeries => first(&[Type::Scalar]).map(|_| Type::Series),
        F::Fill => {
            let found = first(&ANY_SERIES)?;
            match keyword(&arguments[1], &["REPEAT", "LINEAR"]) {
                Some(_) => Ok(found),
                None => expect(&arguments[1], types, &[Type::Scalar, Type::Series]).map(|_| found),
            }
        }
        F::Slice => {
            for bound in &arguments[1..] {
                expect(bound, types, &[Type::Scalar])?;
            }
            first(&[Type::Array])
        }
        F::Sort => sort(arguments, types),
        F::If => condition(arguments, types),
        F::Metrics => match arguments.first().map(|a| (&a.kind, a.at)) {
            None | Some((Kind::Text(_), _)) => Ok(Type::Array),
            Some((_, at)) => Err(MathError::new(
                at,
                "expected a text: the part that the ids have in common",
            )),
        },
        F::Period => period(&arguments[0], types),
        F::Search => search(arguments),
    }
}

/// How many arguments a function takes.
fn count(at: usize, function: Function, arguments: &[Expr]) -> Result<(), MathError> {
    use Function as F;
    let (least, most) = match function {
        F::Metrics => (0, 1),
        F::Fill => (2, 2),
        F::Slice | F::If | F::Search => (2, 3),
        F::Sort => (3, 4),
        _ => (1, 1),
    };
    let found = arguments.len();
    if (least..=most).contains(&found) || (function == F::Slice && found == 2) {
        return Ok(());
    }
    let expected = if least == most {
        format!("{least}")
    } else {
        format!("{least} to {most}")
    };
    Err(MathError::new(
        at,
        format!(
            "{} takes {expected} arguments, found {found}",
            function.name()
        ),
    ))
}

/// The keyword that an argument is, if it is one of those.
pub(super) fn keyword(expr: &Expr, known: &[&'static str]) -> Option<&'static str> {
    match &expr.kind {
        Kind::Name(name) => known.iter().find(|k| *k == name).copied(),
        _ => None,
    }
}

/// `SORT(TS[], AVG|MIN|MAX|SUM, ASC|DESC[, n])`
fn sort(arguments: &[Expr], types: &Types) -> Result<Type, MathError> {
    for (index, known) in [
        (1, &["AVG", "MIN", "MAX", "SUM"][..]),
        (2, &["ASC", "DESC"][..]),
    ] {
        if keyword(&arguments[index], known).is_none() {
            return Err(MathError::new(
                arguments[index].at,
                format!("expected {}", known.join(", ")),
            ));
        }
    }
    if let Some(limit) = arguments.get(3) {
        expect(limit, types, &[Type::Scalar])?;
    }
    expect(&arguments[0], types, &[Type::Array])
}

/// `IF(condition, a[, b])`
fn condition(arguments: &[Expr], types: &Types) -> Result<Type, MathError> {
    let found = expect(&arguments[0], types, &[Type::Scalar, Type::Series])?;
    let then = check(&arguments[1], types)?;
    let otherwise = arguments.get(2).map(|b| check(b, types)).transpose()?;
    for (expr, branch) in arguments[1..].iter().zip([Some(then), otherwise]) {
        if branch == Some(Type::Array) && found == Type::Series {
            return Err(MathError::new(
                expr.at,
                "expected a number or a time series where the condition is a time series",
            ));
        }
    }
    let (then, otherwise) = (then, otherwise.unwrap_or(then));
    match (found, then, otherwise) {
        (Type::Series, ..) => Ok(Type::Series),
        (_, a, b) if a == b => Ok(a),
        (_, Type::Array, _) | (_, _, Type::Array) => Err(MathError::new(
            arguments[0].at,
            "expected both results to be arrays of time series or neither",
        )),
        _ => Ok(Type::Series),
    }
}

/// `PERIOD(metric)`
fn period(argument: &Expr, types: &Types) -> Result<Type, MathError> {
    if let Kind::Name(name) = &argument.kind {
        match types.ids.get(name) {
            Some((_, Origin::Metric)) => return Ok(Type::Scalar),
            Some((_, Origin::Expression)) => {}
            None => return Err(unknown(argument.at, name, types)),
        }
    }
    Err(MathError::new(
        argument.at,
        "PERIOD takes the id of a metric, not an expression",
    ))
}

/// `SEARCH('{NS,Dim} terms', 'Stat'[, period])`
fn search(arguments: &[Expr]) -> Result<Type, MathError> {
    let (text, stat) = match (&arguments[0].kind, &arguments[1].kind) {
        (Kind::Text(text), Kind::Text(stat)) => (text, stat),
        (Kind::Text(_), _) => {
            return Err(MathError::new(
                arguments[1].at,
                "expected the statistic as a text, such as 'Average'",
            ));
        }
        _ => {
            return Err(MathError::new(
                arguments[0].at,
                "expected the search as a text, such as '{AWS/Lambda,FunctionName} Errors'",
            ));
        }
    };
    Search::parse(text).map_err(|e| MathError::new(arguments[0].at, e.to_string()))?;
    stat.parse::<Statistic>()
        .map_err(|e| MathError::new(arguments[1].at, e.to_string()))?;
    if let Some(period) = arguments.get(2) {
        let Kind::Number(seconds) = period.kind else {
            return Err(MathError::new(
                period.at,
                "expected the period as a number of seconds",
            ));
        };
        if seconds.fract() != 0.0 || !(1.0..=604_800.0).contains(&seconds) {
            return Err(MathError::new(
                period.at,
                "expected the period as a whole number of seconds",
            ));
        }
        Period::new(seconds as u32).map_err(|e| MathError::new(period.at, e.to_string()))?;
    }
    Ok(Type::Array)
}
