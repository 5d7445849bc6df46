//! What Lambda itself says about an invocation: the END and REPORT lines, the report of the
//! telemetry, its two segments, its metrics.

use std::time::Duration;

use serde_json::Value;

use super::failure::Failure;
use super::generation::{Generation, Init};
use super::invocation::{Job, Run, Verdict};
use crate::account::Change;
use crate::sandbox::ledger::{self, Invoked};
use crate::sandbox::moment::milliseconds;
use crate::sandbox::telemetry::event::{self, Measured, Status};
use crate::sandbox::trace::document::{self, Ending, Span, Subject, Times};

impl Generation {
    /// How the initialization went, in log and telemetry.
    pub(super) fn report_init(&self, duration: Duration, failure: Option<&Failure>) {
        let now = self.setting.account.clock.now_ms();
        if let Some(extension) = self.extension.as_ref().filter(|e| e.identifier.is_some()) {
            let events = extension.subscribed();
            let state = if failure.is_none() {
                "Ready"
            } else {
                "Registered"
            };
            self.telemetry
                .emit(event::extension(now, &extension.name, state, &events));
            self.sink.platform(format!(
                "EXTENSION\tName: {}\tState: {state}\tEvents: [{}]",
                extension.name,
                events.join(", ")
            ));
        }
        let (status, kind) = match failure {
            None => (Status::Success, None),
            Some(failure) => (failure.status(), Some(failure.kind())),
        };
        if let Some(kind) = kind {
            self.telemetry
                .emit(self.init_runtime_done(now, status, Some(kind)));
            self.sink.platform(format!(
                "INIT_REPORT Init Duration: {:.2} ms\tPhase: init\tStatus: {}\tError Type: {kind}",
                duration.as_secs_f64() * 1000.0,
                status.as_str()
            ));
        }
        let initialization = self.setting.spec.initialization.as_str();
        self.telemetry.emit(event::init_report(
            now,
            initialization,
            status,
            kind,
            duration,
        ));
    }

    pub(super) fn init_runtime_done(
        &self,
        now: i64,
        status: Status,
        kind: Option<&str>,
    ) -> event::Event {
        let initialization = self.setting.spec.initialization.as_str();
        event::init_runtime_done(now, initialization, status, kind)
    }

    /// The in-progress documents of a sampled invocation.
    pub(super) fn report_begun(&self, job: &Job, run: &Run) {
        if !job.tracing.sampled {
            return;
        }
        let start = run.started.seconds();
        let invocation = Some(Span { start, end: start });
        let times = self.times(job, run, invocation, start);
        self.put(document::begun(
            &job.tracing,
            &self.subject(job, run),
            &times,
        ));
    }

    /// END and REPORT, and the telemetry's report.
    pub(super) fn report_lines(&self, job: &Job, run: &Run, measured: &Measured) {
        let request_id = &job.request_id;
        self.sink.platform(format!("END RequestId: {request_id}"));
        self.sink.platform(report_line(job, run, measured));
        let header = job.tracing.header();
        let now = self.setting.account.clock.now_ms();
        self.telemetry
            .emit(event::report(now, &job.of(&header), run.ended(), measured));
    }

    /// The complete documents and the metrics.
    pub(super) fn report_ended(&self, job: &Job, run: &Run, measured: &Measured) {
        let failed = matches!(job.verdict, Verdict::Failed | Verdict::TimedOut);
        let invoked = Invoked {
            at: run.started.ms,
            duration_ms: milliseconds(measured.duration),
            failed,
            concurrent: job.concurrent,
        };
        ledger::invoked(&self.setting, &invoked);
        if !job.tracing.sampled {
            return;
        }
        let started = run.started;
        let done = run.runtime_done.map(|done| Span {
            start: started.seconds(),
            end: started.seconds_after(done),
        });
        let end = started.seconds_after(started.instant.elapsed());
        let times = self.times(job, run, done, end);
        let ending = match &run.failure {
            None => Ending::Answered,
            Some(failure) => Ending::Fault(failure.cause()),
        };
        self.put(document::ended(
            &job.tracing,
            &self.subject(job, run),
            &times,
            &ending,
        ));
    }

    fn times(&self, job: &Job, run: &Run, invocation: Option<Span>, end: f64) -> Times {
        let received = job.received.seconds();
        let span = |init: Init| Span {
            start: init.started.seconds(),
            end: init.started.seconds_after(init.duration),
        };
        Times {
            received,
            init: run.init.map(span),
            invocation,
            end,
        }
    }

    fn subject(&self, job: &Job, run: &Run) -> Subject {
        Subject {
            name: self.setting.spec.name.clone(),
            arn: self.setting.arn.clone(),
            account_id: self.setting.account.account_id.clone(),
            request_id: job.request_id.clone(),
            cold: run.init.is_some(),
            status: job.status,
            links: job.links.clone(),
        }
    }

    fn put(&self, documents: [Value; 2]) {
        for document in documents {
            self.setting
                .kept(self.setting.account.store.put_segment(&document));
        }
        self.setting.account.changed(Change::Trace);
    }
}

/// The REPORT line, with Lambda's tabs.
fn report_line(job: &Job, run: &Run, measured: &Measured) -> String {
    let mut line = format!(
        "REPORT RequestId: {}\tDuration: {:.2} ms\tBilled Duration: {} ms\tMemory Size: {} MB\t\
         Max Memory Used: {} MB",
        job.request_id,
        milliseconds(measured.duration),
        measured.billed_ms(),
        measured.memory_mb,
        measured.used_mb,
    );
    if let Some(init) = measured.init {
        line.push_str(&format!("\tInit Duration: {:.2} ms", milliseconds(init)));
    }
    if let Some(restore) = measured.restore {
        line.push_str(&format!(
            "\tRestore Duration: {:.2} ms",
            milliseconds(restore)
        ));
    }
    let tracing = &job.tracing;
    if tracing.sampled {
        line.push_str(&format!(
            "\tXRAY TraceId: {}\tSegmentId: {}\tSampled: true",
            tracing.trace_id, tracing.function_id
        ));
    }
    match run.ended() {
        (Status::Success, _) => {}
        (Status::Timeout, _) => line.push_str("\tStatus: timeout"),
        (Status::Error, kind) => {
            line.push_str(&format!(
                "\tStatus: error\tError Type: {}",
                kind.unwrap_or_default()
            ));
        }
    }
    line
}
