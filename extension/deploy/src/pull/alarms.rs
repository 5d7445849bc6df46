//! Alarms as `alarms/*.yaml` says them.

use super::escape::escaped;
use super::routes::Routes;
use crate::model::alarm::Term;
use crate::model::{
    Actions, Alarm, CompositeAlarm, EventRule, MetricAlarm, MetricFilter, MetricRef, Query, Signal,
    Target,
};
use crate::value::Duration;
use crate::yaml::{Entry, Yaml, entry};

/// The name of an expression that is given no other.
const RESULT: &str = "result";

/// A text of the account.
pub(super) fn said(text: &str) -> Yaml {
    Yaml::text(escaped(text))
}

/// Writes alarms.
pub(super) struct Writer<'a> {
    pub(super) target: &'a Target,
    pub(super) routes: &'a mut Routes,
    /// Filters that go with alarms.
    pub(super) filters: &'a [MetricFilter],
    /// Whether alarms that say no runbook or owner get those of `defaults:`.
    pub(super) defaults: (bool, bool),
}

impl Writer<'_> {
    /// An alarm; the reason where the files have no words for it.
    pub(super) fn alarm(&mut self, alarm: &Alarm) -> Result<Yaml, String> {
        let (foreign, enabled) = match alarm {
            Alarm::Metric(alarm) => (&alarm.foreign, alarm.actions_enabled),
            Alarm::Composite(alarm) => (&alarm.foreign, alarm.actions_enabled),
        };
        if let Some(setting) = foreign.keys().next() {
            return Err(format!(
                "the files have no word for its setting `{setting}`"
            ));
        }
        if !enabled {
            return Err(
                "its actions are switched off, and an alarm of the files always acts: switch them on, or mute it with a window under `mutes:`"
                    .to_owned(),
            );
        }
        match alarm {
            Alarm::Metric(alarm) => self.metric(alarm),
            Alarm::Composite(alarm) => self.composite(alarm),
        }
    }

    /// Name, severity and what people say of it.
    fn head(
        &mut self,
        name: &str,
        description: &str,
        actions: &Actions,
    ) -> Result<Vec<Entry>, String> {
        let mut entries = vec![entry("name", said(name))];
        let severity = self.routes.severity(self.target, actions)?;
        entries.push(entry("severity", Yaml::text(severity)));
        let told = Told::of(description, &self.target.marker())?;
        let (runbook, owner) = self.defaults;
        let parts = [
            ("description", told.description, false),
            ("runbook", told.runbook, runbook),
            ("owner", told.owner, owner),
        ];
        for (key, text, default) in parts {
            match text {
                Some(text) => entries.push(entry(key, said(text))),
                // An empty text keeps the project's default away.
                None if default => entries.push(entry(key, Yaml::text(""))),
                None => {}
            }
        }
        Ok(entries)
    }

    fn metric(&mut self, alarm: &MetricAlarm) -> Result<Yaml, String> {
        let mut entries = self.head(&alarm.name, &alarm.description, &alarm.actions)?;
        let period = match &alarm.signal {
            Signal::Metric {
                metric,
                statistic,
                unit,
                period,
            } => {
                if let Some(filter) = self.filter(&alarm.name, metric) {
                    entries.push(entry("filter", filter));
                }
                entries.push(entry("metric", reference(metric, unit.as_deref())));
                entries.push(entry("statistic", said(statistic)));
                *period
            }
            Signal::Math(queries) => math(queries, &mut entries)?,
        };
        entries.push(entry(
            "period",
            Yaml::Plain(Duration::from_seconds(period).to_string()),
        ));
        let sign = match alarm.comparison.as_str() {
            "GreaterThanThreshold" => ">",
            "GreaterThanOrEqualToThreshold" => ">=",
            "LessThanThreshold" => "<",
            "LessThanOrEqualToThreshold" => "<=",
            other => {
                return Err(format!(
                    "the files have no word for the comparison `{other}`"
                ));
            }
        };
        let condition = format!("{sign} {}", alarm.threshold);
        entries.push(entry("condition", Yaml::text(condition)));
        let (of, periods) = (alarm.datapoints_to_alarm, alarm.evaluation_periods);
        if (of, periods) != (1, 1) {
            entries.push(entry(
                "datapoints",
                Yaml::Plain(format!("{of} of {periods}")),
            ));
        }
        if alarm.treat_missing_data != "missing" {
            entries.push(entry(
                "treat_missing_data",
                Yaml::text(&alarm.treat_missing_data),
            ));
        }
        if let Some(low) = &alarm.low_samples {
            entries.push(entry("low_samples", Yaml::text(low)));
        }
        Ok(Yaml::Map(entries))
    }

    /// The filter that writes the alarm's metric and bears its name.
    fn filter(&self, alarm: &str, metric: &MetricRef) -> Option<Yaml> {
        let filter = self
            .filters
            .iter()
            .find(|filter| goes_with(filter, alarm, metric, self.target))?;
        let mut entries = vec![
            entry("log_group", said(&filter.log_group)),
            entry("pattern", said(&filter.pattern)),
        ];
        if filter.value != "1" {
            entries.push(entry("value", said(&filter.value)));
        }
        Some(Yaml::Map(entries))
    }

    fn composite(&mut self, alarm: &CompositeAlarm) -> Result<Yaml, String> {
        let mut entries = self.head(&alarm.name, &alarm.description, &alarm.actions)?;
        entries.push(entry("rule", said(&alarm.rule)));
        if let Some(suppressor) = &alarm.suppressor {
            let seconds = |seconds: u32| Yaml::Plain(format!("{seconds}s"));
            entries.push(entry(
                "suppressor",
                Yaml::map([
                    ("alarm", said(&suppressor.alarm)),
                    ("wait", seconds(suppressor.wait)),
                    ("extension", seconds(suppressor.extension)),
                ]),
            ));
        }
        Ok(Yaml::Map(entries))
    }

    /// An event rule.
    pub(super) fn event(&mut self, rule: &EventRule) -> Result<Yaml, String> {
        if let Some(setting) = rule.foreign.keys().next() {
            return Err(format!(
                "the files have no word for its setting `{setting}`"
            ));
        }
        let mut entries = vec![
            entry("name", said(&rule.name)),
            entry("severity", Yaml::text(self.routes.told_by(&rule.topics)?)),
        ];
        if !rule.description.is_empty() {
            entries.push(entry("description", said(&rule.description)));
        }
        entries.push(entry("pattern", of_json(&rule.pattern)));
        Ok(Yaml::Map(entries))
    }
}

/// Whether the resolver would make this filter of the alarm of this name.
pub(super) fn goes_with(
    filter: &MetricFilter,
    alarm: &str,
    metric: &MetricRef,
    target: &Target,
) -> bool {
    let name = format!(
        "{}{}",
        target.filter_prefix(),
        alarm.replace([':', '*'], "-")
    );
    filter.name == name
        && filter.metric_namespace == metric.namespace
        && filter.metric_name == metric.name
        && filter.default_value == Some(0.0)
        && filter.foreign.is_empty()
}

fn reference(metric: &MetricRef, unit: Option<&str>) -> Yaml {
    let mut entries = vec![
        entry("namespace", said(&metric.namespace)),
        entry("name", said(&metric.name)),
    ];
    dimensions(metric, &mut entries);
    entries.extend(unit.map(|unit| entry("unit", said(unit))));
    Yaml::Map(entries)
}

fn dimensions(metric: &MetricRef, entries: &mut Vec<Entry>) {
    if !metric.dimensions.is_empty() {
        let all = metric.dimensions.iter();
        let all = all.map(|(name, value)| (name.clone(), said(value)));
        entries.push(entry("dimensions", Yaml::map(all)));
    }
}

/// An expression with what it names; its period.
fn math(queries: &[Query], entries: &mut Vec<Entry>) -> Result<u32, String> {
    let mut compared = queries.iter().filter(|query| query.returns);
    let (Some(result), None) = (compared.next(), compared.next()) else {
        return Err("not exactly one of its metrics is compared with the threshold".to_owned());
    };
    let Term::Expression { text } = &result.term else {
        return Err(format!(
            "`{}` is compared with the threshold and is a metric among others: the files compare an expression, or the one metric there is",
            result.id
        ));
    };
    entries.push(entry("expression", said(text)));
    if result.id != RESULT || result.label.is_some() {
        let mut named = Vec::new();
        if result.id != RESULT {
            named.push(entry("id", Yaml::text(&result.id)));
        }
        named.extend(
            result
                .label
                .as_ref()
                .map(|label| entry("label", said(label))),
        );
        entries.push(entry("result", Yaml::Map(named)));
    }
    let mut period = None;
    let mut terms = Vec::new();
    for query in queries.iter().filter(|query| !query.returns) {
        let mut term = Vec::new();
        match &query.term {
            Term::Expression { text } => term.push(entry("expression", said(text))),
            Term::Metric {
                metric,
                statistic,
                unit,
                period: own,
            } => {
                if period.is_some_and(|period| period != *own) {
                    return Err("its metrics have several periods".to_owned());
                }
                period = Some(*own);
                term.push(entry("namespace", said(&metric.namespace)));
                term.push(entry("name", said(&metric.name)));
                dimensions(metric, &mut term);
                term.push(entry("statistic", said(statistic)));
                term.extend(unit.as_ref().map(|unit| entry("unit", said(unit))));
            }
        }
        term.extend(
            query
                .label
                .as_ref()
                .map(|label| entry("label", said(label))),
        );
        terms.push(entry(&query.id, Yaml::Map(term)));
    }
    entries.push(entry("metrics", Yaml::Map(terms)));
    period
        .ok_or_else(|| "its expression names no metric, so that nothing says its period".to_owned())
}

/// A description taken apart as the resolver puts it together.
struct Told<'a> {
    description: Option<&'a str>,
    runbook: Option<&'a str>,
    owner: Option<&'a str>,
}

impl<'a> Told<'a> {
    fn of(text: &'a str, marker: &str) -> Result<Told<'a>, String> {
        let text = match text.strip_suffix(marker) {
            Some(text) if text.is_empty() || text.ends_with('\n') => text.trim_end_matches('\n'),
            _ => {
                let last = text.rsplit('\n').next().unwrap_or_default();
                if let Some(whose) = last.strip_prefix("Kept as code by obs: ") {
                    let whose = whose.split(" #").next().unwrap_or_default();
                    return Err(format!("left out: it is kept by {whose}"));
                }
                text
            }
        };
        let (text, owner) = Told::line(text, "Owner: ");
        let (text, runbook) = Told::line(text, "Runbook: ");
        Ok(Told {
            description: (!text.trim().is_empty()).then_some(text),
            runbook,
            owner,
        })
    }

    /// Takes the last line off when it begins so.
    fn line(text: &'a str, label: &str) -> (&'a str, Option<&'a str>) {
        let (rest, last) = text.rsplit_once('\n').unwrap_or(("", text));
        match last.strip_prefix(label) {
            Some(value) if !value.is_empty() && value == value.trim() => (rest, Some(value)),
            _ => (text, None),
        }
    }
}

/// A JSON value in YAML; texts of it may hold references, keys may not.
pub(super) fn of_json(value: &serde_json::Value) -> Yaml {
    match value {
        serde_json::Value::String(text) => said(text),
        serde_json::Value::Array(items) => Yaml::List(items.iter().map(of_json).collect()),
        serde_json::Value::Object(map) => {
            Yaml::map(map.iter().map(|(key, value)| (key.clone(), of_json(value))))
        }
        other => Yaml::Plain(other.to_string()),
    }
}
