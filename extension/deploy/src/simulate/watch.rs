//! From an alarm of the model to the engine's: through the JSON of `PutMetricAlarm`, so
//! that the engine refuses what CloudWatch refuses, in one place.

use obs_cloudwatch::alarm::MetricAlarm as Engine;
use obs_cloudwatch::statistic::Statistic;
use serde_json::{Map, Value, json};

use crate::model::alarm::Term;
use crate::model::{MetricAlarm, MetricRef, Query, Signal};

/// The alarm as the engine evaluates it.
///
/// # Errors
/// What is in the way: a statistic of AWS's models, an expression the engine refuses.
pub(super) fn engine(alarm: &MetricAlarm) -> Result<Engine, String> {
    if let Some((setting, value)) = alarm.foreign.iter().next() {
        return Err(format!(
            "`{setting}` ({value}) needs what only CloudWatch has"
        ));
    }
    Engine::from_json(&request(alarm)).map_err(|error| format!("failed to {error}"))
}

fn request(alarm: &MetricAlarm) -> Value {
    let mut body = json!({
        "AlarmName": alarm.name,
        "ComparisonOperator": alarm.comparison,
        "Threshold": alarm.threshold,
        "EvaluationPeriods": alarm.evaluation_periods,
        "DatapointsToAlarm": alarm.datapoints_to_alarm,
        "TreatMissingData": alarm.treat_missing_data,
        "EvaluateLowSampleCountPercentile": alarm.low_samples,
    });
    let subject = match &alarm.signal {
        Signal::Metric {
            metric,
            statistic,
            unit,
            period,
        } => {
            let extended = statistic
                .parse::<Statistic>()
                .is_ok_and(|statistic| statistic.is_extended());
            let field = match extended {
                true => "ExtendedStatistic",
                false => "Statistic",
            };
            let mut subject = named(metric);
            subject.insert("Period".to_owned(), json!(period));
            subject.insert("Unit".to_owned(), json!(unit));
            subject.insert(field.to_owned(), json!(statistic));
            subject
        }
        Signal::Math(queries) => {
            let queries: Vec<Value> = queries.iter().map(query).collect();
            Map::from_iter([("Metrics".to_owned(), json!(queries))])
        }
    };
    if let Some(body) = body.as_object_mut() {
        body.extend(subject);
    }
    body
}

fn query(query: &Query) -> Value {
    let mut body = json!({ "Id": query.id, "ReturnData": query.returns });
    if let Some(label) = &query.label {
        body["Label"] = json!(label);
    }
    match &query.term {
        Term::Expression { text } => body["Expression"] = json!(text),
        Term::Metric {
            metric,
            statistic,
            unit,
            period,
        } => {
            body["MetricStat"] = json!({
                "Metric": named(metric),
                "Period": period,
                "Stat": statistic,
                "Unit": unit,
            });
        }
    }
    body
}

fn named(metric: &MetricRef) -> Map<String, Value> {
    let dimensions: Vec<Value> = metric
        .dimensions
        .iter()
        .map(|(name, value)| json!({ "Name": name, "Value": value }))
        .collect();
    Map::from_iter([
        ("Namespace".to_owned(), json!(metric.namespace)),
        ("MetricName".to_owned(), json!(metric.name)),
        ("Dimensions".to_owned(), json!(dimensions)),
    ])
}
