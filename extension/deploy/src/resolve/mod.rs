//! From documents to the model of one environment: references are followed, every
//! `for_each` is written out, every unit is converted. All problems of all files
//! are collected before any is reported.

pub mod project;
mod unasked;
mod kinds;
pub mod resources;
pub mod topics;
pub mod sampling;
pub mod threshold;
pub mod expand;
mod limits;
pub mod signal;
pub mod presets;
mod pattern;
pub mod events;
mod about;
pub mod alarms;
mod sli;
pub mod slos;
pub mod composites;
mod cron;
pub mod mutes;
pub mod tests;
pub mod dashboards;
pub mod graph;
mod widgets;
mod panels;
pub mod layout;

use std::collections::BTreeMap;

use crate::model::{About, Actions, AlarmTest, Desired, EventRule, Slo, Target, Topic};
use crate::shape::project::Defaults;
use crate::source::file::Files;
use crate::source::near;
use crate::source::node::{Entry, Kind, Node};
use crate::source::problem::{Invalid, Problem, Problems};
use crate::source::variables::Variables;
use crate::source::{Documents, Presets};

pub use self::project::LocalFunction;
pub use self::resources::{Resource, Resources};

/// What the caller chose.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// The environment; the project's default when `None`.
    pub environment: Option<String>,
    /// Values that override the environment's variables.
    pub variables: BTreeMap<String, String>,
}

/// A project understood for one environment.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// What should be there.
    pub desired: Desired,
    /// The functions, as `obs dev` starts them.
    pub functions: Vec<LocalFunction>,
    /// What the project consists of.
    pub resources: Resources,
    /// What is promised to users.
    pub slos: Vec<Slo>,
    /// What people said about alarms, by name.
    pub about: BTreeMap<String, About>,
    /// Key of a topic in obs.yaml to its name in SNS.
    pub topics: BTreeMap<String, String>,
    /// Name of a severity to what it tells.
    pub severities: BTreeMap<String, Told>,
    /// Tests of the alarms.
    pub tests: Vec<AlarmTest>,
    /// What is worth a look and stops nothing, as a report.
    pub warnings: Option<Box<Invalid>>,
}

/// Whom a severity tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// ARNs by state.
    pub actions: Actions,
    /// True when its alarms must have a runbook or an owner.
    pub requires: bool,
}

/// Understands `documents` for the chosen environment.
///
/// # Errors
/// [`Invalid`] with every problem of every file, those of reading among them.
pub fn resolve(documents: &Documents, choice: &Choice) -> Result<Resolved, Box<Invalid>> {
    let mut problems = documents.problems.clone();
    let resolved = attempt(documents, choice, &mut problems);
    match resolved {
        Some(resolved) if problems.is_empty() => Ok(Resolved {
            warnings: problems.warnings().map(|problems| {
                Box::new(Invalid {
                    problems,
                    files: documents.files.clone(),
                })
            }),
            ..resolved
        }),
        _ => Err(Box::new(Invalid {
            problems,
            files: documents.files.clone(),
        })),
    }
}

/// What the parts of the resolver share.
pub(crate) struct Context<'a> {
    pub(crate) files: &'a Files,
    pub(crate) target: &'a Target,
    pub(crate) variables: &'a Variables,
    pub(crate) resources: &'a Resources,
    pub(crate) severities: &'a BTreeMap<String, topics::Route>,
    pub(crate) defaults: &'a Defaults,
    /// What the environment lays over alarms, by pattern of their names.
    pub(crate) overlay: &'a [Entry],
    pub(crate) presets: &'a Presets,
}

fn attempt(documents: &Documents, choice: &Choice, problems: &mut Problems) -> Option<Resolved> {
    let head = project::head(documents, choice, problems)?;
    unasked::check(documents, choice, problems);
    let sections = project::sections(documents, &head, problems);
    let mut resources = resources::read(&head, &sections, problems);
    let functions = project::functions(&sections, problems);
    let (mut topics, names) = topics::read(&sections, &head.target, &resources, problems);
    resources.put("topics", topics.iter().map(topics::resource).collect());
    let severities = topics::severities(&sections, &head.target, &names, problems);
    let context = Context {
        files: &documents.files,
        target: &head.target,
        variables: &head.variables,
        resources: &resources,
        severities: &severities,
        defaults: &sections.defaults,
        overlay: &sections.alarms,
        presets: &documents.presets,
    };
    let mut read = alarms::Read::default();
    let slos = slos::read(&context, sections.slos.as_ref(), &mut read, problems);
    alarms::read(&context, &documents.alarms, &mut read, problems);
    let mute_rules = mutes::read(&context, sections.mutes.as_ref(), &read, problems);
    let known = (&read.names, &names);
    let tests = tests::read(&context, &documents.tests, &read.tests, known, problems);
    let dashboards = dashboards::Reader {
        context: &context,
        alarms: &read,
        slos: &slos,
        problems,
    }
    .all(&documents.dashboards);
    let sampling_rules = sampling::read(&head.target, sections.sampling.as_ref(), problems);
    link(&mut topics, &read.events);
    Some(Resolved {
        desired: Desired {
            topics,
            event_rules: read.events,
            metric_filters: read.filters,
            alarms: read.alarms,
            composites: read.composites,
            mute_rules,
            dashboards,
            sampling_rules,
            target: head.target,
        },
        functions,
        slos,
        about: read.about,
        topics: names,
        severities: severities.iter().map(told).collect(),
        tests,
        warnings: None,
        resources,
    })
}

fn told((name, route): (&String, &topics::Route)) -> (String, Told) {
    let told = Told {
        actions: route.actions.clone(),
        requires: route
            .require
            .as_ref()
            .is_some_and(|require| !require.is_empty()),
    };
    (name.clone(), told)
}

/// A topic's policy names the rules that publish to it.
fn link(topics: &mut [Topic], events: &[EventRule]) {
    for topic in topics {
        topic.rules = events
            .iter()
            .filter(|event| event.topics.contains(&topic.name))
            .map(|event| event.name.clone())
            .collect();
    }
}

/// The entries of a mapping whose keys are given by the format; unknown ones become
/// problems.
pub(crate) fn fixed_keys<'a>(
    node: &'a Node,
    known: &[&str],
    what: &str,
    problems: &mut Problems,
) -> BTreeMap<&'a str, &'a Node> {
    let mut found = BTreeMap::new();
    for entry in entries(node, what, problems) {
        if known.contains(&entry.key.as_str()) {
            found.insert(entry.key.as_str(), &entry.value);
            continue;
        }
        let suggestion = match near::nearest(&entry.key, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`? Known here: {}", near::list(known)),
            None => format!("known here: {}", near::list(known)),
        };
        problems.add(
            Problem::at(entry.key_span, format!("unknown key `{}`", entry.key))
                .label(format!("not a key of {what}"))
                .help(suggestion)
                .of_shape(),
        );
    }
    found
}

/// The entries of a mapping; anything else but nothing becomes a problem.
pub(crate) fn entries<'a>(node: &'a Node, what: &str, problems: &mut Problems) -> &'a [Entry] {
    match &node.kind {
        Kind::Map(entries) => entries,
        Kind::Null => &[],
        _ => {
            problems.add(
                Problem::at(
                    node.pointer(),
                    format!("expected a mapping, found {}", node.describe()),
                )
                .label(format!("{what} is a mapping of names to settings"))
                .of_shape(),
            );
            &[]
        }
    }
}

/// The items of a list; anything else but nothing becomes a problem.
pub(crate) fn items<'a>(node: &'a Node, what: &str, problems: &mut Problems) -> &'a [Node] {
    match &node.kind {
        Kind::List(items) => items,
        Kind::Null => &[],
        _ => {
            problems.add(
                Problem::at(
                    node.pointer(),
                    format!("expected a list, found {}", node.describe()),
                )
                .label(format!("{what} is a list: start each item with `- `"))
                .of_shape(),
            );
            &[]
        }
    }
}
