//! One execution environment: a folder that is its /tmp, and one generation of processes after
//! another.
//!
//! An environment is one task that owns everything; callers and processes only send to it. A
//! crash or a timeout ends the generation, and the next invocation starts another one over the
//! same /tmp.

mod setting;
mod variables;
mod process;
mod reply;
mod api;
mod failure;
mod parked;
mod generation;
mod protocol;
mod invocation;
mod report;
mod state;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{mpsc, oneshot, watch};

pub(crate) use state::{EnvironmentState, EnvironmentStatus};

pub(crate) use invocation::{Answer, Job, Verdict};
pub(crate) use process::Registry;
pub(crate) use setting::{Limits, Setting};

use super::pool::Pool;
use failure::{Failure, ShutdownReason};
use generation::{Generation, Init};
use state::Shown;

/// The outside of an environment.
#[derive(Debug)]
pub(crate) struct Environment {
    shown: Arc<Shown>,
    busy: AtomicBool,
    jobs: mpsc::Sender<Job>,
    ending: watch::Sender<bool>,
}

impl Environment {
    /// Makes an environment that is claimed already, and the task that runs it.
    pub(crate) fn new(pool: Arc<Pool>) -> (Arc<Environment>, impl Future<Output = ()> + Send) {
        let setting = Arc::clone(pool.setting());
        let shown = Arc::new(Shown::new(&setting));
        let (sender, jobs) = mpsc::channel(1);
        let (ending, is_ending) = watch::channel(false);
        let environment = Arc::new(Environment {
            shown: Arc::clone(&shown),
            busy: AtomicBool::new(true),
            jobs: sender,
            ending,
        });
        let inside = Inside {
            pool,
            setting,
            shown,
            outside: Arc::clone(&environment),
            jobs,
            ending: is_ending,
            generation: None,
        };
        (environment, inside.run())
    }

    /// Takes the environment for one job, if it is free. Called under the pool's lock.
    pub(crate) fn claim(&self) -> bool {
        !self.busy.swap(true, Ordering::AcqRel)
    }

    /// Whether a job has it. Called under the pool's lock.
    pub(crate) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire)
    }

    /// Hands a job to an environment that was claimed for it.
    pub(crate) async fn give(&self, job: Job) {
        // It only fails when the sandbox is gone; the caller sees its answer dropped.
        let _ = self.jobs.send(job).await;
    }

    /// Asks the environment to end, and waits until it has.
    pub(crate) async fn end(&self) {
        self.ending.send_replace(true);
        self.jobs.closed().await;
    }

    /// What can be seen of it.
    pub(crate) fn status(&self) -> EnvironmentStatus {
        self.shown.status()
    }
}

/// The inside: the task that owns the processes.
#[derive(Debug)]
struct Inside {
    pool: Arc<Pool>,
    setting: Arc<Setting>,
    shown: Arc<Shown>,
    outside: Arc<Environment>,
    jobs: mpsc::Receiver<Job>,
    ending: watch::Receiver<bool>,
    generation: Option<Generation>,
}

/// What an idle environment sees next.
enum Next {
    Job(Box<Job>),
    Broken,
    End,
}

impl Inside {
    async fn run(mut self) {
        loop {
            match self.next().await {
                Next::Job(job) => self.serve(*job).await,
                Next::Broken => self.reset(ShutdownReason::Failure).await,
                Next::End => break,
            }
        }
        self.shown.enter(EnvironmentState::ShuttingDown);
        self.end_generation(ShutdownReason::Spindown).await;
        self.shown.enter(EnvironmentState::Ended);
        // /tmp lives as long as its environment. What cannot be removed is in the data folder.
        let _ = std::fs::remove_dir_all(self.shown.tmp());
    }

    /// Idle => (Invoking | Resetting | ShuttingDown).
    async fn next(&mut self) -> Next {
        loop {
            let idle = tokio::time::sleep(self.setting.limits.idle);
            tokio::select! {
                biased;
                job = self.jobs.recv() => {
                    return job.map_or(Next::End, |job| Next::Job(Box::new(job)));
                }
                () = broken(&mut self.generation) => return Next::Broken,
                () = asked(&mut self.ending) => {
                    // A job that was on its way before the end was asked for comes first.
                    if !self.outside.is_busy() {
                        return Next::End;
                    }
                    if let Some(job) = self.jobs.recv().await {
                        return Next::Job(Box::new(job));
                    }
                }
                () = idle => {
                    if self.pool.retire(&self.outside) {
                        return Next::End;
                    }
                }
            }
        }
    }

    /// (Init =>) Invoking => (Idle | Resetting).
    async fn serve(&mut self, mut job: Job) {
        let (init, ready) = match self.generation {
            Some(_) => (None, Ok(())),
            None => self.start().await,
        };
        let reset = match (&mut self.generation, ready) {
            (Some(generation), Ok(())) => {
                self.shown.enter(EnvironmentState::Invoking);
                self.shown.invoked();
                generation.invoke(&mut job, init, &mut self.ending).await
            }
            (Some(generation), Err(failure)) => {
                generation.invoke_failed(&mut job, init, failure).await
            }
            (None, ready) => {
                let failure = ready.err().unwrap_or(Failure::Ended);
                job.refuse(&self.setting, &failure);
                None
            }
        };
        self.pool.count(&job);
        if let Some(reason) = reset {
            self.reset(reason).await;
        }
        self.shown.enter(EnvironmentState::Idle);
        self.outside.busy.store(false, Ordering::Release);
        // Only now may another job take the place: the environment is free before its permit.
        job.release();
    }

    /// Init => (Invoking | Resetting). Starts a generation; there is none when its API cannot
    /// be opened.
    async fn start(&mut self) -> (Option<Init>, Result<(), Failure>) {
        self.shown.enter(EnvironmentState::Init);
        match Generation::create(Arc::clone(&self.setting), &self.shown).await {
            Ok(generation) => {
                let generation = self.generation.insert(generation);
                let (init, ready) = generation.start(&self.shown).await;
                (Some(init), ready)
            }
            Err(error) => (None, Err(Failure::Launch(error.to_string()))),
        }
    }

    async fn reset(&mut self, reason: ShutdownReason) {
        self.shown.enter(EnvironmentState::Resetting);
        self.end_generation(reason).await;
        self.shown.enter(EnvironmentState::Idle);
    }

    async fn end_generation(&mut self, reason: ShutdownReason) {
        if let Some(mut generation) = self.generation.take() {
            generation.shut_down(reason).await;
        }
        self.shown.processes(None, None);
    }
}

/// Waits until the generation breaks without an invocation; for ever when there is none.
async fn broken(generation: &mut Option<Generation>) {
    match generation {
        Some(generation) => generation.broken().await,
        None => std::future::pending().await,
    }
}

/// Waits until the end is asked for. The watch's guard is gone when this returns, since it
/// may not be held over a wait.
async fn asked(ending: &mut watch::Receiver<bool>) {
    let gone = ending.wait_for(|ending| *ending).await.is_err();
    if gone {
        std::future::pending::<()>().await;
    }
}

/// Where an environment has its /tmp. A Unix socket's path has at most 107 bytes, and the
/// journal's doorbell lies below: a long data folder makes way for the system's own /tmp.
fn tmp_folder(data: &std::path::Path, id: &str) -> PathBuf {
    let below = "/cloudvault-obs/journal.bell";
    let folder = data.join(id);
    if folder.as_os_str().len() + below.len() <= 100 {
        return folder;
    }
    std::path::Path::new("/tmp").join(format!("obs-dev-{id}"))
}

/// Takes the answer to an invocation.
pub(crate) type Caller = oneshot::Sender<Answer>;
