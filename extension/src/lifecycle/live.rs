//! The extension at work: an event, the end of the invocation, a flush, the next
//! event.

use std::time::Duration;

use cloudvault_obs_core::{journal::Draining, json::Value};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{Instant, Interval, MissedTickBehavior, interval_at, sleep, timeout},
};

use super::{
    Api, ApiError, Event,
    run::{Rim, exit},
    signals::Signals,
};
use crate::{
    cloudwatch::Put,
    config::{Config, Mode},
    flush::{Budget, Pipeline, Trouble},
    log::Level,
};

/// Lambda gives an extension 2 s at SHUTDOWN; an emulator's SIGTERM gets the same.
const SHUTDOWN_MS: i64 = 2_000;
/// By then the request for the first event has left.
const PREPARE: Duration = Duration::from_millis(2);
/// Failed calls of `/event/next` in a row before the API counts as gone.
const MOST_FAILURES: u32 = 10;

/// Everything the loop needs.
pub(super) struct Live<'a, P> {
    pub(super) api: &'a Api,
    pub(super) config: &'a Config,
    pub(super) rim: &'a mut Rim,
    pub(super) pipeline: Pipeline,
    pub(super) signals: Signals,
    pub(super) put: P,
    /// The code of the failure that was told last, so that an outage is told
    /// once and not at every invocation.
    pub(super) told: Option<String>,
    /// Whether CloudWatch's client is up.
    pub(super) prepared: bool,
}

impl<P: Put> Live<'_, P> {
    /// Runs until SHUTDOWN, and gives the exit code.
    pub(super) async fn run(mut self) -> u8 {
        // What an earlier process left: it leaves with the first flush, off the
        // path to the first event.
        self.drain(Draining::Live);
        let mut timer = self.timer();
        let mut terminate = Terminate::new();
        loop {
            match self.event(timer.as_mut(), &mut terminate).await {
                Ok(Event::Invoke {
                    request_id,
                    deadline_ms,
                }) => {
                    self.invocation(&request_id, deadline_ms, &mut terminate)
                        .await;
                }
                Ok(Event::Shutdown {
                    reason,
                    deadline_ms,
                }) => {
                    self.finish(&reason, deadline_ms).await;
                    return exit::OK;
                }
                Ok(Event::Other) => {}
                Err(error) => {
                    let message = format!("failed to get the next event: {error}; stopping");
                    self.rim.say(Level::Error, &message, &[]);
                    let deadline_ms = self.rim.now_ms() + SHUTDOWN_MS;
                    self.finish("api-gone", deadline_ms).await;
                    return exit::API_GONE;
                }
            }
        }
    }

    fn budget(&self) -> Budget {
        Budget {
            longest: self.config.budget,
            margin: self.config.margin,
        }
    }

    /// Managed Instances announce no invocations: there the timer flushes.
    fn timer(&self) -> Option<Interval> {
        (self.config.mode == Mode::ManagedInstances).then(|| {
            let every = self.config.interval;
            let mut timer = interval_at(Instant::now() + every, every);
            timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
            timer
        })
    }

    /// The next event. Meanwhile a timer, or a bell that rings after its
    /// invocation was given up on, flushes.
    async fn event(
        &mut self,
        mut timer: Option<&mut Interval>,
        terminate: &mut Terminate,
    ) -> Result<Event, ApiError> {
        let api = self.api;
        let mut next = std::pin::pin!(next(api));
        loop {
            let flush = tokio::select! {
                event = &mut next => return event,
                () = terminate.asked() => {
                    let deadline_ms = self.rim.now_ms() + SHUTDOWN_MS;
                    return Ok(Event::Shutdown { reason: "signal".into(), deadline_ms });
                }
                // The request for the event is out by now: this costs nobody's time.
                () = sleep(PREPARE), if !self.prepared => {
                    self.prepared = true;
                    self.put.prepare();
                    false
                }
                () = tick(timer.as_deref_mut()) => true,
                () = self.signals.next() => {
                    self.config.mode == Mode::OnDemand && !self.signals.telemetry_came()
                }
            };
            if flush {
                self.drain(Draining::Live);
                self.deliver(self.budget().between()).await;
            }
        }
    }

    /// Waits for the end of the invocation, and flushes within its deadline.
    async fn invocation(&mut self, request_id: &str, deadline_ms: i64, terminate: &mut Terminate) {
        if !self.config.policy.flushes_at_the_end() {
            return;
        }
        if self.signals.can_tell() {
            let longest = self.budget().until(deadline_ms, self.rim.now_ms());
            // Out of time is an end as well: the function is about to be killed,
            // and SHUTDOWN follows.
            let ended = timeout(longest, self.signals.ended(request_id));
            tokio::select! {
                _ = ended => {}
                () = terminate.asked() => {}
            }
        }
        self.drain(Draining::Live);
        let budget = self.budget().invocation(deadline_ms, self.rim.now_ms());
        self.deliver(budget).await;
    }

    /// The last flush. The writer is gone, so nothing is waited for; what cannot
    /// be delivered leaves as log lines.
    async fn finish(&mut self, reason: &str, deadline_ms: i64) {
        self.drain(Draining::Live);
        let now_ms = self.rim.now_ms();
        let budget = self.budget().shutdown(deadline_ms, now_ms);
        let trouble = self
            .pipeline
            .deliver_now(&mut self.put, budget, now_ms)
            .await;
        self.tell(&trouble);
        self.drain(Draining::Final);
        let Self { pipeline, rim, .. } = self;
        pipeline.spill(&mut |lines| rim.log.raw(lines));
        self.report(reason);
    }

    fn drain(&mut self, draining: Draining) {
        let now_ms = self.rim.now_ms();
        for news in self.pipeline.drain(draining, now_ms) {
            let detail = news.detail.unwrap_or_default();
            self.rim.say(
                Level::Warn,
                "points of a series are dropped and counted",
                &[
                    ("namespace", Value::Str(&news.series.namespace)),
                    ("metric", Value::Str(&news.series.name)),
                    ("reason", Value::Display(&news.refusal)),
                    ("detail", Value::Str(&detail)),
                ],
            );
        }
    }

    async fn deliver(&mut self, budget: Duration) {
        let now_ms = self.rim.now_ms();
        let trouble = self.pipeline.deliver(&mut self.put, budget, now_ms).await;
        self.tell(&trouble);
    }

    fn tell(&mut self, trouble: &Trouble) {
        if let Some(error) = &trouble.dropped {
            self.rim.say(
                Level::Error,
                "points were dropped and counted: CloudWatch did not take them",
                &[
                    ("points", Value::U64(trouble.points_dropped)),
                    ("code", Value::Str(&error.code)),
                    ("detail", Value::Str(&error.message)),
                ],
            );
        }
        let code = trouble.failed.as_ref().map(|error| error.code.clone());
        if code == self.told {
            return;
        }
        if let Some(error) = &trouble.failed {
            self.rim.say(
                Level::Warn,
                "failed to deliver metrics to CloudWatch; the points are kept in the journal",
                &[
                    ("code", Value::Str(&error.code)),
                    ("detail", Value::Str(&error.message)),
                ],
            );
        } else if self.pipeline.is_settled() {
            self.rim
                .say(Level::Info, "metrics are delivered again", &[]);
        } else {
            return;
        }
        self.told = code;
    }

    fn report(&mut self, reason: &str) {
        let tally = self.pipeline.tally();
        let journal = self.pipeline.journal_totals();
        let signals = self.signals.totals();
        let mut fields = vec![
            ("reason", Value::Str(reason)),
            ("points_recorded", Value::U64(tally.recorded)),
            ("points_delivered", Value::U64(tally.delivered)),
            ("points_emf", Value::U64(tally.emf)),
            ("points_dropped", Value::U64(tally.dropped.total())),
            ("torn", Value::U64(tally.torn)),
            ("put_requests", Value::U64(tally.put_requests)),
            ("put_errors", Value::U64(tally.put_errors)),
            ("put_unconfirmed", Value::U64(tally.put_unconfirmed)),
            ("journal_refused", Value::U64(journal.refused)),
            ("rings", Value::U64(signals.rings)),
            ("runtime_done", Value::U64(signals.runtime_done)),
            (
                "telemetry_malformed",
                Value::U64(signals.telemetry_malformed),
            ),
            ("logs_dropped", Value::U64(signals.logs_dropped)),
        ];
        let by_reason = tally.dropped.by_reason();
        let reasons = by_reason.iter().filter(|(_, count)| *count > 0);
        fields.extend(reasons.map(|&(name, count)| (name, Value::U64(count))));
        self.rim.say(Level::Info, "extension stopped", &fields);
    }
}

/// `/event/next`, tried again when it fails: an extension that leaves takes the
/// environment with it.
pub(super) async fn next(api: &Api) -> Result<Event, ApiError> {
    let mut failures = 0;
    loop {
        let error = match api.next().await {
            Ok(event) => return Ok(event),
            Err(error) => error,
        };
        failures += 1;
        if failures == MOST_FAILURES {
            return Err(error);
        }
        sleep(Duration::from_millis(20 << failures)).await;
    }
}

async fn tick(timer: Option<&mut Interval>) {
    match timer {
        Some(timer) => {
            timer.tick().await;
        }
        None => std::future::pending().await,
    }
}

/// SIGTERM and SIGINT, which emulators and terminals send instead of SHUTDOWN.
struct Terminate {
    signals: [Option<Signal>; 2],
    asked: bool,
}

impl Terminate {
    fn new() -> Self {
        let kinds = [SignalKind::terminate(), SignalKind::interrupt()];
        Self {
            signals: kinds.map(|kind| signal(kind).ok()),
            asked: false,
        }
    }

    /// Waits for one of them; once one came, at once.
    async fn asked(&mut self) {
        if !self.asked {
            let [terminate, interrupt] = &mut self.signals;
            tokio::select! {
                () = received(terminate.as_mut()) => {}
                () = received(interrupt.as_mut()) => {}
            }
            self.asked = true;
        }
    }
}

async fn received(signal: Option<&mut Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}
