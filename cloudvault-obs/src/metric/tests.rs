//! Points recorded through the facade are in the journal, on lines, or counted.

use std::{
    fs::File,
    path::Path,
    sync::{Arc, Mutex},
};

use cloudvault_obs_core::journal::{Draining, Journal, Layout, Reader};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::{config::Config, output::Output, testing::Function};

fn config(journal: &Path) -> Config {
    Config::read([
        ("OBS_SERVICE".to_owned(), "vault".to_owned()),
        (
            "OBS_JOURNAL".to_owned(),
            journal.to_str().unwrap().to_owned(),
        ),
    ])
}

/// The extension's end: holds the lock and reads.
struct Extension {
    reader: Reader,
    _file: File,
}

fn extension(path: &Path, cells: u32) -> Extension {
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .unwrap();
    file.try_lock().unwrap();
    let journal = Journal::create(&file, Layout::new(cells, 8192)).unwrap();
    Extension {
        reader: Reader::attach(&journal),
        _file: file,
    }
}

fn points(extension: &mut Extension) -> Vec<(String, f64)> {
    let mut points = Vec::new();
    extension.reader.drain(Draining::Live, |point| {
        points.push((point.series.name.clone(), point.value));
    });
    points
}

/// A recorder that writes lines into a buffer.
fn recorder(journal: &Path) -> (Recorder, Arc<Mutex<Vec<u8>>>) {
    let buffer = Arc::new(Mutex::new(Vec::new()));
    let output = Output::buffer(Arc::clone(&buffer));
    (Recorder::new(&config(journal), output), buffer)
}

fn lines((recorder, buffer): &(Recorder, Arc<Mutex<Vec<u8>>>)) -> Vec<Value> {
    recorder.flush(None);
    let bytes = std::mem::take(&mut *buffer.lock().unwrap());
    String::from_utf8(bytes)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn points_go_to_the_journal_that_an_extension_holds() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal");
    let mut extension = extension(&path, 64);
    let recorder = recorder(&path);
    metrics::with_local_recorder(&recorder.0, || {
        metrics::describe_histogram!("Size", metrics::Unit::Bytes, "size");
        metrics::counter!("Files", "bucket" => "b").increment(2);
        metrics::histogram!("Size").record(12.5);
        metrics::gauge!("Level").set(3.0);
        metrics::gauge!("Level").increment(1.5);
        metrics::counter!("Total").absolute(10);
        metrics::counter!("Total").absolute(14);
    });
    let mut seen = Vec::new();
    extension.reader.drain(Draining::Live, |point| {
        let series = point.series;
        seen.push(format!(
            "{} {:?} {} {} {}",
            series.name,
            series.dimensions,
            series.unit,
            series.resolution.seconds(),
            point.value
        ));
    });
    assert_eq!(
        seen,
        [
            r#"Files [("service", "vault"), ("bucket", "b")] Count 60 2"#,
            r#"Size [("service", "vault")] Bytes 60 12.5"#,
            r#"Level [("service", "vault")] None 60 3"#,
            r#"Level [("service", "vault")] None 60 4.5"#,
            r#"Total [("service", "vault")] Count 60 10"#,
            r#"Total [("service", "vault")] Count 60 4"#,
        ]
    );
    assert!(lines(&recorder).is_empty());
}

#[test]
fn a_journal_that_nobody_holds_is_not_written_to() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal");
    drop(extension(&path, 64));
    let recorder = recorder(&path);
    assert!(!recorder.0.has_extension());
    metrics::with_local_recorder(&recorder.0, || {
        high_resolution("Failures");
        metrics::counter!("Failures").increment(1);
        metrics::counter!("Failures").increment(1);
    });
    assert!(recorder.1.lock().unwrap().is_empty());
    let lines = lines(&recorder);
    assert_eq!(lines.len(), 1);
    assert_eq!(
        lines[0]["Failures"],
        serde_json::json!({"Values": [1.0], "Counts": [2]})
    );
    let metric = &lines[0]["_aws"]["CloudWatchMetrics"][0]["Metrics"][0];
    assert_eq!(metric["StorageResolution"], 1);
    assert_eq!(metric["Unit"], "Count");
}

#[test]
fn a_second_process_does_not_write_into_the_first_ones_journal() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal");
    let _extension = extension(&path, 64);
    let (first, _) = recorder(&path);
    let (second, _) = recorder(&path);
    assert!(first.has_extension() && !second.has_extension());
}

proptest! {
    #[test]
    fn recorded_is_in_the_journal_on_lines_or_counted_as_lost(
        values in prop::collection::vec((0..4u8, any::<f64>()), 0..200),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let mut extension = extension(&path, 64);
        let recorder = recorder(&path);
        metrics::with_local_recorder(&recorder.0, || {
            for (name, value) in &values {
                // A name that CloudWatch refuses stands among the good ones.
                let name = ["A", "B", "C", " "][usize::from(*name)];
                metrics::histogram!(name).record(*value);
            }
        });
        let journalled = points(&mut extension).len() as u64;
        let mut lined = 0;
        for line in lines(&recorder) {
            for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap() {
                lined += match &line[metric["Name"].as_str().unwrap()] {
                    Value::Number(_) => 1,
                    Value::Array(values) => values.len() as u64,
                    value => value["Counts"].as_array().unwrap().iter().filter_map(Value::as_u64).sum(),
                };
            }
        }
        prop_assert!(journalled <= 64);
        prop_assert_eq!(journalled + lined + recorder.0.lost(), values.len() as u64);
    }
}

fn env(variables: &[(&'static str, &'static str)]) -> Function {
    Function::with_env(variables.iter().copied())
}

#[test]
fn every_unit_of_cloudwatch_can_be_described() {
    for (index, &unit) in Unit::ALL.iter().enumerate() {
        let name = format!("Unit{index}");
        describe(&name, unit);
        let observed = env(&[]).observe(|| metrics::gauge!(name.clone()).set(1.0));
        observed.metric(&name).unit(unit);
    }
    let observed = env(&[]).observe(|| {
        metrics::counter!("Labelled", UNIT => "Gigabits/Second", RESOLUTION => "1").increment(1);
    });
    observed.metric("Labelled").unit(Unit::GigabitsPerSecond);
    let metric = &observed.metric_lines()[0]["_aws"]["CloudWatchMetrics"][0]["Metrics"][0];
    assert_eq!(metric["StorageResolution"], 1);
}

#[test]
fn default_dimensions_come_from_the_environment_and_a_label_goes_before() {
    let function = env(&[("OBS_DIMENSIONS", "environment=prod,team=files")]);
    let observed = function.observe(|| {
        metrics::counter!("Plain").increment(1);
        metrics::counter!("Own", "environment" => "canary").increment(1);
    });
    observed
        .metric("Plain")
        .dimension("service", "function")
        .dimension("environment", "prod")
        .dimension("team", "files");
    observed
        .metric("Own")
        .dimension("environment", "canary")
        .count(1);
}

#[test]
fn several_dimension_sets_stand_on_one_line_and_are_series_in_the_journal() {
    let sets: &[&[&str]] = &[&["service"], &["service", "bucket"]];
    describe("InSets", Description::default().dimension_sets(sets));
    let record = || metrics::counter!("InSets", "bucket" => "b").increment(2);
    let observed = env(&[]).observe(record);
    assert_eq!(
        observed.metric_lines()[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"],
        serde_json::json!([["service"], ["service", "bucket"]])
    );
    observed.metric("InSets").dimension("bucket", "b").sum(2.0);

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal");
    let mut extension = extension(&path, 64);
    let recorder = recorder(&path);
    metrics::with_local_recorder(&recorder.0, || {
        record();
        record();
    });
    let mut seen = Vec::new();
    extension.reader.drain(Draining::Live, |point| {
        seen.push((point.series.dimensions.len(), point.value));
    });
    assert_eq!(seen, [(1, 2.0), (2, 2.0), (1, 2.0), (2, 2.0)]);
}

#[test]
fn a_single_metric_has_its_own_namespace_dimensions_and_time() {
    let yesterday = crate::clock::now_ms() - 86_400_000;
    let at = std::time::UNIX_EPOCH + std::time::Duration::from_millis(yesterday as u64);
    let observed = env(&[("OBS_DIMENSIONS", "environment=prod")]).observe(|| {
        single("Imported")
            .namespace("Imports")
            .dimension("source", "s3")
            .unit(Unit::Megabytes)
            .at(at)
            .record(12.5);
        single("Bare").add(3);
    });
    observed
        .metric("Imported")
        .namespace("Imports")
        .dimension("source", "s3")
        .unit(Unit::Megabytes)
        .sum(12.5);
    let line = &observed.metric_lines()[0];
    assert_eq!(line["_aws"]["Timestamp"], yesterday);
    assert_eq!((line.get("environment"), line.get("service")), (None, None));
    let bare = &observed.metric_lines()[1]["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(bare["Dimensions"], serde_json::json!([[]]));
    observed.nothing_else_than_info();
    let odd = env(&[]).observe(|| single("Odd").dimension("a,b;c ", "*").add(1));
    odd.metric("Odd").dimension("a,b;c ", "*").sum(1.0);
    odd.nothing_else_than_info();
}

#[test]
fn a_time_out_of_range_is_counted_and_said_once() {
    let function = env(&[]);
    let hour = std::time::Duration::from_secs(3600);
    let observed = function.observe(|| {
        for _ in 0..3 {
            single("Old").at(std::time::UNIX_EPOCH).add(1);
        }
        single("Soon")
            .at(std::time::UNIX_EPOCH + hour * (crate::clock::now_ms() / 3_600_000 + 1) as u32)
            .add(1);
    });
    observed.no_metric("Old").metric("Soon").sum(1.0);
    let warnings: Vec<_> = observed
        .logs()
        .iter()
        .filter(|line| line["level"] == "WARN")
        .collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert_eq!(warnings[0]["metric"], "Old");
    assert_eq!(function.lost_points(), 3);
}

#[test]
fn what_is_no_number_is_counted_and_said_once_a_metric() {
    let function = env(&[]);
    let observed = function.observe(|| {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e200, 7.0] {
            metrics::histogram!("Odd").record(value);
        }
        metrics::gauge!("Level").set(5.0);
        metrics::gauge!("Level").increment(f64::NAN);
        metrics::gauge!("Level").increment(1.0);
    });
    observed.metric("Odd").sum(7.0).count(1);
    assert_eq!(observed.metric("Level").values(), [(5.0, 1), (6.0, 1)]);
    let warnings = observed
        .logs()
        .iter()
        .filter(|line| line["level"] == "WARN");
    assert_eq!(warnings.count(), 2);
    assert_eq!(function.lost_points(), 5);
}

#[test]
fn every_limit_of_cloudwatch_is_said_once_a_metric() {
    let check = |record: &dyn Fn(), expect: &str| {
        let function = env(&[]);
        let observed = function.observe(|| {
            record();
            record();
        });
        let line = observed.log("metric is not recorded as asked");
        let reason = line.value()["reason"].as_str().unwrap_or_default();
        assert!(reason.starts_with(expect), "{reason}");
        assert_eq!((observed.logs().len(), function.lost_points()), (1, 2));
    };
    check(
        &|| metrics::counter!("").increment(1),
        "metric name has to be",
    );
    check(
        &|| metrics::counter!("x".repeat(256)).increment(1),
        "metric name has to be",
    );
    check(
        &|| metrics::counter!("A", NAMESPACE => "AWS/Lambda").increment(1),
        "namespaces that begin AWS/",
    );
    check(
        &|| metrics::counter!("A", ":a" => "b").increment(1),
        "dimension name has to be",
    );
    check(
        &|| metrics::counter!("A", "a" => " ").increment(1),
        "dimension value has to be",
    );
    check(
        &|| metrics::counter!("A", "a" => "x".repeat(1025)).increment(1),
        "dimension value has to be",
    );
    check(
        &|| metrics::counter!("A", "a" => "\u{e9}").increment(1),
        "dimension value has to be",
    );
    check(
        &|| metrics::counter!("A", "a" => "1", "a" => "2").increment(1),
        "dimension is given twice",
    );
    check(
        &|| metrics::counter!("service").increment(1),
        "embedded metric format needs",
    );
    let many: Vec<_> = (0..30)
        .map(|n| metrics::Label::new(format!("d{n}"), "v"))
        .collect();
    check(
        &|| metrics::counter!("A", many.clone()).increment(1),
        "a metric has at most 30 dimensions",
    );
}

#[test]
fn an_instruction_that_is_not_understood_is_said_and_the_point_recorded() {
    let observed = env(&[]).observe(|| {
        metrics::counter!("A", UNIT => "Furlongs", "obs.colour" => "red").increment(1);
    });
    observed.metric("A").sum(1.0).unit(Unit::Count);
    assert_eq!(observed.logs().len(), 2);
}

#[test]
fn a_dimension_that_explodes_is_named_and_its_points_are_folded_and_counted() {
    let observed = env(&[("OBS_MAX_SERIES", "10")]).observe(|| {
        for request in 0..25 {
            let request = request.to_string();
            metrics::counter!("Requests", "route" => "get", "request" => request).increment(1);
        }
    });
    let named = observed
        .logs()
        .iter()
        .find(|line| line["dimension"] == "request");
    assert_eq!(named.expect("a line that names it")["values"], 10);
    let told = observed
        .logs()
        .iter()
        .filter(|line| line["dimension"] == "request");
    assert_eq!(told.count(), 1);
    assert!(
        observed
            .logs()
            .iter()
            .any(|line| line["points_folded"] == 15)
    );
    observed
        .metric("Requests")
        .dimension("route", "get")
        .sum(25.0);
    observed
        .metric("Requests")
        .dimension("request", "_other")
        .sum(15.0);
}

#[test]
fn metrics_that_are_switched_off_emit_nothing_and_lose_nothing() {
    let function = env(&[("OBS_METRICS", "off"), ("OBS_COLD_START_METRIC", "true")]);
    let observed = function.observe(|| {
        metrics::counter!("Off").increment(1);
        metrics::histogram!("Off").record(f64::NAN);
        single("Off").add(1);
    });
    assert!(observed.metric_lines().is_empty() && observed.logs().is_empty());
    assert_eq!(function.lost_points(), 0);
}

#[tokio::test]
async fn a_cold_start_is_counted_under_every_initialization_type() {
    let handler = async |_: crate::LambdaEvent<Value>| Ok::<_, crate::Error>(());
    for (kind, cold) in [
        ("on-demand", true),
        ("snap-start", true),
        ("provisioned-concurrency", false),
        ("lambda-managed-instances", false),
    ] {
        let function = env(&[
            ("AWS_LAMBDA_INITIALIZATION_TYPE", kind),
            ("OBS_COLD_START_METRIC", "true"),
        ]);
        let first = function.invoke(handler, Value::Null).await;
        if cold {
            let metric = first.metric("ColdStart").sum(1.0).unit(Unit::Count);
            metric.dimension("function_name", "function");
        } else {
            first.no_metric("ColdStart");
        }
        function
            .invoke(handler, Value::Null)
            .await
            .no_metric("ColdStart");
    }
    env(&[])
        .invoke(handler, Value::Null)
        .await
        .no_metric("ColdStart");
}

#[tokio::test]
async fn lines_carry_the_ids_and_the_metadata_of_their_invocation_alone() {
    let handler = async |event: crate::LambdaEvent<u64>| {
        metadata("order", event.payload);
        metadata("Orders", "like the metric");
        metrics::counter!("Orders").increment(event.payload);
        Ok::<_, crate::Error>(())
    };
    let function = env(&[]);
    for order in [1, 2] {
        let observed = function.invoke(handler, order).await;
        let line = &observed.metric_lines()[0];
        assert_eq!(
            (&line["order"], &line["Orders"]),
            (&order.into(), &(order as f64).into())
        );
        assert_eq!(line["fields.Orders"], "like the metric");
        assert!(line["request_id"].is_string() && line["correlation_id"].is_string());
        assert_eq!(line["xray_trace_id"], "1-5759e988-bd862e3fe1be46a994272793");
    }
}

#[tokio::test]
async fn concurrent_invocations_write_their_own_points_on_their_own_lines() {
    use tower::{Layer as _, Service as _};

    let function = env(&[]);
    let handler = async |event: crate::LambdaEvent<u64>| {
        for _ in 0..4 {
            tokio::task::yield_now().await;
            metrics::histogram!("Mine").record(event.payload as f64);
        }
        Ok::<_, crate::Error>(())
    };
    let service = function.layer().layer(crate::service_fn(handler));
    let mut calls: Vec<_> = (0..300_u64)
        .map(|number| {
            let mut context = crate::Context::default();
            context.request_id = number.to_string();
            let event = crate::LambdaEvent::new(number, context);
            Box::pin(service.clone().call(event))
        })
        .collect();
    // Polled in turns, as a runtime with concurrent invocations does.
    while !calls.is_empty() {
        let mut waiting = Vec::new();
        for mut call in calls {
            let poll = std::future::poll_fn(|cx| {
                std::task::Poll::Ready(function.scope(|| call.as_mut().poll(cx)))
            });
            if poll.await.is_pending() {
                waiting.push(call);
            }
        }
        calls = waiting;
    }
    let written = function.take_output();
    let lines: Vec<Value> = std::str::from_utf8(&written)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 300);
    for line in lines {
        let number: f64 = line["request_id"].as_str().unwrap().parse().unwrap();
        assert_eq!(
            line["Mine"],
            serde_json::json!({"Values": [number], "Counts": [4]})
        );
    }
}

#[test]
fn more_values_than_memory_is_for_leave_early_and_none_is_lost() {
    let observed = env(&[]).observe(|| {
        let sizes = metrics::histogram!("Sizes");
        for number in 0..25_000 {
            sizes.record(f64::from(number));
        }
        sizes.record_many(1.5, usize::MAX >> 12);
    });
    for line in observed.metric_lines() {
        let values = line["Sizes"].as_array().map(Vec::len);
        assert!(values.is_none_or(|values| values <= 100));
    }
    observed
        .metric("Sizes")
        .count(25_000 + (usize::MAX >> 12) as u64);
}

#[test]
fn a_full_journal_sends_the_point_as_a_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal");
    let mut extension = extension(&path, 4);
    let recorder = recorder(&path);
    metrics::with_local_recorder(&recorder.0, || {
        let files = metrics::counter!("Files");
        (0..10).for_each(|_| files.increment(1));
    });
    assert_eq!(points(&mut extension).len(), 4);
    assert_eq!(
        lines(&recorder)[0]["Files"],
        serde_json::json!({"Values": [1.0], "Counts": [6]})
    );
    assert_eq!(recorder.0.lost(), 0);
}

#[test]
fn threads_that_count_on_one_handle_lose_nothing_while_the_journal_runs_full() {
    const EACH: u64 = 5_000;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal");
    let mut extension = extension(&path, 8192);
    let recorder = recorder(&path);
    let files = metrics::with_local_recorder(&recorder.0, || metrics::counter!("Files"));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| (0..EACH).for_each(|_| files.increment(1)));
        }
    });
    let journaled = points(&mut extension).len() as u64;
    assert_eq!(journaled, 8192);
    let counts = |line: &Value| line["Files"]["Counts"][0].as_u64().unwrap();
    let on_lines: u64 = lines(&recorder).iter().map(counts).sum();
    assert_eq!(journaled + on_lines, 3 * EACH);
    assert_eq!(recorder.0.lost(), 0);
}

/// Checks a line against AWS's published schema and the limits that it forgets, as
/// of a minute ago: that long a line was on its way.
fn check_line(line: &Value) -> Result<(), String> {
    static SCHEMA: std::sync::LazyLock<jsonschema::Validator> = std::sync::LazyLock::new(|| {
        let text = include_str!("../../core/schemas/embedded-metric-format.json");
        let schema = serde_json::from_str(text).expect("the schema is JSON");
        jsonschema::draft7::new(&schema).expect("the schema is one")
    });
    SCHEMA.validate(line).map_err(|error| error.to_string())?;
    let timestamp = line["_aws"]["Timestamp"].as_i64().ok_or("a time")?;
    let in_range =
        cloudvault_obs_core::metric::timestamp_is_valid(timestamp, crate::clock::now_ms() - 60_000);
    let fits = line.to_string().len() < 256 * 1024;
    if !in_range || !fits {
        return Err(format!("timestamp {timestamp}, fits {fits}"));
    }
    for directive in line["_aws"]["CloudWatchMetrics"]
        .as_array()
        .ok_or("directives")?
    {
        let metrics = directive["Metrics"].as_array().ok_or("metrics")?;
        if metrics.is_empty() || metrics.len() > 100 {
            return Err(format!("{} metrics", metrics.len()));
        }
        for metric in metrics {
            let name = metric["Name"].as_str().ok_or("a name")?;
            let number = |value: &Value| {
                value
                    .as_f64()
                    .is_some_and(|value| value.abs() <= 2f64.powi(360))
            };
            let list = |value: &Value| {
                value
                    .as_array()
                    .is_some_and(|all| (1..=100).contains(&all.len()) && all.iter().all(number))
            };
            let target = &line[name];
            let same = || {
                target["Values"].as_array().map(Vec::len)
                    == target["Counts"].as_array().map(Vec::len)
            };
            let pairs = || list(&target["Values"]) && list(&target["Counts"]) && same();
            if !(number(target) || list(target) || pairs()) {
                return Err(format!("target {name}: {target}"));
            }
        }
        for name in directive["Dimensions"]
            .as_array()
            .ok_or("sets")?
            .iter()
            .filter_map(Value::as_array)
            .flatten()
        {
            let value = line[name.as_str().ok_or("a name")?]
                .as_str()
                .ok_or("a value")?;
            if value.is_empty() || value.len() > 1024 {
                return Err(format!("dimension {name}: {value}"));
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_line_is_valid_by_the_published_schema_and_the_limits_that_it_forgets(
        points in prop::collection::vec(
            ("[ -~\u{e9}\n]{0,12}|x{250,260}", "[ -~]{0,6}|y{248,258}", ".{0,4}|z{1020,1030}", any::<f64>(), 1..300_usize),
            0..150,
        ),
        times in prop::collection::vec(-20_i64..2, 0..5),
    ) {
        let function = env(&[]);
        let observed = function.observe(|| {
            for (name, key, value, number, count) in &points {
                let labels = vec![metrics::Label::new(key.clone(), value.clone())];
                metrics::histogram!(name.clone(), labels).record_many(*number, *count);
                metrics::histogram!(name.clone()).record(*count as f64);
            }
            for days in &times {
                let ms = crate::clock::now_ms() + days * 86_400_000;
                metrics::counter!("Timed", TIMESTAMP => ms.to_string()).increment(1);
            }
        });
        let mut written = 0;
        for line in observed.metric_lines() {
            prop_assert!(check_line(line).is_ok(), "{:?}: {line}", check_line(line));
            for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap() {
                written += match &line[metric["Name"].as_str().unwrap()] {
                    Value::Object(pair) => pair["Counts"].as_array().unwrap().iter().filter_map(Value::as_u64).sum(),
                    Value::Array(values) => values.len() as u64,
                    _ => 1,
                };
            }
        }
        let recorded: usize = points.iter().map(|(.., count)| count + 1).sum::<usize>() + times.len();
        prop_assert_eq!(written + function.lost_points(), recorded as u64);
    }
}
