//! The journal: a bounded ring of metric points in one memory-mapped file.
//!
//! A handler's metrics travel to the extension through this file instead of a
//! socket, because the kernel keeps the pages of a mapped file when the process
//! that wrote them is killed. The ring is therefore transport, buffer and
//! write-ahead log in one: a point survives the handler from the moment that
//! [`Writer::record`] returns, and its cell is free again only after
//! [`Reader::release`], which the extension calls when CloudWatch has answered
//! 200 for it.
//!
//! # Layout
//!
//! | part | bytes | content |
//! |---|---|---|
//! | header | 4,096 | magic, layout, head, tail, totals |
//! | cells | 32 each | sequence number, series, value, timestamp |
//! | series table | as configured | what each series number stands for |
//!
//! Every word is an `AtomicU64`, so two processes that race on the file can
//! disagree about values and never about memory. The file is written by the
//! handler's process and read by the extension's: neither trusts the other's
//! numbers further than its own bounds check.
//!
//! # What is lost, and where it shows
//!
//! * [`RecordError::Full`]: the ring has no free cell; the caller has to send
//!   the point another way. Counted in [`Totals::refused`].
//! * A cell claimed by a writer that was killed between the claim and the last
//!   store was never recorded; it is skipped and counted in [`Totals::torn`].

mod error;
mod layout;
mod region;
mod series_table;
mod writer;
mod reader;

pub use error::{FormatError, RecordError};
pub use layout::Layout;
pub use reader::{Drained, Draining, Point, Position, Reader};
pub use writer::{SeriesWriter, Writer};

use std::sync::Arc;
#[cfg(not(loom))]
use std::{fs::File, io};

use region::Region;

/// The number of a series in a journal's table, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesId(u32);

impl SeriesId {
    /// The number as an index into a dense array of series.
    #[must_use]
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What has passed through a journal since it was formatted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Points whose `record` began: delivered, waiting or torn.
    pub recorded: u64,
    /// Cells given back after delivery (torn ones included).
    pub released: u64,
    /// Cells whose writer died in the middle of a store, or whose content
    /// cannot be a point.
    pub torn: u64,
    /// Points that found the ring full and had to leave another way.
    pub refused: u64,
}

/// One mapped journal, shared by its writers or its reader.
#[derive(Debug, Clone)]
pub struct Journal {
    region: Arc<Region>,
}

impl Journal {
    /// Maps `file`, formatting it unless an earlier process left a valid journal
    /// there. The extension calls this; `file` has to be open for reading and
    /// writing.
    ///
    /// # Errors
    ///
    /// When the file cannot be resized or mapped.
    #[cfg(not(loom))]
    pub fn create(file: &File, layout: Layout) -> io::Result<Self> {
        if let Ok(journal) = Self::open(file) {
            return Ok(journal);
        }
        file.set_len(0)?;
        reserve(file, layout.file_len())?;
        let region = Region::map(file)?;
        region.format(layout);
        Ok(Self {
            region: Arc::new(region),
        })
    }

    /// Maps a journal that the extension has formatted. The library calls this.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidData`] with a [`FormatError`] when the file is
    /// not a journal of this version.
    #[cfg(not(loom))]
    pub fn open(file: &File) -> io::Result<Self> {
        let region = Region::map(file)?;
        region
            .check()
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok(Self {
            region: Arc::new(region),
        })
    }

    /// A journal in memory, for tests and for processes that keep both ends.
    #[must_use]
    pub fn in_memory(layout: Layout) -> Self {
        let region = Region::heap(layout.words());
        region.format(layout);
        Self {
            region: Arc::new(region),
        }
    }

    /// The journal's counters as they stand.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.region.totals()
    }
}

/// Gives the file its length and its blocks. A file that is only long has no blocks
/// until a page of it is written: should the disk be full by then, the write into the
/// mapping would kill the handler with SIGBUS.
#[cfg(not(loom))]
fn reserve(file: &File, len: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::Errno;
    use std::os::unix::fs::FileExt;

    const ZEROS: [u8; 16 * 1024] = [0; 16 * 1024];
    match fallocate(file, FallocateFlags::empty(), 0, len) {
        Ok(()) => return Ok(()),
        // Not every file system can; all can be written to.
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => {}
        Err(error) => return Err(error.into()),
    }
    let mut at = 0;
    while at < len {
        let chunk = (len - at).min(ZEROS.len() as u64);
        file.write_all_at(&ZEROS[..chunk as usize], at)?;
        at += chunk;
    }
    Ok(())
}

#[cfg(all(test, not(loom)))]
mod tests;
#[cfg(all(test, loom))]
mod loom_tests;
