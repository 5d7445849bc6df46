//! The resources that alarms and dashboards are about: their dimensions in
//! CloudWatch, and the limits that thresholds are shares of.

use std::collections::{BTreeMap, BTreeSet};

use super::kinds::{self, References};
use super::project::{Head, Sections};
use super::{entries, fixed_keys};
use crate::shape::resource::{KINDS, MADE_KINDS};
use crate::shape::select::Select;
use crate::source::At;
use crate::source::merge::matches;
use crate::source::near;
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
    /// So many at once.
    Count(f64),
}

/// One resource.
#[derive(Clone, Debug, Default)]
pub struct Resource {
    /// The kind it stands under.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// The resource it is a part of: an index's table.
    pub part_of: Option<String>,
    /// The dimensions of its metrics.
    pub dimensions: BTreeMap<String, String>,
    /// Its limits.
    pub properties: BTreeMap<&'static str, Property>,
    /// What else is said of it; `${resource_NAME}` in a `for_each`.
    pub attributes: BTreeMap<&'static str, String>,
}

impl Resource {
    /// `KIND/NAME`.
    pub fn path(&self) -> String {
        format!("{}/{}", self.kind, self.name)
    }

    /// Whether a pattern names it or what it is a part of.
    pub fn is(&self, pattern: &str) -> bool {
        matches(pattern, &self.name)
            || self
                .part_of
                .as_ref()
                .is_some_and(|whole| matches(pattern, whole))
    }
}

/// All resources, by kind and name.
#[derive(Clone, Debug, Default)]
pub struct Resources {
    kinds: BTreeMap<&'static str, Vec<Resource>>,
    /// Entries that could not be read: what refers to them is not at fault.
    broken: Vec<(String, String)>,
    /// True when a whole kind may be missing because of a slip in its key.
    slipped: bool,
}

impl Resources {
    /// The resources of a kind, in the order of the file; none when there is no such
    /// kind.
    pub fn all(&self, kind: &str) -> &[Resource] {
        self.kinds.get(kind).map_or(&[], |list| list)
    }

    /// Every kind that has resources, those that are made of others among them.
    pub fn kinds(&self) -> impl Iterator<Item = (&'static str, &[Resource])> {
        self.kinds.iter().map(|(kind, list)| (*kind, &list[..]))
    }

    /// What a `for_each` is over. Nothing at all becomes a problem.
    pub fn select(&self, select: &At<Select>, problems: &mut Problems) -> Option<Vec<&Resource>> {
        let kind = At {
            value: select.value.kind.clone(),
            span: select.span,
        };
        let all = self.of_kind(&kind, problems)?;
        self.check_patterns(&kind.value, &select.value.only, problems);
        self.check_patterns(&kind.value, &select.value.except, problems);
        Some(picked(all, &select.value.only, &select.value.except))
    }

    /// The resources of a kind that somebody names; none at all is a problem.
    pub fn of_kind(&self, kind: &At<String>, problems: &mut Problems) -> Option<&[Resource]> {
        let known = || KINDS.iter().chain(MADE_KINDS).copied();
        if !known().any(|known| known == kind.value) {
            problems.add(
                Problem::at(
                    kind.span,
                    format!("`{}` is not a kind of resource", kind.value),
                )
                .help(near::suggestion(&kind.value, known())),
            );
            return None;
        }
        match self.all(&kind.value) {
            [] if self.incomplete() => None,
            [] => {
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
            list => Some(list),
        }
    }

    /// Each pattern of a kind's names matches something.
    pub(super) fn check_patterns(
        &self,
        kind: &str,
        patterns: &[At<String>],
        problems: &mut Problems,
    ) {
        for pattern in patterns {
            let text = &pattern.value;
            if self.incomplete() || self.all(kind).iter().any(|resource| resource.is(text)) {
                continue;
            }
            let other = self.kinds().find(|(other, list)| {
                *other != kind && list.iter().any(|resource| resource.name == *text)
            });
            let problem = Problem::at(pattern.span, format!("no resource is named `{text}`"))
                .label(format!("not under `{kind}:` in obs.yaml"));
            problems.add(match other {
                Some((other, _)) => problem.help(format!("`{text}` is one of `{other}`")),
                None => problem.help(near::suggestion(text, self.names(kind))),
            });
        }
    }

    /// The resource named `NAME` or `KIND/NAME`.
    pub fn find(&self, name: &At<String>, problems: &mut Problems) -> Option<&Resource> {
        let text = name.value.as_str();
        let (kind, own) = match text.split_once('/') {
            Some((kind, own)) => (Some(kind), own),
            None => (None, text),
        };
        let found: Vec<&Resource> = self
            .kinds()
            .filter(|(of, _)| match kind {
                Some(kind) => *of == kind,
                None => KINDS.contains(of),
            })
            .flat_map(|(_, list)| list)
            .filter(|resource| resource.name == own)
            .collect();
        match found[..] {
            [one] => Some(one),
            [] if self.slipped || self.is_broken(own) => None,
            [] => {
                let known = self.written(kind.is_some());
                problems.add(
                    Problem::at(name.span, format!("unknown resource `{text}`"))
                        .label("not under `resources:` in obs.yaml")
                        .help(near::suggestion(text, known.iter().map(String::as_str))),
                );
                None
            }
            _ => {
                problems.add(
                    Problem::at(name.span, format!("several resources are named `{text}`")).help(
                        format!(
                            "write the kind before it, such as `{}/{text}`",
                            found[0].kind
                        ),
                    ),
                );
                None
            }
        }
    }

    /// What people wrote under `resources:`, each once; with its kind where one is given.
    fn written(&self, with_kind: bool) -> BTreeSet<String> {
        self.kinds()
            .filter(|(kind, _)| KINDS.contains(kind))
            .flat_map(|(_, list)| list)
            .map(|resource| match with_kind {
                true => resource.path(),
                false => resource.name.clone(),
            })
            .collect()
    }

    /// True when more resources were meant than could be read.
    pub fn incomplete(&self) -> bool {
        self.slipped || !self.broken.is_empty()
    }

    /// Adds a kind that is not read from `resources:`.
    pub(super) fn put(&mut self, kind: &'static str, list: Vec<Resource>) {
        self.kinds.insert(kind, list);
    }

    fn is_broken(&self, name: &str) -> bool {
        self.broken.iter().any(|(_, broken)| broken == name)
    }

    fn names(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.all(kind).iter().map(|resource| resource.name.as_str())
    }

    fn refer(&self, kind: &str, reference: &At<String>, problems: &mut Problems) {
        let known = self.names(kind).any(|name| name == reference.value);
        if !known && !self.is_broken(&reference.value) {
            problems.add(
                Problem::at(
                    reference.span,
                    format!("unknown resource `{}`", reference.value),
                )
                .label(format!("not under `{kind}:` in obs.yaml"))
                .help(near::suggestion(&reference.value, self.names(kind))),
            );
        }
    }
}

/// Those that `only` and `except` leave.
pub(super) fn picked<'a>(
    all: &'a [Resource],
    only: &[At<String>],
    except: &[At<String>],
) -> Vec<&'a Resource> {
    let named = |resource: &Resource, patterns: &[At<String>]| {
        patterns.iter().any(|pattern| resource.is(&pattern.value))
    };
    all.iter()
        .filter(|resource| only.is_empty() || named(resource, only))
        .filter(|resource| !named(resource, except))
        .collect()
}

/// Reads the section `resources:`.
pub(super) fn read(head: &Head, sections: &Sections, problems: &mut Problems) -> Resources {
    let mut resources = Resources {
        slipped: sections.slipped,
        ..Resources::default()
    };
    let mut references = References::default();
    if let Some(node) = &sections.resources {
        let before = problems.len();
        let found = fixed_keys(node, KINDS, "resources", problems);
        resources.slipped |= problems.len() > before;
        for kind in KINDS {
            let Some(node) = found.get(kind) else {
                continue;
            };
            let mut list = Vec::new();
            for entry in entries(node, kind, problems) {
                let mut reader = kinds::Reader {
                    head,
                    references: &mut references,
                    problems,
                };
                match reader.resource(kind, entry) {
                    Some(mut made) => {
                        made.kind = kind;
                        made.name.clone_from(&entry.key);
                        list.push(made);
                    }
                    None => resources
                        .broken
                        .push(((*kind).to_owned(), entry.key.clone())),
                }
            }
            resources.kinds.insert(kind, list);
        }
    }
    for (kind, reference) in &references.found {
        resources.refer(kind, reference, problems);
    }
    kinds::make(&mut resources, head, &references);
    resources
}
