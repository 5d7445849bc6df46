//! Alarms on metrics and expressions, checked against CloudWatch's rules.

use std::collections::BTreeMap;

use super::expand::expand;
use super::resources::Resource;
use super::threshold::Subject;
use super::{Context, composites, fixed_keys, items};
use crate::model::{Actions, CompositeAlarm, MetricAlarm, Signal, Target};
use crate::shape::alarm::{Alarm, KEYS};
use crate::source::decode::decode;
use crate::source::file::Span;
use crate::source::node::Node;
use crate::source::problem::{Problem, Problems};
use crate::source::{At, near};
use crate::value::{Datapoints, Duration};

/// At most so many characters in a description, the seal not counted.
const MAX_DESCRIPTION: usize = 1024 - Target::SEAL;

/// Reads all files of `alarms/`.
pub(super) fn read(context: &Context<'_>, files: &[Node], problems: &mut Problems) -> Read {
    let mut names = Names {
        incomplete: context.resources.incomplete(),
        ..Names::default()
    };
    let mut alarms = Vec::new();
    let mut rules = Vec::new();
    for file in files {
        let before = problems.len();
        let keys = fixed_keys(file, KEYS, "a file in alarms/", problems);
        let lists: Vec<&[Node]> = KEYS
            .iter()
            .map(|key| {
                keys.get(key)
                    .map_or(&[][..], |node| items(node, key, problems))
            })
            .collect();
        names.incomplete |= problems.len() > before;
        for node in lists[0] {
            let expanded = expand(context, node, problems);
            names.incomplete |= expanded.is_empty();
            for expanded in expanded {
                if let Some(shape) = decode::<Alarm>(&expanded.node, problems) {
                    names.take(&shape.name, context, problems);
                    alarms.extend(Reader { context, problems }.alarm(&shape, expanded.item));
                } else {
                    // Known all the same: a composite that names it is not at fault.
                    names.reserve(&expanded.node);
                }
            }
        }
        rules.extend(lists[1]);
    }
    let composites = composites::read(context, &rules, &mut names, problems);
    alarms.sort_by(|a, b| a.name.cmp(&b.name));
    Read {
        alarms,
        composites,
        names,
    }
}

/// All alarms of the project.
pub(super) struct Read {
    pub(super) alarms: Vec<MetricAlarm>,
    pub(super) composites: Vec<CompositeAlarm>,
    pub(super) names: Names,
}

/// All names of alarms so far, with the place each was given.
#[derive(Default)]
pub(super) struct Names {
    pub(super) taken: BTreeMap<String, Span>,
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
        let text = &name.value;
        if text.is_empty() || text.len() > 255 || text.chars().any(char::is_control) {
            problems.add(
                Problem::at(name.span, "this cannot be an alarm's name")
                    .label("expected 1 to 255 characters"),
            );
        }
        let Some(first) = self.taken.insert(text.clone(), name.span) else {
            return;
        };
        self.incomplete = true;
        let problem = Problem::at(name.span, format!("two alarms are named `{text}`"));
        problems.add(if first == name.span {
            problem.help(
                "put `${resource}` into the name, so that each alarm of the `for_each` has its own",
            )
        } else {
            let file = context.files.get(first.file);
            let line = file.map_or(0, |file| {
                file.text[..first.offset as usize].lines().count().max(1)
            });
            let file = file.map_or("", |file| &file.name);
            problem.help(format!("the other one is in {file}, line {line}"))
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
        if let Some(part) = part {
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
    if let Some(actions) = context.severities.get(&severity.value) {
        return actions.clone();
    }
    problems.add(
        Problem::at(
            severity.span,
            format!("unknown severity `{}`", severity.value),
        )
        .label("not under `severities:` in obs.yaml")
        .help(near::suggestion(
            &severity.value,
            context.severities.keys().map(String::as_str),
        )),
    );
    Actions::default()
}

/// Reads one alarm.
pub(super) struct Reader<'a, 'b> {
    pub(super) context: &'a Context<'a>,
    pub(super) problems: &'b mut Problems,
}

impl Reader<'_, '_> {
    fn alarm(&mut self, shape: &Alarm, item: Option<&Resource>) -> Option<MetricAlarm> {
        let named = shape
            .resource
            .as_ref()
            .and_then(|name| self.context.resources.find(name, self.problems));
        let resource = item.or(named);
        let datapoints = shape
            .datapoints
            .as_ref()
            .map_or(Datapoints::ONE, |at| at.value);
        let period = self.period(&shape.period, datapoints);
        let signal = self.signal(shape, resource, period?)?;
        let (metric, unit) = match &signal {
            Signal::Metric { metric, unit, .. } => (Some(metric), unit.as_deref()),
            Signal::Math(_) => (None, None),
        };
        let subject = Subject {
            metric,
            unit,
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
        let parts = [
            ("", &shape.description),
            ("Runbook: ", &shape.runbook),
            ("Owner: ", &shape.owner),
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
