//! What can be typed.

#[cfg(feature = "dev")]
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use obs_deploy::backtest;
use obs_deploy::value::Duration;

/// Observability of a serverless system as code, and a local account to see it in.
#[derive(Debug, Parser)]
#[command(name = "obs", version, about, after_help = crate::exit::HELP)]
#[command(propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Args {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check obs.yaml, alarms/ and dashboards/ without looking at any account.
    #[command(
        after_help = "Examples:\n  obs check\n  obs check -e production -C infra/observability"
    )]
    Check(Project),
    /// Run the tests that the files declare of their alarms, without looking at any account; exits with 1 when one fails.
    #[command(
        after_help = "Examples:\n  obs test\n  obs test --filter upload\n  obs test -e dev,production --junit tests.xml\n  obs test --format github --require-tests"
    )]
    Test(Test),
    /// Replay the account's past: when each alarm would have fired under the files, and when it did under what is applied.
    #[command(
        after_help = "Examples:\n  obs backtest --since 14d\n  obs backtest -e production --from 2026-11-01T00:00:00Z --to 2026-11-08T00:00:00Z --svg week.svg\n  obs backtest --filter upload --format json"
    )]
    Backtest(Backtest),
    /// Show what the alarms and dashboards cost a month, without looking at any account.
    Cost(Project),
    /// Show what `apply` would do; writes nothing.
    #[command(
        after_help = "Examples:\n  obs plan\n  obs plan -e staging,production --detailed-exitcode\n  obs plan -e production --out plan.json   # then: obs apply --plan plan.json\n  obs plan --format markdown >> \"$GITHUB_STEP_SUMMARY\"\n  obs plan --var pager=http://127.0.0.1:8080/"
    )]
    Plan(Plan),
    /// Show where the account is not as the files say, and whose doing it is; exits with 3.
    Drift(Project),
    /// Create and change topics, alarms and dashboards until they are as the files say.
    #[command(
        after_help = "Examples:\n  obs apply\n  obs apply -e staging,production --yes\n  obs apply --plan plan.json\n  obs apply --adopt checkout-errors"
    )]
    Apply(Apply),
    /// Hold a deployment back until its alarms were quiet for a while; exits with 4 when one fires.
    #[command(
        after_help = "Examples:\n  obs gate -e production --for 10m\n  obs gate --alarm checkout-down --for 15m --every 30s\n  obs gate --alarm checkout-down --codedeploy"
    )]
    Gate(Gate),
    /// Delete everything this project keeps in the environment.
    #[command(after_help = "Examples:\n  obs destroy -e staging\n  obs destroy --yes")]
    Destroy(Destroy),
    /// Write the JSON Schemas of the files, for editors that complete and check.
    #[command(
        after_help = "Examples:\n  obs schema\n  obs schema --out .vscode/schemas\n\nThen, as the first line of obs.yaml:\n  # yaml-language-server: $schema=schemas/obs.schema.json"
    )]
    Schema(Schema),
    /// Print what a shell needs to complete this command.
    #[command(
        after_help = "Examples:\n  obs completions bash > /etc/bash_completion.d/obs\n  obs completions zsh > \"${fpath[1]}/_obs\"\n  obs completions fish > ~/.config/fish/completions/obs.fish"
    )]
    Completions(Completions),
    #[cfg(feature = "dev")]
    /// Run a local account: CloudWatch, SNS, X-Ray, Lambda and a web page, on loopback.
    #[command(
        after_help = "Examples:\n  obs dev\n  obs dev --listen 127.0.0.1:4500 --for 30s\n  obs dev --function hello=target/debug/hello\n\nThen, in another terminal:\n  export AWS_ENDPOINT_URL=http://127.0.0.1:4400\n  obs apply"
    )]
    Dev(Dev),
}

/// Which project, which environment.
#[derive(Debug, clap::Args)]
pub(crate) struct Project {
    /// Environments of obs.yaml, one or several [default: its default_environment, else dev]
    #[arg(short, long = "env", value_name = "NAME", value_delimiter = ',')]
    pub(crate) envs: Vec<String>,
    /// Value for ${NAME} in the files; overrides the environment's
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) vars: Vec<(String, String)>,
    /// Folder that holds obs.yaml
    #[arg(
        short = 'C',
        long = "directory",
        value_name = "DIR",
        default_value = "."
    )]
    pub(crate) directory: PathBuf,
}

/// Arguments of `plan`.
#[derive(Debug, clap::Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) project: Project,
    #[command(flatten)]
    pub(crate) adoption: Adoption,
    /// Exit with 3 when there is something to do
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
    /// How the plan is written
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// Keep the plan in a file, for `obs apply --plan FILE`; it holds the subscriptions' whole addresses
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// Arguments of `test`.
#[derive(Debug, clap::Args)]
pub(crate) struct Test {
    #[command(flatten)]
    pub(crate) project: Project,
    /// Only tests whose name contains this
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// How the report is written
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: TestFormat,
    /// Write JUnit's XML to a file as well
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Fail when an alarm has no test
    #[arg(long)]
    pub(crate) require_tests: bool,
}

/// How the report of tests is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum TestFormat {
    /// For a terminal, without colours elsewhere
    #[default]
    Text,
    /// One JSON object an environment, each on its line
    Json,
    /// JUnit's XML
    Junit,
    /// Text, with failures as annotations of a GitHub Actions job
    Github,
}

/// Arguments of `backtest`.
#[derive(Debug, clap::Args)]
pub(crate) struct Backtest {
    #[command(flatten)]
    pub(crate) project: Project,
    /// How much of the past, up to `--to`
    #[arg(long, value_name = "DURATION", default_value = "14d", value_parser = duration, conflicts_with = "from")]
    pub(crate) since: Duration,
    /// When it begins, as ISO 8601
    #[arg(long, value_name = "TIME", value_parser = backtest::time)]
    pub(crate) from: Option<i64>,
    /// When it ends, as ISO 8601 [default: now]
    #[arg(long, value_name = "TIME", value_parser = backtest::time)]
    pub(crate) to: Option<i64>,
    /// Only alarms whose name contains this
    #[arg(long, value_name = "TEXT")]
    pub(crate) filter: Option<String>,
    /// How the comparison is written
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// Draw it into a file: one lane an alarm, what is applied above, the files below
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
}

/// Arguments of `schema`.
#[derive(Debug, clap::Args)]
pub(crate) struct Schema {
    /// Folder they are written to
    #[arg(short, long, value_name = "DIR", default_value = "schemas")]
    pub(crate) out: PathBuf,
}

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For a terminal, without colours elsewhere
    #[default]
    Text,
    /// One JSON object a line
    Json,
    /// For a review's comment
    Markdown,
    /// Markdown, with notes as annotations of a GitHub Actions job
    Github,
}

/// What may be taken over.
#[derive(Debug, clap::Args)]
pub(crate) struct Adoption {
    /// Take over a topic, alarm or dashboard of this name that is there and is not ours
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) adopt: Vec<String>,
}

/// Arguments of `apply`.
#[derive(Debug, clap::Args)]
pub(crate) struct Apply {
    #[command(flatten)]
    pub(crate) project: Project,
    #[command(flatten)]
    pub(crate) adoption: Adoption,
    /// Apply a plan that `obs plan --out` kept, if the account is as it was then
    #[arg(long, value_name = "FILE", conflicts_with_all = ["envs", "vars", "adopt"])]
    pub(crate) plan: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

/// Arguments of `destroy`.
#[derive(Debug, clap::Args)]
pub(crate) struct Destroy {
    #[command(flatten)]
    pub(crate) project: Project,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

/// Arguments of `gate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Gate {
    #[command(flatten)]
    pub(crate) project: Project,
    /// Watch these alarms [default: all of the files]
    #[arg(long = "alarm", value_name = "NAME", value_delimiter = ',')]
    pub(crate) alarms: Vec<String>,
    /// How long they have to be quiet
    #[arg(long = "for", value_name = "DURATION", default_value = "5m", value_parser = duration)]
    pub(crate) bake: Duration,
    /// How often to look
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = duration)]
    pub(crate) every: Duration,
    /// Print the same gate as a CodeDeploy deployment group's alarmConfiguration, and look at nothing
    #[arg(long)]
    pub(crate) codedeploy: bool,
}

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    /// Which shell
    pub(crate) shell: clap_complete::Shell,
}

/// What was agreed to beforehand.
#[derive(Debug, clap::Args)]
pub(crate) struct Consent {
    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Overwrite or delete what was changed by hand since the last apply
    #[arg(long)]
    pub(crate) force: bool,
}

/// Arguments of `dev`.
#[cfg(feature = "dev")]
#[derive(Debug, clap::Args)]
pub(crate) struct Dev {
    /// Where the endpoints and the page listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4400")]
    pub(crate) listen: SocketAddr,
    /// Where the X-Ray daemon's UDP socket listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:2000")]
    pub(crate) xray: SocketAddr,
    /// Folder of the account's files
    #[arg(long, value_name = "DIR", default_value = ".obs-dev")]
    pub(crate) data: PathBuf,
    /// End by itself after so long, such as 30s
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    pub(crate) duration: Option<Duration>,
    /// Extension that runs beside each function [default: cloudvault-obs beside this program]
    #[arg(long, value_name = "PATH")]
    pub(crate) extension: Option<PathBuf>,
    /// A function and its program: another one, or another program for one of obs.yaml
    #[arg(long = "function", value_name = "NAME=PATH", value_parser = pair)]
    pub(crate) functions: Vec<(String, String)>,
    /// Folder whose obs.yaml names functions with `run:` [default: this one, if it has one]
    #[arg(long, value_name = "DIR")]
    pub(crate) config: Option<PathBuf>,
    /// Environment of obs.yaml that the functions are run for
    #[arg(short, long, value_name = "NAME", default_value = "dev")]
    pub(crate) env: String,
    /// Value for ${NAME} in obs.yaml
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) vars: Vec<(String, String)>,
    /// Share of invocations that are traced, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 1.0, value_parser = share)]
    pub(crate) sample: f64,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    Duration::parse(text)
}

#[cfg(feature = "dev")]
fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("expected a number from 0 to 1".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_arguments_are_well_formed() {
        use clap::CommandFactory;
        super::Args::command().debug_assert();
    }
}
