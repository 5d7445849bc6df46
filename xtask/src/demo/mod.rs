//! `cargo xtask demo`: the whole product on one machine.
//!
//! The task only plays the people around it: it starts `obs dev`, applies the
//! dashboards and alarms as an engineer would, sends traffic as CloudVault's
//! users do, and receives notifications as a pager does. What it counts it
//! counts itself, from the journals and from what the pager received.

mod process;
mod journals;
mod pager;
mod summary;

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::{steps::say, workspace::Workspace};
use journals::Journals;
use pager::Pager;
use process::Process;
use summary::Summary;

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) duration: Option<Duration>,
    pub(crate) listen: SocketAddr,
    pub(crate) xray: SocketAddr,
    pub(crate) rate: u32,
}

/// Traffic of a demo that has no end of its own: bounded, then the page stays.
const TRAFFIC: Duration = Duration::from_secs(600);
/// How long the end waits for the alarm that the poisoned image has to raise.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))
        .context("failed to listen for Ctrl-C")?;
    workspace.build_product()?;

    let demo = Demo::prepare(workspace, options, interrupted)?;
    let mut account = demo.start_account()?;
    let pager = Pager::start()?;
    demo.apply(&pager)?;
    say(format_args!("\n    the page: {}/\n", demo.endpoint));
    let mut journals = Journals::default();
    let mut traffic = demo.start_traffic()?;
    while !demo.interrupted() && traffic.running()? {
        if !account.running()? {
            bail!("obs dev ended early; its output is above");
        }
        journals.look(&demo.endpoint)?;
        thread::sleep(Duration::from_millis(500));
    }
    let traffic_failed = !demo.interrupted() && !traffic.succeeded()?;
    traffic.stop()?;
    demo.wait_for_page(&mut account, &pager)?;
    journals.look(&demo.endpoint)?;

    let summary = Summary::collect(&demo.endpoint, &journals, &pager)?;
    account.stop()?;
    summary.print()?;
    if traffic_failed {
        bail!("the traffic met errors that it did not provoke; its summary is above");
    }
    summary.verdict(options.duration.is_some() && !demo.interrupted())
}

struct Demo<'a> {
    workspace: &'a Workspace,
    options: &'a Options,
    endpoint: String,
    /// Fresh for each run: the summary counts what this run did.
    data: PathBuf,
    interrupted: Arc<AtomicBool>,
}

impl<'a> Demo<'a> {
    fn prepare(
        workspace: &'a Workspace,
        options: &'a Options,
        interrupted: Arc<AtomicBool>,
    ) -> Result<Self> {
        let data = workspace.target.join("demo");
        if data.exists() {
            std::fs::remove_dir_all(&data).context("failed to empty the former demo's folder")?;
        }
        std::fs::create_dir_all(data.join("store")).context("failed to make the demo's folder")?;
        let endpoint = format!("http://{}", options.listen);
        Ok(Self {
            workspace,
            options,
            endpoint,
            data,
            interrupted,
        })
    }

    fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Variables of obs.yaml that depend on this checkout.
    fn variables(&self) -> [String; 2] {
        [
            format!("store={}", self.data.join("store").display()),
            format!("bin={}", self.workspace.target.join("debug").display()),
        ]
    }

    fn start_account(&self) -> Result<Process> {
        say(format_args!("==> starting the local account"));
        let mut obs = self.workspace.command(self.workspace.binary("obs"));
        obs.arg("dev").arg("--data").arg(self.data.join("account"));
        obs.args(["--listen", &self.options.listen.to_string()]);
        obs.args(["--xray", &self.options.xray.to_string()]);
        for variable in self.variables() {
            obs.args(["--var", &variable]);
        }
        let mut account = Process::start(obs)?;
        let deadline = Instant::now() + Duration::from_secs(20);
        while ureq::get(format!("{}/api/summary", self.endpoint))
            .call()
            .is_err()
        {
            if !account.running()? || self.interrupted() {
                bail!("obs dev did not start; its output is above");
            }
            if Instant::now() > deadline {
                bail!("obs dev does not answer on {}", self.endpoint);
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(account)
    }

    fn apply(&self, pager: &Pager) -> Result<()> {
        let mut obs = self.workspace.command(self.workspace.binary("obs"));
        obs.args(["apply", "--yes", "--env", "dev"]);
        obs.env("AWS_ENDPOINT_URL", &self.endpoint);
        for variable in self.variables() {
            obs.args(["--var", &variable]);
        }
        obs.args(["--var", &format!("pager={}", pager.url())]);
        crate::steps::step("applying dashboards and alarms", &mut obs)
    }

    fn start_traffic(&self) -> Result<Process> {
        let duration = self.options.duration.unwrap_or(TRAFFIC);
        say(format_args!(
            "==> sending traffic for {} s",
            duration.as_secs()
        ));
        let mut traffic = self.workspace.command(self.workspace.binary("traffic"));
        traffic.args(["--endpoint", &self.endpoint]);
        traffic.arg("--store").arg(self.data.join("store"));
        traffic.args(["--for", &format!("{}s", duration.as_secs())]);
        traffic.args(["--rate", &self.options.rate.to_string()]);
        Process::start(traffic)
    }

    /// Without an end of its own the page stays until Ctrl-C; with one, until
    /// the alarm that the poisoned image raises has been heard.
    fn wait_for_page(&self, account: &mut Process, pager: &Pager) -> Result<()> {
        let deadline = self.options.duration.map(|_| Instant::now() + PATIENCE);
        if deadline.is_none() && !self.interrupted() {
            say(format_args!(
                "==> traffic has ended; the page stays at {}/ until Ctrl-C",
                self.endpoint
            ));
        }
        while !self.interrupted() {
            match deadline {
                Some(deadline) if pager.alarms() > 0 || Instant::now() > deadline => break,
                _ => {}
            }
            if !account.running()? {
                bail!("obs dev ended early; its output is above");
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }
}
