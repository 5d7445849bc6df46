//! `obs init`: the files of a new project, from what deploys it.

use std::io::Write;

use obs_deploy::init::{self, Found, Head};

use crate::args::Init;
use crate::exit::{self, Failure};
use crate::surroundings::Surroundings;

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
    for note in found.notes() {
        writeln!(surroundings.err, "note: {note}")?;
    }
    let counts: Vec<String> = found
        .counts()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    if !counts.is_empty() {
        writeln!(surroundings.err, "Found {}.", counts.join(", "))?;
    }
    writeln!(surroundings.err, "Look at them, then: obs check")?;
    Ok(exit::OK)
}
