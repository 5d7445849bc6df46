//! What the environment and the builder say about lines.

use std::time::Duration;

use cloudvault_obs_core::{
    log::Style,
    redact::{Family, KeyRules, Redactor},
};
use tracing::level_filters::LevelFilter;

use super::Zone;

/// How lines are written, as [`crate::log::Options`] and the environment have
/// it.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) level: LevelFilter,
    /// Below it Lambda's own filter drops what we write.
    pub(crate) lambda_level: Option<LevelFilter>,
    pub(crate) style: Format,
    pub(crate) zone: Zone,
    pub(crate) redactor: Redactor,
    /// Part of the invocations that log DEBUG too, 0 to 1.
    pub(crate) sample: f64,
    /// Bytes of DEBUG lines kept for an invocation that fails.
    pub(crate) buffer: usize,
    /// Longest line, in bytes.
    pub(crate) limit: usize,
    pub(crate) log_event: bool,
    pub(crate) log_response: bool,
    /// How long before the deadline an invocation is said to time out.
    pub(crate) margin: Option<Duration>,
    /// Passes through one function at which a call chain is called a loop.
    pub(crate) loop_limit: u32,
    pub(crate) memory_mb: Option<u32>,
    /// Whose lines these are.
    pub(crate) service: String,
}

/// JSON, or text for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Text(Style),
    /// Text on a terminal, else JSON.
    Detect {
        colour: bool,
    },
}

/// One log event may be 1 MB; subscriptions and older tools read 256 KB. The
/// service counts 26 bytes for each.
const LIMIT: usize = 256 * 1024 - 26;
const MARGIN: Duration = Duration::from_millis(500);
/// Lambda itself ends a loop at about 16.
const LOOP_LIMIT: u32 = 8;

/// Reads one variable.
type Take<'a> = &'a mut dyn FnMut(&str) -> Option<String>;

impl Settings {
    /// Reads the variables that `take` gives; what cannot be used goes to
    /// `complaints`, and its default is used.
    pub(crate) fn read(take: Take<'_>, complaints: &mut Vec<String>) -> Self {
        let lambda = take("AWS_LAMBDA_LOG_LEVEL")
            .and_then(|text| level("AWS_LAMBDA_LOG_LEVEL", &text, complaints));
        let ours = take("OBS_LOG").and_then(|text| level("OBS_LOG", &text, complaints));
        let json = take("AWS_LAMBDA_LOG_FORMAT");
        let filtered = json
            .as_deref()
            .is_some_and(|format| format.eq_ignore_ascii_case("json"));
        let style = format(take, json.as_deref(), complaints);
        let lambda_level = lambda.filter(|_| filtered);
        let settings = Self {
            level: lambda.or(ours).unwrap_or(LevelFilter::INFO),
            lambda_level,
            style,
            zone: Zone::read(take, complaints),
            redactor: redactor(take, complaints),
            sample: number(take, "OBS_LOG_SAMPLE", 0.0_f64, complaints).clamp(0.0, 1.0),
            buffer: number(take, "OBS_LOG_BUFFER", 0, complaints),
            limit: number(take, "OBS_LOG_LIMIT", LIMIT, complaints).max(1024),
            log_event: switch(take, "OBS_LOG_EVENT", complaints),
            log_response: switch(take, "OBS_LOG_RESPONSE", complaints),
            margin: margin(take, complaints),
            loop_limit: number(take, "OBS_LOOP_LIMIT", LOOP_LIMIT, complaints),
            memory_mb: take("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").and_then(|text| text.parse().ok()),
            service: String::new(),
        };
        settings.warn_of_filter(ours, complaints);
        settings
    }

    /// Says which lines Lambda would swallow.
    fn warn_of_filter(&self, ours: Option<LevelFilter>, complaints: &mut Vec<String>) {
        let Some(lambda) = self.lambda_level else {
            return;
        };
        if let Some(ours) = ours.filter(|ours| *ours > lambda) {
            complaints.push(format!(
                "OBS_LOG={ours} is below AWS_LAMBDA_LOG_LEVEL={lambda}, at which Lambda drops lines; using {lambda}"
            ));
        }
        if lambda < LevelFilter::INFO && matches!(self.style, Format::Text(_)) {
            complaints.push(format!(
                "OBS_LOG_FORMAT asks for text, of which Lambda reads no level and so drops every line at AWS_LAMBDA_LOG_LEVEL={lambda}; leave it at json"
            ));
        }
        if lambda < LevelFilter::DEBUG && (self.sample > 0.0 || self.buffer > 0) {
            complaints.push(format!(
                "OBS_LOG_SAMPLE and OBS_LOG_BUFFER write DEBUG lines, which Lambda drops at AWS_LAMBDA_LOG_LEVEL={lambda}; set the function's application log level to DEBUG and OBS_LOG will not be read"
            ));
        }
    }
}

/// A level by its name, in any case.
pub(crate) fn parse_level(text: &str) -> Option<LevelFilter> {
    Some(match text.trim().to_ascii_uppercase().as_str() {
        "TRACE" => LevelFilter::TRACE,
        "DEBUG" => LevelFilter::DEBUG,
        "INFO" => LevelFilter::INFO,
        "WARN" => LevelFilter::WARN,
        "ERROR" | "FATAL" => LevelFilter::ERROR,
        "OFF" => LevelFilter::OFF,
        _ => return None,
    })
}

fn level(name: &str, text: &str, complaints: &mut Vec<String>) -> Option<LevelFilter> {
    let level = parse_level(text);
    if level.is_none() {
        complaints.push(format!(
            "{name}={text:?}: expected TRACE, DEBUG, INFO, WARN, ERROR or FATAL; using INFO"
        ));
    }
    level
}

fn format(take: Take<'_>, lambda: Option<&str>, complaints: &mut Vec<String>) -> Format {
    let colour = take("NO_COLOR").is_none();
    let pretty = if colour {
        Style::Colour
    } else {
        Style::Terminal
    };
    let ours = take("OBS_LOG_FORMAT");
    let name = match ours {
        Some(_) => "OBS_LOG_FORMAT",
        None => "AWS_LAMBDA_LOG_FORMAT",
    };
    let asked = ours.as_deref().or(lambda).map(str::to_ascii_lowercase);
    match asked.as_deref() {
        None => Format::Detect { colour },
        Some("json") => Format::Json,
        Some("text") => Format::Text(Style::Plain),
        Some("pretty") => Format::Text(pretty),
        Some(other) => {
            complaints.push(format!(
                "{name}={other:?}: expected json, text or pretty; using json"
            ));
            Format::Json
        }
    }
}

fn number<T: std::str::FromStr + std::fmt::Display>(
    take: Take<'_>,
    name: &str,
    default: T,
    complaints: &mut Vec<String>,
) -> T {
    let Some(text) = take(name) else {
        return default;
    };
    text.parse().unwrap_or_else(|_| {
        complaints.push(format!(
            "{name}={text:?}: expected a number; using {default}"
        ));
        default
    })
}

fn switch(take: Take<'_>, name: &str, complaints: &mut Vec<String>) -> bool {
    match take(name).map(|text| text.to_ascii_lowercase()).as_deref() {
        None | Some("0" | "false" | "off" | "no") => false,
        Some("1" | "true" | "on" | "yes") => true,
        Some(other) => {
            complaints.push(format!(
                "{name}={other:?}: expected true or false; using false"
            ));
            false
        }
    }
}

/// `500ms`, `2s`, or `off`.
fn margin(take: Take<'_>, complaints: &mut Vec<String>) -> Option<Duration> {
    let Some(text) = take("OBS_TIMEOUT_MARGIN") else {
        return Some(MARGIN);
    };
    if matches!(text.as_str(), "off" | "0") {
        return None;
    }
    let (digits, unit) = match text.strip_suffix("ms") {
        Some(digits) => (digits, 1),
        None => (text.strip_suffix('s').unwrap_or(""), 1000),
    };
    match digits.trim().parse::<u32>() {
        Ok(count) => Some(Duration::from_millis(u64::from(count) * unit)),
        Err(_) => {
            complaints.push(format!(
                "OBS_TIMEOUT_MARGIN={text:?}: expected a time such as 500ms, 2s or off; using 500ms"
            ));
            Some(MARGIN)
        }
    }
}

/// `OBS_REDACT` is `on`, `off` or a list of families; `OBS_REDACT_KEYS` adds
/// patterns of keys, `OBS_REDACT_ALLOW` takes keys out.
fn redactor(take: Take<'_>, complaints: &mut Vec<String>) -> Redactor {
    let more = take("OBS_REDACT_KEYS").unwrap_or_default();
    let never = take("OBS_REDACT_ALLOW").unwrap_or_default();
    let keys = KeyRules::new(more.split(','), never.split(','));
    let wanted = take("OBS_REDACT")
        .unwrap_or_else(|| "on".to_owned())
        .to_ascii_lowercase();
    let mut families = Vec::new();
    for name in wanted.split(',').map(str::trim) {
        match name {
            "on" | "true" | "1" | "all" => families.extend(Family::ALL),
            "off" | "false" | "0" | "none" => {}
            _ => match Family::ALL.into_iter().find(|family| family.name() == name) {
                Some(family) => families.push(family),
                None => {
                    complaints.push(format!(
                        "OBS_REDACT={name:?}: expected on, off, or some of keys, tokens, emails, cards, aws; using on"
                    ));
                    families.extend(Family::ALL);
                }
            },
        }
    }
    Redactor::new(families, keys)
}
