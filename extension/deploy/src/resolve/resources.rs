//! The resources that alarms and dashboards are about: their dimensions in
//! CloudWatch, and the limits that thresholds are shares of.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::project::{Sections, memory_mb};
use super::{entries, fixed_keys};
use crate::shape::project::{Bucket, Function, HttpApi, KINDS, Queue, Schedule, Table};
use crate::source::At;
use crate::source::decode::decode;
use crate::source::file::Span;
use crate::source::near;
use crate::source::node::{Entry, Node};
use crate::source::problem::{Problem, Problems};

/// A number that a threshold may be a share of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Property {
    /// A time in milliseconds.
    Milliseconds(f64),
    /// A size in bytes.
    Bytes(f64),
    /// A rate: so many a second, times the period in seconds.
    PerSecond(f64),
}

/// One resource.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its name.
    pub name: String,
    /// The dimensions of its metrics.
    pub dimensions: BTreeMap<String, String>,
    /// Its limits.
    pub properties: BTreeMap<&'static str, Property>,
}

/// All resources, by kind and name.
#[derive(Clone, Debug, Default)]
pub struct Resources {
    kinds: BTreeMap<String, Vec<Resource>>,
    /// Entries that could not be read: what refers to them is not at fault.
    broken: Vec<(String, String)>,
    /// True when a whole kind may be missing because of a slip in its key.
    slipped: bool,
}

impl Resources {
    /// The resources of a kind, in the order of the file.
    pub fn of_kind(&self, kind: &At<String>, problems: &mut Problems) -> Option<&[Resource]> {
        if !KINDS.contains(&kind.value.as_str()) {
            problems.add(
                Problem::at(
                    kind.span,
                    format!("`{}` is not a kind of resource", kind.value),
                )
                .help(near::suggestion(&kind.value, KINDS.iter().copied())),
            );
            return None;
        }
        match self.kinds.get(&kind.value) {
            Some(list) if !list.is_empty() => Some(list),
            _ if self.slipped => None,
            _ if self.broken.iter().any(|(broken, _)| *broken == kind.value) => None,
            _ => {
                problems.add(
                    Problem::at(
                        kind.span,
                        format!("`for_each: {}` is over nothing", kind.value),
                    )
                    .help(format!(
                        "obs.yaml has no `{}` under `resources:`",
                        kind.value
                    )),
                );
                None
            }
        }
    }

    /// The resource named `NAME` or `KIND/NAME`.
    pub fn find(&self, name: &At<String>, problems: &mut Problems) -> Option<&Resource> {
        let text = name.value.as_str();
        let found: Vec<&Resource> = match text.split_once('/') {
            Some((kind, name)) => self
                .kinds
                .get(kind)
                .into_iter()
                .flatten()
                .filter(|resource| resource.name == name)
                .collect(),
            None => self
                .kinds
                .values()
                .flatten()
                .filter(|resource| resource.name == text)
                .collect(),
        };
        match found[..] {
            [one] => Some(one),
            [] if self.is_broken(text.rsplit('/').next().unwrap_or(text)) => None,
            [] => {
                let known = self
                    .kinds
                    .values()
                    .flatten()
                    .map(|resource| resource.name.as_str());
                problems.add(
                    Problem::at(name.span, format!("unknown resource `{text}`"))
                        .label("not under `resources:` in obs.yaml")
                        .help(near::suggestion(text, known)),
                );
                None
            }
            _ => {
                problems.add(
                    Problem::at(name.span, format!("several resources are named `{text}`")).help(
                        format!("write the kind before it, such as `functions/{text}`"),
                    ),
                );
                None
            }
        }
    }

    /// True when more resources were meant than could be read.
    pub fn incomplete(&self) -> bool {
        self.slipped || !self.broken.is_empty()
    }

    fn is_broken(&self, name: &str) -> bool {
        self.broken.iter().any(|(_, broken)| broken == name)
    }

    fn names(&self, kind: &str) -> Vec<&str> {
        self.kinds
            .get(kind)
            .into_iter()
            .flatten()
            .map(|resource| resource.name.as_str())
            .collect()
    }

    fn refer(&self, kind: &str, reference: &At<String>, problems: &mut Problems) {
        let known = self.names(kind);
        if !known.contains(&reference.value.as_str()) && !self.is_broken(&reference.value) {
            problems.add(
                Problem::at(
                    reference.span,
                    format!("unknown resource `{}`", reference.value),
                )
                .label(format!("not under `{kind}:` in obs.yaml"))
                .help(near::suggestion(&reference.value, known)),
            );
        }
    }
}

/// Reads the section `resources:`.
pub(super) fn read(sections: &Sections, problems: &mut Problems) -> Resources {
    let mut resources = Resources {
        slipped: sections.slipped,
        ..Resources::default()
    };
    let Some(node) = &sections.resources else {
        return resources;
    };
    let mut references = References::default();
    let before = problems.len();
    let kinds = fixed_keys(node, KINDS, "resources", problems);
    resources.slipped |= problems.len() > before;
    for (kind, node) in kinds {
        let mut list = Vec::new();
        for entry in entries(node, kind, problems) {
            match resource(kind, entry, &mut references, problems) {
                Some(resource) => list.push(resource),
                None => resources.broken.push((kind.to_owned(), entry.key.clone())),
            }
        }
        resources.kinds.insert(kind.to_owned(), list);
    }
    for (kind, reference) in references.found {
        resources.refer(kind, &reference, problems);
    }
    resources
}

/// References from one resource to another, followed when all are known.
#[derive(Default)]
struct References {
    found: Vec<(&'static str, At<String>)>,
}

fn resource(
    kind: &str,
    entry: &Entry,
    references: &mut References,
    problems: &mut Problems,
) -> Option<Resource> {
    let mut properties = BTreeMap::new();
    let name = entry.key.as_str();
    let dimensions = match kind {
        "functions" => {
            let function: Function = settings(&entry.value, problems)?;
            let memory = memory_mb(&function, problems)?;
            let timeout = function.timeout.value.milliseconds();
            check_timeout(timeout, function.timeout.span, problems);
            properties.insert("timeout", Property::Milliseconds(timeout as f64));
            properties.insert("memory", Property::Bytes(f64::from(memory) * 1_048_576.0));
            vec![("FunctionName", name.to_owned())]
        }
        "http_apis" => {
            let api: HttpApi = settings(&entry.value, problems)?;
            if let Some(rate) = api.rate_limit {
                properties.insert("rate_limit", Property::PerSecond(rate));
            }
            let id = api.id.map_or_else(|| name.to_owned(), |id| id.0);
            let stage = api.stage.unwrap_or_else(|| "$default".to_owned());
            vec![("ApiId", id), ("Stage", stage)]
        }
        "tables" => {
            let _: Table = settings(&entry.value, problems)?;
            vec![("TableName", name.to_owned())]
        }
        "queues" => {
            let queue: Queue = settings(&entry.value, problems)?;
            if let Some(dead_letter) = queue.dead_letter {
                references.found.push(("queues", dead_letter));
            }
            vec![("QueueName", name.to_owned())]
        }
        "buckets" => {
            let bucket: Bucket = settings(&entry.value, problems)?;
            let mut dimensions = vec![("BucketName", name.to_owned())];
            dimensions.extend(bucket.filter.map(|filter| ("FilterId", filter)));
            dimensions
        }
        _ => {
            let schedule: Schedule = settings(&entry.value, problems)?;
            references.found.push(("functions", schedule.function));
            Vec::new()
        }
    };
    Some(Resource {
        name: name.to_owned(),
        dimensions: dimensions
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        properties,
    })
}

/// A resource without settings may be written as nothing at all.
fn settings<T: DeserializeOwned>(node: &Node, problems: &mut Problems) -> Option<T> {
    use crate::source::node::Kind;
    if node.kind == Kind::Null {
        let empty = Node {
            span: node.span,
            kind: Kind::Map(Vec::new()),
        };
        return decode(&empty, problems);
    }
    decode(node, problems)
}

fn check_timeout(milliseconds: u64, span: Span, problems: &mut Problems) {
    if !(1_000..=900_000).contains(&milliseconds) || !milliseconds.is_multiple_of(1_000) {
        problems.add(
            Problem::at(span, "this is not a timeout that Lambda offers")
                .label("expected whole seconds from 1s to 15m"),
        );
    }
}
