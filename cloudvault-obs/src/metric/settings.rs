//! What the environment decides about metrics.

/// Read once, with the rest of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) route: Route,
    /// Dimensions that every metric carries after `service`.
    pub(crate) dimensions: Vec<(String, String)>,
    /// Whether cold starts are counted as the metric `ColdStart`.
    pub(crate) cold_starts: ColdStarts,
    /// Series of one name before further ones are folded.
    pub(crate) max_series: usize,
    /// `level` of EMF lines: Lambda's own filter must let them through.
    pub(crate) level: &'static str,
}

/// Where points go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Route {
    /// The journal where an extension holds it, else lines.
    #[default]
    Auto,
    /// Always lines.
    Lines,
    /// Nowhere: nothing is recorded and nothing counts as lost.
    Off,
}

/// Whether cold starts are a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ColdStarts {
    #[default]
    Unsaid,
    Counted,
}

const MAX_SERIES: usize = 500;

impl Default for Settings {
    fn default() -> Self {
        Self {
            route: Route::default(),
            dimensions: Vec::new(),
            cold_starts: ColdStarts::default(),
            max_series: MAX_SERIES,
            level: "INFO",
        }
    }
}

impl Settings {
    /// Takes what concerns metrics; a bad value is told and its default used.
    pub(crate) fn read(
        mut take: impl FnMut(&str) -> Option<String>,
        lambda_level: Option<&str>,
        complaints: &mut Vec<String>,
    ) -> Self {
        let mut settings = Self {
            level: passing(lambda_level),
            ..Self::default()
        };
        let mut complain = |name: &str, value: &str, expected: &str| {
            complaints.push(format!("{name}={value:?}: expected {expected}"));
        };
        if let Some(text) = take("OBS_METRICS") {
            match text.to_ascii_lowercase().as_str() {
                "on" => {}
                "emf" => settings.route = Route::Lines,
                "off" => settings.route = Route::Off,
                _ => complain("OBS_METRICS", &text, "on, emf or off; using on"),
            }
        }
        if let Some(text) = take("OBS_COLD_START_METRIC") {
            match text.to_ascii_lowercase().as_str() {
                "true" | "on" | "1" => settings.cold_starts = ColdStarts::Counted,
                "false" | "off" | "0" => {}
                _ => complain("OBS_COLD_START_METRIC", &text, "true or false; using false"),
            }
        }
        if let Some(text) = take("OBS_MAX_SERIES") {
            match text.parse::<usize>() {
                Ok(0) => settings.max_series = usize::MAX,
                Ok(limit) => settings.max_series = limit,
                Err(_) => complain(
                    "OBS_MAX_SERIES",
                    &text,
                    "a number of series, 0 for no limit; using 500",
                ),
            }
        }
        if let Some(text) = take("OBS_DIMENSIONS") {
            for pair in text
                .split(',')
                .map(str::trim)
                .filter(|pair| !pair.is_empty())
            {
                match pair.split_once('=') {
                    Some((name, value)) if !name.trim().is_empty() && !value.trim().is_empty() => {
                        let pair = (name.trim().to_owned(), value.trim().to_owned());
                        settings.dimensions.push(pair);
                    }
                    _ => complain(
                        "OBS_DIMENSIONS",
                        pair,
                        "name=value pairs with commas between them; leaving this one out",
                    ),
                }
            }
        }
        settings
    }
}

/// The least severe level at or above INFO that Lambda's own filter lets pass.
fn passing(lambda_level: Option<&str>) -> &'static str {
    match lambda_level
        .unwrap_or_default()
        .to_ascii_uppercase()
        .as_str()
    {
        "WARN" => "WARN",
        "ERROR" => "ERROR",
        "FATAL" => "FATAL",
        _ => "INFO",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(variables: &[(&str, &str)], expect: &Settings, complaints: &[&str]) {
        let mut told = Vec::new();
        let take = |name: &str| {
            let found = variables.iter().find(|(other, _)| *other == name)?;
            Some(found.1.to_owned())
        };
        assert_eq!(Settings::read(take, None, &mut told), *expect);
        assert_eq!(told, complaints);
    }

    #[test]
    fn the_environment_decides_and_nonsense_is_told() {
        check(&[], &Settings::default(), &[]);
        let expect = Settings {
            route: Route::Off,
            cold_starts: ColdStarts::Counted,
            max_series: 7,
            dimensions: vec![
                ("environment".into(), "prod".into()),
                ("team".into(), "a=b".into()),
            ],
            level: "INFO",
        };
        check(
            &[
                ("OBS_METRICS", "OFF"),
                ("OBS_COLD_START_METRIC", "true"),
                ("OBS_MAX_SERIES", "7"),
                ("OBS_DIMENSIONS", "environment=prod, team=a=b,"),
            ],
            &expect,
            &[],
        );
        check(
            &[("OBS_METRICS", "no"), ("OBS_DIMENSIONS", "a")],
            &Settings::default(),
            &[
                "OBS_METRICS=\"no\": expected on, emf or off; using on",
                "OBS_DIMENSIONS=\"a\": expected name=value pairs with commas between them; leaving this one out",
            ],
        );
        check(
            &[("OBS_MAX_SERIES", "0")],
            &Settings {
                max_series: usize::MAX,
                ..Settings::default()
            },
            &[],
        );
    }

    #[test]
    fn lines_of_metrics_pass_lambdas_own_filter() {
        for (lambda, expect) in [
            (None, "INFO"),
            (Some("DEBUG"), "INFO"),
            (Some("warn"), "WARN"),
            (Some("FATAL"), "FATAL"),
        ] {
            assert_eq!(
                Settings::read(|_| None, lambda, &mut Vec::new()).level,
                expect
            );
        }
    }
}
