//! The documented table, cell by cell, and the laws of evaluation, on the simulation.

use std::collections::BTreeMap;

use obs_cloudwatch::alarm::State;
use obs_cloudwatch::metric::MemorySource;
use proptest::prelude::*;

use super::{Fleet, Simulation};
use crate::model::{Actions, Alarm, CompositeAlarm, MetricAlarm, MetricRef, Signal, Suppressor};

const MINUTE: i64 = 60_000;
const TREATMENTS: [&str; 4] = ["missing", "ignore", "breaching", "notBreaching"];

fn errors() -> MetricRef {
    MetricRef {
        namespace: "Shop".to_owned(),
        name: "Errors".to_owned(),
        dimensions: BTreeMap::new(),
    }
}

fn alarm(m: u32, n: u32, treatment: &str) -> Alarm {
    Alarm::Metric(MetricAlarm {
        name: "errors".to_owned(),
        description: String::new(),
        actions: Actions::default(),
        actions_enabled: true,
        signal: Signal::Metric {
            metric: errors(),
            statistic: "Sum".to_owned(),
            unit: None,
            period: 60,
        },
        evaluation_periods: n,
        datapoints_to_alarm: m,
        threshold: 0.0,
        comparison: "GreaterThanThreshold".to_owned(),
        treat_missing_data: treatment.to_owned(),
        low_samples: None,
        foreign: BTreeMap::new(),
    })
}

fn composite(suppressor: Option<Suppressor>) -> Alarm {
    Alarm::Composite(CompositeAlarm {
        name: "down".to_owned(),
        description: String::new(),
        actions: Actions::default(),
        actions_enabled: true,
        rule: "ALARM(\"errors\")".to_owned(),
        suppressor,
        foreign: BTreeMap::new(),
    })
}

/// One value a minute, from 0 on.
fn data(values: &[Option<f64>]) -> MemorySource {
    let mut source = MemorySource::new();
    source.push_periods(&super::bench::id(&errors()), 0, 60, values);
    source
}

fn cells(text: &str) -> Vec<Option<f64>> {
    let cell = |word: &str| match word {
        "0" => Some(0.0),
        "X" => Some(1.0),
        _ => None,
    };
    text.split(' ').map(cell).collect()
}

/// When the alarm goes to ALARM for the first time, minute by minute from the second
/// on which there is data.
fn first_alarm(alarm: Alarm, values: &[Option<f64>]) -> Option<i64> {
    let (fleet, source) = (Fleet::of([&alarm]), data(values));
    let initial = BTreeMap::from([("errors".to_owned(), State::Ok)]);
    let mut simulation = Simulation::new(&fleet, &source, &initial, MINUTE);
    simulation.advance(values.len() as i64 * MINUTE);
    let mut changes = simulation.changes().iter();
    changes.find(|it| it.to == State::Alarm).map(|it| it.at_ms)
}

/// One row of the documented tables: missing, ignore, breaching, notBreaching.
fn check(m: u32, row: &str, expected: [&str; 4]) {
    for (treatment, expected) in TREATMENTS.into_iter().zip(expected) {
        for current in [State::Ok, State::Alarm, State::InsufficientData] {
            let alarm = alarm(m, 3, treatment);
            let (fleet, source) = (Fleet::of([&alarm]), data(&cells(row)));
            let initial = BTreeMap::from([("errors".to_owned(), current)]);
            let mut simulation = Simulation::new(&fleet, &source, &initial, 5 * MINUTE);
            simulation.advance(5 * MINUTE);
            let expected = match expected {
                "keep" => current,
                word => word.parse().unwrap(),
            };
            let found = simulation.status("errors").unwrap().state;
            assert_eq!(
                found, expected,
                "{m} of 3, {row}, {treatment}, from {current}"
            );
        }
    }
}

#[test]
fn every_cell_of_the_documented_tables_comes_out_of_the_clock() {
    check(3, "0 - X - X", ["OK", "OK", "OK", "OK"]);
    check(3, "0 - - - -", ["OK", "OK", "OK", "OK"]);
    check(3, "- - - - -", ["INSUFFICIENT_DATA", "keep", "ALARM", "OK"]);
    check(3, "0 X X - X", ["ALARM", "ALARM", "ALARM", "ALARM"]);
    check(3, "- - X - -", ["ALARM", "keep", "ALARM", "OK"]);
    check(2, "0 - X - X", ["ALARM", "ALARM", "ALARM", "ALARM"]);
    check(2, "0 0 X 0 X", ["ALARM", "ALARM", "ALARM", "ALARM"]);
    check(2, "0 - X - -", ["OK", "OK", "ALARM", "OK"]);
    check(2, "- - - - 0", ["OK", "OK", "ALARM", "OK"]);
    check(2, "- - - X -", ["ALARM", "keep", "ALARM", "OK"]);
}

/// What a composite does that waits two minutes for its suppressor and stays quiet three
/// minutes after it: the errors and the suppressor's data come in, the minutes at which
/// its actions of ALARM run go out.
fn acts(failing: &str, suppressing: &str) -> Vec<i64> {
    let suppressor = Suppressor {
        alarm: "maintenance".to_owned(),
        wait: 120,
        extension: 180,
    };
    let mut maintenance = alarm(1, 1, "notBreaching");
    let metric = MetricRef {
        name: "Maintenance".to_owned(),
        ..errors()
    };
    if let Alarm::Metric(alarm) = &mut maintenance {
        alarm.name = "maintenance".to_owned();
        alarm.signal = Signal::Metric {
            metric: metric.clone(),
            statistic: "Sum".to_owned(),
            unit: None,
            period: 60,
        };
    }
    let alarms = [
        alarm(1, 1, "notBreaching"),
        maintenance,
        composite(Some(suppressor)),
    ];
    let fleet = Fleet::of(&alarms);
    let mut source = data(&cells(failing));
    source.push_periods(&super::bench::id(&metric), 0, 60, &cells(suppressing));
    let mut simulation = Simulation::new(&fleet, &source, &BTreeMap::new(), 0);
    simulation.advance(20 * MINUTE);
    let acts = simulation.acts().iter();
    acts.filter(|act| act.alarm == "down" && act.state == State::Alarm)
        .map(|act| act.at_ms / MINUTE)
        .collect()
}

#[test]
fn a_suppressor_holds_a_composites_actions_as_documented() {
    let failing = "0 X X X X X X X X X X X X X X X X X X X";
    // It fires at minute 2 and waits until 4.
    assert_eq!(
        acts(failing, "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"),
        [4]
    );
    // The suppressor comes during the wait, and stays.
    let minutes = acts(failing, "0 0 X X X X X X X X X X X X X X X X X X");
    assert!(minutes.is_empty(), "{minutes:?}");
    // It was there before and goes at minute 6: three minutes more.
    assert_eq!(
        acts(failing, "X X X X X 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"),
        [9]
    );
}

#[test]
fn what_only_cloudwatch_can_do_is_refused_by_name() {
    let mut alarm = alarm(1, 1, "missing");
    if let Alarm::Metric(alarm) = &mut alarm {
        let band = ("threshold_metric_id".to_owned(), "band".to_owned());
        alarm.foreign.extend([band]);
    }
    let (fleet, source) = (Fleet::of([&alarm]), MemorySource::new());
    let simulation = Simulation::new(&fleet, &source, &BTreeMap::new(), 0);
    assert_eq!(
        simulation.status("errors").unwrap_err().to_string(),
        "simulate `errors`: `threshold_metric_id` (band) needs what only CloudWatch has"
    );
}

fn values() -> impl Strategy<Value = Vec<Option<f64>>> {
    let cell = prop::sample::select(vec![None, Some(0.0), Some(1.0)]);
    prop::collection::vec(cell, 1..30)
}

proptest! {
    #[test]
    fn a_larger_m_never_fires_earlier(values in values(), n in 2_u32..6, m in 1_u32..5) {
        prop_assume!(m < n);
        for treatment in ["missing", "breaching", "notBreaching"] {
            let small = first_alarm(alarm(m, n, treatment), &values);
            let large = first_alarm(alarm(m + 1, n, treatment), &values);
            if let Some(large) = large {
                prop_assert!(small.is_some_and(|small| small <= large), "{treatment} {small:?} {large}");
            }
        }
    }

    #[test]
    fn healing_a_point_never_makes_an_alarm_fire_earlier(values in values(), at in 0_usize..30, n in 1_u32..6) {
        let mut healed = values.clone();
        let at = at % values.len();
        // A breach becomes healthy; a hole stays one, as it may mean anything.
        healed[at] = healed[at].map(|_| 0.0);
        for treatment in ["breaching", "notBreaching"] {
            let sick = first_alarm(alarm(n, n, treatment), &values);
            let well = first_alarm(alarm(n, n, treatment), &healed);
            if let Some(well) = well {
                prop_assert!(sick.is_some_and(|sick| sick <= well), "{treatment} {sick:?} {well}");
            }
        }
    }

    #[test]
    fn not_breaching_never_fires_before_breaching(values in values(), n in 1_u32..6, m in 1_u32..6) {
        let m = m.min(n);
        let lenient = first_alarm(alarm(m, n, "notBreaching"), &values);
        let strict = first_alarm(alarm(m, n, "breaching"), &values);
        if let Some(lenient) = lenient {
            prop_assert!(strict.is_some_and(|strict| strict <= lenient));
        }
    }

    #[test]
    fn without_gaps_all_treatments_change_at_the_same_times(breaches in prop::collection::vec(any::<bool>(), 8..30), m in 1_u32..4) {
        let values: Vec<Option<f64>> = breaches.iter().map(|it| Some(f64::from(u8::from(*it)))).collect();
        let changes = |treatment| {
            let alarm = alarm(m, 3, treatment);
            let (fleet, source) = (Fleet::of([&alarm]), data(&values));
            let initial = BTreeMap::from([("errors".to_owned(), State::Ok)]);
            // From the time on when the whole evaluation range has data.
            let mut simulation = Simulation::new(&fleet, &source, &initial, 5 * MINUTE);
            simulation.advance(values.len() as i64 * MINUTE);
            simulation.changes().to_vec()
        };
        for treatment in TREATMENTS {
            prop_assert_eq!(changes(treatment), changes("missing"));
        }
    }

    #[test]
    fn states_change_only_by_transitions_and_every_transition_acts_once(values in values(), m in 1_u32..4) {
        let alarms = [alarm(m, 3, "missing"), composite(None)];
        let (fleet, source) = (Fleet::of(&alarms), data(&values));
        let mut simulation = Simulation::new(&fleet, &source, &BTreeMap::new(), 0);
        simulation.advance(40 * MINUTE);
        prop_assert_eq!(simulation.changes().len(), simulation.acts().len());
        for name in ["errors", "down"] {
            let mut state = State::InsufficientData;
            for change in simulation.changes().iter().filter(|it| it.alarm == name) {
                prop_assert_eq!(change.from, state);
                prop_assert_ne!(change.to, state);
                state = change.to;
            }
            prop_assert_eq!(simulation.status(name).unwrap().state, state);
        }
    }
}
