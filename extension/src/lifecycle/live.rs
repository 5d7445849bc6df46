//! The extension at work: an event, the end of the invocation, a flush, the next
//! event.

use std::time::Duration;

use cloudvault_obs_core::{journal::Draining, json::Value};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep, sleep_until};

use super::{
    Api, ApiError, Event, report,
    run::{Rim, exit},
    signals::Signals,
    sources::Sources,
    tell::Told,
    terminate::Terminate,
    waits::{LOOK, at, gone, next, tick},
};
use crate::{
    clock::Moment,
    cloudwatch::Put,
    config::{Config, Mode},
    credentials::Credentials,
    flush::{Budget, Deadline, Pipeline, Stop, Trouble},
    intake::Writing,
    log::Level,
};

/// Lambda gives an extension 2 s at SHUTDOWN; an emulator's SIGTERM gets the same.
const SHUTDOWN_MS: i64 = 2_000;
/// By then the request for the first event has left.
const PREPARE: Duration = Duration::from_millis(2);

/// Everything the loop needs.
pub(super) struct Live<'a, P> {
    pub(super) api: &'a Api,
    pub(super) config: &'a Config,
    pub(super) rim: &'a mut Rim,
    pub(super) pipeline: Pipeline,
    pub(super) signals: Signals,
    /// Points that do not come by the journal.
    pub(super) sources: Sources,
    pub(super) credentials: Credentials,
    /// Tells whether a handler's library lives.
    pub(super) writing: Writing,
    /// Whether the last invocation's end was not heard.
    pub(super) gave_up: bool,
    pub(super) put: P,
    pub(super) told: Told,
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
        let mut is_copy = self.config.mode == Mode::SnapStart;
        loop {
            match self.event(timer.as_mut(), &mut terminate).await {
                Ok(Event::Invoke {
                    request_id,
                    deadline_ms,
                }) => {
                    if std::mem::take(&mut is_copy) {
                        self.restored();
                    }
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

    /// The first invocation after SnapStart: the snapshot was made before it, and
    /// every copy would wait alike, sign alike, and use a connection that is not
    /// its own. The clock is read whenever it is needed, so it needs nothing.
    fn restored(&mut self) {
        self.credentials.renew();
        self.put.reconnect();
        self.pipeline.renew(seed(self.rim.now()));
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
                    // For an invocation that was given up on, or for one that is about
                    // to be announced: then there is an event in a moment.
                    let late = self.config.mode != Mode::ManagedInstances
                        && self.gave_up
                        && !self.signals.telemetry_came();
                    if late {
                        tokio::select! {
                            event = &mut next => return event,
                            () = sleep(LOOK) => {}
                        }
                    }
                    late
                }
            };
            if !flush {
                continue;
            }
            self.drain(Draining::Live);
            let (now, budget, stop) = (self.rim.now(), self.budget().between(), Stop::default());
            let (trouble, event) = {
                let mut flush =
                    std::pin::pin!(self.pipeline.deliver(&mut self.put, budget, now, &stop));
                tokio::select! {
                    biased;
                    trouble = &mut flush => (trouble, None),
                    event = &mut next => {
                        // An invocation has its own time; SHUTDOWN has two seconds.
                        if !matches!(event, Ok(Event::Invoke { .. })) {
                            stop.ask();
                        }
                        (flush.await, Some(event))
                    }
                }
            };
            self.tell(&trouble);
            if let Some(event) = event {
                return event;
            }
        }
    }

    /// Goes along with an invocation: flushes beside it, waits for its end, and
    /// flushes then, as the policy has it and within the deadline.
    async fn invocation(&mut self, request_id: &str, deadline_ms: i64, terminate: &mut Terminate) {
        let now = self.rim.now();
        let deadline = Deadline::told(deadline_ms, now);
        self.pipeline.schedule().invoked(now);
        self.sources.begin(request_id);
        self.drain(Draining::Live);
        let at_start = self.pipeline.schedule().at_start(now) || self.pipeline.is_pressed();
        // Nobody has rung yet, but a library that is attached will.
        let will_ring = !self.signals.can_tell() && self.writing.is_held();
        if self.signals.can_tell() || will_ring {
            let beside = Beside {
                request_id,
                deadline,
                will_ring,
                at_start,
            };
            self.gave_up = !self.beside(&beside, terminate).await;
        } else {
            self.gave_up = true;
            if at_start {
                let budget = self.budget().invocation(deadline, now);
                self.deliver(budget).await;
            }
        }
        let ended = self.rim.now();
        self.sources.end(ended.wall_ms);
        self.drain(Draining::Live);
        if self.pipeline.schedule().at_end(ended) || self.pipeline.is_pressed() {
            let budget = self.budget().invocation(deadline, ended);
            self.deliver(budget).await;
        }
        let by_ms = self.rim.now().mono_ms.saturating_sub(ended.mono_ms);
        self.pipeline.prolonged(by_ms.unsigned_abs());
    }

    /// Waits until the invocation has ended, or its time has, and meanwhile
    /// flushes when the policy wants that. Out of time is an end as well: the
    /// function is about to be killed, and SHUTDOWN follows. Tells whether the
    /// invocation's own end was heard.
    async fn beside(&mut self, beside: &Beside<'_>, terminate: &mut Terminate) -> bool {
        let over = Instant::now() + self.budget().until(beside.deadline, self.rim.now());
        let every = self.pipeline.schedule().meanwhile();
        let mut due = match every {
            _ if beside.at_start => Some(Instant::now()),
            every => every.map(|every| Instant::now() + every),
        };
        loop {
            tokio::select! {
                biased;
                () = self.signals.ended(beside.request_id) => return true,
                () = terminate.asked() => return false,
                () = gone(&self.writing), if beside.will_ring => return false,
                () = sleep_until(over) => return false,
                () = at(due) => {}
            }
            self.drain(Draining::Live);
            let (now, stop) = (self.rim.now(), Stop::default());
            let budget = self.budget().invocation(beside.deadline, now);
            let (trouble, ended) = {
                let mut flush =
                    std::pin::pin!(self.pipeline.deliver(&mut self.put, budget, now, &stop));
                tokio::select! {
                    trouble = &mut flush => (trouble, false),
                    () = self.signals.ended(beside.request_id) => {
                        // From here on its time is somebody's.
                        stop.ask();
                        (flush.await, true)
                    }
                }
            };
            self.tell(&trouble);
            if ended {
                return true;
            }
            due = every.map(|every| Instant::now() + every);
        }
    }

    /// The last flush. The writer is gone, so nothing is waited for; what cannot
    /// be delivered leaves as log lines.
    async fn finish(&mut self, reason: &str, deadline_ms: i64) {
        self.sources.shut_down(reason, self.rim.now_ms());
        self.drain(Draining::Live);
        let now = self.rim.now();
        let deadline = Deadline::of_shutdown(deadline_ms, now);
        let budget = self.budget();
        let trouble = self
            .pipeline
            .deliver_now(
                &mut self.put,
                budget.shutdown(deadline, now),
                now,
                &Stop::default(),
            )
            .await;
        self.tell(&trouble);
        self.drain(Draining::Final);
        let Self { pipeline, rim, .. } = self;
        let (clock, log) = (&rim.clock, &mut rim.log);
        let in_time = || !budget.until(deadline, clock.now()).is_zero();
        pipeline.spill(now.wall_ms, &in_time, &mut |lines| log.raw(lines));
        self.report(reason);
    }

    fn drain(&mut self, draining: Draining) {
        let now = self.rim.now();
        for news in self.pipeline.drain(draining, now) {
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
        let heard = self.signals.heard();
        for sample in self.sources.take(&heard, now.wall_ms) {
            let point = (sample.value, sample.count);
            self.pipeline
                .record(&sample.series, point, sample.timestamp_ms, now);
        }
    }

    async fn deliver(&mut self, budget: Duration) {
        let (now, stop) = (self.rim.now(), Stop::default());
        let trouble = self
            .pipeline
            .deliver(&mut self.put, budget, now, &stop)
            .await;
        self.tell(&trouble);
    }

    fn tell(&mut self, trouble: &Trouble) {
        self.told.tell(self.rim, &mut self.pipeline, trouble);
    }

    fn report(&mut self, reason: &str) {
        let (reading, left) = (self.pipeline.reading(), self.pipeline.left());
        let segments_left = self.pipeline.segments_left();
        let mut fields = vec![("reason", Value::Str(reason))];
        fields.extend(report::of_points(&reading, left));
        fields.extend(report::of_segments(&reading, segments_left));
        fields.extend(report::of_signals(&self.signals.totals()));
        fields.extend(report::of_sources(&self.sources.totals()));
        self.rim.say(Level::Info, "extension stopped", &fields);
    }
}

/// What tells this environment's waits from those of others: the kernel's chance,
/// which it renews in every copy.
pub(super) fn seed(now: Moment) -> u64 {
    let mut chance = [0; 8];
    let _ = rustix::rand::getrandom(&mut chance, rustix::rand::GetRandomFlags::NONBLOCK);
    u64::from_le_bytes(chance) ^ now.wall_ms.cast_unsigned()
}

/// One invocation, seen from beside it.
struct Beside<'a> {
    request_id: &'a str,
    deadline: Deadline,
    /// Only the lock tells that somebody will ring.
    will_ring: bool,
    /// Whether to flush at once.
    at_start: bool,
}
