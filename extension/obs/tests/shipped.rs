//! The project that this repository ships: CloudVault's alarms and dashboards.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::collections::BTreeSet;
use std::path::Path;

use cloudvault_obs_core::names;
use obs_deploy::model::alarm::Term;
use obs_deploy::model::{Desired, MetricRef, Signal};
use obs_deploy::resolve::{Choice, resolve};
use obs_deploy::simulate::Report;
use obs_deploy::source::problem::Paint;
use obs_deploy::source::read;
use serde_json::Value;

const NAMESPACE: &str = "CloudVault";

fn shipped() -> Desired {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    resolve(&read(&root).unwrap(), &Choice::default())
        .unwrap()
        .desired
}

/// Namespace and name of every metric in `alarms/`.
fn in_alarms(desired: &Desired) -> BTreeSet<(String, String)> {
    let pair = |metric: &MetricRef| (metric.namespace.clone(), metric.name.clone());
    let mut found = BTreeSet::new();
    for alarm in &desired.alarms {
        match &alarm.signal {
            Signal::Metric { metric, .. } => {
                found.insert(pair(metric));
            }
            Signal::Math(queries) => {
                for query in queries {
                    if let Term::Metric { metric, .. } = &query.term {
                        found.insert(pair(metric));
                    }
                }
            }
        }
    }
    found
}

/// Namespace and name of every metric in `dashboards/`, dots followed.
fn in_dashboards(desired: &Desired) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for dashboard in &desired.dashboards {
        let body = dashboard.value().unwrap();
        for widget in body["widgets"].as_array().unwrap() {
            let mut above: Vec<String> = Vec::new();
            for row in widget["properties"]["metrics"]
                .as_array()
                .into_iter()
                .flatten()
            {
                let row: Vec<String> = row
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter_map(Value::as_str)
                    .enumerate()
                    .map(|(index, text)| match text {
                        "." => above[index].clone(),
                        text => text.to_owned(),
                    })
                    .collect();
                if let [namespace, name, ..] = &row[..] {
                    found.insert((namespace.clone(), name.clone()));
                    above = row;
                }
            }
        }
    }
    found
}

#[test]
fn every_custom_metric_in_alarms_and_dashboards_is_well_known() {
    let desired = shipped();
    let mut custom = 0;
    for (namespace, name) in in_alarms(&desired).union(&in_dashboards(&desired)) {
        if namespace == NAMESPACE {
            custom += 1;
            assert!(
                names::find(name).is_some(),
                "{name} is no well-known metric"
            );
        } else {
            // What the metric filters on CloudTrail's lines write.
            let filtered = desired
                .metric_filters
                .iter()
                .any(|filter| filter.metric_namespace == *namespace && filter.metric_name == *name);
            assert!(
                filtered || namespace.starts_with("AWS/"),
                "{namespace} {name} is nobody's"
            );
        }
    }
    assert!(custom > 0, "the files name custom metrics");
}

#[test]
fn no_well_known_metric_goes_unseen() {
    let desired = shipped();
    let seen = in_dashboards(&desired);
    for known in names::CLOUDVAULT {
        assert!(
            seen.contains(&(NAMESPACE.to_owned(), known.name.to_owned())),
            "{} is on no dashboard",
            known.name
        );
    }
}

#[test]
fn short_alarm_periods_are_on_high_resolution_metrics_only() {
    for alarm in shipped().alarms {
        if let Signal::Metric { metric, period, .. } = &alarm.signal
            && *period < 60
        {
            let known = names::find(&metric.name).unwrap();
            assert_eq!(known.resolution.seconds(), 1, "{}", alarm.name);
        }
    }
}

/// Staging wakes nobody, so its pages go elsewhere: the tests speak of the others.
#[test]
fn the_tests_of_alarms_pass_and_speak_of_all_that_is_cloudvaults_own() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let documents = read(&root).unwrap();
    for environment in ["dev", "production"] {
        let choice = Choice {
            environment: Some(environment.to_owned()),
            ..Choice::default()
        };
        let resolved = resolve(&documents, &choice).unwrap();
        let report = Report::of(&resolved, &documents.files, |_| true);
        let mut text = String::new();
        report.text(&mut text, Paint::Plain).unwrap();
        assert_eq!(report.failed(), 0, "{text}");
        for outcome in &report.outcomes {
            assert_eq!(outcome.unread, [String::new(); 0], "{}", outcome.name);
        }
        let untested = &report.coverage.untested;
        let presets = |name: &String| resolved.about[name].preset.is_some();
        let own: Vec<&String> = untested.iter().filter(|name| !presets(name)).collect();
        assert_eq!(own, Vec::<&String>::new(), "{environment}");
    }
}
