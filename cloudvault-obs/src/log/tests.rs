//! What an invocation's lines carry: keys, debug decisions, kept lines,
//! warnings.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};
use tower::{Layer as _, Service as _};

use crate::{
    Error, Layer,
    config::Config,
    log,
    output::Output,
    run,
    subscriber::{Installed, install},
};

/// A process with everything installed for this thread, and what it writes.
pub(super) struct Process {
    pub(super) layer: Layer,
    written: Arc<Mutex<Vec<u8>>>,
    complaints: Vec<String>,
    subscriber: Installed,
}

impl Process {
    pub(super) fn start(variables: &[(&str, &str)]) -> Self {
        let config = Config::read(
            [
                ("AWS_LAMBDA_FUNCTION_NAME", "fn"),
                ("OBS_JOURNAL", "/nonexistent"),
            ]
            .iter()
            .chain(variables)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let written = Arc::new(Mutex::new(Vec::new()));
        let (telemetry, observer) = run::build(&config, Output::buffer(Arc::clone(&written)));
        let subscriber = install(observer);
        Self {
            layer: Layer::new(telemetry),
            written,
            complaints: config.complaints,
            subscriber,
        }
    }

    /// The process without its layer, which is dropped.
    pub(super) fn without_layer(self) -> (Arc<Mutex<Vec<u8>>>, Installed) {
        (self.written, self.subscriber)
    }

    fn text(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.written.lock().unwrap())).unwrap()
    }

    pub(super) fn lines(&self) -> Vec<Value> {
        let text = self.text();
        text.lines()
            .map(|line| serde_json::from_str(line).expect(line))
            .collect()
    }

    pub(super) fn messages(&self) -> Vec<String> {
        let lines = self.lines();
        lines
            .iter()
            .map(|line| line["message"].as_str().unwrap().to_owned())
            .collect()
    }

    pub(super) async fn call<F>(
        &self,
        event: LambdaEvent<Value>,
        handler: impl Fn(Value) -> F,
    ) -> Result<Value, Error>
    where
        F: Future<Output = Result<Value, Error>>,
    {
        let handler = crate::service_fn(|event: LambdaEvent<Value>| handler(event.payload));
        self.layer.layer(handler).call(event).await
    }
}

pub(super) fn event(payload: Value) -> LambdaEvent<Value> {
    let mut context = Context::default();
    context.request_id = "req-1".into();
    context.invoked_function_arn = "arn:aws:lambda:eu-west-1:1:function:fn".into();
    LambdaEvent::new(payload, context)
}

pub(super) fn nothing() -> LambdaEvent<Value> {
    event(json!({}))
}

#[tokio::test]
async fn keys_are_appended_removed_restored_and_end_with_the_invocation() {
    let process = Process::start(&[]);
    let handler = async |_| {
        tracing::info!("bare");
        log::append("order", "o-1");
        log::append("request_id", "forged");
        log::append("password", "hunter2");
        {
            let _scope = log::scoped("order", "o-2");
            let _other = log::scoped("step", 1);
            tracing::info!("scoped");
        }
        tracing::info!("restored");
        tracing::info!(order = "own", "own");
        let _span = tracing::info_span!("s", order = "span").entered();
        tracing::info!("span");
        log::remove("order");
        log::remove("request_id");
        drop(_span);
        tracing::info!("removed");
        Ok(json!(null))
    };
    for _ in 0..2 {
        process.call(nothing(), handler).await.unwrap();
        let lines = process.lines();
        let order: Vec<_> = lines.iter().map(|line| line["order"].as_str()).collect();
        assert_eq!(
            order,
            [
                None,
                Some("o-2"),
                Some("o-1"),
                Some("own"),
                Some("span"),
                None
            ]
        );
        assert_eq!((&lines[1]["step"], lines[2].get("step")), (&json!(1), None));
        assert_eq!(lines[1]["fields.request_id"], "forged");
        assert_eq!(
            (&lines[1]["request_id"], &lines[1]["password"]),
            (&json!("req-1"), &json!("[REDACTED]"))
        );
        assert_eq!(lines[5].get("fields.request_id"), None);
        assert_eq!(
            lines[0]["function_arn"],
            "arn:aws:lambda:eu-west-1:1:function:fn"
        );
    }
}

#[tokio::test]
async fn a_callers_debug_decision_counts_and_ends_with_the_invocation() {
    let process = Process::start(&[]);
    let handler = async |_| {
        tracing::debug!("detail");
        tracing::trace!("never");
        Ok(json!(log::debug()))
    };
    let asked = json!({"headers": {"debug-log-enabled": "true"}});
    assert_eq!(process.call(event(asked), handler).await.unwrap(), true);
    assert_eq!(process.messages(), ["detail"]);
    assert_eq!(process.call(nothing(), handler).await.unwrap(), false);
    assert_eq!(process.messages(), [""; 0]);
}

#[tokio::test]
async fn a_sampled_invocation_writes_debug_lines_and_says_the_rate() {
    for (rate, expect) in [("1", vec!["detail"]), ("0", vec![])] {
        let process = Process::start(&[("OBS_LOG_SAMPLE", rate)]);
        let handler = async |_| {
            tracing::debug!("detail");
            Ok(json!(null))
        };
        process.call(nothing(), handler).await.unwrap();
        let lines = process.lines();
        assert_eq!(
            lines
                .iter()
                .map(|line| &line["message"])
                .collect::<Vec<_>>(),
            expect
        );
        assert!(lines.iter().all(|line| line["sampling_rate"] == json!(1.0)));
    }
}

#[tokio::test]
async fn debug_lines_are_kept_and_written_before_the_error() {
    let process = Process::start(&[("OBS_LOG_BUFFER", "100000")]);
    let handler = async |payload: Value| {
        tracing::debug!(password = "hunter2", "detail");
        tracing::info!("progress");
        if payload["fail"] == true {
            return Err("disk full".into());
        }
        Ok(json!(null))
    };
    process.call(nothing(), handler).await.unwrap();
    assert_eq!(process.messages(), ["progress"]);
    process
        .call(event(json!({"fail": true})), handler)
        .await
        .unwrap_err();
    let lines = process.lines();
    let messages: Vec<_> = lines
        .iter()
        .map(|line| line["message"].as_str().unwrap())
        .collect();
    assert_eq!(messages, ["progress", "detail", "handler failed"]);
    assert_eq!(lines[1]["password"], "[REDACTED]");
    assert_eq!(
        (&lines[2]["error.message"], &lines[2]["level"]),
        (&json!("disk full"), &json!("ERROR"))
    );
    assert!(lines[1]["timestamp"].as_str() <= lines[2]["timestamp"].as_str());
}

#[tokio::test]
async fn lines_that_do_not_fit_the_buffer_are_counted() {
    let process = Process::start(&[("OBS_LOG_BUFFER", "1500")]);
    let handler = async |_| {
        for number in 0..10 {
            tracing::debug!(number, text = "x".repeat(200), "detail");
        }
        Err("late".into())
    };
    process.call(nothing(), handler).await.unwrap_err();
    let lines = process.lines();
    assert_eq!(
        lines[0]["message"],
        "the oldest debug lines did not fit the buffer"
    );
    let evicted = lines[0]["lines_evicted"].as_u64().unwrap();
    assert_eq!(evicted, 10 - (lines.len() as u64 - 2));
    assert_eq!(lines[lines.len() - 2]["number"], 9);
}

#[tokio::test]
async fn kept_lines_of_concurrent_invocations_stay_apart() {
    let process = Process::start(&[("OBS_LOG_BUFFER", "100000")]);
    let handler = async |payload: Value| {
        log::append("who", payload["id"].as_u64().unwrap());
        tracing::debug!(id = payload["id"].as_u64(), "detail");
        tokio::task::yield_now().await;
        if payload["id"] == 7 {
            Err("seven".into())
        } else {
            Ok(json!(null))
        }
    };
    let calls = (0..20).map(|id| process.call(event(json!({"id": id})), handler));
    let mut set: Vec<_> = calls.map(Box::pin).collect();
    std::future::poll_fn(|cx| {
        set.retain_mut(|call| call.as_mut().poll(cx).is_pending());
        if set.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    let lines = process.lines();
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().all(|line| line["who"] == 7), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn before_a_timeout_the_kept_lines_are_written_with_a_warning() {
    let process = Process::start(&[
        ("OBS_LOG_BUFFER", "100000"),
        ("OBS_TIMEOUT_MARGIN", "200ms"),
    ]);
    let mut late = nothing();
    late.context.deadline = u64::try_from(crate::clock::now_ms()).unwrap() + 3000;
    let handler = async |_| {
        tracing::debug!("waiting for the store");
        tokio::time::sleep(Duration::from_secs(60)).await;
        Ok(json!(null))
    };
    let call = process.call(late, handler);
    let cut = tokio::time::timeout(Duration::from_secs(3), call).await;
    assert!(cut.is_err(), "Lambda would have ended it");
    let lines = process.lines();
    assert_eq!(lines[0]["message"], "waiting for the store");
    assert_eq!(lines[1]["message"], "the invocation is about to time out");
    assert_eq!(
        (&lines[1]["level"], &lines[1]["request_id"]),
        (&json!("WARN"), &json!("req-1"))
    );
    assert_eq!(lines.len(), 2);
}

#[tokio::test]
async fn a_call_chain_that_comes_round_again_is_warned_of_once() {
    let process = Process::start(&[]);
    for (lineage, warnings) in [("a87bd80c:9|68fd508a:2", 1), ("a87bd80c:1", 0)] {
        let mut call = nothing();
        call.context.xray_trace_id = Some(format!(
            "Root=1-5759e988-bd862e3fe1be46a994272793;Lineage={lineage}"
        ));
        process.call(call, async |_| Ok(json!(null))).await.unwrap();
        let lines = process.lines();
        assert_eq!(lines.len(), warnings);
        assert!(
            lines
                .iter()
                .all(|line| line["lineage.rounds"] == 9 && line["level"] == "WARN")
        );
    }
}

/// Where AWS keeps no record: over HTTP, through an event bus, in a stream.
#[tokio::test]
async fn a_loop_without_the_traces_lineage_is_seen_by_our_own() {
    let process = Process::start(&[("OBS_LOOP_LIMIT", "3")]);
    let send = async |_| {
        let outbound = crate::propagation::current().expect("inside an invocation");
        Ok(json!({"detail-type": "t", "detail": {"__context__": outbound.context()}}))
    };
    let mut detail = json!({"id": "e-1", "detail-type": "t", "detail": {}});
    for round in 1..=4 {
        detail = process.call(event(detail), send).await.unwrap();
        let rounds: Vec<_> = process
            .lines()
            .iter()
            .map(|line| line["lineage.rounds"].as_u64())
            .collect();
        let expect = if round < 3 { vec![] } else { vec![Some(round)] };
        assert_eq!(rounds, expect);
        assert_eq!(detail["detail"]["__context__"]["x-correlation-id"], "e-1");
    }
    let process = Process::start(&[("OBS_LOOP_LIMIT", "0")]);
    process.call(event(detail), send).await.unwrap();
    assert_eq!(process.messages(), [""; 0], "switched off");
}

#[tokio::test]
async fn a_loop_among_the_records_of_a_batch_is_warned_of_once() {
    let process = Process::start(&[("OBS_LOOP_LIMIT", "3")]);
    let record = |id: &str, rounds: u32| {
        let arn = "arn:aws:lambda:eu-west-1:1:function:fn";
        let passed = (0..rounds).fold(
            cloudvault_obs_core::lineage::Lineage::default(),
            |lineage, _| lineage.through(arn),
        );
        json!({"messageId": id, "messageAttributes": {
            "correlation-id": {"stringValue": id},
            "correlation-lineage": {"stringValue": passed.to_string()},
        }})
    };
    let records = json!({"Records": [record("a", 0), record("b", 2), record("c", 5)]});
    let sent = std::sync::Mutex::new(Vec::new());
    let handler = async |payload: Value| {
        let report = crate::batch::Batch::from(payload).each(|_| {
            let outbound = crate::propagation::current().expect("inside an invocation");
            sent.lock().unwrap().push(outbound.lineage);
            Ok::<_, Error>(())
        });
        Ok(serde_json::to_value(report)?)
    };
    process.call(event(records), handler).await.unwrap();
    let lines = process.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["lineage.rounds"], 3);
    let sent = sent.into_inner().unwrap();
    let rounds: Vec<_> = sent
        .iter()
        .map(|text| text.split_once(':').unwrap().1)
        .collect();
    assert_eq!(rounds, ["1", "3", "6"]);
}

#[tokio::test]
async fn the_incoming_event_is_logged_on_request_without_its_secrets() {
    let process = Process::start(&[("OBS_LOG_EVENT", "true"), ("OBS_LOG_LIMIT", "4096")]);
    let body = json!({"token": "hunter2", "pin": 1234, "big": "x".repeat(10_000)}).to_string();
    let payload =
        json!({"headers": {"Authorization": "Bearer hunter2"}, "body": body, "path": "/a"});
    process
        .call(event(payload), async |_| Ok(json!(null)))
        .await
        .unwrap();
    let text = process.text();
    assert!(
        !text.contains("hunter2") && !text.contains("1234"),
        "{text}"
    );
    assert!(text.len() <= 4097 && text.contains("bytes]"));
    let line: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["message"], "event received");
    assert_eq!(line["event"]["path"], "/a");
    assert_eq!(line["event"]["headers"]["Authorization"], "[REDACTED]");
}

#[tokio::test]
async fn an_event_that_is_no_json_is_logged_as_text() {
    use lambda_runtime::LambdaInvocation;

    let process = Process::start(&[("OBS_LOG_EVENT", "true")]);
    for (payload, shown) in [
        ("token=hunter2 at nine", json!("token=[REDACTED] at nine")),
        (" [1, 2.50, {\"a\": null}] ", json!([1, 2.50, {"a": null}])),
        ("\"text\"", json!("text")),
    ] {
        let request = LambdaInvocation {
            parts: http::Response::new(()).into_parts().0,
            body: payload.into(),
            context: Context::default(),
        };
        let handler = crate::service_fn(async |_: LambdaInvocation| {
            tracing::info!("after");
            Ok::<_, Error>(())
        });
        process.layer.around(handler).call(request).await.unwrap();
        let lines = process.lines();
        assert_eq!(lines[0]["event"], shown);
        assert_eq!(lines[1].get("event"), None, "on its own line only");
    }
}

#[tokio::test]
async fn the_response_is_logged_on_request_without_its_secrets() {
    let process = Process::start(&[("OBS_LOG_RESPONSE", "true")]);
    let handler = crate::service_fn(async |_: LambdaEvent<Value>| {
        Ok::<_, Error>(json!({"session_token": "hunter2", "ok": true}))
    });
    // Without `run`: the layer that anybody may put around a handler.
    let mut service = process.layer.clone().with_responses().layer(handler);
    service.call(nothing()).await.unwrap();
    let lines = process.lines();
    assert_eq!(lines[0]["message"], "response sent");
    assert_eq!(
        lines[0]["response"],
        json!({"ok": true, "session_token": "[REDACTED]"})
    );
    assert_eq!(lines.len(), 1);
}

#[test]
fn lines_that_lambda_would_swallow_are_warned_of() {
    let json = ("AWS_LAMBDA_LOG_FORMAT", "JSON");
    let warn = ("AWS_LAMBDA_LOG_LEVEL", "WARN");
    let process = Process::start(&[json, warn, ("OBS_LOG", "debug")]);
    assert!(
        process.complaints[0].contains("Lambda drops lines"),
        "{:?}",
        process.complaints
    );
    let process = Process::start(&[json, warn, ("OBS_LOG_BUFFER", "1000")]);
    assert!(
        process.complaints[0].contains("OBS_LOG_BUFFER"),
        "{:?}",
        process.complaints
    );
    log::set_level(log::LevelFilter::DEBUG);
    assert!(process.messages()[0].contains("has no effect"));
    assert_eq!(
        Process::start(&[warn, ("OBS_LOG", "debug")]).complaints,
        [""; 0]
    );
    let process = Process::start(&[json, warn, ("OBS_LOG_FORMAT", "text")]);
    assert!(
        process.complaints[0].contains("drops every line"),
        "{:?}",
        process.complaints
    );
}

#[test]
fn a_complaint_is_severe_enough_to_be_seen() {
    let json = ("AWS_LAMBDA_LOG_FORMAT", "JSON");
    for (lambda, level) in [("WARN", "WARN"), ("ERROR", "ERROR")] {
        let process = Process::start(&[json, ("AWS_LAMBDA_LOG_LEVEL", lambda)]);
        log::set_level(log::LevelFilter::DEBUG);
        let lines = process.lines();
        assert_eq!(lines[0]["level"], level);
        assert!(lines[0]["message"].as_str().unwrap().contains("no effect"));
    }
}

#[test]
fn lambdas_log_format_is_obeyed_unless_ours_is_set() {
    let lambda = |value| ("AWS_LAMBDA_LOG_FORMAT", value);
    for (variables, is_json) in [
        (vec![], true),
        (vec![lambda("JSON")], true),
        (vec![lambda("json")], true),
        (vec![lambda("Text")], false),
        (vec![lambda("Text"), ("OBS_LOG_FORMAT", "json")], true),
        (vec![lambda("JSON"), ("OBS_LOG_FORMAT", "Text")], false),
    ] {
        let process = Process::start(&variables);
        tracing::info!("hello");
        let text = process.text();
        assert_eq!(text.starts_with('{'), is_json, "{variables:?}: {text}");
        assert_eq!(process.complaints, [""; 0]);
    }
    let process = Process::start(&[lambda("xml")]);
    assert!(process.complaints[0].starts_with("AWS_LAMBDA_LOG_FORMAT=\"xml\": expected"));
}

#[cfg(feature = "timezone")]
#[test]
fn lines_show_the_time_of_the_zone_that_is_asked_for() {
    let shown = |process: &Process| {
        tracing::info!("now");
        let lines = process.lines();
        let text = lines[0]["timestamp"].as_str().unwrap().to_owned();
        let time: jiff::Timestamp = text.parse().expect("RFC 3339");
        (time, text)
    };
    let utc = Process::start(&[("TZ", ":UTC")]);
    let before = shown(&utc);
    let tokyo = Process::start(&[("OBS_TIMEZONE", "Asia/Tokyo")]);
    let there = shown(&tokyo);
    drop(tokyo);
    let after = shown(&utc);
    assert!(before.0 <= there.0 && there.0 <= after.0);
    assert!(there.1.ends_with("+09:00"), "{}", there.1);
    assert!(after.1.ends_with('Z'), "{}", after.1);
}

#[test]
fn levels_are_known_in_every_spelling() {
    for (text, expect) in [
        ("trace", "TRACE"),
        ("Debug", "DEBUG"),
        (" INFO ", "INFO"),
        ("warn", "WARN"),
        ("ERROR", "ERROR"),
        ("FATAL", "ERROR"),
        ("off", "OFF"),
    ] {
        let process = Process::start(&[("OBS_LOG", text)]);
        assert_eq!(log::level().to_string().to_uppercase(), expect);
        assert_eq!(process.complaints, [""; 0]);
    }
}

#[test]
fn nonsense_in_the_environment_is_told_and_not_obeyed() {
    let process = Process::start(&[
        ("OBS_LOG_SAMPLE", "often"),
        ("OBS_LOG_FORMAT", "xml"),
        ("OBS_REDACT", "passwords"),
        ("OBS_LOG_EVENT", "maybe"),
        ("OBS_TIMEOUT_MARGIN", "soon"),
    ]);
    assert_eq!(process.complaints.len(), 5, "{:?}", process.complaints);
    tracing::info!(password = "hunter2", "m");
    assert!(!process.text().contains("hunter2"));
}

#[test]
fn options_are_read_like_the_environment_which_wins() {
    let options = log::Options::default()
        .sample(1.0)
        .buffer(10)
        .limit(5000)
        .loop_limit(3)
        .redact([]);
    let code = options
        .variables
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    let environment = [("OBS_LOG_BUFFER".to_owned(), "20".to_owned())];
    let settings = Config::read(code.chain(environment)).log;
    assert_eq!(
        (settings.sample, settings.buffer, settings.limit),
        (1.0, 20, 5000)
    );
    assert_eq!(settings.loop_limit, 3);
    assert!(!settings.redactor.is_secret_key("password"));
}

#[tokio::test]
async fn a_panic_is_one_structured_line_with_its_place() {
    log::install_panic_hook();
    let process = Process::start(&[("OBS_LOG_BUFFER", "10000")]);
    let handler = async |_| {
        tracing::debug!("detail");
        if true {
            panic!("token=hunter2 is wrong");
        }
        Ok(json!(null))
    };
    let call = process.call(nothing(), handler);
    let caught = futures_catch(call).await;
    assert!(caught.is_err());
    let lines = process.lines();
    let messages: Vec<_> = lines
        .iter()
        .map(|line| line["message"].as_str().unwrap())
        .collect();
    assert_eq!(messages, ["detail", "panicked: token=[REDACTED] is wrong"]);
    let line = &lines[1];
    assert_eq!(
        (&line["error.type"], &line["level"]),
        (&json!("panic"), &json!("ERROR"))
    );
    assert_eq!(line["error.message"], "token=[REDACTED] is wrong");
    assert!(
        line["error.location"]
            .as_str()
            .unwrap()
            .contains("log/tests.rs:")
    );
    assert_eq!(line["request_id"], "req-1");
}

/// Polls `future` to its end or its panic, and drops it as the panic unwinds.
pub(super) async fn futures_catch<F: Future>(future: F) -> std::thread::Result<F::Output> {
    let mut future = Box::pin(future);
    let result = std::future::poll_fn(|cx| {
        let poll = || future.as_mut().poll(cx);
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(poll)) {
            Ok(std::task::Poll::Pending) => std::task::Poll::Pending,
            Ok(std::task::Poll::Ready(output)) => std::task::Poll::Ready(Ok(output)),
            Err(panic) => std::task::Poll::Ready(Err(panic)),
        }
    })
    .await;
    drop(future);
    result
}
