//! The journal file: created, locked and read.
//!
//! The lock is how the library knows that an extension is attached: the kernel
//! drops it when this process dies, however it dies, and the library then
//! writes its metrics as log lines.

use std::{
    fs::{self, File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use cloudvault_obs_core::journal::{Journal, Layout, Reader};

/// The journal, open and locked.
#[derive(Debug)]
pub struct Intake {
    /// Reads the points.
    pub reader: Reader,
    /// Who keeps this is known to be attached.
    pub lock: Lock,
}

/// The lock on the journal: held for as long as this lives, and not a moment
/// longer than the process.
#[derive(Debug)]
#[must_use = "dropping the lock tells the library that no extension is attached"]
pub struct Lock {
    _file: File,
}

/// Why there is no journal.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The folder, the file or its mapping failed.
    #[error(
        "open the journal {path}: {source}; point OBS_JOURNAL at a place that this process can write"
    )]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process holds the lock.
    #[error(
        "lock the journal {0}: another extension reads it; give each environment its own OBS_JOURNAL"
    )]
    Taken(PathBuf),
}

impl Intake {
    /// Opens the journal at `path` and takes its lock. What an earlier process
    /// left there is kept.
    ///
    /// # Errors
    ///
    /// When the file cannot be made or mapped, or another process holds it.
    pub fn open(path: &Path) -> Result<Self, IntakeError> {
        let failed = |source| IntakeError::Io {
            path: path.to_owned(),
            source,
        };
        if let Some(folder) = path.parent().filter(|folder| !folder.exists()) {
            fs::create_dir_all(folder).map_err(failed)?;
            // The handler may run as another user. A folder that was there before
            // (it may be /tmp itself) is left as it is.
            fs::set_permissions(folder, Permissions::from_mode(0o777)).map_err(failed)?;
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o666)
            .open(path)
            .map_err(failed)?;
        // The mode above is cut by the umask.
        let _ = file.set_permissions(Permissions::from_mode(0o666));
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => IntakeError::Taken(path.to_owned()),
            TryLockError::Error(source) => failed(source),
        })?;
        let journal = Journal::create(&file, Layout::default()).map_err(failed)?;
        Ok(Self {
            reader: Reader::attach(&journal),
            lock: Lock { _file: file },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_reader_is_turned_away_and_the_file_is_open_to_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("made/on/the/way/journal");
        let intake = Intake::open(&path).unwrap();
        assert!(matches!(Intake::open(&path), Err(IntakeError::Taken(_))));
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o666
        );
        drop(intake);
        Intake::open(&path).unwrap();
    }

    #[test]
    fn a_file_that_is_no_journal_is_formatted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        fs::write(&path, b"not a journal").unwrap();
        let mut intake = Intake::open(&path).unwrap();
        let drained = intake
            .reader
            .drain(cloudvault_obs_core::journal::Draining::Final, |_| ());
        assert_eq!((drained.points, drained.torn), (0, 0));
    }
}
