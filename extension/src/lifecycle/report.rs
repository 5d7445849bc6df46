//! The closing line: what became of everything, in one process's life.

use cloudvault_obs_core::json::Value;

use super::{signals::SignalTotals, sources::SourceTotals};
use crate::{cloudwatch::Class, flush::Reading};

type Field = (&'static str, Value<'static>);

/// What became of every point, and how it went. `left` are the points in memory,
/// which are in the journal as well, and in the spill file: the next process of
/// this environment has them, if there is one.
pub(super) fn of_points(reading: &Reading, left: (u64, u64)) -> Vec<Field> {
    let tally = &reading.tally;
    let mut fields = vec![
        ("points_recorded", tally.recorded),
        ("points_delivered", tally.delivered),
        ("points_emf", tally.emf),
        ("points_dropped", tally.dropped.total()),
        ("points_left", left.0 + left.1),
        ("torn", tally.torn),
        ("put_requests", tally.put_requests),
        ("put_errors", tally.put_errors),
        ("put_unconfirmed", tally.put_unconfirmed),
        ("ambiguous_retries", tally.ambiguous_retries),
        ("journal_refused", reading.journal_refused),
        ("series_active", reading.series),
        ("flushes", tally.flushes),
        ("flush_ms", tally.flush_ms),
        ("overhead_ms", tally.overhead_ms),
        ("deadline_skips", tally.deadline_skips),
    ];
    // What is nothing in most lives.
    let rare = [
        ("points_sampled", tally.sampled),
        ("points_found", tally.found),
        ("points_requeued", tally.requeued),
        ("points_spilled", tally.spilled),
        ("points_overflowed", tally.overflowed),
        ("breaker_skips", tally.breaker_skips),
        ("spill_bytes", reading.spill_bytes),
        ("spill_failures", reading.spill_failures),
        ("spill_torn_bytes", reading.spill_torn),
    ];
    let class = |class: &Class| match class {
        Class::Throttled => "put_errors_throttled",
        Class::Transient => "put_errors_transient",
        Class::Unconfirmed => "put_errors_unconfirmed",
        Class::Denied => "put_errors_denied",
        Class::Unacceptable => "put_errors_unacceptable",
        Class::TooLarge => "put_errors_too_large",
    };
    let by_class = Class::ALL.iter().map(class).zip(tally.put_errors_by_class);
    let by_reason = tally.dropped.by_reason();
    fields.extend(
        rare.into_iter()
            .chain(by_reason)
            .chain(by_class)
            .chain(resident_bytes().map(|bytes| ("resident_bytes", bytes)))
            .filter(|(_, count)| *count > 0),
    );
    let number = |(name, count)| (name, Value::U64(count));
    fields.into_iter().map(number).collect()
}

/// What became of segments that found no daemon; nothing, where none came.
pub(super) fn of_segments(reading: &Reading, left: u64) -> Vec<Field> {
    let tally = &reading.segments;
    let counts = [
        ("segments_found", tally.found),
        ("segments_forwarded", tally.forwarded),
        ("segments_dropped", tally.dropped),
        ("segments_left", left),
        ("segments_unprocessed", tally.unprocessed),
        ("segments_resent", tally.resent),
        ("segment_requests", tally.requests),
        ("segment_errors", tally.errors),
        ("spool_failures", reading.spool_failures),
    ];
    let told = counts.into_iter().filter(|(_, count)| *count > 0);
    told.map(|(name, count)| (name, Value::U64(count)))
        .collect()
}

/// What told that invocations ended.
pub(super) fn of_signals(signals: &SignalTotals) -> [Field; 4] {
    [
        ("rings", Value::U64(signals.rings)),
        ("runtime_done", Value::U64(signals.runtime_done)),
        (
            "telemetry_malformed",
            Value::U64(signals.telemetry_malformed),
        ),
        ("logs_dropped", Value::U64(signals.logs_dropped)),
    ]
}

/// Memory that this process holds: the second number of `/proc/self/statm`, in
/// pages of 4 KiB, which is what Lambda's machines have.
pub(super) fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

/// What came in elsewhere than by the journal; nothing, where nothing did.
pub(super) fn of_sources(totals: &SourceTotals) -> Vec<Field> {
    let counts = [
        ("samples_received", totals.inbox.received),
        ("samples_malformed", totals.inbox.malformed),
        ("samples_overflowed", totals.inbox.overflowed),
        ("samples_refused", totals.refused),
        ("platform_overflowed", totals.overflowed),
    ];
    let told = counts.into_iter().filter(|(_, count)| *count > 0);
    told.map(|(name, count)| (name, Value::U64(count)))
        .collect()
}
