//! Which alarms are about which resource, and which of them tell somebody.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::alarm::Term;
use crate::model::{Alarm, MetricAlarm, MetricRef, Signal};
use crate::resolve::{Resolved, Resource};
use crate::shape::resource::KINDS;

/// The watch that a project's alarms keep.
pub(super) struct Watch<'a> {
    /// By the path of a resource: the alarms about it.
    about: BTreeMap<String, BTreeSet<&'a str>>,
    /// Alarms that tell somebody, themselves or through a composite.
    tell: BTreeSet<String>,
}

impl<'a> Watch<'a> {
    pub(super) fn of(resolved: &'a Resolved) -> Watch<'a> {
        let mut about: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for alarm in &resolved.desired.alarms {
            for path in subjects(resolved, alarm) {
                about.entry(path).or_default().insert(&alarm.name);
            }
        }
        Watch {
            about,
            tell: telling(&resolved.desired.all_alarms()),
        }
    }

    /// The alarms about a resource.
    pub(super) fn alarms(&self, path: &str) -> impl Iterator<Item = &'a str> {
        self.about.get(path).into_iter().flatten().copied()
    }

    /// Whether one of them tells somebody.
    pub(super) fn is_told(&self, path: &str) -> bool {
        self.alarms(path).any(|name| self.tell.contains(name))
    }
}

/// The paths of the resources that an alarm is about.
fn subjects(resolved: &Resolved, alarm: &MetricAlarm) -> Vec<String> {
    let about = resolved.about.get(&alarm.name);
    let Some(path) = about.and_then(|about| about.resource.as_deref()) else {
        return measured(resolved, alarm);
    };
    let preset = about.and_then(|about| about.preset.as_deref());
    match (path.split_once('/'), preset) {
        // A metric of the whole account, watched for the sake of a kind.
        (Some(("account", _)), Some(preset)) => {
            let kind = preset.split('/').next().unwrap_or_default();
            let all = resolved.resources.all(kind);
            all.iter().map(Resource::path).collect()
        }
        (Some((kind, name)), _) => vec![whole(resolved, kind, name)],
        (None, _) => Vec::new(),
    }
}

/// The path under which a resource stands in obs.yaml: a part is its whole's, and a
/// dead-letter queue is a queue.
fn whole(resolved: &Resolved, kind: &str, name: &str) -> String {
    match kind {
        "dead_letter_queues" | "work_queues" => return format!("queues/{name}"),
        kind if KINDS.contains(&kind) || kind == "topics" => return format!("{kind}/{name}"),
        _ => {}
    }
    let of = match kind {
        "user_pool_clients" => "user_pools",
        _ => "tables",
    };
    let parts = resolved.resources.all(kind).iter();
    let part_of = parts
        .filter(|part| part.name == name)
        .find_map(|part| part.part_of.as_deref());
    format!("{of}/{}", part_of.unwrap_or(name))
}

/// What an alarm of one's own is about, by the dimensions it looks at.
fn measured(resolved: &Resolved, alarm: &MetricAlarm) -> Vec<String> {
    let metrics = metrics(alarm);
    let measures = |resource: &&Resource| {
        !resource.dimensions.is_empty()
            && metrics.iter().any(|metric| {
                let has =
                    |(name, value): (&String, &String)| metric.dimensions.get(name) == Some(value);
                resource.dimensions.iter().all(has)
            })
    };
    KINDS
        .iter()
        .flat_map(|kind| resolved.resources.all(kind))
        .filter(measures)
        .map(Resource::path)
        .collect()
}

fn metrics(alarm: &MetricAlarm) -> Vec<&MetricRef> {
    match &alarm.signal {
        Signal::Metric { metric, .. } => vec![metric],
        Signal::Math(queries) => queries
            .iter()
            .filter_map(|query| match &query.term {
                Term::Metric { metric, .. } => Some(metric),
                Term::Expression { .. } => None,
            })
            .collect(),
    }
}

/// Names of the alarms that tell somebody. Composites come after their children, so
/// that going backwards meets each before what it leans on.
fn telling(alarms: &[Alarm]) -> BTreeSet<String> {
    let mut tell = BTreeSet::new();
    for alarm in alarms.iter().rev() {
        let (actions, enabled) = match alarm {
            Alarm::Metric(alarm) => (&alarm.actions, alarm.actions_enabled),
            Alarm::Composite(alarm) => (&alarm.actions, alarm.actions_enabled),
        };
        if enabled && !actions.alarm.is_empty() {
            tell.insert(alarm.name().to_owned());
        }
        if let (true, Alarm::Composite(composite)) = (tell.contains(alarm.name()), alarm) {
            // Not the suppressor: it keeps the composite quiet.
            tell.extend(crate::rule::children(&composite.rule).unwrap_or_default());
        }
    }
    tell
}
