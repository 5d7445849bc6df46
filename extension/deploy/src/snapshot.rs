//! A backup of all that is applied: what an account holds of a project and environment,
//! on paper. Going back is a plan like any other, with the paper in the place of the
//! files.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use obs_cloudwatch::time::civil;
use serde::{Deserialize, Serialize};

use crate::holdings::Holdings;
use crate::model::Desired;

/// Version of the format; files of another one are refused.
const FORMAT: u32 = 1;
/// Snapshots that are kept of an environment.
pub const KEPT: usize = 10;
/// Folder beside `obs.yaml` that they are kept in.
pub const FOLDER: &str = ".obs";

/// What an account held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// What it was taken for, such as `before 3 to create`; empty for no reason.
    pub reason: String,
    /// What was there.
    pub desired: Desired,
    /// Names of those that were somebody else's then and about to be taken over.
    pub others: BTreeSet<String>,
}

/// The file: one snapshot for each environment.
#[derive(Serialize, Deserialize)]
struct Paper {
    obs_snapshot: u32,
    snapshots: Vec<Snapshot>,
}

/// Why a file is not restored.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The text is no snapshot.
    #[error("read a snapshot: {0}; `obs snapshot FILE` writes one")]
    NotOne(#[from] serde_json::Error),
    /// Another version of obs wrote it.
    #[error(
        "read a snapshot of format {found}: this obs reads format {FORMAT}; restore it with the obs that wrote it"
    )]
    OtherFormat {
        /// What the file says.
        found: u32,
    },
}

impl Snapshot {
    /// A snapshot of what an account holds.
    pub fn of(holdings: Holdings, reason: impl Into<String>) -> Snapshot {
        Snapshot {
            reason: reason.into(),
            desired: holdings.desired,
            others: holdings.others,
        }
    }

    /// The file's text. Same holdings, same bytes.
    pub fn write(snapshots: Vec<Snapshot>) -> String {
        let paper = Paper {
            obs_snapshot: FORMAT,
            snapshots,
        };
        let mut text = serde_json::to_string_pretty(&paper)
            .expect("a snapshot holds only text, numbers and lists");
        text.push('\n');
        text
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// [`SnapshotError`].
    pub fn read(text: &str) -> Result<Vec<Snapshot>, SnapshotError> {
        #[derive(Deserialize)]
        struct Head {
            obs_snapshot: u32,
        }
        let head: Head = serde_json::from_str(text)?;
        if head.obs_snapshot != FORMAT {
            return Err(SnapshotError::OtherFormat {
                found: head.obs_snapshot,
            });
        }
        let paper: Paper = serde_json::from_str(text)?;
        Ok(paper.snapshots)
    }

    /// What is in it, for people: `2 topics, 3 alarms`.
    pub fn summary(&self) -> String {
        let desired = &self.desired;
        let counts = [
            (desired.topics.len(), "topics"),
            (desired.alarms.len(), "alarms"),
            (desired.composites.len(), "composite alarms"),
            (desired.dashboards.len(), "dashboards"),
            (desired.event_rules.len(), "event rules"),
            (desired.metric_filters.len(), "metric filters"),
            (desired.mute_rules.len(), "mute rules"),
            (desired.sampling_rules.len(), "sampling rules"),
        ];
        let parts: Vec<String> = counts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| {
                format!(
                    "{count} {}",
                    if count == 1 {
                        &what[..what.len() - 1]
                    } else {
                        what
                    }
                )
            })
            .collect();
        match parts[..] {
            [] => "nothing".to_owned(),
            _ => parts.join(", "),
        }
    }
}

/// Writes a file that only its owner may read: it holds whole addresses of
/// subscriptions.
///
/// # Errors
/// Those of the file system.
pub fn keep_private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    // A file that was there keeps its mode otherwise.
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    file.write_all(text.as_bytes())
}

/// The snapshots that applies keep of one environment, numbered from 1.
#[derive(Clone, Debug)]
pub struct History {
    folder: PathBuf,
    environment: String,
}

impl History {
    /// Of an environment of the project in `root`.
    pub fn new(root: &Path, environment: &str) -> History {
        History {
            folder: root.join(FOLDER),
            environment: environment.to_owned(),
        }
    }

    fn own(&self) -> PathBuf {
        self.folder.join(&self.environment)
    }

    /// The numbers of those that are kept, oldest first.
    ///
    /// # Errors
    /// Those of the file system; no folder is no snapshots.
    pub fn numbers(&self) -> io::Result<Vec<u32>> {
        let entries = match fs::read_dir(self.own()) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut numbers = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            let name = name.to_str().and_then(|name| name.strip_suffix(".json"));
            numbers.extend(name.and_then(|name| name.parse::<u32>().ok()));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Where the snapshot of a number is.
    pub fn path(&self, number: u32) -> PathBuf {
        self.own().join(format!("{number:04}.json"))
    }

    /// When the snapshot of a number was kept, in UTC: `2026-11-23T09:30`; `None` when the
    /// file system does not say.
    pub fn kept_at(&self, number: u32) -> Option<String> {
        let kept = fs::metadata(self.path(number)).ok()?.modified().ok()?;
        let since = kept.duration_since(UNIX_EPOCH).ok()?;
        let at = civil(i64::try_from(since.as_millis()).ok()?);
        let (date, time) = ((at.year, at.month, at.day), (at.hour, at.minute));
        Some(format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}",
            date.0, date.1, date.2, time.0, time.1
        ))
    }

    /// Keeps one more and forgets the oldest beyond [`KEPT`]. The folder tells git to
    /// leave it alone. Returns its number.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn keep(&self, snapshot: Snapshot) -> io::Result<u32> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(self.own())?;
        let ignore = self.folder.join(".gitignore");
        if !ignore.exists() {
            fs::write(
                &ignore,
                "# Whole addresses of subscriptions: not for everybody's eyes.\n*\n",
            )?;
        }
        let text = Snapshot::write(vec![snapshot]);
        let mut number = self.numbers()?.last().copied().unwrap_or(0) + 1;
        loop {
            let opened = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(self.path(number));
            match opened {
                Ok(mut file) => {
                    file.write_all(text.as_bytes())?;
                    break;
                }
                // Somebody else's apply at the same moment.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error),
            }
        }
        let numbers = self.numbers()?;
        for old in numbers.iter().rev().skip(KEPT) {
            match fs::remove_file(self.path(*old)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Target;

    fn snapshot(reason: &str) -> Snapshot {
        let target = Target {
            project: "shop".to_owned(),
            environment: "dev".to_owned(),
            account: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            endpoint: None,
            role: None,
        };
        Snapshot {
            reason: reason.to_owned(),
            desired: Desired::nothing(target),
            others: BTreeSet::new(),
        }
    }

    #[test]
    fn ten_are_kept_and_git_leaves_them_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let history = History::new(dir.path(), "dev");
        assert_eq!(history.numbers().unwrap(), Vec::<u32>::new());
        for number in 1..=13 {
            assert_eq!(history.keep(snapshot(&number.to_string())).unwrap(), number);
        }
        assert_eq!(history.numbers().unwrap(), (4..=13).collect::<Vec<u32>>());
        let text = fs::read_to_string(history.path(13)).unwrap();
        assert_eq!(Snapshot::read(&text).unwrap(), [snapshot("13")]);
        let mode = fs::metadata(history.path(13)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let ignore = fs::read_to_string(dir.path().join(".obs/.gitignore")).unwrap();
        assert!(ignore.ends_with("*\n"));
    }

    #[test]
    fn what_is_no_snapshot_is_refused_with_a_remedy() {
        for (text, part) in [
            ("", "`obs snapshot FILE` writes one"),
            ("{\"obs_plan\": 1}", "`obs snapshot FILE` writes one"),
            ("{\"obs_snapshot\": 2}", "format 2"),
        ] {
            let message = Snapshot::read(text).unwrap_err().to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
