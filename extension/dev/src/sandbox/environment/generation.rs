//! One generation of an environment's processes: started together, ended together.
//!
//! Here is the life cycle. What a process may say when, and what it is answered, is in
//! [`super::protocol`].

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::{sleep_until, timeout_at};

use super::Setting;
use super::api::{Role, Server, Signal};
use super::failure::{Failure, ShutdownReason};
use super::parked::Parked;
use super::process::{Launch, Process, describe};
use super::protocol::Step;
use super::reply::Reply;
use super::state::Shown;
use super::variables::{self, Place};
use crate::options::Freeze;
use crate::sandbox::moment::Moment;
use crate::sandbox::relay::Relay;
use crate::sandbox::sink::Sink;
use crate::sandbox::telemetry::event::{self, Kind, Status};
use crate::sandbox::telemetry::{Pace, Telemetry};

/// The share of the shutdown's time that the function has, as Lambda divides it.
const FUNCTION_SHARE: f64 = 0.3;

/// The processes and their API.
#[derive(Debug)]
pub(crate) struct Generation {
    pub(super) setting: Arc<Setting>,
    pub(super) signals: mpsc::Receiver<Signal>,
    sender: mpsc::Sender<Signal>,
    server: Server,
    pub(super) telemetry: Arc<Telemetry>,
    pub(super) sink: Arc<Sink>,
    pub(super) function: Option<Process>,
    pub(super) runtime: Parked,
    pub(super) extension: Option<Extension>,
    pub(super) phase: Phase,
    /// A runtime that waits for its restoring.
    pub(super) restoring: Parked,
    /// How long the restoring took, until an invocation has reported it.
    pub(super) restored: Option<Duration>,
    /// The way to the account, if connections have to be droppable.
    pub(super) relay: Option<Relay>,
    /// Since when the processes stand still.
    pub(super) frozen: Option<Instant>,
    peak_mb: u64,
}

/// The extension's side.
#[derive(Debug)]
pub(super) struct Extension {
    pub(super) name: String,
    pub(super) process: Process,
    pub(super) identifier: Option<String>,
    pub(super) invoke: bool,
    pub(super) shutdown: bool,
    pub(super) events: Parked,
}

/// What the processes may do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Register, subscribe, get ready.
    Init,
    /// Wait.
    Idle,
    /// Work on this one.
    Invoking {
        /// The request id.
        request_id: String,
        /// Whether the runtime has answered it.
        answered: bool,
    },
    /// Work on these, on a managed instance.
    Serving(BTreeSet<String>),
    /// End.
    Ending,
}

/// How the initialization went.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Init {
    /// When it began.
    pub(crate) started: Moment,
    /// How long it took.
    pub(crate) duration: Duration,
}

impl Generation {
    /// Opens the API, and makes the /tmp if it is not there.
    pub(crate) async fn create(setting: Arc<Setting>, shown: &Shown) -> io::Result<Generation> {
        std::fs::create_dir_all(shown.tmp())?;
        let (sender, signals) = mpsc::channel(64);
        let server = Server::start(sender.clone()).await?;
        let freezes = setting.freeze != Freeze::Off && !setting.spec.initialization.is_managed();
        let relay = match freezes {
            true => Relay::start(&setting.account.endpoint).await?,
            false => None,
        };
        let telemetry = Arc::new(Telemetry::start(Arc::clone(&setting.account.clock)));
        let stream = log_stream(setting.account.clock.now_ms(), &shown.id());
        let (own, told) = (Arc::clone(&setting), Arc::clone(&telemetry));
        let sink = Arc::new(Sink::new(own, told, stream));
        Ok(Generation {
            setting,
            signals,
            sender,
            server,
            telemetry,
            sink,
            function: None,
            runtime: Parked::default(),
            extension: None,
            phase: Phase::Init,
            restoring: Parked::default(),
            restored: None,
            relay,
            frozen: None,
            peak_mb: 0,
        })
    }

    /// Init => (Idle | broken). Starts the extension, then the function, and waits until both
    /// ask for their first event.
    pub(crate) async fn start(&mut self, shown: &Shown) -> (Init, Result<(), Failure>) {
        let started = Moment::now(&*self.setting.account.clock);
        let id = shown.id();
        self.telemetry
            .emit(event::init_start(started.ms, &self.named(&id)));
        let limit = self.setting.limits.init;
        let result = tokio::time::timeout(limit, self.bring_up(shown))
            .await
            .unwrap_or(Err(Failure::InitTimeout(limit)));
        self.drained().await;
        let duration = started.instant.elapsed();
        self.report_init(duration, result.as_ref().err());
        self.telemetry.close();
        if self.setting.spec.initialization.is_managed() {
            self.phase = Phase::Serving(BTreeSet::new());
        } else {
            self.telemetry.set_pace(Pace::Frozen);
            self.phase = Phase::Idle;
        }
        (Init { started, duration }, result)
    }

    pub(super) fn named<'a>(&'a self, instance: &'a str) -> event::Named<'a> {
        event::Named {
            function: &self.setting.spec.name,
            arn: &self.setting.arn,
            instance,
            memory_mb: self.setting.spec.memory_mb,
            initialization: self.setting.spec.initialization.as_str(),
        }
    }

    async fn bring_up(&mut self, shown: &Shown) -> Result<(), Failure> {
        let tmp = shown.tmp();
        let (address, token) = self.server.credentials();
        let credentials = (address, token.to_owned());
        let place = Place {
            api: self.server.address(),
            tmp: tmp.as_ref(),
            log_stream: self.sink.stream().to_owned(),
            endpoint: match &self.relay {
                Some(relay) => format!("http://{}", relay.address()),
                None => self.setting.account.endpoint.clone(),
            },
            credentials: (credentials.0, &credentials.1),
        };
        if let Some(path) = self.setting.extension.clone() {
            self.start_extension(&path, &place)?;
            shown.processes(None, self.extension.as_ref().map(|e| e.process.pid()));
            self.registered().await?;
        }
        let spec = &self.setting.spec;
        let variables = variables::of_function(&self.setting, &place);
        let launch = Launch {
            program: &spec.command,
            args: &spec.args,
            variables,
        };
        let function = self.launch(launch, Role::Function);
        let function =
            function.map_err(|e| Failure::Launch(format!("{}: {e}", spec.command.display())))?;
        let pid = function.pid();
        self.function = Some(function);
        shown.processes(Some(pid), self.extension.as_ref().map(|e| e.process.pid()));
        let mut runtime = false;
        let mut extension = self.extension.is_none();
        while !(runtime && extension) {
            match self.step().await {
                Step::RuntimeReady => {
                    runtime = true;
                    let now = self.setting.account.clock.now_ms();
                    self.telemetry
                        .emit(self.init_runtime_done(now, Status::Success, None));
                }
                Step::ExtensionReady => extension = true,
                Step::Broken(failure) => return Err(failure),
                Step::Registered | Step::Answered(_) => {}
            }
        }
        Ok(())
    }

    async fn registered(&mut self) -> Result<(), Failure> {
        loop {
            match self.step().await {
                Step::Registered => return Ok(()),
                Step::Broken(failure) => return Err(failure),
                Step::RuntimeReady | Step::ExtensionReady | Step::Answered(_) => {}
            }
        }
    }

    fn start_extension(
        &mut self,
        path: &std::path::Path,
        place: &Place<'_>,
    ) -> Result<(), Failure> {
        let variables = variables::of_extension(&self.setting, place);
        let launch = Launch {
            program: path,
            args: &[],
            variables,
        };
        let process = self
            .launch(launch, Role::Extension)
            .map_err(|error| Failure::ExtensionLaunch(format!("{}: {error}", path.display())))?;
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        self.extension = Some(Extension {
            name,
            process,
            identifier: None,
            invoke: false,
            shutdown: false,
            events: Parked::default(),
        });
        Ok(())
    }

    fn launch(&self, launch: Launch<'_>, role: Role) -> io::Result<Process> {
        let kind = match role {
            Role::Function => Kind::Function,
            Role::Extension => Kind::Extension,
        };
        let (sink, sender) = (Arc::clone(&self.sink), self.sender.clone());
        let line = move |line| sink.written(kind, line);
        let ended = move |status| {
            // The generation hears of it, unless it is gone itself.
            tokio::spawn(async move { sender.send(Signal::Exited(role, describe(status))).await });
        };
        Process::start(launch, &self.setting.registry, line, ended)
    }

    /// Waits until a process ends or reports an error with no invocation to blame.
    pub(crate) async fn broken(&mut self) {
        while !matches!(self.step().await, Step::Broken(_)) {}
    }

    /// (Idle | Invoking | Init) => Ending. The extension may drain, then all are killed.
    pub(crate) async fn shut_down(&mut self, reason: ShutdownReason) {
        let limit = self.setting.limits.shutdown;
        let begun = Instant::now();
        self.phase = Phase::Ending;
        self.thaw();
        self.telemetry.set_pace(Pace::Hurried);
        if let Some(function) = &self.function {
            let graceful = reason == ShutdownReason::Spindown && self.extension.is_some();
            if graceful {
                function.terminate();
                let share = begun + limit.mul_f64(FUNCTION_SHARE);
                let _ = timeout_at(share.into(), function.ended()).await;
            }
            function.kill();
            function.ended().await;
            // Its last lines are telemetry too, so they go before the extension ends.
            function.drained().await;
        }
        self.shut_down_extension(reason, begun + limit).await;
    }

    async fn shut_down_extension(&mut self, reason: ShutdownReason, deadline: Instant) {
        let Some(extension) = &mut self.extension else {
            return;
        };
        let left = deadline.saturating_duration_since(Instant::now());
        let deadline_ms = self.setting.account.clock.now_ms() + left.as_millis() as i64;
        if extension.shutdown {
            let ended = extension.process.ended();
            tokio::pin!(ended);
            let body = json!({
                "eventType": "SHUTDOWN",
                "shutdownReason": reason.as_str(),
                "deadlineMs": deadline_ms,
            });
            extension
                .events
                .give(Reply::event(Bytes::from(body.to_string())));
            loop {
                tokio::select! {
                    () = &mut ended => break,
                    _ = self.step() => {}
                    () = sleep_until(deadline.into()) => {
                        self.setting.overrun();
                        break;
                    }
                }
            }
        }
        if let Some(extension) = &self.extension {
            extension.process.kill();
            extension.process.ended().await;
            extension.process.drained().await;
        }
    }

    /// Waits until everything that the processes have written is in the logs.
    pub(super) async fn drained(&self) {
        if let Some(function) = &self.function {
            function.drained().await;
        }
        if let Some(extension) = &self.extension {
            extension.process.drained().await;
        }
    }

    /// Largest memory seen of all processes together, in megabytes.
    pub(super) fn peak_mb(&mut self) -> u64 {
        let function = self.function.as_ref().and_then(Process::peak_mb);
        let extension = self.extension.as_ref().and_then(|e| e.process.peak_mb());
        let now = function.unwrap_or_default() + extension.unwrap_or_default();
        self.peak_mb = self.peak_mb.max(now);
        self.peak_mb
    }
}

impl Extension {
    pub(super) fn subscribed(&self) -> Vec<&'static str> {
        let events = [("INVOKE", self.invoke), ("SHUTDOWN", self.shutdown)];
        events
            .into_iter()
            .filter(|(_, wanted)| *wanted)
            .map(|(name, _)| name)
            .collect()
    }
}

fn log_stream(now_ms: i64, id: &str) -> String {
    let date = obs_cloudwatch::time::civil(now_ms);
    format!(
        "{:04}/{:02}/{:02}/[$LATEST]{id}",
        date.year, date.month, date.day
    )
}
