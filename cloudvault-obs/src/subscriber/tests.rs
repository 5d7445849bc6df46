//! Lines are valid JSON with the right keys, whatever is logged.

use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{config::Config, output::Output, run};

/// What `log` writes under these variables.
fn written(variables: &[(&str, &str)], log: impl FnOnce()) -> String {
    let buffer = Arc::new(Mutex::new(Vec::new()));
    let config = Config::read(
        [("AWS_LAMBDA_FUNCTION_NAME", "fn"), ("OBS_SERVICE", "vault")]
            .iter()
            .chain(variables)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    let (_, observer) = run::build(&config, Output::buffer(Arc::clone(&buffer)));
    let installed = super::install(observer);
    log();
    drop(installed);
    let bytes = buffer.lock().unwrap().clone();
    let text = String::from_utf8(bytes).expect("UTF-8");
    assert!(text.is_empty() || text.ends_with('\n'));
    text
}

/// The lines that `log` writes.
fn lines(level: &str, log: impl FnOnce()) -> Vec<Value> {
    written(&[("OBS_LOG", level)], log)
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect()
}

/// Checks the one line that `log` writes, but for its timestamp.
#[track_caller]
fn check(log: impl FnOnce(), expect: &Value) {
    let mut lines = lines("trace", log);
    assert_eq!(lines.len(), 1);
    let line = lines[0].as_object_mut().unwrap();
    let location = line.remove("location").expect("a location");
    assert!(location.as_str().unwrap().contains("subscriber/tests.rs:"));
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
        &json!({"level": "ERROR", "message": "failed", "error.type": "std::io::error::Error", "error.message": "disk\nfull"}),
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
    check(
        || tracing::info!(target: "t", level = 1, fields.message = 2, fields.level = 3, "m"),
        &json!({"level": "INFO", "message": "m", "fields.message": 2, "fields.level": 3}),
    );
    let text = written(&[], || tracing::info!(level = 1, fields.level = 3, "m"));
    assert_eq!(text.matches("fields.level").count(), 1, "{text}");
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

#[test]
fn a_value_that_is_recorded_may_log_and_open_spans_while_it_is_formatted() {
    struct Busy;
    impl std::fmt::Debug for Busy {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            let _inner = tracing::info_span!("inner", deep = 1).entered();
            tracing::info!("inside");
            tracing::Span::current().record("deep", 2);
            f.write_str("busy")
        }
    }
    let lines = lines("info", || {
        let span = tracing::info_span!("s", first = ?Busy, late = tracing::field::Empty);
        let _span = span.clone().entered();
        span.record("late", tracing::field::debug(Busy));
        tracing::info!(value = ?Busy, "outer");
    });
    let last = lines.last().expect("a line");
    for key in ["first", "late", "value"] {
        assert_eq!(last[key], "busy", "{last}");
    }
    assert_eq!(last.get("deep"), None);
    assert!(
        lines
            .iter()
            .any(|line| line["message"] == "inside" && line["deep"] == 1)
    );
}

#[test]
fn several_threads_that_record_on_one_span_lose_nothing() {
    let lines = lines("info", || {
        let span = tracing::info_span!(
            "s",
            a = tracing::field::Empty,
            b = tracing::field::Empty,
            c = tracing::field::Empty,
            d = tracing::field::Empty
        );
        let dispatch = tracing::dispatcher::get_default(Clone::clone);
        std::thread::scope(|scope| {
            for name in ["a", "b", "c", "d"] {
                let (span, dispatch) = (span.clone(), dispatch.clone());
                scope.spawn(move || {
                    tracing::dispatcher::with_default(&dispatch, || {
                        for number in 0..500 {
                            span.record(name, number);
                        }
                    });
                });
            }
        });
        tracing::info!(parent: &span, "m");
    });
    for name in ["a", "b", "c", "d"] {
        assert_eq!(lines[0][name], 499);
    }
}

#[test]
fn an_error_recorded_late_stands_on_the_line_with_its_causes() {
    check(
        || {
            let span = tracing::info_span!("s", error = tracing::field::Empty).entered();
            let error = std::io::Error::other(std::io::Error::other("root"));
            span.record("error", &error as &(dyn std::error::Error + 'static));
            tracing::info!(target: "t", "m");
        },
        &json!({"level": "INFO", "message": "m", "error.type": "std::io::error::Error",
            "error.message": "root"}),
    );
}

#[test]
fn a_span_stands_where_its_callsite_says() {
    let lines = lines("info", || {
        let (a, b) = (
            tracing::info_span!("a", at = "a"),
            tracing::info_span!("b", b = 1),
        );
        let _b = b.clone().entered();
        tracing::info_span!(parent: &a, "child").in_scope(|| tracing::info!("in a"));
        tracing::info_span!(parent: None, "root").in_scope(|| tracing::info!("in none"));
        let gone = a.id();
        drop(a);
        tracing::info_span!(parent: gone, "orphan").in_scope(|| tracing::info!("in none"));
        tracing::info!(parent: None, "in none");
        assert_eq!(tracing::Span::current().id(), b.id());
        tracing::info!("in b");
    });
    let seen: Vec<_> = lines
        .iter()
        .map(|line| {
            (
                line["message"].as_str().unwrap(),
                line.get("at"),
                line.get("b"),
            )
        })
        .collect();
    let (at, b) = (json!("a"), json!(1));
    let none = ("in none", None, None);
    assert_eq!(
        seen,
        [
            ("in a", Some(&at), None),
            none,
            none,
            none,
            ("in b", None, Some(&b))
        ]
    );
}

#[test]
fn a_message_that_is_not_the_first_field_still_is_the_message() {
    check(
        || tracing::info!(target: "t", a = 1, message = "late"),
        &json!({"level": "INFO", "message": "late", "a": 1}),
    );
    check(
        || tracing::info!(target: "t", message = 5, a = 1),
        &json!({"level": "INFO", "message": "5", "a": 1}),
    );
    check(
        || tracing::info!(target: "t", message = None::<&str>, a = None::<i64>),
        &json!({"level": "INFO", "message": ""}),
    );
}

#[test]
fn bytes_and_extremes_are_written_without_silent_loss() {
    check(
        || {
            tracing::info!(
                target: "t",
                bytes = &b"ok \xff\x00"[..],
                low = i128::MIN,
                high = u64::MAX,
                infinite = f64::INFINITY,
                "\u{1}\u{7f}"
            );
        },
        &json!({"level": "INFO", "message": "\u{1}\u{7f}", "bytes": "ok \\xff\u{0}",
            "low": i128::MIN as f64, "high": u64::MAX, "infinite": "Infinity"}),
    );
}

/// Ways in which a secret may be logged.
fn log_secrets(secret: &str) {
    #[derive(Debug)]
    #[expect(dead_code, reason = "read by Debug")]
    struct Login<'a> {
        user: &'a str,
        password: &'a str,
    }
    let outer = tracing::info_span!("o", api_key = secret, late_token = tracing::field::Empty);
    outer.record("late_token", secret);
    let _outer = outer.entered();
    let nested = json!({"a": [{"password": secret}], "b": json!({"token": secret}).to_string()});
    tracing::info!(password = secret, "in a field");
    tracing::info!(header = %format!("Authorization: Bearer {secret}"), "in a header");
    tracing::info!(body = %nested, "in JSON in JSON");
    tracing::info!(body = nested.to_string(), "in a text of JSON");
    tracing::info!(login = ?Login { user: "ann", password: secret }, "in Debug");
    tracing::info!(body = nested.to_string().as_bytes(), "in bytes");
    tracing::info!("in the message: password={secret}");
    let error = std::io::Error::other(format!("login failed: token={secret}"));
    tracing::error!(error = &error as &dyn std::error::Error, "in an error");
    tracing::error!(%error, "in an error's text");
    let wrapped = std::io::Error::other(error);
    let _span = tracing::info_span!("e", error = &wrapped as &dyn std::error::Error).entered();
    tracing::error!(cause = &wrapped as &dyn std::error::Error, "in a chain");
}

#[test]
fn a_secret_never_reaches_the_output_in_any_format() {
    for format in ["json", "text", "pretty"] {
        let text = written(&[("OBS_LOG_FORMAT", format)], || log_secrets("hunter2XY"));
        assert_eq!(text.lines().count(), 10, "{text}");
        assert!(!text.contains("hunter2"), "{text}");
        assert!(
            text.lines().all(|line| line.contains("[REDACTED]")),
            "{text}"
        );
    }
    let open = written(&[("OBS_REDACT", "off")], || log_secrets("hunter2XY"));
    assert!(
        open.lines().all(|line| line.contains("hunter2XY")),
        "{open}"
    );
}

#[test]
fn values_that_look_like_secrets_are_redacted_wherever_they_stand() {
    let text = written(&[], || {
        let _span = tracing::info_span!("s", owner = "ann@example.com").entered();
        tracing::info!(
            card = 4_111_111_111_111_111_u64,
            small = 12,
            "id AKIAIOSFODNN7EXAMPLE"
        );
        tracing::info!(
            card = "4111 1111 1111 1111",
            key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        );
    });
    for secret in ["ann@", "4111", "AKIA", "wJalr"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert!(text.contains("\"small\":12"));
}

#[test]
fn further_keys_are_secrets_where_the_environment_says_so() {
    let variables = [
        ("OBS_REDACT_KEYS", "cust*,iban"),
        ("OBS_REDACT_ALLOW", "api_key"),
    ];
    let text = written(&variables, || {
        tracing::info!(customer = "c1", iban = "i1", api_key = "k1", "m");
    });
    assert!(
        !text.contains("c1\"") && !text.contains("i1\"") && text.contains("k1\""),
        "{text}"
    );
}

#[test]
fn a_line_over_the_limit_is_cut_with_a_mark_and_stays_json() {
    let text = written(&[("OBS_LOG_LIMIT", "2000")], || {
        tracing::info!(body = "é".repeat(5000), tail = "kept", "m");
    });
    assert!(text.len() <= 2001, "{}", text.len());
    let line: Value = serde_json::from_str(&text).unwrap();
    assert!(line["body"].as_str().unwrap().ends_with(" bytes]"));
    assert!(line["obs_cut_bytes"].as_u64().unwrap() > 8000);
    assert_eq!(
        (&line["tail"], &line["message"]),
        (&json!("kept"), &json!("m"))
    );
}

#[test]
fn lambdas_text_format_is_obeyed_and_ours_goes_before_it() {
    let log = || tracing::info!(target: "t", size = 3, "stored");
    let text = written(&[("AWS_LAMBDA_LOG_FORMAT", "Text")], log);
    assert!(
        text.contains("Z INFO  t: stored size=3 location="),
        "{text}"
    );
    let both = [
        ("AWS_LAMBDA_LOG_FORMAT", "Text"),
        ("OBS_LOG_FORMAT", "json"),
    ];
    assert!(written(&both, log).starts_with("{\"timestamp\""));
    assert!(written(&[("OBS_LOG_FORMAT", "pretty")], log).contains("\x1b[32mINFO"));
    let plain = [("OBS_LOG_FORMAT", "pretty"), ("NO_COLOR", "1")];
    assert!(!written(&plain, log).contains('\x1b'));
}

#[test]
fn the_level_changes_while_the_process_runs() {
    let lines = lines("warn", || {
        tracing::info!("quiet");
        crate::log::set_level(crate::log::LevelFilter::DEBUG);
        tracing::debug!("loud");
        assert_eq!(crate::log::level(), crate::log::LevelFilter::DEBUG);
    });
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["message"], "loud");
}

#[test]
fn a_span_that_is_left_and_entered_again_lends_its_fields_each_time() {
    let lines = lines("info", || {
        let (a, b) = (
            tracing::info_span!("a", at = "a"),
            tracing::info_span!("b", at = "b"),
        );
        for _ in 0..2 {
            a.in_scope(|| {
                tracing::info!(expect = "a");
                b.in_scope(|| tracing::info!(expect = "b"));
                tracing::info!(expect = "a");
                tracing::info!(parent: &b, expect = "b");
                tracing::info!(expect = "a");
            });
        }
        tracing::info!(expect = "none");
    });
    for line in &lines[..10] {
        assert_eq!(line["at"], line["expect"]);
    }
    assert_eq!(lines[10].get("at"), None);
}

#[test]
fn every_line_is_one_whole_write_to_a_pipe() {
    let (reader, writer) = std::io::pipe().unwrap();
    let output = Output::file(std::fs::File::from(std::os::fd::OwnedFd::from(writer)));
    let writers: Vec<_> = [b'a', b'b', b'c']
        .map(|byte| {
            let output = output.clone();
            std::thread::spawn(move || {
                let mut line = vec![byte; 9000];
                line.push(b'\n');
                for _ in 0..50 {
                    output.write(&line);
                }
            })
        })
        .into();
    drop(output);
    let text = std::io::read_to_string(reader).unwrap();
    writers
        .into_iter()
        .for_each(|writer| writer.join().unwrap());
    assert_eq!(text.lines().count(), 150);
    assert!(
        text.lines()
            .all(|line| line.bytes().all(|byte| byte == line.as_bytes()[0]))
    );
}

proptest! {
    /// Whatever a field, a span and an error hold, the line parses and the
    /// innermost value of a name stands once.
    #[test]
    fn any_values_make_a_valid_line_with_each_key_once(
        texts: [String; 3], bytes: Vec<u8>, bits: u64, signed: i128, level: u8,
    ) {
        let lines = lines("info", || {
            let [a, b, c] = &texts;
            let _span = tracing::info_span!("s", a, same = b.as_str(), bytes = bytes.as_slice()).entered();
            let error = std::io::Error::other(c.clone());
            tracing::info!(
                same = f64::from_bits(bits), signed, level, debug = ?texts,
                error = &error as &dyn std::error::Error, "{b}",
            );
        });
        let line = lines[0].as_object().unwrap();
        prop_assert_eq!(line["level"].as_str(), Some("INFO"));
        prop_assert_eq!(&line["fields.level"], &json!(level));
    }

    #[test]
    fn any_text_makes_a_valid_line(message: String, value: String, number: f64) {
        let lines: Vec<Value> = written(&[("OBS_REDACT", "off")], || tracing::info!(value, number, "{message}"))
            .lines().map(|line| serde_json::from_str(line).expect(line)).collect();
        prop_assert_eq!(lines[0]["message"].as_str(), Some(message.as_str()));
        prop_assert_eq!(lines[0]["value"].as_str(), Some(value.as_str()));
    }
}
