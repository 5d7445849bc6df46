//! Alarms on metrics and expressions, checked against CloudWatch's rules.

use std::collections::BTreeMap;

use super::about::{Said, about, unknown_severity};
use super::expand::{Expanded, expand, overlaid};
use super::resources::Resource;
use super::threshold::Subject;
use super::{Context, composites, events, fixed_keys, items, presets};
use crate::model::{
    About, Actions, CompositeAlarm, EventRule, MetricAlarm, MetricFilter, Signal, Target,
};
use crate::shape::alarm::{Alarm, KEYS};
use crate::source::decode::decode;
use crate::source::file::Span;
use crate::source::node::Node;
use crate::source::problem::{Problem, Problems};
use crate::source::{At, near};
use crate::value::{Datapoints, Duration};

/// At most so many characters in a description, the seal not counted.
const MAX_DESCRIPTION: usize = 1024 - Target::SEAL;
/// The severity of an alarm that only composites look at.
pub(super) const NONE: &str = "none";

/// Reads all files of `alarms/`.
pub(super) fn read(
    context: &Context<'_>,
    files: &[Node],
    read: &mut Read,
    problems: &mut Problems,
) {
    read.names.incomplete |= context.resources.incomplete();
    let mut rules = Vec::new();
    for file in files {
        let before = problems.len();
        let keys = fixed_keys(file, KEYS, "a file in alarms/", problems);
        let mut list = |key: &str| -> &[Node] {
            keys.get(key)
                .map_or(&[][..], |node| items(node, key, problems))
        };
        let (used, own, over, happens) = (
            list("presets"),
            list("alarms"),
            list("composites"),
            list("events"),
        );
        let tests = list("tests");
        read.names.incomplete |= problems.len() > before;
        for node in used {
            presets::read(context, node, read, problems);
        }
        for node in own {
            let expanded = expand(context, node, problems);
            read.names.incomplete |= expanded.is_empty();
            for expanded in expanded {
                read.alarm(context, expanded, None, problems);
            }
        }
        for node in happens {
            for expanded in expand(context, node, problems) {
                events::read(context, &expanded, read, problems);
            }
        }
        rules.extend(over);
        read.tests.extend(tests.iter().cloned());
    }
    read.unused_overlays(context, problems);
    let composites = composites::read(context, &rules, read, problems);
    read.composites.extend(composites);
    read.alarms.sort_by(|a, b| a.name.cmp(&b.name));
    read.events.sort_by(|a, b| a.name.cmp(&b.name));
    read.filters.sort_by_key(MetricFilter::key);
}

/// The row of a preset that an alarm comes from.
pub(super) struct Row {
    /// `PRESET/ROW`.
    pub(super) path: String,
    /// Where the project uses the preset.
    pub(super) uses: Span,
}

impl Row {
    fn key(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

/// All alarms of the project, and what comes with them.
#[derive(Default)]
pub(super) struct Read {
    pub(super) alarms: Vec<MetricAlarm>,
    pub(super) composites: Vec<CompositeAlarm>,
    pub(super) filters: Vec<MetricFilter>,
    pub(super) events: Vec<EventRule>,
    /// Tests, not looked at yet.
    pub(super) tests: Vec<Node>,
    pub(super) about: BTreeMap<String, About>,
    pub(super) names: Names,
}

impl Read {
    /// Reads one written-out alarm.
    pub(super) fn alarm(
        &mut self,
        context: &Context<'_>,
        expanded: Expanded<'_>,
        preset: Option<Row>,
        problems: &mut Problems,
    ) {
        let name = expanded.node.get("name").and_then(Node::text);
        let name = name.unwrap_or_default().to_owned();
        let Some(node) = overlaid(context, expanded.node, problems) else {
            self.names.left_out.push(name);
            return;
        };
        let Some(shape) = decode::<Alarm>(&node, problems) else {
            // Known all the same: a composite that names it is not at fault.
            self.names.reserve(&node);
            return;
        };
        self.names
            .take_of(&shape.name, preset.as_ref(), context, problems);
        let mut reader = Reader { context, problems };
        let resource = reader.resource(&shape, expanded.item);
        self.filters.extend(reader.filter(&shape));
        self.alarms.extend(reader.alarm(&shape, resource));
        let said = Said {
            severity: &shape.severity,
            owner: shape.owner.as_deref(),
            runbook: shape.runbook.as_deref(),
        };
        let about = About {
            resource: resource.map(Resource::path),
            preset: preset.map(|row| row.path),
            ..about(context, &shape.name, &said, problems)
        };
        self.about.insert(shape.name.value, about);
    }

    /// Overlays of alarms that no alarm has the name of.
    fn unused_overlays(&self, context: &Context<'_>, problems: &mut Problems) {
        use crate::source::merge::matches;
        for entry in context.overlay {
            let names = self.names.taken.keys().chain(&self.names.left_out);
            let used = names.into_iter().any(|name| matches(&entry.key, name));
            if !used && !self.names.incomplete {
                let known = self.names.taken.keys().map(String::as_str);
                problems.add(
                    Problem::at(entry.key_span, format!("no alarm is named `{}`", entry.key))
                        .label("laid over nothing")
                        .help(near::suggestion(&entry.key, known)),
                );
            }
        }
    }
}

/// All names of alarms so far, with the place each was given.
#[derive(Default)]
pub(super) struct Names {
    pub(super) taken: BTreeMap<String, Span>,
    /// Alarms that the environment leaves out.
    pub(super) left_out: Vec<String>,
    /// True when a `for_each` could not be written out: an unknown name may be one of
    /// its, so none is reported.
    pub(super) incomplete: bool,
}

impl Names {
    /// Notes a name; taken and impossible ones become problems.
    pub(super) fn take(
        &mut self,
        name: &At<String>,
        context: &Context<'_>,
        problems: &mut Problems,
    ) {
        self.take_of(name, None, context, problems);
    }

    /// The same of an alarm that may come from a preset.
    fn take_of(
        &mut self,
        name: &At<String>,
        preset: Option<&Row>,
        context: &Context<'_>,
        problems: &mut Problems,
    ) {
        let text = &name.value;
        if text.is_empty() || text.len() > 255 || text.chars().any(char::is_control) {
            problems.add(
                Problem::at(name.span, "this cannot be an alarm's name")
                    .label("expected 1 to 255 characters that can be seen"),
            );
        }
        let Some(first) = self.taken.insert(text.clone(), name.span) else {
            return;
        };
        self.incomplete = true;
        let twice = |place| Problem::at(place, format!("two alarms are named `{text}`"));
        let shown = |span: Span| context.files.get(span.file);
        let built_in = shown(name.span).is_some_and(|file| file.name.starts_with("preset "));
        problems.add(match preset.filter(|_| built_in) {
            // The line of the preset is nobody's to correct.
            Some(row) if first == name.span => twice(row.uses).help(format!(
                "the preset is used twice for it: part its resources with `only:`, or leave it out of one with `alarms: {{ {}: off }}`",
                row.key()
            )),
            None if first == name.span => twice(name.span).help(
                "put `${resource}` into the name, so that each alarm of the `for_each` has its own",
            ),
            row => {
                let (file, line) = context.files.line(first);
                twice(row.map_or(name.span, |row| row.uses))
                    .help(format!("the other one is in {file}, line {line}"))
            }
        });
    }

    /// Notes the name of an entry that could not be read.
    pub(super) fn reserve(&mut self, node: &Node) {
        if let Some((name, span)) = node
            .get("name")
            .and_then(|name| Some((name.text()?, name.span)))
        {
            self.taken.entry(name.to_owned()).or_insert(span);
        }
    }
}

/// The description, the runbook, the owner and whose it is.
pub(super) fn description(
    context: &Context<'_>,
    parts: [(&str, &Option<String>); 3],
    place: Span,
    problems: &mut Problems,
) -> String {
    let mut text = String::new();
    for (label, part) in parts {
        // An empty text keeps a default away.
        if let Some(part) = part.as_ref().filter(|part| !part.trim().is_empty()) {
            text.push_str(label);
            text.push_str(part.trim());
            text.push('\n');
        }
    }
    text.push_str(&context.target.marker());
    if text.chars().count() > MAX_DESCRIPTION {
        problems.add(
            Problem::at(place, "the alarm's description is too long")
                .help(format!("description, runbook, owner and the mark of ownership have {MAX_DESCRIPTION} characters together")),
        );
    }
    text
}

/// Whom a severity tells.
pub(super) fn actions(
    context: &Context<'_>,
    severity: &At<String>,
    problems: &mut Problems,
) -> Actions {
    if let Some(severity) = context.severities.get(&severity.value) {
        return severity.actions.clone();
    }
    if severity.value == NONE {
        return Actions::default();
    }
    problems.add(unknown_severity(context, severity));
    Actions::default()
}

/// Reads one alarm.
pub(super) struct Reader<'a, 'b> {
    pub(super) context: &'a Context<'a>,
    pub(super) problems: &'b mut Problems,
}

impl<'a> Reader<'a, '_> {
    /// The resource an alarm is about.
    fn resource(&mut self, shape: &Alarm, item: Option<&'a Resource>) -> Option<&'a Resource> {
        let resources = self.context.resources;
        let named = shape
            .resource
            .as_ref()
            .and_then(|name| resources.find(name, self.problems));
        item.or(named)
    }

    fn alarm(&mut self, shape: &Alarm, resource: Option<&Resource>) -> Option<MetricAlarm> {
        let datapoints = shape
            .datapoints
            .as_ref()
            .map_or(Datapoints::ONE, |at| at.value);
        let period = self.period(&shape.period, datapoints);
        let signal = self.signal(shape, resource, period?)?;
        let (metric, unit, statistic) = match &signal {
            Signal::Metric {
                metric,
                unit,
                statistic,
                ..
            } => (Some(metric), unit.as_deref(), statistic.as_str()),
            Signal::Math(_) => (None, None, ""),
        };
        let subject = Subject {
            metric,
            unit,
            statistic,
            resource,
            period: period?,
        };
        let condition = &shape.condition.value;
        let threshold = match subject.number(&condition.threshold) {
            Ok(threshold) => threshold,
            Err((message, help)) => {
                self.problems
                    .add(Problem::at(shape.condition.span, message).help(help));
                return None;
            }
        };
        let defaults = self.context.defaults;
        let runbook = defaults
            .runbook
            .as_ref()
            .map(|link| link.replace("${alarm}", &shape.name.value));
        let parts = [
            ("", &shape.description),
            ("Runbook: ", &shape.runbook.clone().or(runbook)),
            ("Owner: ", &shape.owner.clone().or(defaults.owner.clone())),
        ];
        Some(MetricAlarm {
            name: shape.name.value.clone(),
            description: description(self.context, parts, shape.name.span, self.problems),
            actions: actions(self.context, &shape.severity, self.problems),
            actions_enabled: true,
            signal,
            evaluation_periods: datapoints.periods,
            datapoints_to_alarm: datapoints.to_alarm,
            threshold,
            comparison: condition.comparison.as_str().to_owned(),
            treat_missing_data: shape.treat_missing_data.as_str().to_owned(),
            low_samples: shape.low_samples.map(|low| low.as_str().to_owned()),
            foreign: BTreeMap::new(),
        })
    }

    /// 10, 20, 30 or whole minutes, and a window of at most a day (a week for hours).
    fn period(&mut self, period: &At<Duration>, datapoints: Datapoints) -> Option<u32> {
        let seconds = period.value.seconds();
        let Some(seconds) =
            seconds.filter(|s| matches!(s, 10 | 20 | 30) || (*s > 0 && s.is_multiple_of(60)))
        else {
            self.problems.add(
                Problem::at(
                    period.span,
                    format!("`{}` cannot be an alarm's period", period.value),
                )
                .label("expected `10s`, `20s`, `30s` or whole minutes"),
            );
            return None;
        };
        let window = u64::from(seconds) * u64::from(datapoints.periods);
        let limit = if seconds < 3600 { 86_400 } else { 604_800 };
        if window > limit {
            self.problems.add(
                Problem::at(
                    period.span,
                    format!(
                        "{} periods of {} are too long a window",
                        datapoints.periods, period.value
                    ),
                )
                .label(format!(
                    "CloudWatch evaluates at most {} hours of these",
                    limit / 3600
                )),
            );
        }
        Some(seconds)
    }
}
