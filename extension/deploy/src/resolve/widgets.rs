//! Widgets other than graphs: texts, strips of alarms, lines of logs, and those in
//! CloudWatch's own words.

use std::collections::BTreeSet;

use serde_json::{Map, json};

use super::dashboards::{Reader, Widget};
use crate::shape::dashboard::{Alarms, Log, Own, Text};
use crate::source::decode::decode;
use crate::source::merge::matches;
use crate::source::near;
use crate::source::node::Node;
use crate::source::problem::Problem;

/// The most alarms of one widget.
const MAX_ALARMS: usize = 100;

impl Reader<'_, '_> {
    pub(super) fn text(&mut self, node: &Node) -> Option<Widget> {
        let node = self
            .context
            .variables
            .apply(node, self.context.files, self.problems);
        let text: Text = decode(&node, self.problems)?;
        Some(Widget {
            kind: "text".to_owned(),
            properties: json!({ "markdown": text.text.trim_end() }),
            width: text.width,
        })
    }

    pub(super) fn strip(&mut self, node: &Node) -> Option<Widget> {
        let node = self
            .context
            .variables
            .apply(node, self.context.files, self.problems);
        let strip: Alarms = decode(&node, self.problems)?;
        let arns = self.in_strip(&strip);
        // Those that it shows could not be read, and that was said.
        if arns.is_empty() && self.alarms.names.incomplete {
            return None;
        }
        if arns.len() > MAX_ALARMS {
            self.problems.add(
                Problem::at(
                    node.pointer(),
                    format!("{} alarms are too many for one widget", arns.len()),
                )
                .label("CloudWatch shows at most 100")
                .help("narrow them down with `severities:`, or by name"),
            );
            return None;
        }
        let mut properties = Map::new();
        properties.extend(strip.title.map(|title| ("title".to_owned(), title.into())));
        properties.insert("alarms".to_owned(), arns.into());
        Some(Widget {
            kind: "alarm".to_owned(),
            properties: properties.into(),
            width: strip.width,
        })
    }

    /// The ARNs of a strip's alarms.
    fn in_strip(&mut self, strip: &Alarms) -> Vec<String> {
        for severity in &strip.severities {
            let known = self.context.severities;
            if !known.contains_key(&severity.value) {
                self.problems.add(
                    Problem::at(
                        severity.span,
                        format!("unknown severity `{}`", severity.value),
                    )
                    .label("not under `severities:` in obs.yaml")
                    .help(near::suggestion(
                        &severity.value,
                        known.keys().map(String::as_str),
                    )),
                );
            }
        }
        let about = &self.alarms.about;
        let severity = |name: &str| about.get(name).and_then(|it| it.severity.as_deref());
        let wanted = |name: &&String| {
            let of = severity(name);
            strip.severities.is_empty()
                || strip
                    .severities
                    .iter()
                    .any(|it| of == Some(it.value.as_str()))
        };
        let taken = &self.alarms.names.taken;
        let mut names: Vec<&String> = Vec::new();
        for name in &strip.alarms {
            if name.value == "all" {
                let told = taken.keys().filter(|name| severity(name).is_some());
                names.extend(told.filter(wanted));
                continue;
            }
            let mut found = taken
                .keys()
                .filter(|it| matches(&name.value, it))
                .peekable();
            if found.peek().is_none() && !self.alarms.names.incomplete {
                self.problems.add(
                    Problem::at(name.span, format!("unknown alarm `{}`", name.value))
                        .label("no alarm of this project")
                        .help(near::suggestion(
                            &name.value,
                            taken.keys().map(String::as_str),
                        )),
                );
            }
            names.extend(found.filter(wanted));
        }
        let target = self.context.target;
        let mut seen = BTreeSet::new();
        names.retain(|name| seen.insert(*name));
        names
            .into_iter()
            .map(|name| target.alarm_arn(name))
            .collect()
    }

    /// Lines of log groups.
    pub(super) fn log(&mut self, node: &Node) -> Option<Widget> {
        let node = self
            .context
            .variables
            .apply(node, self.context.files, self.problems);
        let log: Log = decode(&node, self.problems)?;
        if log.groups.is_empty() {
            self.problems.add(
                Problem::at(node.pointer(), "the widget reads no log group")
                    .help("name them under `groups:`"),
            );
        }
        let sources: Vec<String> = log
            .groups
            .iter()
            .map(|group| format!("SOURCE '{}'", group.value))
            .collect();
        let mut properties = Map::new();
        properties.insert(
            "region".to_owned(),
            self.context.target.region.clone().into(),
        );
        properties.extend(log.title.map(|title| ("title".to_owned(), title.into())));
        properties.insert("view".to_owned(), log.view.as_str().into());
        let query = format!("{} | {}", sources.join(" | "), log.log.trim());
        properties.insert("query".to_owned(), query.into());
        Some(Widget {
            kind: "log".to_owned(),
            properties: properties.into(),
            width: log.width,
        })
    }

    /// A widget in CloudWatch's own words.
    pub(super) fn own(&mut self, node: &Node) -> Option<Widget> {
        let node = self
            .context
            .variables
            .apply(node, self.context.files, self.problems);
        let own: Own = decode(&node, self.problems)?;
        Some(Widget {
            kind: own.widget.value.r#type.value,
            properties: node.get("widget")?.get("properties")?.to_json(),
            width: own.width,
        })
    }
}
