//! The environment, read once.

use std::{net::SocketAddr, net::ToSocketAddrs, path::PathBuf};

use cloudvault_obs_core::variables;

use crate::{metric::Settings, segment};

/// Everything that the environment decides.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) service: String,
    pub(crate) function_name: String,
    pub(crate) function_version: String,
    pub(crate) namespace: String,
    pub(crate) log: crate::log::Settings,
    pub(crate) xray: Option<String>,
    pub(crate) journal: PathBuf,
    pub(crate) metrics: Settings,
    pub(crate) segments: segment::Settings,
    /// Whether this environment has to count its first invocation as cold.
    pub(crate) starts_cold: bool,
    /// Values that could not be used, each with what is used instead.
    pub(crate) complaints: Vec<String>,
}

const DEFAULT_JOURNAL: &str = "/tmp/cloudvault-obs/journal";

impl Config {
    /// Reads `variables`; a bad value is reported in `complaints` and its
    /// default used, because telemetry never fails the function.
    pub(crate) fn read(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut set = std::collections::HashMap::new();
        set.extend(
            variables
                .into_iter()
                .filter(|(_, value)| !value.trim().is_empty()),
        );
        let lambda_level = set.get("AWS_LAMBDA_LOG_LEVEL").cloned();
        let mut take = |name: &str| set.remove(name).map(|value| value.trim().to_owned());
        let mut complaints = Vec::new();

        let function_name =
            take("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|| "function".to_owned());
        let service = take("OBS_SERVICE").unwrap_or_else(|| function_name.clone());
        let mut log = crate::log::Settings::read(&mut take, &mut complaints);
        log.service.clone_from(&service);
        let metrics = Settings::read(&mut take, lambda_level.as_deref(), &mut complaints);
        let mut segments = segment::Settings::read(&mut take, &mut complaints);
        let journal: PathBuf = take("OBS_JOURNAL")
            .unwrap_or_else(|| DEFAULT_JOURNAL.to_owned())
            .into();
        segments.forward = forwards(&mut take, &mut complaints).then(|| journal.clone());
        // Under provisioned concurrency and Managed Instances an environment is
        // ready before anyone waits for it: its first invocation is not cold.
        let starts_cold = !matches!(
            take("AWS_LAMBDA_INITIALIZATION_TYPE").as_deref(),
            Some("provisioned-concurrency" | "lambda-managed-instances")
        );
        Self {
            function_version: take("AWS_LAMBDA_FUNCTION_VERSION")
                .unwrap_or_else(|| "$LATEST".to_owned()),
            namespace: take("OBS_NAMESPACE").unwrap_or_else(|| service.clone()),
            xray: take("AWS_XRAY_DAEMON_ADDRESS"),
            journal,
            metrics,
            segments,
            service,
            function_name,
            log,
            starts_cold,
            complaints,
        }
    }
}

/// Whether segments go through the extension where there is no daemon.
fn forwards(take: &mut impl FnMut(&str) -> Option<String>, complaints: &mut Vec<String>) -> bool {
    let name = variables::FORWARD_SEGMENTS.name;
    let Some(text) = take(name) else { return false };
    match text.to_ascii_lowercase().as_str() {
        "true" => true,
        "false" => false,
        other => {
            complaints.push(format!(
                "{name}={other:?}: expected true or false; using false"
            ));
            false
        }
    }
}

/// The UDP address in `AWS_XRAY_DAEMON_ADDRESS`: `host:port`, or
/// `udp:host:port tcp:host:port` in either order, where the host may be a name.
pub(crate) fn xray_address(text: &str) -> Option<SocketAddr> {
    let parts = || text.split_ascii_whitespace();
    let udp = parts()
        .find_map(|part| part.strip_prefix("udp:"))
        .or_else(|| parts().find(|part| !part.starts_with("tcp:")))?;
    udp.to_socket_addrs().ok()?.next()
}

#[cfg(test)]
mod tests {
    use tracing::level_filters::LevelFilter;

    use super::*;

    fn read(variables: &[(&str, &str)]) -> Config {
        Config::read(
            variables
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_string())),
        )
    }

    #[test]
    fn names_fall_back_on_each_other() {
        let config = read(&[("AWS_LAMBDA_FUNCTION_NAME", "upload")]);
        assert_eq!(
            (config.service.as_str(), config.namespace.as_str()),
            ("upload", "upload")
        );
        let config = read(&[
            ("AWS_LAMBDA_FUNCTION_NAME", "upload"),
            ("OBS_SERVICE", "vault"),
        ]);
        assert_eq!(
            (config.service.as_str(), config.namespace.as_str()),
            ("vault", "vault")
        );
        let config = read(&[("OBS_SERVICE", " "), ("OBS_NAMESPACE", "N")]);
        assert_eq!(
            (config.service.as_str(), config.namespace.as_str()),
            ("function", "N")
        );
    }

    #[test]
    fn lambdas_own_level_goes_before_ours_and_nonsense_is_reported() {
        let both = [("OBS_LOG", "debug"), ("AWS_LAMBDA_LOG_LEVEL", "WARN")];
        assert_eq!(read(&both).log.level, LevelFilter::WARN);
        assert_eq!(read(&[("OBS_LOG", "debug")]).log.level, LevelFilter::DEBUG);
        let bad = read(&[("OBS_LOG", "verbose")]);
        assert_eq!(bad.log.level, LevelFilter::INFO);
        assert_eq!(
            bad.complaints,
            ["OBS_LOG=\"verbose\": expected TRACE, DEBUG, INFO, WARN, ERROR or FATAL; using INFO"]
        );
    }

    #[test]
    fn segments_are_forwarded_only_when_asked_for() {
        assert_eq!(read(&[]).segments.forward, None);
        let asked = [("OBS_FORWARD_SEGMENTS", "True"), ("OBS_JOURNAL", "/j")];
        assert_eq!(read(&asked).segments.forward, Some("/j".into()));
        let bad = read(&[("OBS_FORWARD_SEGMENTS", "perhaps")]);
        assert_eq!((bad.segments.forward, bad.complaints.len()), (None, 1));
    }

    #[test]
    fn only_on_demand_and_restored_environments_start_cold() {
        for (kind, cold) in [
            ("on-demand", true),
            ("snap-start", true),
            ("provisioned-concurrency", false),
            ("lambda-managed-instances", false),
        ] {
            assert_eq!(
                read(&[("AWS_LAMBDA_INITIALIZATION_TYPE", kind)]).starts_cold,
                cold
            );
        }
    }

    #[test]
    fn the_daemons_address_comes_in_several_forms() {
        let expect = "127.0.0.1:2000".parse().ok();
        for text in [
            "127.0.0.1:2000",
            "udp:127.0.0.1:2000 tcp:127.0.0.2:3000",
            "tcp:127.0.0.2:3000 udp:127.0.0.1:2000",
        ] {
            assert_eq!(xray_address(text), expect, "{text}");
        }
        assert!(xray_address("localhost:2000").is_some());
        assert_eq!(xray_address("tcp:127.0.0.1:2000"), None);
        assert_eq!(xray_address("nonsense"), None);
    }
}
