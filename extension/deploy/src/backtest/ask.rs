//! One `GetMetricData` call, and how many of them a fetch is cut into.

use crate::model::Query;
use crate::model::alarm::Term;

/// The most queries of a call.
const MAX_QUERIES: usize = 500;
/// The most datapoints of a call.
const MAX_POINTS: i64 = 100_800;

/// One call: queries for metrics, none for expressions, of one period.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// At most 500.
    pub queries: Vec<Query>,
    /// First millisecond, a multiple of the period.
    pub start_ms: i64,
    /// First millisecond after it.
    pub end_ms: i64,
}

impl Ask {
    /// The most datapoints that it can be answered with.
    pub fn points(&self) -> i64 {
        let length = (self.end_ms - self.start_ms).max(0);
        let each = |query: &Query| match &query.term {
            Term::Metric { period, .. } => length / (i64::from(*period).max(1) * 1000),
            Term::Expression { .. } => 0,
        };
        self.queries.iter().map(each).sum()
    }
}

/// The answer to one query: the start of each period that has data, in milliseconds
/// since 1970, and its value.
pub type Points = Vec<(i64, f64)>;

/// Cuts queries of one period over a span of time into calls within CloudWatch's limits.
pub(super) fn cut(queries: &[Query], span: (i64, i64), period_ms: i64) -> Vec<Ask> {
    let (start_ms, end_ms) = span;
    let points = (end_ms - start_ms).max(0) / period_ms + 1;
    let slices = points.div_euclid(MAX_POINTS) + i64::from(points % MAX_POINTS > 0);
    let slice_ms = MAX_POINTS.min(points) * period_ms;
    let fit = (MAX_POINTS / points.min(MAX_POINTS)).max(1);
    let fit = usize::try_from(fit).map_or(MAX_QUERIES, |fit| fit.min(MAX_QUERIES));
    let mut asks = Vec::new();
    for slice in 0..slices {
        let from = start_ms + slice * slice_ms;
        let to = (from + slice_ms).min(end_ms);
        if from >= to {
            continue;
        }
        asks.extend(queries.chunks(fit).map(|queries| Ask {
            queries: queries.to_vec(),
            start_ms: from,
            end_ms: to,
        }));
    }
    asks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MetricRef;

    fn check(queries: usize, minutes: i64, calls: usize) {
        let query = |index: usize| Query {
            id: format!("q{index}"),
            label: None,
            returns: true,
            term: Term::Metric {
                metric: MetricRef::default(),
                statistic: "Sum".to_owned(),
                unit: None,
                period: 60,
            },
        };
        let queries: Vec<Query> = (0..queries).map(query).collect();
        let asks = cut(&queries, (0, minutes * 60_000), 60_000);
        assert_eq!(
            asks.len(),
            calls,
            "{} queries, {minutes} min",
            queries.len()
        );
        for ask in &asks {
            assert!(ask.points() <= MAX_POINTS && ask.queries.len() <= MAX_QUERIES);
        }
        let covered: i64 = asks.iter().map(Ask::points).sum();
        assert_eq!(covered, minutes * queries.len() as i64);
    }

    #[test]
    fn calls_stay_within_the_limits_and_cover_everything_once() {
        check(1, 60, 1);
        check(500, 60, 1);
        check(501, 60, 2);
        check(10, 14 * 1440, 3);
        check(2, 90_000, 2);
        check(1, 250_000, 3);
    }
}
