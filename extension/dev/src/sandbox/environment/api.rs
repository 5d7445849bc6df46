//! The HTTP server of one environment: Runtime API, Extensions API and Telemetry API on one
//! loopback port of its own.
//!
//! It decides nothing. Every call becomes a [`Signal`] to the environment's one task, which
//! answers when the time has come; so `/next` simply waits.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::reply::Reply;

/// The largest answer of a function: 6 MB and a little.
pub(crate) const MAX_ANSWER: usize = 6 * 1024 * 1024 + 100;
/// The largest of all other bodies.
const MAX_BODY: usize = 256 * 1024;
/// The header that an extension proves itself with.
const IDENTIFIER: &str = "lambda-extension-identifier";

/// Takes the answer to a call.
pub(crate) type Answerer = oneshot::Sender<Reply>;

/// What a process of the environment did.
#[derive(Debug)]
pub(crate) enum Signal {
    /// The runtime asks for the next invocation.
    RuntimeNext(Answerer),
    /// The runtime is ready for its snapshot, and asks when it was restored.
    RestoreNext(Answerer),
    /// The runtime answers an invocation.
    Answer(Box<RuntimeAnswer>, Answerer),
    /// The runtime could not be initialized.
    InitError(FunctionError, Answerer),
    /// An extension registers.
    Register(Registration, Answerer),
    /// An extension asks for the next event.
    ExtensionNext(Identifier, Answerer),
    /// An extension says that it failed.
    ExtensionError(Identifier, String, Answerer),
    /// An extension subscribes to telemetry.
    Subscribe(Identifier, Bytes, Answerer),
    /// A process has ended.
    Exited(Role, String),
}

/// Which process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The function's.
    Function,
    /// The extension's.
    Extension,
}

/// The value of `Lambda-Extension-Identifier`, if it was sent.
pub(crate) type Identifier = Option<String>;

/// The answer to an invocation.
#[derive(Debug)]
pub(crate) struct RuntimeAnswer {
    /// The id in the path.
    pub(crate) request_id: String,
    /// What came.
    pub(crate) outcome: Outcome,
    /// When it began to come.
    pub(crate) began: Instant,
}

/// What a runtime answers.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The handler's result.
    Response(Bytes),
    /// A result over the limit.
    TooLarge,
    /// The handler's error.
    Error(FunctionError),
}

/// An error that a runtime reported.
#[derive(Debug, Clone)]
pub(crate) struct FunctionError {
    /// `Lambda-Runtime-Function-Error-Type`, or what stands for it.
    pub(crate) kind: String,
    /// The document, handed on to the caller as it is.
    pub(crate) body: Bytes,
    /// `Lambda-Runtime-Function-XRay-Error-Cause`.
    pub(crate) cause: Option<String>,
}

/// A registration.
#[derive(Debug)]
pub(crate) struct Registration {
    /// `Lambda-Extension-Name`.
    pub(crate) name: String,
    /// The body.
    pub(crate) body: Bytes,
    /// Whether the account id is asked for.
    pub(crate) account_id: bool,
}

/// A running server; it stops when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    token: Arc<str>,
    task: JoinHandle<()>,
}

/// Where credentials are served to environments that have none in their variables.
const CREDENTIALS: &str = "/2021-04-23/credentials";

impl Server {
    /// Listens on a free loopback port.
    pub(crate) async fn start(signals: mpsc::Sender<Signal>) -> io::Result<Server> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let token: Arc<str> = Uuid::new_v4().to_string().into();
        let theirs = Arc::clone(&token);
        let serve = async move |headers: HeaderMap| credentials(&theirs, &headers);
        let router = router().route(CREDENTIALS, get(serve)).with_state(signals);
        let task = tokio::spawn(async move {
            // It only ends with the task.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Server {
            address,
            token,
            task,
        })
    }

    /// Where credentials are served, and the token that they are given for.
    pub(crate) fn credentials(&self) -> (String, &str) {
        let address = self.address;
        (format!("http://{address}{CREDENTIALS}"), &self.token)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Signals = State<mpsc::Sender<Signal>>;

fn router() -> Router<mpsc::Sender<Signal>> {
    let runtime = "/2018-06-01/runtime";
    let extension = "/2020-01-01/extension";
    Router::new()
        .route(&format!("{runtime}/invocation/next"), get(runtime_next))
        .route(
            &format!("{runtime}/invocation/{{id}}/response"),
            post(response),
        )
        .route(&format!("{runtime}/invocation/{{id}}/error"), post(error))
        .route(&format!("{runtime}/restore/next"), get(restore_next))
        .route(&format!("{runtime}/init/error"), post(init_error))
        .route(&format!("{extension}/register"), post(register))
        .route(&format!("{extension}/event/next"), get(extension_next))
        .route(&format!("{extension}/init/error"), post(extension_error))
        .route(&format!("{extension}/exit/error"), post(extension_error))
        .route("/2022-07-01/telemetry", put(subscribe))
        .fallback(async || Reply::error(StatusCode::NOT_FOUND, "NotFound", "no such operation"))
}

/// Credentials, as the containers' provider of every SDK asks for them.
fn credentials(token: &str, headers: &HeaderMap) -> Response {
    if text(headers, "authorization").as_deref() != Some(token) {
        let message = "the Authorization header is not AWS_CONTAINER_AUTHORIZATION_TOKEN";
        return Reply::error(StatusCode::UNAUTHORIZED, "Unauthorized", message).into_response();
    }
    let body = serde_json::json!({
        "AccessKeyId": "test",
        "SecretAccessKey": "test",
        "Token": "test",
        "Expiration": "2099-01-01T00:00:00Z",
    });
    Reply::event(Bytes::from(body.to_string())).into_response()
}

/// Sends the signal and waits for its answer.
async fn ask(State(signals): Signals, signal: impl FnOnce(Answerer) -> Signal) -> Response {
    let (answerer, answer) = oneshot::channel();
    let sent = signals.send(signal(answerer)).await;
    match answer.await {
        Ok(reply) if sent.is_ok() => reply.into_response(),
        _ => Reply::error(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalServerError",
            "it has ended",
        )
        .into_response(),
    }
}

async fn runtime_next(signals: Signals) -> Response {
    ask(signals, Signal::RuntimeNext).await
}

async fn restore_next(signals: Signals) -> Response {
    ask(signals, Signal::RestoreNext).await
}

async fn response(signals: Signals, Path(id): Path<String>, request: Request) -> Response {
    let began = Instant::now();
    let outcome = match to_bytes(request.into_body(), MAX_ANSWER).await {
        Ok(body) => Outcome::Response(body),
        Err(error) => match over_limit(&error) {
            true => Outcome::TooLarge,
            false => return broken_off(),
        },
    };
    let answer = Box::new(RuntimeAnswer {
        request_id: id,
        outcome,
        began,
    });
    ask(signals, |answerer| Signal::Answer(answer, answerer)).await
}

async fn error(signals: Signals, Path(id): Path<String>, request: Request) -> Response {
    let began = Instant::now();
    let (headers, body) = split(request);
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return broken_off();
    };
    let outcome = Outcome::Error(function_error(&headers, body));
    let answer = Box::new(RuntimeAnswer {
        request_id: id,
        outcome,
        began,
    });
    ask(signals, |answerer| Signal::Answer(answer, answerer)).await
}

async fn init_error(signals: Signals, request: Request) -> Response {
    let (headers, body) = split(request);
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return broken_off();
    };
    let error = function_error(&headers, body);
    ask(signals, |answerer| Signal::InitError(error, answerer)).await
}

async fn register(signals: Signals, request: Request) -> Response {
    let (headers, body) = split(request);
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return broken_off();
    };
    let name = text(&headers, "lambda-extension-name").unwrap_or_default();
    let features = text(&headers, "lambda-extension-accept-feature").unwrap_or_default();
    let account_id = features
        .split(',')
        .any(|feature| feature.trim() == "accountId");
    let registration = Registration {
        name,
        body,
        account_id,
    };
    ask(signals, |answerer| Signal::Register(registration, answerer)).await
}

async fn extension_next(signals: Signals, headers: HeaderMap) -> Response {
    let identifier = text(&headers, IDENTIFIER);
    ask(signals, |answerer| {
        Signal::ExtensionNext(identifier, answerer)
    })
    .await
}

async fn extension_error(signals: Signals, headers: HeaderMap) -> Response {
    let identifier = text(&headers, IDENTIFIER);
    let kind = text(&headers, "lambda-extension-function-error-type");
    let kind = kind.unwrap_or_else(|| "Extension.Unknown".to_owned());
    ask(signals, |answerer| {
        Signal::ExtensionError(identifier, kind, answerer)
    })
    .await
}

async fn subscribe(signals: Signals, request: Request) -> Response {
    let (headers, body) = split(request);
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return broken_off();
    };
    let identifier = text(&headers, IDENTIFIER);
    ask(signals, |answerer| {
        Signal::Subscribe(identifier, body, answerer)
    })
    .await
}

fn split(request: Request) -> (HeaderMap, Body) {
    let (parts, body) = request.into_parts();
    (parts.headers, body)
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// The error's type: from its header, from its document, or unknown.
fn function_error(headers: &HeaderMap, body: Bytes) -> FunctionError {
    let document: Option<serde_json::Value> = serde_json::from_slice(&body).ok();
    let kind = text(headers, "lambda-runtime-function-error-type")
        .or_else(|| Some(document?.get("errorType")?.as_str()?.to_owned()))
        .unwrap_or_else(|| "Runtime.Unknown".to_owned());
    let cause = text(headers, "lambda-runtime-function-xray-error-cause");
    FunctionError { kind, body, cause }
}

fn over_limit(error: &axum::Error) -> bool {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = source {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        source = error.source();
    }
    false
}

fn broken_off() -> Response {
    Reply::error(
        StatusCode::BAD_REQUEST,
        "BadRequest",
        "the body is over its limit or broken off",
    )
    .into_response()
}
