//! The SDK's configuration: endpoint, credentials, role, retries, TLS on ring.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use crate::model::{Role, Target};

/// Longest name of a session.
const MAX_SESSION: usize = 64;

/// Longest time for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// Longest time for an answer of a local account, and of AWS.
const LOCAL: Duration = Duration::from_secs(9);
const REMOTE: Duration = Duration::from_secs(20);

/// How to reach an account.
#[derive(Clone, Debug)]
pub struct Connect {
    /// The environment's region.
    pub region: String,
    /// The environment's endpoint; `None` for AWS or what AWS_ENDPOINT_URL says.
    pub endpoint: Option<String>,
    /// What `AWS_ENDPOINT_URL` says, for messages and to know a loopback endpoint.
    pub override_endpoint: Option<String>,
    /// Whom to become before the first call, and what the session is called in
    /// CloudTrail.
    pub role: Option<Assumed>,
    /// True when the process's environment carries an access key.
    pub has_access_key: bool,
}

/// A role and the session's name.
#[derive(Clone, Debug)]
pub struct Assumed {
    /// The role.
    pub role: Role,
    /// 2 to 64 of `[A-Za-z0-9_=,.@-]`.
    pub session: String,
}

impl Assumed {
    /// The role of a target's environment; its session is named after both.
    pub fn of(target: &Target) -> Option<Assumed> {
        let (project, environment) = (&target.project, &target.environment);
        let name: String = format!("obs-{project}-{environment}")
            .chars()
            .map(
                |c| match c.is_ascii_alphanumeric() || "_=,.@-".contains(c) {
                    true => c,
                    false => '-',
                },
            )
            .take(MAX_SESSION)
            .collect();
        let role = target.role.clone()?;
        Some(Assumed {
            role,
            session: name,
        })
    }
}

impl Connect {
    pub(in crate::account) fn place(&self) -> String {
        self.override_endpoint
            .clone()
            .or_else(|| self.endpoint.clone())
            .unwrap_or_else(|| format!("AWS in {}", self.region))
    }

    /// A local account takes any key; looking for real ones would only send them there.
    pub(in crate::account) fn local(&self) -> bool {
        self.override_endpoint
            .as_ref()
            .or(self.endpoint.as_ref())
            .is_some_and(|endpoint| is_loopback(endpoint))
    }
}

/// True for an endpoint on this machine.
pub fn is_loopback(endpoint: &str) -> bool {
    let host = endpoint
        .split_once("://")
        .map_or(endpoint, |(_, rest)| rest)
        .split(['/', '?'])
        .next()
        .unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(host, _)| host),
    };
    host == "localhost"
        || host.ends_with(".localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// What all clients share.
pub(in crate::account) async fn sdk_config(connect: &Connect) -> SdkConfig {
    let http = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    // Here nothing is far away: what does not answer soon is no account.
    let patience = if connect.local() { LOCAL } else { REMOTE };
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(patience)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .region(Region::new(connect.region.clone()))
        // The account repeats calls itself, at the pace of AWS's quotas.
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts);
    if let (None, Some(endpoint)) = (&connect.override_endpoint, &connect.endpoint) {
        loader = loader.endpoint_url(endpoint);
    }
    if connect.local() && !connect.has_access_key {
        loader =
            loader.credentials_provider(Credentials::new("local", "local", None, None, "obs dev"));
    }
    let config = loader.load().await;
    match &connect.role {
        Some(assumed) => become_role(config, assumed).await,
        None => config,
    }
}

/// The same configuration with the role's credentials, which are fetched with the
/// first call and again before they expire.
async fn become_role(config: SdkConfig, assumed: &Assumed) -> SdkConfig {
    let mut provider = AssumeRoleProvider::builder(&assumed.role.arn)
        .session_name(&assumed.session)
        .configure(&config);
    if let Some(id) = &assumed.role.external_id {
        provider = provider.external_id(id);
    }
    let provider = provider.build().await;
    let credentials = SharedCredentialsProvider::new(provider);
    config
        .into_builder()
        .credentials_provider(credentials)
        .build()
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_this_machine_is_loopback() {
        for here in [
            "http://127.0.0.1:4400",
            "http://localhost:4400/",
            "http://[::1]:4400",
            "http://sns.localhost:1",
            "http://127.8.8.8",
        ] {
            assert!(is_loopback(here), "{here}");
        }
        for away in [
            "https://monitoring.us-east-1.amazonaws.com",
            "http://10.0.0.1:4400",
            "http://127.0.0.1.example.com",
            "http://example.com/127.0.0.1",
        ] {
            assert!(!is_loopback(away), "{away}");
        }
    }
}
