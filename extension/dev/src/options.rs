//! What `obs dev` is told at its start: where to listen, where to keep its data,
//! which functions to run. Values only; the CLI reads flags and files and fills
//! this in, so a test can start an account from an array.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::faults::{FaultRule, choose};

/// Everything a local account needs to know before it starts.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the endpoints and the page listen; port 0 takes a free one.
    /// Default `127.0.0.1:4400`.
    pub listen: SocketAddr,
    /// Where the X-Ray daemon's UDP socket listens; port 0 takes a free one.
    /// Default `127.0.0.1:0`.
    pub xray: SocketAddr,
    /// Folder of the account's files; made if it is not there.
    pub data: PathBuf,
    /// The region the account claims to be in. Default `us-east-1`.
    pub region: String,
    /// The functions that can be invoked.
    pub functions: Vec<FunctionSpec>,
    /// The extension binary started beside every function; none: no extension.
    pub extension: Option<PathBuf>,
    /// Share of invocations whose trace is sampled, from 0 to 1. Default 1.
    pub sample: f64,
    /// Environments a function may have at once, at least 1. Default 2.
    pub concurrency: usize,
    /// Log groups that are there from the start, beside those of the functions.
    pub log_groups: Vec<LogGroup>,
    /// Hosts beside loopback that notifications may be posted to. Default: none,
    /// so that a rehearsal cannot page anybody.
    pub notify_hosts: Vec<String>,
    /// What fails from the start. Default: nothing.
    pub faults: Vec<FaultRule>,
    /// What happens to processes between invocations. Default: they are frozen.
    pub freeze: Freeze,
}

impl Options {
    /// The defaults, with the account's files in `data`.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 4400)),
            xray: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            data: data.into(),
            region: "us-east-1".to_owned(),
            functions: Vec::new(),
            extension: None,
            sample: 1.0,
            concurrency: 2,
            log_groups: Vec::new(),
            notify_hosts: Vec::new(),
            faults: Vec::new(),
            freeze: Freeze::default(),
        }
    }
}

/// A log group that nobody has to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogGroup {
    /// Its name.
    pub name: String,
    /// The function that writes to it.
    pub function: Option<String>,
    /// Days that lines are kept; none: for ever.
    pub retention_days: Option<u32>,
}

/// One function: the process to start and what Lambda would be configured with.
#[derive(Debug, Clone)]
pub struct FunctionSpec {
    /// The function's name, as in `POST /2015-03-31/functions/{name}/invocations`.
    pub name: String,
    /// The program that speaks the Runtime API.
    pub command: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its own environment variables, beside those that Lambda sets.
    pub environment: BTreeMap<String, String>,
    /// How long one invocation may take.
    pub timeout: Duration,
    /// Configured memory in MB; told to the function, not enforced.
    pub memory_mb: u32,
    /// The handler name, told to the function as `_HANDLER`.
    pub handler: String,
    /// How its environments come to life.
    pub initialization: Initialization,
}

/// What happens to an environment's processes between invocations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freeze {
    /// Nothing: they run on, as no Lambda function does.
    Off,
    /// They are stopped, as at Lambda; their connections to AWS are gone after a
    /// freeze of at least this length, since whoever is between has forgotten them.
    DropAfter(Duration),
}

impl Default for Freeze {
    /// Frozen; connections survive short pauses.
    fn default() -> Self {
        Freeze::DropAfter(Duration::from_secs(5))
    }
}

/// How an environment comes to life, in the words of
/// `AWS_LAMBDA_INITIALIZATION_TYPE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Initialization {
    /// With the invocation that needs it.
    #[default]
    OnDemand,
    /// So many are initialized before anybody calls.
    Provisioned(NonZeroUsize),
    /// From a snapshot that was taken after an initialization: credentials come from
    /// `AWS_CONTAINER_CREDENTIALS_FULL_URI`, connections are those of another life.
    SnapStart,
    /// Lambda Managed Instances: so many invocations at a time in one environment,
    /// no INVOKE events, no freeze.
    ManagedInstances(NonZeroUsize),
}

impl Initialization {
    /// Lambda's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Initialization::OnDemand => "on-demand",
            Initialization::Provisioned(_) => "provisioned-concurrency",
            Initialization::SnapStart => "snap-start",
            Initialization::ManagedInstances(_) => "lambda-managed-instances",
        }
    }

    fn parse(text: &str) -> Result<Initialization, String> {
        let (kind, number) = match text.split_once(':') {
            Some((kind, number)) => (kind, Some(number)),
            None => (text, None),
        };
        let one = NonZeroUsize::MIN;
        let of = |initialization: Initialization| (initialization.as_str(), initialization);
        let kinds = [
            of(Initialization::OnDemand),
            of(Initialization::Provisioned(one)),
            of(Initialization::SnapStart),
            of(Initialization::ManagedInstances(one)),
        ];
        let number = number.map(|number| {
            let parsed = number
                .parse()
                .ok()
                .filter(|n: &NonZeroUsize| n.get() <= 1000);
            parsed.ok_or_else(|| format!("{number:?} is not a number from 1 to 1000"))
        });
        match (choose("initialization", kind, &kinds)?, number.transpose()?) {
            (Initialization::Provisioned(one), number) => {
                Ok(Initialization::Provisioned(number.unwrap_or(one)))
            }
            (Initialization::ManagedInstances(one), number) => {
                Ok(Initialization::ManagedInstances(number.unwrap_or(one)))
            }
            (kind, None) => Ok(kind),
            (kind, Some(_)) => Err(format!("{} takes no number", kind.as_str())),
        }
    }

    /// Invocations that one environment works on at a time.
    pub(crate) fn concurrency(self) -> usize {
        match self {
            Initialization::ManagedInstances(most) => most.get(),
            _ => 1,
        }
    }

    pub(crate) fn is_managed(self) -> bool {
        matches!(self, Initialization::ManagedInstances(_))
    }
}

/// Lambda's word for it, with a number where it has one:
/// `provisioned-concurrency:2`, `lambda-managed-instances:10`.
impl FromStr for Initialization {
    type Err = String;

    fn from_str(text: &str) -> Result<Initialization, String> {
        Initialization::parse(text)
    }
}

/// `off`, or how long connections outlive a freeze: a number with its unit, `ms`, `s`
/// or `m`.
impl FromStr for Freeze {
    type Err = String;

    fn from_str(text: &str) -> Result<Freeze, String> {
        if text == "off" {
            return Ok(Freeze::Off);
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let scale = match unit {
            "ms" => Some(1),
            "s" => Some(1_000),
            "m" => Some(60_000),
            _ => None,
        };
        let number: Option<u64> = number.parse().ok();
        let ms = number
            .zip(scale)
            .and_then(|(number, scale)| number.checked_mul(scale));
        let ms = ms.ok_or("expected off, or a time with its unit such as 0s, 500ms or 5s")?;
        Ok(Freeze::DropAfter(Duration::from_millis(ms)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initializations_have_lambdas_words_and_a_number_where_it_counts() {
        let check = |text: &str, expect: Result<Initialization, &str>| match (
            text.parse::<Initialization>(),
            expect,
        ) {
            (Err(error), Err(part)) => assert!(error.contains(part), "{error}"),
            (got, expect) => assert_eq!(got, expect.map_err(str::to_owned), "{text}"),
        };
        let some = |number| NonZeroUsize::new(number).expect("not zero");
        check("on-demand", Ok(Initialization::OnDemand));
        check("snap-start", Ok(Initialization::SnapStart));
        check(
            "provisioned-concurrency",
            Ok(Initialization::Provisioned(some(1))),
        );
        check(
            "lambda-managed-instances:10",
            Ok(Initialization::ManagedInstances(some(10))),
        );
        check("snapstart", Err("did you mean \"snap-start\"?"));
        check("on-demand:2", Err("takes no number"));
        check("lambda-managed-instances:0", Err("from 1 to 1000"));
    }

    #[test]
    fn a_freeze_is_off_or_a_time() {
        let check = |text: &str, expect: Option<Freeze>| {
            assert_eq!(text.parse::<Freeze>().ok(), expect, "{text}");
        };
        check("off", Some(Freeze::Off));
        check("0s", Some(Freeze::DropAfter(Duration::ZERO)));
        check(
            "1500ms",
            Some(Freeze::DropAfter(Duration::from_millis(1500))),
        );
        check("2m", Some(Freeze::DropAfter(Duration::from_secs(120))));
        check("5", None);
        check("18446744073709551615m", None);
    }
}
