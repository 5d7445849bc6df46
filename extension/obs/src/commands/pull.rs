//! `obs pull`: what an account holds, into files.

use std::io::Write;
use std::path::Path;

use obs_deploy::holdings::{Selection, Whose, hold};
use obs_deploy::pull::{self, Overwrite, Pulled};
use obs_deploy::resolve::Choice;
use obs_deploy::source::{self, PROJECT_FILE};

use crate::args::{Project, pair};
use crate::exit::{self, Failure};
use crate::project;
use crate::surroundings::Surroundings;

/// Arguments of `pull`.
#[derive(Debug, clap::Args)]
pub(crate) struct Pull {
    /// Names, whoever keeps them; `*` stands for any text
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    project: Project,
    /// Everything in the account, not only what this project keeps
    #[arg(long)]
    all: bool,
    /// Only what carries this tag, whoever keeps it
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = pair)]
    tags: Vec<(String, String)>,
    /// Overwrite the JSON files of dashboards that are otherwise in the account
    #[arg(long)]
    force: bool,
    /// Show the files and write none
    #[arg(long)]
    print: bool,
}

pub(crate) fn run(args: &Pull, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let mut resolved = project::load(&args.project, surroundings)?;
    let resolved = match (resolved.pop(), resolved.is_empty()) {
        (Some(one), true) => one,
        _ => {
            return Err(Failure::Usage(
                "one environment is pulled at a time".to_owned(),
            ));
        }
    };
    let selection = selection(args);
    let held = project::runtime()?.block_on(async {
        let account = project::connect(&resolved.desired.target, surroundings).await?;
        let held = hold(&account, &resolved.desired, &selection).await;
        held.map_err(project::sentence)
    })?;
    if let Some(name) = args.names.iter().find(|name| !held.has(name)) {
        return Err(Failure::Usage(format!(
            "nothing in the account is named `{name}`: `obs pull --all --print` shows what is there"
        )));
    }
    let root = &args.project.directory;
    let documents = source::read(root)
        .map_err(|invalid| Failure::Report(invalid.render(surroundings.paint())))?;
    let choice = Choice {
        environment: Some(resolved.desired.target.environment.clone()),
        variables: args.project.vars.iter().cloned().collect(),
    };
    let project = pull::Project {
        documents: &documents,
        resolved: &resolved,
        choice: &choice,
    };
    let overwrite = match args.force {
        true => Overwrite::Bodies,
        false => Overwrite::Nothing,
    };
    let pulled = pull::pull(project, &held, overwrite);
    if args.print {
        print(&pulled, surroundings)?;
    } else {
        keep(&pulled, root, args.force, surroundings)?;
    }
    tell(&pulled, surroundings)
}

fn selection(args: &Pull) -> Selection {
    let narrowed = !args.names.is_empty() || !args.tags.is_empty();
    Selection {
        whose: match args.all || narrowed {
            true => Whose::Anybodys,
            false => Whose::Ours,
        },
        names: args.names.clone(),
        tags: args.tags.iter().cloned().collect(),
        ..Selection::default()
    }
}

/// Shows the files; of addresses that are secrets only the host.
fn print(pulled: &Pulled, surroundings: &mut Surroundings) -> Result<(), Failure> {
    for (name, text) in &pulled.files {
        writeln!(surroundings.out, "# {name}\n{}", pulled.shown(text))?;
    }
    Ok(())
}

fn keep(
    pulled: &Pulled,
    root: &Path,
    force: bool,
    surroundings: &mut Surroundings,
) -> Result<(), Failure> {
    let replaced = |name: &str| name == PROJECT_FILE || force;
    let there: Vec<&str> = pulled
        .files
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| !replaced(name) && root.join(name).exists())
        .collect();
    if !there.is_empty() {
        return Err(Failure::Usage(format!(
            "already there: {}; overwrite with `--force`, or look at it with `--print`. Nothing was written.",
            there.join(", ")
        )));
    }
    for (name, text) in &pulled.files {
        let path = root.join(name);
        let failed = |error: std::io::Error| {
            Failure::Sentence(format!("cannot write {}: {error}", path.display()))
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        std::fs::write(&path, text).map_err(failed)?;
        writeln!(surroundings.out, "{name}")?;
    }
    Ok(())
}

fn tell(pulled: &Pulled, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let err = &mut surroundings.err;
    for unsaid in &pulled.unsaid {
        writeln!(err, "note: {}: {}", unsaid.what, unsaid.why)?;
    }
    for (_, shown) in &pulled.secrets {
        writeln!(
            err,
            "note: {PROJECT_FILE} holds the whole address of {shown}: move it into a variable, and give its value with `--var`"
        )?;
    }
    if let Some(text) = &pulled.by_hand {
        writeln!(
            err,
            "Add this to {PROJECT_FILE} by hand, nothing can be put in there safely:\n{}",
            pulled.shown(text)
        )?;
    }
    let counts: Vec<String> = pulled
        .counts
        .iter()
        .map(|(what, count)| counted(*count, what))
        .collect();
    let counts = match counts[..] {
        [] => "nothing".to_owned(),
        _ => counts.join(", "),
    };
    let is = if pulled.known == 1 { "is" } else { "are" };
    writeln!(
        err,
        "Pulled {counts}; {} {is} in the files already.",
        pulled.known
    )?;
    if !pulled.adopt.is_empty() {
        writeln!(
            err,
            "Take over what is nobody's yet with:\n  obs apply --adopt {}",
            quoted(&pulled.adopt.join(","))
        )?;
    }
    Ok(exit::OK)
}

/// `1 event rule`, `3 sampling rules`, by the section that they stand under.
fn counted(count: usize, section: &str) -> String {
    let many = match section {
        "composites" => "composite alarms",
        "events" => "event rules",
        "mutes" => "mute rules",
        "sampling" => "sampling rules",
        other => other,
    };
    let one = match many.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => many.trim_end_matches('s').to_owned(),
    };
    match count {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    }
}

/// As a shell takes it for one word.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.,/".contains(c);
    match text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}
