//! Metric alarms as they are put and kept, and what composites have in common
//! with them.

use obs_cloudwatch::alarm::MetricAlarm;
use obs_cloudwatch::query::MetricDataQuery;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::operations::Answer;
use super::put_metric_data::Dimension;
use super::tags::{Tag, check_tags};
use super::{Account, Change};
use crate::store::{AlarmKind, AlarmRow, HistoryKind, HistoryRow};
use crate::wire::{Fault, Tree};

/// Most actions of one state.
const ACTIONS: usize = 5;

/// What both kinds of alarms have; kept as it was put.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Common {
    pub(crate) alarm_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) alarm_description: Option<String>,
    #[serde(default = "enabled")]
    pub(crate) actions_enabled: bool,
    #[serde(rename = "OKActions", default)]
    pub(crate) ok_actions: Vec<String>,
    #[serde(default)]
    pub(crate) alarm_actions: Vec<String>,
    #[serde(default)]
    pub(crate) insufficient_data_actions: Vec<String>,
}

fn enabled() -> bool {
    true
}

impl Common {
    /// The actions of a state.
    pub(crate) fn actions(&self, state: &str) -> &[String] {
        match state {
            "OK" => &self.ok_actions,
            "ALARM" => &self.alarm_actions,
            _ => &self.insufficient_data_actions,
        }
    }

    /// Refuses what CloudWatch refuses in any alarm.
    pub(super) fn check(&self) -> Result<(), Fault> {
        let name = self.alarm_name.chars().count();
        if name == 0 || name > 255 {
            return Err(Fault::validation(
                "The parameter AlarmName must be 1 to 255 characters long.",
            ));
        }
        if self
            .alarm_description
            .as_ref()
            .is_some_and(|text| text.chars().count() > 1024)
        {
            return Err(Fault::validation(
                "The parameter AlarmDescription must be at most 1024 characters long.",
            ));
        }
        for (state, name) in [
            ("OK", "OKActions"),
            ("ALARM", "AlarmActions"),
            ("", "InsufficientDataActions"),
        ] {
            let actions = self.actions(state);
            if actions.len() > ACTIONS {
                let message =
                    format!("The collection {name} must not have a size greater than {ACTIONS}.");
                return Err(Fault::validation(message));
            }
            if let Some(action) = actions.iter().find(|action| !is_arn(action)) {
                return Err(Fault::validation(format!("Invalid arn syntax: {action}")));
            }
        }
        Ok(())
    }
}

fn is_arn(text: &str) -> bool {
    text.starts_with("arn:") && text.split(':').count() >= 6 && text.len() <= 1024
}

/// A metric alarm as it is put and kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Config {
    #[serde(flatten)]
    common: Common,
    #[serde(flatten)]
    rule: Rule,
}

/// What the state of a metric alarm depends on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Rule {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) metric_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) statistic: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) extended_statistic: Option<String>,
    pub(super) dimensions: Vec<NameValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) period: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluation_periods: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    datapoints_to_alarm: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comparison_operator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    treat_missing_data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluate_low_sample_count_percentile: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluation_window: Option<EvaluationWindow>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    metrics: Vec<MetricDataQuery>,
}

/// Where the periods of an alarm begin.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EvaluationWindow {
    #[serde(skip_serializing_if = "Option::is_none")]
    sliding_window: Option<SlidingWindow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wall_clock_window: Option<WallClockWindow>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct SlidingWindow {}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WallClockWindow {
    #[serde(skip_serializing_if = "Option::is_none")]
    timezone: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct NameValue {
    pub(super) name: String,
    pub(super) value: String,
}

/// The input of PutMetricAlarm. Not `flatten`ed: that would read every member
/// without knowing its type, and a form has nothing but text.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutMetricAlarm {
    alarm_name: String,
    alarm_description: Option<String>,
    #[serde(default = "enabled")]
    actions_enabled: bool,
    #[serde(rename = "OKActions", default)]
    ok_actions: Vec<String>,
    #[serde(default)]
    alarm_actions: Vec<String>,
    #[serde(default)]
    insufficient_data_actions: Vec<String>,
    metric_name: Option<String>,
    namespace: Option<String>,
    statistic: Option<String>,
    extended_statistic: Option<String>,
    #[serde(default)]
    dimensions: Vec<Dimension>,
    period: Option<u32>,
    unit: Option<String>,
    evaluation_periods: Option<u32>,
    datapoints_to_alarm: Option<u32>,
    threshold: Option<f64>,
    comparison_operator: Option<String>,
    treat_missing_data: Option<String>,
    evaluate_low_sample_count_percentile: Option<String>,
    #[serde(default)]
    metrics: Vec<MetricDataQuery>,
    #[serde(default)]
    tags: Vec<Tag>,
    evaluation_criteria: Option<serde::de::IgnoredAny>,
    evaluation_window: Option<EvaluationWindow>,
    evaluation_interval: Option<serde::de::IgnoredAny>,
    warm_up_configuration: Option<serde::de::IgnoredAny>,
}

impl PutMetricAlarm {
    /// Refuses what would be kept but not evaluated.
    fn check_known(&self) -> Result<(), Fault> {
        let unknown = [
            ("EvaluationCriteria", self.evaluation_criteria.is_some()),
            ("EvaluationInterval", self.evaluation_interval.is_some()),
            ("WarmUpConfiguration", self.warm_up_configuration.is_some()),
        ];
        match unknown.into_iter().find(|(_, given)| *given) {
            Some((name, _)) => Err(Fault::validation(format!(
                "obs dev does not evaluate {name}; leave it out here"
            ))),
            None => Ok(()),
        }
    }

    fn split(self) -> (Config, Vec<Tag>) {
        let named = |d: Dimension| NameValue {
            name: d.name,
            value: d.value,
        };
        let common = Common {
            alarm_name: self.alarm_name,
            alarm_description: self.alarm_description,
            actions_enabled: self.actions_enabled,
            ok_actions: self.ok_actions,
            alarm_actions: self.alarm_actions,
            insufficient_data_actions: self.insufficient_data_actions,
        };
        let rule = Rule {
            metric_name: self.metric_name,
            namespace: self.namespace,
            statistic: self.statistic,
            extended_statistic: self.extended_statistic,
            dimensions: self.dimensions.into_iter().map(named).collect(),
            period: self.period,
            unit: self.unit,
            evaluation_periods: self.evaluation_periods,
            datapoints_to_alarm: self.datapoints_to_alarm,
            threshold: self.threshold,
            comparison_operator: self.comparison_operator,
            treat_missing_data: self.treat_missing_data,
            evaluate_low_sample_count_percentile: self.evaluate_low_sample_count_percentile,
            evaluation_window: self.evaluation_window,
            metrics: self.metrics,
        };
        (Config { common, rule }, self.tags)
    }
}

impl Account {
    /// The ARN of an alarm.
    pub(crate) fn alarm_arn(&self, name: &str) -> String {
        format!(
            "arn:aws:cloudwatch:{}:{}:alarm:{name}",
            self.region, self.account_id
        )
    }
}

pub(super) fn put_metric_alarm(account: &Account, input: PutMetricAlarm) -> Answer {
    input.check_known()?;
    super::put_metric_data::check_dimensions("Dimensions", &input.dimensions)
        .map_err(|fault| Fault::validation(fault.message))?;
    let (config, tags) = input.split();
    config.common.check()?;
    check_tags(&tags)?;
    let name = config.common.alarm_name.clone();
    let config =
        serde_json::to_value(config).map_err(|error| Fault::internal(error.to_string()))?;
    MetricAlarm::from_json(&config)
        .map_err(|error| Fault::validation(format!("Failed to {error}")))?;
    keep(account, &name, AlarmKind::Metric, config, tags)
}

/// Keeps an alarm of either kind: a new one begins with too little data.
pub(super) fn keep(
    account: &Account,
    name: &str,
    kind: AlarmKind,
    config: Value,
    tags: Vec<Tag>,
) -> Answer {
    let now = account.clock.now_ms();
    if account
        .store
        .alarm(name)?
        .is_some_and(|known| known.kind != kind)
    {
        let message = format!("An alarm of another kind has the name {name} already");
        return Err(Fault::validation(message));
    }
    let before = account.store.put_alarm(&AlarmRow {
        name: name.to_owned(),
        kind,
        config: config.clone(),
        configured_ms: now,
        state: "INSUFFICIENT_DATA".to_owned(),
        reason: "Unchecked: Initial alarm creation".to_owned(),
        reason_data: None,
        updated_ms: now,
        transitioned_ms: now,
        evaluated_ms: None,
    })?;
    // Tags of an existing alarm change through TagResource only.
    if before.is_none() {
        account
            .store
            .tag(&account.alarm_arn(name), &Tag::pairs(tags))?;
    }
    let (what, word) = if before.is_none() {
        ("Create", "created")
    } else {
        ("Update", "updated")
    };
    let data = serde_json::json!({ "version": "1.0", "type": what, "updatedAlarm": config });
    configured(
        account,
        name,
        kind,
        (&format!("Alarm \"{name}\" {word}"), &data),
    )?;
    Ok(Tree::Null)
}

/// Notes a change of configuration in an alarm's history.
pub(super) fn configured(
    account: &Account,
    name: &str,
    kind: AlarmKind,
    what: (&str, &Value),
) -> Result<(), Fault> {
    account.store.add_history(&HistoryRow {
        id: 0,
        alarm: name.to_owned(),
        alarm_kind: kind,
        time_ms: account.clock.now_ms(),
        kind: HistoryKind::ConfigurationUpdate,
        summary: what.0.to_owned(),
        data: what.1.to_string(),
        from: None,
        to: None,
        reason: None,
    })?;
    account.changed(Change::Alarm);
    Ok(())
}
