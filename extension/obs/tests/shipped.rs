//! The project that this repository ships: CloudVault's alarms and dashboards.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use cloudvault_obs_core::names;
use obs_deploy::model::alarm::Term;
use obs_deploy::model::{Desired, MetricRef, Signal};
use obs_deploy::resolve::{Choice, resolve};
use obs_deploy::simulate::Report;
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

/// Namespace and name that a row's `SEARCH` looks for.
fn searched(row: &Value) -> Option<(String, String)> {
    let search = row["expression"].as_str()?.strip_prefix("SEARCH('{")?;
    let (namespace, rest) = search.split_once(',')?;
    let (_, name) = rest.split_once("MetricName=\"")?;
    Some((namespace.to_owned(), name.split_once('"')?.0.to_owned()))
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
                let row = row.as_array().unwrap();
                found.extend(row.iter().filter_map(searched));
                let row: Vec<String> = row
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
    let all = [
        names::CLOUDVAULT,
        names::platform::ALL,
        names::extension::ALL,
    ];
    for known in all.into_iter().flatten() {
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

#[test]
fn every_alarm_has_a_test_in_every_environment_and_all_pass() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = Command::new(env!("CARGO_BIN_EXE_obs"))
        .args(["test", "--env", "dev,staging,production", "--require-tests"])
        .current_dir(root)
        .env_clear()
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    let summaries = said.lines().filter(|line| line.contains(" have no test."));
    assert_eq!(summaries.count(), 3, "{said}");
}

/// A series that no alarm reads is a slip in its name: the test would pass for nothing.
#[test]
fn every_series_of_every_test_is_read_by_its_alarms() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let documents = read(&root).unwrap();
    for environment in ["dev", "staging", "production"] {
        let choice = Choice {
            environment: Some(environment.to_owned()),
            ..Choice::default()
        };
        let resolved = resolve(&documents, &choice).unwrap();
        let report = Report::of(&resolved, &documents.files, |_| true);
        for outcome in &report.outcomes {
            let unread = outcome.unread.join(", ");
            assert!(unread.is_empty(), "{}: {unread}", outcome.name);
        }
    }
}
