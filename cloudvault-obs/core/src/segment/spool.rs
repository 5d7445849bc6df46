//! The segments' spool: documents that found no X-Ray daemon, as frames of a file
//! that the library appends to and the extension takes from.
//!
//! | part | bytes |
//! |---|---|
//! | [`MAGIC`] | 8 |
//! | a frame's state | 1: 0 waits, 1 done |
//! | its document's length, its checksum (CRC-32) | 4, 4, little-endian |
//! | one document | as told, at most [`MAX_DOCUMENT`] |
//!
//! The file stands beside the journal ([`path`]). The extension makes it, so its
//! absence says that nobody forwards. Only whoever holds the file's lock writes to
//! its end or empties it; a frame's state is changed in place, without the lock, by
//! the extension alone. A torn frame (its writer was killed) ends the file: the
//! next writer cuts it off.

use std::path::{Path, PathBuf};

use super::MAX_DOCUMENT;

/// What the file begins with.
pub const MAGIC: &[u8; 8] = b"OBSSEGM1";
/// Where the first frame stands.
pub const START: u64 = MAGIC.len() as u64;
/// The file holds at most this many bytes: more than a thousand invocations' usual
/// documents, and little of the 512 MB that `/tmp` has at least.
pub const MOST_BYTES: u64 = 4 << 20;
/// The state of a frame that has found its end.
pub const DONE: u8 = 1;

const WAITS: u8 = 0;
const HEAD: usize = 9;

/// Where the spool of a journal stands: `<journal>.segments`.
#[must_use]
pub fn path(journal: &Path) -> PathBuf {
    let mut path = journal.as_os_str().to_owned();
    path.push(".segments");
    path.into()
}

/// One frame, as it stands in a file's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Whether it has found its end.
    pub done: bool,
    /// The document, without the header that the daemon wants.
    pub document: &'a [u8],
}

impl Frame<'_> {
    /// Bytes that it takes in the file.
    #[must_use]
    pub fn length(&self) -> usize {
        HEAD + self.document.len()
    }
}

/// Appends a frame that waits to `out`.
pub fn write(out: &mut Vec<u8>, document: &[u8]) {
    let length = u32::try_from(document.len()).unwrap_or(u32::MAX);
    out.push(WAITS);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&crc32fast::hash(document).to_le_bytes());
    out.extend_from_slice(document);
}

/// The frame that `bytes` begin with; none where it is torn or is none.
#[must_use]
pub fn read(bytes: &[u8]) -> Option<Frame<'_>> {
    let (head, rest) = bytes.split_at_checked(HEAD)?;
    let (&state, numbers) = head.split_first()?;
    let (length, sum) = numbers.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    if length > MAX_DOCUMENT {
        return None;
    }
    let document = rest.get(..length)?;
    let sum = u32::from_le_bytes(sum.try_into().ok()?);
    (crc32fast::hash(document) == sum).then_some(Frame {
        done: state == DONE,
        document,
    })
}

/// How much of a file's bytes is whole frames, [`MAGIC`] included: 0 when it is no
/// spool.
#[must_use]
pub fn whole(file: &[u8]) -> usize {
    if !file.starts_with(MAGIC) {
        return 0;
    }
    let mut end = MAGIC.len();
    while let Some(frame) = file.get(end..).and_then(read) {
        end += frame.length();
    }
    end
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(documents: &[Vec<u8>]) -> (Vec<u8>, Vec<usize>) {
        let mut out = MAGIC.to_vec();
        let ends = documents.iter().map(|document| {
            write(&mut out, document);
            out.len()
        });
        let ends = ends.collect();
        (out, ends)
    }

    fn documents(file: &[u8]) -> Vec<Vec<u8>> {
        let (mut rest, mut found) = (&file[MAGIC.len().min(file.len())..], Vec::new());
        while let Some(frame) = read(rest) {
            found.push(frame.document.to_vec());
            rest = &rest[frame.length()..];
        }
        found
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_and_a_torn_tail_costs_only_itself(
            written in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..8),
            cut in 0..2000usize,
        ) {
            let (bytes, ends) = file(&written);
            prop_assert_eq!(whole(&bytes), bytes.len());
            prop_assert_eq!(&documents(&bytes), &written);
            let torn = &bytes[..cut % (bytes.len() + 1)];
            let kept = ends.iter().filter(|&&end| end <= torn.len()).count();
            prop_assert_eq!(documents(torn), written[..kept].to_vec());
            let expect = match ends[..kept].last() {
                Some(&end) => end,
                None if torn.len() >= MAGIC.len() => MAGIC.len(),
                None => 0,
            };
            prop_assert_eq!(whole(torn), expect);
        }

        #[test]
        fn a_flipped_bit_of_a_document_is_seen(
            document in prop::collection::vec(any::<u8>(), 1..200), at: prop::sample::Index, bit in 0..8u8,
        ) {
            let mut bytes = Vec::new();
            write(&mut bytes, &document);
            let at = HEAD + at.index(document.len());
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(read(&bytes), None);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = (read(&bytes), whole(&bytes));
        }
    }

    #[test]
    fn the_state_is_not_part_of_the_checksum() {
        let mut bytes = Vec::new();
        write(&mut bytes, b"{}");
        assert!(!read(&bytes).unwrap().done);
        bytes[0] = DONE;
        assert!(read(&bytes).unwrap().done);
    }

    #[test]
    fn a_length_beyond_a_documents_is_no_frame() {
        let mut bytes = Vec::new();
        write(&mut bytes, &vec![0; MAX_DOCUMENT + 1]);
        assert_eq!(read(&bytes), None);
    }
}
