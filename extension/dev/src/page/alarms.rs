//! `GET /api/alarms`: every alarm with its condition in words, the datapoints it was
//! decided on, its actions and its history.

use axum::Json;
use axum::extract::State;
use obs_cloudwatch::alarm::{self, MetricAlarm, Moment, Subject, TreatMissingData};
use obs_cloudwatch::query::{MetricDataQuery, QueryKind};
use serde_json::{Value, json};

use super::Page;
use super::reply::{Refusal, blocking};
use crate::account::Account;
use crate::store::{AlarmKind, AlarmRow, HistoryKind, HistoryQuery};

/// How many transitions of an alarm the page is told.
const TRANSITIONS: usize = 20;

/// `GET /api/alarms`
pub(super) async fn list(State(page): State<Page>) -> Result<Json<Value>, Refusal> {
    let alarms = blocking(&page, |account| {
        let alarms = account.store.alarms()?;
        alarms
            .iter()
            .map(|alarm| show(account, alarm))
            .collect::<Result<Vec<_>, Refusal>>()
    });
    Ok(Json(json!({ "alarms": alarms.await? })))
}

/// The ARN of an alarm.
pub(super) fn arn(account: &Account, name: &str) -> String {
    format!(
        "arn:aws:cloudwatch:{}:{}:alarm:{name}",
        account.region, account.account_id
    )
}

fn show(account: &Account, row: &AlarmRow) -> Result<Value, Refusal> {
    let parsed = match row.kind {
        AlarmKind::Metric => MetricAlarm::from_json(&row.config).ok(),
        AlarmKind::Composite => None,
    };
    let evaluation = parsed
        .as_ref()
        .map(|alarm| evaluated(account, alarm, row))
        .unwrap_or_default();
    Ok(json!({
        "name": row.name,
        "arn": arn(account, &row.name),
        "kind": row.kind,
        "description": row.config["AlarmDescription"],
        "state": row.state,
        "reason": row.reason,
        "updated_ms": row.updated_ms,
        "since_ms": row.transitioned_ms,
        "condition": parsed.as_ref().map(words),
        "rule": row.config["AlarmRule"],
        "metric": parsed.as_ref().map(metric),
        "evaluation": evaluation,
        "actions_enabled": row.config["ActionsEnabled"].as_bool().unwrap_or(true),
        "actions": actions(&row.config),
        "history": history(account, &row.name)?,
    }))
}

/// The evaluation range as it is now, oldest first.
fn evaluated(account: &Account, alarm: &MetricAlarm, row: &AlarmRow) -> Vec<Value> {
    let Ok(state) = row.state.parse() else {
        return Vec::new();
    };
    let moment = Moment {
        now_ms: account.clock.now_ms(),
        state,
    };
    let Ok(evaluation) = alarm::evaluate(alarm, moment, &account.store) else {
        return Vec::new();
    };
    let point = |point: &alarm::EvaluatedPoint| json!({ "time_ms": point.timestamp_ms, "value": point.value, "breaching": point.breaching });
    evaluation.points.iter().map(point).collect()
}

/// The condition as one would say it: `Sum of AWS/Lambda Errors {FunctionName=upload}
/// > 0 for 1 of 3 periods of 1 minute; missing data is not breaching`.
fn words(alarm: &MetricAlarm) -> String {
    let missing = match alarm.treat_missing_data {
        TreatMissingData::Missing => "missing data counts as missing",
        TreatMissingData::Ignore => "missing data keeps the state",
        TreatMissingData::Breaching => "missing data is breaching",
        TreatMissingData::NotBreaching => "missing data is not breaching",
    };
    let (m, n) = (alarm.m_out_of_n.m(), alarm.m_out_of_n.n());
    let periods = match (m, n) {
        (1, 1) => "1 period".to_owned(),
        (m, n) if m == n => format!("{n} periods"),
        (m, n) => format!("{m} of {n} periods"),
    };
    format!(
        "{} {} {} for {periods} of {}; {missing}",
        subject(&alarm.subject),
        alarm.comparison.sign(),
        alarm.threshold,
        length(alarm.period().seconds()),
    )
}

fn subject(subject: &Subject) -> String {
    match subject {
        Subject::Stat(stat) => {
            let metric = &stat.metric;
            let dimensions: Vec<_> = metric
                .dimensions
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            let dimensions = match dimensions.is_empty() {
                true => String::new(),
                false => format!(" {{{}}}", dimensions.join(", ")),
            };
            format!(
                "{} of {} {}{dimensions}",
                stat.stat, metric.namespace, metric.name
            )
        }
        Subject::Math { queries, .. } => {
            let returned = queries.iter().find(|query| query.return_data);
            returned
                .map(|query| query.label.clone().unwrap_or_else(|| text(query)))
                .unwrap_or_default()
        }
    }
}

/// What a query asks for, in a line.
fn text(query: &MetricDataQuery) -> String {
    match &query.kind {
        QueryKind::Stat(stat) => subject(&Subject::Stat(stat.clone())),
        QueryKind::Expression { text, .. } => text.clone(),
    }
}

fn length(seconds: u32) -> String {
    let (amount, unit) = match seconds {
        s if s % 86_400 == 0 => (s / 86_400, "day"),
        s if s % 3_600 == 0 => (s / 3_600, "hour"),
        s if s % 60 == 0 => (s / 60, "minute"),
        s => (s, "second"),
    };
    format!("{amount} {unit}{}", if amount == 1 { "" } else { "s" })
}

/// What the alarm watches, in parts.
fn metric(alarm: &MetricAlarm) -> Value {
    let common = json!({
        "threshold": alarm.threshold,
        "comparison": alarm.comparison.sign(),
        "period_s": alarm.period().seconds(),
    });
    let more = match &alarm.subject {
        Subject::Stat(stat) => json!({
            "namespace": stat.metric.namespace,
            "name": stat.metric.name,
            "dimensions": stat.metric.dimensions.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
            "statistic": stat.stat.to_string(),
            "unit": stat.unit,
        }),
        Subject::Math { queries, .. } => {
            let one = |query: &MetricDataQuery| json!({ "id": query.id, "text": text(query), "label": query.label });
            json!({ "expressions": queries.iter().map(one).collect::<Vec<_>>() })
        }
    };
    merged(common, more)
}

fn merged(mut one: Value, other: Value) -> Value {
    if let (Some(one), Value::Object(other)) = (one.as_object_mut(), other) {
        one.extend(other);
    }
    one
}

/// Which ARN is told of which state.
fn actions(config: &Value) -> Vec<Value> {
    let lists = [
        ("ALARM", "AlarmActions"),
        ("OK", "OKActions"),
        ("INSUFFICIENT_DATA", "InsufficientDataActions"),
    ];
    let of = |(state, key): (&str, &str)| {
        let arns = config[key].as_array().cloned().unwrap_or_default();
        arns.into_iter()
            .map(|arn| json!({ "state": state, "arn": arn }))
            .collect::<Vec<_>>()
    };
    lists.into_iter().flat_map(of).collect()
}

/// The newest transitions first.
fn history(account: &Account, name: &str) -> Result<Vec<Value>, Refusal> {
    let query = HistoryQuery {
        alarm: Some(name.to_owned()),
        kind: Some(HistoryKind::StateUpdate),
        limit: TRANSITIONS,
        ..HistoryQuery::default()
    };
    let rows = account.store.history(&query)?;
    let item = |row: &crate::store::HistoryRow| json!({ "time_ms": row.time_ms, "from": row.from, "to": row.to, "reason": row.reason });
    Ok(rows.iter().map(item).collect())
}
