//! `obs.yaml`'s head (project, environment, variables) and what `obs dev` starts.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::{Choice, entries, fixed_keys};
use crate::model::{Role, Target};
use crate::shape::project;
use crate::shape::project::{Defaults, Environment, KEYS};
use crate::shape::resource::Function;
use crate::source::decode::decode;
use crate::source::merge::merge;
use crate::source::node::{Entry, Kind, Node};
use crate::source::problem::{Problem, Problems};
use crate::source::variables::{Variables, is_name};
use crate::source::{At, Documents, near};
use crate::value::{Amount, Quantity};

/// The environment that is meant when nobody says another.
pub const DEFAULT_ENVIRONMENT: &str = "dev";

/// Who and where.
pub(super) struct Head {
    pub(super) target: Target,
    pub(super) variables: Variables,
    /// The account's concurrent executions.
    pub(super) concurrency: u32,
}

/// Concurrent executions of an account whose quota nobody raised.
const CONCURRENCY: u32 = 1000;

/// The other sections of `obs.yaml`, the environment's overlay laid over them and their
/// variables filled in.
pub(super) struct Sections {
    /// True when `obs.yaml` has a key that is none: a section may be hidden under it.
    pub(super) slipped: bool,
    pub(super) resources: Option<Node>,
    pub(super) topics: Option<Node>,
    pub(super) severities: Option<Node>,
    pub(super) slos: Option<Node>,
    pub(super) sampling: Option<Node>,
    pub(super) mutes: Option<Node>,
    pub(super) defaults: Defaults,
    /// What the environment lays over alarms, by pattern of their names.
    pub(super) alarms: Vec<Entry>,
}

/// A function as `obs dev` starts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalFunction {
    /// The function's name.
    pub name: String,
    /// Its program, relative to the project folder.
    pub run: PathBuf,
    /// The program's arguments.
    pub args: Vec<String>,
    /// Environment variables beside those that Lambda sets.
    pub environment: BTreeMap<String, String>,
    /// How long one invocation may take.
    pub timeout: Duration,
    /// Memory in MiB.
    pub memory_mb: u32,
    /// What `_HANDLER` says.
    pub handler: String,
    /// How its environments come to life, as it was written.
    pub initialization: Option<String>,
}

pub(super) fn head(
    documents: &Documents,
    choice: &Choice,
    problems: &mut Problems,
) -> Option<Head> {
    let keys = fixed_keys(&documents.project, KEYS, "obs.yaml", problems);
    let missing = |key: &str| {
        Problem::at(
            documents.project.pointer(),
            format!("the key `{key}` is missing"),
        )
        .label("in obs.yaml")
        .help(format!("add `{key}:`"))
        .of_shape()
    };
    let Some(project) = keys.get("project") else {
        problems.add(missing("project"));
        return None;
    };
    let name = project_name(project, problems)?;
    let Some(node) = keys.get("environments") else {
        problems.add(missing("environments"));
        return None;
    };
    let mut environments = environments(node, problems);
    let default = match keys.get("default_environment") {
        Some(node) => Some((decode::<String>(node, problems)?, node.pointer())),
        None => None,
    };
    let known: Vec<&str> = environments.keys().copied().collect();
    let (chosen, place) = match (&choice.environment, default) {
        (Some(chosen), _) => (chosen.clone(), None),
        (None, Some((default, place))) => (default, Some(place)),
        (None, None) => (DEFAULT_ENVIRONMENT.to_owned(), None),
    };
    let Some(environment) = environments.remove(chosen.as_str()) else {
        let message = format!("there is no environment `{chosen}` in obs.yaml");
        let problem = match place {
            Some(place) => Problem::at(place, message),
            None => Problem::whole(message),
        };
        problems.add(problem.help(match known[..] {
            [] => format!("add `{chosen}:` with `account:` and `region:` under `environments:`"),
            _ => near::suggestion(&chosen, known),
        }));
        return None;
    };
    let environment = environment?;
    Some(Head {
        variables: variables(&name, &chosen, &environment, choice),
        concurrency: environment.quotas.concurrency.unwrap_or(CONCURRENCY),
        target: Target {
            project: name,
            environment: chosen,
            account: environment.account.value.0,
            region: environment.region.value,
            endpoint: environment.endpoint.map(|endpoint| endpoint.value),
            role: environment.role.map(|role| Role {
                arn: role.value.arn,
                external_id: role.value.external_id,
            }),
        },
    })
}

fn project_name(node: &Node, problems: &mut Problems) -> Option<String> {
    let name: String = decode(node, problems)?;
    if !is_simple_name(&name) {
        problems.add(
            Problem::at(
                node.pointer(),
                format!("`{name}` cannot be a project's name"),
            )
            .help("use letters, digits and `-`, at most 64: it becomes part of topics' names"),
        );
    }
    Some(name)
}

/// All environments; `None` for those that cannot be read.
fn environments<'a>(
    node: &'a Node,
    problems: &mut Problems,
) -> BTreeMap<&'a str, Option<Environment>> {
    let mut environments = BTreeMap::new();
    for entry in entries(node, "environments", problems) {
        let environment: Option<Environment> = decode(&entry.value, problems);
        if !is_simple_name(&entry.key) {
            problems.add(
                Problem::at(
                    entry.key_span,
                    format!("`{}` cannot be an environment's name", entry.key),
                )
                .help("use letters, digits and `-`, at most 64: it becomes part of topics' names"),
            );
        }
        if let Some(environment) = &environment {
            check_environment(&entry.key, environment, problems);
        }
        environments.insert(entry.key.as_str(), environment);
    }
    environments
}

fn variables(project: &str, name: &str, environment: &Environment, choice: &Choice) -> Variables {
    let mut values: BTreeMap<String, Option<String>> = environment
        .variables
        .iter()
        .map(|(name, value)| (name.clone(), value.as_ref().map(|value| value.0.clone())))
        .collect();
    values.insert("project".to_owned(), Some(project.to_owned()));
    values.insert("environment".to_owned(), Some(name.to_owned()));
    values.insert("region".to_owned(), Some(environment.region.value.clone()));
    values.insert(
        "account".to_owned(),
        Some(environment.account.value.0.clone()),
    );
    for (name, value) in &choice.variables {
        values.insert(name.clone(), Some(value.clone()));
    }
    Variables {
        values,
        environment: name.to_owned(),
    }
}

fn check_environment(name: &str, environment: &Environment, problems: &mut Problems) {
    let account = &environment.account;
    if account.value.0.len() != 12 || !account.value.0.bytes().all(|byte| byte.is_ascii_digit()) {
        problems.add(
            Problem::at(
                account.span,
                format!("`{}` is not an account id", account.value.0),
            )
            .label("expected twelve digits"),
        );
    }
    let region = &environment.region;
    if !is_region(&region.value) {
        let problem = Problem::at(region.span, format!("`{}` is not a region", region.value))
            .label("expected a region such as `eu-central-1`");
        problems.add(match near_region(&region.value) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem,
        });
    }
    if let Some(endpoint) = &environment.endpoint
        && !(endpoint.value.starts_with("http://") || endpoint.value.starts_with("https://"))
    {
        problems.add(
            Problem::at(endpoint.span, format!("`{}` is not a URL", endpoint.value))
                .label("expected a URL such as `http://127.0.0.1:4400`"),
        );
    }
    if let Some(role) = &environment.role {
        check_role(role, problems);
    }
    for variable in environment.variables.keys().filter(|name| !is_name(name)) {
        problems.add(
            Problem::at(
                environment.region.span,
                format!("environment `{name}`: `{variable}` cannot be a variable's name"),
            )
            .help("use lower-case letters, digits and `_`, beginning with a letter"),
        );
    }
}

fn check_role(role: &At<project::Role>, problems: &mut Problems) {
    let arn = &role.value.arn;
    let good = arn.starts_with("arn:") && arn.contains(":iam::") && arn.contains(":role/");
    // The environment's own variables are not known here: `${account}` is right.
    if !good {
        problems.add(
            Problem::at(role.span, format!("`{arn}` is not a role's ARN"))
                .label("expected `arn:aws:iam::123456789012:role/NAME`"),
        );
    }
}

/// What the last word of a region's name is.
const DIRECTIONS: [&str; 9] = [
    "central",
    "east",
    "north",
    "northeast",
    "northwest",
    "south",
    "southeast",
    "southwest",
    "west",
];

/// `eu-central-1`, `us-gov-west-1`: words, the last one a direction, and a number. New
/// regions need no new release.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [words @ .., direction, number] = &parts[..] else {
        return false;
    };
    let is_word =
        |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    !words.is_empty()
        && words.iter().all(is_word)
        && DIRECTIONS.contains(direction)
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// The region that was probably meant.
fn near_region(text: &str) -> Option<String> {
    let (words, number) = text.rsplit_once('-')?;
    let (place, direction) = words.rsplit_once('-')?;
    let near = near::nearest(direction, DIRECTIONS)?;
    let region = format!("{place}-{near}-{number}");
    is_region(&region).then_some(region)
}

fn is_simple_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

pub(super) fn sections(documents: &Documents, head: &Head, problems: &mut Problems) -> Sections {
    let overlay = documents
        .project
        .get("environments")
        .and_then(|environments| environments.get(&head.target.environment))
        .and_then(|environment| environment.get("overlay"));
    let mut section = |key: &str| {
        let base = documents.project.get(key);
        let over = overlay.and_then(|overlay| overlay.get(key));
        let node = match (base, over) {
            (Some(base), Some(over)) => merge(base, over),
            (base, over) => base.or(over)?.clone(),
        };
        // A runbook names the alarm, and no alarm is known here.
        let variables = match key {
            "defaults" => head.variables.with("alarm", "${alarm}"),
            _ => head.variables.clone(),
        };
        Some(variables.apply(&node, &documents.files, problems))
    };
    let slipped = match &documents.project.kind {
        Kind::Map(entries) => entries
            .iter()
            .any(|entry| !KEYS.contains(&entry.key.as_str())),
        _ => true,
    };
    let defaults = section("defaults");
    let mut sections = Sections {
        slipped: slipped || !documents.problems.is_empty(),
        resources: section("resources"),
        topics: section("topics"),
        severities: section("severities"),
        slos: section("slos"),
        sampling: section("sampling"),
        mutes: section("mutes"),
        defaults: Defaults::default(),
        alarms: Vec::new(),
    };
    if let Some(node) = defaults {
        sections.defaults = decode(&node, problems).unwrap_or_default();
    }
    if let Some(alarms) = overlay.and_then(|overlay| overlay.get("alarms")) {
        sections.alarms = entries(alarms, "alarms", problems).to_vec();
    }
    sections
}

/// The functions that have a `run:`.
pub(super) fn functions(sections: &Sections, problems: &mut Problems) -> Vec<LocalFunction> {
    let Some(node) = sections
        .resources
        .as_ref()
        .and_then(|resources| resources.get("functions"))
    else {
        return Vec::new();
    };
    let Kind::Map(entries) = &node.kind else {
        return Vec::new();
    };
    entries
        .iter()
        .filter_map(|entry| {
            let function: Function = decode(&entry.value, problems)?;
            let memory = memory_mb(&function, problems)?;
            Some(LocalFunction {
                name: entry.key.clone(),
                run: PathBuf::from(function.run?.value),
                args: function.args.into_iter().map(|arg| arg.0).collect(),
                environment: function
                    .environment
                    .into_iter()
                    .map(|(name, value)| (name, value.0))
                    .collect(),
                timeout: function.timeout.value.std(),
                memory_mb: memory,
                handler: function.handler.unwrap_or_else(|| entry.key.clone()),
                initialization: function.initialization,
            })
        })
        .collect()
}

/// Lambda's memory: 128 to 10,240 MiB.
pub(super) fn memory_mb(function: &Function, problems: &mut Problems) -> Option<u32> {
    let memory = &function.memory;
    let wrong = |message: String| {
        Problem::at(memory.span, message).label("expected a size such as `256MB`")
    };
    match Quantity::parse(&memory.value.0) {
        Ok(quantity) if quantity.amount == Amount::Size => {
            let mb = quantity.value / 1_048_576.0;
            if (128.0..=10_240.0).contains(&mb) && mb.fract() == 0.0 {
                return Some(mb as u32);
            }
            problems.add(wrong(format!(
                "`{}` is not a memory size that Lambda offers: 128MB to 10240MB",
                memory.value.0
            )));
        }
        Ok(_) => problems.add(wrong(format!("`{}` has no unit of size", memory.value.0))),
        Err(message) => problems.add(wrong(message)),
    }
    None
}
