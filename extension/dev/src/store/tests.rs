//! What the tables promise: versions, bounds, and sums that lose nothing.

use obs_cloudwatch::metric::{MetricId, TimeRange, Unit};
use serde_json::json;

use super::{Datum, LogQuery, LogRecord, LogScan, OWN_STREAM, Store, limits};

const MINUTE_MS: i64 = 60_000;

fn datum(timestamp_ms: i64, resolution: u32, values: &[(f64, f64)]) -> Datum {
    Datum {
        name: "Latency".to_owned(),
        dimensions: vec![
            ("b".to_owned(), "2".to_owned()),
            ("a".to_owned(), "1".to_owned()),
        ],
        unit: Unit::NONE,
        resolution,
        timestamp_ms,
        values: values.to_vec(),
        of_set: false,
    }
}

fn samples(store: &Store) -> Vec<(i64, u32, f64, f64)> {
    let dimensions = vec![
        ("a".to_owned(), "1".to_owned()),
        ("b".to_owned(), "2".to_owned()),
    ];
    let metric = MetricId::new("CloudVault", "Latency", dimensions);
    let range = TimeRange {
        start_ms: 0,
        end_ms: 10 * MINUTE_MS,
    };
    let samples = store.samples(&metric, range).unwrap();
    samples
        .iter()
        .map(|s| (s.timestamp_ms, s.resolution_s, s.value, s.count))
        .collect()
}

#[test]
fn equal_values_of_a_minute_are_added_up_and_high_resolution_keeps_its_second() {
    let store = Store::in_memory().unwrap();
    let put = |datum| store.put_metric_data("CloudVault", &[datum]).unwrap();
    put(datum(MINUTE_MS + 1_500, 60, &[(1.0, 1.0), (2.0, 3.0)]));
    put(datum(MINUTE_MS + 59_999, 60, &[(1.0, 2.0)]));
    put(datum(MINUTE_MS + 1_500, 1, &[(1.0, 1.0)]));
    let expect = [
        (60_000, 60, 1.0, 3.0),
        (60_000, 60, 2.0, 3.0),
        (61_000, 1, 1.0, 1.0),
    ];
    assert_eq!(samples(&store), expect);
}

#[test]
fn a_minute_with_too_many_distinct_values_keeps_every_count() {
    let store = Store::in_memory().unwrap();
    let values: Vec<(f64, f64)> = (0..limits::VALUES_A_MINUTE + 5_000)
        .map(|i| (1.0 + i as f64 / 1e6, 1.0))
        .collect();
    store
        .put_metric_data("CloudVault", &[datum(0, 60, &values)])
        .unwrap();
    let kept = samples(&store);
    assert!(kept.len() < limits::VALUES_A_MINUTE + 100, "{}", kept.len());
    let count: f64 = kept.iter().map(|sample| sample.3).sum();
    assert_eq!(count, values.len() as f64);
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    drop(Store::open(folder.path()).unwrap());
    let raw = rusqlite::Connection::open(folder.path().join("account.sqlite")).unwrap();
    raw.pragma_update(None, "user_version", 99).unwrap();
    let error = Store::open(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("version 99 was written by a newer obs"),
        "{error}"
    );
}

#[test]
fn what_was_kept_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let record = LogRecord {
        time_ms: 1,
        function: "upload".to_owned(),
        stream: OWN_STREAM.to_owned(),
        request_id: None,
        line: "kept".to_owned(),
    };
    Store::open(folder.path())
        .unwrap()
        .append_log(&record)
        .unwrap();
    let again = Store::open(folder.path()).unwrap();
    assert_eq!(again.logs(&LogQuery::default()).unwrap()[0].line, "kept");
}

#[test]
fn a_link_is_seen_from_both_of_its_traces() {
    let store = Store::in_memory().unwrap();
    let segment = |trace: &str, links: serde_json::Value| json!({ "id": "70de5b6f19ff9a0a", "trace_id": trace, "name": "n", "start_time": 1.0, "end_time": 2.0, "links": links });
    store.put_segment(&segment("1-a", json!([]))).unwrap();
    let link = json!([{ "trace_id": "1-a", "id": "70de5b6f19ff9a0a" }]);
    store.put_segment(&segment("1-b", link)).unwrap();
    let linked = |trace: &str| {
        let trace = store.trace(trace).unwrap().unwrap();
        let linked = trace.linked.into_iter();
        linked
            .map(|link| (link.trace_id, link.direction))
            .collect::<Vec<_>>()
    };
    assert_eq!(linked("1-a"), [("1-b".to_owned(), "from")]);
    assert_eq!(linked("1-b"), [("1-a".to_owned(), "to")]);
}

#[test]
fn log_lines_are_found_by_what_they_say() {
    let store = Store::in_memory().unwrap();
    let line = |text: &str| LogRecord {
        time_ms: 0,
        function: "upload".to_owned(),
        stream: OWN_STREAM.to_owned(),
        request_id: None,
        line: text.to_owned(),
    };
    let json = r#"{"level":"error","message":"image is broken","correlation_id":"c-1","xray_trace_id":"1-2-3","request_id":"r-1"}"#;
    store.append_log(&line(json)).unwrap();
    store.append_log(&line("plain \"text\" c-1")).unwrap();
    let check = |query: LogQuery, expect: &[&str]| {
        let found = store.logs(&query).unwrap();
        let messages: Vec<_> = found.iter().map(|row| row.message.as_str()).collect();
        assert_eq!(messages, expect, "{query:?}");
    };
    let text = |text: &str| LogQuery {
        text: Some(text.to_owned()),
        ..LogQuery::default()
    };
    let plain = "plain \"text\" c-1";
    check(LogQuery::default(), &["image is broken", plain]);
    check(text("brok"), &["image is broken"]);
    check(text("broken image"), &["image is broken"]);
    check(text("c-1"), &["image is broken", plain]);
    check(text("\" OR NOT ("), &[]);
    let with = |set: fn(&mut LogQuery)| {
        let mut query = LogQuery::default();
        set(&mut query);
        query
    };
    let found = ["image is broken"];
    check(with(|q| q.correlation_id = Some("c-1".to_owned())), &found);
    check(with(|q| q.level = Some("ERROR".to_owned())), &found);
    check(with(|q| q.request_id = Some("r-1".to_owned())), &found);
    check(with(|q| q.trace_id = Some("1-2-3".to_owned())), &found);
    check(with(|q| q.after_id = Some(1)), &[plain]);
    check(with(|q| (q.before_id, q.limit) = (Some(2), 1)), &found);
}

#[test]
fn lines_of_an_older_version_are_kept_and_have_a_stream() {
    let folder = tempfile::tempdir().unwrap();
    let raw = rusqlite::Connection::open(folder.path().join("account.sqlite")).unwrap();
    for migration in &super::schema::MIGRATIONS[..2] {
        raw.execute_batch(migration).unwrap();
    }
    raw.pragma_update(None, "user_version", 2).unwrap();
    let line = "INSERT INTO logs (time_ms, function, message, line) VALUES (7, 'upload', 'm', 'l')";
    raw.execute_batch(line).unwrap();
    drop(raw);
    let store = Store::open(folder.path()).unwrap();
    let scan = LogScan {
        functions: vec!["upload".to_owned()],
        lines: 10,
        bytes: 100,
        ..LogScan::default()
    };
    let found = store.scan_logs(&scan).unwrap().events;
    assert_eq!(
        (found[0].line.as_str(), found[0].stream.as_str()),
        ("l", OWN_STREAM)
    );
}

/// Lines of two functions, not in the order of their times.
fn lines_of_two() -> Store {
    let store = Store::in_memory().unwrap();
    for (time_ms, function, line) in [
        (20, "a", "second"),
        (10, "a", "first"),
        (20, "a", "third"),
        (15, "b", "other"),
        (30, "a", "fourth"),
    ] {
        let record = LogRecord {
            time_ms,
            function: function.to_owned(),
            stream: "s".to_owned(),
            request_id: None,
            line: line.to_owned(),
        };
        store.append_log(&record).unwrap();
    }
    store
}

#[test]
fn a_scan_goes_by_time_ends_at_its_bounds_and_goes_on_after_a_place() {
    let store = lines_of_two();
    let check = |set: &dyn Fn(&mut LogScan), lines: &[&str], more: bool| {
        let mut scan = LogScan {
            functions: vec!["a".to_owned()],
            lines: 100,
            bytes: 1000,
            ..LogScan::default()
        };
        set(&mut scan);
        let scanned = store.scan_logs(&scan).unwrap();
        let found: Vec<_> = scanned
            .events
            .iter()
            .map(|event| event.line.as_str())
            .collect();
        assert_eq!((found, scanned.more), (lines.to_vec(), more), "{scan:?}");
    };
    check(&|_| {}, &["first", "second", "third", "fourth"], false);
    check(
        &|scan| scan.from_ms = Some(20),
        &["second", "third", "fourth"],
        false,
    );
    check(
        &|scan| scan.to_ms = Some(20),
        &["first", "second", "third"],
        false,
    );
    check(
        &|scan| (scan.from_ms, scan.to_ms) = (Some(11), Some(19)),
        &[],
        false,
    );
    check(&|scan| scan.lines = 2, &["first", "second"], true);
    check(
        &|scan| scan.lines = 4,
        &["first", "second", "third", "fourth"],
        false,
    );
    check(&|scan| scan.bytes = 6, &["first", "second"], true);
    check(&|scan| scan.bytes = 0, &[], true);
    check(
        &|scan| scan.after = Some((20, 1)),
        &["third", "fourth"],
        false,
    );
    check(&|scan| scan.functions.clear(), &[], false);
    let both = vec!["b".to_owned(), "a".to_owned()];
    check(
        &|scan| (scan.functions, scan.to_ms) = (both.clone(), Some(15)),
        &["first", "other"],
        false,
    );
}
