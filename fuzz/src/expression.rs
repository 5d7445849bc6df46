//! Metric math and SEARCH.

use obs_cloudwatch::{
    metric::{MemorySource, MetricId, TimeRange},
    query::{MetricDataQuery, Options, QueryKind, evaluate},
    series::{MetricStat, Period},
    statistic::Statistic,
};

const MINUTE_MS: i64 = 60_000;

/// Any text over two series with gaps: it is evaluated to finite numbers inside the time
/// that was asked for, or refused.
pub fn expression(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let range = TimeRange {
        start_ms: 0,
        end_ms: 5 * MINUTE_MS,
    };
    let mut source = MemorySource::new();
    let mut queries = vec![query(
        "e1",
        QueryKind::Expression {
            text: text.to_owned(),
            period: None,
        },
    )];
    let rows = [
        [Some(1.0), None, Some(-3.0), Some(0.0), Some(1e300)],
        [Some(0.5), Some(2.0), None, None, Some(4.0)],
    ];
    for (id, values) in ["m1", "m2"].into_iter().zip(rows) {
        let metric = MetricId::new("NS", id, vec![]);
        source.push_periods(&metric, 0, 60, &values);
        let stat = MetricStat {
            metric,
            period: Period::MINUTE,
            stat: Statistic::Sum,
            unit: None,
        };
        queries.push(query(id, QueryKind::Stat(stat)));
    }
    let Ok(results) = evaluate(&queries, &Options::from(range), &source) else {
        return;
    };
    for result in results {
        assert_eq!(result.timestamps_ms.len(), result.values.len());
        let inside = |time: &i64| (range.start_ms..range.end_ms).contains(time);
        assert!(result.timestamps_ms.iter().all(inside), "{text}");
        assert!(result.values.iter().all(|it| it.is_finite()), "{text}");
    }
}

fn query(id: &str, kind: QueryKind) -> MetricDataQuery {
    MetricDataQuery {
        id: id.to_owned(),
        return_data: id == "e1",
        kind,
        label: None,
    }
}
