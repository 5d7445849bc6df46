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
mod freeze;
mod protocol;
mod invocation;
mod managed;
mod report;
mod state;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

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
    /// Jobs that it has, and how many it may have.
    taken: AtomicUsize,
    room: usize,
    jobs: mpsc::Sender<Job>,
    ending: watch::Sender<bool>,
}

/// What an environment is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beginning {
    /// A job that it is claimed for.
    WithAJob,
    /// To be ready when one comes.
    Ahead,
}

impl Environment {
    /// Makes an environment that is claimed already, and the task that runs it.
    pub(crate) fn new(
        pool: Arc<Pool>,
        beginning: Beginning,
    ) -> (Arc<Environment>, impl Future<Output = ()> + Send) {
        let setting = Arc::clone(pool.setting());
        let shown = Arc::new(Shown::new(&setting));
        let room = setting.spec.initialization.concurrency();
        let (sender, jobs) = mpsc::channel(room);
        let (ending, is_ending) = watch::channel(false);
        let environment = Arc::new(Environment {
            shown: Arc::clone(&shown),
            taken: AtomicUsize::new(match beginning {
                Beginning::WithAJob => 1,
                Beginning::Ahead => room,
            }),
            room,
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
        (environment, inside.run(beginning))
    }

    /// Takes the environment for one job, if it is free. Called under the pool's lock.
    pub(crate) fn claim(&self) -> bool {
        let more = |taken| (taken < self.room).then_some(taken + 1);
        self.taken
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, more)
            .is_ok()
    }

    /// Whether a job has it. Called under the pool's lock.
    pub(crate) fn is_busy(&self) -> bool {
        self.taken.load(Ordering::Acquire) > 0
    }

    /// Hands a job to an environment that was claimed for it.
    pub(crate) async fn give(&self, job: Job) {
        // It only fails when the sandbox is gone; the caller sees its answer dropped.
        let _ = self.jobs.send(job).await;
    }

    /// It is done with this many jobs.
    fn free(&self, jobs: usize) {
        self.taken.fetch_sub(jobs, Ordering::AcqRel);
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
    async fn run(mut self, beginning: Beginning) {
        if beginning == Beginning::Ahead {
            self.prepare().await;
        }
        let managed = self.setting.spec.initialization.is_managed();
        loop {
            match self.next().await {
                Next::Job(job) if managed => self.serve_together(*job).await,
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

    /// Init => (Idle | Resetting). An initialization that fails is tried again with the
    /// first invocation, which is then told why.
    async fn prepare(&mut self) {
        let (_, ready) = self.start().await;
        match (&mut self.generation, ready) {
            (Some(generation), Ok(())) => generation.freeze(),
            _ => self.reset(ShutdownReason::Failure).await,
        }
        self.shown.enter(EnvironmentState::Idle);
        self.outside.free(self.outside.room);
    }

    /// (Init =>) Invoking => (Idle | Resetting).
    async fn serve(&mut self, mut job: Job) {
        let (init, ready) = match self.generation {
            Some(_) => (None, Ok(())),
            None => self.start_or_restore().await,
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
        match (reset, &mut self.generation) {
            (Some(reason), _) => self.reset(reason).await,
            (None, Some(generation)) => generation.freeze(),
            (None, None) => {}
        }
        self.shown.enter(EnvironmentState::Idle);
        self.outside.free(1);
        // Only now may another job take the place: the environment is free before its permit.
        job.release();
    }

    /// Init => (Invoking | Resetting). With SnapStart the initialization happened when the
    /// function was published, and the invocation's report has the restoring alone.
    async fn start_or_restore(&mut self) -> (Option<Init>, Result<(), Failure>) {
        let (init, ready) = self.start().await;
        match (&mut self.generation, &ready) {
            (Some(generation), Ok(())) if generation.is_snapshot() => {
                generation.restore(&self.shown);
                (None, ready)
            }
            _ => (init, ready),
        }
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
