//! What people say about an alarm: who is told, who looks after it, what to do. Whoever
//! is woken by it needs the last two, so that their absence is told.

use super::Context;
use crate::model::About;
use crate::shape::project::Requirement;
use crate::source::At;
use crate::source::problem::{Problem, Problems};

/// What an alarm says of itself.
pub(super) struct Said<'a> {
    pub(super) severity: &'a At<String>,
    pub(super) owner: Option<&'a str>,
    pub(super) runbook: Option<&'a str>,
}

/// The same with the project's defaults; what is missing becomes a warning, or a problem
/// when the severity requires it.
pub(super) fn about(
    context: &Context<'_>,
    name: &At<String>,
    said: &Said<'_>,
    problems: &mut Problems,
) -> About {
    let defaults = context.defaults;
    let runbook = |text: &str| text.replace("${alarm}", &name.value);
    let about = About {
        severity: (said.severity.value != super::alarms::NONE).then(|| said.severity.value.clone()),
        owner: said.owner.map(str::to_owned).or(defaults.owner.clone()),
        runbook: said
            .runbook
            .map(str::to_owned)
            .or(defaults.runbook.as_deref().map(runbook)),
        ..About::default()
    };
    // An empty text keeps a default away, and says nothing itself.
    let about = About {
        owner: about.owner.filter(|text| !text.trim().is_empty()),
        runbook: about.runbook.filter(|text| !text.trim().is_empty()),
        ..about
    };
    let Some(severity) = context.severities.get(&said.severity.value) else {
        return about;
    };
    let all = [Requirement::Runbook, Requirement::Owner];
    let wanted = severity.require.as_deref().unwrap_or(&all);
    let missing: Vec<&str> = [
        (Requirement::Runbook, "runbook", about.runbook.is_some()),
        (Requirement::Owner, "owner", about.owner.is_some()),
    ]
    .into_iter()
    .filter(|(requirement, _, given)| !given && wanted.contains(requirement))
    .map(|(_, word, _)| word)
    .collect();
    if missing.is_empty() {
        return about;
    }
    let (word, missing) = (&said.severity.value, missing.join(" and no "));
    let problem = Problem::at(
        name.span,
        format!("whoever is told by `{word}` finds no {missing}"),
    )
    .label(format!("has no {missing}"));
    match severity.require {
        Some(_) => problems.add(
            problem.help("add it here or under `defaults:`; the severity's `require:` asks for it"),
        ),
        None => problems.warn(problem.help(
            "add it here or under `defaults:`; `require:` of the severity makes it a must or drops it",
        )),
    }
    about
}
