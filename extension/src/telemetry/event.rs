//! Telemetry records, read leniently: one that is unknown or broken costs itself,
//! never the batch that it came in.
//!
//! Shapes after AWS's "Lambda Telemetry API Event schema reference", schema
//! 2025-01-29. A member that is missing or of another type is as good as absent.

use serde_json::Value;

use super::{records::records, time::epoch_ms};

/// One record that the extension acts on.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When it happened, milliseconds since the epoch; none when it does not say.
    pub at_ms: Option<i64>,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// `platform.initReport`: the environment was initialized.
    InitReport {
        /// Why it was.
        initialization: Initialization,
        /// How long it took.
        duration_ms: Option<f64>,
    },
    /// `platform.restoreReport`: the environment was restored from a snapshot.
    RestoreReport {
        /// How long it took.
        duration_ms: Option<f64>,
    },
    /// `platform.start`: an invocation has begun.
    Start {
        /// Its request id.
        request_id: String,
    },
    /// `platform.runtimeDone`: the runtime has finished an invocation, well or not.
    RuntimeDone {
        /// The invocation.
        ended: Ended,
        /// How long the runtime took.
        duration_ms: Option<f64>,
    },
    /// `platform.report`: the invocation is over, extensions included.
    Report {
        /// The invocation.
        ended: Ended,
        /// What it took.
        metrics: Metrics,
    },
    /// `platform.logsDropped`: Lambda could not deliver some records.
    LogsDropped {
        /// How many.
        records: u64,
    },
}

/// Why an environment was initialized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Initialization {
    /// An invocation waited for it.
    OnDemand,
    /// Ahead of any invocation: provisioned concurrency, a snapshot being made,
    /// Managed Instances, or a kind that is not known.
    Ahead,
}

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its request id.
    pub request_id: String,
    /// Well or not.
    pub status: Status,
    /// Lambda's name for the error, as `Runtime.ExitError`.
    pub error_type: Option<String>,
}

/// Whether something went well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It did, or nothing was said to the contrary.
    Success,
    /// `error` or `failure`: an error was answered, or the runtime ended.
    Failure,
    /// Its time ran out.
    Timeout,
}

/// What a report counts. Managed Instances report the first alone.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Metrics {
    /// Milliseconds from start to end.
    pub duration_ms: Option<f64>,
    /// Milliseconds that are billed.
    pub billed_ms: Option<f64>,
    /// Megabytes that the function has.
    pub memory_size_mb: Option<f64>,
    /// Megabytes that it used at most, since the environment came up.
    pub memory_used_mb: Option<f64>,
}

/// One delivery.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parsed {
    /// The events, in their order.
    pub events: Vec<Event>,
    /// Records of kinds that nothing here acts on.
    pub other: u64,
    /// Records, or whole bodies, that cannot be read.
    pub malformed: u64,
}

/// Reads the body of one delivery.
#[must_use]
pub fn parse(body: &[u8]) -> Parsed {
    let mut parsed = Parsed::default();
    for record in records(body) {
        let record = record.and_then(|record| serde_json::from_slice(record).ok());
        match record.and_then(|record| read(&record)) {
            Some(Some(event)) => parsed.events.push(event),
            Some(None) => parsed.other = parsed.other.saturating_add(1),
            None => parsed.malformed = parsed.malformed.saturating_add(1),
        }
    }
    parsed
}

/// None: broken; Some(None): nothing that is acted on.
fn read(record: &Value) -> Option<Option<Event>> {
    let kind = record.get("type")?.as_str()?;
    let content = record.get("record");
    let what = match kind {
        "platform.initReport" => What::InitReport {
            initialization: initialization(content?),
            duration_ms: duration(content?),
        },
        "platform.restoreReport" => What::RestoreReport {
            duration_ms: duration(content?),
        },
        "platform.start" => What::Start {
            request_id: request_id(content?)?,
        },
        "platform.runtimeDone" => What::RuntimeDone {
            ended: ended(content?)?,
            duration_ms: duration(content?),
        },
        "platform.report" => What::Report {
            ended: ended(content?)?,
            metrics: metrics(content?),
        },
        "platform.logsDropped" => What::LogsDropped {
            records: content?.get("droppedRecords")?.as_u64()?,
        },
        _ => return Some(None),
    };
    let time = record.get("time").and_then(Value::as_str);
    Some(Some(Event {
        at_ms: time.and_then(epoch_ms),
        what,
    }))
}

fn request_id(content: &Value) -> Option<String> {
    Some(content.get("requestId")?.as_str()?.to_owned())
}

fn ended(content: &Value) -> Option<Ended> {
    let text = |name| content.get(name).and_then(Value::as_str);
    Some(Ended {
        request_id: request_id(content)?,
        status: match text("status") {
            Some("error" | "failure") => Status::Failure,
            Some("timeout") => Status::Timeout,
            _ => Status::Success,
        },
        error_type: text("errorType").map(ToOwned::to_owned),
    })
}

fn initialization(content: &Value) -> Initialization {
    match content.get("initializationType").and_then(Value::as_str) {
        Some("on-demand") => Initialization::OnDemand,
        _ => Initialization::Ahead,
    }
}

fn metrics(content: &Value) -> Metrics {
    Metrics {
        duration_ms: metric(content, "durationMs"),
        billed_ms: metric(content, "billedDurationMs"),
        memory_size_mb: metric(content, "memorySizeMB"),
        memory_used_mb: metric(content, "maxMemoryUsedMB"),
    }
}

fn duration(content: &Value) -> Option<f64> {
    metric(content, "durationMs")
}

/// `metrics` may be null, and a number that is negative is none.
fn metric(content: &Value, name: &str) -> Option<f64> {
    let number = content.get("metrics")?.get(name)?.as_f64()?;
    (number >= 0.0).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, events: &[What], other: u64, malformed: u64) {
        let parsed = parse(body.as_bytes());
        let whats: Vec<_> = parsed.events.into_iter().map(|event| event.what).collect();
        assert_eq!(
            (whats.as_slice(), parsed.other, parsed.malformed),
            (events, other, malformed),
            "{body}"
        );
    }

    fn ended(id: &str, status: Status) -> Ended {
        Ended {
            request_id: id.into(),
            status,
            error_type: None,
        }
    }

    fn done(id: &str, status: Status) -> What {
        What::RuntimeDone {
            ended: ended(id, status),
            duration_ms: None,
        }
    }

    #[test]
    fn records_are_read_one_by_one() {
        check("[]", &[], 0, 0);
        check("", &[], 0, 1);
        check("{}", &[], 0, 1);
        check(
            r#"[{"time":"2026-11-23T03:31:00.767Z","type":"platform.runtimeDone","record":{"requestId":"a","status":"success","metrics":null}},
               {"type":"function","record":"text"}, 7, {"type":"platform.runtimeDone","record":"odd"},
               {"type":"platform.invented","record":{"x":[1]}},
               {"type":"platform.logsDropped","record":{"reason":"x","droppedRecords":3,"droppedBytes":9}},
               {"type":"platform.runtimeDone","record":{"requestId":"b","status":"timeout"}}]"#,
            &[
                done("a", Status::Success),
                What::LogsDropped { records: 3 },
                done("b", Status::Timeout),
            ],
            2,
            2,
        );
    }

    #[test]
    fn a_record_that_is_no_json_costs_itself_alone() {
        check(
            r#"[{"type":"platform.start","record":{"requestId":"a"}},{"type":NaN,"x":"]}"},{"type":"platform.start","record":{"requestId":"b"}}]"#,
            &[
                What::Start {
                    request_id: "a".into(),
                },
                What::Start {
                    request_id: "b".into(),
                },
            ],
            0,
            1,
        );
        // Cut off: what came whole is read.
        check(
            r#"[{"type":"platform.start","record":{"requestId":"a"}},{"type":"platform.st"#,
            &[What::Start {
                request_id: "a".into(),
            }],
            0,
            1,
        );
        let deep = format!("[{}{}]", "[".repeat(100_000), "]".repeat(100_000));
        check(&deep, &[], 0, 1);
    }

    #[test]
    fn a_report_tells_what_the_invocation_took() {
        check(
            r#"[{"type":"platform.report","record":{"requestId":"a","status":"error","errorType":"Runtime.ExitError",
                "metrics":{"durationMs":11.9,"billedDurationMs":13,"memorySizeMB":128,"maxMemoryUsedMB":-1,"initDurationMs":0.5}}},
                {"type":"platform.initReport","record":{"initializationType":"on-demand","metrics":{"durationMs":66.9}}},
                {"type":"platform.initReport","record":{"initializationType":"lambda-managed-instances","metrics":{}}},
                {"type":"platform.restoreReport","record":{"status":"success","metrics":{"durationMs":200}}}]"#,
            &[
                What::Report {
                    ended: Ended {
                        error_type: Some("Runtime.ExitError".into()),
                        ..ended("a", Status::Failure)
                    },
                    metrics: Metrics {
                        duration_ms: Some(11.9),
                        billed_ms: Some(13.0),
                        memory_size_mb: Some(128.0),
                        memory_used_mb: None,
                    },
                },
                What::InitReport {
                    initialization: Initialization::OnDemand,
                    duration_ms: Some(66.9),
                },
                What::InitReport {
                    initialization: Initialization::Ahead,
                    duration_ms: None,
                },
                What::RestoreReport {
                    duration_ms: Some(200.0),
                },
            ],
            0,
            0,
        );
    }

    /// As AWS's Runtime Interface Emulator delivers them in Managed-Instances mode.
    #[test]
    fn deliveries_of_the_emulator_are_understood() {
        let body = r#"[{"time": "2026-11-23T03:31:00.755Z", "type": "platform.start", "record": {"requestId": "78b1", "version": "$LATEST", "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:fn", "tracing": {"type": "X-Amzn-Trace-Id", "value": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"}}},
               {"time": "2026-11-23T03:31:00.767Z", "type": "platform.report", "record": {"requestId": "78b1", "status": "success", "metrics": {"durationMs": 11.922}, "spans": [{"name": "responseLatency", "start": "2026-11-23T03:31:00.755Z", "durationMs": 11.759}]}}]"#;
        check(
            body,
            &[
                What::Start {
                    request_id: "78b1".into(),
                },
                What::Report {
                    ended: ended("78b1", Status::Success),
                    metrics: Metrics {
                        duration_ms: Some(11.922),
                        ..Metrics::default()
                    },
                },
            ],
            0,
            0,
        );
        let times: Vec<_> = parse(body.as_bytes())
            .events
            .iter()
            .map(|event| event.at_ms)
            .collect();
        assert_eq!(times, [Some(1_795_404_660_755), Some(1_795_404_660_767)]);
    }
}
