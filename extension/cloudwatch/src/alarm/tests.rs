//! Alarms end to end: JSON in, samples in, state and reason out.

use serde_json::{Value as Json, json};

use super::*;
use crate::metric::{MemorySource, MetricId, Sample, Unit};
use crate::time::parse_iso;

/// An alarm on Sum of NS/Errors with some fields replaced.
fn alarm(fields: Json) -> MetricAlarm {
    let mut body = json!({
        "AlarmName": "errors", "MetricName": "Errors", "Namespace": "NS", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 0.0, "ComparisonOperator": "GreaterThanThreshold"
    });
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    MetricAlarm::from_json(&body).unwrap()
}

/// Evaluates at 04:51:03 with the values of the minutes that end at 04:51.
fn at_0451(alarm: &MetricAlarm, minutes: &[Option<f64>], state: State) -> Evaluation {
    let now_ms = parse_iso("2026-11-23T04:51:03Z").unwrap();
    let start = parse_iso("2026-11-23T04:51:00Z").unwrap() - minutes.len() as i64 * 60_000;
    let mut source = MemorySource::new();
    source.push_periods(&MetricId::new("NS", "Errors", vec![]), start, 60, minutes);
    evaluate(alarm, Moment { now_ms, state }, &source).unwrap()
}

#[test]
fn a_breach_alarms_in_cloudwatchs_words() {
    let found = at_0451(&alarm(json!({})), &[Some(3.0)], State::Ok);
    assert_eq!(
        (found.state, found.changed, found.inferred),
        (State::Alarm, true, false)
    );
    assert_eq!(
        found.reason,
        "Threshold Crossed: 1 out of the last 1 datapoints [3.0 (23/11/26 04:50:00)] was greater than the threshold (0.0) (minimum 1 datapoint for OK -> ALARM transition)."
    );
    assert_eq!(
        found.reason_data,
        json!({
            "version": "1.0", "queryDate": "2026-11-23T04:51:03.000+0000", "startDate": "2026-11-23T04:50:00.000+0000",
            "statistic": "Sum", "period": 60, "recentDatapoints": [3.0], "threshold": 0.0,
            "evaluatedDatapoints": [{"timestamp": "2026-11-23T04:50:00.000+0000", "sampleCount": 1.0, "value": 3.0}]
        })
    );
}

#[test]
fn every_reason_reads_as_cloudwatch_writes_it() {
    let check = |fields: Json, minutes: &[Option<f64>], expected: &str| {
        assert_eq!(
            at_0451(&alarm(fields), minutes, State::InsufficientData).reason,
            expected
        );
    };
    check(
        json!({}),
        &[Some(0.0)],
        "Threshold Crossed: 1 out of the last 1 datapoints [0.0 (23/11/26 04:50:00)] was not greater than the threshold (0.0) (minimum 1 datapoint for ALARM -> OK transition).",
    );
    check(
        json!({"EvaluationPeriods": 2, "ComparisonOperator": "GreaterThanOrEqualToThreshold", "Threshold": 1}),
        &[Some(1.5), Some(2.0)],
        "Threshold Crossed: 2 out of the last 2 datapoints [2.0 (23/11/26 04:50:00), 1.5 (23/11/26 04:49:00)] were greater than or equal to the threshold (1.0) (minimum 2 datapoints for OK -> ALARM transition).",
    );
    check(
        json!({"EvaluationPeriods": 2, "Threshold": 1}),
        &[Some(3.0), Some(0.0)],
        "Threshold Crossed: 1 out of the last 2 datapoints [0.0 (23/11/26 04:50:00)] was not greater than the threshold (1.0) (minimum 1 datapoint for ALARM -> OK transition).",
    );
    check(
        json!({}),
        &[],
        "Insufficient Data: 1 datapoint was unknown.",
    );
    check(
        json!({"EvaluationPeriods": 3}),
        &[],
        "Insufficient Data: 3 datapoints were unknown.",
    );
    check(
        json!({"TreatMissingData": "notBreaching"}),
        &[],
        "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching].",
    );
    check(
        json!({"EvaluationPeriods": 3, "TreatMissingData": "breaching"}),
        &[],
        "Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as [Breaching].",
    );
    check(
        json!({"EvaluationPeriods": 20, "DatapointsToAlarm": 1, "TreatMissingData": "notBreaching"}),
        &[Some(613.0)],
        "Threshold Crossed: 1 out of the last 20 datapoints [613.0 (23/11/26 04:50:00)] was greater than the threshold (0.0) and 19 missing datapoints were treated as [NonBreaching] (minimum 1 datapoint for OK -> ALARM transition).",
    );
    check(
        json!({"EvaluationPeriods": 3, "DatapointsToAlarm": 2, "TreatMissingData": "breaching"}),
        &[Some(0.0)],
        "Threshold Crossed: 1 datapoint was received for 3 periods and 2 missing datapoints were treated as [Breaching].",
    );
}

#[test]
fn a_late_point_is_made_up_for_by_the_wider_range() {
    let found = at_0451(&alarm(json!({})), &[Some(3.0), None], State::Ok);
    assert_eq!(
        found.state,
        State::Alarm,
        "the point of the minute before decides"
    );
    assert_eq!(found.points.len(), 3);
}

#[test]
fn the_window_slides_minute_by_minute() {
    let alarm = alarm(json!({"Period": 300}));
    let range = window(&alarm, parse_iso("2026-11-23T04:52:59Z").unwrap());
    assert_eq!(range.end_ms, parse_iso("2026-11-23T04:52:00Z").unwrap());
    assert_eq!(range.length_ms(), 3 * 300_000);
    // Breaches at 04:48 and 04:50 lie in the five minutes that end at 04:51.
    let found = at_0451(&alarm, &[Some(1.0), Some(0.0), Some(1.0)], State::Ok);
    assert!(
        found.reason.contains("[2.0 (23/11/26 04:46:00)]"),
        "{}",
        found.reason
    );
}

/// CloudWatch's user guide, "Alarm evaluation window".
#[test]
fn a_window_of_the_wall_clock_is_whole_hours_days_and_weeks() {
    let check = |period: u32, zone: Json, now: &str, expected: &str| {
        let alarm = alarm(json!({
            "Period": period, "EvaluationWindow": {"WallClockWindow": {"Timezone": zone}},
        }));
        let range = window(&alarm, parse_iso(now).unwrap());
        let expected: Vec<i64> = expected
            .split(' ')
            .map(|day| parse_iso(&format!("2026-11-{day}")).unwrap())
            .collect();
        assert_eq!([range.start_ms, range.end_ms], *expected, "{period} {zone}");
    };
    // A Wednesday.
    let now = "2026-11-25T12:34:56Z";
    let rows = [
        (60, Json::Null, now, "25T12:33Z 25T12:34Z"),
        (300, Json::Null, now, "25T12:25Z 25T12:30Z"),
        (3_600, json!("Z"), now, "25T11:00Z 25T12:00Z"),
        (3_600, json!("+05:30"), now, "25T11:30Z 25T12:30Z"),
        (
            3_600,
            Json::Null,
            "2026-11-25T12:00:00Z",
            "25T11:00Z 25T12:00Z",
        ),
        (86_400, Json::Null, now, "24T00:00Z 25T00:00Z"),
        (86_400, json!("UTC-08:00"), now, "24T08:00Z 25T08:00Z"),
        (86_400, json!("GMT+14:00"), now, "24T10:00Z 25T10:00Z"),
        (604_800, Json::Null, now, "16T00:00Z 23T00:00Z"),
        (604_800, json!("+01:00"), now, "15T23:00Z 22T23:00Z"),
    ];
    for (period, zone, now, expected) in rows {
        check(period, zone, now, expected);
    }
}

/// The same page: a daily alarm on backups that slides goes off when two of them lie more
/// than a day apart; one of the wall clock does not, and does when a day has none.
#[test]
fn a_daily_alarm_tells_backups_apart() {
    let metric = MetricId::new("NS", "Errors", vec![]);
    let mut source = MemorySource::new();
    for time in [
        "2026-11-23T02:00Z",
        "2026-11-24T03:00Z",
        "2026-11-26T01:00Z",
    ] {
        source.push_periods(&metric, parse_iso(time).unwrap(), 60, &[Some(1.0)]);
    }
    let state = |window: Json, now: &str| {
        let fields = json!({
            "Period": 86_400, "Threshold": 1, "ComparisonOperator": "LessThanThreshold",
            "TreatMissingData": "breaching", "EvaluationWindow": window,
        });
        let now_ms = parse_iso(now).unwrap();
        let moment = Moment {
            now_ms,
            state: State::Ok,
        };
        evaluate(&alarm(fields), moment, &source).unwrap().state
    };
    let (sliding, wall) = (json!({"SlidingWindow": {}}), json!({"WallClockWindow": {}}));
    assert_eq!(state(sliding.clone(), "2026-11-24T01:00Z"), State::Ok);
    assert_eq!(state(sliding, "2026-11-24T02:30Z"), State::Alarm);
    assert_eq!(state(wall.clone(), "2026-11-24T02:30Z"), State::Ok);
    assert_eq!(state(wall.clone(), "2026-11-25T12:00Z"), State::Ok);
    assert_eq!(state(wall, "2026-11-26T12:00Z"), State::Alarm);
}

/// CloudWatch's user guide, "Configuring how CloudWatch alarms treat missing data".
#[test]
fn an_alarm_on_dynamodb_ignores_gaps_unless_it_says_otherwise() {
    let state = |fields: Json| at_0451(&alarm(fields), &[], State::Alarm).state;
    let table = json!({"Namespace": "AWS/DynamoDB"});
    assert_eq!(state(table), State::Alarm);
    assert_eq!(state(json!({})), State::InsufficientData);
    let said = json!({"Namespace": "AWS/DynamoDB", "TreatMissingData": "notBreaching"});
    assert_eq!(state(said), State::Ok);
}

#[test]
fn an_alarm_of_ten_seconds_looks_every_ten_seconds() {
    let fast = alarm(json!({"Period": 10}));
    let mut source = MemorySource::new();
    let start = parse_iso("2026-11-23T04:51:00Z").unwrap();
    source.push_periods(
        &MetricId::new("NS", "Errors", vec![]),
        start,
        10,
        &[Some(1.0)],
    );
    let at = |seconds: i64| {
        evaluate(
            &fast,
            Moment {
                now_ms: start + seconds * 1000,
                state: State::Ok,
            },
            &source,
        )
        .unwrap()
        .state
    };
    assert_eq!(
        (at(9), at(10), at(19)),
        (State::InsufficientData, State::Alarm, State::Alarm)
    );
}

#[test]
fn an_expression_is_evaluated_in_the_same_window() {
    let metric = json!({"Namespace": "NS", "MetricName": "Errors"});
    let body = json!({
        "AlarmName": "rate", "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold",
        "Metrics": [
            {"Id": "e1", "Expression": "FILL(m1, 0) * 2", "ReturnData": true},
            {"Id": "m1", "ReturnData": false, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
        ]
    });
    let alarm = MetricAlarm::from_json(&body).unwrap();
    assert_eq!(
        alarm.condition(),
        "FILL(m1, 0) * 2 > 1 for 1 out of 1 periods of 60 s"
    );
    assert_eq!(at_0451(&alarm, &[Some(3.0)], State::Ok).state, State::Alarm);
    let calm = at_0451(&alarm, &[], State::Ok);
    assert_eq!(calm.state, State::Ok);
    assert!(
        calm.reason.contains("[0.0 (23/11/26 04:50:00)]"),
        "{}",
        calm.reason
    );
}

/// CloudWatch's user guide, "Percentile-based alarms and low data samples": fewer than
/// 10/(1-p) samples from the median on, fewer than 10/p below it.
#[test]
fn a_percentile_of_too_few_samples_keeps_the_state_when_asked_to() {
    let now_ms = parse_iso("2026-11-23T04:51:00Z").unwrap();
    let state = |percentile: &str, low: &str, count: f64| {
        let fields = json!({
            "Statistic": null, "ExtendedStatistic": percentile, "EvaluateLowSampleCountPercentile": low,
        });
        let mut source = MemorySource::new();
        let sample = Sample {
            timestamp_ms: now_ms - 60_000,
            resolution_s: 60,
            unit: Unit::NONE,
            value: 9.0,
            count,
            of_set: false,
        };
        source.push(&MetricId::new("NS", "Errors", vec![]), sample);
        let state = State::Ok;
        evaluate(&alarm(fields), Moment { now_ms, state }, &source)
            .unwrap()
            .state
    };
    let least = [
        ("p50", 20.0),
        ("p75", 40.0),
        ("p90", 100.0),
        ("p95", 200.0),
        ("p99", 1_000.0),
        ("p99.9", 10_000.0),
        ("p40", 25.0),
        ("p25", 40.0),
        ("p10", 100.0),
        ("p1", 1_000.0),
    ];
    for (percentile, count) in least {
        let few = state(percentile, "ignore", count - 1.0);
        assert_eq!(few, State::Ok, "{percentile} of {}", count - 1.0);
        let enough = state(percentile, "ignore", count);
        assert_eq!(enough, State::Alarm, "{percentile} of {count}");
        assert_eq!(state(percentile, "evaluate", 1.0), State::Alarm);
    }
    // The rule is given for percentiles above 0 and below 100.
    assert_eq!(state("p100", "ignore", 1.0), State::Alarm);
    assert_eq!(state("p0", "ignore", 1.0), State::Alarm);
}

#[test]
fn every_operator_compares() {
    let check = |operator: &str, expected: [bool; 3]| {
        let operator: Comparison = operator.parse().unwrap();
        assert_eq!(
            [1.0, 2.0, 3.0].map(|v| operator.breaches(v, 2.0)),
            expected,
            "{operator}"
        );
    };
    check("GreaterThanThreshold", [false, false, true]);
    check("GreaterThanOrEqualToThreshold", [false, true, true]);
    check("LessThanThreshold", [true, false, false]);
    check("LessThanOrEqualToThreshold", [true, true, false]);
}

/// Checks that an alarm with these fields is refused.
fn refuse(fields: Json, expected: &str) {
    let mut body = json!({
        "AlarmName": "errors", "MetricName": "Errors", "Namespace": "NS", "Statistic": "Sum", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 0.0, "ComparisonOperator": "GreaterThanThreshold"
    });
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    let error = MetricAlarm::from_json(&body).unwrap_err().to_string();
    assert!(error.contains(expected), "{fields}: {error}");
}

#[test]
fn what_cloudwatch_refuses_is_refused() {
    let check = refuse;
    check(json!({"AlarmName": ""}), "1 to 255 characters");
    check(json!({"AlarmName": "a\tb"}), "no control characters");
    check(json!({"Period": 90}), "period 90");
    check(
        json!({"Period": 300, "EvaluationPeriods": 289}),
        "at most 86400 s",
    );
    check(
        json!({"Period": 3600, "EvaluationPeriods": 169}),
        "at most 604800 s",
    );
    check(json!({"EvaluationPeriods": 0}), "1 or more");
    check(json!({"DatapointsToAlarm": 2}), "expected 1 to 1");
    check(
        json!({"ExtendedStatistic": "p99"}),
        "exactly one of Statistic",
    );
    check(
        json!({"Statistic": "p99"}),
        "belongs into ExtendedStatistic",
    );
    check(
        json!({"ComparisonOperator": "GreaterThenThreshold"}),
        "did you mean `GreaterThanThreshold`?",
    );
    check(
        json!({"ComparisonOperator": "GreaterThanUpperThreshold"}),
        "anomaly detection",
    );
    check(
        json!({"TreatMissingData": "notbreaching"}),
        "did you mean `notBreaching`?",
    );
    check(json!({"Threshold": null}), "expected Threshold");
    check(json!({"Unit": "Apples"}), "unit `Apples`");
    check(
        json!({"Metrics": [{"Id": "e1", "Expression": "1"}]}),
        "only one of",
    );
    let search = json!({"MetricName": null, "Metrics": [{"Id": "e1", "Expression": "SUM(SEARCH('{NS}', 'Sum', 60))", "Period": 60}]});
    check(search, "SEARCH cannot be used");
    check(
        json!({"MetricName": null, "Metrics": [{"Id": "e1", "Expression": "1", "ReturnData": false}]}),
        "exactly one",
    );
}

#[test]
fn a_window_that_cloudwatch_has_not_is_refused() {
    let check = refuse;
    let wall = |zone: &str| json!({"EvaluationWindow": {"WallClockWindow": {"Timezone": zone}}});
    check(wall("+01:03"), "whole five minutes");
    check(wall("+5:30"), "whole five minutes");
    check(wall("+0530"), "an offset such as +05:30");
    check(wall("Europe/Berlin"), "named zones are not evaluated here");
    check(
        json!({"EvaluationWindow": {}}),
        "exactly one of SlidingWindow",
    );
    check(
        json!({"Period": 120, "EvaluationWindow": {"WallClockWindow": {}}}),
        "expected 60, 300, 3600, 86400 or 604800",
    );
    check(json!({"Period": 1}), "period 1");
}

#[test]
fn an_expression_that_gives_no_series_is_refused() {
    let check = refuse;
    let math = |expression: &str| {
        let metric = json!({"Namespace": "NS", "MetricName": "M"});
        json!({"MetricName": null, "Metrics": [
            {"Id": "e1", "Expression": expression},
            {"Id": "m1", "ReturnData": false, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}},
        ]})
    };
    check(
        math("METRICS()"),
        "gives an array of time series; expected one",
    );
    check(math("AVG(m1)"), "the result is a single number");
    check(math("m2 + m1"), "no query has the id `m2`");
}
