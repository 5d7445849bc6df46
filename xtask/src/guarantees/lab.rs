//! One cell's world: its own `obs dev`, with one function and the extension, and hands to
//! invoke, break and kill them.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::{Value, json};

use super::ledger::{Found, Ledger, Share};
use super::setup::{Programs, Setup};

/// Signed, as far as a local account looks.
pub(super) const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/monitoring/aws4_request, \
     SignedHeaders=host, Signature=00";

/// How long anything is waited for that has to happen.
const PATIENCE: Duration = Duration::from_secs(30);
/// Values and points of an ordinary invocation.
const POINTS: u32 = 20;

/// What the handler does after it has recorded its points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    Return,
    Abort,
    Wait,
}

impl Then {
    fn as_str(self) -> &'static str {
        match self {
            Then::Return => "return",
            Then::Abort => "abort",
            Then::Wait => "wait",
        }
    }
}

/// Which process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Handler,
    Extension,
}

/// The running cell.
#[derive(Debug)]
pub(super) struct Lab {
    account: Child,
    endpoint: String,
    folder: PathBuf,
    ledger: Ledger,
}

impl Lab {
    pub(super) fn start(programs: &Programs, setup: &Setup, policy: &str) -> Result<Self> {
        let (folder, extension) = setup.lay_out(programs, policy)?;
        let mut obs = Command::new(&programs.obs);
        obs.args(["dev", "--listen", "127.0.0.1:0", "--xray", "127.0.0.1:0"])
            .args(["--data", "data", "--freeze", setup.freeze])
            .arg("--extension")
            .arg(extension)
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(folder.join("stderr")).context("failed to make a file")?);
        for fault in setup.faults {
            obs.args(["--fault", fault]);
        }
        let mut account = obs.spawn().context("failed to start obs dev")?;
        let mut first = String::new();
        if let Some(stdout) = account.stdout.as_mut() {
            let read = BufReader::new(stdout).read_line(&mut first);
            read.context("failed to read from obs dev")?;
        }
        let Some(endpoint) = first.trim().strip_prefix("obs dev: ") else {
            let said = fs::read_to_string(folder.join("stderr")).unwrap_or_default();
            bail!("obs dev did not start: {said}");
        };
        Ok(Self {
            account,
            endpoint: endpoint.to_owned(),
            folder,
            ledger: Ledger::default(),
        })
    }

    /// An invocation that records points and returns.
    pub(super) fn invoke(&mut self) -> Result<()> {
        self.invoke_many(POINTS, POINTS)
    }

    /// An invocation that records so many points of so many values.
    pub(super) fn invoke_many(&mut self, distinct: u32, points: u32) -> Result<()> {
        let share = self.ledger.next(distinct, points);
        let failed = call(&self.endpoint, share, Then::Return)?;
        if failed {
            bail!("an invocation failed that should not");
        }
        self.ledger.note(share);
        Ok(())
    }

    /// So many invocations at one time.
    pub(super) fn invoke_together(&mut self, number: usize) -> Result<()> {
        let mut shares = Vec::new();
        for _ in 0..number {
            let share = self.ledger.next(POINTS, POINTS);
            self.ledger.note(share);
            shares.push(share);
        }
        let endpoint = &self.endpoint;
        thread::scope(|scope| {
            let calls = shares
                .into_iter()
                .map(|share| scope.spawn(move || call(endpoint, share, Then::Return)));
            for called in calls.collect::<Vec<_>>() {
                match called.join() {
                    Ok(Ok(false)) => {}
                    Ok(Ok(true)) => bail!("an invocation failed that should not"),
                    Ok(Err(error)) => return Err(error),
                    Err(_) => bail!("a caller panicked"),
                }
            }
            Ok(())
        })
    }

    /// An invocation that records points and then ends its process.
    pub(super) fn crash(&mut self) -> Result<()> {
        let share = self.ledger.next(POINTS, POINTS);
        self.fails(share, Then::Abort, &mut |_| Ok(()))
    }

    /// An invocation that records points and then is not done in time.
    pub(super) fn time_out(&mut self) -> Result<()> {
        let share = self.ledger.next(POINTS, POINTS);
        self.fails(share, Then::Wait, &mut |_| Ok(()))
    }

    /// An invocation in which a process is killed once the points are recorded.
    pub(super) fn kill(&mut self, role: Role) -> Result<()> {
        let share = self.ledger.next(POINTS, POINTS);
        self.fails(share, Then::Wait, &mut |lab| {
            lab.recorded(share)?;
            lab.kill_now(role)
        })
    }

    fn fails(
        &mut self,
        share: Share,
        then: Then,
        meanwhile: &mut dyn FnMut(&Lab) -> Result<()>,
    ) -> Result<()> {
        let lab = &*self;
        let failed = thread::scope(|scope| {
            let called = scope.spawn(move || call(&lab.endpoint, share, then));
            meanwhile(lab)?;
            called.join().map_err(|_| anyhow!("the caller panicked"))?
        })?;
        if !failed {
            bail!("an invocation succeeded that should not");
        }
        self.ledger.note(share);
        Ok(())
    }

    /// Waits until the handler says that it has recorded these points.
    fn recorded(&self, share: Share) -> Result<()> {
        let first = format!("\"first\":{}", share.first);
        self.until("the points to be recorded", || {
            let lines = self.lines("points recorded")?;
            let said = lines.iter().any(|line| {
                let end = line.find(&first).map(|at| at + first.len());
                end.is_some_and(|end| !line[end..].starts_with(|c: char| c.is_ascii_digit()))
            });
            Ok(said.then_some(()))
        })
    }

    /// SIGKILL to a process of the environment.
    pub(super) fn kill_now(&self, role: Role) -> Result<()> {
        let key = match role {
            Role::Handler => "pid",
            Role::Extension => "extension_pid",
        };
        let environments = self.environments()?;
        let pid = environments.first().and_then(|one| one[key].as_u64());
        let pid = pid.with_context(|| format!("there is no {role:?} to kill"))?;
        let killed = Command::new("kill")
            .args(["-KILL", &pid.to_string()])
            .status();
        killed.context("failed to run kill")?;
        Ok(())
    }

    /// Waits until no environment works any more.
    pub(super) fn idle(&self) -> Result<()> {
        self.until("the environments to be idle", || {
            let environments = self.environments()?;
            let idle = environments.iter().all(|one| one["state"] == "idle");
            Ok(idle.then_some(()))
        })
    }

    /// Waits until requests for PutMetricData have come, so many in all.
    pub(super) fn puts(&self, number: usize) -> Result<()> {
        self.until("a request to CloudWatch", || {
            let requests = self.get("requests?limit=1000")?;
            let requests = requests["requests"].as_array().into_iter().flatten();
            let puts = requests.filter(|request| request["operation"] == "PutMetricData");
            Ok((puts.count() >= number).then_some(()))
        })
    }

    /// Takes all faults away.
    pub(super) fn heal(&self) -> Result<()> {
        let url = format!("{}/api/faults", self.endpoint);
        agent()
            .delete(&url)
            .call()
            .context("failed to clear faults")?;
        Ok(())
    }

    /// Sets the clock of handler and extension off, by libfaketime's words.
    pub(super) fn set_clock(&self, offset: &str) -> Result<()> {
        fs::write(self.folder.join("clock"), offset).context("failed to set the clock")
    }

    /// SHUTDOWN, two seconds, the end.
    pub(super) fn spin_down(&self) -> Result<()> {
        let url = format!("{}/api/spin-down", self.endpoint);
        agent()
            .post(&url)
            .send_empty()
            .context("failed to spin down")?;
        Ok(())
    }

    /// The end of the cell, and what is in CloudWatch then.
    pub(super) fn end(&mut self) -> Result<Found> {
        self.spin_down()?;
        let mut found = self.ledger.settle(&self.endpoint, seconds())?;
        found.dropped = self.dropped()?;
        let functions = self.get("functions")?;
        found.overruns = functions["functions"][0]["overruns"].as_u64().unwrap_or(0);
        Ok(found)
    }

    /// What the extensions' last lines say they dropped.
    fn dropped(&self) -> Result<u64> {
        let mut dropped = 0;
        for line in self.lines("extension stopped")? {
            let said: Value = serde_json::from_str(&line).unwrap_or_default();
            dropped += said["points_dropped"].as_u64().unwrap_or(0);
        }
        Ok(dropped)
    }

    /// The newest lines of the account's log, to explain a failure with.
    pub(super) fn last_lines(&self) -> String {
        let lines = self.lines("").unwrap_or_default();
        let from = lines.len().saturating_sub(12);
        let said = fs::read_to_string(self.folder.join("stderr")).unwrap_or_default();
        format!("\n{}\n{said}", lines[from..].join("\n"))
    }

    fn lines(&self, text: &str) -> Result<Vec<String>> {
        let asked = format!("logs?limit=1000&q={}", text.replace(' ', "%20"));
        let answer = self.get(&asked)?;
        let lines = answer["lines"].as_array().into_iter().flatten();
        let text = lines.filter_map(|line| line["line"].as_str().map(str::to_owned));
        Ok(text.collect())
    }

    fn environments(&self) -> Result<Vec<Value>> {
        let functions = self.get("functions")?;
        let environments = functions["functions"][0]["environments"].as_array();
        Ok(environments.cloned().unwrap_or_default())
    }

    fn get(&self, path: &str) -> Result<Value> {
        agent()
            .get(&format!("{}/api/{path}", self.endpoint))
            .call()
            .with_context(|| format!("failed to ask obs dev for {path}"))?
            .body_mut()
            .read_json()
            .with_context(|| format!("failed to read obs dev's {path}"))
    }

    /// The account tells its page of changes, not us: asked again until it is so.
    fn until(&self, what: &str, mut look: impl FnMut() -> Result<Option<()>>) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while look()?.is_none() {
            if Instant::now() > deadline {
                bail!("waited {} s for {what}", PATIENCE.as_secs());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // obs dev kills what it started when it ends by a signal that it hears.
        let id = self.account.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &id]).status();
        let _ = self.account.wait();
    }
}

/// Invokes the function; whether it failed.
fn call(endpoint: &str, share: Share, then: Then) -> Result<bool> {
    let url = format!("{endpoint}/2015-03-31/functions/guarantees/invocations");
    let event = json!({
        "first": share.first,
        "distinct": share.distinct,
        "points": share.points,
        "then": then.as_str(),
    });
    let answer = agent().post(&url).send(event.to_string());
    let answer = answer.context("failed to invoke the function")?;
    Ok(answer.headers().contains_key("x-amz-function-error"))
}

/// Asks with an end: a call that never comes back would leave the whole matrix waiting
/// and no cell to name.
pub(super) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_global(Some(2 * PATIENCE))
        .build()
        .into()
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is where the matrix reads the clock"
)]
fn seconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
