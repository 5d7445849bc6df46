//! `obs iam`: the least that a handler, the extension and the deployer need, as a policy
//! document; and what a given policy has too much or too little of. Speaks to no account.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use obs_deploy::iam::{Finding, Need, Policy, Role, check, needs};
use obs_deploy::resolve::Resolved;

use crate::args::Project;
use crate::exit::{self, Failure};
use crate::project;
use crate::surroundings::Surroundings;

/// Arguments of `iam`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Iam {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    whose: Whose,
    /// JSON for IAM and Terraform, YAML for CloudFormation and SAM templates
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Say what a policy has too much or too little of; exits with 3 when it has either
    #[command(
        after_help = "Examples:\n  obs iam check deployer.json --for deployer -e production\n  aws iam get-role-policy --role-name R --policy-name P --query PolicyDocument | obs iam check -"
    )]
    Check(Check),
}

#[derive(Debug, clap::Args)]
struct Check {
    /// The policy document; `-` reads it from stdin
    file: PathBuf,
    #[command(flatten)]
    whose: Whose,
    /// How the findings are written
    #[arg(long, value_enum, default_value_t)]
    format: Told,
}

/// Whose policy.
#[derive(Debug, clap::Args)]
struct Whose {
    /// Who is to do it
    #[arg(long = "for", value_enum, default_value_t = For::Extension)]
    role: For,
    /// Namespace that metrics go to (OBS_NAMESPACE, else the service's name); may be given again [default: those of the functions in obs.yaml]
    #[arg(long = "namespace", value_name = "NAME", value_parser = namespace)]
    namespaces: Vec<String>,
    /// Allow the extension what OBS_FORWARD_SEGMENTS needs: xray:PutTraceSegments, on all resources since AWS knows none for it [default: when a function in obs.yaml sets it]
    #[arg(long)]
    forward_segments: bool,
    #[command(flatten)]
    project: Project,
}

/// Who is to do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum For {
    /// A function, for what the library does: log lines and segments
    Handler,
    /// The same function, for what the extension does: metrics
    Extension,
    /// Whoever runs plan, apply, drift, gate, pull, snapshot, restore, rollback, destroy, mute, readiness or backtest
    Deployer,
}

/// How the policy is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A policy document.
    Json,
    /// The same document in YAML.
    Yaml,
}

/// How findings are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Told {
    /// A line each
    #[default]
    Text,
    /// One JSON object with `missing`, `too_much` and `unclear`
    Json,
}

pub(crate) fn run(args: &Iam, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    if let Some(Action::Check(check)) = &args.action {
        return examine(check, surroundings);
    }
    let needed = args.whose.needs(surroundings)?;
    let policy = Policy::of(&needed.all);
    let text = match args.format {
        Format::Json => policy.json(),
        Format::Yaml => policy.yaml(),
    };
    surroundings.out.write_all(text.as_bytes())?;
    if let Some(role) = needed.assumed {
        // Nothing that a policy of the role could say.
        writeln!(
            surroundings.err,
            "note: this is for {role}, which obs becomes: whoever runs obs needs sts:AssumeRole on it, and its trust policy has to name them"
        )?;
    }
    Ok(exit::OK)
}

/// What somebody does.
struct Needed {
    all: Vec<Need>,
    /// The role that the deployer becomes.
    assumed: Option<String>,
}

impl Whose {
    /// What is needed; the files are only read when they have a say.
    fn needs(&self, surroundings: &Surroundings) -> Result<Needed, Failure> {
        let mut needed = self.of_role(surroundings)?;
        let segments = Need::segments();
        let forwards = self.forward_segments && self.role == For::Extension;
        if forwards && !needed.all.contains(&segments) {
            needed.all.push(segments);
        }
        Ok(needed)
    }

    fn of_role(&self, surroundings: &Surroundings) -> Result<Needed, Failure> {
        if self.role == For::Extension && !self.namespaces.is_empty() {
            return Ok(Needed {
                all: Need::metrics(&self.namespaces),
                assumed: None,
            });
        }
        let mut all = project::load(&self.project, surroundings)?;
        let (Some(resolved), true) = (all.pop(), all.is_empty()) else {
            return Err(Failure::Usage("a policy is for one environment".to_owned()));
        };
        let role = match self.role {
            For::Handler => Role::Handler,
            For::Extension => Role::Extension,
            For::Deployer => Role::Deployer,
        };
        let namespaces = of_functions(&resolved);
        if role == Role::Extension && namespaces.is_empty() {
            return Err(Failure::Usage(
                "no function of obs.yaml says `OBS_NAMESPACE` or `OBS_SERVICE` in its `environment`: name the namespace with `--namespace`".to_owned(),
            ));
        }
        let assumed = resolved.desired.target.role.as_ref();
        Ok(Needed {
            all: needs(role, &resolved, &namespaces),
            assumed: assumed
                .filter(|_| role == Role::Deployer)
                .map(|role| role.arn.clone()),
        })
    }
}

/// Namespaces that the functions write to.
fn of_functions(resolved: &Resolved) -> Vec<String> {
    let mut all: Vec<String> = resolved
        .functions
        .iter()
        .filter_map(|function| {
            let say = |name: &str| function.environment.get(name).filter(|it| !it.is_empty());
            say("OBS_NAMESPACE").or_else(|| say("OBS_SERVICE")).cloned()
        })
        .collect();
    all.sort();
    all.dedup();
    all
}

fn examine(args: &Check, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let needs = args.whose.needs(surroundings)?.all;
    let shown = args.file.display();
    let text = match args.file.as_os_str() == "-" {
        true => std::io::read_to_string(std::io::stdin()),
        false => std::fs::read_to_string(&args.file),
    }
    .map_err(|error| Failure::Usage(format!("cannot read {shown}: {error}")))?;
    let policy = Policy::parse(&shown.to_string(), &text)
        .map_err(|invalid| Failure::Report(invalid.render(surroundings.paint())))?;
    let findings = check(&policy, &needs);
    let text = match args.format {
        Told::Text => told(&findings),
        Told::Json => as_json(&findings),
    };
    surroundings.out.write_all(text.as_bytes())?;
    Ok(match findings.is_empty() {
        true => exit::OK,
        false => exit::DIFFERENCES,
    })
}

fn told(findings: &[Finding]) -> String {
    if findings.is_empty() {
        return "The policy allows what is needed and nothing else.\n".to_owned();
    }
    let line = |finding: &Finding| match finding {
        Finding::Missing(text) => format!("missing: {text}\n"),
        Finding::TooMuch(text) => format!("too much: {text}\n"),
        Finding::Unclear(text) => format!("cannot tell: {text}\n"),
    };
    findings.iter().map(line).collect()
}

fn as_json(findings: &[Finding]) -> String {
    let list = |of: fn(&Finding) -> Option<&String>| {
        let texts: Vec<&String> = findings.iter().filter_map(of).collect();
        texts
    };
    let value = serde_json::json!({
        "missing": list(|it| match it { Finding::Missing(text) => Some(text), _ => None }),
        "too_much": list(|it| match it { Finding::TooMuch(text) => Some(text), _ => None }),
        "unclear": list(|it| match it { Finding::Unclear(text) => Some(text), _ => None }),
    });
    format!("{value}\n")
}

/// CloudWatch's rule for a namespace that PutMetricData takes.
fn namespace(text: &str) -> Result<String, String> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > 255 || text.chars().any(char::is_control) {
        return Err("expected 1 to 255 printable characters".to_owned());
    }
    if text.starts_with("AWS/") || text.starts_with(':') {
        return Err(
            "expected a namespace of your own: AWS/ and a leading : are reserved".to_owned(),
        );
    }
    Ok(text.to_owned())
}
