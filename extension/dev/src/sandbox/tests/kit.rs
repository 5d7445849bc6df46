//! A sandbox to test, and how to call it and wait for what it does.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::to_bytes;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};

use crate::account::Account;
use crate::clock::SystemClock;
use crate::options::{Freeze, FunctionSpec, Initialization};
use crate::sandbox::{EnvironmentStatus, FunctionStatus, Sandbox, SandboxOptions};
use crate::store::{LogQuery, LogRow, Store};

/// A sandbox with one function, `fn`, behind a real listener.
pub(super) struct Kit {
    pub(super) account: Arc<Account>,
    pub(super) sandbox: Arc<Sandbox>,
    address: SocketAddr,
    _data: TempDir,
}

/// An answer of the Lambda API.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("text"))
    }
}

/// The path of one of the test programs.
fn program(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("a path");
    let folder = own
        .parent()
        .and_then(|deps| deps.parent())
        .expect("target/debug/deps");
    let path = folder.join("examples").join(name);
    assert!(
        path.exists(),
        "build it first: cargo build -p obs-dev --examples"
    );
    path
}

/// The test function with these variables.
pub(super) fn function(variables: &[(&str, &str)]) -> FunctionSpec {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    FunctionSpec {
        name: "fn".to_owned(),
        command: program("sandbox-function"),
        args: Vec::new(),
        environment: variables.iter().map(own).collect::<BTreeMap<_, _>>(),
        timeout: Duration::from_secs(60),
        memory_mb: 128,
        handler: "bootstrap".to_owned(),
        initialization: Initialization::default(),
    }
}

/// Options for one function and the test extension.
pub(super) fn options(function: FunctionSpec) -> SandboxOptions {
    SandboxOptions {
        functions: vec![function],
        extension: Some(program("sandbox-extension")),
        sample: 1.0,
        concurrency: 1,
        xray: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        data: PathBuf::new(),
        idle: Duration::from_secs(600),
        freeze: Freeze::default(),
    }
}

impl Kit {
    pub(super) async fn start(mut options: SandboxOptions) -> Kit {
        let data = TempDir::new().expect("a folder");
        options.data = data.path().to_owned();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port");
        let address = listener.local_addr().expect("bound");
        let store = Store::in_memory().expect("a store");
        let endpoint = format!("http://{address}");
        let account = Account::new(store, Arc::new(SystemClock), "us-east-1", &endpoint);
        let account = Arc::new(account);
        let sandbox = Sandbox::start(Arc::clone(&account), options)
            .await
            .expect("it starts");
        let router = sandbox.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Kit {
            account,
            sandbox,
            address,
            _data: data,
        }
    }

    pub(super) async fn simple() -> Kit {
        Kit::start(options(function(&[]))).await
    }

    /// Invokes `fn`.
    pub(super) async fn invoke(&self, payload: &str) -> Answer {
        self.call("fn", &[], payload).await
    }

    pub(super) async fn call(&self, name: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let path = format!("/2015-03-31/functions/{name}/invocations");
        send(self.address, ("POST", &path), headers, body.to_owned()).await
    }

    pub(super) async fn list(&self) -> Value {
        send(
            self.address,
            ("GET", "/2015-03-31/functions"),
            &[],
            String::new(),
        )
        .await
        .json()
    }

    pub(super) fn status(&self) -> FunctionStatus {
        self.sandbox.functions().remove(0)
    }

    pub(super) fn environment(&self) -> EnvironmentStatus {
        self.status().environments.remove(0)
    }

    pub(super) fn lines(&self) -> Vec<LogRow> {
        let query = LogQuery {
            after_id: Some(0),
            limit: 100_000,
            ..LogQuery::default()
        };
        self.account.store.logs(&query).expect("logs")
    }

    pub(super) fn pids(&self) -> Vec<u32> {
        let environment = self.environment();
        environment
            .pid
            .into_iter()
            .chain(environment.extension_pid)
            .collect()
    }

    /// Waits until something is to be seen, looking again at every change of the account.
    pub(super) async fn until<T>(&self, mut look: impl FnMut(&Kit) -> Option<T>) -> T {
        let mut changes = self.account.changes.subscribe();
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            let _ = changes.recv().await;
        }
    }

    /// Waits for a line that contains the text.
    pub(super) async fn line(&self, text: &str) -> LogRow {
        self.until(|kit| kit.lines().into_iter().find(|row| row.line.contains(text)))
            .await
    }
}

/// One request.
pub(super) async fn send(
    address: SocketAddr,
    line: (&str, &str),
    headers: &[(&str, &str)],
    body: String,
) -> Answer {
    let mut request = Request::builder()
        .method(line.0)
        .uri(line.1)
        .header("host", "localhost");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request
        .body(Full::new(Bytes::from(body)))
        .expect("a request");
    let stream = TcpStream::connect(address).await.expect("it listens");
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .expect("HTTP");
    tokio::spawn(connection);
    let (parts, body) = sender
        .send_request(request)
        .await
        .expect("an answer")
        .into_parts();
    let body = to_bytes(axum::body::Body::new(body), usize::MAX)
        .await
        .expect("a body");
    Answer {
        status: parts.status,
        headers: parts.headers,
        body,
    }
}

/// Whether the process is gone; a zombie that its parent has not looked at is.
pub(super) fn is_gone(pid: u32) -> bool {
    match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        Err(_) => true,
        Ok(stat) => stat
            .rsplit(") ")
            .next()
            .is_some_and(|rest| rest.starts_with('Z')),
    }
}
