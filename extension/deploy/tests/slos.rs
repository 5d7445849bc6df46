//! Objectives as alarms: what they count, when they go off, and what they cost in peace.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use obs_deploy::model::alarm::Term;
use obs_deploy::model::slo::BURNS;
use obs_deploy::model::{Alarm, Signal};
use obs_deploy::resolve::{Choice, Resolved, resolve};
use obs_deploy::source::read;

fn resolved(slos: &str) -> Resolved {
    let dir = tempfile::tempdir().unwrap();
    let project = format!(
        r#"project: shop
environments:
  dev: {{ account: "000000000000", region: eu-central-1 }}
defaults: {{ owner: us, runbook: "https://example.com/${{alarm}}" }}
resources:
  functions: {{ pay: {{ timeout: 10s, memory: 256MB }} }}
  http_apis: {{ shop: {{ id: a1, rate_limit: 1000 }} }}
topics: {{ oncall: {{ subscriptions: [] }} }}
severities:
  page: {{ topics: [oncall] }}
  notice: {{ topics: [oncall] }}
slos:
{slos}"#
    );
    std::fs::write(dir.path().join("obs.yaml"), project).unwrap();
    resolve(&read(dir.path()).unwrap(), &Choice::default()).unwrap_or_else(|invalid| {
        panic!(
            "{}",
            invalid.render(obs_deploy::source::problem::Paint::Plain)
        )
    })
}

#[test]
fn an_availability_becomes_eight_windows_and_two_composites() {
    let desired = resolved(
        "  paying:\n    objective: 99.9%\n    availability: { resource: http_apis/shop }\n",
    )
    .desired;
    let all = desired
        .alarms
        .into_iter()
        .map(Alarm::Metric)
        .chain(desired.composites.into_iter().map(Alarm::Composite));
    let text: Vec<String> = all
        .map(|alarm| format!("[{}]\n{}", alarm.name(), alarm.content()))
        .collect();
    insta::assert_snapshot!("availability", text.join("\n"));
}

#[test]
fn a_latency_counts_the_samples_below_its_limit() {
    let resolved = resolved(
        "  paying:\n    objective: 99%\n    latency: { resource: functions/pay, below: 1.5s }\n",
    );
    let slo = &resolved.slos[0];
    assert_eq!(slo.part.statistic, "TC(:1500)");
    assert_eq!(
        slo.part.metric.to_string(),
        "AWS/Lambda Duration {FunctionName=pay}"
    );
    assert_eq!(slo.total.statistic, "SampleCount");
    assert_eq!(slo.alarms, ["paying-fast-burn", "paying-slow-burn"]);
}

/// CloudWatch's limits on an alarm's window, and the reason for one period a window.
#[test]
fn every_window_is_one_period_that_cloudwatch_evaluates() {
    let resolved = resolved(
        "  paying:\n    objective: 99.9%\n    availability: { resource: functions/pay }\n",
    );
    for alarm in &resolved.desired.alarms {
        assert_eq!(
            (alarm.evaluation_periods, alarm.datapoints_to_alarm),
            (1, 1)
        );
        let Signal::Math(queries) = &alarm.signal else {
            panic!("{} is no expression", alarm.name);
        };
        for query in queries {
            if let Term::Metric { period, .. } = &query.term {
                let limit = if *period < 3_600 { 86_400 } else { 604_800 };
                assert!(
                    *period <= limit && period.is_multiple_of(60),
                    "{}",
                    alarm.name
                );
            }
        }
    }
}

/// The guard: a window with a single bad request, and as many good ones as it takes to
/// look at it at all, burns slower than its factor.
#[test]
fn a_single_bad_request_never_goes_off() {
    for objective in ["90", "99", "99.5", "99.9", "99.95", "99.99"] {
        let resolved = resolved(&format!(
            "  paying:\n    objective: {objective}%\n    availability: {{ resource: functions/pay }}\n"
        ));
        let slo = &resolved.slos[0];
        for burn in &BURNS {
            let guard = slo.guard(burn);
            let rate = 1.0 / f64::from(guard) / slo.budget();
            assert!(rate < burn.factor, "{objective}% {}x: {rate}", burn.factor);
            // And not one request more than that takes.
            if guard > 1 {
                let rate = 1.0 / f64::from(guard - 1) / slo.budget();
                assert!(rate >= burn.factor * (1.0 - 1e-9), "{objective}%: {rate}");
            }
        }
    }
}
