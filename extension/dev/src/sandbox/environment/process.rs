//! A process of an environment: started in a process group of its own, read line by line, and
//! killed as a group.
//!
//! Nothing outlives the sandbox: a handle that is dropped kills its group, the registry kills
//! all groups when the sandbox is dropped, and a process whose leader ended loses the rest of
//! its group. Only when this process itself is killed with SIGKILL are the children left to
//! find their API gone (`PR_SET_PDEATHSIG` would need unsafe code).

use std::collections::BTreeSet;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::sync::{mpsc, oneshot, watch};

use super::variables::Variables;
use crate::sandbox::lines::Lines;

/// Every live process group of a sandbox.
#[derive(Debug, Clone, Default)]
pub(crate) struct Registry(Arc<Mutex<BTreeSet<i32>>>);

impl Registry {
    /// Kills every group that is left.
    pub(crate) fn kill_all(&self) {
        let groups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for group in groups.iter().copied().filter_map(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    fn add(&self, group: Pid) {
        let mut groups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        groups.insert(group.as_raw_pid());
    }

    /// Sends a signal to a group that is still alive; a number that the system may have given
    /// to somebody else is not in the registry any more.
    fn signal(&self, group: Pid, signal: Signal) {
        let groups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if groups.contains(&group.as_raw_pid()) {
            let _ = kill_process_group(group, signal);
        }
    }

    fn remove(&self, group: Pid) {
        let mut groups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if groups.remove(&group.as_raw_pid()) {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// How to start a process.
#[derive(Debug)]
pub(crate) struct Launch<'a> {
    /// The program.
    pub(crate) program: &'a Path,
    /// Its arguments.
    pub(crate) args: &'a [String],
    /// All of its environment.
    pub(crate) variables: Variables,
}

/// A started process; its group is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    group: Pid,
    registry: Registry,
    ended: watch::Receiver<bool>,
    pipes: [mpsc::Sender<Asked>; 2],
}

impl Process {
    /// Starts it. `line` takes what it writes, `ended` how it ended.
    pub(crate) fn start(
        launch: Launch<'_>,
        registry: &Registry,
        line: impl Fn(String) + Clone + Send + 'static,
        ended: impl FnOnce(ExitStatus) + Send + 'static,
    ) -> io::Result<Process> {
        let mut child = Command::new(launch.program)
            .args(launch.args)
            .env_clear()
            .envs(launch.variables)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let group = child
            .id()
            .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?))
            .ok_or_else(|| io::Error::other("it ended at once"))?;
        registry.add(group);
        let stdout = child.stdout.take().map(|pipe| read(pipe, line.clone()));
        let stderr = child.stderr.take().map(|pipe| read(pipe, line));
        let (Some(stdout), Some(stderr)) = (stdout, stderr) else {
            return Err(io::Error::other("it has no pipes"));
        };
        let (over, is_over) = watch::channel(false);
        let theirs = registry.clone();
        tokio::spawn(async move {
            let status = child.wait().await;
            theirs.remove(group);
            ended(status.unwrap_or_default());
            let _ = over.send(true);
        });
        Ok(Process {
            group,
            registry: registry.clone(),
            ended: is_over,
            pipes: [stdout, stderr],
        })
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.group.as_raw_pid().unsigned_abs()
    }

    /// Stops the group where it is.
    pub(crate) fn freeze(&self) {
        self.registry.signal(self.group, Signal::STOP);
    }

    /// Lets the group go on.
    pub(crate) fn thaw(&self) {
        self.registry.signal(self.group, Signal::CONT);
    }

    /// Asks the group to end.
    pub(crate) fn terminate(&self) {
        self.registry.signal(self.group, Signal::TERM);
    }

    /// Kills the group.
    pub(crate) fn kill(&self) {
        self.registry.signal(self.group, Signal::KILL);
    }

    /// Waits until the process has ended; does not borrow, so that others can be heard
    /// meanwhile.
    pub(crate) fn ended(&self) -> impl Future<Output = ()> + use<> {
        let mut ended = self.ended.clone();
        async move {
            // An error means that the task which waits for the process is gone, and it with it.
            let _ = ended.wait_for(|over| *over).await;
        }
    }

    /// Waits until everything that the process has written up to now has been read.
    pub(crate) async fn drained(&self) {
        for pipe in &self.pipes {
            let (done, is_done) = oneshot::channel();
            // A reader that is gone has read everything.
            if pipe.send(done).await.is_ok() {
                answered(pipe, is_done).await;
            }
        }
    }

    /// Largest resident size so far, in megabytes; `None` once it has ended or where there is
    /// no /proc.
    pub(crate) fn peak_mb(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
        Some(kilobytes.div_ceil(1024))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A request to a pipe's reader; answered when all that is in the pipe has been read.
type Asked = oneshot::Sender<()>;

/// Waits until a pipe's reader has answered, or is gone.
///
/// A request that comes while the reader ends may stay in the channel for as long as there is
/// a sender, neither answered nor dropped: the answer alone could be waited for for ever.
async fn answered(pipe: &mpsc::Sender<Asked>, is_done: oneshot::Receiver<()>) {
    tokio::select! {
        _ = is_done => {}
        () = pipe.closed() => {}
    }
}

/// Reads lines from a pipe in a task of its own. The channel it returns takes requests to say
/// when all that is in the pipe at that moment has been read.
fn read<R>(mut pipe: R, line: impl Fn(String) + Send + 'static) -> mpsc::Sender<Asked>
where
    R: AsyncRead + AsFd + Unpin + Send + 'static,
{
    let (ask, mut asked) = mpsc::channel::<Asked>(4);
    tokio::spawn(async move {
        let mut lines = Lines::default();
        let mut bytes = vec![0; 64 * 1024];
        'reading: loop {
            tokio::select! {
                read = pipe.read(&mut bytes) => match read {
                    Ok(0) | Err(_) => break,
                    Ok(length) => lines.push(&bytes[..length], &line),
                },
                Some(done) = asked.recv() => {
                    let mut left = rustix::io::ioctl_fionread(&pipe).unwrap_or(0);
                    while left > 0 {
                        match pipe.read(&mut bytes).await {
                            Ok(0) | Err(_) => break 'reading,
                            Ok(length) => {
                                lines.push(&bytes[..length], &line);
                                left = left.saturating_sub(length as u64);
                            }
                        }
                    }
                    let _ = done.send(());
                }
            }
        }
        lines.finish(&line);
    });
    ask
}

/// How a process ended, in the words that Lambda uses.
pub(crate) fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    let Some(signal) = status.signal() else {
        return format!("exit status {}", status.code().unwrap_or(-1));
    };
    let name = match signal {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        11 => "segmentation fault",
        13 => "broken pipe",
        15 => "terminated",
        other => return format!("signal: {other}"),
    };
    format!("signal: {name}")
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn a_request_that_crosses_the_readers_end_is_not_waited_for() {
        let (pipe, asked) = mpsc::channel(4);
        let (done, mut is_done) = oneshot::channel();
        // A send is these two steps, and the reader may end between them.
        let place = pipe.try_reserve().expect("there is room");
        drop(asked);
        place.send(done);
        let lost = oneshot::error::TryRecvError::Empty;
        assert_eq!(is_done.try_recv(), Err(lost), "nobody is left to answer");
        let mut context = Context::from_waker(Waker::noop());
        let answered = pin!(answered(&pipe, is_done));
        assert!(answered.poll(&mut context).is_ready());
    }
}
