//! What the environment has used so far, read from `/proc`, `/tmp` and nowhere
//! else: once when an invocation begins and once when it ends, never between.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where readings come from.
pub trait System {
    /// What has been used so far. What cannot be read is absent.
    fn read(&self) -> Reading;
}

/// What has been used so far. The first three only grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reading {
    /// Milliseconds of all processors together, idle and waiting time left out.
    pub cpu_ms: Option<u64>,
    /// Bytes received over all interfaces but loopback.
    pub received: Option<u64>,
    /// Bytes sent over all interfaces but loopback.
    pub sent: Option<u64>,
    /// Bytes taken in `/tmp`.
    pub tmp_used: Option<u64>,
    /// File descriptors of the process that has most.
    pub descriptors: Option<u64>,
}

/// This machine.
#[derive(Debug, Clone)]
pub struct Machine {
    proc: PathBuf,
    tmp: PathBuf,
}

/// Ticks a second of `/proc/stat`: `USER_HZ`, which is 100 on every architecture
/// that Lambda has (`proc(5)`, `sysconf(_SC_CLK_TCK)`).
const TICK_MS: u64 = 10;
/// Processes that are looked at; an environment has a handful.
const MOST_PROCESSES: usize = 256;
/// `/proc/stat` has a line a processor and one a kind of interrupt; what is read
/// stands in its first line.
const MOST_BYTES: usize = 64 * 1024;

impl Default for Machine {
    fn default() -> Self {
        Self::at(Path::new("/proc"), Path::new("/tmp"))
    }
}

impl Machine {
    /// Reads below `proc`, and the file system that `tmp` is on.
    #[must_use]
    pub fn at(proc: &Path, tmp: &Path) -> Self {
        Self {
            proc: proc.to_owned(),
            tmp: tmp.to_owned(),
        }
    }

    fn text(&self, name: &str) -> Option<String> {
        let bytes = fs::read(self.proc.join(name)).ok()?;
        let bytes = bytes.get(..MOST_BYTES).unwrap_or(&bytes);
        Some(String::from_utf8_lossy(bytes).into_owned())
    }

    /// Processes of other users are closed to us: they are left out.
    fn descriptors(&self) -> Option<u64> {
        let processes = fs::read_dir(&self.proc).ok()?.flatten().filter(|entry| {
            let name = entry.file_name();
            name.as_encoded_bytes().iter().all(u8::is_ascii_digit)
        });
        processes
            .take(MOST_PROCESSES)
            .filter_map(|process| Some(fs::read_dir(process.path().join("fd")).ok()?.count()))
            .max()
            .map(|count| count as u64)
    }

    fn tmp_used(&self) -> Option<u64> {
        let tmp = rustix::fs::statvfs(&self.tmp).ok()?;
        let taken = tmp.f_blocks.saturating_sub(tmp.f_bfree);
        Some(taken.saturating_mul(tmp.f_frsize))
    }
}

impl System for Machine {
    fn read(&self) -> Reading {
        let network = self.text("net/dev").and_then(|text| network(&text));
        Reading {
            cpu_ms: self.text("stat").and_then(|text| cpu_ms(&text)),
            received: network.map(|(received, _)| received),
            sent: network.map(|(_, sent)| sent),
            tmp_used: self.tmp_used(),
            descriptors: self.descriptors(),
        }
    }
}

/// The first line: `cpu user nice system idle iowait irq softirq steal ...`.
fn cpu_ms(stat: &str) -> Option<u64> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = line
        .split_ascii_whitespace()
        .map_while(|t| t.parse().ok())
        .collect();
    let &[user, nice, system, _idle, ..] = ticks.as_slice() else {
        return None;
    };
    let interrupts = ticks.iter().skip(5).take(2);
    let busy = [user, nice, system]
        .iter()
        .chain(interrupts)
        .fold(0_u64, |sum, ticks| sum.saturating_add(*ticks));
    Some(busy.saturating_mul(TICK_MS))
}

/// After two lines of heading, `name: received packets ... (8 columns) sent ...`.
fn network(dev: &str) -> Option<(u64, u64)> {
    let mut sums = None;
    for line in dev.lines().skip(2) {
        let Some((name, columns)) = line.split_once(':') else {
            continue;
        };
        if name.trim() == "lo" {
            continue;
        }
        let mut columns = columns.split_ascii_whitespace();
        let column = |text: Option<&str>| text.and_then(|text| text.parse::<u64>().ok());
        let (Some(received), Some(sent)) = (column(columns.next()), column(columns.nth(7))) else {
            continue;
        };
        let (all_received, all_sent) = sums.unwrap_or((0_u64, 0_u64));
        sums = Some((
            all_received.saturating_add(received),
            all_sent.saturating_add(sent),
        ));
    }
    sums
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn idle_and_waiting_time_is_not_used_time() {
        let check = |text, expect| assert_eq!(cpu_ms(text), expect, "{text}");
        check("cpu  10 1 5 900 70 2 3 4 0 0\ncpu0 1 1\n", Some(210));
        check("cpu  10 1 5 900\n", Some(160));
        check("cpu  10 1\n", None);
        check("", None);
        check(&format!("cpu  {0} {0} {0} 1", u64::MAX), Some(u64::MAX));
    }

    #[test]
    fn loopback_is_no_network() {
        let dev = "Inter-|   Receive    |  Transmit\n face |bytes packets|bytes packets\n    \
                   lo: 900 1 0 0 0 0 0 0 900 1 0 0 0 0 0 0\n  eth0: 50 1 0 0 0 0 0 0 7 1 0 0 0 0 0 0\n  \
                   eth1:1 1 0 0 0 0 0 0 2 1 0 0 0 0 0 0\n  odd: x\n";
        assert_eq!(network(dev), Some((51, 9)));
        assert_eq!(network("a\nb\n lo: 1 1 0 0 0 0 0 0 1"), None);
        assert_eq!(network(""), None);
    }

    #[test]
    fn this_machine_can_be_read_and_another_one_leaves_gaps() {
        let reading = Machine::default().read();
        assert!(
            reading.cpu_ms.is_some() && reading.tmp_used.is_some(),
            "{reading:?}"
        );
        assert!(
            reading.descriptors.is_some_and(|count| count >= 3),
            "{reading:?}"
        );
        let nowhere = Machine::at(Path::new("/nowhere"), Path::new("/nowhere"));
        assert_eq!(nowhere.read(), Reading::default());
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "(cpu |lo:|e:|[0-9 ]|\\n|\\PC){0,60}") {
            let _ = (cpu_ms(&text), network(&text));
        }
    }
}
