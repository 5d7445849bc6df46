//! What tells that an invocation has ended: the library's doorbell and the
//! platform's runtimeDone. Either is enough, neither is relied on alone, and the
//! deadline stands behind both.

use std::{collections::VecDeque, future::pending};

use tokio::sync::mpsc;

use crate::{
    intake::Doorbell,
    telemetry::{Event, Parsed, What},
};

/// Ends that came before their invocation was announced: the runtime may be
/// quicker than `/event/next`. A handful is plenty, one at a time runs.
const REMEMBERED: usize = 64;
/// Telemetry that nobody has asked for yet. A flood costs its own tail, counted.
const MOST_HEARD: usize = 4096;

/// The signals of one process.
#[derive(Debug)]
pub struct Signals {
    doorbell: Option<Doorbell>,
    telemetry: Option<mpsc::Receiver<Parsed>>,
    ended: VecDeque<String>,
    heard: Vec<Event>,
    doorbell_rang: bool,
    telemetry_came: bool,
    totals: SignalTotals,
}

/// What came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SignalTotals {
    /// Rings of the doorbell.
    pub rings: u64,
    /// Records of telemetry that told an end: runtimeDone, and the report after it.
    pub runtime_done: u64,
    /// Telemetry records that cannot be read.
    pub telemetry_malformed: u64,
    /// Log records that Lambda says it dropped.
    pub logs_dropped: u64,
    /// Telemetry records that came faster than they were taken.
    pub telemetry_overflowed: u64,
}

impl Signals {
    /// Listens to what there is.
    #[must_use]
    pub fn new(doorbell: Option<Doorbell>, telemetry: Option<mpsc::Receiver<Parsed>>) -> Self {
        Self {
            doorbell,
            telemetry,
            ended: VecDeque::new(),
            heard: Vec::new(),
            doorbell_rang: false,
            telemetry_came: false,
            totals: SignalTotals::default(),
        }
    }

    /// Whether it is worth waiting for the end of an invocation. Without
    /// telemetry, and with a function that has never rung (it may not use the
    /// library at all), waiting would hold every invocation until its deadline.
    #[must_use]
    pub fn can_tell(&self) -> bool {
        self.has_telemetry() || self.doorbell_rang
    }

    /// Whether telemetry is delivered.
    #[must_use]
    pub fn has_telemetry(&self) -> bool {
        self.telemetry.is_some()
    }

    /// Whether telemetry has been delivered: an emulator may accept the
    /// subscription and never send a record.
    #[must_use]
    pub fn telemetry_came(&self) -> bool {
        self.telemetry_came
    }

    /// What came in so far.
    #[must_use]
    pub fn totals(&self) -> SignalTotals {
        self.totals
    }

    /// Waits until the invocation `request_id` has ended.
    pub async fn ended(&mut self, request_id: &str) {
        while !self.has_ended(request_id) {
            self.next().await;
        }
    }

    /// An invocation that was announced without an id has ended when any has: it
    /// must not be held until its deadline.
    fn has_ended(&self, request_id: &str) -> bool {
        self.ended
            .iter()
            .any(|id| id == request_id || request_id.is_empty())
    }

    /// Waits for one more signal, and remembers it. May be dropped while it
    /// waits: nothing is lost.
    pub async fn next(&mut self) {
        let Self {
            doorbell,
            telemetry,
            ..
        } = self;
        tokio::select! {
            request_id = ring(doorbell.as_ref()) => {
                self.totals.rings += 1;
                self.doorbell_rang = true;
                self.remember(request_id);
            }
            parsed = deliver(telemetry.as_mut()) => self.take(parsed),
        }
    }

    fn take(&mut self, parsed: Parsed) {
        self.telemetry_came = true;
        self.totals.telemetry_malformed += parsed.malformed;
        for event in parsed.events {
            match &event.what {
                // On Managed Instances the report stands in for runtimeDone.
                What::RuntimeDone { ended, .. } | What::Report { ended, .. } => {
                    self.totals.runtime_done += 1;
                    self.remember(ended.request_id.clone());
                }
                What::LogsDropped { records } => {
                    self.totals.logs_dropped = self.totals.logs_dropped.saturating_add(*records);
                }
                What::InitReport { .. } | What::RestoreReport { .. } | What::Start { .. } => {}
            }
            if self.heard.len() < MOST_HEARD {
                self.heard.push(event);
            } else {
                self.totals.telemetry_overflowed += 1;
            }
        }
    }

    /// The telemetry that came since the last call.
    pub fn heard(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.heard)
    }

    fn remember(&mut self, request_id: String) {
        if self.ended.contains(&request_id) {
            return;
        }
        if self.ended.len() == REMEMBERED {
            self.ended.pop_front();
        }
        self.ended.push_back(request_id);
    }
}

async fn ring(doorbell: Option<&Doorbell>) -> String {
    match doorbell {
        Some(doorbell) => match doorbell.ring().await {
            Ok(request_id) => request_id,
            // The socket is broken; the other signals are not.
            Err(_) => pending().await,
        },
        None => pending().await,
    }
}

async fn deliver(telemetry: Option<&mut mpsc::Receiver<Parsed>>) -> Parsed {
    match telemetry {
        Some(telemetry) => match telemetry.recv().await {
            Some(parsed) => parsed,
            None => pending().await,
        },
        None => pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::parse;

    fn runtime_done(id: &str) -> Parsed {
        let record =
            format!(r#"[{{"type":"platform.runtimeDone","record":{{"requestId":"{id}"}}}}]"#);
        parse(record.as_bytes())
    }

    #[tokio::test]
    async fn an_end_that_comes_before_its_invocation_is_remembered() {
        let (sender, receiver) = mpsc::channel(4);
        let mut signals = Signals::new(None, Some(receiver));
        sender.send(runtime_done("b")).await.unwrap();
        sender.send(runtime_done("a")).await.unwrap();
        signals.ended("a").await;
        signals.ended("b").await;
        assert_eq!(signals.totals().runtime_done, 2);
    }

    #[tokio::test]
    async fn either_signal_ends_the_wait() {
        let dir = tempfile::tempdir().unwrap();
        let journal = dir.path().join("journal");
        let (sender, receiver) = mpsc::channel(4);
        let mut signals = Signals::new(Some(Doorbell::bind(&journal).unwrap()), Some(receiver));
        let bell = tokio::net::UnixDatagram::unbound().unwrap();
        bell.send_to(b"first", Doorbell::path(&journal))
            .await
            .unwrap();
        signals.ended("first").await;
        sender.send(runtime_done("second")).await.unwrap();
        signals.ended("second").await;
    }

    #[tokio::test]
    async fn a_function_that_never_rang_is_not_waited_for_without_telemetry() {
        let dir = tempfile::tempdir().unwrap();
        let journal = dir.path().join("journal");
        let mut signals = Signals::new(Some(Doorbell::bind(&journal).unwrap()), None);
        assert!(!signals.can_tell());
        let bell = tokio::net::UnixDatagram::unbound().unwrap();
        bell.send_to(b"first", Doorbell::path(&journal))
            .await
            .unwrap();
        signals.next().await;
        assert!(signals.can_tell());
    }
}
