//! Which id the library takes from each sample event of `aws_lambda_events`.
//!
//! The events are read where the package registry has put the crate: they are
//! other people's, and too many to copy.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use cloudvault_obs::event;
use serde_json::Value;

fn cargo(arguments: &[&str]) -> Vec<u8> {
    let program = option_env!("CARGO").unwrap_or("cargo");
    let answer = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("cannot run {program}: {error}"));
    assert!(
        answer.status.success(),
        "{program} {arguments:?} failed: {}",
        String::from_utf8_lossy(&answer.stderr)
    );
    answer.stdout
}

/// The folder of the sample events, as Cargo knows it.
fn folder() -> PathBuf {
    let version = String::from_utf8(cargo(&["-vV"])).expect("text");
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .expect("cargo -vV names its host");
    // Other platforms' packages need not have been downloaded.
    let metadata = cargo(&[
        "metadata",
        "--format-version=1",
        "--offline",
        "--filter-platform",
        host,
        "--manifest-path",
        concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
    ]);
    let metadata: Value = serde_json::from_slice(&metadata).expect("cargo metadata is JSON");
    let package = metadata["packages"]
        .as_array()
        .expect("packages")
        .iter()
        .find(|package| package["name"] == "aws_lambda_events")
        .expect("aws_lambda_events is a dev-dependency of this crate");
    let manifest = package["manifest_path"].as_str().expect("a path");
    let folder = Path::new(manifest).with_file_name("src").join("fixtures");
    assert!(
        folder.is_dir(),
        "{} is missing: aws_lambda_events {} ships no sample events",
        folder.display(),
        package["version"]
    );
    folder
}

/// The files in order, each with its name without what all names share.
fn samples() -> Vec<(String, Vec<u8>)> {
    let mut samples: Vec<_> = fs::read_dir(folder())
        .expect("readable")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .map(|path| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let name = name.trim_start_matches("example-").to_owned();
            (name, fs::read(&path).expect("readable"))
        })
        .collect();
    samples.sort();
    samples
}

#[test]
fn every_sample_event_gives_the_id_that_the_table_says() {
    let samples = samples();
    assert_eq!(samples.len(), 173);
    let mut table = String::new();
    for (name, payload) in &samples {
        let finding = event::inspect(payload);
        let origin = finding.origin.map_or("request id", event::Origin::as_str);
        let source = finding.source.as_str();
        let id = finding.correlation_id.unwrap_or_default();
        let line = format!("{name:<75} {source:<21} {origin:<15} {id}");
        writeln!(table, "{}", line.trim_end()).expect("a string");
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_header_in_any_sample_event_goes_before_all_other_ids() {
    let mut seen = 0;
    for (name, payload) in samples() {
        let Ok(mut event) = serde_json::from_slice::<Value>(&payload) else {
            continue;
        };
        let source = event::inspect(&payload).source;
        let Some(headers) = event.get_mut("headers").and_then(Value::as_object_mut) else {
            continue;
        };
        headers.insert("X-Correlation-Id".to_owned(), "corr-1".into());
        let finding = event::inspect(event.to_string().as_bytes());
        assert_eq!(finding.correlation_id.as_deref(), Some("corr-1"), "{name}");
        assert_eq!(finding.origin, Some(event::Origin::Header), "{name}");
        assert_eq!(finding.source, source, "{name}");
        seen += 1;
    }
    assert!(seen > 20, "only {seen} events with headers");
}
