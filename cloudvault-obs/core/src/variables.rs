//! Every variable of the environment that the product reads: the one table
//! behind the extension's configuration, `docs/configuration.md` and
//! `.env.example`.
//!
//! A const table: a binary holds of it what it names.

use std::fmt;

/// One variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What holds when it is not set, or set to what cannot be used. In words
    /// where it depends on something else ([`Variable::is_derived`]).
    pub default: &'static str,
    /// What it may be.
    pub form: Form,
    /// What it decides.
    pub meaning: &'static str,
    /// Who reads it.
    pub reader: Reader,
}

/// What a variable may be. Shown, it follows "is not".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// Text; the words say which.
    Text(&'static str),
    /// `true` or `false`.
    Switch,
    /// One of these words.
    Words(&'static [&'static str]),
    /// A number with its unit, `ms`, `s` or `m`.
    Duration {
        /// Least, in milliseconds.
        least_ms: u64,
        /// Most, in milliseconds.
        most_ms: u64,
    },
    /// A whole number.
    Number {
        /// Least.
        least: u64,
        /// Most.
        most: u64,
        /// What it counts.
        unit: &'static str,
    },
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Form::Text(what) => f.write_str(what),
            Form::Switch => f.write_str("true or false"),
            Form::Words([]) => Ok(()),
            Form::Words([first @ .., last]) => write!(f, "{} or {last}", first.join(", ")),
            Form::Duration { least_ms, most_ms } => write!(
                f,
                "a number with its unit (ms, s, m), {least_ms}ms to {most_ms}ms"
            ),
            Form::Number { least, most, unit } => {
                write!(f, "a number of {unit}, {least} to {most}")
            }
        }
    }
}

/// Who reads a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reader {
    /// The handler's process.
    Library,
    /// The extension's process.
    Extension,
    /// Either.
    Both,
}

impl Variable {
    const fn new(
        name: &'static str,
        default: &'static str,
        form: Form,
        reader: Reader,
        meaning: &'static str,
    ) -> Self {
        Self {
            name,
            default,
            form,
            meaning,
            reader,
        }
    }

    /// Whether the default is a description and no value.
    #[must_use]
    pub fn is_derived(&self) -> bool {
        self.default.contains(' ') || self.default.is_empty()
    }
}

use Reader::{Both, Extension, Library};

const TIME: Form = Form::Duration {
    least_ms: 10,
    most_ms: 60_000,
};

const PORT: Form = Form::Number {
    least: 0,
    most: 65_535,
    unit: "port",
};

/// The service: dimension of its metrics, member of its lines.
pub const SERVICE: Variable = Variable::new(
    "OBS_SERVICE",
    "the function's name",
    Form::Text("name"),
    Both,
    "dimension `service` of every metric and member `service` of every line",
);
/// The namespace of metrics.
pub const NAMESPACE: Variable = Variable::new(
    "OBS_NAMESPACE",
    "the value of OBS_SERVICE",
    Form::Text("name"),
    Both,
    "CloudWatch namespace of metrics, the extension's own among them",
);
/// The journal's file.
pub const JOURNAL: Variable = Variable::new(
    "OBS_JOURNAL",
    "/tmp/cloudvault-obs/journal",
    Form::Text("path of a file"),
    Both,
    "the file by which points reach the extension; doorbell, writer's lock and spill file stand beside it",
);

/// Segments that find no daemon.
pub const FORWARD_SEGMENTS: Variable = Variable::new(
    "OBS_FORWARD_SEGMENTS",
    "false",
    Form::Switch,
    Both,
    "whether segments that find no X-Ray daemon go to X-Ray through the extension, which then needs \
     `xray:PutTraceSegments` (`obs iam --forward-segments`). They wait in a file of at most 4 MiB \
     (OBS_JOURNAL with `.segments` behind it)",
);

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

const LIBRARY: &[Variable] = &[
    Variable::new(
        "OBS_METRICS",
        "on",
        Form::Words(&["on", "emf", "off"]),
        Library,
        "where points go: through the extension if one is attached, else as lines; always as lines; nowhere",
    ),
    Variable::new(
        "OBS_DIMENSIONS",
        "",
        Form::Text("name=value pairs with commas between them"),
        Library,
        "dimensions that every metric carries after `service`",
    ),
    Variable::new(
        "OBS_MAX_SERIES",
        "500",
        Form::Number {
            least: 0,
            most: u64::MAX,
            unit: "series",
        },
        Library,
        "series of one metric before further ones are folded into `_other`; 0 for no limit",
    ),
    Variable::new(
        "OBS_COLD_START_METRIC",
        "false",
        Form::Switch,
        Library,
        "whether cold starts are counted as metric `ColdStart`",
    ),
    Variable::new(
        "OBS_LOG",
        "INFO",
        Form::Words(&["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"]),
        Library,
        "least severe level that is written; AWS_LAMBDA_LOG_LEVEL goes before it",
    ),
    Variable::new(
        "OBS_LOG_FORMAT",
        "json, on a terminal text",
        Form::Words(&["json", "text", "pretty"]),
        Library,
        "how lines are written; AWS_LAMBDA_LOG_FORMAT stands in for it",
    ),
    Variable::new(
        "OBS_LOG_SAMPLE",
        "0",
        Form::Text("0 to 1"),
        Library,
        "part of the invocations that write DEBUG too",
    ),
    Variable::new(
        "OBS_LOG_BUFFER",
        "0",
        Form::Number {
            least: 0,
            most: u64::MAX,
            unit: "bytes",
        },
        Library,
        "DEBUG lines that are kept, and written if the invocation fails; 0 for none",
    ),
    Variable::new(
        "OBS_LOG_LIMIT",
        "262118",
        Form::Number {
            least: 1024,
            most: u64::MAX,
            unit: "bytes",
        },
        Library,
        "longest line; longer ones are cut with a mark",
    ),
    Variable::new(
        "OBS_LOG_EVENT",
        "false",
        Form::Switch,
        Library,
        "whether the incoming event is written, redacted",
    ),
    Variable::new(
        "OBS_LOG_RESPONSE",
        "false",
        Form::Switch,
        Library,
        "whether the handler's answer is written, redacted",
    ),
    Variable::new(
        "OBS_REDACT",
        "on",
        Form::Text("on, off, or some of keys, tokens, emails, cards, aws"),
        Library,
        "what is taken out of lines and segments",
    ),
    Variable::new(
        "OBS_REDACT_KEYS",
        "",
        Form::Text("patterns with commas between them"),
        Library,
        "further keys whose values are taken out",
    ),
    Variable::new(
        "OBS_REDACT_ALLOW",
        "",
        Form::Text("keys with commas between them"),
        Library,
        "keys whose values stay",
    ),
    Variable::new(
        "OBS_TIMEZONE",
        "UTC",
        Form::Text("IANA name, such as Europe/Berlin"),
        Library,
        "clock of the lines' timestamps (feature timezone); else TZ",
    ),
    Variable::new(
        "OBS_TIMEOUT_MARGIN",
        "500ms",
        Form::Text("time as 500ms or 2s, or off"),
        Library,
        "time before the deadline at which an invocation is said to time out",
    ),
    Variable::new(
        "OBS_LOOP_LIMIT",
        "8",
        Form::Number {
            least: 0,
            most: u32::MAX as u64,
            unit: "passes",
        },
        Library,
        "passes of one call chain through a function at which it is called a loop",
    ),
    Variable::new(
        "OBS_TRACE_CAPTURE_RESPONSE",
        "true",
        Form::Switch,
        Library,
        "whether the handler's answer is kept in its subsegment's metadata",
    ),
    Variable::new(
        "OBS_TRACE_CAPTURE_ERROR",
        "true",
        Form::Switch,
        Library,
        "whether errors' types and messages are kept as causes",
    ),
    Variable::new(
        "OBS_TRACE_IN_PROGRESS",
        "2s",
        Form::Text("time as 500ms or 2s, or off"),
        Library,
        "a span that lasts longer is sent once as in progress",
    ),
];

/// What library and extension agree on, then the extension's, then the
/// library's.
pub const GROUPS: &[(&str, &[Variable])] = &[
    ("Both", &[SERVICE, NAMESPACE, JOURNAL, FORWARD_SEGMENTS]),
    (
        "The extension",
        &[
            FLUSH,
            FLUSH_BUDGET,
            DEADLINE_MARGIN,
            FLUSH_INTERVAL,
            ON_TIMEOUT,
            SERIES_LIMIT,
            EXACT_VALUES,
            MEMORY_LIMIT,
            SPILL_LIMIT,
            SELF_METRICS,
            PLATFORM_METRICS,
            STATSD_PORT,
            OTLP_PORT,
            TELEMETRY_HOST,
            CA_BUNDLE,
        ],
    ),
    ("The library", LIBRARY),
];

/// Every variable.
pub fn all() -> impl Iterator<Item = &'static Variable> {
    GROUPS.iter().flat_map(|(_, variables)| *variables)
}
