//! The Lambda API for callers: Invoke and ListFunctions, with AWS's names, limits and errors.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::call_error::CallError;
use super::environment::{Answer, Job, Verdict};
use super::moment::Moment;
use super::pool::{Place, Pool};
use super::reference::Reference;
use super::trace::document::{self, Subject, Times};
use super::trace::header::Tracing;
use super::{Sandbox, ledger};
use crate::account::Change;

/// Largest payload of a synchronous call.
const MAX_SYNC: usize = 6 * 1024 * 1024;
/// Largest payload of an asynchronous call.
const MAX_ASYNC: usize = 1024 * 1024;
/// Pauses before the second and third attempt at an asynchronous call, as Lambda makes them.
const PAUSES: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(120)];
/// Asynchronous calls that may wait at one time.
pub(super) const MAX_WAITING: usize = 1000;

/// How a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// The caller waits for the result.
    Sync,
    /// The caller goes on.
    Async,
    /// Nothing is called.
    DryRun,
}

impl Mode {
    fn parse(header: Option<&str>) -> Result<Mode, CallError> {
        match header {
            None | Some("RequestResponse") => Ok(Mode::Sync),
            Some("Event") => Ok(Mode::Async),
            Some("DryRun") => Ok(Mode::DryRun),
            Some(other) => Err(CallError::parameter(format!(
                "InvocationType {other:?} is not RequestResponse, Event or DryRun"
            ))),
        }
    }

    fn limit(self) -> usize {
        if self == Mode::Async {
            MAX_ASYNC
        } else {
            MAX_SYNC
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Mode::Sync => StatusCode::OK,
            Mode::Async => StatusCode::ACCEPTED,
            Mode::DryRun => StatusCode::NO_CONTENT,
        }
    }
}

/// What a caller sent, checked.
#[derive(Debug)]
struct Call {
    pool: Arc<Pool>,
    mode: Mode,
    wants_tail: bool,
    client_context: Option<String>,
    payload: Bytes,
    links: Vec<Value>,
    tracing: Tracing,
    received: Moment,
    request_id: String,
}

/// The routes, with the sandbox they act on.
pub(super) fn router(sandbox: Arc<Sandbox>) -> Router {
    Router::new()
        .route("/2015-03-31/functions/{name}/invocations", post(invoke))
        .route("/2015-03-31/functions", get(list))
        .route("/2015-03-31/functions/", get(list))
        .with_state(sandbox)
}

async fn list(State(sandbox): State<Arc<Sandbox>>) -> Response {
    let functions: Vec<Value> = sandbox
        .pools
        .values()
        .map(|pool| configuration(pool))
        .collect();
    let body = json!({"Functions": functions}).to_string();
    ([("content-type", "application/json")], body).into_response()
}

fn configuration(pool: &Pool) -> Value {
    let setting = pool.setting();
    let spec = &setting.spec;
    json!({
        "FunctionName": spec.name,
        "FunctionArn": setting.arn,
        "Runtime": "provided.al2023",
        "Handler": spec.handler,
        "Timeout": spec.timeout.as_secs_f64().ceil() as u64,
        "MemorySize": spec.memory_mb,
        "Version": "$LATEST",
        "PackageType": "Zip",
        "State": "Active",
        "Environment": {"Variables": spec.environment},
        "TracingConfig": {"Mode": "Active"},
    })
}

async fn invoke(
    State(sandbox): State<Arc<Sandbox>>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    let call = match read(&sandbox, &name, request).await {
        Ok(call) => call,
        Err(error) => return error.into_response(),
    };
    let (request_id, trace) = (call.request_id.clone(), call.tracing.header());
    let mut response = match call.mode {
        Mode::DryRun => call.mode.status().into_response(),
        Mode::Async => asynchronous(&sandbox, call),
        Mode::Sync => synchronous(&sandbox, call).await,
    };
    let headers = response.headers_mut();
    for (name, value) in [("x-amzn-requestid", request_id), ("x-amzn-trace-id", trace)] {
        if let Ok(value) = value.parse() {
            headers.insert(name, value);
        }
    }
    response
}

/// Checks a call, in the order in which Lambda does.
async fn read(sandbox: &Sandbox, name: &str, request: Request) -> Result<Call, CallError> {
    let received = Moment::now(&*sandbox.account.clock);
    let qualifier = request.uri().query().and_then(|query| {
        query
            .split('&')
            .find_map(|pair| pair.strip_prefix("Qualifier="))
            .map(str::to_owned)
    });
    let pool = find(sandbox, name, qualifier.as_deref())?;
    let (parts, body) = request.into_parts();
    let headers = parts.headers;
    let mode = Mode::parse(text(&headers, "x-amz-invocation-type"))?;
    let limit = mode.limit();
    let payload = to_bytes(body, limit).await.map_err(|_| {
        let message =
            format!("Request must be smaller than {limit} bytes for the Invoke operation");
        CallError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestTooLargeException",
            message,
        )
    })?;
    // An empty payload is an empty event, as at Lambda.
    let payload = if payload.is_empty() {
        Bytes::from_static(b"{}")
    } else {
        payload
    };
    let event: Value = serde_json::from_slice(&payload).map_err(|error| {
        let message = format!("Could not parse request body into json: {error}");
        CallError::new(
            StatusCode::BAD_REQUEST,
            "InvalidRequestContentException",
            message,
        )
    })?;
    let tracing = Tracing::decide(
        text(&headers, "x-amzn-trace-id"),
        sandbox.sample,
        received.ms,
    );
    Ok(Call {
        pool,
        mode,
        wants_tail: wants_tail(mode, text(&headers, "x-amz-log-type"))?,
        client_context: client_context(text(&headers, "x-amz-client-context"))?,
        links: document::links(&event),
        payload,
        tracing,
        received,
        request_id: Uuid::new_v4().to_string(),
    })
}

fn find(sandbox: &Sandbox, name: &str, qualifier: Option<&str>) -> Result<Arc<Pool>, CallError> {
    let reference = Reference::parse(name).map_err(|e| CallError::parameter(e.to_string()))?;
    let missing = |what: String| {
        let known: Vec<&str> = sandbox.pools.keys().map(String::as_str).collect();
        let known = if known.is_empty() {
            "none".to_owned()
        } else {
            known.join(", ")
        };
        let message = format!("Function not found: {what} (functions here: {known})");
        CallError::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
    };
    let arn = super::arn(&sandbox.account, &reference.name);
    let pool = sandbox
        .pools
        .get(&reference.name)
        .ok_or_else(|| missing(arn.clone()))?;
    match qualifier.or(reference.qualifier.as_deref()) {
        None | Some("$LATEST" | "%24LATEST") => Ok(Arc::clone(pool)),
        Some(other) => Err(missing(format!("{arn}:{other}"))),
    }
}

fn wants_tail(mode: Mode, header: Option<&str>) -> Result<bool, CallError> {
    match header {
        None | Some("None") => Ok(false),
        Some("Tail") => Ok(mode == Mode::Sync),
        Some(other) => Err(CallError::parameter(format!(
            "LogType {other:?} is not None or Tail"
        ))),
    }
}

fn client_context(header: Option<&str>) -> Result<Option<String>, CallError> {
    let Some(header) = header else {
        return Ok(None);
    };
    let kind = "InvalidRequestContentException";
    let wrong = || {
        let message = "Client context must be a valid Base64-encoded JSON object.".to_owned();
        CallError::new(StatusCode::BAD_REQUEST, kind, message)
    };
    let bytes = STANDARD.decode(header).map_err(|_| wrong())?;
    let context: Value = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
    if !context.is_object() {
        return Err(wrong());
    }
    // Compact and ASCII, since it becomes a header again.
    Ok(Some(context.to_string()).filter(|context| context.is_ascii()))
}

async fn synchronous(sandbox: &Sandbox, call: Call) -> Response {
    let Some(place) = call.pool.try_place().await else {
        throttle(&call);
        return CallError::too_many().into_response();
    };
    match attempt(sandbox, &call, place).await {
        Some(answer) => answered(answer),
        None => {
            let message = "The sandbox has ended.".to_owned();
            CallError::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "ServiceException",
                message,
            )
            .into_response()
        }
    }
}

/// Runs in a task of its own, which waits for a place and repeats what fails.
fn asynchronous(sandbox: &Arc<Sandbox>, call: Call) -> Response {
    let Ok(waiting) = Arc::clone(&sandbox.waiting).try_acquire_owned() else {
        throttle(&call);
        return CallError::too_many().into_response();
    };
    let status = call.mode.status();
    let theirs = Arc::downgrade(sandbox);
    sandbox.spawn(async move {
        let _waiting = waiting;
        for pause in PAUSES.into_iter().map(Some).chain([None]) {
            let Some(place) = call.pool.place().await else {
                return;
            };
            let answer = {
                let Some(sandbox) = theirs.upgrade() else {
                    return;
                };
                start(&sandbox, &call, place).await
            };
            match (answer.await, pause) {
                (Ok(answer), Some(pause)) if answer.failed => tokio::time::sleep(pause).await,
                _ => return,
            }
        }
    });
    status.into_response()
}

async fn attempt(sandbox: &Sandbox, call: &Call, place: Place) -> Option<Answer> {
    start(sandbox, call, place).await.await.ok()
}

/// Hands the call to an environment; the receiver gets its answer.
async fn start(sandbox: &Sandbox, call: &Call, place: Place) -> oneshot::Receiver<Answer> {
    let (caller, answer) = oneshot::channel();
    let job = Job {
        request_id: call.request_id.clone(),
        payload: call.payload.clone(),
        tracing: call.tracing.clone(),
        client_context: call.client_context.clone(),
        received: call.received,
        status: call.mode.status().as_u16(),
        links: call.links.clone(),
        wants_tail: call.wants_tail,
        concurrent: call.pool.busy(),
        caller: Some(caller),
        place: Some(place),
        verdict: Verdict::Open,
    };
    call.pool.run(job, |task| sandbox.spawn(task)).await;
    answer
}

fn answered(answer: Answer) -> Response {
    let mut response = (StatusCode::OK, answer.body).into_response();
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = value.parse() {
            headers.insert(name, value);
        }
    };
    set("content-type", "application/json");
    set("x-amz-executed-version", "$LATEST");
    if answer.failed {
        set("x-amz-function-error", "Unhandled");
    }
    if let Some(tail) = answer.tail {
        set("x-amz-log-result", &STANDARD.encode(tail));
    }
    response
}

/// What a call leaves that was turned away.
fn throttle(call: &Call) {
    let setting = call.pool.setting();
    ledger::throttled(setting, call.received.ms);
    setting.account.changed(Change::Invocation);
    if !call.tracing.sampled {
        return;
    }
    let subject = Subject {
        name: setting.spec.name.clone(),
        arn: setting.arn.clone(),
        account_id: setting.account.account_id.clone(),
        request_id: call.request_id.clone(),
        cold: false,
        status: 429,
        links: Vec::new(),
    };
    let received = call.received.seconds();
    let end = call.received.seconds_after(call.received.instant.elapsed());
    let times = Times {
        received,
        init: None,
        invocation: None,
        end,
    };
    let segment = document::throttled(&call.tracing, &subject, &times);
    setting.kept(setting.account.store.put_segment(&segment));
    setting.account.changed(Change::Trace);
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
