//! The environments of one function: one invocation each at a time, up to the concurrency.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::environment::{Beginning, Environment, EnvironmentStatus, Job, Setting, Verdict};

/// A function as the page and the command line show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct FunctionStatus {
    /// Its name.
    pub(crate) name: String,
    /// Its environments, the oldest first.
    pub(crate) environments: Vec<EnvironmentStatus>,
    /// Invocations that ended since the sandbox started.
    pub(crate) invocations: u64,
    /// How many of them ended in an error, timeouts included.
    pub(crate) errors: u64,
    /// How many of them were not done at their deadline.
    pub(crate) timeouts: u64,
    /// Calls that were turned away at the concurrency limit; they are no invocations.
    pub(crate) throttles: u64,
    /// Log lines, segments and metrics that the store did not take.
    pub(crate) lost: u64,
    /// Times that the extension was not done at a deadline and was cut off.
    pub(crate) overruns: u64,
}

/// One invocation's place among the environments; free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
    finishing: Arc<AtomicUsize>,
    is_finishing: bool,
}

impl Place {
    fn new(permit: OwnedSemaphorePermit, finishing: &Arc<AtomicUsize>) -> Place {
        Place {
            _permit: permit,
            finishing: Arc::clone(finishing),
            is_finishing: false,
        }
    }

    /// The caller has its answer; what is left is the extension's work.
    pub(crate) fn finishing(&mut self) {
        if !self.is_finishing {
            self.is_finishing = true;
            self.finishing.fetch_add(1, Ordering::AcqRel);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.is_finishing {
            self.finishing.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

/// The environments of one function.
#[derive(Debug)]
pub(crate) struct Pool {
    setting: Arc<Setting>,
    concurrency: usize,
    permits: Arc<Semaphore>,
    finishing: Arc<AtomicUsize>,
    environments: Mutex<Vec<Arc<Environment>>>,
    invocations: AtomicU64,
    errors: AtomicU64,
    timeouts: AtomicU64,
    throttles: AtomicU64,
}

impl Pool {
    /// A pool with no environment yet.
    pub(crate) fn new(setting: Arc<Setting>, concurrency: usize) -> Pool {
        let concurrency = concurrency.min(Semaphore::MAX_PERMITS);
        Pool {
            setting,
            concurrency,
            permits: Arc::new(Semaphore::new(concurrency)),
            finishing: Arc::default(),
            environments: Mutex::default(),
            invocations: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            timeouts: AtomicU64::new(0),
            throttles: AtomicU64::new(0),
        }
    }

    /// What its environments have in common.
    pub(crate) fn setting(&self) -> &Arc<Setting> {
        &self.setting
    }

    /// A place for an invocation, if one is free or about to be; counted as throttled if not.
    ///
    /// A caller has its answer before the extension is done. Its next call waits that moment,
    /// so that one caller who calls one after another is never turned away.
    pub(crate) async fn try_place(&self) -> Option<Place> {
        let free = Arc::clone(&self.permits).try_acquire_owned().ok();
        if let Some(permit) = free {
            return Some(Place::new(permit, &self.finishing));
        }
        if self.finishing.load(Ordering::Acquire) > 0 {
            return self.place().await;
        }
        self.throttles.fetch_add(1, Ordering::Relaxed);
        None
    }

    /// A place for an invocation, as soon as one is free.
    pub(crate) async fn place(&self) -> Option<Place> {
        // The semaphore is never closed.
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok()?;
        Some(Place::new(permit, &self.finishing))
    }

    /// Places that are taken.
    pub(crate) fn busy(&self) -> usize {
        self.concurrency - self.permits.available_permits()
    }

    /// Gives a job that has a place to the environment that was free last, or to a new one
    /// whose task `spawn` runs.
    pub(crate) async fn run(self: &Arc<Pool>, job: Job, spawn: impl FnOnce(Task)) {
        let claimed = {
            let mut environments = self.environments();
            let free = environments
                .iter()
                .rev()
                .find(|environment| environment.claim());
            match free.cloned() {
                Some(free) => free,
                None => {
                    let (new, task) = Environment::new(Arc::clone(self), Beginning::WithAJob);
                    environments.push(Arc::clone(&new));
                    spawn(Box::pin(task));
                    new
                }
            }
        };
        claimed.give(job).await;
    }

    /// Adds an environment that starts before there is a job for it; gives its task.
    pub(crate) fn provision(self: &Arc<Pool>) -> Task {
        let (new, task) = Environment::new(Arc::clone(self), Beginning::Ahead);
        self.environments().push(new);
        Box::pin(task)
    }

    /// Takes a free environment out, so that it can end. `false` when a job has it.
    pub(crate) fn retire(&self, environment: &Arc<Environment>) -> bool {
        let mut environments = self.environments();
        if environment.is_busy() {
            return false;
        }
        environments.retain(|other| !Arc::ptr_eq(other, environment));
        true
    }

    /// Takes all environments out, so that they can end.
    pub(crate) fn drain(&self) -> Vec<Arc<Environment>> {
        std::mem::take(&mut *self.environments())
    }

    /// Counts an invocation that ended.
    pub(crate) fn count(&self, job: &Job) {
        self.invocations.fetch_add(1, Ordering::Relaxed);
        if matches!(job.verdict, Verdict::Failed | Verdict::TimedOut) {
            self.errors.fetch_add(1, Ordering::Relaxed);
        }
        if job.verdict == Verdict::TimedOut {
            self.timeouts.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What can be seen of it.
    pub(crate) fn status(&self) -> FunctionStatus {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        FunctionStatus {
            name: self.setting.spec.name.clone(),
            environments: self.environments().iter().map(|e| e.status()).collect(),
            invocations: count(&self.invocations),
            errors: count(&self.errors),
            timeouts: count(&self.timeouts),
            throttles: count(&self.throttles),
            lost: count(&self.setting.lost),
            overruns: count(&self.setting.overruns),
        }
    }

    fn environments(&self) -> MutexGuard<'_, Vec<Arc<Environment>>> {
        self.environments
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task of an environment.
pub(crate) type Task = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;
