//! From documents to the model of one environment: references are followed, every
//! `for_each` is written out, every unit is converted. All problems of all files
//! are collected before any is reported.

pub mod project;
pub mod resources;
pub mod topics;
pub mod threshold;
pub mod expand;
pub mod signal;
pub mod alarms;
pub mod composites;
pub mod dashboards;
pub mod graph;
pub mod layout;

use std::collections::BTreeMap;

use crate::model::{Desired, Target};
use crate::source::Documents;
use crate::source::file::Files;
use crate::source::near;
use crate::source::node::{Entry, Kind, Node};
use crate::source::problem::{Invalid, Problem, Problems};
use crate::source::variables::Variables;

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
}

/// Understands `documents` for the chosen environment.
///
/// # Errors
/// [`Invalid`] with every problem of every file, those of reading among them.
pub fn resolve(documents: &Documents, choice: &Choice) -> Result<Resolved, Box<Invalid>> {
    let mut problems = documents.problems.clone();
    let resolved = attempt(documents, choice, &mut problems);
    match resolved {
        Some(resolved) if problems.is_empty() => Ok(resolved),
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
    pub(crate) severities: &'a BTreeMap<String, crate::model::Actions>,
}

fn attempt(documents: &Documents, choice: &Choice, problems: &mut Problems) -> Option<Resolved> {
    let head = project::head(documents, choice, problems)?;
    let sections = project::sections(documents, &head.variables, problems);
    let resources = resources::read(&sections, problems);
    let functions = project::functions(&sections, problems);
    let (topics, names) = topics::read(&sections, &head.target, problems);
    let severities = topics::severities(&sections, &head.target, &names, problems);
    let context = Context {
        files: &documents.files,
        target: &head.target,
        variables: &head.variables,
        resources: &resources,
        severities: &severities,
    };
    let read = alarms::read(&context, &documents.alarms, problems);
    let dashboards = dashboards::read(&context, &documents.dashboards, &read.names, problems);
    Some(Resolved {
        desired: Desired {
            target: head.target,
            topics,
            alarms: read.alarms,
            composites: read.composites,
            dashboards,
        },
        functions,
    })
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
                .help(suggestion),
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
                .label(format!("{what} is a mapping of names to settings")),
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
                .label(format!("{what} is a list: start each item with `- `")),
            );
            &[]
        }
    }
}
