//! What people say about an alarm: who is told, who looks after it, what to do. Whoever
//! is woken by it needs the last two, so that their absence is told.

use super::Context;
use crate::model::About;
use crate::shape::project::Requirement;
use crate::source::At;
use crate::source::near;
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
    let it = if missing.len() == 1 { "it" } else { "them" };
    let (word, missing) = (&said.severity.value, missing.join(" and no "));
    let problem = Problem::at(
        name.span,
        format!("whoever is told by `{word}` finds no {missing}"),
    )
    .label(format!("has no {missing}"));
    match severity.require {
        Some(_) => problems.add(problem.help(format!(
            "add {it} here or under `defaults:`; the severity's `require:` asks for {it}"
        ))),
        None => problems.warn(problem.help(format!(
            "add {it} here or under `defaults:`; the severity's `require:` says what is a must"
        ))),
    }
    about
}

/// The problem of a severity that obs.yaml does not have. One that a preset brings along
/// stands in no file of the project: where the preset is used, there is nothing to correct.
pub(super) fn unknown_severity(context: &Context<'_>, severity: &At<String>) -> Problem {
    let At { value: text, span } = severity;
    let problem = Problem::at(*span, format!("unknown severity `{text}`"))
        .label("not under `severities:` in obs.yaml");
    let written = context.files.slice(*span);
    if written.contains(text.as_str()) || written.contains("${") {
        let known = context.severities.keys().map(String::as_str);
        return problem.help(near::suggestion(text, known));
    }
    problem.help(format!(
        "the preset tells `{text}`: add it under `severities:`, or say another beside `use:` with `severity:`"
    ))
}
