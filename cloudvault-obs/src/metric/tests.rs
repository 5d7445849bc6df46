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
use crate::{config::Config, output::Output};

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

fn lines(recorder: &Recorder) -> Vec<Value> {
    let buffer = Arc::new(Mutex::new(Vec::new()));
    recorder.flush(&Output::buffer(Arc::clone(&buffer)));
    let bytes = buffer.lock().unwrap().clone();
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
    let recorder = Recorder::new(&config(&path));
    metrics::with_local_recorder(&recorder, || {
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
    let recorder = Recorder::new(&config(&path));
    assert!(!recorder.has_extension());
    metrics::with_local_recorder(&recorder, || {
        high_resolution("Failures");
        metrics::counter!("Failures").increment(1);
        metrics::counter!("Failures").increment(1);
    });
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
    let first = Recorder::new(&config(&path));
    let second = Recorder::new(&config(&path));
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
        let recorder = Recorder::new(&config(&path));
        metrics::with_local_recorder(&recorder, || {
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
        prop_assert_eq!(journalled + lined + recorder.lost(), values.len() as u64);
    }
}
