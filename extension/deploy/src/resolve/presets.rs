//! `presets:`: the ready-made alarms of a kind of resources, with the project's changes
//! laid over them.

use std::collections::BTreeMap;

use super::alarms::{Read, Row};
use super::expand::{Expanded, fill, is_off};
use super::resources::{Resource, picked};
use super::{Context, entries, events};
use crate::shape::alarm::Preset;
use crate::source::decode::decode;
use crate::source::merge::merge;
use crate::source::near;
use crate::source::node::{Entry, Kind, Node};
use crate::source::problem::{Problem, Problems};
use crate::source::{At, Raw, preset};

/// Reads one item of `presets:`.
pub(super) fn read(context: &Context<'_>, node: &Node, read: &mut Read, problems: &mut Problems) {
    let Some(shape) = shape(context, node, problems) else {
        read.names.incomplete = true;
        return;
    };
    let kind = shape.uses.value.clone();
    let Some(document) = context.presets.get(kind.as_str()) else {
        read.names.incomplete = true;
        problems.add(
            Problem::at(shape.uses.span, format!("there is no preset `{kind}`"))
                .help(near::suggestion(&kind, preset::kinds())),
        );
        return;
    };
    if context.resources.of_kind(&shape.uses, problems).is_none() {
        read.names.incomplete = true;
        return;
    }
    for patterns in [&shape.only, &shape.except] {
        context.resources.check_patterns(&kind, patterns, problems);
    }
    let used = Used {
        context,
        node,
        shape: &shape,
        document,
    };
    used.check(problems);
    used.alarms(read, problems);
    used.events(read, problems);
}

/// The item without the changes, whose variables wait for their resources.
fn shape(context: &Context<'_>, node: &Node, problems: &mut Problems) -> Option<Preset> {
    let waits = ["alarms", "resources", "runbook", "owner"];
    let kind = match &node.kind {
        Kind::Map(entries) => Kind::Map(
            entries
                .iter()
                .map(|entry| match waits.contains(&entry.key.as_str()) {
                    true => entry.clone(),
                    false => Entry {
                        value: context
                            .variables
                            .apply(&entry.value, context.files, problems),
                        ..entry.clone()
                    },
                })
                .collect(),
        ),
        other => other.clone(),
    };
    let node = Node {
        span: node.span,
        kind,
    };
    decode(&node, problems)
}

/// A preset in use.
struct Used<'a> {
    context: &'a Context<'a>,
    node: &'a Node,
    shape: &'a Preset,
    document: &'a Node,
}

impl<'a> Used<'a> {
    fn rows(&self, key: &str) -> &'a [Entry] {
        match self.document.get(key).map(|node| &node.kind) {
            Some(Kind::Map(entries)) => entries,
            _ => &[],
        }
    }

    /// The rows and resources that changes name exist, and the resources have what the
    /// preset needs.
    fn check(&self, problems: &mut Problems) {
        let kind = &self.shape.uses.value;
        let known: Vec<&str> = ["alarms", "events"]
            .iter()
            .flat_map(|key| self.rows(key))
            .map(|entry| entry.key.as_str())
            .collect();
        let mut changes: Vec<&Node> = self.node.get("alarms").into_iter().collect();
        if let Some(resources) = self.node.get("resources") {
            for entry in entries(resources, "resources", problems) {
                let name = At {
                    value: entry.key.clone(),
                    span: entry.key_span,
                };
                self.context
                    .resources
                    .check_patterns(kind, std::slice::from_ref(&name), problems);
                changes.push(&entry.value);
            }
        }
        for change in changes {
            for entry in entries(change, "alarms", problems) {
                if !known.contains(&entry.key.as_str()) {
                    problems.add(
                        Problem::at(
                            entry.key_span,
                            format!("preset `{kind}` has no alarm `{}`", entry.key),
                        )
                        .help(near::suggestion(&entry.key, known.iter().copied())),
                    );
                }
            }
        }
        self.check_needs(problems);
    }

    fn check_needs(&self, problems: &mut Problems) {
        let Some(needs) = self.document.get("requires") else {
            return;
        };
        let needs: BTreeMap<String, Raw> = decode(needs, problems).unwrap_or_default();
        for resource in self.picked(&self.shape.uses.value) {
            for (dimension, key) in &needs {
                if !resource.dimensions.contains_key(dimension) {
                    problems.add(
                        Problem::at(
                            self.shape.uses.span,
                            format!("`{}` has no `{}`", resource.path(), key.0),
                        )
                        .label(format!("its metrics have the dimension `{dimension}`"))
                        .help(format!(
                            "add `{}:` to it in obs.yaml, or leave it out with `except:`",
                            key.0
                        )),
                    );
                }
            }
        }
    }

    fn picked(&self, kind: &str) -> Vec<&'a Resource> {
        picked(
            self.context.resources.all(kind),
            &self.shape.only,
            &self.shape.except,
        )
    }

    fn alarms(&self, read: &mut Read, problems: &mut Problems) {
        for row in self.rows("alarms") {
            for (node, item) in self.written_out(row, problems) {
                // Its threshold is the project's to say, and the project does not.
                if node.get("condition").is_none() {
                    continue;
                }
                let expanded = Expanded {
                    node,
                    item: Some(item),
                };
                let preset = Row {
                    path: format!("{}/{}", self.shape.uses.value, row.key),
                    uses: self.shape.uses.span,
                };
                read.alarm(self.context, expanded, Some(preset), problems);
            }
        }
    }

    fn events(&self, read: &mut Read, problems: &mut Problems) {
        for row in self.rows("events") {
            for (node, item) in self.written_out(row, problems) {
                let expanded = Expanded {
                    node,
                    item: Some(item),
                };
                events::read(self.context, &expanded, read, problems);
            }
        }
    }

    /// A row for each of its resources, with the changes laid over it.
    fn written_out(&self, row: &Entry, problems: &mut Problems) -> Vec<(Node, &'a Resource)> {
        let kind = row.value.get("for_each").and_then(Node::text);
        let mut made = Vec::new();
        for item in self.picked(kind.unwrap_or_default()) {
            let all = self.node.get("alarms").and_then(|it| it.get(&row.key));
            let own = self.node.get("resources").and_then(|resources| {
                let names = [Some(&item.name), item.part_of.as_ref()];
                names
                    .into_iter()
                    .flatten()
                    .find_map(|name| resources.get(name)?.get(&row.key))
            });
            let changes: Vec<&Node> = all.into_iter().chain(own).collect();
            if changes.last().is_some_and(|last| is_off(last)) {
                continue;
            }
            let mut node = self.said(&row.value);
            for change in changes.into_iter().filter(|change| !is_off(change)) {
                node = merge(&node, change);
            }
            made.push((fill(self.context, &node, Some(item), problems), item));
        }
        made
    }

    /// A row with what the item says for all of them.
    fn said(&self, row: &Node) -> Node {
        let mut row = row.clone();
        let Kind::Map(entries) = &mut row.kind else {
            return row;
        };
        // An event has no runbook and no owner.
        let is_event = entries.iter().any(|entry| entry.key == "pattern");
        for key in ["severity", "runbook", "owner"] {
            let Some(value) = self.node.get(key) else {
                continue;
            };
            if is_event && key != "severity" {
                continue;
            }
            entries.retain(|entry| entry.key != key);
            entries.push(Entry {
                key: key.to_owned(),
                key_span: value.span,
                value: value.clone(),
            });
        }
        // Its name and severity are problems of the item that uses the preset.
        for entry in entries.iter_mut() {
            if entry.key == "severity" {
                entry.value.span = match self.node.get("severity") {
                    Some(node) => node.span,
                    None => self.shape.uses.span,
                };
            }
        }
        row
    }
}
