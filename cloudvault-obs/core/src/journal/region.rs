//! The journal's memory as a slice of atomic words: all of the product's unsafe code,
//! but for a call that asks for the time.
//!
//! # Why unsafe, and why it is sound
//!
//! A mapped file is a raw pointer, and only a pointer cast makes words of it.
//! The mapping is page-aligned, so aligned for `u64`; its length is taken from
//! the mapping itself; it lives exactly as long as the `Region` that lends the
//! slice; and the words are atomics, so what another process writes at the same
//! time is a value, not a data race. Words are never handed out as anything but
//! `&AtomicU64`.
//!
//! What cannot be excluded is that somebody truncates the file while it is
//! mapped: the kernel then answers an access with SIGBUS. Nobody but the two
//! processes of one execution environment can reach its `/tmp`, and neither
//! truncates a journal that it did not find invalid.

#[cfg(not(loom))]
use std::{fs::File, io};
use std::{ptr::NonNull, sync::Arc};

use super::{
    FormatError, Layout, Totals,
    layout::{CELL_WORDS, HEADER_WORDS, MAGIC, VERSION, word},
};
use crate::sync::{AtomicU64, Ordering};

/// The whole journal, header first.
#[derive(Debug)]
pub(super) struct Region {
    backing: Backing,
}

#[derive(Debug)]
enum Backing {
    #[cfg(not(loom))]
    Mapped(memmap2::MmapRaw),
    Heap(Box<[AtomicU64]>),
}

impl Region {
    #[cfg(not(loom))]
    pub(super) fn map(file: &File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        if length < (HEADER_WORDS * 8) as u64 || length % 8 != 0 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                FormatError::NotAJournal,
            ));
        }
        let map = memmap2::MmapOptions::new().map_raw(file)?;
        // Pages come as they are used. Else the first touch reads as far ahead as the
        // kernel likes: half a millisecond of INIT, and memory that nobody uses. Should
        // it not listen, all works the same.
        let _ = map.advise(memmap2::Advice::Random);
        Ok(Self {
            backing: Backing::Mapped(map),
        })
    }

    pub(super) fn heap(words: usize) -> Self {
        Self {
            backing: Backing::Heap((0..words).map(|_| AtomicU64::new(0)).collect()),
        }
    }

    pub(super) fn words(&self) -> &[AtomicU64] {
        match &self.backing {
            #[cfg(not(loom))]
            Backing::Mapped(map) => {
                #[expect(unsafe_code, reason = "see the module's documentation")]
                // SAFETY: the pointer is page-aligned and valid for `len` bytes while
                // `map` lives, which outlives the slice; every word is an atomic.
                unsafe {
                    std::slice::from_raw_parts(map.as_ptr().cast::<AtomicU64>(), map.len() / 8)
                }
            }
            Backing::Heap(words) => words,
        }
    }

    #[inline]
    pub(super) fn word(&self, index: usize) -> &AtomicU64 {
        &self.words()[index]
    }

    /// Writes an empty header; the magic comes last, so that a half-written
    /// header is never taken for a journal.
    pub(super) fn format(&self, layout: Layout) {
        self.word(word::MAGIC).store(0, Ordering::SeqCst);
        for index in 1..HEADER_WORDS {
            self.word(index).store(0, Ordering::Relaxed);
        }
        self.word(word::VERSION)
            .store(u64::from(VERSION), Ordering::Relaxed);
        self.word(word::CELLS)
            .store(u64::from(layout.cells()), Ordering::Relaxed);
        self.word(word::TABLE_WORDS)
            .store(layout.table_words() as u64, Ordering::Relaxed);
        self.word(word::MAGIC).store(MAGIC, Ordering::SeqCst);
    }

    #[cfg_attr(loom, expect(dead_code, reason = "only a mapped file needs the check"))]
    pub(super) fn check(&self) -> Result<(), FormatError> {
        let read = |index: usize| self.word(index).load(Ordering::SeqCst);
        if read(word::MAGIC) != MAGIC {
            return Err(FormatError::NotAJournal);
        }
        if read(word::VERSION) != u64::from(VERSION) {
            return Err(FormatError::Version(read(word::VERSION) as u32));
        }
        let (cells, table) = (read(word::CELLS), read(word::TABLE_WORDS));
        let sane = cells.is_power_of_two() && cells <= 1 << 24 && table <= 1 << 27;
        let words = HEADER_WORDS as u64 + cells.wrapping_mul(CELL_WORDS as u64) + table;
        let (head, tail) = (read(word::HEAD), read(word::TAIL));
        let ordered = tail <= head && head - tail <= cells && read(word::TABLE_HEAD) <= table;
        if !sane || words != self.words().len() as u64 || !ordered {
            return Err(FormatError::Corrupt);
        }
        Ok(())
    }

    /// The ring and the series table, split by the header's numbers. Taken once,
    /// when a side attaches: a header that changes later moves nothing.
    pub(super) fn shape(&self) -> Shape {
        let cells = self.word(word::CELLS).load(Ordering::Relaxed) as usize;
        let table = HEADER_WORDS + cells * CELL_WORDS;
        Shape {
            mask: cells as u64 - 1,
            table,
            end: self.words().len(),
        }
    }

    pub(super) fn totals(&self) -> Totals {
        let read = |index: usize| self.word(index).load(Ordering::Acquire);
        Totals {
            recorded: read(word::HEAD),
            released: read(word::TAIL),
            torn: read(word::TORN),
            refused: read(word::REFUSED),
        }
    }
}

/// Word offsets of a region's parts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    mask: u64,
    /// First word of the series table.
    pub(super) table: usize,
    /// One past the last word.
    pub(super) end: usize,
}

impl Shape {
    /// First word of the cell for the `index`th point ever claimed.
    #[inline]
    pub(super) fn cell(self, index: u64) -> usize {
        HEADER_WORDS + (index & self.mask) as usize * CELL_WORDS
    }

    pub(super) fn cells(self) -> u64 {
        self.mask + 1
    }
}

/// One point: its sequence number, series, value and timestamp.
pub(super) type Cell = [AtomicU64; CELL_WORDS];

/// A region's header and cells, found once: a writer needs them for every point.
#[derive(Debug, Clone)]
pub(super) struct Ring {
    header: NonNull<[AtomicU64; HEADER_WORDS]>,
    cells: NonNull<[Cell]>,
    /// What both point into.
    region: Arc<Region>,
}

#[expect(unsafe_code, reason = "see the module's documentation")]
// SAFETY: the pointers lead to atomics that the region, which may be sent and
// shared itself, keeps where they are while the ring lives.
unsafe impl Send for Ring {}
#[expect(unsafe_code, reason = "see the module's documentation")]
// SAFETY: as above; only shared references are made of them.
unsafe impl Sync for Ring {}

impl Ring {
    pub(super) fn of(region: Arc<Region>, shape: Shape) -> Self {
        let words = &region.words()[..shape.table];
        let (header, cells) = words
            .split_first_chunk()
            .expect("the table stands behind the header");
        let (header, cells) = (header.into(), cells.as_chunks().0.into());
        Self {
            header,
            cells,
            region,
        }
    }

    pub(super) fn region(&self) -> &Region {
        &self.region
    }

    #[inline]
    pub(super) fn header(&self) -> &[AtomicU64; HEADER_WORDS] {
        #[expect(unsafe_code, reason = "see the module's documentation")]
        // SAFETY: it was made of a reference into `region`, which `self` keeps.
        unsafe {
            self.header.as_ref()
        }
    }

    /// As many as a power of two says.
    #[inline]
    pub(super) fn cells(&self) -> &[Cell] {
        #[expect(unsafe_code, reason = "see the module's documentation")]
        // SAFETY: as in `header`.
        unsafe {
            self.cells.as_ref()
        }
    }
}
