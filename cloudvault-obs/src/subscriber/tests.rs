//! Lines are valid JSON with the right keys, whatever is logged.

use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use serde_json::{Value, json};
use tracing_subscriber::{Registry, layer::SubscriberExt as _};

use crate::{config::Config, output::Output, run};

/// The lines that `log` writes.
fn lines(level: &str, log: impl FnOnce()) -> Vec<Value> {
    let buffer = Arc::new(Mutex::new(Vec::new()));
    let config = Config::read(
        [
            ("AWS_LAMBDA_FUNCTION_NAME", "fn"),
            ("OBS_SERVICE", "vault"),
            ("OBS_LOG", level),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let (_, observer) = run::build(&config, Output::buffer(Arc::clone(&buffer)));
    tracing::subscriber::with_default(Registry::default().with(observer), log);
    let bytes = buffer.lock().unwrap().clone();
    let text = String::from_utf8(bytes).expect("UTF-8");
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect()
}

/// Checks the one line that `log` writes, but for its timestamp.
#[track_caller]
fn check(log: impl FnOnce(), expect: &Value) {
    let mut lines = lines("trace", log);
    assert_eq!(lines.len(), 1);
    let line = lines[0].as_object_mut().unwrap();
    let timestamp = line.remove("timestamp").expect("a timestamp");
    assert!(timestamp.as_str().unwrap().ends_with('Z'));
    for (key, value) in [
        ("service", "vault"),
        ("function_name", "fn"),
        ("function_version", "$LATEST"),
        ("target", "t"),
    ] {
        assert_eq!(line.remove(key), Some(value.into()), "{key}");
    }
    assert_eq!(Value::Object(line.clone()), *expect);
}

#[test]
fn an_event_is_one_line_with_its_own_fields() {
    check(
        || tracing::info!(target: "t", size = 3, ratio = 0.5, ok = true, name = "a\"b", "file {}", "stored"),
        &json!({"level": "INFO", "message": "file stored", "size": 3, "ratio": 0.5, "ok": true, "name": "a\"b"}),
    );
    check(
        || tracing::debug!(target: "t", a = ?Some(1)),
        &json!({"level": "DEBUG", "message": "", "a": "Some(1)"}),
    );
    check(
        || tracing::warn!(target: "t", big = u128::from(u64::MAX) + 1, nan = f64::NAN),
        &json!({"level": "WARN", "message": "", "big": 18_446_744_073_709_551_616.0, "nan": "NaN"}),
    );
    check(
        || {
            let error = std::io::Error::other("disk\nfull");
            tracing::error!(target: "t", error = &error as &dyn std::error::Error, "failed");
        },
        &json!({"level": "ERROR", "message": "failed", "error": "disk\nfull"}),
    );
}

#[test]
fn fields_of_all_spans_stand_on_the_line_and_the_innermost_wins() {
    check(
        || {
            let _outer =
                tracing::info_span!("outer", a = 1, b = 1, late = tracing::field::Empty).entered();
            let inner = tracing::info_span!("inner", b = 2, c = 2, late = tracing::field::Empty);
            let _inner = inner.clone().entered();
            inner.record("late", "now");
            tracing::info!(target: "t", c = 3, "m");
        },
        &json!({"level": "INFO", "message": "m", "a": 1, "b": 2, "c": 3, "late": "now"}),
    );
}

#[test]
fn a_field_cannot_forge_a_key_that_the_line_owns() {
    check(
        || tracing::info!(target: "t", level = "DEBUG", request_id = "forged", "m"),
        &json!({"level": "INFO", "message": "m", "fields.level": "DEBUG", "fields.request_id": "forged"}),
    );
}

#[test]
fn lines_below_the_level_are_not_written_and_spans_still_count() {
    let lines = lines("warn", || {
        let _span = tracing::info_span!("s", a = 1).entered();
        tracing::info!("quiet");
        tracing::warn!("loud");
    });
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (&lines[0]["message"], &lines[0]["a"]),
        (&json!("loud"), &json!(1))
    );
}

#[test]
fn a_value_that_logs_while_it_is_formatted_does_not_lose_its_line() {
    struct Chatty;
    impl std::fmt::Debug for Chatty {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            tracing::info!("inner");
            f.write_str("chatty")
        }
    }
    let lines = lines("info", || tracing::info!(value = ?Chatty, "outer"));
    let last = lines.last().expect("a line");
    assert_eq!(
        (&last["message"], &last["value"]),
        (&json!("outer"), &json!("chatty"))
    );
}

proptest! {
    #[test]
    fn any_text_makes_a_valid_line(message: String, value: String, number: f64) {
        let lines = lines("info", || tracing::info!(value, number, "{message}"));
        prop_assert_eq!(lines[0]["message"].as_str(), Some(message.as_str()));
        prop_assert_eq!(lines[0]["value"].as_str(), Some(value.as_str()));
    }
}
