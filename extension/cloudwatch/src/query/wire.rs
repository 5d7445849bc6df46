//! AWS's JSON of a `MetricDataQuery`, and the checks that make it one of ours.

use serde::{Deserialize, Serialize};

use super::model::{MetricDataQuery, QueryKind, is_query_id};
use crate::metric::{MetricId, Unit};
use crate::series::{MetricStat, Period};
use crate::statistic::Statistic;

/// `MetricDataQuery` as it travels.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Query {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    metric_stat: Option<Stat>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    expression: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    return_data: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    period: Option<Period>,
}

/// `MetricStat` as it travels.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Stat {
    metric: Metric,
    period: Period,
    stat: Statistic,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    unit: Option<Unit>,
}

/// `Metric` as it travels.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    namespace: String,
    metric_name: String,
    #[serde(default)]
    dimensions: Vec<Dimension>,
}

/// `Dimension` as it travels.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Dimension {
    name: String,
    value: String,
}

/// Why a query that could be read makes no sense.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    #[error(
        "use `{0}` as a query id: expected a lower-case letter, then letters, digits and underscores"
    )]
    Id(String),
    #[error("read the query `{0}`: expected exactly one of MetricStat and Expression")]
    Kind(String),
}

impl TryFrom<Query> for MetricDataQuery {
    type Error = WireError;

    fn try_from(wire: Query) -> Result<Self, Self::Error> {
        if !is_query_id(&wire.id) {
            return Err(WireError::Id(wire.id));
        }
        let kind = match (wire.metric_stat, wire.expression) {
            (Some(stat), None) => QueryKind::Stat(MetricStat {
                metric: MetricId::new(
                    stat.metric.namespace,
                    stat.metric.metric_name,
                    stat.metric
                        .dimensions
                        .into_iter()
                        .map(|d| (d.name, d.value))
                        .collect(),
                ),
                period: stat.period,
                stat: stat.stat,
                unit: stat.unit,
            }),
            (None, Some(text)) => QueryKind::Expression {
                text,
                period: wire.period,
            },
            _ => return Err(WireError::Kind(wire.id)),
        };
        Ok(Self {
            id: wire.id,
            kind,
            label: wire.label,
            return_data: wire.return_data.unwrap_or(true),
        })
    }
}

impl From<MetricDataQuery> for Query {
    fn from(query: MetricDataQuery) -> Self {
        let (metric_stat, expression, period) = match query.kind {
            QueryKind::Stat(stat) => (Some(Stat::from(stat)), None, None),
            QueryKind::Expression { text, period } => (None, Some(text), period),
        };
        Self {
            id: query.id,
            metric_stat,
            expression,
            label: query.label,
            return_data: Some(query.return_data),
            period,
        }
    }
}

impl From<MetricStat> for Stat {
    fn from(stat: MetricStat) -> Self {
        let dimensions = stat.metric.dimensions.into_iter();
        Self {
            metric: Metric {
                namespace: stat.metric.namespace,
                metric_name: stat.metric.name,
                dimensions: dimensions
                    .map(|(name, value)| Dimension { name, value })
                    .collect(),
            },
            period: stat.period,
            stat: stat.stat,
            unit: stat.unit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_query_reads_and_writes_awss_json() {
        for query in [
            json!({"Id": "m1", "ReturnData": false, "Label": "p99", "MetricStat": {
                "Metric": {"Namespace": "NS", "MetricName": "M", "Dimensions": [{"Name": "F", "Value": "f"}]},
                "Period": 60, "Stat": "p99", "Unit": "Count"}}),
            json!({"Id": "e1", "Expression": "m1 * 2", "ReturnData": true, "Period": 300}),
        ] {
            let read: MetricDataQuery = serde_json::from_value(query.clone()).unwrap();
            assert_eq!(serde_json::to_value(read).unwrap(), query);
        }
    }

    #[test]
    fn a_query_that_makes_no_sense_is_refused() {
        let check = |query: serde_json::Value, expected: &str| {
            let error = serde_json::from_value::<MetricDataQuery>(query)
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected), "{error}");
        };
        let metric = json!({"Namespace": "NS", "MetricName": "M"});
        check(json!({"Id": "M1", "Expression": "1"}), "lower-case letter");
        check(json!({"Id": "m1"}), "exactly one of");
        check(
            json!({"Id": "m1", "MetricStat": {"Metric": metric, "Period": 7, "Stat": "Sum"}}),
            "period 7",
        );
        check(
            json!({"Id": "m1", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "sum"}}),
            "did you mean `Sum`",
        );
        check(
            json!({"Id": "m1", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum", "Unit": "Apples"}}),
            "units",
        );
    }
}
