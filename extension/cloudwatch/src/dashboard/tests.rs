//! Bodies that are right, bodies that are wrong, and what is drawn of them.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::metric::{MemorySource, MetricId, TimeRange};

fn problems(body: &Json) -> Vec<String> {
    let found = validate(&body.to_string());
    let mut lines: Vec<String> = found
        .iter()
        .map(|p| format!("{} {}", p.data_path, p.message))
        .collect();
    lines.sort();
    lines
}

fn widget(kind: &str, properties: Json) -> Json {
    json!({"widgets": [{"type": kind, "properties": properties}]})
}

fn metric(properties: Json) -> Json {
    let mut all = json!({"region": "us-east-1", "metrics": [["NS", "M"]]});
    for (name, value) in properties.as_object().unwrap() {
        all[name] = value.clone();
    }
    widget("metric", all)
}

#[test]
fn every_type_of_widget_that_is_right_is_right() {
    let arn = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:errors";
    for body in [
        json!({"widgets": []}),
        json!({"widgets": [], "start": "-PT8H", "periodOverride": "inherit"}),
        json!({"widgets": [], "start": "2026-11-01T00:00:00Z", "end": "2026-11-02T00:00:00Z"}),
        widget(
            "text",
            json!({"markdown": "# Hello", "background": "transparent"}),
        ),
        widget(
            "log",
            json!({"region": "us-east-1", "query": "SOURCE 'a' | fields @message", "view": "table", "title": "t"}),
        ),
        widget(
            "alarm",
            json!({"alarms": [arn], "sortBy": "default", "states": ["ALARM"], "title": "t"}),
        ),
        widget(
            "explorer",
            json!({"metrics": [{"metricName": "M", "resourceType": "AWS::Lambda::Function", "stat": "Sum"}], "labels": [{"key": "team"}]}),
        ),
        widget(
            "custom",
            json!({"endpoint": "arn:aws:lambda:us-east-1:000000000000:function:f", "params": {"a": 1}, "updateOn": {"refresh": true}}),
        ),
        widget(
            "chart",
            json!({"view": "line", "region": "us-east-1", "data": {"queries": [{"query": "up"}]}}),
        ),
        widget("metric", json!({"annotations": {"alarms": [arn]}})),
        metric(json!({"view": "gauge", "yAxis": {"left": {"min": 0, "max": 100}}})),
        metric(json!({"view": "singleValue", "sparkline": true, "singleValueFullPrecision": true})),
        metric(
            json!({"view": "table", "table": {"layout": "vertical", "summaryColumns": ["MIN", "AVG"]}}),
        ),
        metric(
            json!({"legend": {"position": "right"}, "liveData": false, "timezone": "+0130", "stacked": true, "stat": "p99.9", "period": 60}),
        ),
        metric(
            json!({"annotations": {"horizontal": [{"value": 5, "fill": "above"}, [{"value": 1}, {"value": 2, "label": "b"}]],
            "vertical": [{"value": "2026-11-01T00:00:00Z", "fill": "before"}, [{"value": "2026-11-01T00:00:00Z"}, {"value": "2026-11-02T00:00:00Z"}]]}}),
        ),
        metric(
            json!({"metrics": [["NS", "M", "F", "a", {"id": "m1", "visible": false, "color": "#1f77b4", "yAxis": "right"}],
            [".", ".", ".", "b"], ["...", "c"], [{"expression": "m1*2", "label": "twice", "id": "e1"}], [{"expression": "ANOMALY_DETECTION_BAND(m1)"}]]}),
        ),
        json!({"widgets": [], "variables": [{"type": "property", "property": "FunctionName", "inputType": "select", "id": "f", "label": "F",
            "search": "{AWS/Lambda,FunctionName}", "populateFrom": "FunctionName", "defaultValue": "__FIRST", "visible": true}]}),
    ] {
        assert_eq!(problems(&body), [""; 0], "{body}");
    }
}

/// The page "Dashboard Body Structure and Syntax", and bodies exported from the console.
#[test]
fn what_the_documents_and_the_console_write_is_right() {
    let variable = |more: Json| {
        let mut all =
            json!({"type": "property", "property": "region", "inputType": "select", "id": "r"});
        for (name, value) in more.as_object().unwrap() {
            all[name] = value.clone();
        }
        json!({"widgets": [], "variables": [all]})
    };
    let time = "2018-08-27T15:25:26Z";
    for body in [
        variable(
            json!({"values": [{"value": 1, "label": "one"}, {"value": true}, {"value": "a"}], "defaultValue": 1}),
        ),
        variable(
            json!({"inputType": "input", "defaultValue": "us-east-1", "label": "x".repeat(30)}),
        ),
        metric(json!({"timezone": "Local", "liveData": false, "legend": {"position": "right"}})),
        metric(
            json!({"view": "pie", "sparkline": true, "setPeriodToTimeRange": true, "trend": true}),
        ),
        metric(json!({"view": "timeSeries", "sparkline": true, "stacked": true})),
        metric(json!({"annotations": {"horizontal": [
            [{"label": "top", "value": 200, "color": "#9467bd", "visible": true, "yAxis": "right", "fill": "any"}, {"value": 95.5, "label": "bottom"}],
            {"visible": false, "color": "#aaa", "label": "Hidden annotation", "value": 150},
        ], "vertical": [[{"value": time, "fill": "after"}, {"value": time}]]}})),
        metric(json!({"metrics": [
            [{"id": "expr1m0", "label": "users", "expression": "mm1m0 * 100 / mm0m0", "stat": "Average", "period": 60, "region": "us-east-1"}],
            ["ECS/ContainerInsights", "CpuReserved", "ClusterName", "c", "ServiceName", "users", {"id": "mm0m0", "visible": false, "stat": "Sum"}],
            ["...", "threads", {"id": "mm0m1", "visible": false, "stat": "Sum"}],
            [".", "CpuUtilized", ".", ".", ".", "users", {"id": "mm1m0", "visible": false, "accountId": "111122223333"}],
            ["...", {"stat": "p99"}],
        ]})),
        metric(json!({"metrics": [
            [{"expression": "SELECT MAX(CPUUtilization) FROM SCHEMA(\"AWS/EC2\", InstanceId) GROUP BY InstanceId LIMIT 10", "id": "q1"}],
            [{"expression": "MAX(q1)", "id": "e1"}],
            [{"expression": "DB_PERF_INSIGHTS('RDS', 'db-ABC', 'os.cpuUtilization.user.avg')", "id": "e2"}],
            [{"expression": "SEARCH('{AWS/EC2,InstanceId} MetricName=\"CPUUtilization\"', 'Average', 300)", "id": "e3"}],
            [{"expression": "SORT(REMOVE_EMPTY(SEARCH(' {AWS/Lambda,FunctionName}, MetricName=\"Errors\" ', 'Sum')), SUM, DESC, 10)"}],
        ]})),
        widget(
            "explorer",
            json!({"metrics": [{"metricName": "CPUUtilization", "resourceType": "AWS::EC2::Instance", "stat": "SampleCount"}],
            "aggregateBy": {"key": "*", "func": "SUM"}, "labels": [{"key": "InstanceLifecycle", "value": "spot"}, {"key": "InstanceLifecycle", "value": "on-demand"}],
            "widgetOptions": {"legend": {"position": "hidden"}, "view": "timeSeries", "stacked": false, "rowsPerPage": 1, "widgetsPerRow": 1},
            "period": 60, "splitBy": "#", "region": "us-east-1"}),
        ),
        widget(
            "log",
            json!({"query": "SOURCE logGroups '/a'| fields @timestamp", "queryLanguage": "CWLI", "queryBy": "allLogGroups",
            "logGroupPrefixes": {"accountIds": ["All"], "logGroupPrefix": [], "logClass": "STANDARD"},
            "region": "us-east-2", "title": "Log group", "view": "table"}),
        ),
    ] {
        assert_eq!(problems(&body), [""; 0], "{body}");
    }
}

#[test]
fn a_variable_that_is_too_long_is_refused() {
    let long = |length| "x".repeat(length);
    refuse(
        json!({"widgets": [], "variables": [{"type": "pattern", "pattern": "x", "inputType": "select", "id": "v",
            "label": long(31), "defaultValue": long(256), "values": [{"value": long(256), "label": long(256)}, {"value": {}}]}]}),
        &[
            "/variables/0/defaultValue Should NOT be longer than 255 characters",
            "/variables/0/label Should NOT be longer than 30 characters",
            "/variables/0/values/0/label Should NOT be longer than 255 characters",
            "/variables/0/values/0/value Should NOT be longer than 255 characters",
            "/variables/0/values/1/value Should be string, number or boolean",
        ],
    );
}

/// Checks that exactly these problems are found.
fn refuse(body: Json, expected: &[&str]) {
    assert_eq!(problems(&body), expected, "{body}");
}

#[test]
fn a_wrong_body_or_frame_is_named_with_its_path_in_cloudwatchs_words() {
    refuse(json!([]), &[" Should be object"]);
    refuse(json!({}), &[" Should have required property 'widgets'"]);
    refuse(
        json!({"widgets": [], "end": "2026-11-01T00:00:00Z"}),
        &[" Should have property start when property end is present"],
    );
    refuse(
        json!({"widgets": [], "start": "yesterday"}),
        &["/start Should be an ISO 8601 time, or for the start a duration such as -PT3H"],
    );
    refuse(
        json!({"widgets": [], "periodOverride": "Inherit"}),
        &[
            "/periodOverride Should be equal to one of the allowed values: auto, inherit, did you mean `inherit`?",
        ],
    );
    refuse(
        json!({"widgets": [{"type": "text", "properties": {"markdown": ""}, "x": 1}]}),
        &["/widgets/0 Should have property y when property x is present"],
    );
    refuse(
        json!({"widgets": [{"type": "text", "properties": {"markdown": ""}, "x": 24, "y": 0, "width": 25, "height": 0}]}),
        &[
            "/widgets/0/height Should be >= 1",
            "/widgets/0/width Should be <= 24",
            "/widgets/0/x Should be <= 23",
        ],
    );
    refuse(
        json!({"widgets": [{"type": "metrics", "properties": {}}]}),
        &[
            "/widgets/0/type Should be equal to one of the allowed values: metric, text, log, alarm, explorer, custom, chart, did you mean `metric`?",
        ],
    );
}

#[test]
fn a_widget_without_what_it_needs_is_refused() {
    refuse(
        widget("text", json!({})),
        &["/widgets/0/properties Should have required property 'markdown'"],
    );
    refuse(
        widget("log", json!({"query": "fields @message"})),
        &["/widgets/0/properties Should have required property 'region'"],
    );
    refuse(
        widget("alarm", json!({"alarms": []})),
        &["/widgets/0/properties/alarms Should NOT have fewer than 1 items"],
    );
    refuse(
        widget("alarm", json!({"alarms": ["errors"]})),
        &[
            "/widgets/0/properties/alarms/0 Should be the ARN of an alarm: arn:aws:cloudwatch:REGION:ACCOUNT:alarm:NAME",
        ],
    );
    refuse(
        widget("metric", json!({"region": "us-east-1"})),
        &[
            "/widgets/0/properties Should have required property 'annotations'",
            "/widgets/0/properties Should have required property 'metrics'",
            "/widgets/0/properties The metric widget should have specified a region and a data source or an alarm annotation",
        ],
    );
}

#[test]
fn metric_properties_that_make_no_sense_are_refused() {
    refuse(
        metric(json!({"view": "gauge"})),
        &["/widgets/0/properties The gauge view should have yAxis.left.min and yAxis.left.max"],
    );
    refuse(
        metric(json!({"view": "singleValue", "sparkline": true, "setPeriodToTimeRange": true})),
        &["/widgets/0/properties Should NOT have both sparkline and setPeriodToTimeRange"],
    );
    refuse(
        metric(json!({"titel": "x"})),
        &[
            "/widgets/0/properties Should NOT have additional property 'titel', did you mean `title`?",
        ],
    );
    refuse(
        metric(json!({"period": 90})),
        &["/widgets/0/properties/period Should be 1, 5, 10, 20, 30 or a multiple of 60"],
    );
}

/// A row that cannot be read leaves the places of the others as they are.
#[test]
fn an_expression_is_warned_of_at_its_own_row() {
    refuse(
        metric(json!({"metrics": [["NS"], ["NS", "M"], [{"expression": "m1 * 2"}]]})),
        &[
            "/widgets/0/properties/metrics/0 Should have a namespace, a metric name and for each dimension a name and a value",
            "/widgets/0/properties/metrics/2/0/expression No metric of the widget has the id 'm1'",
        ],
    );
}

#[test]
fn rows_that_name_no_metric_are_refused() {
    refuse(
        metric(json!({"metrics": [["NS", "M", "F"]]})),
        &[
            "/widgets/0/properties/metrics/0 Should have a namespace, a metric name and for each dimension a name and a value",
        ],
    );
    refuse(
        metric(json!({"metrics": [["NS", 5]]})),
        &[
            "/widgets/0/properties/metrics/0 Invalid metric field type, only \"String\" type is allowed",
        ],
    );
    refuse(
        metric(json!({"metrics": [["...", "a"]]})),
        &[
            "/widgets/0/properties/metrics/0 \"...\" should repeat a part of the metric above, and there is none",
        ],
    );
    refuse(
        metric(json!({"metrics": [[]]})),
        &[
            "/widgets/0/properties/metrics/0 Should NOT have fewer than 1 items",
            "/widgets/0/properties/metrics/0 Should have a namespace and a metric name, or an expression",
        ],
    );
    refuse(
        metric(json!({"metrics": [["NS", "M", {"color": "red", "id": "M1"}]]})),
        &[
            "/widgets/0/properties/metrics/0/2/color Should match pattern \"^#[0-9a-fA-F]{6}$\"",
            "/widgets/0/properties/metrics/0/2/id Should match pattern \"^[a-z][a-zA-Z0-9_]*$\"",
        ],
    );
    refuse(
        metric(
            json!({"metrics": [["NS", "M", {"id": "m1"}], [{"expression": "m2*2"}], [{"expression": "m1*"}]]}),
        ),
        &[
            "/widgets/0/properties/metrics/1/0/expression No metric of the widget has the id 'm2', did you mean `m1`?",
            "/widgets/0/properties/metrics/2/0/expression Invalid expression at character 4: expected a metric, a number or a function, found the end",
        ],
    );
    refuse(
        json!({"widgets": [], "variables": [{"type": "pattern", "inputType": "radio", "id": "a b"}]}),
        &[
            "/variables/0 Should have property values, or search and populateFrom",
            "/variables/0 Should have required property 'pattern'",
            "/variables/0/id Should match pattern \"^[0-9A-Za-z-_]{1,32}$\"",
        ],
    );
}

#[test]
fn warnings_do_not_keep_a_dashboard_from_being_put() {
    assert!(parse(&metric(json!({"titel": "x"})).to_string()).is_ok());
    assert!(parse(&metric(json!({"view": "gauge"})).to_string()).is_err());
}

#[test]
fn the_limits_hold() {
    let text = json!({"type": "text", "properties": {"markdown": ""}});
    let check = |body: Json, expected: &str| {
        assert_eq!(
            problems(&body),
            if expected.is_empty() {
                vec![]
            } else {
                vec![expected.to_owned()]
            }
        );
    };
    check(json!({"widgets": vec![text.clone(); 500]}), "");
    check(
        json!({"widgets": vec![text; 501]}),
        "/widgets Should NOT have more than 500 items",
    );
    check(
        metric(json!({"metrics": vec![json!(["NS", "M"]); 500]})),
        "",
    );
    check(
        metric(json!({"metrics": vec![json!(["NS", "M"]); 501]})),
        "/widgets/0/properties/metrics Should NOT have more than 500 items",
    );
    let full = json!({"type": "metric", "properties": {"region": "us-east-1", "metrics": vec![json!(["NS", "M"]); 500]}});
    check(json!({"widgets": vec![full.clone(); 5]}), "");
    check(
        json!({"widgets": vec![full; 6]}),
        "/widgets Should NOT have more than 2500 metrics in all widgets together",
    );
    let variable = |i: usize| json!({"type": "pattern", "pattern": "x", "inputType": "input", "id": format!("v{i}")});
    check(
        json!({"widgets": [], "variables": (0..25).map(variable).collect::<Vec<_>>()}),
        "",
    );
    check(
        json!({"widgets": [], "variables": (0..26).map(variable).collect::<Vec<_>>()}),
        "/variables Should NOT have more than 25 items",
    );
    let mut slots = vec!["NS".to_owned(), "M".to_owned()];
    slots.extend((0..62).map(|i| format!("d{i}")));
    check(
        metric(json!({"metrics": [slots]})),
        "/widgets/0/properties/metrics/0 Should NOT have more than 63 items",
    );
}

/// The metric widget of a body with one.
fn only(body: &Json) -> MetricWidget {
    match parse_value(body).unwrap().widgets.remove(0).content {
        Content::Metric(metric) => *metric,
        other => panic!("{other:?}"),
    }
}

#[test]
fn dots_repeat_what_stands_above() {
    let widget = only(&metric(json!({"metrics": [
        ["AWS/Lambda", "Errors", "FunctionName", "a", "Resource", "r"],
        [".", "Duration", ".", ".", ".", "s"],
        ["...", "t"],
        [{"expression": "METRICS()"}],
        ["...", {"stat": "Sum"}],
        ["AWS/Lambda", "Errors", "...", "u"]
    ]})));
    let rows: Vec<String> = widget
        .rows
        .iter()
        .map(|row| match &row.kind {
            RowKind::Metric(m) => format!(
                "{} {}",
                m.name,
                m.dimensions
                    .iter()
                    .map(|(n, v)| format!("{n}={v}"))
                    .collect::<Vec<_>>()
                    .join(" ")
            ),
            RowKind::Expression(text) => text.clone(),
        })
        .collect();
    assert_eq!(
        rows,
        [
            "Errors FunctionName=a Resource=r",
            "Duration FunctionName=a Resource=s",
            "Duration FunctionName=a Resource=t",
            "METRICS()",
            "Duration FunctionName=a Resource=t",
            "Errors FunctionName=a Resource=u",
        ]
    );
}

fn options(hours: i64) -> DrawOptions {
    DrawOptions {
        range: TimeRange {
            start_ms: 0,
            end_ms: hours * 3_600_000,
        },
        now_ms: hours * 3_600_000,
        width_px: 400,
        period_override: PeriodOverride::Inherit,
        region: "us-east-1".to_owned(),
        account_id: "000000000000".to_owned(),
    }
}

fn source() -> MemorySource {
    let mut source = MemorySource::new();
    for (function, value) in [("upload", 1.0), ("thumbnail", 3.0)] {
        let metric = MetricId::new("NS", "Errors", vec![("F".to_owned(), function.to_owned())]);
        source.push_periods(&metric, 0, 60, &[Some(value); 60]);
    }
    source
}

#[test]
fn a_widget_draws_its_rows_with_labels_colours_and_axes() {
    let widget = only(&metric(json!({"stat": "Sum", "period": 1800, "metrics": [
        ["NS", "Errors", "F", "upload", {"id": "a"}],
        ["...", "thumbnail", {"id": "b", "visible": false}],
        [{"expression": "a+b", "label": "all ${LAST}", "yAxis": "right", "color": "#000000"}],
        [{"expression": "SEARCH('{NS,F} Errors', 'Maximum')", "label": ""}]
    ]})));
    let drawn = draw(&widget, &options(1), &source()).unwrap();
    let found: Vec<_> = drawn
        .iter()
        .map(|s| {
            (
                s.label.as_str(),
                s.color.as_str(),
                s.axis.as_str(),
                s.period_s,
                s.value,
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("upload", "#1f77b4", "left", 1800, Some(30.0)),
            ("all 120", "#000000", "right", 1800, Some(120.0)),
            ("thumbnail", "#2ca02c", "left", 1800, Some(3.0)),
            ("upload", "#d62728", "left", 1800, Some(1.0)),
        ]
    );
    assert_eq!(drawn[0].points, [(0, 30.0), (1_800_000, 30.0)]);
}

#[test]
fn a_label_says_the_region_and_account_of_its_row() {
    let widget = only(&metric(json!({"metrics": [
        ["NS", "Errors", "F", "upload", {"label": "${PROP('Region')} ${PROP('AccountId')}", "region": "eu-west-1", "accountId": "111122223333"}],
        ["...", "thumbnail", {"label": "${PROP('Region')} ${PROP('AccountId')} ${PROP('Dim.F')}"}],
    ]})));
    let drawn = draw(&widget, &options(1), &source()).unwrap();
    let labels: Vec<_> = drawn.iter().map(|s| s.label.as_str()).collect();
    assert_eq!(
        labels,
        ["eu-west-1 111122223333", "us-east-1 000000000000 thumbnail"]
    );
}

#[test]
fn one_number_can_stand_for_the_whole_time() {
    let widget = only(&metric(
        json!({"view": "singleValue", "setPeriodToTimeRange": true, "stat": "Sum",
        "metrics": [["NS", "Errors", "F", "upload"], ["...", {"stat": "p50"}]]}),
    ));
    let drawn = draw(&widget, &options(1), &source()).unwrap();
    let found: Vec<_> = drawn.iter().map(|s| (s.label.as_str(), s.value)).collect();
    assert_eq!(
        found,
        [("Errors Sum", Some(60.0)), ("Errors p50", Some(1.0))]
    );
}

#[test]
fn automatic_periods_adapt_and_inherited_ones_stay() {
    let widget = only(&metric(json!({"period": 60})));
    let period = |hours, over| {
        let drawing = widget_queries(
            &widget,
            &DrawOptions {
                period_override: over,
                ..options(hours)
            },
        );
        match &drawing.queries[0].kind {
            crate::query::QueryKind::Stat(stat) => stat.period.seconds(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        (
            period(1, PeriodOverride::Auto),
            period(72, PeriodOverride::Auto)
        ),
        (60, 3_600)
    );
    assert_eq!(
        (
            period(1, PeriodOverride::Inherit),
            period(72, PeriodOverride::Inherit)
        ),
        (60, 60)
    );
}

#[test]
fn a_metric_nobody_has_seen_is_named_with_the_one_that_was_meant() {
    let widget = only(&metric(
        json!({"metrics": [["NS", "Errors", "F", "upload"], ["NS", "Errors", "Function", "upload"], ["NS", "Erors"]]}),
    ));
    let unknown = unknown_metrics(&widget, &source());
    let found: Vec<_> = unknown
        .iter()
        .map(|(m, meant)| {
            (
                m.name.as_str(),
                meant.as_ref().map(|m| m.dimensions[0].0.as_str()),
            )
        })
        .collect();
    assert_eq!(found, [("Errors", Some("F")), ("Erors", Some("F"))]);
}

/// Any JSON of the words of a body.
fn any_json() -> impl Strategy<Value = Json> {
    let word = prop::sample::select(vec![
        "...",
        ".",
        "metric",
        "alarm",
        "text",
        "NS",
        "gauge",
        "#ffffff",
        "m1",
        "m1+m2",
        "-PT3H",
        "2026-11-01",
        "SEARCH('a','Sum')",
        "",
    ]);
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i32>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        word.prop_map(Json::from),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        let name = prop::sample::select(vec![
            "widgets",
            "type",
            "properties",
            "metrics",
            "region",
            "annotations",
            "alarms",
            "horizontal",
            "vertical",
            "value",
            "view",
            "yAxis",
            "left",
            "min",
            "max",
            "expression",
            "id",
            "variables",
            "values",
            "x",
            "y",
            "start",
            "end",
            "period",
            "stat",
        ])
        .prop_map(str::to_owned);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            prop::collection::hash_map(name, inner, 0..8)
                .prop_map(|m| Json::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_and_no_json_makes_the_validator_panic(text in ".{0,80}", json in any_json(), kind in prop::sample::select(vec![
        "metric", "text", "log", "alarm", "explorer", "custom", "chart",
    ])) {
        validate(&text);
        validate(&json.to_string());
        validate(&widget(kind, json.clone()).to_string());
        if let Ok(dashboard) = parse_value(&metric(json!({"metrics": [json]}))) {
            for widget in dashboard.widgets {
                if let Content::Metric(metric) = widget.content {
                    let _ = draw(&metric, &options(1), &source());
                }
            }
        }
    }
}
