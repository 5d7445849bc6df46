//! Every variable of the environment that the product reads: the one table
//! behind the extension's configuration, `docs/configuration.md` and
//! `.env.example`.
//!
//! A const table: a binary holds of it what it names.

mod shared;
mod extension;
mod library;

use std::fmt;

pub use extension::{
    CA_BUNDLE, DEADLINE_MARGIN, EXACT_VALUES, FLUSH, FLUSH_BUDGET, FLUSH_INTERVAL, MEMORY_LIMIT,
    ON_TIMEOUT, OTLP_PORT, PLATFORM_METRICS, SELF_METRICS, SERIES_LIMIT, SPILL_LIMIT, STATSD_PORT,
    TELEMETRY_HOST,
};
use library::LIBRARY;
pub use shared::{FORWARD_SEGMENTS, JOURNAL, NAMESPACE, SERVICE};

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
