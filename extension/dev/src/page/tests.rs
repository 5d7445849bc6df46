//! The page's JSON over an account that was filled by hand.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use obs_cloudwatch::metric::Unit;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use super::router;
use crate::account::Account;
use crate::clock::ManualClock;
use crate::sandbox::{Sandbox, SandboxOptions};
use crate::store::{
    AlarmKind, AlarmRow, DashboardRow, Datum, DeliveryStatus, HistoryKind, HistoryRow, LogRecord,
    NewNotification, RequestRow, Store,
};

/// 2026-01-01T00:00:30Z.
const NOW: i64 = 1_767_225_630_000;
const TRACE: &str = "1-69559d00-0123456789abcdef01234567";

/// An account with a page; the folder lives as long as it does.
struct Given {
    account: Arc<Account>,
    router: Router,
    _folder: TempDir,
}

async fn given() -> Given {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::in_memory().unwrap();
    let clock = Arc::new(ManualClock::at(NOW));
    let account = Arc::new(Account::new(
        store,
        clock,
        "us-east-1",
        "http://127.0.0.1:4400",
    ));
    let options = SandboxOptions {
        functions: Vec::new(),
        extension: None,
        sample: 1.0,
        concurrency: 1,
        xray: ([127, 0, 0, 1], 0).into(),
        data: folder.path().to_owned(),
        idle: Duration::from_secs(60),
        freeze: crate::Freeze::default(),
    };
    let sandbox = Sandbox::start(account.clone(), options).await.unwrap();
    Given {
        router: router(account.clone(), sandbox),
        account,
        _folder: folder,
    }
}

impl Given {
    async fn ask(&self, method: Method, path: &str) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(Body::empty())
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (
            status,
            serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        )
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(Method::GET, path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    fn log(&self, function: &str, line: &str) {
        let record = LogRecord {
            time_ms: NOW,
            function: function.to_owned(),
            stream: crate::store::OWN_STREAM.to_owned(),
            request_id: None,
            line: line.to_owned(),
        };
        self.account.store.append_log(&record).unwrap();
    }

    fn datum(&self, namespace: &str, name: &str, minutes_ago: i64, value: f64) {
        let datum = Datum {
            name: name.to_owned(),
            dimensions: vec![("service".to_owned(), "upload".to_owned())],
            unit: Unit::NONE,
            resolution: 60,
            timestamp_ms: NOW - minutes_ago * 60_000,
            values: vec![(value, 1.0)],
            of_set: false,
        };
        self.account
            .store
            .put_metric_data(namespace, &[datum])
            .unwrap();
    }

    fn alarm(&self, name: &str, kind: AlarmKind, config: Value) {
        let alarm = AlarmRow {
            name: name.to_owned(),
            kind,
            config,
            configured_ms: NOW,
            state: "ALARM".to_owned(),
            reason: "Threshold Crossed".to_owned(),
            reason_data: None,
            updated_ms: NOW,
            transitioned_ms: NOW,
            evaluated_ms: None,
        };
        self.account.store.put_alarm(&alarm).unwrap();
    }

    /// Puts a change from OK to ALARM into an alarm's history.
    fn transition(&self, alarm: &str) {
        let item = HistoryRow {
            id: 0,
            alarm: alarm.to_owned(),
            alarm_kind: AlarmKind::Metric,
            time_ms: NOW,
            kind: HistoryKind::StateUpdate,
            summary: String::new(),
            data: "{}".to_owned(),
            from: Some("OK".to_owned()),
            to: Some("ALARM".to_owned()),
            reason: Some("because".to_owned()),
        };
        self.account.store.add_history(&item).unwrap();
    }

    fn dashboard(&self, widgets: Value) {
        let body = json!({ "widgets": widgets }).to_string();
        let row = DashboardRow {
            name: "main".to_owned(),
            body,
            modified_ms: NOW,
        };
        self.account.store.put_dashboard(&row).unwrap();
    }
}

#[tokio::test]
async fn log_lines_are_filtered_by_every_part_of_the_question() {
    let given = given().await;
    let line = json!({ "level": "INFO", "message": "stored cat.jpg", "correlation_id": "c1", "xray_trace_id": TRACE, "request_id": "r1" });
    given.log("upload", &line.to_string());
    given.log("list", "plain words");
    for (query, found) in [
        ("", 2),
        ("q=cat", 1),
        ("q=nowhere", 0),
        ("function=list", 1),
        ("level=info", 1),
        ("correlation_id=c1", 1),
        ("request_id=r1", 1),
        (&format!("trace_id={TRACE}"), 1),
        ("after=1", 1),
        ("before=2", 1),
        ("limit=1", 1),
        ("function=&level=&after=", 2),
    ] {
        let body = given.get(&format!("/api/logs?{query}")).await;
        let lines = body["lines"].as_array().unwrap();
        assert_eq!(lines.len(), found, "{query}");
    }
    // Nothing that is typed is FTS5 syntax.
    given.get("/api/logs?q=%22%20OR%20*%20(%20NEAR").await;
    let first = &given.get("/api/logs?function=upload").await["lines"][0];
    assert_eq!(first["line"], line.to_string());
    assert_eq!(first["message"], "stored cat.jpg");
}

#[tokio::test]
async fn a_bad_question_is_refused_and_says_what_was_expected() {
    let given = given().await;
    for (path, status, reason) in [
        (
            "/api/logs?limit=x",
            400,
            "failed to read the parameter `limit`: expected a whole number from 1 to 1000, found `x`",
        ),
        (
            "/api/logs?limit=1001",
            400,
            "failed to read the parameter `limit`: expected a whole number from 1 to 1000, found `1001`",
        ),
        (
            "/api/logs?after=-1",
            400,
            "failed to read the parameter `after`: expected a whole number from 0 to 9223372036854775807, found `-1`",
        ),
        (
            "/api/traces?limt=5",
            400,
            "failed to read the parameter `limt`: there is none of this name; known are limit, q",
        ),
        (
            "/api/dashboards/main?minutes=0",
            400,
            "failed to read the parameter `minutes`: expected a whole number from 1 to 10080, found `0`",
        ),
        ("/api/dashboards/none", 404, "there is no dashboard `none`"),
        ("/api/traces/none", 404, "there is no trace `none`"),
        ("/assets/none", 404, "there is no asset `none`"),
    ] {
        let (found, body) = given.ask(Method::GET, path).await;
        assert_eq!(
            (found.as_u16(), &body["error"]),
            (status, &json!(reason)),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_trace_comes_with_its_segments_logs_and_links() {
    let given = given().await;
    let other = "1-69559d00-aaaaaaaaaaaaaaaaaaaaaaaa";
    given
        .account
        .store
        .put_segment(&json!({
            "trace_id": TRACE, "id": "aaaaaaaaaaaaaaaa", "name": "upload", "start_time": 1.0, "end_time": 2.0,
            "links": [{ "trace_id": other, "id": "cccccccccccccccc" }],
            "subsegments": [{ "id": "bbbbbbbbbbbbbbbb", "name": "store", "start_time": 1.2, "in_progress": true }],
        }))
        .unwrap();
    given.log(
        "upload",
        &json!({ "message": "m", "xray_trace_id": TRACE }).to_string(),
    );
    let body = given.get(&format!("/api/traces/{TRACE}")).await;
    assert_eq!(body["segments"].as_array().unwrap().len(), 2);
    assert_eq!(body["segments"][1]["parent_id"], "aaaaaaaaaaaaaaaa");
    assert_eq!(body["segments"][1]["in_progress"], true);
    assert_eq!(body["logs"][0]["message"], "m");
    assert_eq!(
        body["links"][0],
        json!({ "trace_id": other, "id": "cccccccccccccccc", "direction": "to" })
    );
    let list = given.get("/api/traces?limit=10").await;
    assert_eq!(list["traces"][0]["trace_id"], TRACE);
    assert_eq!(list["traces"][0]["name"], "upload");
}

#[tokio::test]
async fn a_trace_that_was_not_sampled_has_its_log_lines() {
    let given = given().await;
    given.log(
        "upload",
        &json!({ "message": "m", "xray_trace_id": TRACE }).to_string(),
    );
    let body = given.get(&format!("/api/traces/{TRACE}")).await;
    assert_eq!(body["segments"], json!([]));
    assert_eq!(body["logs"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_alarm_says_its_condition_and_what_it_was_decided_on() {
    let given = given().await;
    given.datum("cloudvault", "Failures", 1, 3.0);
    given.alarm(
        "failures",
        AlarmKind::Metric,
        json!({
            "AlarmName": "failures", "Namespace": "cloudvault", "MetricName": "Failures", "Statistic": "Sum",
            "Dimensions": [{ "Name": "service", "Value": "upload" }], "Period": 60, "EvaluationPeriods": 3,
            "DatapointsToAlarm": 2, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching", "AlarmActions": ["arn:aws:sns:us-east-1:000000000000:page"],
        }),
    );
    given.alarm(
        "any",
        AlarmKind::Composite,
        json!({ "AlarmRule": "ALARM(\"failures\")" }),
    );
    given.transition("failures");
    let body = given.get("/api/alarms").await;
    let [composite, metric] = body["alarms"].as_array().unwrap().as_slice() else {
        panic!("{body}")
    };
    assert_eq!(
        metric["condition"],
        "Sum of cloudvault Failures {service=upload} > 1 for 2 of 3 periods of 1 minute; missing data is not breaching"
    );
    assert_eq!(
        metric["arn"],
        "arn:aws:cloudwatch:us-east-1:000000000000:alarm:failures"
    );
    assert_eq!(
        metric["actions"],
        json!([{ "state": "ALARM", "arn": "arn:aws:sns:us-east-1:000000000000:page" }])
    );
    assert_eq!(
        metric["history"][0],
        json!({ "time_ms": NOW, "from": "OK", "to": "ALARM", "reason": "because" })
    );
    let breaching: Vec<_> = metric["evaluation"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|p| p["breaching"] == true)
        .collect();
    assert_eq!(breaching.len(), 1, "{}", metric["evaluation"]);
    assert_eq!(breaching[0]["value"], 3.0);
    assert_eq!(composite["rule"], "ALARM(\"failures\")");
    assert_eq!(composite["kind"], "composite");
}

#[tokio::test]
async fn lists_that_are_empty_are_empty_lists() {
    let given = given().await;
    for (path, key) in [
        ("/api/logs", "lines"),
        ("/api/traces", "traces"),
        ("/api/dashboards", "dashboards"),
        ("/api/alarms", "alarms"),
        ("/api/notifications", "notifications"),
        ("/api/functions", "functions"),
        ("/api/requests", "requests"),
    ] {
        assert_eq!(given.get(path).await, json!({ key: [] }), "{path}");
    }
    assert_eq!(given.get("/api/summary").await["log_lines"], 0);
    let (status, body) = given.ask(Method::POST, "/api/spin-down").await;
    assert_eq!(
        (status, body),
        (StatusCode::OK, json!({ "environments": 0 }))
    );
}

#[tokio::test]
async fn notifications_and_requests_come_newest_first() {
    let given = given().await;
    for time_ms in [1, 2] {
        let new = NewNotification {
            time_ms,
            topic: "arn:aws:sns:us-east-1:000000000000:page".to_owned(),
            subscription: "s".to_owned(),
            protocol: "http".to_owned(),
            status: DeliveryStatus::Pending,
            subject: None,
            message: "m".to_owned(),
        };
        given.account.store.add_notification(&new).unwrap();
        let request = RequestRow {
            time_ms,
            service: "sns".to_owned(),
            operation: "Publish".to_owned(),
            protocol: "query".to_owned(),
            status: 200,
            write: false,
        };
        given.account.store.add_request(&request).unwrap();
    }
    let body = given.get("/api/notifications?limit=1").await;
    assert_eq!(body["notifications"][0]["time_ms"], 2);
    assert_eq!(body["notifications"].as_array().unwrap().len(), 1);
    assert_eq!(
        given.get("/api/requests").await["requests"][0]["time_ms"],
        2
    );
}

#[tokio::test]
async fn every_answer_is_fenced_in() {
    let given = given().await;
    for path in [
        "/",
        "/assets/page.js",
        "/assets/page.css",
        "/assets/icon.svg",
        "/api/summary",
        "/assets/none",
    ] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = given.router.clone().oneshot(request).await.unwrap();
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert!(
            header("content-security-policy").starts_with("default-src 'self';"),
            "{path}"
        );
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
    }
}

#[test]
fn the_page_asks_nobody_else_and_has_no_inline_script() {
    let index = include_str!("assets/index.html");
    assert!(index.contains(r#"<script type="module" src="/assets/page.js"></script>"#));
    assert!(!index.contains("://") && !index.contains("<style"));
    let script = include_str!("assets/page.js");
    for (forbidden, most) in [
        ("eval(", 0),
        ("new Function", 0),
        ("document.write", 0),
        ("innerHTML=", 1),
    ] {
        // Preact has one place for markup made by its caller; the page never asks for it.
        let found = script.matches(forbidden).count();
        assert!(
            found <= most,
            "{forbidden} stands {found} times in the bundle"
        );
    }
}

fn metric_widget(properties: Value) -> Value {
    let mut all = json!({ "region": "us-east-1", "title": "T", "period": 60, "stat": "Sum" });
    all.as_object_mut()
        .unwrap()
        .extend(properties.as_object().unwrap().clone());
    json!({ "type": "metric", "x": 0, "y": 0, "width": 12, "height": 6, "properties": all })
}

#[tokio::test]
async fn a_dashboard_is_drawn_from_local_data() {
    let given = given().await;
    given.datum("cloudvault", "Uploads", 2, 4.0);
    given.datum("cloudvault", "Uploads", 1, 6.0);
    given.dashboard(json!([
        metric_widget(json!({
            "metrics": [
                ["cloudvault", "Uploads", "service", "upload", { "id": "m1", "label": "uploads", "color": "#123456" }],
                [{ "expression": "m1 * 2", "label": "twice", "id": "e1", "yAxis": "right" }],
            ],
            "yAxis": { "left": { "label": "Count", "min": 0 } },
            "annotations": { "horizontal": [{ "value": 5, "label": "goal", "fill": "above" }] },
        })),
        { "type": "text", "x": 12, "y": 0, "width": 12, "height": 2, "properties": { "markdown": "# Hi", "background": "transparent" } },
        { "type": "log", "properties": { "region": "us-east-1", "query": "SOURCE 'a' | fields @message" } },
    ]));
    let body = given.get("/api/dashboards/main?minutes=5").await;
    assert_eq!(body["end_ms"], NOW);
    assert_eq!(body["start_ms"], NOW - 300_000);
    let widget = &body["widgets"][0];
    assert_eq!(widget["hint"], Value::Null, "{widget}");
    assert_eq!(widget["error"], Value::Null, "{widget}");
    let [uploads, twice] = widget["series"].as_array().unwrap().as_slice() else {
        panic!("{widget}")
    };
    let minute = |ago: i64| (NOW - ago * 60_000).div_euclid(60_000) * 60_000;
    assert_eq!(
        uploads["points"],
        json!([[minute(2), 4.0], [minute(1), 6.0]])
    );
    assert_eq!(
        (&uploads["label"], &uploads["color"], &uploads["axis"]),
        (&json!("uploads"), &json!("#123456"), &json!("left"))
    );
    assert_eq!(
        twice["points"],
        json!([[minute(2), 8.0], [minute(1), 12.0]])
    );
    assert_eq!(twice["axis"], "right");
    assert_eq!(
        widget["y_axis"]["left"],
        json!({ "label": "Count", "min": 0.0, "max": null })
    );
    assert_eq!(widget["annotations"]["horizontal"][0]["fill"], "above");
    assert_eq!(body["widgets"][1]["markdown"], "# Hi");
    assert_eq!(body["widgets"][1]["background"], "transparent");
    assert!(
        body["widgets"][2]["error"]
            .as_str()
            .unwrap()
            .contains("Logs Insights")
    );
    assert_eq!(
        given.get("/api/dashboards").await["dashboards"],
        json!([{ "name": "main", "modified_ms": NOW }])
    );
}

#[tokio::test]
async fn an_empty_widget_says_why() {
    let given = given().await;
    given.datum("cloudvault", "Uploads", 30, 4.0);
    let widget = |name: &str, service: &str| {
        metric_widget(json!({ "metrics": [["cloudvault", name, "service", service]] }))
    };
    given.dashboard(json!([
        widget("Uplods", "upload"),
        widget("Uploads", "uplaod"),
        widget("Uploads", "upload"),
        widget("Zebra", "x")
    ]));
    let body = given.get("/api/dashboards/main?minutes=5").await;
    let hints: Vec<_> = body["widgets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|widget| widget["hint"].as_str().unwrap())
        .collect();
    let near = "nearest series: cloudvault/Uploads {service=upload}.";
    assert_eq!(
        hints,
        [
            format!("No datapoint in this range for cloudvault/Uplods {{service=upload}}; {near}"),
            format!("No datapoint in this range for cloudvault/Uploads {{service=uplaod}}; {near}"),
            "No datapoint in this range for cloudvault/Uploads {service=upload}; its last one is 30 min old.".to_owned(),
            "No datapoint in this range for cloudvault/Zebra {service=x}; nothing like it was ever recorded.".to_owned(),
        ]
    );
}

#[tokio::test]
async fn alarms_are_drawn_on_a_dashboard() {
    let given = given().await;
    given.datum("cloudvault", "Failures", 1, 3.0);
    let config = json!({
        "AlarmName": "failures", "Namespace": "cloudvault", "MetricName": "Failures", "Statistic": "Sum", "Period": 60,
        "Dimensions": [{ "Name": "service", "Value": "upload" }], "EvaluationPeriods": 1, "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanThreshold",
    });
    given.alarm("failures", AlarmKind::Metric, config);
    let arn = |name: &str| format!("arn:aws:cloudwatch:us-east-1:000000000000:alarm:{name}");
    let alarm = |properties: Value| json!({ "type": "alarm", "properties": properties });
    given.dashboard(json!([
        alarm(json!({ "alarms": [arn("failures"), arn("gone")] })),
        alarm(json!({ "alarms": [arn("failures")], "states": ["OK"] })),
        { "type": "metric", "properties": { "region": "us-east-1", "annotations": { "alarms": [arn("failures")] } } },
        { "type": "metric", "properties": { "region": "us-east-1", "annotations": { "alarms": [arn("gone")] } } },
    ]));
    let widgets = given.get("/api/dashboards/main").await["widgets"].clone();
    let expected = json!([
        { "name": "failures", "state": "ALARM", "updated_ms": NOW },
        { "name": "gone", "state": null, "updated_ms": null },
    ]);
    assert_eq!(widgets[0]["alarms"], expected);
    assert_eq!(widgets[1]["alarms"], json!([]));
    assert_eq!(widgets[2]["series"][0]["points"][0][1], 3.0);
    assert_eq!(widgets[2]["annotations"]["horizontal"][0]["value"], 1.0);
    assert_eq!(widgets[3]["error"], "There is no alarm `gone`.");
}

#[tokio::test]
async fn a_period_too_short_for_a_metric_is_named() {
    let given = given().await;
    given.datum("cloudvault", "Uploads", 1, 4.0);
    given.dashboard(json!([metric_widget(
        json!({ "period": 10, "metrics": [["cloudvault", "Uploads", "service", "upload"]] })
    )]));
    let body = given.get("/api/dashboards/main?minutes=5").await;
    assert_eq!(
        body["widgets"][0]["hint"],
        "cloudvault/Uploads {service=upload} is recorded by the minute: a period below 60 seconds does not show it."
    );
}
