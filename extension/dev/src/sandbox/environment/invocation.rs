//! One invocation: the event to the extension and to the runtime, the answer to the caller as
//! soon as there is one, and the end when both processes ask for the next.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::sleep_until;

use super::Caller;
use super::Setting;
use super::api::{MAX_ANSWER, Outcome, RuntimeAnswer};
use super::failure::{Failure, ShutdownReason};
use super::generation::{Generation, Init, Phase};
use super::protocol::Step;
use super::reply::Reply;
use crate::sandbox::moment::Moment;
use crate::sandbox::pool::Place;
use crate::sandbox::telemetry::Pace;
use crate::sandbox::telemetry::event::{self, Answered};
use crate::sandbox::trace::header::Tracing;

/// An invocation on its way through an environment.
#[derive(Debug)]
pub(crate) struct Job {
    /// Lambda's request id.
    pub(crate) request_id: String,
    /// The event.
    pub(crate) payload: Bytes,
    /// Its place in a trace.
    pub(crate) tracing: Tracing,
    /// `X-Amz-Client-Context`, decoded.
    pub(crate) client_context: Option<String>,
    /// When the call came in.
    pub(crate) received: Moment,
    /// What the caller is answered: 200, or 202 for an asynchronous call.
    pub(crate) status: u16,
    /// Links to the traces of the messages in the event.
    pub(crate) links: Vec<Value>,
    /// Whether the caller wants the tail of the logs, and so waits for the end.
    pub(crate) wants_tail: bool,
    /// Environments of the function that are busy, this one included.
    pub(crate) concurrent: usize,
    /// Takes the answer.
    pub(crate) caller: Option<Caller>,
    /// The place among the function's environments.
    pub(crate) place: Option<Place>,
    /// What the caller was told.
    pub(crate) verdict: Verdict,
}

/// What the caller was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing yet.
    Open,
    /// The handler's result.
    Answered,
    /// An error.
    Failed,
    /// That the time was over.
    TimedOut,
}

/// The answer for the caller.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The result, or the error's document.
    pub(crate) body: Bytes,
    /// Whether it is an error.
    pub(crate) failed: bool,
    /// The tail of the logs, if it was wanted.
    pub(crate) tail: Option<Vec<u8>>,
}

impl Job {
    /// Answers an invocation that no environment could take.
    pub(crate) fn refuse(&mut self, setting: &Setting, failure: &Failure) {
        setting.account.changed(crate::account::Change::Invocation);
        self.tell(failure.body(&self.request_id), Some(failure), None);
    }

    /// Makes room for another one.
    pub(crate) fn release(&mut self) {
        self.place = None;
    }

    pub(super) fn tell(&mut self, body: Bytes, failure: Option<&Failure>, tail: Option<Vec<u8>>) {
        self.verdict = match failure {
            None => Verdict::Answered,
            Some(Failure::Timeout(_)) => Verdict::TimedOut,
            Some(_) => Verdict::Failed,
        };
        // Before the caller hears: its next call may be here at once.
        if let Some(place) = &mut self.place {
            place.finishing();
        }
        if let Some(caller) = self.caller.take() {
            // A caller that went away needs no answer.
            let _ = caller.send(Answer {
                body,
                failed: failure.is_some(),
                tail,
            });
        }
    }
}

/// What is known of a running invocation.
#[derive(Debug)]
pub(super) struct Run {
    /// When the event went out.
    pub(super) started: Moment,
    /// The initialization, on a cold start.
    pub(super) init: Option<Init>,
    /// The restoring of a snapshot, on a cold start with SnapStart.
    pub(super) restore: Option<Duration>,
    /// The runtime's answer, for the caller.
    body: Option<Bytes>,
    /// When it came.
    pub(super) answered: Option<Answered>,
    /// When the runtime was done, counted from the start.
    pub(super) runtime_done: Option<Duration>,
    /// Whether the extension is done.
    extension_done: bool,
    /// What went wrong.
    pub(super) failure: Option<Failure>,
    /// Whether the event went out at all.
    pub(super) dispatched: bool,
}

impl Generation {
    /// Idle => (Idle | broken). Gives the reason for a reset, if there has to be one.
    pub(crate) async fn invoke(
        &mut self,
        job: &mut Job,
        init: Option<Init>,
        ending: &mut watch::Receiver<bool>,
    ) -> Option<ShutdownReason> {
        let mut run = self.begin(job, init);
        self.dispatch(job, &mut run);
        let timeout = self.setting.spec.timeout;
        let deadline = run.started.instant + timeout;
        let patience = self.setting.limits.patience;
        let cut = async {
            super::asked(ending).await;
            tokio::time::sleep(patience).await;
        };
        tokio::pin!(cut);
        while run.runtime_done.is_none() || !run.extension_done {
            let failure = tokio::select! {
                step = self.step() => self.take(step, job, &mut run).await,
                () = sleep_until(deadline.into()) => Some(Failure::Timeout(timeout)),
                () = &mut cut => Some(Failure::Ended),
            };
            if failure.is_some() {
                if matches!(failure, Some(Failure::Timeout(_))) && !run.extension_done {
                    self.setting.overrun();
                }
                run.failure = failure;
                break;
            }
        }
        self.conclude(job, run).await
    }

    /// Broken => broken. The invocation that a failed initialization was for.
    pub(crate) async fn invoke_failed(
        &mut self,
        job: &mut Job,
        init: Option<Init>,
        failure: Failure,
    ) -> Option<ShutdownReason> {
        let mut run = self.begin(job, init);
        run.failure = Some(failure);
        self.conclude(job, run).await
    }

    fn begin(&mut self, job: &Job, init: Option<Init>) -> Run {
        self.thaw();
        let started = Moment::now(&*self.setting.account.clock);
        self.telemetry.set_pace(Pace::Running);
        self.sink.begin(&job.request_id);
        self.sink.platform(format!(
            "START RequestId: {} Version: $LATEST",
            job.request_id
        ));
        let header = job.tracing.header();
        let of = job.of(&header);
        self.telemetry
            .emit(event::start(started.ms, &of, &self.setting.arn));
        let restore = self.restored.take();
        let run = Run {
            init,
            restore,
            ..Run::starting(started)
        };
        self.report_begun(job, &run);
        run
    }

    /// Gives the event to the extension, then to the runtime.
    fn dispatch(&mut self, job: &Job, run: &mut Run) {
        run.dispatched = true;
        self.phase = Phase::Invoking {
            request_id: job.request_id.clone(),
            answered: false,
        };
        let timeout = self.setting.spec.timeout.as_millis() as i64;
        let deadline_ms = run.started.ms + timeout;
        let trace = job.tracing.header();
        let arn = &self.setting.arn;
        if let Some(extension) = self.extension.as_mut().filter(|e| e.invoke) {
            run.extension_done = false;
            let event = json!({
                "eventType": "INVOKE",
                "deadlineMs": deadline_ms,
                "requestId": job.request_id,
                "invokedFunctionArn": arn,
                "tracing": {"type": "X-Amzn-Trace-Id", "value": trace},
            });
            extension
                .events
                .give(Reply::event(Bytes::from(event.to_string())));
        }
        self.give_to_runtime(job, deadline_ms);
    }

    pub(super) fn give_to_runtime(&mut self, job: &Job, deadline_ms: i64) {
        let mut reply = Reply::event(job.payload.clone())
            .with("lambda-runtime-aws-request-id", &job.request_id)
            .with("lambda-runtime-deadline-ms", &deadline_ms.to_string())
            .with("lambda-runtime-invoked-function-arn", &self.setting.arn)
            .with("lambda-runtime-trace-id", &job.tracing.header());
        if let Some(context) = &job.client_context {
            reply = reply.with("lambda-runtime-client-context", context);
        }
        self.runtime.give(reply);
    }

    /// One step; gives the failure that ends the invocation at once.
    async fn take(&mut self, step: Step, job: &mut Job, run: &mut Run) -> Option<Failure> {
        match step {
            Step::Answered(answer) => self.answered(*answer, job, run),
            Step::RuntimeReady => {
                // Its lines are telemetry that comes before runtimeDone.
                if let Some(function) = &self.function {
                    function.drained().await;
                }
                self.runtime_done(job, run);
            }
            Step::ExtensionReady => run.extension_done = true,
            Step::Registered => {}
            Step::Broken(failure) => return Some(failure),
        }
        None
    }

    pub(super) fn answered(&mut self, answer: RuntimeAnswer, job: &mut Job, run: &mut Run) {
        let (body, failure) = match answer.outcome {
            Outcome::Response(body) => (body, None),
            Outcome::TooLarge => {
                let failure = Failure::TooLarge;
                (failure.body(&job.request_id), Some(failure))
            }
            Outcome::Error(error) => (error.body.clone(), Some(Failure::Handler(error))),
        };
        let latency = answer.began.saturating_duration_since(run.started.instant);
        let transfer = answer.began.elapsed();
        let bytes = body.len().min(MAX_ANSWER);
        run.answered = Some(Answered {
            start: run.started,
            latency,
            transfer,
            bytes,
        });
        if job.wants_tail {
            run.body = Some(body);
        } else {
            job.tell(body, failure.as_ref(), None);
        }
        run.failure = failure;
    }

    fn runtime_done(&mut self, job: &Job, run: &mut Run) {
        let duration = run.started.instant.elapsed();
        run.runtime_done = Some(duration);
        let header = job.tracing.header();
        let now = self.setting.account.clock.now_ms();
        let ended = run.ended();
        let of = job.of(&header);
        let done = event::runtime_done(now, &of, ended, duration, run.answered.as_ref());
        self.telemetry.emit(done);
    }

    /// Stops what has to be stopped, tells the caller if that was not done yet, and reports.
    async fn conclude(&mut self, job: &mut Job, mut run: Run) -> Option<ShutdownReason> {
        let reset = run.failure.as_ref().and_then(Failure::reset);
        let used_mb = self.peak_mb();
        if let (Some(_), Some(function)) = (reset, &self.function) {
            function.kill();
            function.ended().await;
        }
        self.drained().await;
        let duration = match &run.failure {
            Some(Failure::Timeout(after)) => *after,
            _ => run.started.instant.elapsed(),
        };
        if let Some(failure) = &run.failure {
            let now = Moment::now(&*self.setting.account.clock).rfc3339();
            if let Some(line) = failure.line(&job.request_id, &now) {
                self.sink.platform(line);
            }
        }
        if run.runtime_done.is_none() && run.dispatched {
            self.runtime_done(job, &mut run);
        }
        let measured = event::Measured {
            duration,
            memory_mb: self.setting.spec.memory_mb,
            used_mb,
            init: run.init.map(|init| init.duration),
            restore: run.restore,
        };
        self.report_lines(job, &run, &measured);
        let tail = self.sink.finish();
        if job.verdict == Verdict::Open {
            let body = run.body.take();
            let failure = run.failure.as_ref();
            let body = body.or_else(|| failure.map(|failure| failure.body(&job.request_id)));
            let tail = job.wants_tail.then_some(tail);
            // There is a body or a failure: an invocation ends by one of them.
            job.tell(body.unwrap_or_default(), failure, tail);
        }
        self.report_ended(job, &run, &measured);
        self.phase = Phase::Idle;
        self.telemetry.set_pace(Pace::Frozen);
        reset
    }
}

impl Run {
    /// An invocation that begins now.
    pub(super) fn starting(started: Moment) -> Run {
        Run {
            started,
            init: None,
            restore: None,
            body: None,
            answered: None,
            runtime_done: None,
            extension_done: true,
            failure: None,
            dispatched: false,
        }
    }

    /// How telemetry calls the end, with the error's type.
    pub(super) fn ended(&self) -> (event::Status, Option<&str>) {
        match &self.failure {
            None => (event::Status::Success, None),
            Some(failure) => (failure.status(), Some(failure.kind())),
        }
    }
}

impl Job {
    /// The invocation as telemetry names it; `header` is the trace header of the runtime.
    pub(super) fn of<'a>(&'a self, header: &'a str) -> event::Of<'a> {
        let span = &self.tracing.function_id;
        event::Of {
            request_id: &self.request_id,
            trace: header,
            span,
        }
    }
}
