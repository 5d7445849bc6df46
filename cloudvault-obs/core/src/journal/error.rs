//! Why a journal cannot be used, or a point cannot be recorded in it.

use std::{error, fmt};

/// The file is not a journal that this version can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormatError {
    /// Too short for a header, or without the journal's first eight bytes.
    NotAJournal,
    /// Written by another version of this crate.
    Version(u32),
    /// The header's numbers contradict each other or the file's length.
    Corrupt,
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAJournal => f.write_str("not a journal"),
            Self::Version(found) => write!(
                f,
                "journal format {found}, expected {}: library and extension differ, deploy the \
                 same version of both",
                super::layout::VERSION
            ),
            Self::Corrupt => f.write_str("journal header is corrupt"),
        }
    }
}

impl error::Error for FormatError {}

/// Why a point was not recorded. The caller still holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordError {
    /// Every cell waits for delivery.
    Full,
    /// The series table has no room for one more series.
    TableFull,
    /// The series breaks a limit of the table's encoding.
    TooLarge,
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "journal is full",
            Self::TableFull => "journal's series table is full",
            Self::TooLarge => "series is too large for the journal's table",
        })
    }
}

impl error::Error for RecordError {}
