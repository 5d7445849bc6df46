//! The metrics that the extension records about the environment it runs in, with
//! dimension `service`, when `OBS_PLATFORM_METRICS=true`.
//!
//! CloudWatch has no metric of its own for these (namespace `AWS/Lambda` counts
//! durations and errors of a function, not of a service, and neither memory nor
//! what is billed).

use super::{WellKnown, standard};
use crate::metric::Unit;

/// `platform.initReport` of an environment that an invocation had to wait for.
pub const COLD_STARTS: WellKnown = standard(
    "ColdStarts",
    Unit::Count,
    "environments that were initialized while an invocation waited",
);
/// `platform.initReport`, whoever waited.
pub const INIT: WellKnown = standard(
    "InitMilliseconds",
    Unit::Milliseconds,
    "time to initialize an environment",
);
/// `platform.restoreReport`.
pub const RESTORE: WellKnown = standard(
    "RestoreMilliseconds",
    Unit::Milliseconds,
    "time to restore an environment from its snapshot",
);
/// `platform.report`.
pub const DURATION: WellKnown = standard(
    "InvocationMilliseconds",
    Unit::Milliseconds,
    "time of an invocation, extensions included",
);
/// `platform.report`; Managed Instances bill otherwise and have none.
pub const BILLED: WellKnown = standard(
    "BilledMilliseconds",
    Unit::Milliseconds,
    "billed time of an invocation",
);
/// `platform.report` less `platform.runtimeDone`.
pub const POST_RUNTIME: WellKnown = standard(
    "PostRuntimeMilliseconds",
    Unit::Milliseconds,
    "time of an invocation after the runtime was done: what extensions cost",
);
/// `platform.report`: the highest since the environment came up.
pub const MEMORY_USED: WellKnown = standard(
    "MemoryUsedMegabytes",
    Unit::Megabytes,
    "memory that an environment had used at most by the end of an invocation",
);
/// `platform.report`.
pub const MEMORY_SIZE: WellKnown = standard(
    "MemorySizeMegabytes",
    Unit::Megabytes,
    "memory that the function has",
);
/// The first of `platform.runtimeDone`, `platform.report` and SHUTDOWN to say so.
pub const ERRORS: WellKnown = standard(
    "FailedInvocations",
    Unit::Count,
    "invocations that ended in an error, a crash or a timeout",
);
/// As [`ERRORS`], of which it is a part.
pub const TIMEOUTS: WellKnown = standard(
    "TimedOutInvocations",
    Unit::Count,
    "invocations that Lambda ended because their time was up",
);
/// As [`ERRORS`], of which it is a part.
pub const OUT_OF_MEMORY: WellKnown = standard(
    "OutOfMemoryInvocations",
    Unit::Count,
    "invocations whose runtime was killed with all memory used",
);
/// Managed Instances alone: elsewhere it is always one.
pub const CONCURRENCY: WellKnown = standard(
    "ConcurrentInvocations",
    Unit::Count,
    "invocations that an environment had in hand when another one came, that one included",
);
/// `platform.logsDropped`.
pub const TELEMETRY_DROPPED: WellKnown = standard(
    "TelemetryRecordsDropped",
    Unit::Count,
    "telemetry records that Lambda did not deliver to the extension",
);
/// `/proc/stat`.
pub const CPU: WellKnown = standard(
    "CpuMilliseconds",
    Unit::Milliseconds,
    "processor time that the environment used during an invocation, all processors together",
);
/// `/proc/net/dev`, loopback left out.
pub const NETWORK_RECEIVED: WellKnown = standard(
    "NetworkReceivedBytes",
    Unit::Bytes,
    "bytes that came in during an invocation",
);
/// `/proc/net/dev`, loopback left out.
pub const NETWORK_SENT: WellKnown = standard(
    "NetworkSentBytes",
    Unit::Bytes,
    "bytes that went out during an invocation",
);
/// `statvfs` of `/tmp`.
pub const TMP_USED: WellKnown = standard(
    "TmpUsedBytes",
    Unit::Bytes,
    "bytes taken in /tmp at the end of an invocation",
);
/// `/proc/PID/fd`; the limit is a process's, so the largest counts.
pub const DESCRIPTORS: WellKnown = standard(
    "FileDescriptors",
    Unit::Count,
    "file descriptors of the process with most of them at the end of an invocation",
);

/// All of them.
pub const ALL: &[WellKnown] = &[
    COLD_STARTS,
    INIT,
    RESTORE,
    DURATION,
    BILLED,
    POST_RUNTIME,
    MEMORY_USED,
    MEMORY_SIZE,
    ERRORS,
    TIMEOUTS,
    OUT_OF_MEMORY,
    CONCURRENCY,
    TELEMETRY_DROPPED,
    CPU,
    NETWORK_RECEIVED,
    NETWORK_SENT,
    TMP_USED,
    DESCRIPTORS,
];
