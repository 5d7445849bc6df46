//! Two sets of alarms over one past.

use std::collections::BTreeMap;

use super::{Compared, Points, Sides, fetch, replay};
use crate::account::fake::Fake;
use crate::model::alarm::Term;
use crate::model::{Actions, Alarm, CompositeAlarm, MetricAlarm, MetricRef, Query, Signal, Target};

const MINUTE: i64 = 60_000;
const DAY: i64 = 1440 * MINUTE;
/// 2026-11-23T00:00:00Z
const NOW: i64 = 1_795_392_000_000;

fn target() -> Target {
    Target {
        project: "shop".to_owned(),
        environment: "dev".to_owned(),
        account: "000000000000".to_owned(),
        region: "us-east-1".to_owned(),
        endpoint: None,
        role: None,
    }
}

fn metric(name: &str) -> MetricRef {
    MetricRef {
        namespace: "Shop".to_owned(),
        name: name.to_owned(),
        dimensions: BTreeMap::new(),
    }
}

fn alarm(name: &str, threshold: f64, (statistic, period): (&str, u32)) -> Alarm {
    Alarm::Metric(MetricAlarm {
        name: name.to_owned(),
        description: String::new(),
        actions: Actions::default(),
        actions_enabled: true,
        signal: Signal::Metric {
            metric: metric("Errors"),
            statistic: statistic.to_owned(),
            unit: None,
            period,
        },
        evaluation_periods: 1,
        datapoints_to_alarm: 1,
        threshold,
        comparison: "GreaterThanThreshold".to_owned(),
        treat_missing_data: "notBreaching".to_owned(),
        low_samples: None,
        foreign: BTreeMap::new(),
    })
}

fn share(threshold: f64) -> Alarm {
    let Alarm::Metric(mut alarm) = alarm("share", threshold, ("Sum", 300)) else {
        unreachable!("it was made as one on a metric")
    };
    let query = |id: &str, returns, term| Query {
        id: id.to_owned(),
        label: None,
        returns,
        term,
    };
    let sum = |name| Term::Metric {
        metric: metric(name),
        statistic: "Sum".to_owned(),
        unit: None,
        period: 300,
    };
    let text = "100 * bad / all".to_owned();
    alarm.signal = Signal::Math(vec![
        query("all", false, sum("Requests")),
        query("bad", false, sum("Errors")),
        query("share", true, Term::Expression { text }),
    ]);
    Alarm::Metric(alarm)
}

fn down() -> Alarm {
    Alarm::Composite(CompositeAlarm {
        name: "down".to_owned(),
        description: String::new(),
        actions: Actions::default(),
        actions_enabled: true,
        rule: "ALARM(\"errors\") AND ALARM(\"share\")".to_owned(),
        suppressor: None,
        foreign: BTreeMap::new(),
    })
}

/// Errors of 20 minutes, a day ago: two a minute, then eight; 50 requests a minute.
fn past(fake: &Fake) {
    let start = NOW - DAY;
    let errors = |minute: i64| match minute {
        100..110 => 2.0,
        110..120 => 8.0,
        _ => 0.0,
    };
    let points = |value: &dyn Fn(i64) -> f64| -> Points {
        let minutes = 0..1440;
        minutes.map(|it| (start + it * MINUTE, value(it))).collect()
    };
    let mut state = fake.state();
    let mut put = |name, statistic: &str, points| {
        let key = (metric(name), statistic.to_owned());
        state.past.insert(key, points);
    };
    put("Errors", "Sum", points(&errors));
    put("Errors", "SampleCount", points(&|_| 4.0));
    put("Errors", "Average", points(&|it| errors(it) / 4.0));
    put("Requests", "Sum", points(&|_| 50.0));
    put("Errors", "p90", points(&errors));
}

async fn compare(before: &[Alarm], after: &[Alarm], days: i64) -> Compared {
    let fake = Fake::new(&target());
    past(&fake);
    let span = (NOW - days * DAY, NOW);
    let mut sides = Sides::new((&target(), after), before, span, |_| true);
    let needs = sides.needs(NOW);
    let (asks, mut heard) = (needs.asks(NOW), 0);
    let calls = asks.len();
    let answers = fetch(&fake, asks, || heard += 1).await.unwrap();
    assert_eq!(heard, calls);
    replay(&sides, &needs, &needs.source(&answers), |_| {})
}

fn text(compared: &Compared) -> String {
    let mut text = String::new();
    compared.text(&mut text).unwrap();
    text
}

#[tokio::test]
async fn a_threshold_that_is_raised_fires_less_and_composites_follow_their_children() {
    let before = [alarm("errors", 0.0, ("Sum", 60)), share(1.0), down()];
    let after = [alarm("errors", 5.0, ("Sum", 60)), share(15.0), down()];
    let compared = compare(&before, &after, 1).await;
    insta::assert_snapshot!(text(&compared));
    let again = compare(&before, &after, 1).await;
    assert_eq!(compared.svg(), again.svg());
    assert_eq!(compared.svg().matches("class=\"lane\"").count(), 3);
}

#[tokio::test]
async fn what_one_side_lacks_is_a_dash() {
    let before = [alarm("errors", 0.0, ("Sum", 60))];
    let after = [alarm("errors", 0.0, ("Sum", 60)), share(1.0)];
    insta::assert_snapshot!(text(&compare(&before, &after, 1).await));
}

#[tokio::test]
async fn averages_are_put_together_from_sums_and_counts_and_percentiles_are_not() {
    let average = [alarm("errors", 1.9, ("Average", 300))];
    let compared = compare(&average, &average, 1).await;
    let row = &compared.rows[0];
    // Five minutes of 2 (8 errors in 4 samples) end at minute 115.
    let first = NOW - DAY + 115 * MINUTE;
    assert_eq!(row.ends().map(|it| it.0), Some(first));
    assert_eq!(row.note, None);
    let percentile = [alarm("errors", 7.0, ("p90", 300))];
    let compared = compare(&percentile, &percentile, 1).await;
    let note = compared.rows[0].note.as_deref().unwrap();
    assert!(note.contains("whole periods only"), "{note}");
}

#[tokio::test]
async fn what_is_not_kept_any_more_is_told() {
    let minutes = [alarm("errors", 0.0, ("Sum", 60))];
    let compared = compare(&minutes, &minutes, 30).await;
    let note = compared.rows[0].note.as_deref().unwrap();
    assert_eq!(note, "from 15d ago: periods of 60 s are not kept longer");
    assert!(compared.rows[0].fired(), "the last days are replayed");
}
