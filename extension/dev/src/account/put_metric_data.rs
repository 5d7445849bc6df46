//! PutMetricData, as strict as CloudWatch: one bad datum and nothing is kept.

use std::collections::BTreeSet;

use obs_cloudwatch::metric::{Unit, values_of_statistic_set};
use serde::Deserialize;

use super::operations::Answer;
use super::{Account, Change};
use crate::store::Datum;
use crate::wire::de::Timestamp;
use crate::wire::{Fault, Tree};

/// Most data a call may carry.
const DATA: usize = 1000;
/// Most distinct values one datum may carry.
const VALUES: usize = 150;
/// Most dimensions a metric may have.
const DIMENSIONS: usize = 30;
/// How far back and ahead a timestamp may lie.
const PAST_MS: i64 = 14 * 86_400_000;
const FUTURE_MS: i64 = 2 * 3_600_000;

/// The input, and its parts.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutMetricData {
    namespace: String,
    #[serde(default)]
    metric_data: Vec<MetricDatum>,
    #[serde(default)]
    entity_metric_data: Vec<EntityMetricData>,
}

/// Data that belongs to an entity; the entity itself is not kept.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EntityMetricData {
    #[serde(default)]
    metric_data: Vec<MetricDatum>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MetricDatum {
    metric_name: String,
    #[serde(default)]
    dimensions: Vec<Dimension>,
    timestamp: Option<Timestamp>,
    value: Option<f64>,
    statistic_values: Option<StatisticSet>,
    #[serde(default)]
    values: Vec<f64>,
    #[serde(default)]
    counts: Vec<f64>,
    unit: Option<String>,
    storage_resolution: Option<i64>,
}

/// A dimension of an input.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Dimension {
    pub(super) name: String,
    pub(super) value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StatisticSet {
    sample_count: f64,
    sum: f64,
    minimum: f64,
    maximum: f64,
}

/// Keeps the data of a call.
pub(super) fn put_metric_data(account: &Account, input: PutMetricData) -> Answer {
    let of_entities = input
        .entity_metric_data
        .into_iter()
        .flat_map(|entity| entity.metric_data);
    let given: Vec<MetricDatum> = input.metric_data.into_iter().chain(of_entities).collect();
    let count = given.len();
    match checked(account.clock.now_ms(), &input.namespace, given) {
        Ok(data) => {
            account.store.put_metric_data(&input.namespace, &data)?;
            let points: f64 = data
                .iter()
                .flat_map(|datum| &datum.values)
                .map(|(_, count)| count)
                .sum();
            account.store.count("points_received", points)?;
            account.changed(Change::Metric);
            Ok(Tree::Null)
        }
        Err(fault) => {
            account.store.count("metrics_rejected", count as f64)?;
            Err(fault)
        }
    }
}

fn checked(now_ms: i64, namespace: &str, given: Vec<MetricDatum>) -> Result<Vec<Datum>, Fault> {
    check_namespace(namespace)?;
    if given.is_empty() {
        return Err(Fault::missing("The parameter MetricData is required."));
    }
    if given.len() > DATA {
        let message =
            format!("The collection MetricData must not have a size greater than {DATA}.");
        return Err(Fault::validation(message));
    }
    let data = given.into_iter().enumerate();
    data.map(|(index, datum)| datum.checked(now_ms, &format!("MetricData.member.{}", index + 1)))
        .collect()
}

fn check_namespace(namespace: &str) -> Result<(), Fault> {
    let invalid = |why: &str| {
        Fault::value(format!(
            "The value {namespace} for parameter Namespace is invalid. {why}"
        ))
    };
    if namespace.is_empty() || namespace.chars().count() > 255 {
        return Err(invalid("It must be 1 to 255 characters long."));
    }
    if namespace.starts_with(':') || namespace.trim().is_empty() || !is_printable(namespace) {
        return Err(invalid(
            "It must be ASCII, not blank, and not begin with a colon.",
        ));
    }
    if namespace.starts_with("AWS/") {
        return Err(invalid("AWS/ namespaces are kept for AWS services."));
    }
    Ok(())
}

impl MetricDatum {
    fn checked(self, now_ms: i64, at: &str) -> Result<Datum, Fault> {
        check_text(&format!("{at}.MetricName"), &self.metric_name, 255)?;
        check_dimensions(at, &self.dimensions)?;
        let timestamp_ms = self.timestamp.map_or(now_ms, |time| time.0);
        if timestamp_ms < now_ms - PAST_MS || timestamp_ms > now_ms + FUTURE_MS {
            let message = format!(
                "The parameter {at}.Timestamp must specify a time no more than two weeks in the past and two \
                 hours in the future."
            );
            return Err(Fault::value(message));
        }
        let resolution = match self.storage_resolution {
            None | Some(60) => 60,
            Some(1) => 1,
            Some(other) => {
                let message = format!(
                    "The value {other} for parameter {at}.StorageResolution is invalid: 1 or 60."
                );
                return Err(Fault::value(message));
            }
        };
        let unit = match self.unit.as_deref() {
            None => Unit::NONE,
            Some(text) => Unit::parse(text).ok_or_else(|| {
                Fault::validation(format!(
                    "The value {text} for parameter {at}.Unit is none of CloudWatch's units."
                ))
            })?,
        };
        let values = self.given_values(at)?;
        // A set of one sample, or of equal ones, is as good as its values.
        let of_set = self.statistic_values.is_some() && values.len() > 1;
        let dimensions = self
            .dimensions
            .into_iter()
            .map(|d| (d.name, d.value))
            .collect();
        Ok(Datum {
            name: self.metric_name,
            dimensions,
            unit,
            resolution,
            timestamp_ms,
            values,
            of_set,
        })
    }

    /// The values in whichever of the three ways they were given.
    fn given_values(&self, at: &str) -> Result<Vec<(f64, f64)>, Fault> {
        match (self.value, &self.statistic_values, self.values.is_empty()) {
            (Some(value), None, true) => {
                check_number(&format!("{at}.Value"), value)?;
                Ok(vec![(value, 1.0)])
            }
            (None, Some(set), true) => set.checked(&format!("{at}.StatisticValues")),
            (None, None, false) => self.checked_values(at),
            (None, None, true) => Err(Fault::missing(format!(
                "At least one of the parameters {at}.Value, {at}.Values or {at}.StatisticValues must be specified."
            ))),
            _ => Err(Fault::combination(format!(
                "The parameters {at}.Value, {at}.Values and {at}.StatisticValues are mutually exclusive and you \
                 have specified more than one."
            ))),
        }
    }

    fn checked_values(&self, at: &str) -> Result<Vec<(f64, f64)>, Fault> {
        let ones = vec![1.0; self.values.len()];
        let counts = if self.counts.is_empty() {
            &ones
        } else {
            &self.counts
        };
        if counts.len() != self.values.len() {
            let message =
                format!("The parameters {at}.Values and {at}.Counts must be of the same size.");
            return Err(Fault::value(message));
        }
        for (index, (value, count)) in self.values.iter().zip(counts).enumerate() {
            check_number(&format!("{at}.Values.member.{}", index + 1), *value)?;
            check_number(&format!("{at}.Counts.member.{}", index + 1), *count)?;
            if *count <= 0.0 {
                let message = format!(
                    "The value {count} for parameter {at}.Counts.member.{} must be greater than 0.",
                    index + 1
                );
                return Err(Fault::value(message));
            }
        }
        let distinct: BTreeSet<u64> = self.values.iter().map(|value| value.to_bits()).collect();
        if distinct.len() > VALUES {
            let message =
                format!("The collection {at}.Values must not have a size greater than {VALUES}.");
            return Err(Fault::value(message));
        }
        Ok(self
            .values
            .iter()
            .copied()
            .zip(counts.iter().copied())
            .collect())
    }
}

impl StatisticSet {
    fn checked(&self, at: &str) -> Result<Vec<(f64, f64)>, Fault> {
        let parts = [
            ("SampleCount", self.sample_count),
            ("Sum", self.sum),
            ("Minimum", self.minimum),
            ("Maximum", self.maximum),
        ];
        for (name, number) in parts {
            check_number(&format!("{at}.{name}"), number)?;
        }
        if self.sample_count <= 0.0 {
            return Err(Fault::value(format!(
                "The parameter {at}.SampleCount must be greater than 0."
            )));
        }
        if self.minimum > self.maximum {
            let message = format!(
                "The parameter {at}.Maximum must be greater than or equal to {at}.Minimum."
            );
            return Err(Fault::combination(message));
        }
        Ok(values_of_statistic_set(
            self.sample_count,
            self.sum,
            self.minimum,
            self.maximum,
        ))
    }
}

fn check_number(at: &str, number: f64) -> Result<(), Fault> {
    // 2^360; CloudWatch refuses what lies beyond.
    if number.is_finite() && number.abs() <= 2f64.powi(360) {
        return Ok(());
    }
    let message =
        format!("The value {number} for parameter {at} is invalid: a number from -2^360 to 2^360.");
    Err(Fault::value(message))
}

fn check_text(at: &str, text: &str, longest: usize) -> Result<(), Fault> {
    if text.is_empty() || text.chars().count() > longest {
        let message = format!("The parameter {at} must be 1 to {longest} characters long.");
        return Err(Fault::value(message));
    }
    if text.trim().is_empty() || !is_printable(text) {
        let message = format!(
            "The value {text} for parameter {at} contains non-ASCII characters, or is blank."
        );
        return Err(Fault::value(message));
    }
    Ok(())
}

fn is_printable(text: &str) -> bool {
    text.chars().all(|c| (' '..='~').contains(&c))
}

/// Checks dimensions wherever an input has them.
pub(super) fn check_dimensions(at: &str, dimensions: &[Dimension]) -> Result<(), Fault> {
    if dimensions.len() > DIMENSIONS {
        let message = format!(
            "The collection {at}.Dimensions must not have a size greater than {DIMENSIONS}."
        );
        return Err(Fault::validation(message));
    }
    let mut names = BTreeSet::new();
    for (index, dimension) in dimensions.iter().enumerate() {
        let at = format!("{at}.Dimensions.member.{}", index + 1);
        check_text(&format!("{at}.Name"), &dimension.name, 255)?;
        check_text(&format!("{at}.Value"), &dimension.value, 1024)?;
        if dimension.name.starts_with(':') {
            return Err(Fault::value(format!(
                "The parameter {at}.Name must not begin with a colon."
            )));
        }
        if !names.insert(&dimension.name) {
            return Err(Fault::value(format!(
                "The parameter {at}.Name is given twice: {}.",
                dimension.name
            )));
        }
    }
    Ok(())
}
