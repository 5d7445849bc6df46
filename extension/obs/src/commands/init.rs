//! `obs init`: the files of a new project, from what deploys it.

use std::io::Write;
use std::path::PathBuf;

use obs_deploy::init::{self, Found, Head};
use obs_deploy::value::counted;

use crate::exit::{self, Failure};
use crate::surroundings::Surroundings;

/// Arguments of `init`.
#[derive(Debug, clap::Args)]
pub(crate) struct Init {
    /// The project's name: letters, digits and `-`
    #[arg(value_name = "PROJECT", value_parser = project_name)]
    project: String,
    /// File or folder that deploys it; may be given several times
    #[arg(long, value_name = "FILE")]
    from: Vec<PathBuf>,
    /// The account: twelve digits
    #[arg(long, value_name = "ID", default_value = "000000000000", value_parser = account)]
    account: String,
    /// The region
    #[arg(long, value_name = "REGION", default_value = "us-east-1", value_parser = region)]
    region: String,
    /// Name of the first environment
    #[arg(short, long = "env", value_name = "NAME", default_value = "dev", value_parser = project_name)]
    environment: String,
    /// Folder that the files are written to
    #[arg(
        short = 'C',
        long = "directory",
        value_name = "DIR",
        default_value = "."
    )]
    directory: PathBuf,
}

pub(crate) fn run(args: &Init, surroundings: &mut Surroundings) -> Result<u8, Failure> {
    let mut found = Found::default();
    for path in &args.from {
        init::find(path, &mut found)
            .map_err(|error| Failure::Usage(format!("failed to find resources: {error}")))?;
    }
    if !args.from.is_empty() && found.is_empty() {
        return Err(Failure::Usage(
            "no resource that obs knows is in there: name templates, states or folders of them with `--from`".to_owned(),
        ));
    }
    let head = Head {
        project: args.project.clone(),
        environment: args.environment.clone(),
        account: args.account.clone(),
        region: args.region.clone(),
    };
    let files = init::files(&head, &found);
    let there: Vec<&str> = files
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| args.directory.join(name).exists())
        .collect();
    if !there.is_empty() {
        return Err(Failure::Usage(format!(
            "already there: {}; move it away, or begin in another folder with `-C DIR`. Nothing was written.",
            there.join(", ")
        )));
    }
    for (name, text) in &files {
        let path = args.directory.join(name);
        let failed = |error: std::io::Error| {
            Failure::Sentence(format!("cannot write {}: {error}", path.display()))
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        std::fs::write(&path, text).map_err(failed)?;
        writeln!(surroundings.out, "{name}")?;
    }
    tell(&found, surroundings)?;
    Ok(exit::OK)
}

fn tell(found: &Found, surroundings: &mut Surroundings) -> Result<(), Failure> {
    for note in found.notes() {
        writeln!(surroundings.err, "note: {note}")?;
    }
    let counts: Vec<String> = found
        .counts()
        .map(|(kind, count)| counted(count, kind.strip_suffix('s').unwrap_or(kind)))
        .collect();
    if !counts.is_empty() {
        writeln!(surroundings.err, "Found {}.", counts.join(", "))?;
    }
    match found.unresolved() {
        0 => {}
        more => writeln!(
            surroundings.err,
            "note: {} known only when it is deployed: look for `unresolved-` in obs.yaml",
            match more {
                1 => "1 value is".to_owned(),
                more => format!("{more} values are"),
            }
        )?,
    }
    writeln!(surroundings.err, "Look at them, then: obs check")?;
    Ok(())
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
