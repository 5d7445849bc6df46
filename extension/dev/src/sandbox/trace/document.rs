//! The segment documents that Lambda itself writes for a sampled invocation.
//!
//! Two segments: the service's (`AWS::Lambda`), and below it the function's
//! (`AWS::Lambda::Function`), the facade under which a handler's subsegments hang. The facade
//! has the subsegments Initialization (on a cold start), Invocation and Overhead.

use serde_json::{Map, Value, json};

use super::header::{Incoming, Tracing};

/// Most links on one segment.
const MAX_LINKS: usize = 100;

/// How an invocation ended, in X-Ray's terms.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ending {
    /// The handler answered.
    Answered,
    /// The function failed: the cause as an X-Ray document.
    Fault(Value),
}

/// What both documents of an invocation say about it.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    /// Function name.
    pub(crate) name: String,
    /// Unqualified ARN.
    pub(crate) arn: String,
    /// Twelve digits.
    pub(crate) account_id: String,
    /// Lambda's request id.
    pub(crate) request_id: String,
    /// Whether this invocation started the environment.
    pub(crate) cold: bool,
    /// What the caller was answered: 200 (synchronous) or 202.
    pub(crate) status: u16,
    /// Links to the traces whose messages the payload carries.
    pub(crate) links: Vec<Value>,
}

/// A span of time in float seconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Span {
    /// Start.
    pub(crate) start: f64,
    /// End.
    pub(crate) end: f64,
}

/// When things happened, in float seconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Times {
    /// The call came in.
    pub(crate) received: f64,
    /// Initialization, on a cold start.
    pub(crate) init: Option<Span>,
    /// The event went to the runtime, and the runtime was done; missing when it never got it.
    pub(crate) invocation: Option<Span>,
    /// The environment was free again.
    pub(crate) end: f64,
}

/// The two documents of an invocation that has begun: in progress.
pub(crate) fn begun(tracing: &Tracing, subject: &Subject, times: &Times) -> [Value; 2] {
    let mut service = service_segment(tracing, subject, times);
    let mut function = function_segment(tracing, subject, times);
    service.insert("in_progress".to_owned(), json!(true));
    function.insert("in_progress".to_owned(), json!(true));
    [service.into(), function.into()]
}

/// The two documents of an invocation that has ended; they complete the ones begun.
pub(crate) fn ended(
    tracing: &Tracing,
    subject: &Subject,
    times: &Times,
    ending: &Ending,
) -> [Value; 2] {
    let mut service = service_segment(tracing, subject, times);
    service.insert("end_time".to_owned(), json!(times.end));
    service.insert(
        "http".to_owned(),
        json!({"response": {"status": subject.status}}),
    );
    let mut function = function_segment(tracing, subject, times);
    function.insert("end_time".to_owned(), json!(times.end));
    function.insert(
        "subsegments".to_owned(),
        subsegments(subject, times, ending),
    );
    if let Ending::Fault(cause) = ending {
        service.insert("fault".to_owned(), json!(true));
        function.insert("fault".to_owned(), json!(true));
        function.insert("cause".to_owned(), cause.clone());
    }
    [service.into(), function.into()]
}

/// The service segment of a call that was turned away at the concurrency limit.
pub(crate) fn throttled(tracing: &Tracing, subject: &Subject, times: &Times) -> Value {
    let mut service = service_segment(tracing, subject, times);
    service.insert("end_time".to_owned(), json!(times.end));
    service.insert("http".to_owned(), json!({"response": {"status": 429}}));
    service.insert("throttle".to_owned(), json!(true));
    service.insert("error".to_owned(), json!(true));
    service.into()
}

/// A cause of one exception that has no stack.
pub(crate) fn cause(kind: &str, message: &str) -> Value {
    let id = super::header::new_segment_id();
    json!({
        "working_directory": "/var/task",
        "exceptions": [{"id": id, "type": kind, "message": message, "remote": false}],
    })
}

/// Links to the traces named by the SQS records of a payload, each once.
pub(crate) fn links(payload: &Value) -> Vec<Value> {
    let records = payload["Records"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mut links: Vec<Value> = Vec::new();
    for record in records {
        if record["eventSource"] != "aws:sqs" {
            continue;
        }
        let header = record["attributes"]["AWSTraceHeader"].as_str();
        let Some(incoming) = header.and_then(Incoming::parse) else {
            continue;
        };
        let Some(parent) = incoming.parent else {
            continue;
        };
        let link = json!({"trace_id": incoming.root, "id": parent, "attributes": {}});
        if links.len() < MAX_LINKS && !links.contains(&link) {
            links.push(link);
        }
    }
    links
}

fn service_segment(tracing: &Tracing, subject: &Subject, times: &Times) -> Map<String, Value> {
    let mut segment = Map::new();
    segment.insert("name".to_owned(), json!(subject.name));
    segment.insert("id".to_owned(), json!(tracing.service_id));
    segment.insert("trace_id".to_owned(), json!(tracing.trace_id));
    if let Some(parent) = &tracing.parent {
        segment.insert("parent_id".to_owned(), json!(parent));
    }
    segment.insert("start_time".to_owned(), json!(times.received));
    segment.insert("origin".to_owned(), json!("AWS::Lambda"));
    segment.insert("resource_arn".to_owned(), json!(subject.arn));
    segment.insert("aws".to_owned(), aws(subject));
    segment
}

fn function_segment(tracing: &Tracing, subject: &Subject, times: &Times) -> Map<String, Value> {
    let first = [times.init, times.invocation]
        .into_iter()
        .flatten()
        .map(|span| span.start)
        .next();
    let mut segment = Map::new();
    segment.insert("name".to_owned(), json!(subject.name));
    segment.insert("id".to_owned(), json!(tracing.function_id));
    segment.insert("trace_id".to_owned(), json!(tracing.trace_id));
    segment.insert("parent_id".to_owned(), json!(tracing.service_id));
    segment.insert(
        "start_time".to_owned(),
        json!(first.unwrap_or(times.received)),
    );
    segment.insert("origin".to_owned(), json!("AWS::Lambda::Function"));
    segment.insert("resource_arn".to_owned(), json!(subject.arn));
    segment.insert("aws".to_owned(), aws(subject));
    if !subject.links.is_empty() {
        segment.insert("links".to_owned(), json!(subject.links));
    }
    segment
}

fn aws(subject: &Subject) -> Value {
    json!({
        "account_id": subject.account_id,
        "function_arn": subject.arn,
        "resource_names": [subject.name],
        "request_id": subject.request_id,
        "cold_start": subject.cold,
    })
}

fn subsegments(subject: &Subject, times: &Times, ending: &Ending) -> Value {
    let draw = |name: &str, span: Span| {
        json!({
            "id": super::header::new_segment_id(),
            "name": name,
            "start_time": span.start,
            "end_time": span.end,
            "aws": {"function_arn": subject.arn},
        })
    };
    let mut drawn = Vec::new();
    if let Some(init) = times.init {
        drawn.push(draw("Initialization", init));
    }
    if let Some(invocation) = times.invocation {
        drawn.push(draw("Invocation", invocation));
        drawn.push(draw(
            "Overhead",
            Span {
                start: invocation.end,
                end: times.end,
            },
        ));
    }
    // The step that failed: the invocation, or the initialization when there was none.
    let failed = if times.invocation.is_some() {
        drawn.len().checked_sub(2)
    } else {
        Some(0)
    };
    if let (Ending::Fault(_), Some(step)) = (ending, failed.and_then(|at| drawn.get_mut(at))) {
        step["fault"] = json!(true);
    }
    drawn.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "1-5759e988-bd862e3fe1be46a994272793";

    fn tracing() -> Tracing {
        let header = format!("Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1");
        Tracing::decide(Some(&header), 0.0, 0)
    }

    fn subject(cold: bool) -> Subject {
        Subject {
            name: "upload".to_owned(),
            arn: "arn:aws:lambda:us-east-1:000000000000:function:upload".to_owned(),
            account_id: "000000000000".to_owned(),
            request_id: "r-1".to_owned(),
            cold,
            status: 200,
            links: Vec::new(),
        }
    }

    fn times(init: Option<Span>) -> Times {
        let invocation = Some(Span {
            start: 10.5,
            end: 11.0,
        });
        Times {
            received: 10.0,
            init,
            invocation,
            end: 11.25,
        }
    }

    fn names(document: &Value) -> Vec<&str> {
        let drawn = document["subsegments"].as_array().expect("subsegments");
        drawn
            .iter()
            .map(|s| s["name"].as_str().expect("a name"))
            .collect()
    }

    #[test]
    fn the_function_segment_hangs_under_the_service_segment_under_the_caller() {
        let tracing = tracing();
        let [service, function] = begun(&tracing, &subject(false), &times(None));
        assert_eq!(service["parent_id"], "53995c3f42cd8ad8");
        assert_eq!(service["origin"], "AWS::Lambda");
        assert_eq!(function["parent_id"], service["id"]);
        assert_eq!(function["id"], tracing.function_id.as_str());
        assert_eq!(function["origin"], "AWS::Lambda::Function");
        assert_eq!(function["aws"]["request_id"], "r-1");
        for document in [service, function] {
            assert_eq!(document["in_progress"], true);
            assert!(document.get("end_time").is_none());
        }
    }

    #[test]
    fn a_complete_segment_has_the_same_id_and_draws_what_lambda_did() {
        let tracing = tracing();
        let warm = ended(&tracing, &subject(false), &times(None), &Ending::Answered);
        assert_eq!(names(&warm[1]), ["Invocation", "Overhead"]);
        assert_eq!(warm[1]["start_time"], 10.5);
        assert_eq!(warm[0]["http"]["response"]["status"], 200);
        assert!(warm[1].get("in_progress").is_none() && warm[1].get("fault").is_none());

        let init = Some(Span {
            start: 10.1,
            end: 10.4,
        });
        let cold = ended(&tracing, &subject(true), &times(init), &Ending::Answered);
        assert_eq!(
            names(&cold[1]),
            ["Initialization", "Invocation", "Overhead"]
        );
        assert_eq!(
            (&cold[1]["start_time"], &cold[1]["id"]),
            (&json!(10.1), &warm[1]["id"])
        );
        assert_eq!(cold[1]["aws"]["cold_start"], true);
    }

    #[test]
    fn a_failure_marks_both_segments_and_the_step_that_failed() {
        let fault = Ending::Fault(cause("Runtime.ExitError", "signal: killed"));
        let [service, function] = ended(&tracing(), &subject(false), &times(None), &fault);
        assert_eq!(
            (&service["fault"], &function["fault"]),
            (&json!(true), &json!(true))
        );
        assert_eq!(function["subsegments"][0]["fault"], true);
        assert_eq!(
            function["cause"]["exceptions"][0]["type"],
            "Runtime.ExitError"
        );

        let init = Some(Span {
            start: 10.1,
            end: 10.4,
        });
        let failed = Times {
            invocation: None,
            ..times(init)
        };
        let [_, function] = ended(&tracing(), &subject(true), &failed, &fault);
        assert_eq!(names(&function), ["Initialization"]);
        assert_eq!(function["subsegments"][0]["fault"], true);
    }

    #[test]
    fn queue_messages_become_links_once_each() {
        let record = |header: &str| json!({"eventSource": "aws:sqs", "attributes": {"AWSTraceHeader": header}});
        let header = format!("Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1");
        let payload = json!({"Records": [
            record(&header), record(&header), record("junk"), record(&format!("Root={ROOT}")),
            {"eventSource": "aws:s3"},
        ]});
        let expect = json!([{"trace_id": ROOT, "id": "53995c3f42cd8ad8", "attributes": {}}]);
        assert_eq!(json!(links(&payload)), expect);
        assert!(links(&json!({"Records": 5})).is_empty());
        assert!(links(&json!("text")).is_empty());
    }
}
