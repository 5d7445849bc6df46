//! Frozen and thawed: what happens to processes and connections between invocations, and
//! when a snapshot is restored.

use std::time::Instant;

use bytes::Bytes;

use super::generation::Generation;
use super::process::Process;
use super::reply::Reply;
use super::state::Shown;
use crate::options::{Freeze, Initialization};
use crate::sandbox::moment::Moment;
use crate::sandbox::telemetry::Pace;
use crate::sandbox::telemetry::event;

impl Generation {
    /// Whether it comes to life from a snapshot.
    pub(crate) fn is_snapshot(&self) -> bool {
        self.setting.spec.initialization == Initialization::SnapStart
    }

    /// Idle => Idle. The snapshot is taken, and restored as another environment's: what
    /// was connected is not.
    pub(crate) fn restore(&mut self, shown: &Shown) {
        self.freeze();
        let started = Moment::now(&*self.setting.account.clock);
        self.telemetry.set_pace(Pace::Running);
        self.telemetry
            .emit(event::restore_start(started.ms, &self.named(&shown.id())));
        if let Some(relay) = &self.relay {
            relay.drop_all();
        }
        self.thaw();
        if self.restoring.is_waiting() {
            self.restoring.give(Reply::event(Bytes::from_static(b"{}")));
        }
        let duration = started.instant.elapsed();
        let now = self.setting.account.clock.now_ms();
        self.telemetry.emit(event::restore_runtime_done(now));
        self.telemetry.emit(event::restore_report(now, duration));
        self.restored = Some(duration);
    }

    /// Stops the processes, as Lambda does between invocations.
    pub(crate) fn freeze(&mut self) {
        if self.setting.freeze == Freeze::Off {
            return;
        }
        self.frozen = Some(Instant::now());
        for process in self.processes() {
            process.freeze();
        }
    }

    /// Lets the processes go on; after a long pause their connections are gone.
    pub(crate) fn thaw(&mut self) {
        let Some(since) = self.frozen.take() else {
            return;
        };
        if let (Some(relay), Freeze::DropAfter(limit)) = (&self.relay, self.setting.freeze)
            && since.elapsed() >= limit
        {
            relay.drop_all();
        }
        for process in self.processes() {
            process.thaw();
        }
    }

    fn processes(&self) -> impl Iterator<Item = &Process> {
        let extension = self.extension.as_ref().map(|e| &e.process);
        self.function.iter().chain(extension)
    }
}
