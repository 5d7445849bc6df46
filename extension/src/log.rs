//! The extension's own log lines: JSON on the handle that main passes in.
//!
//! They are few by intent (start, trouble, end): on Lambda each one is billed.

use std::io::Write;

use cloudvault_obs_core::{
    json::{self, Value},
    time,
};

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Normal life.
    Info,
    /// Something is worse than asked; nothing is lost by it.
    Warn,
    /// Something cannot be done.
    Error,
}

impl Level {
    fn as_str(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// Writes log lines.
pub struct Log {
    out: Box<dyn Write>,
    service: String,
}

impl Log {
    /// Lines go to `out`, with `service` on each.
    pub fn new(out: Box<dyn Write>, service: &str) -> Self {
        Self {
            out,
            service: service.to_owned(),
        }
    }

    /// Writes one line. A handle that fails is not ours to report: there is
    /// nowhere left to say so.
    pub fn line(&mut self, now_ms: i64, level: Level, message: &str, fields: &[(&str, Value<'_>)]) {
        let mut line = Vec::with_capacity(256);
        line.extend_from_slice(b"{\"timestamp\":\"");
        time::rfc3339(&mut line, now_ms);
        line.extend_from_slice(b"\"");
        let fixed = [
            ("level", Value::Str(level.as_str())),
            ("message", Value::Str(message)),
            ("target", Value::Str("cloudvault_obs_extension")),
            ("service", Value::Str(&self.service)),
        ];
        for &(name, value) in fixed.iter().chain(fields) {
            json::key(&mut line, name);
            json::value(&mut line, value);
        }
        line.extend_from_slice(b"}\n");
        let _ = self.raw(&line);
    }

    /// Writes bytes as they are, in one piece.
    ///
    /// # Errors
    ///
    /// What the handle says.
    pub fn raw(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.out.write_all(bytes)?;
        self.out.flush()
    }
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log")
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}
