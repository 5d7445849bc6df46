//! Everything that the environment says, read once and typed.
//!
//! A bad value never takes the function down: it is reported by name, together
//! with all the others, and the default stands in for it. The account
//! (credentials, region, endpoint) has no default: without it the extension
//! idles and the library writes its metrics as log lines instead.

use std::{
    collections::BTreeMap,
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use crate::flush::Policy;

/// The address at which Lambda itself serves the Runtime and Extensions APIs.
const LAMBDA_API: &str = "127.0.0.1:9001";

/// What the environment asks for.
#[derive(Debug, Clone)]
pub struct Config {
    /// `AWS_LAMBDA_RUNTIME_API`: host and port of the Extensions API.
    pub runtime_api: Option<String>,
    /// `OBS_SERVICE`, else the function's name: the `service` of log lines.
    pub service: String,
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
    /// Where to deliver to, or why nothing can be delivered.
    pub account: Result<Account, NoAccount>,
}

/// How invocations reach this environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// One invocation at a time, announced by an INVOKE event each.
    OnDemand,
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
            let local = mode == Mode::OnDemand
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

/// The account that points are delivered to.
#[derive(Debug, Clone)]
pub struct Account {
    /// `AWS_REGION`, else `AWS_DEFAULT_REGION`.
    pub region: String,
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_key: Secret,
    /// `AWS_SESSION_TOKEN`.
    pub session_token: Option<Secret>,
    /// `AWS_ENDPOINT_URL_CLOUDWATCH`, else `AWS_ENDPOINT_URL`; `http` or `https`.
    pub endpoint: Option<String>,
    /// `OBS_CA_BUNDLE`: a PEM file of certificate authorities to trust beside
    /// the compiled-in ones.
    pub ca_bundle: Option<PathBuf>,
    /// `AWS_USE_FIPS_ENDPOINT`.
    pub fips: bool,
    /// `AWS_USE_DUALSTACK_ENDPOINT`.
    pub dual_stack: bool,
}

/// A value that is never shown.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The value itself, for signing.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// Why nothing can be delivered: one sentence that names the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoAccount(String);

/// A variable whose value cannot be used, and what is used instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The variable.
    pub name: &'static str,
    /// Its value.
    pub value: String,
    /// What was expected.
    pub expected: String,
    /// What holds now.
    pub used: String,
}

impl Config {
    /// Reads the variables, and says what is wrong with them.
    pub fn read(variables: impl IntoIterator<Item = (String, String)>) -> (Self, Vec<Complaint>) {
        let mut env = Environment {
            variables: variables
                .into_iter()
                .filter(|(_, value)| !value.is_empty())
                .collect(),
            complaints: Vec::new(),
        };
        let runtime_api = env.text("AWS_LAMBDA_RUNTIME_API");
        let function = env.text("AWS_LAMBDA_FUNCTION_NAME");
        let mode = match env.text("AWS_LAMBDA_INITIALIZATION_TYPE").as_deref() {
            Some("lambda-managed-instances") => Mode::ManagedInstances,
            _ => Mode::OnDemand,
        };
        let config = Self {
            service: env
                .text("OBS_SERVICE")
                .or(function)
                .unwrap_or_else(|| "function".into()),
            journal: env.text("OBS_JOURNAL").map_or_else(
                || PathBuf::from("/tmp/cloudvault-obs/journal"),
                PathBuf::from,
            ),
            mode,
            telemetry: TelemetryAddress::choose(
                runtime_api.as_deref(),
                mode,
                env.text("OBS_TELEMETRY_HOST"),
            ),
            policy: env.choice("OBS_FLUSH", &[("end", Policy::End)]),
            budget: env.duration("OBS_FLUSH_BUDGET", 10..=60_000, 2_000),
            margin: env.duration("OBS_DEADLINE_MARGIN", 10..=60_000, 200),
            interval: env.duration("OBS_FLUSH_INTERVAL", 100..=3_600_000, 10_000),
            on_timeout: env.choice(
                "OBS_ON_TIMEOUT",
                &[("retry", OnTimeout::Retry), ("drop", OnTimeout::Drop)],
            ),
            account: env.account(),
            runtime_api,
        };
        (config, env.complaints)
    }
}

/// The variables, and what was found wrong with them so far.
struct Environment {
    variables: BTreeMap<String, String>,
    complaints: Vec<Complaint>,
}

impl Environment {
    fn text(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn complain(&mut self, name: &'static str, expected: String, used: String) {
        // Shown in a log line: bounded.
        let value = self
            .text(name)
            .unwrap_or_default()
            .chars()
            .take(200)
            .collect();
        self.complaints.push(Complaint {
            name,
            value,
            expected,
            used,
        });
    }

    /// The first choice is the default.
    fn choice<T: Copy>(&mut self, name: &'static str, choices: &[(&'static str, T)]) -> T {
        let (default, value) = choices[0];
        let Some(given) = self.text(name) else {
            return value;
        };
        if let Some(&(_, value)) = choices.iter().find(|(text, _)| *text == given) {
            return value;
        }
        let names: Vec<_> = choices.iter().map(|(text, _)| *text).collect();
        self.complain(name, names.join(" or "), default.into());
        value
    }

    /// A number with its unit, `ms`, `s` or `m`.
    fn duration(
        &mut self,
        name: &'static str,
        range: std::ops::RangeInclusive<u64>,
        default_ms: u64,
    ) -> Duration {
        let default = Duration::from_millis(default_ms);
        let Some(given) = self.text(name) else {
            return default;
        };
        if let Some(ms) = milliseconds(&given).filter(|ms| range.contains(ms)) {
            return Duration::from_millis(ms);
        }
        let (low, high) = (range.start(), range.end());
        let expected = format!("a number with its unit (ms, s, m), {low}ms to {high}ms");
        self.complain(name, expected, format!("{default_ms}ms"));
        default
    }

    fn flag(&mut self, name: &'static str) -> bool {
        match self.text(name).as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => {
                self.complain(name, "true or false".into(), "false".into());
                false
            }
        }
    }

    fn account(&mut self) -> Result<Account, NoAccount> {
        let (fips, dual_stack) = (
            self.flag("AWS_USE_FIPS_ENDPOINT"),
            self.flag("AWS_USE_DUALSTACK_ENDPOINT"),
        );
        let need = |what: &str, value: Option<String>| {
            value.ok_or_else(|| {
                NoAccount(format!(
                    "{what} is not set; Lambda sets it from the function's execution role, \
                     elsewhere set it by hand"
                ))
            })
        };
        Ok(Account {
            region: need(
                "AWS_REGION",
                self.text("AWS_REGION").or(self.text("AWS_DEFAULT_REGION")),
            )?,
            access_key: need("AWS_ACCESS_KEY_ID", self.text("AWS_ACCESS_KEY_ID"))?,
            secret_key: need("AWS_SECRET_ACCESS_KEY", self.text("AWS_SECRET_ACCESS_KEY"))
                .map(Secret)?,
            session_token: self.text("AWS_SESSION_TOKEN").map(Secret),
            endpoint: self.endpoint()?,
            ca_bundle: self.text("OBS_CA_BUNDLE").map(PathBuf::from),
            fips,
            dual_stack,
        })
    }

    /// A bad endpoint has no default: the real one would send a test's points
    /// to production.
    fn endpoint(&self) -> Result<Option<String>, NoAccount> {
        for name in ["AWS_ENDPOINT_URL_CLOUDWATCH", "AWS_ENDPOINT_URL"] {
            let Some(url) = self.text(name) else { continue };
            let uri = url.parse::<http::Uri>().ok();
            let scheme = uri.as_ref().and_then(http::Uri::scheme_str);
            if !matches!(scheme, Some("http" | "https")) {
                return Err(NoAccount(format!(
                    "{name} is {url:?}; give a URL such as http://127.0.0.1:4400, or unset it"
                )));
            }
            return Ok(Some(url));
        }
        Ok(None)
    }
}

fn milliseconds(text: &str) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let scale = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(scale)
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
                "OBS_FLUSH=sometimes -> end",
                "OBS_FLUSH_BUDGET=5 -> 2000ms",
                "OBS_DEADLINE_MARGIN=-1s -> 200ms",
                "OBS_FLUSH_INTERVAL=99999999999999999999s -> 10000ms",
                "OBS_ON_TIMEOUT=dorp -> retry",
                "AWS_USE_FIPS_ENDPOINT=yes -> false",
            ]
        );
        assert_eq!(config.margin, Duration::from_millis(200));
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
