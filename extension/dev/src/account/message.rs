//! What an alarm's notification says: CloudWatch's JSON, field by field, so that
//! what reads it here reads it there.

use serde_json::{Map, Value, json};

use super::Account;
use crate::store::AlarmRow;

/// The notification of a metric alarm: its text and its subject.
pub(super) fn metric(account: &Account, before: &AlarmRow, after: &AlarmRow) -> (String, String) {
    let mut told = common(account, before, after);
    let configured = aws_time(after.configured_ms);
    told.insert(
        "AlarmConfigurationUpdatedTimestamp".to_owned(),
        configured.into(),
    );
    for list in ["OKActions", "AlarmActions", "InsufficientDataActions"] {
        told.insert(list.to_owned(), field(&after.config, list));
    }
    told.insert("Trigger".to_owned(), trigger(&after.config));
    (Value::Object(told).to_string(), subject(account, after))
}

/// The notification of a composite alarm, with the children it changed by.
pub(super) fn composite(
    account: &Account,
    before: &AlarmRow,
    after: &AlarmRow,
    children: &[AlarmRow],
) -> (String, String) {
    let mut told = common(account, before, after);
    told.insert("AlarmRule".to_owned(), field(&after.config, "AlarmRule"));
    let child = |child: &AlarmRow| {
        json!({
            "Arn": account.alarm_arn(&child.name),
            "State": { "Value": child.state, "Timestamp": aws_time(child.transitioned_ms) },
        })
    };
    let children = children.iter().map(child).collect();
    told.insert("TriggeringChildren".to_owned(), Value::Array(children));
    (Value::Object(told).to_string(), subject(account, after))
}

fn common(account: &Account, before: &AlarmRow, after: &AlarmRow) -> Map<String, Value> {
    let told = json!({
        "AlarmName": after.name,
        "AlarmDescription": field(&after.config, "AlarmDescription"),
        "AWSAccountId": account.account_id,
        "NewStateValue": after.state,
        "NewStateReason": after.reason,
        "StateChangeTime": aws_time(after.updated_ms),
        "Region": region_name(&account.region),
        "AlarmArn": account.alarm_arn(&after.name),
        "OldStateValue": before.state,
    });
    match told {
        Value::Object(told) => told,
        _ => Map::new(),
    }
}

/// What was watched, in the words of the notification: the statistic in capitals,
/// dimensions in lower case.
fn trigger(config: &Value) -> Value {
    let mut told = Map::new();
    for name in [
        "Period",
        "EvaluationPeriods",
        "DatapointsToAlarm",
        "ComparisonOperator",
        "Threshold",
    ] {
        if let Some(value) = config.get(name) {
            told.insert(name.to_owned(), value.clone());
        }
    }
    let or = |name: &str, default: &str| match field(config, name) {
        Value::Null => Value::from(default),
        value => value,
    };
    told.insert(
        "TreatMissingData".to_owned(),
        or("TreatMissingData", "missing"),
    );
    let low = or("EvaluateLowSampleCountPercentile", "");
    told.insert("EvaluateLowSampleCountPercentile".to_owned(), low);
    if let Some(metrics) = config.get("Metrics").and_then(Value::as_array) {
        told.insert("Metrics".to_owned(), metrics.iter().map(query).collect());
        return Value::Object(told);
    }
    for name in ["MetricName", "Namespace", "Unit"] {
        told.insert(name.to_owned(), field(config, name));
    }
    told.insert(
        "Dimensions".to_owned(),
        lower_case(&field(config, "Dimensions")),
    );
    if let Some(statistic) = config.get("Statistic").and_then(Value::as_str) {
        let word = if statistic == "SampleCount" {
            "SAMPLE_COUNT".to_owned()
        } else {
            statistic.to_uppercase()
        };
        told.insert("StatisticType".to_owned(), "Statistic".into());
        told.insert("Statistic".to_owned(), word.into());
    } else {
        told.insert("StatisticType".to_owned(), "ExtendedStatistic".into());
        told.insert(
            "ExtendedStatistic".to_owned(),
            field(config, "ExtendedStatistic"),
        );
    }
    Value::Object(told)
}

fn query(query: &Value) -> Value {
    let mut query = query.clone();
    if let Some(dimensions) = query.pointer_mut("/MetricStat/Metric/Dimensions") {
        *dimensions = lower_case(dimensions);
    }
    query
}

fn lower_case(dimensions: &Value) -> Value {
    let dimensions = dimensions.as_array().into_iter().flatten();
    dimensions
        .map(|d| json!({ "name": field(d, "Name"), "value": field(d, "Value") }))
        .collect()
}

fn field(config: &Value, name: &str) -> Value {
    config.get(name).cloned().unwrap_or(Value::Null)
}

fn subject(account: &Account, alarm: &AlarmRow) -> String {
    let subject = format!(
        "{}: \"{}\" in {}",
        alarm.state,
        alarm.name,
        region_name(&account.region)
    );
    // SNS takes at most 100 characters.
    subject.chars().take(100).collect()
}

/// `2026-11-23T04:50:00.123+0000`, CloudWatch's spelling in notifications.
fn aws_time(ms: i64) -> String {
    let c = obs_cloudwatch::time::civil(ms);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}+0000",
        c.year, c.month, c.day, c.hour, c.minute, c.second, c.millisecond
    )
}

/// Notifications name a region as the console does.
fn region_name(region: &str) -> &str {
    match region {
        "us-east-1" => "US East (N. Virginia)",
        "us-east-2" => "US East (Ohio)",
        "us-west-1" => "US West (N. California)",
        "us-west-2" => "US West (Oregon)",
        "eu-west-1" => "EU (Ireland)",
        "eu-west-2" => "EU (London)",
        "eu-west-3" => "EU (Paris)",
        "eu-central-1" => "EU (Frankfurt)",
        "eu-north-1" => "EU (Stockholm)",
        "ap-northeast-1" => "Asia Pacific (Tokyo)",
        "ap-northeast-2" => "Asia Pacific (Seoul)",
        "ap-south-1" => "Asia Pacific (Mumbai)",
        "ap-southeast-1" => "Asia Pacific (Singapore)",
        "ap-southeast-2" => "Asia Pacific (Sydney)",
        "ca-central-1" => "Canada (Central)",
        "sa-east-1" => "South America (Sao Paulo)",
        other => other,
    }
}
