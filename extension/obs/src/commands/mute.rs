//! `obs mute`: alarms that tell nobody for a while, beginning now.

use std::io::Write;

use obs_deploy::account::aws::Aws;
use obs_deploy::account::{AccountError, Call, Reads, Writes};
use obs_deploy::model::{MuteRule, Target};
use obs_deploy::mute::{self, Wish};
use obs_deploy::resolve::Resolved;
use obs_deploy::source::merge::matches;
use obs_deploy::source::near;
use obs_deploy::value::Duration;
use serde_json::json;

use crate::args::{Format, Project, duration};
use crate::exit::{self, Failure};
use crate::project;
use crate::surroundings::Surroundings;

/// Arguments of `mute`.
#[derive(Debug, clap::Args)]
pub(crate) struct Mute {
    /// Names of alarms in the account; `*` stands for any text
    #[arg(value_name = "ALARM", conflicts_with_all = ["list", "end"])]
    alarms: Vec<String>,
    #[command(flatten)]
    project: Project,
    /// Alarms of these severities of obs.yaml
    #[arg(long = "severity", value_name = "NAME", value_delimiter = ',', conflicts_with_all = ["list", "end"])]
    severities: Vec<String>,
    /// How long, from 1m to 15d
    #[arg(long = "for", value_name = "DURATION", default_value = "1h", value_parser = duration)]
    length: Duration,
    /// Why, for those who wonder
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    /// Show what this command muted
    #[arg(long, conflicts_with = "end")]
    list: bool,
    /// End it before its time: a rule's name, `*` for any text [default: all of the environment]
    #[arg(long, value_name = "RULE", num_args = 0..=1, default_missing_value = "*")]
    end: Option<String>,
    /// How it is told
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

const MINUTE_MS: i64 = 60_000;

pub(crate) fn run(args: &Mute, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    if !args.list && args.end.is_none() && args.alarms.is_empty() && args.severities.is_empty() {
        return Err(Failure::Usage(
            "name the alarms to mute, or their `--severity`; `--list` shows what is muted"
                .to_owned(),
        ));
    }
    let resolved = project::load(&args.project, surroundings)?;
    for one in &resolved {
        check_severities(&args.severities, one)?;
    }
    let runtime = project::runtime()?;
    for one in &resolved {
        let account = runtime.block_on(project::connect(&one.desired.target, surroundings))?;
        let told = if let Some(pattern) = &args.end {
            runtime.block_on(end(&account, &one.desired.target, pattern))?
        } else if args.list {
            runtime.block_on(ours(&account, &one.desired.target))?
        } else {
            runtime.block_on(begin(&account, one, args, surroundings.now_ms()))?
        };
        show(args, &told, surroundings)?;
    }
    Ok(exit::OK)
}

/// Severities that the files have; others are slips.
fn check_severities(named: &[String], one: &Resolved) -> Result<(), Failure> {
    let unknown = named
        .iter()
        .find(|name| !one.severities.contains_key(*name));
    let Some(name) = unknown else {
        return Ok(());
    };
    let known = one.severities.keys().map(String::as_str);
    Err(Failure::Usage(format!(
        "obs.yaml has no severity `{name}`: {}",
        near::suggestion(name, known)
    )))
}

/// Puts the rules; those whose windows are over go.
async fn begin(
    account: &Aws,
    one: &Resolved,
    args: &Mute,
    now_ms: i64,
) -> Result<Vec<MuteRule>, Failure> {
    let target = &one.desired.target;
    let wish = Wish {
        patterns: args.alarms.clone(),
        severities: args.severities.clone(),
    };
    let alarms = account.alarms().await.map_err(project::sentence)?;
    let names: Vec<String> = alarms.iter().map(|it| it.name().to_owned()).collect();
    let chosen = wish.choose(&names, &one.about).map_err(Failure::Usage)?;
    let minutes = args.length.seconds().unwrap_or(u32::MAX).div_ceil(60);
    let rules = mute::rules(target, &chosen, minutes, (now_ms, &args.reason))
        .map_err(|error| Failure::Usage(format!("--for {}: {error}", args.length)))?;
    for rule in ours(account, target).await? {
        if mute::ends_ms(&rule).is_some_and(|ends| ends <= now_ms) {
            delete(account, &rule).await.map_err(project::sentence)?;
        }
    }
    for rule in &rules {
        let call = Call::PutMuteRule {
            rule: rule.clone(),
            tags: target.tags(&rule.content()),
        };
        account.write(&call).await.map_err(project::sentence)?;
    }
    Ok(rules)
}

/// Deletes the rules whose names fit: their alarms speak again at once.
async fn end(account: &Aws, target: &Target, pattern: &str) -> Result<Vec<MuteRule>, Failure> {
    let mut rules = ours(account, target).await?;
    rules.retain(|rule| matches(pattern, &rule.name));
    if rules.is_empty() && pattern != "*" {
        return Err(Failure::Usage(format!(
            "no rule `{pattern}` mutes anything in {}: `obs mute --list` shows those that do",
            target.environment
        )));
    }
    for rule in &rules {
        delete(account, rule).await.map_err(project::sentence)?;
    }
    Ok(rules)
}

async fn delete(account: &Aws, rule: &MuteRule) -> Result<Vec<String>, AccountError> {
    let name = rule.name.clone();
    account.write(&Call::DeleteMuteRule { name }).await
}

/// The rules that this command made for the environment.
async fn ours(account: &Aws, target: &Target) -> Result<Vec<MuteRule>, Failure> {
    let prefix = mute::prefix(target);
    let names = account.mute_rules().await.map_err(project::sentence)?;
    let mut rules = Vec::new();
    for name in names.iter().filter(|name| name.starts_with(&prefix)) {
        rules.extend(account.mute_rule(name).await.map_err(project::sentence)?);
    }
    Ok(rules)
}

fn show(args: &Mute, rules: &[MuteRule], surroundings: &mut Surroundings) -> Result<(), Failure> {
    let now = surroundings.now_ms();
    let out = &mut surroundings.out;
    if args.format == Format::Json {
        let shown = rules.iter().map(|rule| {
            json!({
                "name": rule.name,
                "alarms": rule.alarms,
                "reason": rule.description,
                "ends_ms": mute::ends_ms(rule),
            })
        });
        let word = if args.end.is_some() { "ended" } else { "muted" };
        writeln!(out, "{}", json!({ word: shown.collect::<Vec<_>>() }))?;
        return Ok(());
    }
    if rules.is_empty() {
        writeln!(out, "Nothing is muted.")?;
    }
    for rule in rules {
        let left = mute::ends_ms(rule).map_or(0, |ends| (ends - now) / MINUTE_MS);
        let until = match (args.end.is_some(), left) {
            (true, _) => "ended".to_owned(),
            (false, ..=0) => "over".to_owned(),
            (false, left) => format!("{left} min left"),
        };
        if matches!(args.format, Format::Markdown | Format::Github) {
            let reason = match rule.description.as_str() {
                "" => String::new(),
                reason => format!(": {reason}"),
            };
            writeln!(out, "- `{}`, {until}{reason}", rule.name)?;
            for alarm in &rule.alarms {
                writeln!(out, "  - `{alarm}`")?;
            }
            continue;
        }
        writeln!(out, "{}  {until}", rule.name)?;
        if !rule.description.is_empty() {
            writeln!(out, "  {}", rule.description)?;
        }
        for alarm in &rule.alarms {
            writeln!(out, "  - {alarm}")?;
        }
    }
    Ok(())
}
