//! What the extension tells of itself, in the function's namespace with dimension
//! `service`: by default only what tells of trouble, and only when there was some
//! (`OBS_SELF_METRICS`).

use super::{WellKnown, standard};
use crate::metric::Unit;

/// Points that came in.
pub const RECEIVED: WellKnown = standard(
    "ExtensionPointsReceived",
    Unit::Count,
    "points that came in, from the journal and from elsewhere",
);
/// Points that CloudWatch took.
pub const SENT: WellKnown = standard(
    "ExtensionPointsSent",
    Unit::Count,
    "points that CloudWatch answered 200 for",
);
/// Points that a failed flush left.
pub const REQUEUED: WellKnown = standard(
    "ExtensionPointsRequeued",
    Unit::Count,
    "points that a failed flush left for the next one",
);
/// Points that went nowhere.
pub const DROPPED: WellKnown = standard(
    "ExtensionPointsDropped",
    Unit::Count,
    "points that went nowhere, by dimension `reason`",
);
/// Points whose series was folded.
pub const OVERFLOWED: WellKnown = standard(
    "ExtensionPointsOverflowed",
    Unit::Count,
    "points folded into `_other`; dimension `dimension` names the one that explodes",
);
/// Series that are known.
pub const SERIES: WellKnown = standard(
    "ExtensionSeriesActive",
    Unit::Count,
    "series recorded within the last hour",
);
/// Time of flushes.
pub const FLUSH_TIME: WellKnown = standard(
    "ExtensionFlushMilliseconds",
    Unit::Milliseconds,
    "time spent in flushes since the last of these datapoints",
);
/// Flushes without time.
pub const DEADLINE_SKIPS: WellKnown = standard(
    "ExtensionDeadlineSkips",
    Unit::Count,
    "flushes that did not begin, since the deadline was near",
);
/// Requests that failed.
pub const PUT_ERRORS: WellKnown = standard(
    "ExtensionPutErrors",
    Unit::Count,
    "requests that CloudWatch did not answer 200, by dimension `class`",
);
/// Requests sent again that may have been taken.
pub const AMBIGUOUS_RETRIES: WellKnown = standard(
    "ExtensionAmbiguousRetries",
    Unit::Count,
    "requests sent again though CloudWatch may have taken them: their points may count twice",
);
/// The spill file's size.
pub const SPILL_BYTES: WellKnown =
    standard("ExtensionSpillBytes", Unit::Bytes, "size of the spill file");
/// The spill file's failures.
pub const SPILL_FAILURES: WellKnown = standard(
    "ExtensionSpillFailures",
    Unit::Count,
    "times that the spill file had no room, or the disk none",
);
/// Segments that X-Ray took.
pub const SEGMENTS_FORWARDED: WellKnown = standard(
    "ExtensionSegmentsForwarded",
    Unit::Count,
    "documents of segments that X-Ray took from the extension",
);
/// Segments that X-Ray refused.
pub const SEGMENTS_DROPPED: WellKnown = standard(
    "ExtensionSegmentsDropped",
    Unit::Count,
    "documents of segments that X-Ray refused each time",
);
/// Requests to X-Ray that failed.
pub const SEGMENT_ERRORS: WellKnown = standard(
    "ExtensionSegmentErrors",
    Unit::Count,
    "requests with segments that X-Ray did not answer 200",
);
/// Time by which invocations grew.
pub const OVERHEAD: WellKnown = standard(
    "ExtensionOverheadMilliseconds",
    Unit::Milliseconds,
    "time by which the extension prolonged invocations after their end",
);
/// Memory of the extension's process.
pub const RESIDENT: WellKnown = standard(
    "ExtensionResidentBytes",
    Unit::Bytes,
    "resident memory of the extension's process",
);

/// All of them.
pub const ALL: &[WellKnown] = &[
    RECEIVED,
    SENT,
    REQUEUED,
    DROPPED,
    OVERFLOWED,
    SERIES,
    FLUSH_TIME,
    DEADLINE_SKIPS,
    PUT_ERRORS,
    AMBIGUOUS_RETRIES,
    SPILL_BYTES,
    SPILL_FAILURES,
    SEGMENTS_FORWARDED,
    SEGMENTS_DROPPED,
    SEGMENT_ERRORS,
    OVERHEAD,
    RESIDENT,
];
