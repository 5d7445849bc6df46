//! Starting and stopping the account: one listener on loopback for the endpoints
//! and the page, the sandbox beside it.

use std::fs::{File, TryLockError};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::post;
use http::{Method, Request};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::account::Account;
use crate::clock::{Clock, SystemClock};
use crate::connection::{Connection, Listener};
use crate::options::{LogGroup, Options};
use crate::sandbox::Sandbox;
use crate::store::{Store, StoreError};
use crate::{alarm_clock, guard, page, wire};

/// How long open connections are waited for at the end.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why the account could not start; reads after "failed to".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Another process listens there.
    #[error(
        "listen on {0}: the port is in use; stop what listens there or give another address with {1}"
    )]
    PortInUse(SocketAddr, &'static str),
    /// The address cannot be listened on.
    #[error("listen on {0}: {1}")]
    Listen(SocketAddr, #[source] std::io::Error),
    /// Another account runs over the same files.
    #[error(
        "open the account in {}: another obs dev keeps it; stop that one or name another folder with --data",
        .0.display()
    )]
    DataInUse(PathBuf),
    /// The account's folder cannot be used.
    #[error("open the account in {}: {error}", .folder.display())]
    Data {
        /// The folder.
        folder: PathBuf,
        /// Why.
        #[source]
        error: std::io::Error,
    },
    /// The account's files cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A function or the extension cannot be started as configured.
    #[error("start the function sandbox: {0}")]
    Sandbox(String),
}

impl StartError {
    /// The error of binding an address that `flag` would change.
    pub(crate) fn bind(address: SocketAddr, flag: &'static str, error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::AddrInUse => StartError::PortInUse(address, flag),
            _ => StartError::Listen(address, error),
        }
    }
}

/// Keeps a second account off the same files: two clocks would set the same alarms. The
/// kernel lets go of the lock when the process ends, however it ends.
fn hold(folder: &Path) -> Result<File, StartError> {
    let unusable = |error| StartError::Data {
        folder: folder.to_path_buf(),
        error,
    };
    std::fs::create_dir_all(folder).map_err(unusable)?;
    let file = File::create(folder.join("lock")).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError::DataInUse(folder.to_path_buf())),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}

/// A running account.
#[must_use = "dropping it leaves environments running; call stop"]
#[derive(Debug)]
pub struct Dev {
    /// Held as long as the account runs.
    _data: File,
    address: SocketAddr,
    account: Arc<Account>,
    sandbox: Arc<Sandbox>,
    close: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    tasks: Vec<JoinHandle<()>>,
}

impl Dev {
    /// Opens the store, listens, starts the sandbox, the alarm clock and the page.
    ///
    /// # Errors
    /// When an address cannot be listened on, the store cannot be opened, or the
    /// sandbox cannot start.
    pub async fn start(options: Options) -> Result<Dev, StartError> {
        Self::start_at(options, Arc::new(SystemClock)).await
    }

    /// As [`Dev::start`], with a clock of the caller's.
    ///
    /// # Errors
    /// As [`Dev::start`].
    pub async fn start_at(options: Options, clock: Arc<dyn Clock>) -> Result<Dev, StartError> {
        let listener = TcpListener::bind(options.listen)
            .await
            .map_err(|error| StartError::bind(options.listen, "--listen", error))?;
        let address = listener
            .local_addr()
            .map_err(|error| StartError::Listen(options.listen, error))?;
        let data = hold(&options.data)?;
        let store = Store::open(&options.data)?;
        let endpoint = format!("http://{address}");
        let account = Account::new(store, clock, &options.region, &endpoint);
        let account = Arc::new(account.notifying(options.notify_hosts.clone()));
        account.keep_log_groups(&log_groups(&options))?;
        for rule in &options.faults {
            account.faults.add(rule.clone(), account.clock.now_ms());
        }
        let sandbox = Sandbox::start(account.clone(), &options).await?;
        let router = router(&account, &sandbox);
        let (close, closed) = oneshot::channel();
        let serving = tokio::spawn(async move {
            let until = async move {
                let _ = closed.await;
            };
            let listener = Listener(listener);
            let service = router.into_make_service_with_connect_info::<Connection>();
            let _ = axum::serve(listener, service)
                .with_graceful_shutdown(until)
                .await;
        });
        let mut tasks = vec![tokio::spawn(alarm_clock::run(account.clone()))];
        if let Some(queue) = account.outbox.take() {
            let courier = alarm_clock::Courier::default();
            tasks.push(tokio::spawn(alarm_clock::deliver_all(
                account.clone(),
                queue,
                courier,
            )));
        }
        Ok(Dev {
            _data: data,
            address,
            account,
            sandbox,
            close,
            serving,
            tasks,
        })
    }

    /// Where the endpoints and the page are.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where segments are taken over UDP.
    pub fn xray_address(&self) -> SocketAddr {
        self.sandbox.xray_address()
    }

    /// The account, to look at what it keeps.
    pub fn account(&self) -> &Arc<Account> {
        &self.account
    }

    /// Ends all environments as Lambda does, then closes the endpoints.
    pub async fn stop(mut self) {
        self.sandbox.spin_down().await;
        let _ = self.close.send(());
        // A page that listens for events would keep the server for ever.
        if tokio::time::timeout(PATIENCE, &mut self.serving)
            .await
            .is_err()
        {
            self.serving.abort();
        }
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// The configured log groups, and Lambda's own for functions that have none.
fn log_groups(options: &Options) -> Vec<LogGroup> {
    let configured = &options.log_groups;
    let without = options.functions.iter().filter(|function| {
        let own = |group: &LogGroup| group.function.as_ref() == Some(&function.name);
        !configured.iter().any(own)
    });
    let own = without.map(|function| LogGroup {
        name: format!("/aws/lambda/{}", function.name),
        function: Some(function.name.clone()),
        retention_days: None,
    });
    configured.iter().cloned().chain(own).collect()
}

/// Everything on the one listener: Lambda, the page, and the AWS endpoints for
/// what is left.
fn router(account: &Arc<Account>, sandbox: &Arc<Sandbox>) -> axum::Router {
    let for_aws = account.clone();
    let aws = move |request: Request<Body>| wire::handle(for_aws.clone(), request);
    let for_links = account.clone();
    let pages = page::router(account.clone(), sandbox.clone());
    // The page answers GET / and AWS's operations are POST /.
    let endpoints = Router::new().route("/", post(aws.clone()));
    sandbox
        .router()
        .merge(pages)
        .merge(endpoints)
        .fallback(aws)
        .layer(from_fn(move |request: Request<Body>, next: Next| {
            guarded(for_links.clone(), request, next)
        }))
}

/// Turns away who may not talk to us; answers the links of SNS's messages, which
/// share `GET /` with the page.
async fn guarded(account: Arc<Account>, request: Request<Body>, next: Next) -> Response {
    if let Some(refusal) = guard::refusal(&request) {
        return refusal;
    }
    let uri = request.uri();
    match uri.query() {
        Some(query)
            if request.method() == Method::GET
                && uri.path() == "/"
                && query.contains("Action=") =>
        {
            wire::link(&account, query)
        }
        _ => next.run(request).await,
    }
}
