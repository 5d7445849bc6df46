//! The alarms of a simulation, ready to be evaluated.

use std::collections::{BTreeMap, BTreeSet};

use obs_cloudwatch::alarm::{MetricAlarm, Subject, interval_ms};
use obs_cloudwatch::composite::{self, Rule, SuppressionConfig};
use obs_cloudwatch::metric::MetricId;
use obs_cloudwatch::query::QueryKind;

use super::watch;
use crate::model::{Alarm, CompositeAlarm};
use crate::rule;

/// Alarms that are simulated together: what a composite leans on is among them, or is
/// never heard of.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    pub(super) watches: Vec<Watch>,
    pub(super) composites: Vec<Joint>,
    /// What cannot be simulated, by name.
    pub(super) unknowable: BTreeMap<String, Unknowable>,
}

/// Why an alarm cannot be simulated; reads after "failed to".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("simulate `{alarm}`: {why}")]
pub struct Unknowable {
    /// The alarm.
    pub alarm: String,
    /// What is in the way.
    pub why: String,
}

/// A metric alarm and when it is evaluated.
#[derive(Clone, Debug)]
pub struct Watch {
    /// The alarm.
    pub alarm: MetricAlarm,
    /// Milliseconds between two evaluations, at multiples of it since 1970.
    pub step_ms: i64,
    /// Not before this time, milliseconds since 1970.
    pub first_ms: i64,
}

/// A composite.
#[derive(Clone, Debug)]
pub(super) struct Joint {
    pub(super) name: String,
    pub(super) rule: Rule,
    pub(super) suppressor: Option<(String, SuppressionConfig)>,
}

impl Fleet {
    /// These alarms, each evaluated as often as CloudWatch does.
    pub fn of<'a>(alarms: impl IntoIterator<Item = &'a Alarm>) -> Fleet {
        let mut fleet = Fleet::default();
        for alarm in alarms {
            let taken = match alarm {
                Alarm::Metric(alarm) => watch::engine(alarm).map(|alarm| {
                    fleet.watches.push(Watch {
                        step_ms: interval_ms(&alarm),
                        first_ms: i64::MIN,
                        alarm,
                    });
                }),
                Alarm::Composite(alarm) => joint(alarm).map(|joint| fleet.composites.push(joint)),
            };
            if let Err(why) = taken {
                let alarm = alarm.name().to_owned();
                let unknowable = Unknowable {
                    alarm: alarm.clone(),
                    why,
                };
                fleet.unknowable.insert(alarm, unknowable);
            }
        }
        fleet
    }

    /// The metric alarms, to be changed before the simulation begins: a backtest reads
    /// other periods than CloudWatch keeps.
    pub fn watches_mut(&mut self) -> &mut [Watch] {
        &mut self.watches
    }

    /// The metric alarms.
    pub fn watches(&self) -> &[Watch] {
        &self.watches
    }

    /// What cannot be simulated.
    pub fn unknowable(&self) -> impl Iterator<Item = &Unknowable> {
        self.unknowable.values()
    }

    /// Every metric that an alarm reads.
    pub fn metrics(&self) -> BTreeSet<&MetricId> {
        let mut metrics = BTreeSet::new();
        for watch in &self.watches {
            match &watch.alarm.subject {
                Subject::Stat(stat) => {
                    metrics.insert(&stat.metric);
                }
                Subject::Math { queries, .. } => {
                    metrics.extend(queries.iter().filter_map(|query| match &query.kind {
                        QueryKind::Stat(stat) => Some(&stat.metric),
                        QueryKind::Expression { .. } => None,
                    }));
                }
            }
        }
        metrics
    }
}

/// The alarms of these names with everything they lean on, each once.
pub(crate) fn closure<'a>(
    names: impl IntoIterator<Item = &'a str>,
    by_name: &BTreeMap<&'a str, &'a Alarm>,
) -> Vec<&'a Alarm> {
    let mut found: BTreeMap<&str, &Alarm> = BTreeMap::new();
    let mut open: Vec<String> = names.into_iter().map(str::to_owned).collect();
    while let Some(name) = open.pop() {
        if let Some((name, alarm)) = by_name.get_key_value(name.as_str())
            && found.insert(name, alarm).is_none()
        {
            open.extend(alarm.children());
        }
    }
    found.into_values().collect()
}

fn joint(alarm: &CompositeAlarm) -> Result<Joint, String> {
    let ms = |seconds: u32| i64::from(seconds) * 1000;
    Ok(Joint {
        name: alarm.name.clone(),
        rule: composite::parse(&alarm.rule).map_err(|error| format!("failed to {error}"))?,
        suppressor: alarm.suppressor.as_ref().map(|suppressor| {
            let config = SuppressionConfig {
                wait_ms: ms(suppressor.wait),
                extension_ms: ms(suppressor.extension),
            };
            (rule::bare(&suppressor.alarm).to_owned(), config)
        }),
    })
}
