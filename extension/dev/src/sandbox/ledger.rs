//! What Lambda and CloudWatch Logs themselves put into the account: the metrics of `AWS/Lambda`
//! for every invocation, and the metrics that a log line carried.

use std::collections::BTreeMap;

use obs_cloudwatch::metric::Unit;

use super::emf::Extraction;
use super::environment::Setting;
use crate::account::Change;
use crate::store::Datum;

/// Names and units of Lambda's metrics.
const COUNT: &str = "Count";
const MILLISECONDS: &str = "Milliseconds";

/// An invocation that ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Invoked {
    /// When it began; Lambda's metrics carry that time.
    pub(crate) at: i64,
    /// Milliseconds.
    pub(crate) duration_ms: f64,
    /// Whether the caller was answered with an error.
    pub(crate) failed: bool,
    /// Environments of the function that were busy, this one included.
    pub(crate) concurrent: usize,
}

/// Puts the metrics of an invocation.
pub(crate) fn invoked(setting: &Setting, invoked: &Invoked) {
    let metrics = [
        ("Invocations", COUNT, 1.0),
        ("Errors", COUNT, if invoked.failed { 1.0 } else { 0.0 }),
        ("Throttles", COUNT, 0.0),
        ("Duration", MILLISECONDS, invoked.duration_ms),
        ("ConcurrentExecutions", COUNT, invoked.concurrent as f64),
    ];
    put_lambda(setting, invoked.at, &metrics);
    let store = &setting.account.store;
    setting.kept(store.count("invocations", 1.0));
    if invoked.failed {
        setting.kept(store.count("errors", 1.0));
    }
}

/// Puts the metric of a call that was turned away; Lambda counts it as no invocation.
pub(crate) fn throttled(setting: &Setting, at: i64) {
    put_lambda(setting, at, &[("Throttles", COUNT, 1.0)]);
}

/// Puts the metrics of an EMF line and gives what was refused, which is counted in
/// `AWS/Logs` as CloudWatch Logs does.
pub(crate) fn embedded(setting: &Setting, at: i64, extraction: Extraction) -> Vec<String> {
    let Extraction {
        metrics,
        mut problems,
    } = extraction;
    let mut namespaces: BTreeMap<String, Vec<Datum>> = BTreeMap::new();
    for (namespace, datum) in metrics {
        namespaces.entry(namespace).or_default().push(datum);
    }
    let store = &setting.account.store;
    for (namespace, data) in &namespaces {
        match store.put_metric_data(namespace, data) {
            Ok(()) if namespace.starts_with("AWS/") => {}
            Ok(()) => setting.kept(store.count("points_emf", points(data))),
            Err(error) => problems.push(format!("failed to {error}")),
        }
    }
    if !problems.is_empty() {
        setting.kept(store.count("metrics_rejected", problems.len() as f64));
        let group = format!("/aws/lambda/{}", setting.spec.name);
        let dimensions = vec![("LogGroupName".to_owned(), group)];
        let count = problems.len() as f64;
        let datum = datum(at, ("EMFValidationErrors", COUNT, count), dimensions);
        setting.kept(store.put_metric_data("AWS/Logs", &[datum]));
    }
    setting.account.changed(Change::Metric);
    problems
}

fn points(data: &[Datum]) -> f64 {
    data.iter()
        .flat_map(|datum| &datum.values)
        .map(|(_, count)| count)
        .sum()
}

/// Lambda publishes each metric for the function, for the function and its resource, and for
/// all functions together.
fn put_lambda(setting: &Setting, at: i64, metrics: &[(&str, &str, f64)]) {
    let name = ("FunctionName".to_owned(), setting.spec.name.clone());
    let resource = ("Resource".to_owned(), setting.spec.name.clone());
    let sets = [vec![name.clone()], vec![name, resource], Vec::new()];
    let data: Vec<Datum> = sets
        .iter()
        .flat_map(|set| metrics.iter().map(|metric| datum(at, *metric, set.clone())))
        .collect();
    setting.kept(setting.account.store.put_metric_data("AWS/Lambda", &data));
    setting.account.changed(Change::Metric);
}

fn datum(at: i64, metric: (&str, &str, f64), dimensions: Vec<(String, String)>) -> Datum {
    let (name, unit, value) = metric;
    Datum {
        name: name.to_owned(),
        dimensions,
        unit: Unit::parse(unit).unwrap_or(Unit::NONE),
        resolution: 60,
        timestamp_ms: at,
        values: vec![(value, 1.0)],
        of_set: false,
    }
}
