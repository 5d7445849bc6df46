//! A metric widget that shows an alarm: what the alarm watches, and its threshold.

use obs_cloudwatch::alarm::{Comparison, MetricAlarm, Subject};
use obs_cloudwatch::metric::TimeRange;
use obs_cloudwatch::query::{
    MetricDataQuery, MetricDataResult, Options, QueryKind, ScanBy, evaluate,
};
use serde_json::{Value, json};

use super::widget::alarm_name;
use crate::account::Account;

/// CloudWatch's red.
const THRESHOLD_COLOR: &str = "#d13212";

/// The series and the threshold line of the alarm with this ARN, or why there is none.
pub(super) fn draw(account: &Account, arn: &str, range: TimeRange) -> Result<Value, String> {
    let name = alarm_name(arn);
    let row = account
        .store
        .alarm(name)
        .map_err(|error| format!("failed to {error}"))?;
    let row = row.ok_or_else(|| format!("There is no alarm `{name}`."))?;
    let alarm = MetricAlarm::from_json(&row.config)
        .map_err(|_| format!("The alarm `{name}` watches other alarms, so it has no graph."))?;
    let options = Options {
        scan_by: ScanBy::TimestampAscending,
        now_ms: Some(range.end_ms),
        ..Options::from(range)
    };
    let results = evaluate(&queries(&alarm), &options, &account.store)
        .map_err(|error| format!("failed to {error}"))?;
    let empty = results.iter().all(|result| result.values.is_empty());
    Ok(json!({
        "series": results.iter().map(series).collect::<Vec<_>>(),
        "annotations": { "horizontal": [threshold(&alarm)], "vertical": [] },
        "hint": empty.then(|| format!("No datapoint in this range for what the alarm `{name}` watches.")),
    }))
}

fn queries(alarm: &MetricAlarm) -> Vec<MetricDataQuery> {
    match &alarm.subject {
        Subject::Stat(stat) => vec![MetricDataQuery {
            id: "m1".to_owned(),
            kind: QueryKind::Stat(stat.clone()),
            label: Some(stat.metric.name.clone()),
            return_data: true,
        }],
        Subject::Math { queries, .. } => queries.clone(),
    }
}

fn series(result: &MetricDataResult) -> Value {
    let points: Vec<_> = result.timestamps_ms.iter().zip(&result.values).collect();
    json!({
        "id": result.id, "label": result.label, "color": null, "axis": "left",
        "period_s": result.period.seconds(), "value": result.values.last(), "points": points,
    })
}

fn threshold(alarm: &MetricAlarm) -> Value {
    let fill = match alarm.comparison {
        Comparison::GreaterThanOrEqualToThreshold | Comparison::GreaterThanThreshold => "above",
        Comparison::LessThanThreshold | Comparison::LessThanOrEqualToThreshold => "below",
    };
    json!({
        "value": alarm.threshold, "label": alarm.condition(), "to": null, "color": THRESHOLD_COLOR,
        "fill": fill, "axis": "left",
    })
}
