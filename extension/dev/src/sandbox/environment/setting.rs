//! What all environments of one function have in common.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::process::Registry;
use crate::account::Account;
use crate::options::{Freeze, FunctionSpec};
use crate::store::StoreError;

/// A function and where it runs.
#[derive(Debug)]
pub(crate) struct Setting {
    /// The account it belongs to.
    pub(crate) account: Arc<Account>,
    /// The function.
    pub(crate) spec: FunctionSpec,
    /// Its unqualified ARN.
    pub(crate) arn: String,
    /// The extension's file.
    pub(crate) extension: Option<PathBuf>,
    /// The X-Ray daemon.
    pub(crate) xray: SocketAddr,
    /// Under it each environment has its /tmp.
    pub(crate) data: PathBuf,
    /// `PATH` of the processes.
    pub(crate) path: String,
    /// Every live process.
    pub(crate) registry: Registry,
    /// What happens between invocations.
    pub(crate) freeze: Freeze,
    /// Lambda's limits.
    pub(crate) limits: Limits,
    /// Records that the store did not take.
    pub(crate) lost: AtomicU64,
    /// Times that the extension had to be cut off.
    pub(crate) overruns: AtomicU64,
}

impl Setting {
    /// Counts an extension that was not done in time: at the deadline of an invocation,
    /// or when the time for its shutdown was over.
    pub(crate) fn overrun(&self) {
        self.overruns.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts what the store did not take. Nobody waits for the outcome of a log line or a
    /// metric, so the count, which the page shows, is all that can be done.
    pub(crate) fn kept<T>(&self, result: Result<T, StoreError>) {
        if result.is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// How long Lambda waits for what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// For an initialization.
    pub(crate) init: Duration,
    /// For a shutdown, all processes together.
    pub(crate) shutdown: Duration,
    /// For the next invocation.
    pub(crate) idle: Duration,
    /// For a running invocation, when the environment is asked to end.
    pub(crate) patience: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            init: Duration::from_secs(10),
            shutdown: Duration::from_secs(2),
            idle: Duration::from_secs(300),
            patience: Duration::from_secs(5),
        }
    }
}
