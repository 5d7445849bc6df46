//! A request as lines of the embedded metric format: the way out that is left when
//! the environment goes and CloudWatch does not answer.

use std::sync::Arc;

use cloudvault_obs_core::emf;

use crate::batch::{Batch, Datum};

/// A request as lines; the points on them, and those that the format cannot
/// express.
pub(super) fn lines(batch: &Batch) -> (Vec<u8>, u64, u64) {
    let expressible = |datum: &&Datum| {
        let series = &*datum.series;
        let group = emf::Group::new(&series.namespace, &series.dimensions);
        emf::Prepared::new(series, Arc::new(group)).is_ok()
    };
    let (mut data, not): (Vec<_>, Vec<_>) = batch.data.iter().partition(expressible);
    data.sort_by_key(|datum| datum.timestamp_ms);
    let mut out = Vec::new();
    for data in data.chunk_by(|a, b| a.timestamp_ms == b.timestamp_ms) {
        let lines: Vec<_> = data
            .iter()
            .map(|datum| emf::Data {
                series: &datum.series,
                values: &datum.values,
            })
            .collect();
        emf::write_lines(&mut out, data[0].timestamp_ms, &lines);
    }
    let points = |data: Vec<&Datum>| data.iter().map(|datum| datum.points).sum();
    (out, points(data), points(not))
}
