//! Whether a handler's library is attached to the journal.
//!
//! The library locks `<journal>.writer` for as long as its process lives. So a
//! lock that is taken says that somebody will ring at the end of the invocation,
//! even before the first ring; and one that falls free says that the process is
//! gone, and with it its invocation.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
};

/// The writer's lock of one journal.
#[derive(Debug)]
pub struct Writing {
    path: PathBuf,
}

impl Writing {
    /// The lock that stands beside `journal`.
    #[must_use]
    pub fn beside(journal: &Path) -> Self {
        let mut path = journal.as_os_str().to_owned();
        path.push(".writer");
        Self { path: path.into() }
    }

    /// Whether somebody holds it. Asking takes the lock for some microseconds if
    /// it is free, so ask only when an invocation runs: a library attaches before
    /// its runtime takes the first.
    #[must_use]
    pub fn is_held(&self) -> bool {
        let file = File::open(&self.path);
        file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_tells_that_a_library_is_attached() {
        let dir = tempfile::tempdir().unwrap();
        let journal = dir.path().join("journal");
        let writing = Writing::beside(&journal);
        assert!(!writing.is_held());
        let library = File::create(dir.path().join("journal.writer")).unwrap();
        assert!(!writing.is_held());
        library.try_lock().unwrap();
        assert!(writing.is_held());
        drop(library);
        assert!(!writing.is_held());
    }
}
