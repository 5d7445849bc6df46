//! Reads `PutMetricAlarm`'s JSON and refuses what CloudWatch refuses.

use serde_json::Value as Json;

use super::decide::MOutOfN;
use super::model::{AlarmError, MetricAlarm, Subject, TreatMissingData, returned};
use super::window;
use crate::math;
use crate::metric::{MetricId, Unit};
use crate::query::{MetricDataQuery, QueryKind, result_type};
use crate::series::{MetricStat, Period};
use crate::statistic::Statistic;

/// The most queries of a math alarm.
const MAX_QUERIES: usize = 10;

/// Reads the part of an alarm that its state depends on.
pub(super) fn parse(body: &Json) -> Result<MetricAlarm, AlarmError> {
    let name = text(body, "AlarmName")?.unwrap_or_default().to_owned();
    let has_control = name.bytes().any(|b| b.is_ascii_control());
    if name.is_empty() || name.chars().count() > 255 || has_control {
        return Err(AlarmError::new(
            "read AlarmName: expected 1 to 255 characters, no control characters among them",
        ));
    }
    let comparison = required(text(body, "ComparisonOperator")?, "ComparisonOperator")?;
    if comparison.contains("UpperThreshold")
        || comparison.contains("LowerThreshold")
        || body.get("ThresholdMetricId").is_some_and(|v| !v.is_null())
    {
        return Err(AlarmError::new(format!(
            "use `{comparison}`: anomaly detection bands need AWS's models and have no local meaning"
        )));
    }
    let threshold = body
        .get("Threshold")
        .and_then(Json::as_f64)
        .filter(|t| t.is_finite());
    let subject = match queries(body)? {
        Some(queries) => math_subject(queries)?,
        None => Subject::Stat(stat(body)?),
    };
    let window = window::parse(body, subject.period())?;
    let treat_missing_data = match text(body, "TreatMissingData")? {
        Some(word) => word.parse()?,
        None => untreated(&subject),
    };
    let alarm = MetricAlarm {
        name,
        comparison: comparison.parse()?,
        threshold: required(threshold, "Threshold")?,
        m_out_of_n: MOutOfN::new(
            integer(body, "DatapointsToAlarm")?,
            required(integer(body, "EvaluationPeriods")?, "EvaluationPeriods")?,
        )?,
        treat_missing_data,
        low_samples: text(body, "EvaluateLowSampleCountPercentile")?
            .map_or(Ok(Default::default()), str::parse)?,
        subject,
        window,
    };
    check_span(&alarm)?;
    Ok(alarm)
}

/// What missing data counts as for an alarm that does not say it: the metrics of DynamoDB
/// have gaps by design.
fn untreated(subject: &Subject) -> TreatMissingData {
    let dynamodb = |stat: &MetricStat| stat.metric.namespace == "AWS/DynamoDB";
    let ignored = match subject {
        Subject::Stat(stat) => dynamodb(stat),
        Subject::Math { queries, .. } => queries
            .iter()
            .any(|query| matches!(&query.kind, QueryKind::Stat(stat) if dynamodb(stat))),
    };
    match ignored {
        true => TreatMissingData::Ignore,
        false => TreatMissingData::default(),
    }
}

/// Period times N: at most a week, at most a day when the period is under an hour.
fn check_span(alarm: &MetricAlarm) -> Result<(), AlarmError> {
    let period = alarm.period().seconds();
    if matches!(period, 1 | 5) {
        return Err(AlarmError::new(format!(
            "use the period {period}: expected 10, 20, 30 or a multiple of 60 seconds"
        )));
    }
    let span = u64::from(period) * u64::from(alarm.m_out_of_n.n());
    let limit = if period < 3_600 { 86_400 } else { 604_800 };
    if span > limit {
        return Err(AlarmError::new(format!(
            "use {} periods of {period} s: together {span} s, at most {limit} s",
            alarm.m_out_of_n.n()
        )));
    }
    Ok(())
}

/// The metric of an alarm without math.
fn stat(body: &Json) -> Result<MetricStat, AlarmError> {
    let name = text(body, "MetricName")?;
    let name =
        name.ok_or_else(|| AlarmError::new("read the alarm: expected MetricName or Metrics"))?;
    let simple = text(body, "Statistic")?;
    let extended = text(body, "ExtendedStatistic")?;
    let (spelled, is_extended) = match (simple, extended) {
        (Some(simple), None) => (simple, false),
        (None, Some(extended)) => (extended, true),
        _ => {
            return Err(AlarmError::new(
                "read the alarm: expected exactly one of Statistic and ExtendedStatistic",
            ));
        }
    };
    let stat: Statistic = spelled
        .parse()
        .map_err(|e: crate::statistic::StatisticError| AlarmError::new(e.to_string()))?;
    if stat.is_extended() != is_extended {
        let field = if is_extended {
            "Statistic"
        } else {
            "ExtendedStatistic"
        };
        return Err(AlarmError::new(format!(
            "use the statistic `{stat}` there: it belongs into {field}"
        )));
    }
    let period = required(integer(body, "Period")?, "Period")?;
    let unit = match text(body, "Unit")? {
        None => None,
        Some(unit) => Some(Unit::parse(unit).ok_or_else(|| {
            AlarmError::new(format!(
                "read the unit `{unit}`: expected one of CloudWatch's"
            ))
        })?),
    };
    let namespace = required(text(body, "Namespace")?, "Namespace")?;
    Ok(MetricStat {
        metric: MetricId::new(namespace, name, dimensions(body)?),
        period: Period::new(period).map_err(|e| AlarmError::new(e.to_string()))?,
        stat,
        unit,
    })
}

/// `[{"Name", "Value"}]`.
fn dimensions(body: &Json) -> Result<Vec<(String, String)>, AlarmError> {
    let list = match body.get("Dimensions") {
        None | Some(Json::Null) => return Ok(Vec::new()),
        Some(list) => list
            .as_array()
            .ok_or_else(|| AlarmError::new("read Dimensions: expected a list"))?,
    };
    if list.len() > 30 {
        return Err(AlarmError::new(format!(
            "read Dimensions: {} of them, at most 30",
            list.len()
        )));
    }
    let pair = |d: &Json| {
        Some((
            d.get("Name")?.as_str()?.to_owned(),
            d.get("Value")?.as_str()?.to_owned(),
        ))
    };
    let read: Option<Vec<_>> = list.iter().map(pair).collect();
    read.ok_or_else(|| AlarmError::new("read Dimensions: expected a Name and a Value in each"))
}

/// The queries of a math alarm, if it is one.
fn queries(body: &Json) -> Result<Option<Vec<MetricDataQuery>>, AlarmError> {
    let list = match body.get("Metrics") {
        None | Some(Json::Null) => return Ok(None),
        Some(Json::Array(list)) if list.is_empty() => return Ok(None),
        Some(list) => list,
    };
    if body.get("MetricName").is_some_and(|m| !m.is_null()) {
        return Err(AlarmError::new(
            "read the alarm: expected only one of MetricName and Metrics",
        ));
    }
    let read = serde_json::from_value(list.clone());
    read.map(Some)
        .map_err(|e| AlarmError::new(format!("read Metrics: {e}")))
}

/// The rules of a math alarm: at most ten queries, one period, one returned, no search.
fn math_subject(queries: Vec<MetricDataQuery>) -> Result<Subject, AlarmError> {
    if queries.len() > MAX_QUERIES {
        return Err(AlarmError::new(format!(
            "read Metrics: {} queries, at most {MAX_QUERIES}",
            queries.len()
        )));
    }
    let watched = queries.iter().filter(|q| q.return_data).count();
    if watched != 1 {
        return Err(AlarmError::new(format!(
            "read Metrics: {watched} queries have ReturnData, expected exactly one"
        )));
    }
    let mut periods = Vec::new();
    for query in &queries {
        match &query.kind {
            QueryKind::Stat(stat) => periods.push(stat.period),
            QueryKind::Expression { text, period } => {
                periods.extend(period);
                let expr = math::parse(text).map_err(|e| {
                    AlarmError::new(format!("read the expression `{}`: {e}", query.id))
                })?;
                if expr.calls("SEARCH") {
                    return Err(AlarmError::new(format!(
                        "read the expression `{}`: SEARCH cannot be used in an alarm",
                        query.id
                    )));
                }
            }
        }
    }
    let id = returned(&queries).map_or("", |query| query.id.as_str());
    let found = result_type(&queries, id).map_err(|e| AlarmError::new(e.to_string()))?;
    if found != math::Type::Series {
        return Err(AlarmError::new(format!(
            "read Metrics: `{id}` gives {found}; expected one time series"
        )));
    }
    periods.dedup();
    match periods[..] {
        [period] => Ok(Subject::Math { queries, period }),
        [] => Err(AlarmError::new(
            "read Metrics: expected at least one metric or period",
        )),
        _ => Err(AlarmError::new(
            "read Metrics: expected the same period in every query",
        )),
    }
}

/// A text that may be absent.
fn text<'a>(body: &'a Json, name: &str) -> Result<Option<&'a str>, AlarmError> {
    match body.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(_) => Err(AlarmError::new(format!("read {name}: expected a text"))),
    }
}

/// A number that may be absent.
fn integer(body: &Json, name: &str) -> Result<Option<u32>, AlarmError> {
    match body.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(value) => {
            let number = value.as_u64().and_then(|n| u32::try_from(n).ok());
            number.map(Some).ok_or_else(|| {
                AlarmError::new(format!("read {name}: expected a positive whole number"))
            })
        }
    }
}

/// What must be there.
fn required<T>(value: Option<T>, name: &str) -> Result<T, AlarmError> {
    value.ok_or_else(|| AlarmError::new(format!("read the alarm: expected {name}")))
}
