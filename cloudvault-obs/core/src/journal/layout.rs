//! Where each part of the journal stands in its file.

/// First word of every journal: `OBSJRNL` and a zero byte.
pub(super) const MAGIC: u64 = u64::from_le_bytes(*b"OBSJRNL\0");
pub(super) const VERSION: u32 = 1;

pub(super) const HEADER_WORDS: usize = 512;
pub(super) const CELL_WORDS: usize = 4;

/// Header words. Those that the writer and the reader change stand in cache
/// lines of their own, so that one does not slow the other.
pub(super) mod word {
    pub(crate) const MAGIC: usize = 0;
    pub(crate) const VERSION: usize = 1;
    pub(crate) const CELLS: usize = 2;
    pub(crate) const TABLE_WORDS: usize = 3;
    /// Next cell to claim; only writers add to it.
    pub(crate) const HEAD: usize = 8;
    pub(crate) const REFUSED: usize = 16;
    /// The head when the present writer attached: what is unwritten before it
    /// belongs to a writer that is dead.
    pub(crate) const WRITER_START: usize = 24;
    /// Words of the series table that are valid.
    pub(crate) const TABLE_HEAD: usize = 32;
    /// First cell that is not yet delivered; only the reader adds to it.
    pub(crate) const TAIL: usize = 40;
    pub(crate) const TORN: usize = 41;
}

/// The size of a journal.
///
/// The default holds 65,536 undelivered points and about 8,000 series in
/// 3 MiB of file, all of it reserved when the journal is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    cells: u32,
    table_bytes: u32,
}

impl Layout {
    /// A ring of at least `cells` points (rounded up to a power of two, between
    /// 2 and 16,777,216) and a series table of `table_bytes` (rounded up to 8,
    /// at least 1 KiB).
    #[must_use]
    pub fn new(cells: u32, table_bytes: u32) -> Self {
        Self {
            cells: cells.clamp(2, 1 << 24).next_power_of_two(),
            table_bytes: table_bytes.clamp(1024, 1 << 30).next_multiple_of(8),
        }
    }

    /// Cells in the ring.
    #[must_use]
    pub fn cells(self) -> u32 {
        self.cells
    }

    /// Length of the file in bytes.
    #[must_use]
    pub fn file_len(self) -> u64 {
        self.words() as u64 * 8
    }

    pub(super) fn words(self) -> usize {
        HEADER_WORDS + self.cells as usize * CELL_WORDS + self.table_words()
    }

    pub(super) fn table_words(self) -> usize {
        self.table_bytes as usize / 8
    }
}

impl Default for Layout {
    fn default() -> Self {
        Self::new(1 << 16, (1 << 20) - 4096)
    }
}
