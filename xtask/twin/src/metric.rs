//! Points: the programs of `twin.py`'s `metric`, line for line.

use std::time::{Duration, SystemTime};

use obs::{
    Error, LambdaEvent,
    metric::{self, Description, Unit},
};
use serde_json::{Value, json};

pub(crate) async fn handler(event: LambdaEvent<Value>) -> Result<Value, Error> {
    match event.payload["program"].as_str() {
        Some("plain") => plain(),
        Some("dimensions") => dimensions(),
        Some("single") => single(),
        Some("many values") => many_values(),
        Some("many metrics") => many_metrics(),
        Some("units") => units(),
        Some("time") => time(&event.payload),
        Some("limits") => limits(),
        _ => {}
    }
    Ok(json!({"done": true}))
}

/// Counts, values, a high resolution, and metadata beside them.
fn plain() {
    metric::describe("Booked", Unit::Count);
    metric::describe("Latency", Unit::Milliseconds);
    metric::describe(
        "Load",
        Description::default().unit(Unit::Percent).high_resolution(),
    );
    metric::metadata("booking_id", "b-1");
    metrics::counter!("Booked").increment(1);
    for value in [12.5, 20.0, 12.5] {
        metrics::histogram!("Latency").record(value);
    }
    metrics::histogram!("Load").record(99.0);
}

/// Further dimensions, in two sets.
fn dimensions() {
    let sets: &[&[&str]] = &[&["environment", "service"], &["region", "service"]];
    metric::describe(
        "Booked",
        Description::default()
            .unit(Unit::Count)
            .dimension_sets(sets),
    );
    metrics::counter!("Booked", "environment" => "prod", "region" => "eu-west-1").increment(2);
}

fn single() {
    metric::single("Imported")
        .namespace("Imports")
        .dimension("source", "bucket")
        .unit(Unit::Count)
        .add(3);
}

fn many_values() {
    metric::describe("Size", Unit::Bytes);
    for value in 0..250_u32 {
        metrics::histogram!("Size").record(f64::from(value));
    }
}

fn many_metrics() {
    for number in 0..120_u32 {
        let name = format!("Metric{number:03}");
        metric::describe(&name, Unit::Count);
        metrics::counter!(name).increment(1);
    }
}

fn units() {
    for &unit in Unit::ALL {
        let name = format!("In{}", unit.as_str().replace('/', "Per"));
        metric::describe(&name, unit);
        metrics::histogram!(name).record(1.0);
    }
}

fn time(event: &Value) {
    let ms = event["timestamp"].as_u64().unwrap_or_default();
    metric::single("Measured")
        .dimension("service", "twin")
        .unit(Unit::Count)
        .at(SystemTime::UNIX_EPOCH + Duration::from_millis(ms))
        .record(1.0);
}

/// What CloudWatch would refuse, and one point that it takes.
fn limits() {
    metric::describe("Fine", Unit::Count);
    metrics::histogram!("Broken").record(f64::NAN);
    metrics::histogram!("Broken").record(f64::INFINITY);
    metrics::counter!("").increment(1);
    metrics::counter!("n".repeat(256)).increment(1);
    metrics::counter!("Fine").increment(1);
}
