//! Evaluates a set of queries together: metrics first, expressions as they are
//! asked for, then labels, then the order and the limit of what is returned.

use std::collections::{BTreeMap, HashSet};

use super::model::{
    MetricDataQuery, MetricDataResult, Options, QueryError, QueryKind, ScanBy, StatusCode,
};
use crate::label;
use crate::math::{self, Expr, Scope, Type, Value};
use crate::metric::MetricSource;
use crate::series::{MAX_DATAPOINTS, Period, Series, collect};

/// The most queries of one call.
const MAX_QUERIES: usize = 500;

/// A query's series before it is labelled and cut.
pub(crate) struct Evaluated {
    /// The query's id.
    pub(crate) id: String,
    /// Its series, in order.
    pub(crate) series: Vec<Series>,
}

/// Evaluates queries as one `GetMetricData` call does and returns the series of
/// those whose `return_data` is set, in the order of the queries.
///
/// # Errors
/// When the call breaks a limit, an id is taken twice, or an expression cannot be
/// read, does not fit its types or needs what only AWS has.
pub fn evaluate(
    queries: &[MetricDataQuery],
    options: &Options,
    source: &dyn MetricSource,
) -> Result<Vec<MetricDataResult>, QueryError> {
    let evaluated = evaluate_series(queries, options, source)?;
    let mut left = MAX_DATAPOINTS;
    let mut results = Vec::new();
    for (query, evaluated) in queries.iter().zip(evaluated) {
        if !query.return_data {
            continue;
        }
        for series in evaluated.series {
            results.push(result(query, series, options, &mut left));
        }
    }
    Ok(results)
}

/// Evaluates every query, returned or not, to its series.
pub(crate) fn evaluate_series(
    queries: &[MetricDataQuery],
    options: &Options,
    source: &dyn MetricSource,
) -> Result<Vec<Evaluated>, QueryError> {
    check_call(queries, options)?;
    let program = Program::build(queries)?;
    let mut scope = Scope::new(options.grid(), source);
    for query in queries {
        if let QueryKind::Stat(stat) = &query.kind {
            let mut series = collect(stat, &options.grid(), source);
            if let Some(label) = query.label.as_deref().filter(|l| !l.is_empty()) {
                series.label = label.replace("${LABEL}", &series.label);
            }
            scope.define_metric(&query.id, series);
        }
    }
    for index in &program.order {
        let query = &queries[*index];
        let expr = &program.expressions[index];
        scope.set_period(program.period(query, queries));
        let value = scope
            .evaluate(expr)
            .map_err(|e| QueryError::expression(&query.id, &e))?;
        scope.define(&query.id, value.named(&query.id, query.label.as_deref()));
    }
    let all = queries.iter().map(|query| {
        let series = scope
            .take(&query.id)
            .map(Value::into_series)
            .unwrap_or_default();
        Evaluated {
            id: query.id.clone(),
            series,
        }
    });
    Ok(all.collect())
}

/// What the query with this id gives.
pub(crate) fn result_type(queries: &[MetricDataQuery], id: &str) -> Result<Type, QueryError> {
    check_ids(queries)?;
    let types = Program::build(queries)?.types;
    Ok(types.of(id).unwrap_or(Type::Series))
}

/// The limits of the call as a whole.
fn check_call(queries: &[MetricDataQuery], options: &Options) -> Result<(), QueryError> {
    if queries.len() > MAX_QUERIES {
        return Err(QueryError::call(format!(
            "evaluate {} queries: at most {MAX_QUERIES} go into one call",
            queries.len()
        )));
    }
    if options.range.start_ms >= options.range.end_ms {
        return Err(QueryError::call(
            "evaluate the queries: the start of the range must be before its end",
        ));
    }
    check_ids(queries)
}

/// No id is taken twice.
fn check_ids(queries: &[MetricDataQuery]) -> Result<(), QueryError> {
    let mut ids = HashSet::new();
    match queries.iter().find(|q| !ids.insert(q.id.as_str())) {
        Some(twice) => Err(QueryError::query(
            &twice.id,
            "the id is taken by another query of the call",
        )),
        None => Ok(()),
    }
}

/// The expressions of a call, read, checked and put in an order in which each
/// finds what it names.
struct Program {
    expressions: BTreeMap<usize, Expr>,
    order: Vec<usize>,
    types: math::Types,
}

impl Program {
    fn build(queries: &[MetricDataQuery]) -> Result<Program, QueryError> {
        let mut expressions = BTreeMap::new();
        for (index, query) in queries.iter().enumerate() {
            if let QueryKind::Expression { text, .. } = &query.kind {
                let expr = math::parse(text).map_err(|e| QueryError::expression(&query.id, &e))?;
                expressions.insert(index, expr);
            }
        }
        let order = order(queries, &expressions)?;
        let types = types(queries, &expressions, &order)?;
        Ok(Program {
            expressions,
            order,
            types,
        })
    }

    /// The period of what an expression makes up itself: its own, else the longest
    /// of the metrics it rests on, else that of all metrics, else five minutes.
    fn period(&self, query: &MetricDataQuery, queries: &[MetricDataQuery]) -> Period {
        if let QueryKind::Expression {
            period: Some(period),
            ..
        } = &query.kind
        {
            return *period;
        }
        let of = |query: &MetricDataQuery| match &query.kind {
            QueryKind::Stat(stat) => Some(stat.period),
            QueryKind::Expression { period, .. } => *period,
        };
        let mut reached = HashSet::new();
        let mut waiting = vec![query.id.as_str()];
        while let Some(id) = waiting.pop() {
            if !reached.insert(id) {
                continue;
            }
            let index = queries.iter().position(|q| q.id == id);
            waiting.extend(
                index
                    .and_then(|i| self.expressions.get(&i))
                    .into_iter()
                    .flat_map(Expr::names),
            );
        }
        let named = queries
            .iter()
            .filter(|q| reached.contains(q.id.as_str()))
            .filter_map(of)
            .max();
        named
            .or_else(|| queries.iter().filter_map(of).max())
            .unwrap_or(Period::at_least(300))
    }
}

/// Checks every expression in order, so that the types of those it names are known.
fn types(
    queries: &[MetricDataQuery],
    expressions: &BTreeMap<usize, Expr>,
    order: &[usize],
) -> Result<math::Types, QueryError> {
    let mut types = math::Types::default();
    for query in queries {
        if matches!(query.kind, QueryKind::Stat(_)) {
            types.metric(&query.id);
        }
    }
    for index in order {
        let query = &queries[*index];
        let found = math::check(&expressions[index], &types)
            .map_err(|e| QueryError::expression(&query.id, &e))?;
        if found == Type::Scalar && query.return_data {
            return Err(QueryError::query(
                &query.id,
                "the result is a single number; expected a time series (wrap it in TIME_SERIES to draw it)",
            ));
        }
        types.expression(&query.id, found);
    }
    Ok(types)
}

/// Orders expressions so that each comes after those it names.
fn order(
    queries: &[MetricDataQuery],
    expressions: &BTreeMap<usize, Expr>,
) -> Result<Vec<usize>, QueryError> {
    let index_of: BTreeMap<&str, usize> = queries
        .iter()
        .enumerate()
        .map(|(i, q)| (q.id.as_str(), i))
        .collect();
    let mut order = Vec::new();
    let mut done: HashSet<usize> = HashSet::new();
    // By rounds rather than by recursion: a chain of 500 ids is no deep stack.
    while order.len() < expressions.len() {
        let before = order.len();
        for (index, expr) in expressions {
            let ready = |name: &str| match index_of.get(name) {
                Some(other) => !expressions.contains_key(other) || done.contains(other),
                None => true, // the type checker names it
            };
            if !done.contains(index) && expr.names().all(ready) {
                done.insert(*index);
                order.push(*index);
            }
        }
        if order.len() == before {
            let stuck = expressions
                .keys()
                .find(|i| !done.contains(i))
                .map_or("", |i| queries[*i].id.as_str());
            return Err(QueryError::query(stuck, "the expression depends on itself"));
        }
    }
    Ok(order)
}

/// Labels, orders and cuts one series.
fn result(
    query: &MetricDataQuery,
    series: Series,
    options: &Options,
    left: &mut usize,
) -> MetricDataResult {
    let label = label::render(&series, options);
    let keep = series.points.len().min(*left);
    *left -= keep;
    let status = if keep < series.points.len() {
        StatusCode::PartialData
    } else {
        StatusCode::Complete
    };
    let first = match options.scan_by {
        ScanBy::TimestampAscending => &series.points[..keep],
        ScanBy::TimestampDescending => &series.points[series.points.len() - keep..],
    };
    let (mut timestamps_ms, mut values): (Vec<i64>, Vec<f64>) =
        first.iter().map(|p| (p.timestamp_ms, p.value)).unzip();
    if options.scan_by == ScanBy::TimestampDescending {
        timestamps_ms.reverse();
        values.reverse();
    }
    MetricDataResult {
        id: query.id.clone(),
        label,
        timestamps_ms,
        values,
        status,
        messages: Vec::new(),
        period: series.period,
    }
}
