//! The spool as the extension reads it. Frames and rules stand in
//! [`cloudvault_obs_core::segment::spool`].

// Bytes of others come in here, and a panic would take the function down.
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

use std::{
    fs::{File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use cloudvault_obs_core::segment::{
    MAX_DOCUMENT,
    spool::{self, DONE, MOST_BYTES, START},
};
use serde::Deserialize;

/// Read at once: several of the longest documents.
const READ: usize = 4 * MAX_DOCUMENT;

/// A document on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Where its frame stands.
    at: u64,
    /// The document.
    pub text: String,
    /// Its segment's id, by which X-Ray names what it refuses.
    pub id: Option<String>,
    /// How often X-Ray refused it.
    pub refusals: u32,
}

/// The file, and how far it is read.
#[derive(Debug)]
pub struct Spool {
    file: Option<File>,
    /// The frame to take next.
    next: u64,
    failures: u64,
}

impl Spool {
    /// No file: nothing is forwarded.
    #[must_use]
    pub fn none() -> Self {
        Self {
            file: None,
            next: START,
            failures: 0,
        }
    }

    /// Opens the file, or makes it: from then on the library writes to it. Whoever
    /// holds the journal's lock may do this.
    ///
    /// # Errors
    ///
    /// When the file cannot be made; then use [`Spool::none`].
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o666)
            .open(path)?;
        // The handler may run as another user; the mode above is cut by the umask.
        let _ = file.set_permissions(Permissions::from_mode(0o666));
        Ok(Self {
            file: Some(file),
            ..Self::none()
        })
    }

    /// Whether there is something to take, or to empty.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.length() > START
    }

    fn length(&self) -> u64 {
        let metadata = self.file.as_ref().map(File::metadata);
        metadata.and_then(Result::ok).map_or(0, |file| file.len())
    }

    /// The next documents that wait, at most `most` and some hundred kilobytes.
    /// They wait until [`Spool::settle`].
    pub fn take(&mut self, most: usize) -> Vec<Document> {
        let mut taken = Vec::new();
        if most == 0 || self.length() <= self.next {
            return taken;
        }
        let bytes = self.read(self.next, READ);
        let mut rest = &bytes[..];
        while let Some(frame) = spool::read(rest).filter(|_| taken.len() < most) {
            if !frame.done {
                taken.push(document(self.next, frame.document));
            }
            self.next = self.next.saturating_add(frame.length() as u64);
            rest = rest.get(frame.length()..).unwrap_or_default();
        }
        taken
    }

    fn read(&mut self, at: u64, most: usize) -> Vec<u8> {
        let Some(file) = &self.file else {
            return Vec::new();
        };
        let mut bytes = vec![0; most];
        let mut filled = 0;
        while let Some(room) = bytes.get_mut(filled..).filter(|room| !room.is_empty()) {
            match file.read_at(room, at.saturating_add(filled as u64)) {
                Ok(0) => break,
                Ok(count) => filled = filled.saturating_add(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    self.failures = self.failures.saturating_add(1);
                    break;
                }
            }
        }
        bytes.truncate(filled);
        bytes
    }

    /// Marks a document that has found its end.
    pub fn settle(&mut self, document: &Document) {
        let marked = self
            .file
            .as_ref()
            .map(|file| file.write_all_at(&[DONE], document.at));
        // If this fails the next process sends it again, which does no harm.
        let failed = matches!(marked, Some(Err(_)));
        self.failures = self.failures.saturating_add(u64::from(failed));
    }

    /// Empties the file if all that was taken is all there is; gives the documents
    /// that were torn, since their writer was killed. The caller has settled what
    /// it took.
    pub fn empty(&mut self) -> u64 {
        match self.file.as_ref().map(File::try_lock) {
            Some(Ok(())) => {}
            // A writer is at it: there is more to come.
            None | Some(Err(TryLockError::WouldBlock)) => return 0,
            Some(Err(TryLockError::Error(_))) => {
                self.failures = self.failures.saturating_add(1);
                return 0;
            }
        }
        // Nobody writes now, so what is no whole frame will never be one.
        let beyond = self.length().saturating_sub(self.next);
        let bytes = match beyond {
            0 => Vec::new(),
            _ => self.read(self.next, READ),
        };
        let emptied = match &self.file {
            Some(file) if spool::read(&bytes).is_none() => Some(file.set_len(0)),
            _ => None,
        };
        if let Some(emptied) = &emptied {
            self.next = START;
            self.failures = self.failures.saturating_add(u64::from(emptied.is_err()));
        }
        let _ = self.file.as_ref().map(File::unlock);
        u64::from(emptied.is_some() && beyond > 0)
    }

    /// How many documents wait that were not taken.
    pub fn left(&mut self) -> u64 {
        let most = usize::try_from(MOST_BYTES).unwrap_or(usize::MAX);
        let waiting = self.length().saturating_sub(self.next);
        let bytes = self.read(
            self.next,
            most.min(usize::try_from(waiting).unwrap_or(most)),
        );
        let mut rest = &bytes[..];
        let mut count = 0_u64;
        while let Some(frame) = spool::read(rest) {
            count = count.saturating_add(u64::from(!frame.done));
            rest = rest.get(frame.length()..).unwrap_or_default();
        }
        count
    }

    /// How often the file failed.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failures
    }
}

fn document(at: u64, bytes: &[u8]) -> Document {
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    let named = serde_json::from_slice::<Named>(bytes);
    Document {
        at,
        // What is no UTF-8 is no document either: X-Ray says so.
        text: String::from_utf8_lossy(bytes).into_owned(),
        id: named.ok().map(|named| named.id),
        refusals: 0,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    fn append(path: &Path, documents: &[&str]) {
        let mut bytes = fs::read(path).unwrap();
        if bytes.is_empty() {
            bytes.extend_from_slice(spool::MAGIC);
        }
        for document in documents {
            spool::write(&mut bytes, document.as_bytes());
        }
        fs::write(path, bytes).unwrap();
    }

    fn texts(documents: &[Document]) -> Vec<&str> {
        documents.iter().map(|found| found.text.as_str()).collect()
    }

    #[test]
    fn what_is_not_settled_is_given_to_the_next_process_and_the_rest_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("spool");
        let mut spool = Spool::open(&path).unwrap();
        assert!(!spool.waits());
        append(&path, &[r#"{"id":"a"}"#, r#"{"id":"b"}"#, "{}"]);
        assert_eq!((spool.waits(), spool.left()), (true, 3));
        let taken = spool.take(2);
        assert_eq!(taken[0].id.as_deref(), Some("a"));
        spool.settle(&taken[0]);
        drop(spool);
        let mut spool = Spool::open(&path).unwrap();
        assert_eq!(spool.left(), 2);
        let taken = spool.take(50);
        assert_eq!(texts(&taken), [r#"{"id":"b"}"#, "{}"]);
        taken.iter().for_each(|document| spool.settle(document));
        spool.empty();
        assert_eq!(fs::metadata(&path).unwrap().len(), 0);
        append(&path, &["{}"]);
        assert_eq!(spool.take(50).len(), 1);
    }

    #[test]
    fn a_frame_that_is_being_written_is_taken_when_it_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("spool");
        let mut spool = Spool::open(&path).unwrap();
        append(&path, &["{}", "[]"]);
        let whole = fs::read(&path).unwrap();
        let writer = File::open(&path).unwrap();
        writer.lock().unwrap();
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert_eq!(texts(&spool.take(50)), ["{}"]);
        assert_eq!(spool.empty(), 0);
        assert!(spool.waits(), "a frame is not cut off while it is written");
        fs::write(&path, &whole).unwrap();
        writer.unlock().unwrap();
        assert_eq!(texts(&spool.take(50)), ["[]"]);
        assert_eq!((spool.empty(), spool.waits()), (0, false));
    }

    #[test]
    fn a_frame_whose_writer_was_killed_is_cut_off_and_counted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("spool");
        let mut spool = Spool::open(&path).unwrap();
        append(&path, &["{}", "[]"]);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert_eq!(spool.take(50).len(), 1);
        assert_eq!((spool.empty(), spool.waits()), (1, false));
    }

    #[test]
    fn what_came_since_the_last_take_is_not_emptied() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("spool");
        let mut spool = Spool::open(&path).unwrap();
        append(&path, &["{}"]);
        spool.take(50);
        append(&path, &["[]"]);
        assert_eq!((spool.empty(), spool.left()), (0, 1));
    }

    #[test]
    fn a_file_that_a_writer_holds_is_not_emptied() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("spool");
        let mut spool = Spool::open(&path).unwrap();
        append(&path, &["{}"]);
        spool.take(1);
        let writer = File::open(&path).unwrap();
        writer.lock().unwrap();
        spool.empty();
        assert!(spool.waits());
        drop(writer);
        spool.empty();
        assert!(!spool.waits());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_run_on(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("spool");
            fs::write(&path, [&spool::MAGIC[..], &bytes].concat()).unwrap();
            let mut spool = Spool::open(&path).unwrap();
            while !spool.take(3).is_empty() {}
            spool.empty();
        }
    }
}
