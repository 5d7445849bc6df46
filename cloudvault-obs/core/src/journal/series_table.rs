//! The series table: an append-only list of what each series number means.
//!
//! One entry is a word with its length in bytes, then the bytes padded to whole
//! words. An entry exists from the moment that `TABLE_HEAD` passes it, so one
//! that a dying writer left half-written is simply overwritten by the next.

use super::{
    RecordError,
    layout::word,
    region::{Region, Shape},
};
use crate::{
    metric::{Kind, Resolution, Series, Unit},
    sync::Ordering,
};

/// Appends `series`. The caller is the only writer (a lock in [`super::Writer`]).
pub(super) fn append(region: &Region, shape: Shape, series: &Series) -> Result<(), RecordError> {
    let bytes = encode(series).ok_or(RecordError::TooLarge)?;
    let used = region.word(word::TABLE_HEAD).load(Ordering::Relaxed) as usize;
    let at = shape.table.saturating_add(used);
    let words = 1 + bytes.len().div_ceil(8);
    if at.checked_add(words).is_none_or(|end| end > shape.end) {
        return Err(RecordError::TableFull);
    }
    region.word(at).store(bytes.len() as u64, Ordering::Relaxed);
    for (offset, chunk) in bytes.chunks(8).enumerate() {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        region
            .word(at + 1 + offset)
            .store(u64::from_le_bytes(word), Ordering::Relaxed);
    }
    region
        .word(word::TABLE_HEAD)
        .store((used + words) as u64, Ordering::Release);
    Ok(())
}

/// Reads the entries that came since the last call. A table that is not well
/// formed ends there: what it cannot name is counted as torn by the reader.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    words: usize,
}

impl Cursor {
    pub(super) fn next(&mut self, region: &Region, shape: Shape) -> Option<Series> {
        let valid = region.word(word::TABLE_HEAD).load(Ordering::Acquire) as usize;
        let at = shape.table + self.words;
        if self.words >= valid || at >= shape.end {
            return None;
        }
        let length = region.word(at).load(Ordering::Relaxed) as usize;
        let words = 1 + length.div_ceil(8);
        if length > MAX_ENTRY || at + words > shape.end {
            return None;
        }
        let mut bytes: Vec<u8> = (1..words)
            .flat_map(|offset| {
                region
                    .word(at + offset)
                    .load(Ordering::Relaxed)
                    .to_le_bytes()
            })
            .collect();
        bytes.truncate(length);
        let series = decode(&bytes)?;
        self.words += words;
        Some(series)
    }
}

/// 30 dimensions of 255 + 1,024 bytes and the names fit with room.
const MAX_ENTRY: usize = 64 * 1024;

fn encode(series: &Series) -> Option<Vec<u8>> {
    let mut out = vec![
        series.kind.code(),
        series.unit.code(),
        series.resolution.seconds(),
        u8::try_from(series.dimensions.len()).ok()?,
    ];
    let names = [series.namespace.as_str(), series.name.as_str()];
    let dimensions = series
        .dimensions
        .iter()
        .flat_map(|(name, value)| [name.as_str(), value]);
    for text in names.into_iter().chain(dimensions) {
        out.extend(u16::try_from(text.len()).ok()?.to_le_bytes());
        out.extend(text.as_bytes());
    }
    (out.len() <= MAX_ENTRY).then_some(out)
}

fn decode(bytes: &[u8]) -> Option<Series> {
    let (&[kind, unit, resolution, dimensions], mut rest) = bytes.split_first_chunk::<4>()?;
    let mut text = || {
        let (length, tail) = rest.split_first_chunk::<2>()?;
        let (text, tail) = tail.split_at_checked(u16::from_le_bytes(*length).into())?;
        rest = tail;
        String::from_utf8(text.to_vec()).ok()
    };
    Some(Series {
        kind: Kind::from_code(kind)?,
        unit: Unit::from_code(unit)?,
        resolution: Resolution::from_seconds(resolution)?,
        namespace: text()?,
        name: text()?,
        dimensions: (0..dimensions)
            .map(|_| Some((text()?, text()?)))
            .collect::<Option<Vec<_>>>()?,
    })
}

#[cfg(all(test, not(loom)))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_series_survives_the_table(
            namespace in ".{0,40}", name in ".{0,40}",
            dimensions in prop::collection::vec((".{0,20}", ".{0,60}"), 0..30),
            kind in 0u8..3, unit in 0u8..27, high in any::<bool>(),
        ) {
            let series = Series {
                namespace, name, dimensions,
                kind: Kind::from_code(kind).unwrap(),
                unit: Unit::from_code(unit).unwrap(),
                resolution: if high { Resolution::High } else { Resolution::Standard },
            };
            prop_assert_eq!(decode(&encode(&series).unwrap()), Some(series));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }
    }
}
