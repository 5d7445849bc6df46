//! What can be typed.

#[cfg(feature = "dev")]
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use obs_deploy::backtest;
use obs_deploy::value::Duration;
#[cfg(feature = "dev")]
use obs_dev::{FaultRule, Freeze, Initialization};

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
        after_help = "Examples:\n  obs check\n  obs check -e production -C infra/observability\n  obs check -e dev,staging,production --format github"
    )]
    Check(crate::commands::check::Check),
    /// Begin a project: find its resources in what deploys it, and write obs.yaml, alarms and a dashboard.
    #[command(
        after_help = "Examples:\n  obs init shop --account 123456789012 --region eu-central-1 --from template.yaml\n  obs init shop --account 123456789012 --region eu-central-1 --from cdk.out --from terraform.tfstate\n  terraform show -json > state.json && obs init shop --account 123456789012 --region eu-central-1 --from state.json\n\nReads CloudFormation and SAM templates, CDK's output, Terraform's state (version 4) and\n`terraform show -json`, amplify_outputs.json and amplify-meta.json."
    )]
    Init(Init),
    /// Write what an account holds into files; what this project keeps, or what is named.
    #[command(
        after_help = "Examples:\n  obs pull                          # what this project keeps here\n  obs pull --all --print            # everything, shown and not written\n  obs pull 'checkout-*' oncall      # by name, whoever made it\n  obs pull --tag team=checkout\n\nWhat is nobody's yet is taken over by: obs apply --adopt NAME"
    )]
    Pull(Pull),
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
    #[command(
        after_help = "Examples:\n  obs cost\n  obs cost -e staging,production --format json\n  obs cost --format markdown >> \"$GITHUB_STEP_SUMMARY\""
    )]
    Cost(Cost),
    /// Score how ready the project is to be run, with the way to a better score.
    #[command(
        after_help = "Examples:\n  obs readiness\n  obs readiness -e production --account\n  obs readiness --minimum 90 --format github"
    )]
    Readiness(crate::commands::readiness::Readiness),
    /// Print the least policy that a handler, the extension or the deployer needs; check a given one.
    #[command(
        after_help = "Examples:\n  obs iam --namespace CloudVault\n  obs iam --namespace CloudVault --namespace Shop --format yaml\n  obs iam --for deployer -e production\n  obs iam check policy.json --for handler"
    )]
    Iam(Box<crate::commands::iam::Iam>),
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
    /// Keep a backup of all that is applied in a file.
    #[command(
        after_help = "Examples:\n  obs snapshot before.json\n  obs snapshot -e staging,production backup.json"
    )]
    Snapshot(Snapshot),
    /// Go back to a snapshot: show the plan, then apply it.
    #[command(after_help = "Examples:\n  obs restore before.json\n  obs restore backup.json --yes")]
    Restore(Restore),
    /// Go back to what an apply found before it changed anything.
    #[command(
        after_help = "Examples:\n  obs rollback\n  obs rollback --list\n  obs rollback -e production --to 7 --yes\n\nEach apply, destroy, restore and rollback that changes something keeps what it found under .obs/ENVIRONMENT/, the last ten: a rollback can be rolled back."
    )]
    Rollback(Rollback),
    /// Mute alarms from now on for a while, show what is muted, end it: muted alarms change their state and tell nobody.
    #[command(
        after_help = "What is still the case when a window ends is told then. `apply` leaves these rules alone; windows that come again stand under `mutes:` in obs.yaml.\n\nExamples:\n  obs mute 'checkout-*' --for 2h --reason 'moving the table'\n  obs mute --severity ticket -e production --for 30m\n  obs mute --list\n  obs mute --end              # all of this environment\n  obs mute --end obs-mute.shop.dev.202611230930-1f0c2a3b"
    )]
    Mute(Mute),
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
        after_help = "Examples:\n  obs dev\n  obs dev --listen 127.0.0.1:4500 --for 30s\n  obs dev --function hello=target/debug/hello\n  obs dev --fault cloudwatch:PutMetricData=throttle:30%\n\nThen, in another terminal:\n  export AWS_ENDPOINT_URL=http://127.0.0.1:4400\n  obs apply"
    )]
    Dev(Box<Dev>),
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

/// Arguments of `cost`.
#[derive(Debug, clap::Args)]
pub(crate) struct Cost {
    #[command(flatten)]
    pub(crate) project: Project,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
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

/// Arguments of `init`.
#[derive(Debug, clap::Args)]
pub(crate) struct Init {
    /// The project's name: letters, digits and `-`
    #[arg(value_name = "PROJECT", value_parser = project_name)]
    pub(crate) project: String,
    /// File or folder that deploys it; may be given several times
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Vec<PathBuf>,
    /// The account: twelve digits
    #[arg(long, value_name = "ID", default_value = "000000000000", value_parser = account)]
    pub(crate) account: String,
    /// The region
    #[arg(long, value_name = "REGION", default_value = "us-east-1", value_parser = region)]
    pub(crate) region: String,
    /// Name of the first environment
    #[arg(short, long = "env", value_name = "NAME", default_value = "dev", value_parser = project_name)]
    pub(crate) environment: String,
    /// Folder that the files are written to
    #[arg(
        short = 'C',
        long = "directory",
        value_name = "DIR",
        default_value = "."
    )]
    pub(crate) directory: PathBuf,
}

/// Arguments of `pull`.
#[derive(Debug, clap::Args)]
pub(crate) struct Pull {
    /// Names, whoever keeps them; `*` stands for any text
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) project: Project,
    /// Everything in the account, not only what this project keeps
    #[arg(long)]
    pub(crate) all: bool,
    /// Only what carries this tag, whoever keeps it
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) tags: Vec<(String, String)>,
    /// Overwrite the JSON files of dashboards that are otherwise in the account
    #[arg(long)]
    pub(crate) force: bool,
    /// Show the files and write none
    #[arg(long)]
    pub(crate) print: bool,
}

/// Arguments of `snapshot`.
#[derive(Debug, clap::Args)]
pub(crate) struct Snapshot {
    /// The file; readable by you alone, since it holds the subscriptions' whole addresses
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) project: Project,
}

/// Arguments of `restore`.
#[derive(Debug, clap::Args)]
pub(crate) struct Restore {
    /// The file that `obs snapshot` wrote
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Folder of the project, where what is there now is kept
    #[arg(
        short = 'C',
        long = "directory",
        value_name = "DIR",
        default_value = "."
    )]
    pub(crate) directory: PathBuf,
    #[command(flatten)]
    pub(crate) adoption: Adoption,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

/// Arguments of `rollback`.
#[derive(Debug, clap::Args)]
pub(crate) struct Rollback {
    #[command(flatten)]
    pub(crate) project: Project,
    /// Number of the snapshot [default: the newest]
    #[arg(long, value_name = "N")]
    pub(crate) to: Option<u32>,
    /// Show what is kept and change nothing
    #[arg(long)]
    pub(crate) list: bool,
    #[command(flatten)]
    pub(crate) adoption: Adoption,
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

/// Arguments of `mute`.
#[derive(Debug, clap::Args)]
pub(crate) struct Mute {
    /// Names of alarms in the account; `*` stands for any text
    #[arg(value_name = "ALARM", conflicts_with_all = ["list", "end"])]
    pub(crate) alarms: Vec<String>,
    #[command(flatten)]
    pub(crate) project: Project,
    /// Alarms of these severities of obs.yaml
    #[arg(long = "severity", value_name = "NAME", value_delimiter = ',', conflicts_with_all = ["list", "end"])]
    pub(crate) severities: Vec<String>,
    /// How long, from 1m to 15d
    #[arg(long = "for", value_name = "DURATION", default_value = "1h", value_parser = duration)]
    pub(crate) length: Duration,
    /// Why, for those who wonder
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) reason: String,
    /// Show what this command muted
    #[arg(long, conflicts_with = "end")]
    pub(crate) list: bool,
    /// End it before its time: a rule's name, `*` for any text [default: all of the environment]
    #[arg(long, value_name = "RULE", num_args = 0..=1, default_missing_value = "*")]
    pub(crate) end: Option<String>,
    /// How it is told
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
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
    /// Make requests fail: `SERVICE[:OPERATION]=KIND[:SHARE%][:COUNTx][:TIME]`, KIND one of throttle,
    /// 500, 503, 413, hang, hang-accepted, reset, reset-accepted, drip; also `POST /api/faults`
    #[arg(long = "fault", value_name = "RULE")]
    pub(crate) faults: Vec<FaultRule>,
    /// Freeze processes between invocations, as Lambda does; connections to AWS are gone after a
    /// freeze of so long. `off`: no freeze
    #[arg(long, value_name = "off|DURATION", default_value = "5s")]
    pub(crate) freeze: Freeze,
    /// How functions come to life: on-demand, provisioned-concurrency:N, snap-start,
    /// lambda-managed-instances:N [default: `initialization` of obs.yaml, else on-demand]
    #[arg(long, value_name = "KIND")]
    pub(crate) initialization: Option<Initialization>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

fn project_name(text: &str) -> Result<String, String> {
    let fits = (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    match fits {
        true => Ok(text.to_owned()),
        false => Err("expected letters, digits and `-`, at most 64".to_owned()),
    }
}

fn account(text: &str) -> Result<String, String> {
    match text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(text.to_owned()),
        false => Err("expected twelve digits".to_owned()),
    }
}

fn region(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split('-').collect();
    let words = |parts: &[&str]| {
        parts
            .iter()
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase()))
    };
    match parts.split_last() {
        Some((last, rest)) if rest.len() >= 2 && words(rest) && last.parse::<u8>().is_ok() => {
            Ok(text.to_owned())
        }
        _ => Err("expected a region such as `eu-central-1`".to_owned()),
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
