//! What can be typed.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use obs_deploy::value::Duration;

use crate::commands;

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
    Check(commands::check::Check),
    /// Begin a project: find its resources in what deploys it, and write obs.yaml, alarms and a dashboard.
    #[command(
        after_help = "Examples:\n  obs init shop --account 123456789012 --region eu-central-1 --from template.yaml\n  obs init shop --account 123456789012 --region eu-central-1 --from cdk.out --from terraform.tfstate\n  terraform show -json > state.json && obs init shop --account 123456789012 --region eu-central-1 --from state.json\n\nReads CloudFormation and SAM templates, CDK's output, Terraform's state (version 4) and\n`terraform show -json`, amplify_outputs.json and amplify-meta.json."
    )]
    Init(commands::init::Init),
    /// Write what an account holds into files; what this project keeps, or what is named.
    #[command(
        after_help = "Examples:\n  obs pull                          # what this project keeps here\n  obs pull --all --print            # everything, shown and not written\n  obs pull 'checkout-*' oncall      # by name, whoever made it\n  obs pull --tag team=checkout\n\nWhat is nobody's yet is taken over by: obs apply --adopt NAME"
    )]
    Pull(commands::pull::Pull),
    /// Run the tests that the files declare of their alarms, without looking at any account; exits with 1 when one fails.
    #[command(
        after_help = "Examples:\n  obs test\n  obs test --filter upload\n  obs test -e dev,production --junit tests.xml\n  obs test --format github --require-tests"
    )]
    Test(commands::test::Test),
    /// Replay the account's past: when each alarm would have fired under the files, and when it did under what is applied.
    #[command(
        after_help = "Examples:\n  obs backtest --since 14d\n  obs backtest -e production --from 2026-11-01T00:00:00Z --to 2026-11-08T00:00:00Z --svg week.svg\n  obs backtest --filter upload --format json"
    )]
    Backtest(commands::backtest::Backtest),
    /// Show what the alarms and dashboards cost a month, without looking at any account.
    #[command(
        after_help = "Examples:\n  obs cost\n  obs cost -e staging,production --format json\n  obs cost --format markdown >> \"$GITHUB_STEP_SUMMARY\""
    )]
    Cost(commands::cost::Cost),
    /// Score how ready the project is to be run, with the way to a better score.
    #[command(
        after_help = "Examples:\n  obs readiness\n  obs readiness -e production --account\n  obs readiness --minimum 90 --format github"
    )]
    Readiness(commands::readiness::Readiness),
    /// Print the least policy that a handler, the extension or the deployer needs; check a given one.
    #[command(
        after_help = "Examples:\n  obs iam --namespace CloudVault\n  obs iam --namespace CloudVault --namespace Shop --format yaml\n  obs iam --for deployer -e production\n  obs iam check policy.json --for handler"
    )]
    Iam(Box<commands::iam::Iam>),
    /// Show what `apply` would do; writes nothing.
    #[command(
        after_help = "Examples:\n  obs plan\n  obs plan -e staging,production --detailed-exitcode\n  obs plan -e production --out plan.json   # then: obs apply --plan plan.json\n  obs plan --format markdown >> \"$GITHUB_STEP_SUMMARY\"\n  obs plan --var pager=http://127.0.0.1:8080/"
    )]
    Plan(commands::plan::Plan),
    /// Show where the account is not as the files say, and whose doing it is; exits with 3.
    #[command(
        after_help = "Examples:\n  obs drift\n  obs drift -e staging,production --format github\n\n`obs apply` makes good what is older than the files; what hands changed only with `--force`."
    )]
    Drift(commands::drift::Drift),
    /// Create and change topics, alarms and dashboards until they are as the files say.
    #[command(
        after_help = "Examples:\n  obs apply\n  obs apply -e staging,production --yes\n  obs apply --plan plan.json\n  obs apply --adopt checkout-errors"
    )]
    Apply(commands::apply::Apply),
    /// Hold a deployment back until its alarms were quiet for a while; exits with 4 when one fires.
    #[command(
        after_help = "Examples:\n  obs gate -e production --for 10m\n  obs gate --alarm checkout-down --for 15m --every 30s\n  obs gate --alarm checkout-down --codedeploy"
    )]
    Gate(commands::gate::Arguments),
    /// Keep a backup of all that is applied in a file.
    #[command(
        after_help = "Examples:\n  obs snapshot before.json\n  obs snapshot -e staging,production backup.json"
    )]
    Snapshot(commands::snapshot::Arguments),
    /// Go back to a snapshot: show the plan, then apply it.
    #[command(after_help = "Examples:\n  obs restore before.json\n  obs restore backup.json --yes")]
    Restore(commands::restore::Restore),
    /// Go back to what an apply found before it changed anything.
    #[command(
        after_help = "Examples:\n  obs rollback\n  obs rollback --list\n  obs rollback -e production --to 7 --yes\n\nEach apply, destroy, restore and rollback that changes something keeps what it found under .obs/ENVIRONMENT/, the last ten: a rollback can be rolled back."
    )]
    Rollback(commands::rollback::Rollback),
    /// Mute alarms from now on for a while, show what is muted, end it: muted alarms change their state and tell nobody.
    #[command(
        after_help = "What is still the case when a window ends is told then. `apply` leaves these rules alone; windows that come again stand under `mutes:` in obs.yaml.\n\nExamples:\n  obs mute 'checkout-*' --for 2h --reason 'moving the table'\n  obs mute --severity ticket -e production --for 30m\n  obs mute --list\n  obs mute --end              # all of this environment\n  obs mute --end obs-mute.shop.dev.202611230930-1f0c2a3b"
    )]
    Mute(commands::mute::Mute),
    /// Delete everything this project keeps in the environment.
    #[command(after_help = "Examples:\n  obs destroy -e staging\n  obs destroy --yes")]
    Destroy(commands::destroy::Destroy),
    /// Write the JSON Schemas of the files, for editors that complete and check.
    #[command(
        after_help = "Examples:\n  obs schema\n  obs schema --out .vscode/schemas\n\nThen, as the first line of obs.yaml:\n  # yaml-language-server: $schema=schemas/obs.schema.json"
    )]
    Schema(commands::schema::Schema),
    /// Print what a shell needs to complete this command.
    #[command(
        after_help = "Examples:\n  obs completions bash > /etc/bash_completion.d/obs\n  obs completions zsh > \"${fpath[1]}/_obs\"\n  obs completions fish > ~/.config/fish/completions/obs.fish"
    )]
    Completions(commands::completions::Completions),
    #[cfg(feature = "dev")]
    /// Run a local account: CloudWatch, SNS, X-Ray, Lambda and a web page, on loopback.
    #[command(
        after_help = "Examples:\n  obs dev\n  obs dev --listen 127.0.0.1:4500 --for 30s\n  obs dev --function hello=target/debug/hello\n  obs dev --fault cloudwatch:PutMetricData=throttle:30%\n\nThen, in another terminal:\n  export AWS_ENDPOINT_URL=http://127.0.0.1:4400\n  obs apply"
    )]
    Dev(Box<commands::dev::Dev>),
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

/// What was agreed to beforehand.
#[derive(Debug, clap::Args)]
pub(crate) struct Consent {
    /// Do not ask. Without a terminal there is nobody to ask: `destroy` then wants this, the others go on
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Overwrite or delete what was changed by hand since the last apply
    #[arg(long)]
    pub(crate) force: bool,
}

pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected a name, `=` and a value".to_owned()),
    }
}

pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    Duration::parse(text)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_arguments_are_well_formed() {
        use clap::CommandFactory;
        super::Args::command().debug_assert();
    }
}
