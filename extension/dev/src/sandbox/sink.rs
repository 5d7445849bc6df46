//! Where the lines of an environment go: the account's logs, the Telemetry API, the tail of
//! the invocation, and, if a line carries metrics, the account's metrics.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::emf;
use super::environment::Setting;
use super::ledger;
use super::telemetry::Telemetry;
use super::telemetry::event::{self, Kind};
use crate::store::LogRecord;

/// What `X-Amz-Log-Result` holds: the last 4 KB.
const TAIL: usize = 4096;

/// The lines of one generation of an environment.
#[derive(Debug)]
pub(crate) struct Sink {
    setting: Arc<Setting>,
    telemetry: Arc<Telemetry>,
    /// The environment's log stream.
    stream: String,
    current: Mutex<Current>,
}

/// The invocation that lines belong to.
#[derive(Debug, Default)]
struct Current {
    request_id: Option<String>,
    tail: Vec<u8>,
}

impl Sink {
    /// A sink with no invocation yet.
    pub(crate) fn new(setting: Arc<Setting>, telemetry: Arc<Telemetry>, stream: String) -> Sink {
        Sink {
            setting,
            telemetry,
            stream,
            current: Mutex::default(),
        }
    }

    /// The log stream that the lines go to.
    pub(crate) fn stream(&self) -> &str {
        &self.stream
    }

    /// Lines belong to this invocation from now on.
    pub(crate) fn begin(&self, request_id: &str) {
        *self.current() = Current {
            request_id: Some(request_id.to_owned()),
            tail: Vec::new(),
        };
    }

    /// The invocation is over; gives the tail of its lines.
    pub(crate) fn finish(&self) -> Vec<u8> {
        std::mem::take(&mut *self.current()).tail
    }

    /// A line that a process wrote.
    pub(crate) fn written(&self, kind: Kind, line: String) {
        let now = self.setting.account.clock.now_ms();
        self.telemetry.emit(event::line(now, kind, &line));
        let extraction = emf::extract(&line, now);
        self.keep(now, line);
        if let Some(extraction) = extraction {
            for problem in ledger::embedded(&self.setting, now, extraction) {
                self.keep(now, format!("EMF refused: {problem}"));
            }
        }
    }

    /// A line of Lambda itself, such as START or REPORT.
    pub(crate) fn platform(&self, line: String) {
        self.keep(self.setting.account.clock.now_ms(), line);
    }

    fn keep(&self, time_ms: i64, line: String) {
        let request_id = {
            let mut current = self.current();
            if current.request_id.is_some() {
                append(&mut current.tail, &line);
            }
            current.request_id.clone()
        };
        let function = self.setting.spec.name.clone();
        let record = LogRecord {
            time_ms,
            function,
            stream: self.stream.clone(),
            request_id,
            line,
        };
        self.setting.kept(self.setting.account.log(&record));
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Appends a line and cuts the front so that 4 KB remain.
fn append(tail: &mut Vec<u8>, line: &str) {
    let line = line.as_bytes();
    tail.extend_from_slice(&line[line.len().saturating_sub(TAIL)..]);
    tail.push(b'\n');
    let over = tail.len().saturating_sub(TAIL);
    tail.drain(..over);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_last_4_kb() {
        let mut tail = Vec::new();
        append(&mut tail, "START");
        assert_eq!(tail, b"START\n");
        append(&mut tail, &"x".repeat(10_000));
        append(&mut tail, "END");
        assert_eq!(tail.len(), TAIL);
        assert!(tail.ends_with(b"xx\nEND\n"));
    }
}
