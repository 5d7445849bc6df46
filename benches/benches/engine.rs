//! CloudWatch's semantics: alarms over a day of minutes, and a large dashboard's body.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench engine`

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use obs_cloudwatch::{
    alarm::{MetricAlarm, Moment, Past, State},
    dashboard::parse,
    metric::{MemorySource, MetricId},
};
use serde_json::json;

const DAY: i64 = 24 * 60;

/// A thousand alarms as a project has them: sums, percentiles, M of N, a few of math.
fn alarms() -> Vec<MetricAlarm> {
    let alarm = |number: usize| {
        let dimensions = json!([{ "Name": "FunctionName", "Value": format!("f{number}") }]);
        let mut body = json!({
            "AlarmName": format!("alarm-{number}"), "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 90.0, "EvaluationPeriods": 5, "DatapointsToAlarm": 3,
        });
        let metric =
            json!({ "Namespace": "AWS/Lambda", "MetricName": "Errors", "Dimensions": dimensions });
        if number.is_multiple_of(10) {
            let stat = json!({ "Metric": metric, "Period": 60, "Stat": "Sum" });
            body["Metrics"] = json!([
                { "Id": "m1", "MetricStat": stat, "ReturnData": false },
                { "Id": "e1", "Expression": "100 * m1 / (m1 + 10)", "ReturnData": true },
            ]);
        } else {
            body["Period"] = 60.into();
            match number % 10 {
                1 | 2 => body["ExtendedStatistic"] = "p90".into(),
                _ => body["Statistic"] = "Sum".into(),
            }
            for (name, value) in metric.as_object().expect("an object") {
                body[name] = value.clone();
            }
        }
        MetricAlarm::from_json(&body).expect("an alarm")
    };
    (0..1000).map(alarm).collect()
}

/// A datapoint a minute for each alarm, with gaps.
fn day() -> MemorySource {
    let mut source = MemorySource::new();
    for number in 0..1000_i64 {
        let values: Vec<Option<f64>> = (0..DAY + 10)
            .map(|minute| (minute * 7 + number) % 97)
            .map(|value| (value > 5).then_some(value as f64))
            .collect();
        let dimensions = vec![("FunctionName".to_owned(), format!("f{number}"))];
        let metric = MetricId::new("AWS/Lambda", "Errors", dimensions);
        source.push_periods(&metric, 0, 60, &values);
    }
    source
}

/// Every state of every alarm, minute by minute.
fn replay(alarms: &[MetricAlarm], source: &MemorySource) -> usize {
    let mut transitions = 0;
    for alarm in alarms {
        let (mut past, mut state) = (Past::new(alarm, source), State::InsufficientData);
        for minute in 10..DAY + 10 {
            let now_ms = minute * 60_000;
            let seen = past
                .look(Moment { now_ms, state })
                .expect("an alarm that can be evaluated");
            transitions += usize::from(seen.changed());
            state = seen.state();
        }
    }
    transitions
}

/// A body of 500 widgets with five metrics each, as the console writes them.
fn body() -> String {
    let names = [
        "Invocations",
        "Errors",
        "Throttles",
        "Duration",
        "ConcurrentExecutions",
    ];
    let widget = |number: u32| {
        let mut metrics: Vec<_> = names
            .iter()
            .map(|name| json!(["AWS/Lambda", name, "FunctionName", format!("f{number}"), { "region": "eu-west-1" }]))
            .collect();
        metrics[1][4] = json!({ "id": "m1", "visible": false });
        metrics[0] = json!([{ "expression": "100 * m1 / (m1 + 1)", "label": "${LABEL} [max: ${MAX}]", "id": "e1" }]);
        json!({
            "type": "metric", "x": number % 4 * 6, "y": number / 4 * 6, "width": 6, "height": 6,
            "properties": {
                "metrics": metrics, "region": "eu-west-1", "view": "timeSeries", "stacked": false,
                "period": 60, "stat": "p99", "title": format!("function {number}"),
                "yAxis": { "left": { "min": 0 } },
                "annotations": { "horizontal": [{ "value": 5, "label": "too much", "color": "#ff0000" }] },
            },
        })
    };
    let widgets: Vec<_> = (0..500).map(widget).collect();
    json!({ "widgets": widgets, "periodOverride": "inherit" }).to_string()
}

fn engine(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("engine");
    group.sample_size(10);
    let (alarms, source, body) = (alarms(), day(), body());
    group.bench_function("1,000 alarms over 24 h of minutes", |bencher| {
        bencher.iter(|| replay(black_box(&alarms), black_box(&source)));
    });
    group.bench_function("a body of 500 widgets: JSON, rules and model", |bencher| {
        bencher.iter(|| parse(black_box(&body)).expect("a right body"));
    });
    group.finish();
}

criterion_group!(benches, engine);
criterion_main!(benches);
