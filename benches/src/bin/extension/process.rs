//! One extension between a small Lambda and a small CloudWatch, and a handler's end
//! of its journal.

use std::{
    fs::{self, File},
    io,
    os::unix::net::UnixDatagram,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use cloudvault_obs_core::{
    journal::{Journal, Layout, SeriesId, Writer},
    metric::{Kind, Resolution, Series, Unit},
};

use crate::{
    cloudwatch::CloudWatch,
    lambda::{Lambda, now_ms},
};

/// A running extension; killed when dropped.
pub(crate) struct Extension {
    pub(crate) lambda: Lambda,
    pub(crate) cloudwatch: CloudWatch,
    child: Child,
    writer: Writer,
    bell: UnixDatagram,
    journal: PathBuf,
    pub(crate) started: Instant,
    /// The library's lock: somebody will ring.
    _writing: File,
    _dir: tempfile::TempDir,
}

pub(crate) fn series(name: String, kind: Kind) -> Series {
    Series {
        namespace: "N".into(),
        name,
        dimensions: Vec::new(),
        unit: Unit::Count,
        resolution: Resolution::Standard,
        kind,
    }
}

impl Extension {
    /// Starts `layer` with `prepare` done to its journal before.
    pub(crate) fn start(layer: &Path, prepare: impl FnOnce(&Writer)) -> io::Result<Self> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("journal");
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)?;
        let writer = Writer::attach(&Journal::create(&file, Layout::default())?);
        prepare(&writer);
        let writing = File::create(dir.path().join("journal.writer"))?;
        writing.lock()?;
        let bundle = dir.path().join("authority.pem");
        let (lambda, cloudwatch) = (Lambda::start()?, CloudWatch::start(&bundle)?);
        let mut command = Command::new(layer);
        command
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", lambda.address.to_string())
            .envs(cloudwatch.account())
            .env("OBS_CA_BUNDLE", &bundle)
            .env("OBS_JOURNAL", &path)
            .env("OBS_FLUSH", "end")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let started = Instant::now();
        Ok(Self {
            child: command.spawn()?,
            lambda,
            cloudwatch,
            writer,
            bell: UnixDatagram::unbound()?,
            journal: path,
            started,
            _writing: writing,
            _dir: dir,
        })
    }

    pub(crate) fn series(&self, name: String, kind: Kind) -> SeriesId {
        let id = self.writer.series(&series(name, kind));
        id.expect("the table has room")
    }

    pub(crate) fn record(&self, id: SeriesId, value: f64) {
        let recorded = self.writer.record(id, value, now_ms());
        recorded.expect("the journal has room");
    }

    /// The end of an invocation, as the library rings it.
    pub(crate) fn ring(&self, request_id: &str) -> io::Result<()> {
        let mut bell = self.journal.as_os_str().to_owned();
        bell.push(".bell");
        self.bell.send_to(request_id.as_bytes(), bell).map(drop)
    }

    /// Resident memory in bytes.
    pub(crate) fn resident(&self) -> io::Result<u64> {
        let statm = fs::read_to_string(format!("/proc/{}/statm", self.child.id()))?;
        let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok());
        Ok(pages.unwrap_or(0_u64) * 4096)
    }

    /// Time on a processor so far.
    pub(crate) fn on_processor(&self) -> io::Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/schedstat", self.child.id()))?;
        let ns = stat.split(' ').next().and_then(|ns| ns.parse().ok());
        Ok(Duration::from_nanos(ns.unwrap_or(0)))
    }

    /// SHUTDOWN; waits for the end.
    pub(crate) fn shut_down(mut self) -> io::Result<()> {
        self.lambda.shut_down();
        self.child.wait().map(drop)
    }
}

impl Drop for Extension {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
