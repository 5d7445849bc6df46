//! The clock driven by hand: time is moved, then ticked; nothing sleeps.

use std::sync::Arc;

use obs_cloudwatch::metric::Unit;
use serde_json::json;

use super::AlarmClock;
use crate::account::{Account, operations};
use crate::clock::ManualClock;
use crate::store::{Datum, HistoryKind, HistoryQuery, Store};
use crate::wire::{Service, Tree};

/// 2026-11-23T05:00:00Z
const NOW_MS: i64 = 1_795_410_000_000;
const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:alerts";

struct Bench {
    account: Arc<Account>,
    time: Arc<ManualClock>,
    clock: AlarmClock,
}

impl Bench {
    fn new() -> Self {
        let time = Arc::new(ManualClock::at(NOW_MS));
        let store = Store::in_memory().unwrap();
        let account = Arc::new(Account::new(
            store,
            time.clone(),
            "us-east-1",
            "http://127.0.0.1:0",
        ));
        let clock = AlarmClock::new(account.clone());
        let bench = Self {
            account,
            time,
            clock,
        };
        bench.call(Service::Sns, "CreateTopic", json!({ "Name": "alerts" }));
        bench
    }

    fn call(&self, service: Service, operation: &str, input: serde_json::Value) {
        let answer = operations::call(&self.account, service, operation, Tree::from(input));
        answer.unwrap_or_else(|fault| panic!("{operation}: {fault:?}"));
    }

    fn alarm(&self, name: &str, period: u32) {
        let alarm = json!({
            "AlarmName": name, "Namespace": "CloudVault", "MetricName": name, "Statistic": "Sum",
            "Period": period, "EvaluationPeriods": 1, "Threshold": 1.0, "TreatMissingData": "notBreaching",
            "ComparisonOperator": "GreaterThanOrEqualToThreshold", "AlarmActions": [TOPIC], "OKActions": [TOPIC],
        });
        self.call(Service::CloudWatch, "PutMetricAlarm", alarm);
    }

    fn put(&self, name: &str, resolution: u32, value: f64) {
        let datum = Datum {
            name: name.to_owned(),
            dimensions: Vec::new(),
            unit: Unit::NONE,
            resolution,
            timestamp_ms: crate::clock::Clock::now_ms(&*self.time),
            values: vec![(value, 1.0)],
            of_set: false,
        };
        self.account
            .store
            .put_metric_data("CloudVault", &[datum])
            .unwrap();
    }

    fn advance(&mut self, seconds: i64) {
        self.time.advance_ms(seconds * 1000);
        self.clock.tick().unwrap();
    }

    fn check_state(&self, name: &str, expect: &str) {
        let alarm = self.account.store.alarm(name).unwrap().unwrap();
        assert_eq!(alarm.state, expect, "{name}: {}", alarm.reason);
    }

    fn check_actions(&self, name: &str, expect: usize) {
        let query = HistoryQuery {
            alarm: Some(name.to_owned()),
            kind: Some(HistoryKind::Action),
            ..HistoryQuery::default()
        };
        let actions = self.account.store.history(&query).unwrap();
        assert_eq!(actions.len(), expect, "{name}: {actions:?}");
    }
}

#[test]
fn an_alarm_is_evaluated_at_once_and_acts_only_on_a_transition() {
    let mut bench = Bench::new();
    bench.alarm("Errors", 60);
    bench.advance(0);
    bench.check_state("Errors", "OK");
    bench.check_actions("Errors", 1);
    bench.put("Errors", 60, 2.0);
    bench.advance(30);
    bench.check_state("Errors", "OK");
    bench.advance(30);
    bench.check_state("Errors", "ALARM");
    bench.check_actions("Errors", 2);
    bench.put("Errors", 60, 2.0);
    bench.advance(60);
    bench.check_state("Errors", "ALARM");
    bench.check_actions("Errors", 2);
    let mut waited = 0;
    while bench.account.store.alarm("Errors").unwrap().unwrap().state == "ALARM" {
        bench.advance(60);
        waited += 1;
        assert!(waited < 10, "the alarm never comes back");
    }
    bench.check_state("Errors", "OK");
    bench.check_actions("Errors", 3);
}

#[test]
fn a_period_of_ten_seconds_is_evaluated_every_ten_seconds() {
    let mut bench = Bench::new();
    bench.alarm("Errors", 10);
    bench.advance(0);
    bench.put("Errors", 1, 1.0);
    bench.advance(10);
    bench.check_state("Errors", "ALARM");
}

#[test]
fn an_alarm_of_the_wall_clock_waits_for_the_hour_to_end() {
    let mut bench = Bench::new();
    bench.call(
        Service::CloudWatch,
        "PutMetricAlarm",
        json!({
            "AlarmName": "Errors", "Namespace": "CloudVault", "MetricName": "Errors", "Statistic": "Sum",
            "Period": 3_600, "EvaluationPeriods": 1, "Threshold": 1.0, "TreatMissingData": "notBreaching",
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "EvaluationWindow": {"WallClockWindow": {"Timezone": "UTC+01:00"}},
        }),
    );
    bench.advance(600);
    bench.put("Errors", 60, 1.0);
    bench.advance(2_940);
    bench.check_state("Errors", "OK");
    bench.advance(60);
    bench.check_state("Errors", "ALARM");
    let kept = bench.account.store.alarm("Errors").unwrap().unwrap().config;
    assert_eq!(
        kept["EvaluationWindow"]["WallClockWindow"]["Timezone"],
        "UTC+01:00"
    );
}

#[test]
fn disabled_actions_change_the_state_and_publish_nothing() {
    let mut bench = Bench::new();
    bench.alarm("Errors", 60);
    bench.call(
        Service::CloudWatch,
        "DisableAlarmActions",
        json!({ "AlarmNames": ["Errors"] }),
    );
    bench.advance(0);
    bench.check_state("Errors", "OK");
    bench.check_actions("Errors", 0);
}

#[test]
fn composites_follow_their_children_in_one_tick_whatever_their_names() {
    let mut bench = Bench::new();
    bench.alarm("Errors", 60);
    let composite = |name: &str, rule: &str| json!({ "AlarmName": name, "AlarmRule": rule, "AlarmActions": [TOPIC] });
    bench.call(
        Service::CloudWatch,
        "PutCompositeAlarm",
        composite("z-inner", "ALARM(\"Errors\")"),
    );
    bench.call(
        Service::CloudWatch,
        "PutCompositeAlarm",
        composite("a-outer", "ALARM(\"z-inner\")"),
    );
    bench.put("Errors", 60, 1.0);
    bench.advance(60);
    for alarm in ["Errors", "z-inner", "a-outer"] {
        bench.check_state(alarm, "ALARM");
    }
    bench.check_actions("a-outer", 1);
}

#[test]
fn a_suppressor_in_alarm_keeps_a_composites_actions_back() {
    let mut bench = Bench::new();
    bench.alarm("Errors", 60);
    bench.alarm("Maintenance", 60);
    let composite = json!({
        "AlarmName": "page", "AlarmRule": "ALARM(\"Errors\")", "AlarmActions": [TOPIC],
        "ActionsSuppressor": "Maintenance", "ActionsSuppressorWaitPeriod": 60, "ActionsSuppressorExtensionPeriod": 60,
    });
    bench.call(Service::CloudWatch, "PutCompositeAlarm", composite);
    let set = |name: &str, state: &str| json!({ "AlarmName": name, "StateValue": state, "StateReason": "by hand" });
    bench.advance(0);
    bench.call(
        Service::CloudWatch,
        "SetAlarmState",
        set("Maintenance", "ALARM"),
    );
    bench.call(Service::CloudWatch, "SetAlarmState", set("Errors", "ALARM"));
    bench.advance(1);
    bench.check_state("page", "ALARM");
    bench.check_actions("page", 0);
    bench.call(
        Service::CloudWatch,
        "SetAlarmState",
        set("Maintenance", "OK"),
    );
    bench.advance(1);
    bench.check_actions("page", 0);
    bench.put("Errors", 60, 1.0);
    bench.advance(61);
    bench.check_actions("page", 1);
}

#[test]
fn an_action_on_a_topic_that_does_not_let_cloudwatch_in_fails_in_the_history() {
    let mut bench = Bench::new();
    let policy = r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sns:Publish"}]}"#;
    let set = json!({ "TopicArn": TOPIC, "AttributeName": "Policy", "AttributeValue": policy });
    bench.call(Service::Sns, "SetTopicAttributes", set);
    bench.alarm("Errors", 60);
    bench.advance(0);
    let query = HistoryQuery {
        kind: Some(HistoryKind::Action),
        ..HistoryQuery::default()
    };
    let actions = bench.account.store.history(&query).unwrap();
    assert!(
        actions[0]
            .summary
            .contains("not authorized to perform: SNS:Publish"),
        "{actions:?}"
    );
}

/// Which states an alarm told of, and which it kept to itself.
fn told(bench: &Bench, name: &str) -> (usize, usize) {
    let query = HistoryQuery {
        alarm: Some(name.to_owned()),
        kind: Some(HistoryKind::Action),
        ..HistoryQuery::default()
    };
    let actions = bench.account.store.history(&query).unwrap();
    let muted = actions.iter().filter(|it| it.summary.contains("muted"));
    let muted = muted.count();
    (actions.len() - muted, muted)
}

fn set_state(bench: &Bench, name: &str, state: &str) {
    let state = json!({ "AlarmName": name, "StateValue": state, "StateReason": "by hand" });
    bench.call(Service::CloudWatch, "SetAlarmState", state);
}

fn mute(bench: &Bench, rule: &str, expression: &str, duration: &str) {
    let schedule = json!({ "Expression": expression, "Duration": duration });
    let input = json!({
        "Name": rule, "Rule": { "Schedule": schedule }, "MuteTargets": { "AlarmNames": ["Errors"] },
    });
    bench.call(Service::CloudWatch, "PutAlarmMuteRule", input);
}

#[test]
fn a_muted_alarm_tells_nobody_and_what_persists_is_told_at_the_windows_end() {
    let mut bench = Bench::new();
    bench.alarm("Errors", 3600);
    bench.advance(0);
    assert_eq!(told(&bench, "Errors"), (1, 0));
    mute(&bench, "deploy", "at(2026-11-23T05:00)", "PT10M");
    bench.put("Errors", 60, 2.0);
    bench.advance(60);
    bench.check_state("Errors", "ALARM");
    assert_eq!(told(&bench, "Errors"), (1, 1));
    // A second rule goes on muting when the first one ends.
    mute(&bench, "longer", "at(2026-11-23T05:05)", "PT10M");
    bench.advance(600);
    assert_eq!(told(&bench, "Errors"), (1, 1));
    bench.advance(300);
    bench.check_state("Errors", "ALARM");
    assert_eq!(told(&bench, "Errors"), (2, 1));
    bench.advance(60);
    assert_eq!(told(&bench, "Errors"), (2, 1));
}

#[test]
fn what_came_and_went_in_a_window_is_not_told() {
    let mut bench = Bench::new();
    bench.alarm("Errors", 3600);
    bench.advance(0);
    mute(&bench, "deploy", "at(2026-11-23T05:00)", "PT10M");
    set_state(&bench, "Errors", "ALARM");
    set_state(&bench, "Errors", "OK");
    bench.advance(600);
    assert_eq!(told(&bench, "Errors"), (1, 2));
}

#[test]
fn a_rule_that_is_deleted_mutes_no_longer() {
    let mut bench = Bench::new();
    bench.alarm("Errors", 3600);
    bench.advance(0);
    mute(&bench, "always", "cron(* * * * *)", "PT1M");
    set_state(&bench, "Errors", "ALARM");
    bench.advance(1);
    assert_eq!(told(&bench, "Errors"), (1, 1));
    let name = json!({ "AlarmMuteRuleName": "always" });
    bench.call(Service::CloudWatch, "DeleteAlarmMuteRule", name);
    bench.advance(1);
    assert_eq!(told(&bench, "Errors"), (2, 1));
}

#[test]
fn a_line_that_fits_a_filter_is_a_datapoint_and_any_other_line_the_default() {
    let bench = Bench::new();
    let group = crate::options::LogGroup {
        name: "/shop/orders".to_owned(),
        function: Some("orders".to_owned()),
        retention_days: None,
    };
    bench.account.keep_log_groups(&[group]).unwrap();
    let writes = json!({
        "metricName": "Bytes", "metricNamespace": "Shop", "metricValue": "$.size", "defaultValue": 0.0,
    });
    let filter = json!({
        "logGroupName": "/shop/orders", "filterName": "bytes", "filterPattern": "{ $.size > 10 }",
        "metricTransformations": [writes],
    });
    bench.call(Service::Logs, "PutMetricFilter", filter);
    for (function, line) in [
        ("orders", r#"{"size":42}"#),
        ("orders", r#"{"size":1}"#),
        ("other", r#"{"size":99}"#),
    ] {
        let record = crate::store::LogRecord {
            time_ms: NOW_MS,
            function: function.to_owned(),
            stream: crate::store::OWN_STREAM.to_owned(),
            request_id: None,
            line: line.to_owned(),
        };
        bench.account.log(&record).unwrap();
    }
    let read = json!({
        "Namespace": "Shop", "MetricName": "Bytes", "StartTime": NOW_MS / 1000 - 60,
        "EndTime": NOW_MS / 1000 + 60, "Period": 60, "Statistics": ["SampleCount", "Sum"],
    });
    let read = Tree::from(read);
    let answer = operations::call(
        &bench.account,
        Service::CloudWatch,
        "GetMetricStatistics",
        read,
    );
    let answer = format!("{:?}", answer.unwrap());
    assert!(answer.contains("(\"Sum\", Float(42.0))"), "{answer}");
    assert!(answer.contains("(\"SampleCount\", Float(2.0))"), "{answer}");
}
