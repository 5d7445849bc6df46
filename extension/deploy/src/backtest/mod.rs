//! What alarms would have done: the account's past replayed under the alarms that are
//! applied now and under those of the files.
//!
//! [`Needs`] says which numbers of the past the alarms read and in which calls they are
//! fetched, [`replay`] runs both sets of alarms over them, [`Compared`] is what came
//! out, as a table, as JSON and as a picture. Pure, but for the fetching, which is the
//! account's.
//!
//! # What the past still knows
//! CloudWatch keeps numbers below a minute for three hours, minutes for 15 days, five
//! minutes for 63 days and hours for 455. An alarm is replayed from where its own period
//! is still there. A period that slides minute by minute is put together again from
//! minutes; that works for sums, counts, averages and extremes. A percentile of five
//! minutes cannot be made from minutes: such alarms are replayed at the ends of whole
//! periods, and their row says so.

mod ask;
mod needs;
mod fetch;
mod replay;
mod table;
mod svg;

pub use ask::{Ask, Points};
pub use fetch::fetch;
pub use needs::Needs;
pub use replay::{Compared, Firing, Row, Sides, replay};

/// Reads a time of a command line, `2026-01-01T00:00:00Z`, as milliseconds since 1970.
///
/// # Errors
/// A sentence saying what is expected.
pub fn time(text: &str) -> Result<i64, String> {
    obs_cloudwatch::time::parse_iso(text)
        .ok_or_else(|| "expected a time such as `2026-01-01T00:00:00Z`".to_owned())
}

#[cfg(test)]
mod tests;
