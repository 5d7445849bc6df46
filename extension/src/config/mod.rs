//! Everything that the environment says, read once and typed.
//!
//! A bad value never takes the function down: it is reported by name, together
//! with all the others, and the default stands in for it. Names, defaults and
//! ranges stand in the table that the reference is written from,
//! [`cloudvault_obs_core::variables`].

mod environment;
mod account;

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use cloudvault_obs_core::variables::{self, Variable};

use account::endpoint;
pub use account::{Account, NoAccount, Secret};
pub use environment::Complaint;
use environment::Environment;

use crate::{aggregate::Limits, flush::Policy, receivers::Ports};

/// The address at which Lambda itself serves the Runtime and Extensions APIs.
const LAMBDA_API: &str = "127.0.0.1:9001";

/// What the environment asks for.
#[derive(Debug, Clone)]
pub struct Config {
    /// `AWS_LAMBDA_RUNTIME_API`: host and port of the Extensions API.
    pub runtime_api: Option<String>,
    /// `OBS_SERVICE`, else the function's name: the `service` of log lines.
    pub service: String,
    /// `OBS_NAMESPACE`, else the service: where the extension's own metrics go.
    pub namespace: String,
    /// `OBS_JOURNAL`: the journal file; the doorbell stands beside it.
    pub journal: PathBuf,
    /// `AWS_LAMBDA_INITIALIZATION_TYPE`: how invocations reach this environment.
    pub mode: Mode,
    /// Where telemetry is to be delivered.
    pub telemetry: TelemetryAddress,
    /// `OBS_FLUSH`: when points leave.
    pub policy: Policy,
    /// `OBS_FLUSH_BUDGET`: the longest a flush may take (default 2 s).
    pub budget: Duration,
    /// `OBS_DEADLINE_MARGIN`: what is kept free before an invocation's deadline
    /// (default 200 ms).
    pub margin: Duration,
    /// `OBS_FLUSH_INTERVAL`: time between flushes where no invocation events
    /// arrive, on Lambda Managed Instances (default 10 s).
    pub interval: Duration,
    /// `OBS_ON_TIMEOUT`: what becomes of a request that CloudWatch may or may
    /// not have taken.
    pub on_timeout: OnTimeout,
    /// `OBS_SERIES_LIMIT`, `OBS_EXACT_VALUES`, `OBS_MEMORY_LIMIT`: what is held.
    pub limits: Limits,
    /// `OBS_SPILL_LIMIT`: bytes of the spill file; 0 for none.
    pub spill: u64,
    /// `OBS_SELF_METRICS`: which of the extension's own metrics are sent.
    pub self_metrics: SelfMetrics,
    /// `OBS_PLATFORM_METRICS`: whether Lambda's own numbers become metrics.
    pub platform_metrics: bool,
    /// Whether segments that find no daemon are sent to X-Ray, and where.
    pub segments: Segments,
    /// `OBS_STATSD_PORT`, `OBS_OTLP_PORT`: which receivers listen.
    pub ports: Ports,
    /// Where to deliver to, or why nothing can be delivered.
    pub account: Result<Account, NoAccount>,
}

/// How invocations reach this environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// One invocation at a time, announced by an INVOKE event each.
    OnDemand,
    /// As [`Mode::OnDemand`], in a copy of an environment that was initialized
    /// once: before the first INVOKE, whatever was chosen at random is the same in
    /// every copy.
    SnapStart,
    /// Lambda Managed Instances: concurrent invocations, no INVOKE events.
    ManagedInstances,
}

/// What becomes of the points of a request that went out and got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnTimeout {
    /// Send them again: nothing is lost, and they may be counted twice.
    Retry,
    /// Count them as dropped: nothing is counted twice, and they may be lost.
    Drop,
}

/// What becomes of segments that find no daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segments {
    /// The library counts them as lost.
    Lost,
    /// `OBS_FORWARD_SEGMENTS`: X-Ray gets them, at `AWS_ENDPOINT_URL_XRAY`, else
    /// `AWS_ENDPOINT_URL`, else its public address; or why it cannot.
    Forwarded(Result<Option<String>, NoAccount>),
}

/// Which of the extension's own metrics are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SelfMetrics {
    /// Those that tell of trouble, when there was some.
    Trouble,
    /// All.
    All,
    /// None.
    Off,
}

/// Where the telemetry listener binds, and by which host Lambda reaches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelemetryAddress {
    /// Address to bind, always with port 0.
    pub bind: SocketAddr,
    /// Host part of the destination URI.
    pub host: String,
}

impl TelemetryAddress {
    /// Lambda delivers to the name `sandbox.localdomain`, from outside the
    /// environment's loopback. A local emulator knows no such name: it is
    /// recognised by a Runtime API on a loopback address other than Lambda's
    /// own `127.0.0.1:9001`, and gets `127.0.0.1`. Except on Managed Instances:
    /// AWS's own emulator of these refuses any name but Lambda's.
    /// `OBS_TELEMETRY_HOST` overrides the choice.
    fn choose(runtime_api: Option<&str>, mode: Mode, given: Option<String>) -> Self {
        let host = given.unwrap_or_else(|| {
            let local = mode != Mode::ManagedInstances
                && runtime_api.is_some_and(|api| api != LAMBDA_API && is_loopback(api));
            String::from(if local {
                "127.0.0.1"
            } else {
                "sandbox.localdomain"
            })
        });
        let bind = if is_loopback(&host) {
            Ipv4Addr::LOCALHOST
        } else {
            Ipv4Addr::UNSPECIFIED
        };
        Self {
            bind: SocketAddr::new(IpAddr::V4(bind), 0),
            host,
        }
    }
}

fn is_loopback(api: &str) -> bool {
    let api = api.strip_prefix("http://").unwrap_or(api);
    let authority = api.split('/').next().unwrap_or(api);
    let host = authority
        .rsplit_once(':')
        .map_or(authority, |(host, _)| host);
    host == "localhost"
        || host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
        || host == "[::1]"
}

impl Config {
    /// Reads the variables, and says what is wrong with them.
    pub fn read(variables: impl IntoIterator<Item = (String, String)>) -> (Self, Vec<Complaint>) {
        let mut env = Environment::new(variables);
        let runtime_api = env.text("AWS_LAMBDA_RUNTIME_API");
        let function = env.text("AWS_LAMBDA_FUNCTION_NAME");
        let mode = match env.text("AWS_LAMBDA_INITIALIZATION_TYPE").as_deref() {
            Some("lambda-managed-instances") => Mode::ManagedInstances,
            Some("snap-start") => Mode::SnapStart,
            _ => Mode::OnDemand,
        };
        let service = env
            .text(variables::SERVICE.name)
            .or(function)
            .unwrap_or_else(|| "function".into());
        let account = Account::read(&mut env);
        let config = Self {
            namespace: env
                .text(variables::NAMESPACE.name)
                .unwrap_or_else(|| service.clone()),
            service,
            journal: given(&env, &variables::JOURNAL).into(),
            mode,
            telemetry: TelemetryAddress::choose(
                runtime_api.as_deref(),
                mode,
                env.text(variables::TELEMETRY_HOST.name),
            ),
            policy: env.choice(&variables::FLUSH, POLICIES),
            budget: env.duration(&variables::FLUSH_BUDGET),
            margin: env.duration(&variables::DEADLINE_MARGIN),
            interval: env.duration(&variables::FLUSH_INTERVAL),
            on_timeout: env.choice(&variables::ON_TIMEOUT, ON_TIMEOUT),
            limits: Limits {
                series: size(env.number(&variables::SERIES_LIMIT)),
                exact: size(env.number(&variables::EXACT_VALUES)),
                bytes: size(env.number(&variables::MEMORY_LIMIT)),
            },
            spill: env.number(&variables::SPILL_LIMIT),
            self_metrics: env.choice(&variables::SELF_METRICS, SELF_METRICS),
            platform_metrics: env.switch(&variables::PLATFORM_METRICS),
            segments: match env.switch(&variables::FORWARD_SEGMENTS) {
                true => Segments::Forwarded(endpoint(&env, "AWS_ENDPOINT_URL_XRAY")),
                false => Segments::Lost,
            },
            ports: Ports {
                statsd: env.port(&variables::STATSD_PORT),
                otlp: env.port(&variables::OTLP_PORT),
            },
            account,
            runtime_api,
        };
        (config, env.complaints)
    }
}

const POLICIES: &[(&str, Policy)] = &[
    ("end", Policy::End),
    ("periodic", Policy::Periodic),
    ("continuous", Policy::Continuous),
    ("adaptive", Policy::Adaptive),
];
const ON_TIMEOUT: &[(&str, OnTimeout)] = &[("retry", OnTimeout::Retry), ("drop", OnTimeout::Drop)];
const SELF_METRICS: &[(&str, SelfMetrics)] = &[
    ("trouble", SelfMetrics::Trouble),
    ("all", SelfMetrics::All),
    ("off", SelfMetrics::Off),
];

/// The variable's text, or its default.
fn given(env: &Environment, variable: &Variable) -> String {
    env.text(variable.name)
        .unwrap_or_else(|| variable.default.to_owned())
}

/// The table's bounds are far below a `usize`.
fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> (Config, Vec<String>) {
        let (config, complaints) =
            Config::read(variables.iter().map(|&(n, v)| (n.to_owned(), v.to_owned())));
        (
            config,
            complaints
                .iter()
                .map(|c| format!("{}={} -> {}", c.name, c.value, c.used))
                .collect(),
        )
    }

    #[test]
    fn nothing_set_gives_the_defaults_and_no_account() {
        let (config, complaints) = read(&[]);
        assert_eq!(complaints, Vec::<String>::new());
        assert_eq!(config.budget, Duration::from_secs(2));
        assert_eq!(config.journal, PathBuf::from("/tmp/cloudvault-obs/journal"));
        assert!(
            config
                .account
                .unwrap_err()
                .to_string()
                .starts_with("AWS_REGION is not set")
        );
    }

    #[test]
    fn every_bad_value_is_reported_by_name_and_replaced() {
        let (config, complaints) = read(&[
            ("OBS_FLUSH_BUDGET", "5"),
            ("OBS_DEADLINE_MARGIN", "-1s"),
            ("OBS_FLUSH_INTERVAL", "99999999999999999999s"),
            ("OBS_FLUSH", "sometimes"),
            ("OBS_ON_TIMEOUT", "dorp"),
            ("AWS_USE_FIPS_ENDPOINT", "yes"),
        ]);
        assert_eq!(
            complaints,
            [
                "AWS_USE_FIPS_ENDPOINT=yes -> false",
                "OBS_FLUSH=sometimes -> adaptive",
                "OBS_FLUSH_BUDGET=5 -> 2s",
                "OBS_DEADLINE_MARGIN=-1s -> 200ms",
                "OBS_FLUSH_INTERVAL=99999999999999999999s -> 10s",
                "OBS_ON_TIMEOUT=dorp -> retry",
            ]
        );
        assert_eq!(config.margin, Duration::from_millis(200));
    }

    #[test]
    fn every_default_and_every_word_of_the_table_is_understood() {
        // What is not would panic, or complain.
        for variable in variables::all() {
            let words: &[&str] = match variable.form {
                variables::Form::Words(words) => words,
                _ => &[],
            };
            let defaults = (!variable.is_derived()).then_some(variable.default);
            for value in words.iter().copied().chain(defaults) {
                let (_, complaints) = read(&[(variable.name, value)]);
                assert_eq!(complaints, Vec::<String>::new(), "{value}");
            }
        }
        let (config, _) = read(&[("OBS_SPILL_LIMIT", "0"), ("OBS_FLUSH", " End ")]);
        assert_eq!((config.spill, config.policy), (0, Policy::End));
        assert_eq!(read(&[]).0.limits, Limits::default());
    }

    #[test]
    fn emulators_are_told_from_lambda_by_the_runtime_api() {
        let check = |api: &str, host: &str, bind: &str| {
            let (config, _) = read(&[("AWS_LAMBDA_RUNTIME_API", api)]);
            assert_eq!(
                (
                    config.telemetry.host.as_str(),
                    config.telemetry.bind.to_string().as_str()
                ),
                (host, bind),
                "{api}"
            );
        };
        check("127.0.0.1:9001", "sandbox.localdomain", "0.0.0.0:0");
        check("169.254.100.1:9001", "sandbox.localdomain", "0.0.0.0:0");
        check("127.0.0.1:45678", "127.0.0.1", "127.0.0.1:0");
        check("localhost:9001", "127.0.0.1", "127.0.0.1:0");
        let (config, _) = read(&[
            ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:45678"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "lambda-managed-instances"),
        ]);
        assert_eq!(config.telemetry.host, "sandbox.localdomain");
        let (config, _) = read(&[
            ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"),
            ("OBS_TELEMETRY_HOST", "127.0.0.1"),
        ]);
        assert_eq!(config.telemetry.bind.to_string(), "127.0.0.1:0");
    }

    #[test]
    fn a_bad_endpoint_never_falls_back_to_the_real_one() {
        let account = |url: &str| {
            read(&[
                ("AWS_REGION", "eu-west-1"),
                ("AWS_ACCESS_KEY_ID", "a"),
                ("AWS_SECRET_ACCESS_KEY", "topsecret"),
                ("AWS_ENDPOINT_URL", url),
            ])
            .0
            .account
        };
        assert!(account("127.0.0.1:4400").is_err());
        let good = account("http://127.0.0.1:4400").unwrap();
        assert_eq!(good.endpoint.as_deref(), Some("http://127.0.0.1:4400"));
        assert!(!format!("{good:?}").contains("topsecret"));
    }
}
