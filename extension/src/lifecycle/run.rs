//! The order in which the extension comes up.
//!
//! Journal and doorbell stand before `register`: from then on Lambda may start
//! the runtime, and the handler has to find them. Everything that can wait (the
//! client of CloudWatch) comes after. Whatever fails, the extension stays and
//! idles: one that leaves takes the environment with it. Only `register` is
//! fatal, since without it Lambda would end the environment anyway.

use std::{sync::Arc, time::Duration};

use cloudvault_obs_core::json::Value;
use tokio::{sync::mpsc, time::timeout};

use super::{
    Api, Event,
    api::Subscription,
    live::{Live, seed},
    report::resident_bytes,
    signals::Signals,
    sources::Sources,
    tell::Told,
    waits::next,
};
use crate::{
    clock::{Clock, Moment},
    cloudwatch::aws::{CloudWatch, usable_authorities},
    config::{Account, Complaint, Config, Segments},
    credentials::Credentials,
    flush::{Own, Parts, Pipeline, Schedule, Spill},
    intake::{Doorbell, Intake, Writing},
    log::{Level, Log},
    platform::{Meter, Scope},
    receivers::Receivers,
    segments::{Forwarder, Spool, aws::XRay},
    telemetry::{Listener, Parsed},
};

/// Exit codes of the process.
pub mod exit {
    /// SHUTDOWN was obeyed.
    pub const OK: u8 = 0;
    /// Lambda did not let the extension register.
    pub const NOT_REGISTERED: u8 = 1;
    /// The Extensions API is gone.
    pub const API_GONE: u8 = 2;
}

/// The extension has 10 s to come up, with the runtime; half of it is enough for
/// a process next door to answer.
const REGISTER: Duration = Duration::from_secs(5);
/// Telemetry is not worth a slow start.
const SUBSCRIBE: Duration = Duration::from_secs(1);
/// Deliveries that wait while a flush runs.
const DELIVERIES: usize = 64;

/// What the extension gets from outside: time, a place for log lines, its name.
pub struct Rim {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Takes log lines.
    pub log: Log,
    /// The name of the extension's own file, under which it has to register.
    pub name: String,
}

impl Rim {
    pub(super) fn now(&self) -> Moment {
        self.clock.now()
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    pub(super) fn say(&mut self, level: Level, message: &str, fields: &[(&str, Value<'_>)]) {
        let now_ms = self.now_ms();
        self.log.line(now_ms, level, message, fields);
    }
}

/// Runs the extension until SHUTDOWN, and gives its exit code.
pub async fn run(config: Config, complaints: Vec<Complaint>, mut rim: Rim) -> u8 {
    for complaint in &complaints {
        let message = format!(
            "{} is {:?}, which is not {}; {} is used",
            complaint.name, complaint.value, complaint.expected, complaint.used
        );
        rim.say(Level::Error, &message, &[]);
    }
    let ready = ready(&config, &mut rim).await;
    let api = match register(&config, &rim.name).await {
        Ok(api) => api,
        Err(reason) => {
            rim.say(Level::Error, &reason, &[]);
            return exit::NOT_REGISTERED;
        }
    };
    match ready {
        Some(ready) => live(&config, ready, &api, &mut rim).await,
        None => idle(&api).await,
    }
}

/// What stands before `register`.
struct Ready<'a> {
    account: &'a Account,
    intake: Intake,
    doorbell: Option<Doorbell>,
    sources: Sources,
    /// Segments that find no daemon, and where they go.
    spool: Option<(Spool, Option<&'a str>)>,
}

/// What comes after `register`, and then life itself.
async fn live(config: &Config, ready: Ready<'_>, api: &Api, rim: &mut Rim) -> u8 {
    let telemetry = telemetry(config, api, rim).await;
    let source = ready.account.credentials.clone();
    let credentials = Credentials::new(source, Arc::clone(&rim.clock));
    let bundle = bundle(ready.account, rim);
    let Intake {
        reader,
        lock: _lock,
    } = ready.intake;
    let parts = Parts {
        reader,
        spill: spill(config, rim),
        limits: config.limits,
        on_timeout: config.on_timeout,
        segments: ready
            .spool
            .map_or_else(Forwarder::off, |(spool, endpoint)| {
                let (account, clock) = (ready.account, Arc::clone(&rim.clock));
                let xray = XRay::new(
                    account,
                    endpoint,
                    credentials.clone(),
                    clock,
                    bundle.clone(),
                );
                Forwarder::new(spool, xray)
            }),
        schedule: Schedule::new(config.policy, config.interval),
        own: Own::new(
            config.self_metrics,
            &config.namespace,
            &config.service,
            resident_bytes,
        ),
        seed: seed(rim.now()),
    };
    let live = Live {
        pipeline: Pipeline::new(parts),
        writing: Writing::beside(&config.journal),
        gave_up: true,
        signals: Signals::new(ready.doorbell, telemetry),
        sources: ready.sources,
        put: CloudWatch::new(ready.account.clone(), credentials.clone(), bundle),
        credentials,
        api,
        config,
        rim,
        told: Told::default(),
        prepared: false,
    };
    live.run().await
}

/// What Lambda tells, if it does.
async fn telemetry(config: &Config, api: &Api, rim: &mut Rim) -> Option<mpsc::Receiver<Parsed>> {
    match timeout(SUBSCRIBE, subscribe(api, config)).await {
        Ok(Ok(telemetry)) => telemetry,
        Ok(Err(reason)) => {
            rim.say(Level::Warn, &reason, &[]);
            None
        }
        Err(_) => {
            let message = "failed to subscribe to telemetry: no answer";
            rim.say(Level::Warn, message, &[]);
            None
        }
    }
}

/// What has to stand before `register`. Without an account the journal is not
/// even locked, so the library sees that nobody reads and writes log lines.
async fn ready<'a>(config: &'a Config, rim: &mut Rim) -> Option<Ready<'a>> {
    let account = match &config.account {
        Ok(account) => account,
        Err(error) => {
            let message =
                format!("nothing is delivered, metrics leave as log lines (EMF): {error}");
            rim.say(Level::Error, &message, &[]);
            return None;
        }
    };
    let intake = match Intake::open(&config.journal) {
        Ok(intake) => intake,
        Err(error) => {
            let message = format!(
                "nothing is delivered, metrics leave as log lines (EMF): failed to {error}"
            );
            rim.say(Level::Error, &message, &[]);
            return None;
        }
    };
    let doorbell = Doorbell::bind(&config.journal)
        .inspect_err(|error| {
            let message = format!(
                "failed to bind the doorbell {}: {error}; the end of an invocation is told by \
                 telemetry alone",
                Doorbell::path(&config.journal).display()
            );
            rim.say(Level::Warn, &message, &[]);
        })
        .ok();
    Some(Ready {
        account,
        intake,
        doorbell,
        sources: sources(config, rim).await,
        spool: spool(config, rim),
    })
}

async fn register(config: &Config, name: &str) -> Result<Api, String> {
    let remedy = "this is a Lambda extension: put it in a layer under extensions/, \
                  or let `obs dev` start it";
    let Some(authority) = &config.runtime_api else {
        return Err(format!(
            "failed to register: AWS_LAMBDA_RUNTIME_API is not set; {remedy}"
        ));
    };
    match timeout(REGISTER, Api::register(authority, name, config.mode)).await {
        Ok(Ok(api)) => Ok(api),
        Ok(Err(error)) => Err(format!("failed to register as {name:?}: {error}; {remedy}")),
        Err(_) => Err(format!(
            "failed to register: {authority} does not answer; {remedy}"
        )),
    }
}

/// 202 is what emulators without telemetry answer: no trouble, and no line.
async fn subscribe(api: &Api, config: &Config) -> Result<Option<mpsc::Receiver<Parsed>>, String> {
    let failed = |what: &str, error: &dyn std::fmt::Display| {
        format!("failed to {what}: {error}; the end of an invocation is told by the doorbell alone")
    };
    let address = &config.telemetry;
    let listener = Listener::bind(address.bind)
        .await
        .map_err(|error| failed("listen for telemetry", &error))?;
    let port = listener
        .port()
        .map_err(|error| failed("listen for telemetry", &error))?;
    let (sender, receiver) = mpsc::channel(DELIVERIES);
    // Serving before asking: Lambda may deliver before it has answered.
    let serving = tokio::spawn(listener.serve(sender));
    let uri = format!("http://{}:{port}", address.host);
    match api.subscribe(&uri).await {
        Ok(Subscription::Active) => Ok(Some(receiver)),
        Ok(Subscription::Unsupported) => {
            serving.abort();
            Ok(None)
        }
        Err(error) => {
            serving.abort();
            Err(failed("subscribe to telemetry", &error))
        }
    }
}

/// What is asked for beside the journal.
async fn sources(config: &Config, rim: &mut Rim) -> Sources {
    let scope = Scope {
        namespace: config.namespace.clone(),
        service: config.service.clone(),
    };
    let clock = Arc::clone(&rim.clock);
    let (receivers, complaints) = Receivers::start(config.ports, &scope, clock).await;
    for complaint in complaints {
        rim.say(Level::Error, &complaint, &[]);
    }
    let meter = config
        .platform_metrics
        .then(|| Meter::new(scope, config.mode));
    Sources::new(meter, receivers)
}

/// The spill file; without it, points wait in the journal alone. Whoever comes
/// here holds the journal's lock.
fn spill(config: &Config, rim: &mut Rim) -> Spill {
    if config.spill == 0 {
        return Spill::none();
    }
    let path = Spill::path(&config.journal);
    Spill::open(&path, config.spill).unwrap_or_else(|error| {
        let message = format!(
            "failed to open the spill file {}: {error}; in an outage of CloudWatch the journal alone \
             keeps points",
            path.display()
        );
        rim.say(Level::Warn, &message, &[]);
        Spill::none()
    })
}

/// The segments' spool, if segments are forwarded. It stands before `register`, as
/// the journal does: its presence tells the library.
fn spool<'a>(config: &'a Config, rim: &mut Rim) -> Option<(Spool, Option<&'a str>)> {
    let Segments::Forwarded(endpoint) = &config.segments else {
        return None;
    };
    let path = cloudvault_obs_core::segment::spool::path(&config.journal);
    let opened = match endpoint {
        Ok(endpoint) => Spool::open(&path)
            .map(|spool| (spool, endpoint.as_deref()))
            .map_err(|error| format!("open the spool {}: {error}", path.display())),
        Err(error) => Err(error.to_string()),
    };
    opened
        .inspect_err(|error| {
            let message = format!("segments are not forwarded: failed to {error}");
            rim.say(Level::Error, &message, &[]);
        })
        .ok()
}

/// The certificate authorities of `OBS_CA_BUNDLE`, in PEM.
fn bundle(account: &Account, rim: &mut Rim) -> Vec<u8> {
    let bundle = account.ca_bundle.as_ref().and_then(|path| {
        let read = std::fs::read(path);
        let trouble = match &read {
            Err(error) => Some(error.to_string()),
            Ok(bundle) if usable_authorities(bundle) == 0 => {
                Some("it holds no certificate authority in PEM".into())
            }
            Ok(_) => None,
        };
        if let Some(trouble) = trouble {
            let path = path.display();
            let message = format!(
                "failed to use OBS_CA_BUNDLE {path}: {trouble}; the compiled-in authorities are used"
            );
            rim.say(Level::Error, &message, &[]);
        }
        read.ok()
    });
    bundle.unwrap_or_default()
}

/// Asks for events and does nothing with them.
async fn idle(api: &Api) -> u8 {
    loop {
        match next(api).await {
            Ok(Event::Shutdown { .. }) => return exit::OK,
            Ok(_) => {}
            Err(_) => return exit::API_GONE,
        }
    }
}
