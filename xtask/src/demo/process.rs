//! A child that never outlives the task.

use std::{
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};

/// A running program with this process's output.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command
            .stdin(Stdio::null())
            .spawn()
            .with_context(|| format!("failed to start {name}"))?;
        Ok(Self { name, child })
    }

    pub(crate) fn running(&mut self) -> Result<bool> {
        let status = self.child.try_wait();
        Ok(status
            .with_context(|| format!("failed to wait for {}", self.name))?
            .is_none())
    }

    pub(crate) fn succeeded(&mut self) -> Result<bool> {
        let status = self.child.wait();
        Ok(status
            .with_context(|| format!("failed to wait for {}", self.name))?
            .success())
    }

    /// SIGTERM, and SIGKILL for one that does not heed it within 10 seconds.
    pub(crate) fn stop(&mut self) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(10);
        if self.running()? {
            // The standard library only knows SIGKILL.
            let kill = Command::new("kill")
                .args(["-TERM", &self.child.id().to_string()])
                .status();
            kill.context("failed to run kill")?;
        }
        while self.running()? {
            if Instant::now() > deadline {
                self.child
                    .kill()
                    .with_context(|| format!("failed to kill {}", self.name))?;
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // On the way out after another error; there is nobody left to tell.
        let _ = self.stop();
    }
}
