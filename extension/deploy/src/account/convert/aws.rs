//! Alarms and tags, both ways. What CloudWatch leaves out when it is the default is
//! filled in, so that a default makes no difference in a plan.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::operation::put_composite_alarm::builders::PutCompositeAlarmInputBuilder;
use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmInputBuilder;
use aws_sdk_cloudwatch::types;

use crate::gate::{AlarmState, State};
use crate::model::alarm::Term;
use crate::model::{
    Actions, Alarm, CompositeAlarm, MetricAlarm, MetricRef, Query, Signal, Suppressor, Tags,
};

/// Tags for CloudWatch.
pub(crate) fn tags(tags: &Tags) -> Vec<types::Tag> {
    tags.iter()
        .map(|(key, value)| types::Tag::builder().key(key).value(value).build())
        .collect()
}

/// Tags for SNS.
pub(crate) fn topic_tags(tags: &Tags) -> Vec<aws_sdk_sns::types::Tag> {
    tags.iter()
        .filter_map(|(key, value)| {
            aws_sdk_sns::types::Tag::builder()
                .key(key)
                .value(value)
                .build()
                .ok()
        })
        .collect()
}

/// Tags of CloudWatch.
pub(crate) fn found_tags(tags: &[types::Tag]) -> Tags {
    tags.iter()
        .map(|tag| (text(tag.key()), text(tag.value())))
        .collect()
}

/// Tags of SNS.
pub(crate) fn found_topic_tags(tags: &[aws_sdk_sns::types::Tag]) -> Tags {
    tags.iter()
        .map(|tag| (tag.key().to_owned(), tag.value().to_owned()))
        .collect()
}

/// The request that makes an alarm what it should be.
pub(crate) fn put_metric_alarm(alarm: &MetricAlarm) -> PutMetricAlarmInputBuilder {
    let request = PutMetricAlarmInputBuilder::default()
        .alarm_name(&alarm.name)
        .alarm_description(&alarm.description)
        .actions_enabled(alarm.actions_enabled)
        .set_alarm_actions(Some(alarm.actions.alarm.clone()))
        .set_ok_actions(Some(alarm.actions.ok.clone()))
        .set_insufficient_data_actions(Some(alarm.actions.insufficient_data.clone()))
        .evaluation_periods(whole(alarm.evaluation_periods))
        .datapoints_to_alarm(whole(alarm.datapoints_to_alarm))
        .threshold(alarm.threshold)
        .comparison_operator(types::ComparisonOperator::from(alarm.comparison.as_str()))
        .treat_missing_data(&alarm.treat_missing_data)
        .set_evaluate_low_sample_count_percentile(alarm.low_samples.clone());
    match &alarm.signal {
        Signal::Metric {
            metric,
            statistic,
            unit,
            period,
        } => {
            let request = request
                .namespace(&metric.namespace)
                .metric_name(&metric.name)
                .set_dimensions(Some(dimensions(metric)))
                .period(whole(*period))
                .set_unit(unit.as_deref().map(types::StandardUnit::from));
            match simple(statistic) {
                Some(simple) => request.statistic(simple),
                None => request.extended_statistic(statistic),
            }
        }
        Signal::Math(queries) => request.set_metrics(Some(queries.iter().map(query).collect())),
    }
}

/// The request that makes a composite what it should be.
pub(crate) fn put_composite_alarm(alarm: &CompositeAlarm) -> PutCompositeAlarmInputBuilder {
    let suppressor = alarm.suppressor.as_ref();
    PutCompositeAlarmInputBuilder::default()
        .set_actions_suppressor(suppressor.map(|it| it.alarm.clone()))
        .set_actions_suppressor_wait_period(suppressor.map(|it| whole(it.wait)))
        .set_actions_suppressor_extension_period(suppressor.map(|it| whole(it.extension)))
        .alarm_name(&alarm.name)
        .alarm_description(&alarm.description)
        .actions_enabled(alarm.actions_enabled)
        .set_alarm_actions(Some(alarm.actions.alarm.clone()))
        .set_ok_actions(Some(alarm.actions.ok.clone()))
        .set_insufficient_data_actions(Some(alarm.actions.insufficient_data.clone()))
        .alarm_rule(&alarm.rule)
}

/// An entry of an expression, or a question for a metric's past.
pub(crate) fn query(query: &Query) -> types::MetricDataQuery {
    let builder = types::MetricDataQuery::builder()
        .id(&query.id)
        .set_label(query.label.clone())
        .return_data(query.returns);
    match &query.term {
        Term::Expression { text } => builder.expression(text).build(),
        Term::Metric {
            metric,
            statistic,
            unit,
            period,
        } => {
            let reference = types::Metric::builder()
                .namespace(&metric.namespace)
                .metric_name(&metric.name)
                .set_dimensions(Some(dimensions(metric)))
                .build();
            let stat = types::MetricStat::builder()
                .metric(reference)
                .stat(statistic)
                .period(whole(*period))
                .set_unit(unit.as_deref().map(types::StandardUnit::from))
                .build();
            builder.metric_stat(stat).build()
        }
    }
}

fn dimensions(metric: &MetricRef) -> Vec<types::Dimension> {
    metric
        .dimensions
        .iter()
        .map(|(name, value)| types::Dimension::builder().name(name).value(value).build())
        .collect()
}

/// The five statistics that are not "extended".
fn simple(statistic: &str) -> Option<types::Statistic> {
    ["Average", "Maximum", "Minimum", "SampleCount", "Sum"]
        .contains(&statistic)
        .then(|| types::Statistic::from(statistic))
}

fn whole(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn natural(number: Option<i32>) -> u32 {
    number
        .and_then(|number| u32::try_from(number).ok())
        .unwrap_or(0)
}

/// An alarm as DescribeAlarms shows it.
pub(crate) fn metric_alarm(alarm: &types::MetricAlarm) -> Alarm {
    let evaluation_periods = natural(alarm.evaluation_periods());
    Alarm::Metric(MetricAlarm {
        name: text(alarm.alarm_name()),
        description: text(alarm.alarm_description()),
        actions: Actions {
            alarm: alarm.alarm_actions().to_vec(),
            ok: alarm.ok_actions().to_vec(),
            insufficient_data: alarm.insufficient_data_actions().to_vec(),
        },
        actions_enabled: alarm.actions_enabled().unwrap_or(true),
        signal: signal(alarm),
        evaluation_periods,
        datapoints_to_alarm: match alarm.datapoints_to_alarm() {
            None => evaluation_periods,
            some => natural(some),
        },
        threshold: alarm.threshold().unwrap_or_default(),
        comparison: text(
            alarm
                .comparison_operator()
                .map(types::ComparisonOperator::as_str),
        ),
        treat_missing_data: alarm.treat_missing_data().unwrap_or("missing").to_owned(),
        low_samples: alarm
            .evaluate_low_sample_count_percentile()
            .map(str::to_owned),
        foreign: foreign(alarm),
    })
}

fn signal(alarm: &types::MetricAlarm) -> Signal {
    if alarm.metrics().is_empty() {
        let statistic = alarm
            .extended_statistic()
            .or(alarm.statistic().map(types::Statistic::as_str));
        return Signal::Metric {
            metric: MetricRef {
                namespace: text(alarm.namespace()),
                name: text(alarm.metric_name()),
                dimensions: named(alarm.dimensions()),
            },
            statistic: text(statistic),
            unit: alarm.unit().map(|unit| unit.as_str().to_owned()),
            period: natural(alarm.period()),
        };
    }
    let mut queries: Vec<Query> = alarm.metrics().iter().map(found_query).collect();
    queries.sort_by(|a, b| a.id.cmp(&b.id));
    Signal::Math(queries)
}

fn found_query(query: &types::MetricDataQuery) -> Query {
    let term = match query.metric_stat() {
        Some(stat) => Term::Metric {
            metric: stat.metric().map(metric).unwrap_or_default(),
            statistic: text(stat.stat()),
            unit: stat.unit().map(|unit| unit.as_str().to_owned()),
            period: natural(stat.period()),
        },
        None => Term::Expression {
            text: text(query.expression()),
        },
    };
    Query {
        id: text(query.id()),
        label: query.label().map(str::to_owned),
        returns: query.return_data().unwrap_or(true),
        term,
    }
}

/// Settings that the files cannot express: they show as a difference and go.
fn foreign(alarm: &types::MetricAlarm) -> BTreeMap<String, String> {
    let mut foreign = BTreeMap::new();
    if let Some(id) = alarm.threshold_metric_id() {
        foreign.insert("threshold_metric_id".to_owned(), id.to_owned());
    }
    if alarm.evaluation_criteria().is_some() {
        foreign.insert("evaluation_criteria".to_owned(), "set by hand".to_owned());
    }
    foreign
}

/// A composite as DescribeAlarms shows it.
pub(crate) fn composite_alarm(alarm: &types::CompositeAlarm) -> Alarm {
    // Read back as an ARN or as a name, whatever it was put as.
    let suppressor = alarm.actions_suppressor().map(|name| Suppressor {
        alarm: name
            .split_once(":alarm:")
            .map_or(name, |(_, name)| name)
            .to_owned(),
        wait: natural(alarm.actions_suppressor_wait_period()),
        extension: natural(alarm.actions_suppressor_extension_period()),
    });
    Alarm::Composite(CompositeAlarm {
        name: text(alarm.alarm_name()),
        description: text(alarm.alarm_description()),
        actions: Actions {
            alarm: alarm.alarm_actions().to_vec(),
            ok: alarm.ok_actions().to_vec(),
            insufficient_data: alarm.insufficient_data_actions().to_vec(),
        },
        actions_enabled: alarm.actions_enabled().unwrap_or(true),
        rule: text(alarm.alarm_rule()),
        suppressor,
        foreign: BTreeMap::new(),
    })
}

/// How a metric alarm is.
pub(crate) fn metric_alarm_state(alarm: &types::MetricAlarm) -> AlarmState {
    AlarmState {
        name: text(alarm.alarm_name()),
        state: state(alarm.state_value()),
        reason: text(alarm.state_reason()),
    }
}

/// How a composite alarm is.
pub(crate) fn composite_alarm_state(alarm: &types::CompositeAlarm) -> AlarmState {
    AlarmState {
        name: text(alarm.alarm_name()),
        state: state(alarm.state_value()),
        reason: text(alarm.state_reason()),
    }
}

fn state(state: Option<&types::StateValue>) -> State {
    match state {
        Some(types::StateValue::Alarm) => State::Alarm,
        Some(types::StateValue::Ok) => State::Ok,
        _ => State::InsufficientData,
    }
}

/// A metric as ListMetrics shows it.
pub(crate) fn metric(metric: &types::Metric) -> MetricRef {
    MetricRef {
        namespace: text(metric.namespace()),
        name: text(metric.metric_name()),
        dimensions: named(metric.dimensions()),
    }
}

fn named(dimensions: &[types::Dimension]) -> BTreeMap<String, String> {
    dimensions
        .iter()
        .map(|dimension| (text(dimension.name()), text(dimension.value())))
        .collect()
}

fn text(text: Option<&str>) -> String {
    text.unwrap_or_default().to_owned()
}
