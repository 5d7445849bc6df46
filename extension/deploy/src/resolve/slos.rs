//! `slos:`: from an objective to the alarms of its burn rates.
//!
//! [`crate::model::slo`] says which alarms those are and why.

use std::collections::BTreeMap;

use super::about::{Said, about};
use super::alarms::{Read, actions, description};
use super::{Context, entries};
use crate::model::alarm::Term;
use crate::model::slo::{BURNS, Burn, Counted, Urgency};
use crate::model::{Actions, CompositeAlarm, MetricAlarm, Query, Signal, Slo};
use crate::shape::slo as shape;
use crate::source::At;
use crate::source::decode::decode;
use crate::source::node::{Entry, Node};
use crate::source::problem::{Problem, Problems};

/// Seconds of a day.
const DAY: u64 = 86_400;
/// Days of an objective that says no other.
const WINDOW: u64 = 30;

/// Reads the objectives and adds their alarms.
pub(super) fn read(
    context: &Context<'_>,
    node: Option<&Node>,
    read: &mut Read,
    problems: &mut Problems,
) -> Vec<Slo> {
    let mut slos = Vec::new();
    for entry in node.map_or(&[][..], |node| entries(node, "slos", problems)) {
        let Some(shape) = decode::<shape::Slo>(&entry.value, problems) else {
            read.names.incomplete = true;
            continue;
        };
        let mut reader = Reader {
            context,
            entry,
            problems,
        };
        let Some(mut slo) = reader.slo(&shape) else {
            read.names.incomplete = true;
            continue;
        };
        for burn in &BURNS {
            for seconds in [burn.long, burn.short] {
                let alarm = reader.window(&slo, burn, seconds);
                reader.name(&alarm.name, read);
                read.alarms.push(alarm);
            }
        }
        for urgency in [Urgency::Page, Urgency::Ticket] {
            let composite = reader.composite(&slo, &shape, urgency, read);
            reader.name(&composite.name, read);
            slo.alarms.push(composite.name.clone());
            read.composites.push(composite);
        }
        slos.push(slo);
    }
    slos
}

pub(super) struct Reader<'a, 'b> {
    pub(super) context: &'a Context<'a>,
    entry: &'a Entry,
    pub(super) problems: &'b mut Problems,
}

impl Reader<'_, '_> {
    fn slo(&mut self, shape: &shape::Slo) -> Option<Slo> {
        let objective = shape.objective.value.0;
        if !(0.5..=0.99999).contains(&objective) {
            self.problems.add(
                Problem::at(
                    shape.objective.span,
                    "no burn rate can be told from this objective",
                )
                .label("expected 50% to 99.999%"),
            );
            return None;
        }
        let window = self.days(shape.window.as_ref());
        let (kind, part, total) = match (&shape.availability, &shape.latency) {
            (Some(availability), None) => self.availability(availability)?,
            (None, Some(latency)) => self.latency(latency)?,
            _ => {
                self.problems.add(
                    Problem::at(
                        self.entry.key_span,
                        "an objective is one of `availability` or `latency`",
                    )
                    .help("write two objectives for both"),
                );
                return None;
            }
        };
        Some(Slo {
            name: self.entry.key.clone(),
            description: shape.description.clone().unwrap_or_default(),
            objective,
            window,
            kind,
            part,
            total,
            minimum_requests: shape.minimum_requests.unwrap_or(0),
            alarms: Vec::new(),
        })
    }

    fn days(&mut self, window: Option<&At<crate::value::Duration>>) -> u32 {
        let Some(window) = window else {
            return (WINDOW * DAY) as u32;
        };
        let milliseconds = window.value.milliseconds();
        let days = milliseconds / (DAY * 1000);
        if !milliseconds.is_multiple_of(DAY * 1000) || !(7..=90).contains(&days) {
            self.problems.add(
                Problem::at(
                    window.span,
                    format!("`{}` cannot be an objective's window", window.value),
                )
                .label("expected 7d to 90d"),
            );
            return (WINDOW * DAY) as u32;
        }
        (days * DAY) as u32
    }

    /// The alarm of one window.
    fn window(&mut self, slo: &Slo, burn: &Burn, seconds: u32) -> MetricAlarm {
        let long = seconds == burn.long;
        // The long window has the traffic; the short one only has to go on.
        let guard = if long { slo.guard(burn) } else { 1 };
        let metric = |id: &str, counted: &Counted| Query {
            id: id.to_owned(),
            label: None,
            returns: false,
            term: Term::Metric {
                metric: counted.metric.clone(),
                statistic: counted.statistic.clone(),
                unit: None,
                period: seconds,
            },
        };
        let result = Query {
            id: "result".to_owned(),
            label: Some("burn rate".to_owned()),
            returns: true,
            term: Term::Expression {
                text: slo.expression(guard),
            },
        };
        let text = Some(format!(
            "Over {}, the error budget of {} burns {} times as fast as it may.",
            spoken(seconds),
            slo.name,
            burn.factor
        ));
        MetricAlarm {
            name: format!("{}-{}x-{}", slo.name, burn.factor, spoken(seconds)),
            description: self.description(&text, (None, None)),
            actions: Actions::default(),
            actions_enabled: true,
            signal: Signal::Math(vec![
                metric("part", &slo.part),
                result,
                metric("total", &slo.total),
            ]),
            evaluation_periods: 1,
            datapoints_to_alarm: 1,
            threshold: burn.factor,
            comparison: "GreaterThanOrEqualToThreshold".to_owned(),
            treat_missing_data: "notBreaching".to_owned(),
            low_samples: None,
            foreign: BTreeMap::new(),
        }
    }

    /// The composite of an urgency.
    fn composite(
        &mut self,
        slo: &Slo,
        shape: &shape::Slo,
        urgency: Urgency,
        read: &mut Read,
    ) -> CompositeAlarm {
        let pairs: Vec<String> = BURNS
            .iter()
            .filter(|burn| burn.urgency == urgency)
            .map(|burn| {
                let alarm = |seconds| {
                    format!(
                        "ALARM(\"{}-{}x-{}\")",
                        slo.name,
                        burn.factor,
                        spoken(seconds)
                    )
                };
                format!("({} AND {})", alarm(burn.long), alarm(burn.short))
            })
            .collect();
        let (word, meaning, given) = match urgency {
            Urgency::Page => ("fast", "within days", &shape.page),
            Urgency::Ticket => ("slow", "before its time", &shape.ticket),
        };
        let severity = given.clone().unwrap_or_else(|| self.severity(urgency));
        let name = At {
            value: format!("{}-{word}-burn", slo.name),
            span: self.entry.key_span,
        };
        let said = Said {
            severity: &severity,
            owner: shape.owner.as_deref(),
            runbook: shape.runbook.as_deref(),
        };
        let about = about(self.context, &name, &said, self.problems);
        let promise = match slo.description.trim() {
            "" => String::new(),
            text => format!("{text}\n"),
        };
        let text = Some(format!(
            "{promise}The error budget of {} ({}% of requests) will be gone {meaning}.",
            slo.name,
            (slo.budget() * 1e7).round() / 1e5
        ));
        let composite = CompositeAlarm {
            description: self.description(&text, (about.runbook.clone(), about.owner.clone())),
            actions: actions(self.context, &severity, self.problems),
            actions_enabled: true,
            rule: pairs.join(" OR "),
            suppressor: None,
            foreign: BTreeMap::new(),
            name: name.value.clone(),
        };
        read.about.insert(name.value, about);
        composite
    }

    /// The severity that nobody named: `page`; for a slow burn the first there is of
    /// `ticket` and `notice`.
    fn severity(&self, urgency: Urgency) -> At<String> {
        let known = |name: &&str| self.context.severities.contains_key(*name);
        let word = match urgency {
            Urgency::Page => "page",
            Urgency::Ticket => ["ticket", "notice"]
                .into_iter()
                .find(known)
                .unwrap_or("page"),
        };
        At {
            value: word.to_owned(),
            span: self.entry.key_span,
        }
    }

    fn description(
        &mut self,
        text: &Option<String>,
        (runbook, owner): (Option<String>, Option<String>),
    ) -> String {
        let parts = [("", text), ("Runbook: ", &runbook), ("Owner: ", &owner)];
        description(self.context, parts, self.entry.key_span, self.problems)
    }

    fn name(&mut self, name: &str, read: &mut Read) {
        let name = At {
            value: name.to_owned(),
            span: self.entry.key_span,
        };
        read.names.take(&name, self.context, self.problems);
        read.about.entry(name.value).or_default();
    }
}

/// `1h`, `30m`.
fn spoken(seconds: u32) -> String {
    crate::value::Duration::from_seconds(seconds).to_string()
}
