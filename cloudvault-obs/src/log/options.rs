//! Settings of the log from code, for what the environment leaves open.

use std::time::Duration;

use super::{Family, LevelFilter};

/// How lines are written. Each setting has a variable of the environment, which
/// wins: who runs a function decides without building it anew.
///
/// ```
/// use std::time::Duration;
/// use cloudvault_obs::log::{Family, Options};
///
/// let options = Options::default()
///     .sample(0.01)
///     .buffer(64 * 1024)
///     .redact([Family::Keys, Family::Tokens])
///     .redact_keys(["iban", "*_pin"])
///     .timeout_margin(Duration::from_secs(1));
/// # let _ = options;
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Options {
    /// Under the names of the variables, so that both are read by one reader.
    pub(crate) variables: Vec<(&'static str, String)>,
}

impl Options {
    /// The least severe level written; `OBS_LOG`.
    pub fn level(self, level: LevelFilter) -> Self {
        self.set("OBS_LOG", level.to_string())
    }

    /// Part of the invocations that write DEBUG lines too, from 0 to 1;
    /// `OBS_LOG_SAMPLE`.
    pub fn sample(self, part: f64) -> Self {
        self.set("OBS_LOG_SAMPLE", part.to_string())
    }

    /// Bytes of DEBUG lines that are kept for each invocation, and written when
    /// it logs an error, panics or is about to time out; those from before the
    /// first, when the start fails or with its error; `OBS_LOG_BUFFER`.
    pub fn buffer(self, bytes: usize) -> Self {
        self.set("OBS_LOG_BUFFER", bytes.to_string())
    }

    /// The longest line in bytes, at least 1,024; `OBS_LOG_LIMIT`.
    pub fn limit(self, bytes: usize) -> Self {
        self.set("OBS_LOG_LIMIT", bytes.to_string())
    }

    /// The kinds of secrets that are redacted, none of them for an empty list;
    /// `OBS_REDACT`.
    pub fn redact(self, families: impl IntoIterator<Item = Family>) -> Self {
        let names: Vec<_> = families.into_iter().map(Family::name).collect();
        let names = if names.is_empty() {
            "off".to_owned()
        } else {
            names.join(",")
        };
        self.set("OBS_REDACT", names)
    }

    /// Further keys whose values are secrets; `*` stands for any text;
    /// `OBS_REDACT_KEYS`.
    pub fn redact_keys<'a>(self, patterns: impl IntoIterator<Item = &'a str>) -> Self {
        self.set("OBS_REDACT_KEYS", join(patterns))
    }

    /// Keys whose values are none; `OBS_REDACT_ALLOW`.
    pub fn allow_keys<'a>(self, patterns: impl IntoIterator<Item = &'a str>) -> Self {
        self.set("OBS_REDACT_ALLOW", join(patterns))
    }

    /// Logs each incoming event; `OBS_LOG_EVENT`.
    pub fn log_event(self) -> Self {
        self.set("OBS_LOG_EVENT", "true".to_owned())
    }

    /// Logs each response; `OBS_LOG_RESPONSE`.
    pub fn log_response(self) -> Self {
        self.set("OBS_LOG_RESPONSE", "true".to_owned())
    }

    /// How long before the deadline an invocation is said to time out, zero for
    /// never; `OBS_TIMEOUT_MARGIN`.
    pub fn timeout_margin(self, margin: Duration) -> Self {
        let text = match margin.as_millis() {
            0 => "off".to_owned(),
            ms => format!("{ms}ms"),
        };
        self.set("OBS_TIMEOUT_MARGIN", text)
    }

    /// The clock that timestamps show, by its IANA name; `OBS_TIMEZONE`. Other
    /// names than `UTC` need the feature `timezone`.
    pub fn time_zone(self, name: &str) -> Self {
        self.set("OBS_TIMEZONE", name.to_owned())
    }

    /// Rounds through one function at which a call chain is said to be a loop, 0
    /// for never; `OBS_LOOP_LIMIT`.
    pub fn loop_limit(self, rounds: u32) -> Self {
        self.set("OBS_LOOP_LIMIT", rounds.to_string())
    }

    fn set(mut self, name: &'static str, value: String) -> Self {
        self.variables.push((name, value));
        self
    }
}

fn join<'a>(patterns: impl IntoIterator<Item = &'a str>) -> String {
    patterns.into_iter().collect::<Vec<_>>().join(",")
}
