//! The spill file: where points are safe while CloudWatch fails.
//!
//! The journal holds a bounded number of points, and the library writes log lines
//! once it is full. In an outage they move here before that, and their cells are
//! free again. What an earlier process of the same environment left is delivered
//! by the next.
//!
//! | part | bytes |
//! |---|---|
//! | magic | 8 |
//! | a frame's state | 1: 0 waits, 1 delivered |
//! | its length, its checksum (CRC-32 of what follows) | 4, 4 |
//! | one request | as told |
//!
//! A frame is marked when it is delivered, and when the last one is, the file is
//! emptied. A torn frame (the process was killed while it wrote) ends the file:
//! its points' cells were not given back yet, so they are in the journal. Nothing
//! is synced to disk: the kernel keeps what a killed process wrote, and nothing
//! outlives the environment.

mod frame;

use std::{
    fs::{File, OpenOptions, Permissions},
    io,
    os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use crate::batch::Batch;

const MAGIC: &[u8; 8] = b"OBSSPIL1";
const START: u64 = MAGIC.len() as u64;
const HEAD: usize = 9;
const WAITS: u8 = 0;
const DELIVERED: u8 = 1;
/// A request is at most 1 MB on the wire, and hardly more here.
const MOST_FRAME: usize = 4 << 20;

/// The file, and how far it is read.
#[derive(Debug)]
pub struct Spill {
    file: Option<File>,
    limit: u64,
    /// One past the last whole frame.
    end: u64,
    /// The frame to deliver next.
    next: u64,
    /// Where the frame after it begins, once it is read.
    after: Option<u64>,
    points: u64,
    torn_bytes: u64,
    failures: u64,
}

impl Spill {
    /// No file: everything stays in the journal.
    #[must_use]
    pub fn none() -> Self {
        Self {
            file: None,
            limit: 0,
            end: START,
            next: START,
            after: None,
            points: 0,
            torn_bytes: 0,
            failures: 0,
        }
    }

    /// Where the spill file of a journal stands: `<journal>.spill`.
    #[must_use]
    pub fn path(journal: &Path) -> PathBuf {
        let mut path = journal.as_os_str().to_owned();
        path.push(".spill");
        path.into()
    }

    /// Opens the file, of at most `limit` bytes, and finds what was left in it.
    /// Whoever holds the journal's lock may do this.
    ///
    /// # Errors
    ///
    /// When the file cannot be made or read; then use [`Spill::none`].
    pub fn open(path: &Path, limit: u64) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)?;
        // An earlier process may have been another user's, with another umask.
        let _ = file.set_permissions(Permissions::from_mode(0o600));
        let mut spill = Self {
            limit,
            ..Self::none()
        };
        let length = file.metadata()?.len();
        spill.find(&file)?;
        if length > spill.end {
            spill.torn_bytes = length - spill.end.min(length);
            file.set_len(if spill.end == START { 0 } else { spill.end })?;
        }
        spill.file = Some(file);
        Ok(spill)
    }

    /// Walks over all frames, and counts what waits.
    fn find(&mut self, file: &File) -> io::Result<()> {
        let mut magic = [0; MAGIC.len()];
        if !whole(file, &mut magic, 0)? || magic != *MAGIC {
            return Ok(());
        }
        let mut first = None;
        while let Some((state, batch, after)) = read(file, self.end)? {
            if state != DELIVERED {
                first.get_or_insert(self.end);
                self.points += batch.points();
            }
            self.end = after;
        }
        self.next = first.unwrap_or(self.end);
        Ok(())
    }

    /// Stores requests, all or none.
    ///
    /// # Errors
    ///
    /// When there is no file, no room below the limit, or none on the disk.
    pub fn store<'a>(&mut self, batches: impl IntoIterator<Item = &'a Batch>) -> io::Result<()> {
        let result = self.append(batches);
        if result.is_err() {
            self.failures += 1;
        }
        result
    }

    fn append<'a>(&mut self, batches: impl IntoIterator<Item = &'a Batch>) -> io::Result<()> {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let file = self.file.as_ref().ok_or_else(full)?;
        let (mut out, mut points) = (Vec::new(), 0);
        let at = if self.end == START {
            out.extend_from_slice(MAGIC);
            0
        } else {
            self.end
        };
        for batch in batches {
            let frame = frame::encode(batch);
            let length = u32::try_from(frame.len()).map_err(|_| full())?;
            out.push(WAITS);
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(&crc32fast::hash(&frame).to_le_bytes());
            out.extend_from_slice(&frame);
            points += batch.points();
            if at + out.len() as u64 > self.limit {
                return Err(full());
            }
        }
        if let Err(error) = file.write_all_at(&out, at) {
            // What was written of it must not be taken for a frame later.
            let _ = file.set_len(at);
            return Err(error);
        }
        self.end = at + out.len() as u64;
        self.points += points;
        Ok(())
    }

    /// The next request that waits, if it can be read. It waits until
    /// [`Spill::settle`].
    pub fn front(&mut self) -> Option<Batch> {
        while self.next < self.end {
            let frame = match self.file.as_ref().map(|file| read(file, self.next)) {
                Some(Ok(Some(frame))) => frame,
                // It was whole when it was written: the disk failed.
                _ => {
                    self.failures += 1;
                    return None;
                }
            };
            let (state, batch, after) = frame;
            if state != DELIVERED {
                self.after = Some(after);
                return Some(batch);
            }
            self.next = after;
        }
        None
    }

    /// Notes that `points` of the request last given by [`Spill::front`] have
    /// found their end.
    pub fn account(&mut self, points: u64) {
        self.points = self.points.saturating_sub(points);
    }

    /// Notes that all of that request has, and empties the file after the last.
    pub fn settle(&mut self) {
        let Some(after) = self.after.take() else {
            return;
        };
        let Some(file) = &self.file else { return };
        // If this fails the request is sent again by the next process: twice is
        // better than never.
        let marked = file.write_all_at(&[DELIVERED], self.next);
        self.next = after;
        let emptied = if self.next >= self.end {
            self.end = START;
            self.next = START;
            file.set_len(0)
        } else {
            Ok(())
        };
        self.failures += u64::from(marked.is_err()) + u64::from(emptied.is_err());
    }

    /// Points that wait here.
    #[must_use]
    pub fn points(&self) -> u64 {
        self.points
    }

    /// Bytes that the file takes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        if self.end == START { 0 } else { self.end }
    }

    /// Bytes at the file's end that were no whole frame when it was opened.
    #[must_use]
    pub fn torn_bytes(&self) -> u64 {
        self.torn_bytes
    }

    /// How often the file failed: no room, no disk.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// Whether nothing waits here.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.next >= self.end
    }
}

/// The frame at `at`: its state, its request, where the next begins. None at the
/// end, and where the file is torn.
fn read(file: &File, at: u64) -> io::Result<Option<(u8, Batch, u64)>> {
    let mut head = [0; HEAD];
    if !whole(file, &mut head, at)? {
        return Ok(None);
    }
    let [state, a, b, c, d, sum @ ..] = head;
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    if length > MOST_FRAME {
        return Ok(None);
    }
    let mut bytes = vec![0; length];
    if !whole(file, &mut bytes, at + HEAD as u64)?
        || crc32fast::hash(&bytes) != u32::from_le_bytes(sum)
    {
        return Ok(None);
    }
    let after = at + (HEAD + length) as u64;
    Ok(frame::decode(&bytes).map(|batch| (state, batch, after)))
}

/// Fills `bytes` from the file; false if there are too few.
fn whole(file: &File, bytes: &mut [u8], at: u64) -> io::Result<bool> {
    match file.read_exact_at(bytes, at) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
