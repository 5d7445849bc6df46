//! Objectives as alarms: what they count, when they go off, and what they cost in peace.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::collections::BTreeMap;

use obs_cloudwatch::alarm::State;
use obs_cloudwatch::metric::{MemorySource, MetricId, Sample, Unit};
use obs_deploy::model::alarm::Term;
use obs_deploy::model::slo::{BURNS, Urgency};
use obs_deploy::model::{Alarm, Signal, Slo};
use obs_deploy::resolve::{Choice, Resolved, resolve};
use obs_deploy::simulate::{Fleet, Simulation};
use obs_deploy::source::read;
use proptest::prelude::*;

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

const MINUTE_MS: i64 = 60_000;

/// Requests at a minute: all, and the bad ones among them.
#[derive(Clone, Copy, Debug)]
struct Requests {
    minute: i64,
    all: u32,
    bad: u32,
}

fn source(traffic: &[Requests]) -> MemorySource {
    let mut source = MemorySource::new();
    for requests in traffic {
        for (name, value) in [("Invocations", requests.all), ("Errors", requests.bad)] {
            let dimensions = vec![("FunctionName".to_owned(), "pay".to_owned())];
            source.push(
                &MetricId::new("AWS/Lambda", name, dimensions),
                Sample {
                    timestamp_ms: requests.minute * MINUTE_MS,
                    resolution_s: 60,
                    unit: Unit::NONE,
                    value: f64::from(value),
                    count: 1.0,
                    of_set: false,
                },
            );
        }
    }
    source
}

/// Whether the last `seconds` before a minute burn at least so fast, told from the
/// definition: bad over all, over the budget, with enough requests to tell.
fn burns(
    slo: &Slo,
    traffic: &[Requests],
    minute: i64,
    (seconds, factor, guard): (u32, f64, u32),
) -> bool {
    let first = minute - i64::from(seconds / 60);
    let inside = traffic
        .iter()
        .filter(|it| (first..minute).contains(&it.minute));
    let (all, bad) = inside.fold((0, 0), |(all, bad), it| (all + it.all, bad + it.bad));
    all >= guard && f64::from(bad) / f64::from(all) / slo.budget() >= factor
}

/// Holds the state of every window and of both composites against the definition, at
/// each of these minutes. There has to be traffic in every window.
fn check(traffic: &[Requests], urgency: Urgency, minutes: impl Iterator<Item = i64>) {
    let resolved = resolved(
        "  paying:\n    objective: 99%\n    minimum_requests: 20\n    availability: { resource: functions/pay }\n",
    );
    let slo = &resolved.slos[0];
    let alarms = resolved.desired.all_alarms();
    let (fleet, source) = (Fleet::of(&alarms), source(traffic));
    let mut simulation = Simulation::new(&fleet, &source, &BTreeMap::new(), MINUTE_MS);
    for minute in minutes {
        simulation.advance(minute * MINUTE_MS);
        let state = |name: &str| simulation.status(name).unwrap().state == State::Alarm;
        let mut any = false;
        for burn in BURNS.iter().filter(|burn| burn.urgency == urgency) {
            let windows = [(burn.long, slo.guard(burn)), (burn.short, 1)];
            let burning = windows.map(|(seconds, guard)| {
                let length = obs_deploy::value::Duration::from_seconds(seconds);
                let name = format!("paying-{}x-{length}", burn.factor);
                // A window of more than a day is looked at by the hour.
                let looked = if seconds > 86_400 {
                    minute / 60 * 60
                } else {
                    minute
                };
                let expected = burns(slo, traffic, looked, (seconds, burn.factor, guard));
                assert_eq!(state(&name), expected, "{name} at minute {minute}");
                expected
            });
            any |= burning == [true, true];
        }
        let composite = match urgency {
            Urgency::Page => "paying-fast-burn",
            Urgency::Ticket => "paying-slow-burn",
        };
        assert_eq!(state(composite), any, "{composite} at minute {minute}");
    }
}

/// Traffic with one incident in it.
fn incident(step: i64) -> impl Strategy<Value = Vec<Requests>> {
    let steps = 96_i64;
    let all = prop::collection::vec(1_u32..60, steps as usize);
    (all, 0..steps, 1..steps, 0.0..1.0_f64).prop_map(move |(all, first, length, share)| {
        let requests = |(at, all): (i64, u32)| Requests {
            minute: at * step,
            all,
            bad: match (first..first + length).contains(&at) {
                true => (f64::from(all) * share).round() as u32,
                false => 0,
            },
        };
        (0..).zip(all).map(requests).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn the_windows_of_a_fast_burn_alarm_exactly_while_they_burn(traffic in incident(5)) {
        check(&traffic, Urgency::Page, 5..480);
    }

    #[test]
    fn the_windows_of_a_slow_burn_alarm_exactly_while_they_burn(traffic in incident(60)) {
        check(&traffic, Urgency::Ticket, (60..5760).step_by(20));
    }
}

/// The numbers of the workbook: with everything failing, the fast pair of a 99 %
/// objective takes 14.4 % of its long window, rounded up to a minute; and it ends with
/// the short one.
#[test]
fn everything_failing_pages_after_nine_minutes_and_ends_five_minutes_after_it() {
    let resolved =
        resolved("  paying:\n    objective: 99%\n    availability: { resource: functions/pay }\n");
    let alarms = resolved.desired.all_alarms();
    let traffic: Vec<Requests> = (0..480)
        .map(|minute| Requests {
            minute,
            all: 100,
            bad: if (400..415).contains(&minute) { 100 } else { 0 },
        })
        .collect();
    let (fleet, source) = (Fleet::of(&alarms), source(&traffic));
    let mut simulation = Simulation::new(&fleet, &source, &BTreeMap::new(), MINUTE_MS);
    simulation.advance(480 * MINUTE_MS);
    let changes: Vec<(i64, State)> = simulation
        .changes()
        .iter()
        .filter(|change| change.alarm == "paying-fast-burn")
        .map(|change| (change.at_ms / MINUTE_MS, change.to))
        .collect();
    // 8.64 minutes of 60; and four minutes of five without a failure are 20 % failed,
    // which is above 14.4 %, five are none.
    let expected = [(1, State::Ok), (409, State::Alarm), (420, State::Ok)];
    assert_eq!(changes, expected);
}
