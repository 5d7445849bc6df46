//! What the extension alone reads.

use super::{Form, Reader::Extension, Variable};

const TIME: Form = Form::Duration {
    least_ms: 10,
    most_ms: 60_000,
};

const PORT: Form = Form::Number {
    least: 0,
    most: 65_535,
    unit: "port",
};

/// When points leave.
pub const FLUSH: Variable = Variable::new(
    "OBS_FLUSH",
    "adaptive",
    Form::Words(&["end", "periodic", "continuous", "adaptive"]),
    Extension,
    "when points leave: at every invocation's end; at an end once OBS_FLUSH_INTERVAL has passed; \
     while invocations run, never holding one's end; or, by the observed rate of invocations, so that no \
     point is expected to wait longer than OBS_FLUSH_INTERVAL",
);
/// The longest a flush takes.
pub const FLUSH_BUDGET: Variable = Variable::new(
    "OBS_FLUSH_BUDGET",
    "2s",
    TIME,
    Extension,
    "the longest a flush may take; an invocation's deadline, less OBS_DEADLINE_MARGIN, bounds it further",
);
/// Kept free before a deadline.
pub const DEADLINE_MARGIN: Variable = Variable::new(
    "OBS_DEADLINE_MARGIN",
    "200ms",
    TIME,
    Extension,
    "time before an invocation's deadline at which every wait and every flush is over",
);
/// How old points may grow.
pub const FLUSH_INTERVAL: Variable = Variable::new(
    "OBS_FLUSH_INTERVAL",
    "10s",
    Form::Duration {
        least_ms: 100,
        most_ms: 3_600_000,
    },
    Extension,
    "how long points may wait under `periodic`, `continuous` and `adaptive`, and always on Lambda Managed Instances",
);
/// What becomes of a request without an answer.
pub const ON_TIMEOUT: Variable = Variable::new(
    "OBS_ON_TIMEOUT",
    "retry",
    Form::Words(&["retry", "drop"]),
    Extension,
    "what becomes of a request that was written and got no answer: sent again, so perhaps counted twice; \
     or dropped and counted, so perhaps lost. PutMetricData knows no idempotency token",
);
/// Series before further ones fold.
pub const SERIES_LIMIT: Variable = Variable::new(
    "OBS_SERIES_LIMIT",
    "10000",
    Form::Number {
        least: 1,
        most: 1_000_000,
        unit: "series",
    },
    Extension,
    "series that the extension keeps apart; in further ones the dimension that explodes becomes `_other`",
);
/// Distinct values before they fold.
pub const EXACT_VALUES: Variable = Variable::new(
    "OBS_EXACT_VALUES",
    "1000",
    Form::Number {
        least: 1,
        most: 65_536,
        unit: "values",
    },
    Extension,
    "distinct values of a histogram in one minute that are sent as they are; more fold into buckets \
     less than 1 % wide",
);
/// Memory for points.
pub const MEMORY_LIMIT: Variable = Variable::new(
    "OBS_MEMORY_LIMIT",
    "16777216",
    Form::Number {
        least: 1 << 20,
        most: 1 << 30,
        unit: "bytes",
    },
    Extension,
    "memory for points that wait; at the limit they go to the spill file, and points stay in the journal",
);
/// The spill file's size.
pub const SPILL_LIMIT: Variable = Variable::new(
    "OBS_SPILL_LIMIT",
    "16777216",
    Form::Number {
        least: 0,
        most: 1 << 30,
        unit: "bytes",
    },
    Extension,
    "size of the spill file (OBS_JOURNAL with `.spill` behind it), which takes points while CloudWatch \
     fails; 0 for none",
);
/// The extension's own metrics.
pub const SELF_METRICS: Variable = Variable::new(
    "OBS_SELF_METRICS",
    "trouble",
    Form::Words(&["trouble", "all", "off"]),
    Extension,
    "the extension's own metrics, which cost as any other: those that tell of trouble, and only when there \
     was some; all; or none. They ride along with points and never cause a request",
);
/// Lambda's own numbers.
pub const PLATFORM_METRICS: Variable = Variable::new(
    "OBS_PLATFORM_METRICS",
    "false",
    Form::Switch,
    Extension,
    "whether Lambda's own numbers (cold starts, billed time, memory, timeouts, processor time and others) \
     become metrics of the service. They cost as any other, so they are asked for",
);
/// The StatsD receiver.
pub const STATSD_PORT: Variable = Variable::new(
    "OBS_STATSD_PORT",
    "0",
    PORT,
    Extension,
    "UDP port of loopback at which StatsD and DogStatsD are taken, usually 8125; 0 for none",
);
/// The OTLP receiver.
pub const OTLP_PORT: Variable = Variable::new(
    "OBS_OTLP_PORT",
    "0",
    PORT,
    Extension,
    "port of loopback at which OTLP metrics are taken over HTTP, usually 4318; 0 for none",
);
/// Where telemetry is delivered.
pub const TELEMETRY_HOST: Variable = Variable::new(
    "OBS_TELEMETRY_HOST",
    "sandbox.localdomain, for an emulator 127.0.0.1",
    Form::Text("host"),
    Extension,
    "host by which the platform reaches the telemetry listener",
);
/// More certificate authorities.
pub const CA_BUNDLE: Variable = Variable::new(
    "OBS_CA_BUNDLE",
    "",
    Form::Text("path of a PEM file"),
    Extension,
    "certificate authorities to trust beside the compiled-in ones",
);
