//! What was found: resources as `resources:` of `obs.yaml` has them.

use std::collections::BTreeMap;

use crate::source::variables::is_name;
use crate::yaml::{Entry, Yaml, entry};

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// By kind and name.
    pub(super) resources: BTreeMap<&'static str, BTreeMap<String, Resource>>,
    /// Variables whose values nothing says: name to what is meant.
    pub(super) variables: BTreeMap<String, String>,
    /// What could not be taken over.
    pub(super) notes: Vec<String>,
}

/// One resource.
#[derive(Clone, Debug, Default)]
pub(super) struct Resource {
    /// Lines above it.
    pub(super) comment: Vec<String>,
    /// Its settings.
    pub(super) settings: Vec<Entry>,
}

impl Resource {
    /// A setting that is known.
    pub(super) fn with(mut self, key: &str, value: Option<Yaml>) -> Resource {
        self.settings.extend(value.map(|value| entry(key, value)));
        self
    }

    /// The same with a line above it.
    pub(super) fn remark(mut self, line: impl Into<String>) -> Resource {
        self.comment.push(line.into());
        self
    }
}

impl Found {
    /// How many resources.
    pub fn len(&self) -> usize {
        self.resources.values().map(BTreeMap::len).sum()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many of each kind.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, usize)> {
        self.resources.iter().map(|(kind, all)| (*kind, all.len()))
    }

    /// How many values only the deployment knows.
    pub fn unresolved(&self) -> usize {
        self.variables.len()
    }

    /// What could not be taken over, as sentences.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Adds a resource. `name` may hold `${...}` where nothing says it: a key cannot, so
    /// that its text is made a plain one and a remark says so.
    pub(super) fn add(&mut self, kind: &'static str, name: &str, resource: Resource) {
        let (key, resource) = match name.contains("${") {
            false => (name.to_owned(), resource),
            true => (
                plain(name),
                resource.remark(format!(
                    "its name is made at deployment ({name}): put the real one here"
                )),
            ),
        };
        self.resources
            .entry(kind)
            .or_default()
            .insert(key, resource);
    }

    /// A function; Lambda's defaults where nothing is said.
    pub(super) fn function(&mut self, name: &str, facts: Function) {
        let mut resource = Resource::default();
        let settings = [
            ("timeout", &facts.timeout, "s", 3),
            ("memory", &facts.memory, "MB", 128),
        ];
        for (key, value, unit, default) in settings {
            let number = match value.as_deref().map(str::parse::<f64>) {
                Some(Ok(number)) => number,
                said => {
                    let said = said.map_or(String::new(), |_| {
                        format!(" ({})", value.as_deref().unwrap_or_default())
                    });
                    resource = resource.remark(format!("{key}: not said{said}; Lambda's default"));
                    f64::from(default)
                }
            };
            resource = resource.with(key, Some(Yaml::Plain(format!("{number}{unit}"))));
        }
        let reserved = facts.reserved.filter(|text| text.parse::<u32>().is_ok());
        let tracing = match facts.tracing.as_deref() {
            Some("Active") => Some(Yaml::text("active")),
            Some("PassThrough") => Some(Yaml::text("pass_through")),
            _ => None,
        };
        let resource = resource
            .with("tracing", tracing)
            .with("reserved_concurrency", reserved.map(Yaml::Plain))
            .with("log_group", facts.log_group.map(Yaml::Text))
            .with(
                "log_retention",
                facts
                    .retention
                    .filter(|text| text.parse::<u32>().is_ok_and(|days| days > 0))
                    .map(|days| Yaml::Plain(format!("{days}d"))),
            );
        self.add("functions", name, resource);
    }

    /// Notes the variables that a text names and nothing gives a value.
    pub(super) fn value(&mut self, text: &str, meaning: &str) -> Yaml {
        let mut rest = text;
        while let Some((_, after)) = rest.split_once("${") {
            let Some((name, more)) = after.split_once('}') else {
                break;
            };
            if is_name(name) && !matches!(name, "region" | "account" | "project" | "environment") {
                self.variables
                    .entry(name.to_owned())
                    .or_insert_with(|| meaning.to_owned());
            }
            rest = more;
        }
        Yaml::text(text)
    }
}

/// What is said of a function, as texts.
#[derive(Clone, Debug, Default)]
pub(super) struct Function {
    pub(super) timeout: Option<String>,
    pub(super) memory: Option<String>,
    pub(super) reserved: Option<String>,
    pub(super) tracing: Option<String>,
    pub(super) log_group: Option<String>,
    pub(super) retention: Option<String>,
}

/// A variable's name made of what something is called: `UserPool` is `user_pool`.
pub(super) fn snake(text: &str) -> String {
    let mut out = String::new();
    let mut small = false;
    for c in text.chars() {
        if c.is_ascii_uppercase() && small {
            out.push('_');
        }
        small = c.is_ascii_lowercase() || c.is_ascii_digit();
        match c.is_ascii_alphanumeric() {
            true => out.push(c.to_ascii_lowercase()),
            false if !out.ends_with('_') => out.push('_'),
            false => {}
        }
    }
    let out = out.trim_matches('_');
    match out.starts_with(|c: char| c.is_ascii_lowercase()) {
        true => out.to_owned(),
        false => format!("v_{out}"),
    }
}

/// A text without its references.
fn plain(text: &str) -> String {
    text.replace("${", "").replace('}', "").replace('_', "-")
}
