//! One request as bytes, and back.
//!
//! Lengths are 32 bits, numbers little-endian. What is read back was written by
//! an earlier process, perhaps of another version, perhaps not to its end: every
//! length is checked against what there is.

use std::sync::Arc;

use cloudvault_obs_core::metric::{Kind, Resolution, Series, Unit};

use crate::batch::{Batch, Datum};

const KINDS: [Kind; 3] = [Kind::Counter, Kind::Gauge, Kind::Histogram];

/// Writes a request down.
pub(super) fn encode(batch: &Batch) -> Vec<u8> {
    let mut out = Vec::with_capacity(batch.bytes());
    text(&mut out, &batch.namespace);
    length(&mut out, batch.data.len());
    for datum in &batch.data {
        let series = &*datum.series;
        text(&mut out, &series.name);
        text(&mut out, series.unit.as_str());
        out.push(series.resolution.seconds());
        let kind = KINDS.iter().position(|&kind| kind == series.kind);
        out.push(u8::try_from(kind.unwrap_or(0)).unwrap_or(0));
        length(&mut out, series.dimensions.len());
        for (name, value) in &series.dimensions {
            text(&mut out, name);
            text(&mut out, value);
        }
        out.extend_from_slice(&datum.timestamp_ms.to_le_bytes());
        out.extend_from_slice(&datum.points.to_le_bytes());
        length(&mut out, datum.values.len());
        for (value, count) in &datum.values {
            out.extend_from_slice(&value.to_bits().to_le_bytes());
            out.extend_from_slice(&count.to_le_bytes());
        }
    }
    out
}

/// Reads a request back; none if it is not one from beginning to end.
pub(super) fn decode(bytes: &[u8]) -> Option<Batch> {
    let mut rest = Rest(bytes);
    let namespace = rest.text()?;
    let mut data = Vec::new();
    for _ in 0..rest.length()? {
        data.push(rest.datum(&namespace)?);
    }
    (rest.0.is_empty() && !data.is_empty()).then_some(Batch { namespace, data })
}

fn length(out: &mut Vec<u8>, length: usize) {
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_le_bytes());
}

fn text(out: &mut Vec<u8>, text: &str) {
    length(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

/// What is still to be read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    fn length(&mut self) -> Option<usize> {
        let length = u32::from_le_bytes(self.bytes()?) as usize;
        // Everything counted takes a byte at least.
        (length <= self.0.len()).then_some(length)
    }

    fn text(&mut self) -> Option<String> {
        let length = self.length()?;
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        String::from_utf8(text.to_vec()).ok()
    }

    fn datum(&mut self, namespace: &str) -> Option<Datum> {
        let name = self.text()?;
        let unit = Unit::parse(&self.text()?)?;
        let resolution = match self.bytes()? {
            [1] => Resolution::High,
            [60] => Resolution::Standard,
            _ => return None,
        };
        let [kind] = self.bytes()?;
        let kind = *KINDS.get(usize::from(kind))?;
        let mut dimensions = Vec::new();
        for _ in 0..self.length()? {
            dimensions.push((self.text()?, self.text()?));
        }
        let timestamp_ms = i64::from_le_bytes(self.bytes()?);
        let points = u64::from_le_bytes(self.bytes()?);
        let mut values = Vec::new();
        for _ in 0..self.length()? {
            let value = f64::from_bits(u64::from_le_bytes(self.bytes()?));
            values.push((value, u64::from_le_bytes(self.bytes()?)));
        }
        Some(Datum {
            series: Arc::new(Series {
                namespace: namespace.to_owned(),
                name,
                dimensions,
                unit,
                resolution,
                kind,
            }),
            timestamp_ms,
            values,
            points,
        })
    }
}
