//! The extension's process, and a handler's end of the journal.

use std::{
    fs::OpenOptions,
    io::{BufRead, BufReader},
    os::unix::net::UnixDatagram,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::{self, JoinHandle},
};

use cloudvault_obs_core::{
    journal::{Journal, Writer},
    metric::{Kind, Resolution, Series, Unit},
};
use cloudvault_obs_extension::clock::{Clock, SystemClock};

use super::Fake;

/// Far enough away to never matter.
pub(crate) fn in_a_minute() -> i64 {
    SystemClock.now_ms() + 60_000
}

/// A running extension; killed when dropped.
pub(crate) struct Extension {
    child: Child,
    output: Option<JoinHandle<Vec<serde_json::Value>>>,
}

impl Extension {
    pub(crate) fn start(fake: &Fake, journal: &Path, more: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cloudvault-obs"));
        command
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", fake.address.to_string())
            .env("AWS_ENDPOINT_URL", format!("http://{}", fake.address))
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_ACCESS_KEY_ID", "key")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_SESSION_TOKEN", "token")
            .env("OBS_JOURNAL", journal)
            .stdout(Stdio::piped());
        for (name, value) in more {
            if value.is_empty() {
                command.env_remove(name);
            } else {
                command.env(name, value);
            }
        }
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let output = thread::spawn(move || {
            let read = |line: std::io::Result<String>| {
                let line = line.unwrap();
                serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}"))
            };
            stdout.lines().map(read).collect()
        });
        Self {
            child,
            output: Some(output),
        }
    }

    /// Asks it to end, as emulators do.
    pub(crate) fn terminate(&self) {
        let command = format!("kill -TERM {}", self.child.id());
        assert!(
            Command::new("sh")
                .args(["-c", &command])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Kills it as the kernel does, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end; gives the exit code and what it printed.
    pub(crate) fn end(mut self) -> (i32, Vec<serde_json::Value>) {
        let status = self.child.wait().unwrap();
        (
            status.code().unwrap(),
            self.output.take().unwrap().join().unwrap(),
        )
    }
}

impl Drop for Extension {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A handler that records.
pub(crate) struct Handler {
    writer: Writer,
    journal: PathBuf,
}

impl Handler {
    /// Attaches to the journal that the extension has made.
    pub(crate) fn attach(journal: &Path) -> Self {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(journal)
            .unwrap();
        let writer = Writer::attach(&Journal::open(&file).unwrap());
        Self {
            writer,
            journal: journal.to_owned(),
        }
    }

    pub(crate) fn record(&self, name: &str, value: f64) {
        self.record_at(name, value, SystemClock.now_ms());
    }

    pub(crate) fn record_at(&self, name: &str, value: f64, timestamp_ms: i64) {
        let series = Series {
            namespace: "Test".into(),
            name: name.into(),
            dimensions: vec![("service".into(), "x".repeat(200))],
            unit: Unit::Count,
            resolution: Resolution::Standard,
            kind: Kind::Histogram,
        };
        let id = self.writer.series(&series).unwrap();
        self.writer.record(id, value, timestamp_ms).unwrap();
    }

    /// Rings at the end of an invocation, as the library does.
    pub(crate) fn ring(&self, request_id: &str) {
        let path = cloudvault_obs_extension::intake::Doorbell::path(&self.journal);
        UnixDatagram::unbound()
            .unwrap()
            .send_to(request_id.as_bytes(), path)
            .unwrap();
    }
}
