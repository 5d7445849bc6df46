//! The function sandbox: starts functions and the extension as real processes and plays Lambda
//! towards them and towards callers.
//!
//! In the order in which an invocation moves: a caller's call ([`call`]), the function's pool
//! ([`pool`]), an execution environment with its processes and the Runtime, Extensions and
//! Telemetry APIs ([`environment`], [`telemetry`]), the lines they write ([`sink`], [`emf`]),
//! and what Lambda itself leaves in the account ([`trace`], [`ledger`]). [`xray`] is the daemon
//! that handlers send their segments to.
//!
//! Between invocations an environment is frozen: its processes are stopped, and its connections
//! to AWS, which go through a [`relay`], may be gone when it thaws.
//!
//! What is absent: a memory limit, internal extensions, response streaming; a snapshot of
//! SnapStart is a frozen process, so memory is restored and time is not.

mod moment;
mod reference;
mod call;
mod call_error;
mod pool;
mod relay;
mod environment;
mod lines;
mod sink;
mod emf;
mod telemetry;
mod trace;
mod ledger;
mod xray;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

#[cfg(test)]
pub(crate) use environment::{EnvironmentState, EnvironmentStatus};
pub(crate) use pool::FunctionStatus;

use crate::account::Account;
use crate::options::{Freeze, FunctionSpec, Initialization, Options};
use crate::server::StartError;
use environment::{Limits, Registry, Setting};
use pool::Pool;
use xray::Xray;

/// What a sandbox runs, and how.
#[derive(Debug, Clone)]
pub(crate) struct SandboxOptions {
    /// The functions, each with a name of its own.
    pub(crate) functions: Vec<FunctionSpec>,
    /// The extension's file, started in every environment; its file name is its name.
    pub(crate) extension: Option<PathBuf>,
    /// Share of invocations that are traced when the caller did not decide, 0 to 1.
    pub(crate) sample: f64,
    /// Environments of one function at a time, at least 1.
    pub(crate) concurrency: usize,
    /// Where the X-Ray daemon listens (UDP); port 0 takes a free one.
    pub(crate) xray: SocketAddr,
    /// The folder under which each environment has its own /tmp.
    pub(crate) data: PathBuf,
    /// How long an environment stays without an invocation. Lambda keeps that to itself;
    /// 5 minutes is what it was seen to do.
    pub(crate) idle: Duration,
    /// What happens to processes between invocations.
    pub(crate) freeze: Freeze,
}

impl From<&Options> for SandboxOptions {
    fn from(options: &Options) -> SandboxOptions {
        SandboxOptions {
            functions: options.functions.clone(),
            extension: options.extension.clone(),
            sample: options.sample,
            concurrency: options.concurrency,
            xray: options.xray,
            data: options.data.clone(),
            idle: Duration::from_secs(300),
            freeze: options.freeze,
        }
    }
}

/// Functions as real processes, with Lambda played around them.
///
/// Every process it started is killed when it is dropped, also by a panic; call
/// [`Sandbox::spin_down`] before, so that extensions can deliver what they hold.
#[derive(Debug)]
pub(crate) struct Sandbox {
    account: Arc<Account>,
    sample: f64,
    pools: BTreeMap<String, Arc<Pool>>,
    xray: Xray,
    registry: Registry,
    waiting: Arc<Semaphore>,
    tasks: Mutex<JoinSet<()>>,
}

impl Sandbox {
    /// Opens the X-Ray daemon's socket and gets the functions ready to be invoked; processes
    /// start with the first invocation, as at Lambda.
    ///
    /// # Errors
    /// When the socket or the folder cannot be had, or an option is out of its range.
    pub(crate) async fn start(
        account: Arc<Account>,
        options: impl Into<SandboxOptions>,
    ) -> Result<Arc<Sandbox>, StartError> {
        let options = options.into();
        check(&options)?;
        let folder = options.data.join("tmp");
        let data = std::fs::create_dir_all(&folder)
            .and_then(|()| folder.canonicalize())
            .map_err(|error| {
                let folder = folder.display();
                wrong(format!(
                    "make the folder {folder}: {error}; give another with --data"
                ))
            })?;
        let address = options.xray;
        let xray = Xray::listen(Arc::clone(&account), address)
            .await
            .map_err(|error| StartError::bind(address, "--xray", error))?;
        let registry = Registry::default();
        let mut pools = BTreeMap::new();
        for spec in options.functions {
            let name = spec.name.clone();
            let setting = Setting {
                account: Arc::clone(&account),
                arn: arn(&account, &name),
                extension: options.extension.clone(),
                xray: xray.address(),
                data: data.clone(),
                path: path(),
                registry: registry.clone(),
                lost: AtomicU64::new(0),
                overruns: AtomicU64::new(0),
                freeze: options.freeze,
                limits: Limits {
                    idle: options.idle,
                    ..Limits::default()
                },
                spec,
            };
            let room = options.concurrency * setting.spec.initialization.concurrency();
            let pool = Arc::new(Pool::new(Arc::new(setting), room));
            if pools.insert(name.clone(), pool).is_some() {
                return Err(wrong(format!("two functions have the name {name}")));
            }
        }
        let sandbox = Arc::new(Sandbox {
            account,
            sample: options.sample,
            pools,
            xray,
            registry,
            waiting: Arc::new(Semaphore::new(call::MAX_WAITING)),
            tasks: Mutex::default(),
        });
        sandbox.provision();
        Ok(sandbox)
    }

    /// Starts the environments that are to be ready before anybody calls.
    fn provision(&self) {
        for pool in self.pools.values() {
            if let Initialization::Provisioned(number) = pool.setting().spec.initialization {
                for _ in 0..number.get() {
                    self.spawn(pool.provision());
                }
            }
        }
    }

    /// Ends every environment as Lambda does: SHUTDOWN to the extension, 2 seconds, kill. A
    /// running invocation has 5 seconds to end before. Returns how many environments ended.
    ///
    /// The sandbox can be used afterwards; the next invocation is a cold start.
    pub(crate) async fn spin_down(&self) -> usize {
        let mut ending = JoinSet::new();
        for pool in self.pools.values() {
            for environment in pool.drain() {
                ending.spawn(async move { environment.end().await });
            }
        }
        ending.join_all().await.len()
    }

    /// Every function with its environments, by name.
    pub(crate) fn functions(&self) -> Vec<FunctionStatus> {
        self.pools.values().map(|pool| pool.status()).collect()
    }

    /// Where the X-Ray daemon listens.
    pub(crate) fn xray_address(&self) -> SocketAddr {
        self.xray.address()
    }

    /// The Lambda API: `POST /2015-03-31/functions/{name}/invocations` and
    /// `GET /2015-03-31/functions`.
    pub(crate) fn router(self: &Arc<Sandbox>) -> axum::Router {
        call::router(Arc::clone(self))
    }

    /// Runs a task that ends with the sandbox.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.registry.kill_all();
    }
}

fn check(options: &SandboxOptions) -> Result<(), StartError> {
    if options.concurrency == 0 {
        return Err(wrong("the concurrency is not at least 1".to_owned()));
    }
    if !(0.0..=1.0).contains(&options.sample) {
        return Err(wrong("the sample rate is not from 0 to 1".to_owned()));
    }
    for function in &options.functions {
        let plain = reference::Reference::parse(&function.name);
        if !plain.is_ok_and(|plain| plain.name == function.name) {
            let name = &function.name;
            return Err(wrong(format!(
                "{name:?} is not 1 to 64 letters, digits, - and _"
            )));
        }
        if function.timeout.is_zero() {
            return Err(wrong("a function's timeout is zero".to_owned()));
        }
    }
    Ok(())
}

fn wrong(what: String) -> StartError {
    StartError::Sandbox(what)
}

fn arn(account: &Account, name: &str) -> String {
    format!(
        "arn:aws:lambda:{}:{}:function:{name}",
        account.region, account.account_id
    )
}

/// The one thing that functions inherit from the developer's shell: where programs are found.
#[expect(
    clippy::disallowed_methods,
    reason = "passed on to functions, decides nothing here"
)]
fn path() -> String {
    std::env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".to_owned())
}

#[cfg(test)]
mod tests;
