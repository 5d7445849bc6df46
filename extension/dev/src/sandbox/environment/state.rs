//! What can be seen of an environment from outside.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use uuid::Uuid;

use super::{Setting, tmp_folder};
use crate::account::{Account, Change};

/// Where an environment is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum EnvironmentState {
    /// Its processes start.
    Init,
    /// It waits for an invocation.
    Idle,
    /// It works on one, or its extension still does.
    Invoking,
    /// A process ended or a deadline passed; the extension may drain, then all are killed.
    Resetting,
    /// It is not needed any more; the extension may drain.
    ShuttingDown,
    /// All its processes are gone.
    Ended,
}

/// An environment as the page and the command line show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct EnvironmentStatus {
    /// Its id.
    pub(crate) id: String,
    /// Where it is in its life.
    pub(crate) state: EnvironmentState,
    /// The function's process, if it runs.
    pub(crate) pid: Option<u32>,
    /// The extension's process, if it runs.
    pub(crate) extension_pid: Option<u32>,
    /// Invocations that it got.
    pub(crate) invocations: u64,
    /// The folder that is its /tmp.
    pub(crate) tmp: PathBuf,
}

/// The status, kept up to date by the environment.
#[derive(Debug)]
pub(crate) struct Shown {
    account: Arc<Account>,
    status: Mutex<EnvironmentStatus>,
}

impl Shown {
    /// A new environment of the function.
    pub(crate) fn new(setting: &Setting) -> Shown {
        let random = Uuid::new_v4().simple().to_string();
        let id = format!("{}-{}", setting.spec.name, &random[..8]);
        let tmp = tmp_folder(&setting.data, &id);
        let state = EnvironmentState::Init;
        let status = EnvironmentStatus {
            id,
            state,
            pid: None,
            extension_pid: None,
            invocations: 0,
            tmp,
        };
        Shown {
            account: Arc::clone(&setting.account),
            status: Mutex::new(status),
        }
    }

    /// A copy.
    pub(crate) fn status(&self) -> EnvironmentStatus {
        self.lock().clone()
    }

    /// Its id.
    pub(crate) fn id(&self) -> String {
        self.lock().id.clone()
    }

    /// Its /tmp.
    pub(crate) fn tmp(&self) -> impl AsRef<Path> + use<> {
        self.lock().tmp.clone()
    }

    /// It is in this state now.
    pub(crate) fn enter(&self, state: EnvironmentState) {
        self.lock().state = state;
        self.account.changed(Change::Invocation);
    }

    /// It has one invocation more.
    pub(crate) fn invoked(&self) {
        self.lock().invocations += 1;
    }

    /// Its processes.
    pub(crate) fn processes(&self, function: Option<u32>, extension: Option<u32>) {
        let mut status = self.lock();
        status.pid = function;
        status.extension_pid = extension;
    }

    fn lock(&self) -> MutexGuard<'_, EnvironmentStatus> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
