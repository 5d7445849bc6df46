//! What the environment decides about segments.

use std::{path::PathBuf, time::Duration};

use cloudvault_obs_core::redact::Redactor;

/// How spans are recorded.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Whether the handler's answer is kept in its subsegment's metadata.
    pub(crate) capture_response: bool,
    /// Whether errors' types and messages are kept as causes.
    pub(crate) capture_error: bool,
    /// A span that lasts longer is sent once as in progress; `None` never.
    pub(crate) announce_after: Option<Duration>,
    /// What takes secrets out of documents; the same as for log lines.
    pub(crate) redactor: Redactor,
    /// The journal of the extension that takes documents for which there is no
    /// daemon, if they are to go there.
    pub(crate) forward: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            capture_response: true,
            capture_error: true,
            announce_after: Some(Duration::from_secs(2)),
            redactor: Redactor::default(),
            forward: None,
        }
    }
}

impl Settings {
    /// Reads `OBS_TRACE_*` with `take`; a bad value is a complaint.
    pub(crate) fn read(
        take: &mut impl FnMut(&str) -> Option<String>,
        complaints: &mut Vec<String>,
    ) -> Self {
        let default = Self::default();
        let mut flag = |name: &str| match take(name)?.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Some(true),
            "false" | "0" | "no" | "off" => Some(false),
            other => {
                complaints.push(format!(
                    "{name}={other:?}: expected true or false; using true"
                ));
                None
            }
        };
        let capture_response = flag("OBS_TRACE_CAPTURE_RESPONSE");
        let capture_error = flag("OBS_TRACE_CAPTURE_ERROR");
        let announce_after = match take("OBS_TRACE_IN_PROGRESS").as_deref() {
            None => default.announce_after,
            Some("off") => None,
            Some(text) => duration(text).map_or_else(
                || {
                    complaints.push(format!(
                        "OBS_TRACE_IN_PROGRESS={text:?}: expected a time as 500ms or 2s, or off; using 2s"
                    ));
                    default.announce_after
                },
                Some,
            ),
        };
        Self {
            capture_response: capture_response.unwrap_or(default.capture_response),
            capture_error: capture_error.unwrap_or(default.capture_error),
            announce_after,
            redactor: default.redactor,
            forward: None,
        }
    }
}

/// `500ms` or `2s`, from 10 ms to 15 minutes.
fn duration(text: &str) -> Option<Duration> {
    let ms = match text.strip_suffix("ms") {
        Some(number) => number.trim().parse::<u64>().ok()?,
        None => text
            .strip_suffix('s')?
            .trim()
            .parse::<u64>()
            .ok()?
            .checked_mul(1000)?,
    };
    (10..=900_000)
        .contains(&ms)
        .then(|| Duration::from_millis(ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(variables: &[(&str, &str)], expect: (bool, bool, Option<u64>), complaints: usize) {
        let mut told = Vec::new();
        let mut take = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let settings = Settings::read(&mut take, &mut told);
        let after = settings
            .announce_after
            .map(|after| after.as_millis() as u64);
        assert_eq!(
            (settings.capture_response, settings.capture_error, after),
            expect
        );
        assert_eq!(told.len(), complaints, "{told:?}");
    }

    #[test]
    fn values_are_read_and_nonsense_is_reported() {
        check(&[], (true, true, Some(2000)), 0);
        check(
            &[
                ("OBS_TRACE_CAPTURE_RESPONSE", "False"),
                ("OBS_TRACE_CAPTURE_ERROR", "0"),
                ("OBS_TRACE_IN_PROGRESS", "500ms"),
            ],
            (false, false, Some(500)),
            0,
        );
        check(&[("OBS_TRACE_IN_PROGRESS", "off")], (true, true, None), 0);
        check(
            &[
                ("OBS_TRACE_CAPTURE_ERROR", "maybe"),
                ("OBS_TRACE_IN_PROGRESS", "5"),
            ],
            (true, true, Some(2000)),
            2,
        );
        check(
            &[("OBS_TRACE_IN_PROGRESS", "1ms")],
            (true, true, Some(2000)),
            1,
        );
    }
}
