//! Does the metric exist? An alarm on a metric that nobody sends never fires, and a
//! misspelt dimension is a metric that nobody sends.
//!
//! Only what a plan creates or changes is asked about: an unchanged plan asks nothing.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::step::{Action, Step};
use crate::account::{AccountError, Call, Reads};
use crate::model::alarm::Term;
use crate::model::{Alarm, MetricRef, Signal};
use crate::source::near;

/// Questions under way at once.
const AT_ONCE: usize = 8;
/// Metrics of one name that are looked through for a near miss.
const LOOKED_THROUGH: usize = 500;

/// What the account has of each metric name: its dimension sets.
type Seen = BTreeMap<(String, String), Vec<MetricRef>>;

/// One note for each metric of these steps that the account has not seen in the last
/// two weeks, which is as far as ListMetrics looks back.
///
/// # Errors
/// Whatever the account answers.
pub(super) async fn notes<A: Reads>(
    account: &A,
    steps: &[Step],
) -> Result<Vec<String>, AccountError> {
    let wanted = wanted(steps);
    let names: BTreeSet<(String, String)> = wanted
        .keys()
        .map(|metric| (metric.namespace.clone(), metric.name.clone()))
        .collect();
    let seen: Seen = stream::iter(names)
        .map(|(namespace, name)| async move {
            let found = account.metrics(&namespace, &name).await?;
            Ok::<_, AccountError>(((namespace, name), found))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(wanted
        .iter()
        .filter_map(|(metric, alarms)| note(metric, alarms, &seen))
        .collect())
}

/// The metrics that alarms of these steps look at, and by which alarms.
fn wanted(steps: &[Step]) -> BTreeMap<MetricRef, Vec<String>> {
    let mut wanted: BTreeMap<MetricRef, Vec<String>> = BTreeMap::new();
    let written = written(steps);
    let puts = steps
        .iter()
        .filter(|step| step.action != Action::Delete)
        .flat_map(|step| &step.calls)
        .filter_map(|call| match call {
            Call::PutAlarm { alarm, .. } => match &**alarm {
                Alarm::Metric(alarm) => Some(alarm),
                Alarm::Composite(_) => None,
            },
            _ => None,
        });
    for alarm in puts {
        for metric in metrics(&alarm.signal) {
            if written.contains(&(metric.namespace.as_str(), metric.name.as_str())) {
                continue;
            }
            let alarms = wanted.entry(metric.clone()).or_default();
            if alarms.last() != Some(&alarm.name) {
                alarms.push(alarm.name.clone());
            }
        }
    }
    wanted
}

/// Namespaces and names of what the filters of these steps will write.
fn written(steps: &[Step]) -> BTreeSet<(&str, &str)> {
    let calls = steps.iter().flat_map(|step| &step.calls);
    let written = calls.filter_map(|call| match call {
        Call::PutMetricFilter { filter } => Some((
            filter.metric_namespace.as_str(),
            filter.metric_name.as_str(),
        )),
        _ => None,
    });
    written.collect()
}

fn metrics(signal: &Signal) -> Vec<&MetricRef> {
    match signal {
        Signal::Metric { metric, .. } => vec![metric],
        Signal::Math(queries) => queries
            .iter()
            .filter_map(|query| match &query.term {
                Term::Metric { metric, .. } => Some(metric),
                Term::Expression { .. } => None,
            })
            .collect(),
    }
}

fn note(metric: &MetricRef, alarms: &[String], seen: &Seen) -> Option<String> {
    let found = seen
        .get(&(metric.namespace.clone(), metric.name.clone()))
        .map(Vec::as_slice)
        .unwrap_or_default();
    if found.contains(metric) {
        return None;
    }
    let who = who("alarm", alarms)?;
    let near = nearest(metric, found).map(|near| format!("; did you mean {near}?"));
    Some(format!(
        "{who}: no {metric} in the last two weeks{}",
        near.unwrap_or_default()
    ))
}

/// `alarm a and 2 more`; `None` for nobody.
pub(super) fn who(kind: &str, names: &[String]) -> Option<String> {
    match names {
        [one] => Some(format!("{kind} {one}")),
        [one, rest @ ..] => Some(format!("{kind} {one} and {} more", rest.len())),
        [] => None,
    }
}

/// The metric of the same name whose dimensions look most alike.
fn nearest<'a>(metric: &MetricRef, found: &'a [MetricRef]) -> Option<&'a MetricRef> {
    let spelt = |metric: &MetricRef| metric.to_string();
    let all: BTreeMap<String, &MetricRef> = found
        .iter()
        .take(LOOKED_THROUGH)
        .map(|metric| (spelt(metric), metric))
        .collect();
    let near = near::nearest(&spelt(metric), all.keys().map(String::as_str))?;
    all.get(near).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(dimensions: &[(&str, &str)]) -> MetricRef {
        MetricRef {
            namespace: "AWS/Lambda".to_owned(),
            name: "Errors".to_owned(),
            dimensions: dimensions
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        }
    }

    fn check(found: &[MetricRef], alarms: &[&str], expect: Option<&str>) {
        let wanted = metric(&[("FunctionName", "upload")]);
        let key = (wanted.namespace.clone(), wanted.name.clone());
        let seen = Seen::from([(key, found.to_vec())]);
        let alarms: Vec<String> = alarms.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(note(&wanted, &alarms, &seen).as_deref(), expect);
    }

    #[test]
    fn a_metric_that_nobody_sends_is_named_with_its_near_miss() {
        check(&[metric(&[("FunctionName", "upload")])], &["a"], None);
        check(
            &[],
            &["a", "b", "c"],
            Some(
                "alarm a and 2 more: no AWS/Lambda Errors {FunctionName=upload} in the last two weeks",
            ),
        );
        check(
            &[
                metric(&[("functionname", "upload")]),
                metric(&[("Queue", "parcels")]),
            ],
            &["a"],
            Some(
                "alarm a: no AWS/Lambda Errors {FunctionName=upload} in the last two weeks; did you mean AWS/Lambda Errors {functionname=upload}?",
            ),
        );
    }
}
