//! What goes on one line: samples cut to the format's limits.

use std::{borrow::Cow, sync::Arc};

use super::{MAX_BYTES, MAX_METRICS, MAX_VALUES, Prepared, Sample, Written, points};
use crate::metric::value_is_valid;

/// At most 100 values of one series.
pub(super) struct Piece<'a> {
    pub(super) series: &'a Prepared,
    pub(super) values: Cow<'a, [(f64, u64)]>,
}

impl Piece<'_> {
    /// A bound on what the piece adds to a line.
    fn bytes(&self) -> usize {
        self.series.bytes + self.values.len() * 48
    }
}

/// Cuts the samples so that each piece may stand on a line, those of one group
/// together; first pieces before second ones, since they share no line.
pub(super) fn pieces<'a>(samples: &[Sample<'a>], written: &mut Written) -> Vec<Piece<'a>> {
    let mut pieces = Vec::with_capacity(samples.len());
    let mut longest = 0;
    for &Sample { series, values } in samples {
        longest = longest.max(values.len());
        let sound = values.iter().all(|(value, _)| value_is_valid(*value));
        let values = if sound {
            Cow::Borrowed(values)
        } else {
            let (good, bad): (Vec<_>, Vec<_>) =
                values.iter().partition(|(value, _)| value_is_valid(*value));
            written.dropped += points(&bad);
            Cow::Owned(good)
        };
        if !values.is_empty() {
            pieces.push(Piece { series, values });
        }
    }
    let group = |piece: &Piece<'a>| &piece.series.group;
    if let Some(first) = pieces.first()
        && !pieces
            .iter()
            .all(|piece| Arc::ptr_eq(group(piece), group(first)))
    {
        // The order within a group is the caller's.
        pieces.sort_by(|a, b| {
            (&group(a).head, &group(a).members).cmp(&(&group(b).head, &group(b).members))
        });
    }
    if longest <= MAX_VALUES {
        return pieces;
    }
    pieces
        .chunk_by(|a, b| group(a) == group(b))
        .flat_map(|group| rounds(group, longest))
        .collect()
}

fn rounds<'a>(group: &[Piece<'a>], longest: usize) -> Vec<Piece<'a>> {
    let mut rounds = Vec::new();
    for start in (0..longest).step_by(MAX_VALUES) {
        for Piece { series, values } in group {
            let end = values.len().min(start + MAX_VALUES);
            if let Some(part) = values.get(start..end).filter(|part| !part.is_empty()) {
                rounds.push(Piece {
                    series,
                    values: Cow::Owned(part.to_vec()),
                });
            }
        }
    }
    rounds
}

/// How many of the first pieces go on one line: those of one group, each name
/// once, within the limits. Answers the names on the line too.
pub(super) fn fitting(pieces: &[Piece<'_>]) -> (usize, Names) {
    let group = &pieces[0].series.group;
    let (mut bytes, mut names) = (0, group.names);
    for (index, Piece { series, .. }) in pieces.iter().enumerate() {
        bytes += pieces[index].bytes();
        let same_group = Arc::ptr_eq(&series.group, group) || series.group == *group;
        let named = names.maybe(series.place)
            && pieces[..index]
                .iter()
                .any(|other| other.series.name == series.name);
        if index > 0 && (!same_group || named || index == MAX_METRICS || bytes > MAX_BYTES) {
            return (index, names);
        }
        names.add(series.place);
    }
    (pieces.len(), names)
}

/// A set of names that may answer yes where it should say no: most names are
/// ruled out by it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Names([u64; 4]);

/// Where a name stands in [`Names`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Place(u8);

impl Place {
    pub(super) fn of(name: &str) -> Self {
        let bytes = name.as_bytes();
        let (first, last) = (bytes.first().copied(), bytes.last().copied());
        let middle = bytes.get(bytes.len() / 2).copied();
        let byte = |byte: Option<u8>| usize::from(byte.unwrap_or_default());
        let place = bytes.len() * 7 + byte(first) * 3 + byte(last) * 5 + byte(middle) * 11;
        Self(place as u8)
    }

    fn word_and_bit(self) -> (usize, u64) {
        (usize::from(self.0 / 64), 1 << (self.0 % 64))
    }
}

impl Names {
    pub(super) fn maybe(&self, place: Place) -> bool {
        let (word, bit) = place.word_and_bit();
        self.0[word] & bit != 0
    }

    pub(super) fn add(&mut self, place: Place) {
        let (word, bit) = place.word_and_bit();
        self.0[word] |= bit;
    }
}
