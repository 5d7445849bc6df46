//! Telemetry events in schema 2025-01-29, as Lambda writes them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::sandbox::moment::{Moment, milliseconds, rfc3339};

/// Which subscription an event belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What Lambda itself says.
    Platform,
    /// A line of the function.
    Function,
    /// A line of the extension.
    Extension,
}

impl Kind {
    /// The name that a subscription uses.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Kind::Platform => "platform",
            Kind::Function => "function",
            Kind::Extension => "extension",
        }
    }

    /// The kind of that name.
    pub(crate) fn parse(text: &str) -> Option<Kind> {
        [Kind::Platform, Kind::Function, Kind::Extension]
            .into_iter()
            .find(|k| k.as_str() == text)
    }
}

/// One event, written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// What it belongs to.
    pub(crate) kind: Kind,
    /// Its JSON.
    pub(crate) json: String,
}

/// How an initialization or an invocation went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// It went well.
    Success,
    /// An error was reported, or a process ended.
    Error,
    /// The deadline passed.
    Timeout,
}

impl Status {
    /// Lambda's spelling.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Status::Success => "success",
            Status::Error => "error",
            Status::Timeout => "timeout",
        }
    }
}

/// The function, as platform events name it.
#[derive(Debug, Clone)]
pub(crate) struct Named<'a> {
    /// Function name.
    pub(crate) function: &'a str,
    /// Unqualified ARN.
    pub(crate) arn: &'a str,
    /// Environment id.
    pub(crate) instance: &'a str,
    /// Megabytes.
    pub(crate) memory_mb: u32,
    /// How its environments come to life, in Lambda's word.
    pub(crate) initialization: &'a str,
}

/// The invocation, as platform events name it.
#[derive(Debug, Clone)]
pub(crate) struct Of<'a> {
    /// Request id.
    pub(crate) request_id: &'a str,
    /// The trace header that the runtime got.
    pub(crate) trace: &'a str,
    /// Id of the facade.
    pub(crate) span: &'a str,
}

impl Of<'_> {
    fn tracing(&self) -> Value {
        json!({"spanId": self.span, "type": "X-Amzn-Trace-Id", "value": self.trace})
    }
}

/// When the runtime gave its answer, counted from the start of the invocation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answered {
    /// The start of the invocation.
    pub(crate) start: Moment,
    /// Until the answer began.
    pub(crate) latency: Duration,
    /// From there until it was complete.
    pub(crate) transfer: Duration,
    /// Bytes of the answer.
    pub(crate) bytes: usize,
}

/// What a report counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    /// The invocation, extension included.
    pub(crate) duration: Duration,
    /// Megabytes configured.
    pub(crate) memory_mb: u32,
    /// Largest resident size seen, in megabytes.
    pub(crate) used_mb: u64,
    /// The initialization, on a cold start.
    pub(crate) init: Option<Duration>,
    /// The restoring of a snapshot, on a cold start with SnapStart.
    pub(crate) restore: Option<Duration>,
}

impl Measured {
    /// Whole milliseconds, initialization included, as a custom runtime is billed.
    pub(crate) fn billed_ms(&self) -> u64 {
        milliseconds(self.duration + self.init.unwrap_or_default()).ceil() as u64
    }
}

/// `platform.initStart`.
pub(crate) fn init_start(at: i64, named: &Named<'_>) -> Event {
    let record = json!({
        "initializationType": named.initialization,
        "phase": "init",
        "runtimeVersion": "",
        "runtimeVersionArn": "",
        "functionName": named.function,
        "functionArn": named.arn,
        "functionVersion": "$LATEST",
        "instanceId": named.instance,
        "instanceMaxMemory": u64::from(named.memory_mb) * 1024 * 1024,
    });
    platform("initStart", at, record)
}

/// `platform.initRuntimeDone`.
pub(crate) fn init_runtime_done(
    at: i64,
    initialization: &str,
    status: Status,
    error: Option<&str>,
) -> Event {
    let mut record = json!({
        "initializationType": initialization,
        "phase": "init",
        "status": status.as_str(),
    });
    add_error(&mut record, error);
    platform("initRuntimeDone", at, record)
}

/// `platform.initReport`.
pub(crate) fn init_report(
    at: i64,
    initialization: &str,
    status: Status,
    error: Option<&str>,
    duration: Duration,
) -> Event {
    let mut record = json!({
        "initializationType": initialization,
        "phase": "init",
        "status": status.as_str(),
        "metrics": {"durationMs": milliseconds(duration)},
    });
    add_error(&mut record, error);
    platform("initReport", at, record)
}

/// `platform.restoreStart`.
pub(crate) fn restore_start(at: i64, named: &Named<'_>) -> Event {
    let record = json!({
        "runtimeVersion": "",
        "runtimeVersionArn": "",
        "functionName": named.function,
        "functionArn": named.arn,
        "functionVersion": "$LATEST",
        "instanceId": named.instance,
        "instanceMaxMemory": u64::from(named.memory_mb) * 1024 * 1024,
    });
    platform("restoreStart", at, record)
}

/// `platform.restoreRuntimeDone`.
pub(crate) fn restore_runtime_done(at: i64) -> Event {
    let record = json!({"status": Status::Success.as_str()});
    platform("restoreRuntimeDone", at, record)
}

/// `platform.restoreReport`.
pub(crate) fn restore_report(at: i64, duration: Duration) -> Event {
    let record = json!({
        "status": Status::Success.as_str(),
        "metrics": {"durationMs": milliseconds(duration)},
    });
    platform("restoreReport", at, record)
}

/// `platform.telemetrySubscription`.
pub(crate) fn subscribed(at: i64, extension: &str, types: &[Kind]) -> Event {
    let types: Vec<&str> = types.iter().map(|kind| kind.as_str()).collect();
    let record = json!({"name": extension, "state": "Subscribed", "types": types});
    platform("telemetrySubscription", at, record)
}

/// `platform.extension`.
pub(crate) fn extension(at: i64, name: &str, state: &str, events: &[&str]) -> Event {
    platform(
        "extension",
        at,
        json!({"name": name, "state": state, "events": events}),
    )
}

/// `platform.start`.
pub(crate) fn start(at: i64, of: &Of<'_>, arn: &str) -> Event {
    let record = json!({
        "requestId": of.request_id,
        "version": "$LATEST",
        "functionArn": arn,
        "tracing": of.tracing(),
    });
    platform("start", at, record)
}

/// `platform.runtimeDone`; without an answer there are no spans and `metrics` counts no bytes.
pub(crate) fn runtime_done(
    at: i64,
    of: &Of<'_>,
    ended: (Status, Option<&str>),
    duration: Duration,
    answered: Option<&Answered>,
) -> Event {
    let mut record = json!({
        "requestId": of.request_id,
        "status": ended.0.as_str(),
        "tracing": of.tracing(),
        "spans": answered.map(spans).unwrap_or_default(),
        "metrics": {
            "durationMs": milliseconds(duration),
            "producedBytes": answered.map_or(0, |answered| answered.bytes),
        },
    });
    add_error(&mut record, ended.1);
    platform("runtimeDone", at, record)
}

/// `platform.report`.
pub(crate) fn report(
    at: i64,
    of: &Of<'_>,
    ended: (Status, Option<&str>),
    measured: &Measured,
) -> Event {
    let mut metrics = json!({
        "durationMs": milliseconds(measured.duration),
        "billedDurationMs": measured.billed_ms(),
        "memorySizeMB": measured.memory_mb,
        "maxMemoryUsedMB": measured.used_mb,
    });
    if let Some(init) = measured.init {
        metrics["initDurationMs"] = json!(milliseconds(init));
    }
    if let Some(restore) = measured.restore {
        metrics["restoreDurationMs"] = json!(milliseconds(restore));
    }
    let mut record = json!({
        "requestId": of.request_id,
        "status": ended.0.as_str(),
        "metrics": metrics,
        "tracing": of.tracing(),
    });
    add_error(&mut record, ended.1);
    platform("report", at, record)
}

/// `platform.report` of a managed instance, which bills by the instance: there is no
/// billed duration and no memory of one invocation.
pub(crate) fn managed_report(
    at: i64,
    of: &Of<'_>,
    ended: (Status, Option<&str>),
    duration: Duration,
) -> Event {
    let mut record = json!({
        "requestId": of.request_id,
        "status": ended.0.as_str(),
        "metrics": {"durationMs": milliseconds(duration)},
        "tracing": of.tracing(),
    });
    add_error(&mut record, ended.1);
    platform("report", at, record)
}

/// `platform.logsDropped`.
pub(crate) fn logs_dropped(at: i64, records: u64, bytes: u64) -> Event {
    let reason = "Consumer seems to have fallen behind as it has not acknowledged receipt of logs.";
    let record = json!({"reason": reason, "droppedRecords": records, "droppedBytes": bytes});
    platform("logsDropped", at, record)
}

/// A line of the function or of the extension.
pub(crate) fn line(at: i64, kind: Kind, line: &str) -> Event {
    let json = json!({"time": rfc3339(at), "type": kind.as_str(), "record": line}).to_string();
    Event { kind, json }
}

fn spans(answered: &Answered) -> Vec<Value> {
    let began = answered.start.ms + answered.latency.as_millis() as i64;
    vec![
        json!({
            "name": "responseLatency",
            "start": answered.start.rfc3339(),
            "durationMs": milliseconds(answered.latency),
        }),
        json!({
            "name": "responseDuration",
            "start": rfc3339(began),
            "durationMs": milliseconds(answered.transfer),
        }),
    ]
}

fn add_error(record: &mut Value, error: Option<&str>) {
    if let Some(error) = error {
        record["errorType"] = json!(error);
    }
}

fn platform(name: &str, at: i64, record: Value) -> Event {
    let kind = format!("platform.{name}");
    let json = json!({"time": rfc3339(at), "type": kind, "record": record}).to_string();
    Event {
        kind: Kind::Platform,
        json,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    const AT: i64 = 1_795_404_660_755;

    fn check(event: &Event, kind: &str, expect: Value) {
        let json: Value = serde_json::from_str(&event.json).expect("an event is JSON");
        assert_eq!(json["type"], kind);
        assert_eq!(json["time"], "2026-11-23T03:31:00.755Z");
        assert_eq!(json["record"], expect);
    }

    #[test]
    fn events_have_the_shape_that_lambda_gives_them() {
        let of = Of {
            request_id: "r",
            trace: "Root=x",
            span: "53995c3f42cd8ad8",
        };
        let tracing =
            json!({"spanId": "53995c3f42cd8ad8", "type": "X-Amzn-Trace-Id", "value": "Root=x"});
        check(
            &start(AT, &of, "arn"),
            "platform.start",
            json!({"requestId": "r", "version": "$LATEST", "functionArn": "arn",
                "tracing": tracing}),
        );
        let answered = Answered {
            start: Moment {
                ms: AT,
                instant: Instant::now(),
            },
            latency: Duration::from_micros(11_759),
            transfer: Duration::from_micros(26),
            bytes: 7,
        };
        let done = Duration::from_micros(11_922);
        check(
            &runtime_done(AT, &of, (Status::Success, None), done, Some(&answered)),
            "platform.runtimeDone",
            json!({"requestId": "r", "status": "success", "tracing": tracing,
                "metrics": {"durationMs": 11.922, "producedBytes": 7},
                "spans": [
                    {"name": "responseLatency", "start": "2026-11-23T03:31:00.755Z",
                        "durationMs": 11.759},
                    {"name": "responseDuration", "start": "2026-11-23T03:31:00.766Z",
                        "durationMs": 0.026}]}),
        );
    }

    #[test]
    fn a_report_counts_the_initialization_into_what_is_billed() {
        let of = Of {
            request_id: "r",
            trace: "Root=x",
            span: "53995c3f42cd8ad8",
        };
        let tracing =
            json!({"spanId": "53995c3f42cd8ad8", "type": "X-Amzn-Trace-Id", "value": "Root=x"});
        let done = Duration::from_micros(11_922);
        let init = Some(Duration::from_micros(500));
        let measured = Measured {
            duration: done,
            memory_mb: 128,
            used_mb: 9,
            init,
            restore: None,
        };
        check(
            &report(
                AT,
                &of,
                (Status::Error, Some("Runtime.ExitError")),
                &measured,
            ),
            "platform.report",
            json!({"requestId": "r", "status": "error", "tracing": tracing,
                "errorType": "Runtime.ExitError",
                "metrics": {"durationMs": 11.922, "billedDurationMs": 13, "memorySizeMB": 128,
                    "maxMemoryUsedMB": 9, "initDurationMs": 0.5}}),
        );
    }

    #[test]
    fn lines_and_subscriptions_are_events_too() {
        check(
            &subscribed(AT, "probe", &[Kind::Platform, Kind::Extension]),
            "platform.telemetrySubscription",
            json!({"name": "probe", "state": "Subscribed", "types": ["platform", "extension"]}),
        );
        check(
            &line(AT, Kind::Function, "a \"b\""),
            "function",
            json!("a \"b\""),
        );
    }
}
