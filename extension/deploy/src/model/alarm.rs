//! Alarms as CloudWatch keeps them, with its defaults filled in.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::rule;

/// What happens on a transition: ARNs, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actions {
    /// Into ALARM.
    pub alarm: Vec<String>,
    /// Into OK.
    pub ok: Vec<String>,
    /// Into INSUFFICIENT_DATA.
    pub insufficient_data: Vec<String>,
}

/// A metric with its place.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MetricRef {
    /// Such as `AWS/Lambda`.
    pub namespace: String,
    /// Such as `Errors`.
    pub name: String,
    /// Name to value.
    pub dimensions: BTreeMap<String, String>,
}

impl std::fmt::Display for MetricRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.namespace, self.name)?;
        let mut separator = " {";
        for (name, value) in &self.dimensions {
            write!(f, "{separator}{name}={value}")?;
            separator = ", ";
        }
        if !self.dimensions.is_empty() {
            f.write_str("}")?;
        }
        Ok(())
    }
}

/// What an alarm looks at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Signal {
    /// One metric.
    Metric {
        /// Which.
        metric: MetricRef,
        /// `Sum`, ..., or an extended one such as `p90`.
        statistic: String,
        /// Only datapoints of this unit.
        unit: Option<String>,
        /// Length of a datapoint in seconds.
        period: u32,
    },
    /// An expression over several; sorted by id, and exactly one returns data.
    Math(Vec<Query>),
}

/// One entry of an expression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Query {
    /// Its name.
    pub id: String,
    /// Name in a graph.
    pub label: Option<String>,
    /// True for the one the threshold is compared with.
    pub returns: bool,
    /// What it is.
    pub term: Term,
}

/// An entry's content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Term {
    /// A metric.
    Metric {
        /// Which.
        metric: MetricRef,
        /// Its statistic.
        statistic: String,
        /// Only datapoints of this unit.
        unit: Option<String>,
        /// Length of a datapoint in seconds.
        period: u32,
    },
    /// Metric math.
    Expression {
        /// The text.
        text: String,
    },
}

/// An alarm on a metric or an expression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricAlarm {
    /// Unique in the account and region.
    pub name: String,
    /// With the ownership marker as the last line.
    pub description: String,
    /// Whom it tells.
    pub actions: Actions,
    /// False while somebody silenced it by hand.
    pub actions_enabled: bool,
    /// What it looks at.
    pub signal: Signal,
    /// N.
    pub evaluation_periods: u32,
    /// M.
    pub datapoints_to_alarm: u32,
    /// The number.
    pub threshold: f64,
    /// CloudWatch's word, such as `GreaterThanThreshold`.
    pub comparison: String,
    /// CloudWatch's word, such as `notBreaching`.
    pub treat_missing_data: String,
    /// CloudWatch's word; percentiles only.
    pub low_samples: Option<String>,
    /// Settings that these files cannot express and somebody made by hand.
    pub foreign: BTreeMap<String, String>,
}

/// An alarm that keeps a composite quiet while it is in ALARM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppressor {
    /// Name of an alarm in the same account and region.
    pub alarm: String,
    /// Seconds the composite waits for it to go to ALARM.
    pub wait: u32,
    /// Seconds the composite stays quiet after it is over.
    pub extension: u32,
}

/// What people said about an alarm and CloudWatch does not keep: for the commands that
/// ask whom it tells, who looks after it and what it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Name of its severity; `None` for one that only feeds composites.
    pub severity: Option<String>,
    /// Who looks after it.
    pub owner: Option<String>,
    /// What to do: a link.
    pub runbook: Option<String>,
    /// The resource it is about, as `KIND/NAME`.
    pub resource: Option<String>,
    /// The preset it was made from, as `PRESET/ROW`.
    pub preset: Option<String>,
}

/// An alarm over other alarms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompositeAlarm {
    /// Unique in the account and region.
    pub name: String,
    /// With the ownership marker as the last line.
    pub description: String,
    /// Whom it tells.
    pub actions: Actions,
    /// False while somebody silenced it by hand.
    pub actions_enabled: bool,
    /// Such as `ALARM("a") OR ALARM("b")`.
    pub rule: String,
    /// What keeps it quiet.
    pub suppressor: Option<Suppressor>,
    /// Settings that these files cannot express and somebody made by hand.
    pub foreign: BTreeMap<String, String>,
}

/// Either kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Alarm {
    /// On a metric or an expression.
    Metric(MetricAlarm),
    /// On other alarms.
    Composite(CompositeAlarm),
}

impl Alarm {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Alarm::Metric(alarm) => &alarm.name,
            Alarm::Composite(alarm) => &alarm.name,
        }
    }

    /// Its description.
    pub fn description(&self) -> &str {
        match self {
            Alarm::Metric(alarm) => &alarm.description,
            Alarm::Composite(alarm) => &alarm.description,
        }
    }

    pub(crate) fn description_mut(&mut self) -> &mut String {
        match self {
            Alarm::Metric(alarm) => &mut alarm.description,
            Alarm::Composite(alarm) => &mut alarm.description,
        }
    }

    /// Names of the alarms that a composite leans on: those of its rule, and the one
    /// that keeps it quiet. None for a metric alarm.
    pub fn children(&self) -> Vec<String> {
        match self {
            Alarm::Metric(_) => Vec::new(),
            // A rule that is none names nobody; CloudWatch holds only rules.
            Alarm::Composite(alarm) => {
                let mut names = rule::children(&alarm.rule).unwrap_or_default();
                names.extend(alarm.suppressor.as_ref().map(|one| one.alarm.clone()));
                names
            }
        }
    }

    /// Field by field, for people: two alarms are the same exactly when their fields are.
    pub fn fields(&self) -> BTreeMap<String, String> {
        match self {
            Alarm::Metric(alarm) => alarm.fields(),
            Alarm::Composite(alarm) => alarm.fields(),
        }
    }

    /// The whole content as one text, for the hash.
    pub fn content(&self) -> String {
        self.fields()
            .iter()
            .map(|(name, value)| format!("{name}={value}\n"))
            .collect()
    }
}

impl MetricAlarm {
    fn fields(&self) -> BTreeMap<String, String> {
        let mut fields = common(&self.description, &self.actions, self.actions_enabled);
        let mut put = |name: &str, value: String| {
            fields.insert(name.to_owned(), value);
        };
        put("threshold", self.threshold.to_string());
        put("comparison", self.comparison.clone());
        put(
            "datapoints",
            format!(
                "{} of {}",
                self.datapoints_to_alarm, self.evaluation_periods
            ),
        );
        put("treat_missing_data", self.treat_missing_data.clone());
        if let Some(low_samples) = &self.low_samples {
            put("low_samples", low_samples.clone());
        }
        match &self.signal {
            Signal::Metric {
                metric,
                statistic,
                unit,
                period,
            } => {
                put("metric", metric.to_string());
                put("statistic", statistic.clone());
                put("period", format!("{period}s"));
                if let Some(unit) = unit {
                    put("unit", unit.clone());
                }
            }
            Signal::Math(queries) => {
                for query in queries {
                    put(&format!("metrics.{}", query.id), query.to_string());
                }
            }
        }
        fields.extend(self.foreign.clone());
        fields
    }
}

impl CompositeAlarm {
    fn fields(&self) -> BTreeMap<String, String> {
        let mut fields = common(&self.description, &self.actions, self.actions_enabled);
        fields.insert("rule".to_owned(), self.rule.clone());
        if let Some(suppressor) = &self.suppressor {
            let mut put = |name: &str, value: String| {
                fields.insert(format!("suppressor.{name}"), value);
            };
            put("alarm", suppressor.alarm.clone());
            put("wait", format!("{}s", suppressor.wait));
            put("extension", format!("{}s", suppressor.extension));
        }
        fields.extend(self.foreign.clone());
        fields
    }
}

impl std::fmt::Display for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.term {
            Term::Metric {
                metric,
                statistic,
                unit,
                period,
            } => {
                write!(f, "{statistic} of {metric} over {period}s")?;
                if let Some(unit) = unit {
                    write!(f, " in {unit}")?;
                }
            }
            Term::Expression { text } => f.write_str(text)?,
        }
        if let Some(label) = &self.label {
            write!(f, " \"{label}\"")?;
        }
        if self.returns {
            f.write_str(" (compared)")?;
        }
        Ok(())
    }
}

fn common(description: &str, actions: &Actions, enabled: bool) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    if !description.is_empty() {
        fields.insert("description".to_owned(), description.to_owned());
    }
    let lists = [
        ("actions.alarm", &actions.alarm),
        ("actions.insufficient_data", &actions.insufficient_data),
        ("actions.ok", &actions.ok),
    ];
    for (name, arns) in lists {
        if !arns.is_empty() {
            fields.insert(name.to_owned(), arns.join(", "));
        }
    }
    if !enabled {
        fields.insert("actions_enabled".to_owned(), "false".to_owned());
    }
    fields
}
