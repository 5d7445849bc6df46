//! The rows, in the order of the table of promises.

mod log;
mod span;
mod counter;
mod metric_line;
mod event;
mod correlation;
mod ingest;

use crate::Work;

/// A contender's name and how its work is prepared.
pub type Contenders = Vec<(&'static str, fn() -> Work)>;

/// Every row with its contenders, the limit first, then this library.
#[must_use]
pub fn rows() -> Vec<(&'static str, Contenders)> {
    let mut rows = log::rows();
    rows.extend(span::rows());
    rows.extend(counter::rows());
    rows.extend(metric_line::rows());
    rows.extend(event::rows());
    rows.extend(correlation::rows());
    rows.extend(ingest::rows());
    rows
}
