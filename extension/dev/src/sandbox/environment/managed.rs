//! Lambda Managed Instances: one environment works on several invocations at a time. It is
//! never frozen, the extension hears of no invocation, and a deadline that passes ends the
//! invocation and not the environment.

use std::time::Instant;

use tokio::time::sleep_until;

use super::failure::Failure;
use super::generation::{Generation, Phase};
use super::invocation::{Job, Run};
use super::protocol::Step;
use super::state::EnvironmentState;
use super::{Inside, asked};
use crate::sandbox::moment::Moment;
use crate::sandbox::telemetry::event;

/// An invocation beside others.
#[derive(Debug)]
struct Open {
    job: Job,
    run: Run,
    deadline: Instant,
}

impl Inside {
    /// (Init =>) Invoking => (Idle | Resetting). From the first job until none is open.
    pub(super) async fn serve_together(&mut self, first: Job) {
        let ready = match self.generation {
            Some(_) => Ok(()),
            None => self.start().await.1,
        };
        let mut open = Vec::new();
        let failure = match ready {
            Ok(()) => {
                self.shown.enter(EnvironmentState::Invoking);
                self.serve_open(first, &mut open).await
            }
            Err(failure) => {
                let started = Moment::now(&*self.setting.account.clock);
                open.push(Open {
                    job: first,
                    run: Run::starting(started),
                    deadline: started.instant,
                });
                Some(failure)
            }
        };
        if let Some(failure) = failure {
            for one in open {
                self.give_up(one, failure.clone());
            }
            if let Some(reason) = failure.reset() {
                self.reset(reason).await;
            }
        }
        self.shown.enter(EnvironmentState::Idle);
    }

    /// Gives the failure that ends all that is open.
    async fn serve_open(&mut self, first: Job, open: &mut Vec<Open>) -> Option<Failure> {
        let mut ending = self.ending.clone();
        let patience = self.setting.limits.patience;
        let cut = async {
            asked(&mut ending).await;
            tokio::time::sleep(patience).await;
        };
        tokio::pin!(cut);
        let mut next = Some(first);
        loop {
            let generation = self.generation.as_mut()?;
            if let Some(job) = next.take() {
                self.shown.invoked();
                open.push(generation.admit(job));
            }
            let deadline = open.iter().map(|one| one.deadline).min()?;
            tokio::select! {
                job = self.jobs.recv() => next = job,
                step = generation.step() => match step {
                    Step::Answered(answer) => {
                        let of = |one: &Open| one.job.request_id == answer.request_id;
                        if let Some(index) = open.iter().position(of) {
                            let mut one = open.swap_remove(index);
                            generation.answered(*answer, &mut one.job, &mut one.run);
                            self.finish(one);
                        }
                    }
                    Step::Broken(failure) => return Some(failure),
                    Step::RuntimeReady | Step::ExtensionReady | Step::Registered => {}
                },
                () = sleep_until(deadline.into()) => {
                    let late = open.extract_if(.., |one| one.deadline <= deadline);
                    for one in late.collect::<Vec<_>>() {
                        self.give_up(one, Failure::Timeout(self.setting.spec.timeout));
                    }
                }
                () = &mut cut => return Some(Failure::Ended),
            }
        }
    }

    fn give_up(&mut self, mut one: Open, failure: Failure) {
        let body = failure.body(&one.job.request_id);
        one.job.tell(body, Some(&failure), None);
        one.run.failure = Some(failure);
        self.finish(one);
    }

    /// Reports an invocation, and makes room for another one.
    fn finish(&mut self, mut one: Open) {
        if let Some(generation) = &mut self.generation {
            generation.close(&one);
        }
        self.pool.count(&one.job);
        self.outside.free(1);
        one.job.release();
    }
}

impl Generation {
    /// Gives an invocation to the runtime, beside those that it has.
    fn admit(&mut self, mut job: Job) -> Open {
        // Nobody can tell whose line is whose.
        job.wants_tail = false;
        let started = Moment::now(&*self.setting.account.clock);
        let header = job.tracing.header();
        self.telemetry.emit(event::start(
            started.ms,
            &job.of(&header),
            &self.setting.arn,
        ));
        let run = Run::starting(started);
        self.report_begun(&job, &run);
        if let Phase::Serving(open) = &mut self.phase {
            open.insert(job.request_id.clone());
        }
        let timeout = self.setting.spec.timeout;
        self.give_to_runtime(&job, started.ms + timeout.as_millis() as i64);
        Open {
            job,
            run,
            deadline: started.instant + timeout,
        }
    }

    fn close(&mut self, one: &Open) {
        if let Phase::Serving(open) = &mut self.phase {
            open.remove(&one.job.request_id);
        }
        let duration = one.run.started.instant.elapsed();
        let header = one.job.tracing.header();
        let now = self.setting.account.clock.now_ms();
        let report = event::managed_report(now, &one.job.of(&header), one.run.ended(), duration);
        self.telemetry.emit(report);
        let measured = event::Measured {
            duration,
            memory_mb: self.setting.spec.memory_mb,
            used_mb: self.peak_mb(),
            init: None,
            restore: None,
        };
        self.report_ended(&one.job, &one.run, &measured);
    }
}
