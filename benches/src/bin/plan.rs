//! What `obs plan` needs of a machine for 1,000 alarms and 50 dashboards that are as the
//! files say: processor time of the whole process and its peak of memory, over HTTP
//! against a local account. `plan PROGRAM` names the `obs` that serves it.

use std::{
    env,
    io::{self, BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use cloudvault_benches::project;
use obs_deploy::{
    account::aws::{Aws, Connect},
    plan::{Adopt, Style, observe, plan},
    resolve::{Choice, resolve},
    source::read,
};
use rustix::time::{ClockId, clock_gettime};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const RUNS: usize = 9;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["child", folder, endpoint] => child(Path::new(folder), endpoint),
        [program] => measure(program),
        _ => Ok(writeln!(io::stderr(), "usage: plan PROGRAM")?),
    }
}

/// A local account, ended with this value.
struct Account(Child);

impl Drop for Account {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn measure(program: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    project::write(folder.path())?;
    let data = tempfile::tempdir()?;
    let mut account = Command::new(program)
        .args([
            "dev",
            "--listen",
            "127.0.0.1:0",
            "--xray",
            "127.0.0.1:0",
            "--data",
        ])
        .arg(data.path())
        .current_dir(data.path())
        .stdout(Stdio::piped())
        .spawn()?;
    let out = account.stdout.take().ok_or("no output")?;
    let _account = Account(account);
    let mut first = String::new();
    let mut lines = BufReader::new(out);
    lines.read_line(&mut first)?;
    let endpoint = first.trim().strip_prefix("obs dev: ").ok_or("no address")?;
    let applied = Command::new(program)
        .args(["apply", "--yes"])
        .current_dir(folder.path())
        .env("AWS_ENDPOINT_URL", endpoint)
        .output()?;
    if !applied.status.success() {
        return Err(String::from_utf8_lossy(&applied.stderr).into());
    }
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        let run = Command::new(env::current_exe()?)
            .args(["child", &folder.path().to_string_lossy(), endpoint])
            .output()?;
        let text = String::from_utf8(run.stdout)?;
        let numbers: Vec<u64> = text
            .split_whitespace()
            .filter_map(|it| it.parse().ok())
            .collect();
        let [wall, busy, peak] = numbers[..] else {
            return Err(String::from_utf8_lossy(&run.stderr).into());
        };
        runs.push((busy, wall, peak));
    }
    runs.sort_unstable();
    let (busy, wall, peak) = runs[RUNS / 2];
    writeln!(
        io::stdout(),
        "processor {} ms, with the account's answers {} ms, memory at its peak {:.1} MB",
        busy / 1000,
        wall / 1000,
        peak as f64 / 1024.0
    )?;
    Ok(())
}

/// Plans once; prints microseconds by the wall and on the processor, and the peak in KiB.
fn child(folder: &Path, endpoint: &str) -> Result<()> {
    let begin = Instant::now();
    let documents = read(folder).map_err(|_| "files with problems")?;
    let resolved =
        resolve(&documents, &Choice::default()).map_err(|_| "a project with problems")?;
    let desired = resolved.desired;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let plan = runtime.block_on(async {
        let account = Aws::connect(&Connect {
            region: desired.target.region.clone(),
            endpoint: Some(endpoint.to_owned()),
            override_endpoint: None,
            role: None,
            has_access_key: false,
        })
        .await;
        let observed = observe(&account, &desired).await?;
        let mut plan = plan(&desired, &observed, &Adopt::nothing())?;
        plan.look_around(&account).await?;
        Ok::<_, Box<dyn std::error::Error>>(plan)
    })?;
    let mut text = String::new();
    plan.render(&mut text, Style::Plain)?;
    if !plan.is_empty() {
        return Err(text.into());
    }
    let wall = begin.elapsed();
    let busy = clock_gettime(ClockId::ProcessCPUTime);
    let busy = Duration::new(busy.tv_sec as u64, busy.tv_nsec as u32);
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|line| line.split_whitespace().next())
        .ok_or("no VmHWM in /proc/self/status")?;
    writeln!(
        io::stdout(),
        "{} {} {peak}",
        wall.as_micros(),
        busy.as_micros()
    )?;
    Ok(())
}
