//! Bounded, realistic traffic: what API Gateway, SQS's event source mapping
//! and EventBridge's schedule would send to the six functions.
//!
//! No function and no fake: the functions run elsewhere and are reached through
//! Lambda's Invoke API; only their callers are played here. A run ends after its
//! time, after its number of requests, or when it is told to stop.

pub mod options;
pub mod mix;
pub mod pictures;
pub mod events;
pub mod invoke;
pub mod clients;
pub mod mapping;
pub mod tally;

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use self::clients::Clients;
use self::invoke::{Client, InvokeError, Outcome};
use self::mapping::{Mapping, deliver_shares};
use self::mix::{Album, Mix, Step};
pub use self::options::Options;
pub use self::tally::{Summary, Tally};
use crate::queue::QueueError;
use crate::rim::{Clock, DEFAULT_RETENTION_DAYS, Environment};
use crate::vault::{Vault, VaultError};

/// Clients that send at the same time.
const CLIENTS: usize = 4;

/// Requests that wait for a client; when full, the next one waits its turn.
const WAITING: usize = 16;

/// How often waiting threads look whether to stop.
const TICK: Duration = Duration::from_millis(50);

/// How often a line on the progress is written.
const PROGRESS: Duration = Duration::from_secs(2);

/// After this many failures without one invocation that took place, the run ends.
const MAX_UNREACHED: u64 = 10;

/// The run could not take place.
#[derive(Debug, thiserror::Error)]
pub enum TrafficError {
    /// The store.
    #[error("{0}")]
    Vault(#[from] VaultError),
    /// The endpoint.
    #[error("{0}")]
    Invoke(#[from] InvokeError),
    /// The queue.
    #[error("{0}")]
    Queue(#[from] QueueError),
    /// The progress could not be written.
    #[error("write the progress: {0}")]
    Progress(#[from] std::io::Error),
}

/// One run and its threads' common ground.
struct Run<'a> {
    options: &'a Options,
    vault: &'a Vault,
    client: &'a Client<'a>,
    tally: &'a Tally,
    /// Told from outside: Ctrl-C.
    stop: &'a AtomicBool,
    /// No more requests: only the queue is drained.
    sent: AtomicBool,
    /// Nothing more to do.
    done: AtomicBool,
    start: Instant,
}

/// Runs to the end and gives the summary; progress goes to `out`.
///
/// # Errors
/// [`TrafficError`] when the endpoint or the store cannot be reached to begin with.
pub fn run(
    options: &Options,
    stop: &AtomicBool,
    out: &mut dyn Write,
) -> Result<Summary, TrafficError> {
    let environment = Environment {
        store: options.store.clone(),
        retention_days: DEFAULT_RETENTION_DAYS,
    };
    let tally = Tally::default();
    let client = Client::connect(&options.endpoint, &tally)?;
    let vault = Vault::open(&environment, Clock::system())?;
    let album = Album::new(options.seed);
    let clients = Clients::new(&client, &vault, &tally, album);
    let run = Run {
        options,
        vault: &vault,
        client: &client,
        tally: &tally,
        stop,
        sent: AtomicBool::new(false),
        done: AtomicBool::new(false),
        start: Instant::now(),
    };
    thread::scope(|scope| {
        scope.spawn(|| run.schedule());
        scope.spawn(|| run.poll());
        scope.spawn(|| {
            run.send_all(&clients);
            run.sent.store(true, Ordering::SeqCst);
        });
        run.report(out)
    })?;
    let depth = vault.thumbnails.depth()?;
    let mut summary = tally.lock().clone();
    summary.seconds = (run.start.elapsed().as_secs_f64() * 10.0).round() / 10.0;
    summary.dead_letters = depth.dead;
    summary.messages_left = depth.ready + depth.flight;
    Ok(summary)
}

impl Run<'_> {
    /// Whether no further request is to be sent.
    fn is_over(&self) -> bool {
        let tally = self.tally.lock();
        let unreached = tally.unexpected_failures >= MAX_UNREACHED && tally.invocations.is_empty();
        unreached
            || self.stop.load(Ordering::SeqCst)
            || self.start.elapsed() >= self.options.run_for
    }

    fn send_all(&self, clients: &Clients<'_>) {
        let (sender, receiver) = sync_channel(WAITING);
        let receiver = Mutex::new(receiver);
        thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| self.serve(clients, &receiver));
            }
            self.pace(&sender);
            // The clients end when they have sent what waits.
            drop(sender);
        });
    }

    /// Hands out one step after the other at the rate asked for.
    fn pace(&self, sender: &SyncSender<Step>) {
        let options = self.options;
        let gap = Duration::from_secs(1) / options.rate;
        let most = usize::try_from(options.max_requests).unwrap_or(usize::MAX);
        let mut due = self.start;
        for step in Mix::new(options.seed, options.rate, options.poison_every).take(most) {
            while Instant::now() < due && !self.is_over() {
                thread::sleep(due.saturating_duration_since(Instant::now()).min(TICK));
            }
            if self.is_over() || sender.send(step).is_err() {
                return;
            }
            due += gap;
        }
    }

    fn serve(&self, clients: &Clients<'_>, steps: &Mutex<Receiver<Step>>) {
        loop {
            // The lock is held while waiting: the next client waits for it instead of for a step.
            let step = steps.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(step) = step else { return };
            if let Err(error) = clients.send(step) {
                self.tally.lock().surprise(format!("failed to {error}"));
            }
        }
    }

    /// The event source mapping, and the mail sender behind the shares.
    fn poll(&self) {
        let mapping = Mapping {
            queue: &self.vault.thumbnails,
            client: self.client,
            tally: self.tally,
            visibility: self.options.visibility,
        };
        let mut drain_until = None;
        loop {
            let sent = self.sent.load(Ordering::SeqCst);
            let taken = mapping.poll().unwrap_or_else(|error| {
                self.tally.lock().surprise(format!("failed to {error}"));
                thread::sleep(TICK);
                0
            });
            if let Err(error) = deliver_shares(&self.vault.shares, self.tally) {
                self.tally.lock().surprise(format!("failed to {error}"));
            }
            if sent {
                let until = *drain_until.get_or_insert_with(|| Instant::now() + self.options.drain);
                // What is still in flight has failed and would only come back later.
                if taken == 0 || Instant::now() >= until {
                    self.done.store(true, Ordering::SeqCst);
                    return;
                }
            }
            if taken == 0 {
                thread::sleep(TICK);
            }
        }
    }

    /// EventBridge's schedule for `cleanup`.
    fn schedule(&self) {
        let mut due = self.start + self.options.cleanup_every;
        while !self.sent.load(Ordering::SeqCst) {
            if Instant::now() < due {
                thread::sleep(TICK);
                continue;
            }
            due += self.options.cleanup_every;
            let event = events::tick(&uuid::Uuid::now_v7().to_string(), self.vault.clock.now_ms());
            let outcome = self.client.invoke("cloudvault-cleanup", &event);
            let mut tally = self.tally.lock();
            match outcome {
                Ok(Outcome::Returned(value)) => {
                    tally.cleanups += 1;
                    tally.expired += value["expired"].as_u64().unwrap_or_default();
                }
                Ok(Outcome::Failed(error)) => {
                    tally.surprise(format!("cloudvault-cleanup failed: {error}"));
                }
                Err(error) => tally.surprise(format!("failed to {error}")),
            }
        }
    }

    /// Writes a line now and then until everything is done.
    fn report(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let mut due = PROGRESS;
        let mut written = Ok(());
        while !self.done.load(Ordering::SeqCst) {
            thread::sleep(TICK);
            if self.start.elapsed() >= due && written.is_ok() {
                due += PROGRESS;
                let summary = self.tally.lock().clone();
                written = summary.write_progress(self.start.elapsed(), out);
            }
        }
        written
    }
}
