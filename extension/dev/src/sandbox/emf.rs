//! The embedded metric format: metrics inside a log line, extracted as CloudWatch Logs does.
//!
//! A line is an EMF line when it is a JSON object whose `_aws` holds `CloudWatchMetrics`. What
//! breaks a rule is reported and left out; the rest of the line still counts, as at AWS. The
//! published schema does not check targets, counts or numbers, so this does.

use obs_cloudwatch::metric::Unit;
use serde_json::{Map, Value};

use crate::store::Datum;

/// Most metrics of one directive.
const MAX_METRICS: usize = 100;
/// Most values of one metric in one line.
const MAX_VALUES: usize = 100;
/// Most dimensions of one set.
const MAX_DIMENSIONS: usize = 30;
/// Largest magnitude of a value: 2^360.
const MAX_MAGNITUDE: f64 = 2.348_542_582_773_833_4e108;
/// Oldest and newest timestamp, from now, in milliseconds.
const PAST_MS: i64 = 14 * 24 * 3_600_000;
const FUTURE_MS: i64 = 2 * 3_600_000;
/// Most problems kept of one line; more would only repeat.
const MAX_PROBLEMS: usize = 20;

/// What one line held.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Extraction {
    /// The metrics found, each with its namespace.
    pub(crate) metrics: Vec<(String, Datum)>,
    /// What was refused, one sentence each.
    pub(crate) problems: Vec<String>,
}

impl Extraction {
    fn refuse(&mut self, problem: String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        }
    }
}

/// Extracts the metrics of a log line; `None` when it is not an EMF line.
///
/// `now_ms` judges the timestamp, which may be 14 days old or 2 hours ahead.
pub(crate) fn extract(line: &str, now_ms: i64) -> Option<Extraction> {
    // Most lines are no EMF: look for the key before parsing.
    if !line.contains("\"_aws\"") {
        return None;
    }
    let Ok(Value::Object(root)) = serde_json::from_str::<Value>(line) else {
        return line.contains("\"CloudWatchMetrics\"").then(|| Extraction {
            metrics: Vec::new(),
            problems: vec!["the line is not valid JSON".to_owned()],
        });
    };
    let directives = root.get("_aws")?.as_object()?.get("CloudWatchMetrics")?;
    let mut found = Extraction::default();
    let timestamp_ms = match timestamp(&root, now_ms) {
        Ok(timestamp_ms) => timestamp_ms,
        Err(problem) => {
            found.refuse(problem);
            return Some(found);
        }
    };
    match directives {
        Value::Array(directives) => {
            for directive in directives {
                if let Err(problem) = one_directive(&root, directive, timestamp_ms, &mut found) {
                    found.refuse(problem);
                }
            }
        }
        _ => found.refuse("_aws.CloudWatchMetrics is not an array".to_owned()),
    }
    Some(found)
}

fn timestamp(root: &Map<String, Value>, now_ms: i64) -> Result<i64, String> {
    let value = &root["_aws"]["Timestamp"];
    let ms = value
        .as_i64()
        .ok_or_else(|| format!("_aws.Timestamp is {}, not whole milliseconds", shown(value)))?;
    if ms < now_ms - PAST_MS || ms > now_ms + FUTURE_MS {
        return Err(format!(
            "_aws.Timestamp {ms} is not within 14 days ago and 2 hours ahead"
        ));
    }
    Ok(ms)
}

fn one_directive(
    root: &Map<String, Value>,
    directive: &Value,
    timestamp_ms: i64,
    found: &mut Extraction,
) -> Result<(), String> {
    let namespace = directive["Namespace"]
        .as_str()
        .ok_or("a directive has no Namespace")?;
    if namespace.is_empty() || namespace.len() > 255 || namespace.starts_with(':') {
        return Err(format!(
            "namespace {:?} is not 1 to 255 characters",
            cut(namespace)
        ));
    }
    let sets = dimension_sets(root, &directive["Dimensions"], found)?;
    let metrics = directive["Metrics"]
        .as_array()
        .ok_or("a directive has no array Metrics")?;
    if metrics.len() > MAX_METRICS {
        found.refuse(format!(
            "{} metrics in a directive, over {MAX_METRICS}",
            metrics.len()
        ));
    }
    for definition in metrics.iter().take(MAX_METRICS) {
        match one_metric(root, definition) {
            Ok(metric) => {
                for set in &sets {
                    let dimensions = set.clone();
                    let datum = Datum {
                        dimensions,
                        timestamp_ms,
                        ..metric.clone()
                    };
                    found.metrics.push((namespace.to_owned(), datum));
                }
            }
            Err(problem) => found.refuse(problem),
        }
    }
    Ok(())
}

/// A dimension set: names with their values.
type Set = Vec<(String, String)>;

/// The dimension sets with their values; no set at all means one empty set.
fn dimension_sets(
    root: &Map<String, Value>,
    sets: &Value,
    found: &mut Extraction,
) -> Result<Vec<Set>, String> {
    let sets = match sets {
        Value::Null => return Ok(vec![Vec::new()]),
        Value::Array(sets) if sets.is_empty() => return Ok(vec![Vec::new()]),
        Value::Array(sets) => sets,
        other => {
            return Err(format!(
                "Dimensions is {}, not an array of arrays",
                shown(other)
            ));
        }
    };
    let mut good = Vec::new();
    for set in sets {
        match one_set(root, set) {
            Ok(set) => good.push(set),
            Err(problem) => found.refuse(problem),
        }
    }
    Ok(good)
}

fn one_set(root: &Map<String, Value>, set: &Value) -> Result<Set, String> {
    let names = set.as_array().ok_or("a dimension set is not an array")?;
    if names.len() > MAX_DIMENSIONS {
        return Err(format!(
            "{} dimensions in a set, over {MAX_DIMENSIONS}",
            names.len()
        ));
    }
    let mut pairs: Set = Vec::with_capacity(names.len());
    for name in names {
        let name = name.as_str().ok_or("a dimension name is not a string")?;
        if name.is_empty() || name.len() > 255 || name.starts_with(':') || !name.is_ascii() {
            return Err(format!("dimension name {:?} is not allowed", cut(name)));
        }
        let value = match root.get(name) {
            Some(Value::String(value)) => value,
            Some(other) => {
                return Err(format!(
                    "dimension {name} is {}, not a string",
                    shown(other)
                ));
            }
            None => return Err(format!("dimension {name} is not in the line")),
        };
        if value.trim().is_empty() || value.len() > 1024 || !value.is_ascii() {
            return Err(format!(
                "the value of dimension {name} is not 1 to 1024 ASCII characters"
            ));
        }
        if !pairs.iter().any(|(known, _)| known == name) {
            pairs.push((name.to_owned(), value.clone()));
        }
    }
    Ok(pairs)
}

/// A metric's name, unit, resolution and values; dimensions and time come later.
fn one_metric(root: &Map<String, Value>, definition: &Value) -> Result<Datum, String> {
    let name = definition["Name"].as_str().ok_or("a metric has no Name")?;
    if name.trim().is_empty() || name.len() > 255 {
        return Err(format!(
            "metric name {:?} is not 1 to 255 characters",
            cut(name)
        ));
    }
    let unit = match &definition["Unit"] {
        Value::Null => Unit::NONE,
        other => other
            .as_str()
            .and_then(Unit::parse)
            .ok_or_else(|| format!("metric {name} has the unknown unit {}", shown(other)))?,
    };
    let resolution = match &definition["StorageResolution"] {
        Value::Null => 60,
        value if value.as_u64() == Some(1) => 1,
        value if value.as_u64() == Some(60) => 60,
        other => {
            return Err(format!(
                "metric {name} has StorageResolution {}, not 1 or 60",
                shown(other)
            ));
        }
    };
    let target = root
        .get(name)
        .ok_or_else(|| format!("metric {name} has no value in the line"))?;
    let values = target_values(name, target)?;
    Ok(Datum {
        name: name.to_owned(),
        dimensions: Vec::new(),
        unit,
        resolution,
        timestamp_ms: 0,
        values,
        of_set: false,
    })
}

/// A number, an array of numbers, or `{"Values":[...],"Counts":[...]}`.
fn target_values(name: &str, target: &Value) -> Result<Vec<(f64, f64)>, String> {
    let (values, counts) = match target {
        Value::Number(_) => (std::slice::from_ref(target), None),
        Value::Array(values) => (values.as_slice(), None),
        Value::Object(histogram) => {
            let values = histogram.get("Values").and_then(Value::as_array);
            let values = values.ok_or_else(|| format!("metric {name} has no array Values"))?;
            let counts = match histogram.get("Counts") {
                None => None,
                Some(counts) => Some(
                    counts
                        .as_array()
                        .ok_or_else(|| format!("metric {name}: Counts is no array"))?,
                ),
            };
            (values.as_slice(), counts)
        }
        other => return Err(format!("metric {name} is {}, not a number", shown(other))),
    };
    if values.is_empty() || values.len() > MAX_VALUES {
        return Err(format!(
            "metric {name} has {} values, not 1 to {MAX_VALUES}",
            values.len()
        ));
    }
    if counts.is_some_and(|counts| counts.len() != values.len()) {
        return Err(format!("metric {name} has not as many Counts as Values"));
    }
    let number = |value: &Value| {
        value
            .as_f64()
            .filter(|number| number.abs() <= MAX_MAGNITUDE)
            .ok_or_else(|| format!("metric {name} has the value {}, not a number", shown(value)))
    };
    let mut pairs = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        let count = counts.map_or(Ok(1.0), |counts| number(&counts[index]))?;
        if count <= 0.0 {
            return Err(format!(
                "metric {name} has the count {count}, not above zero"
            ));
        }
        pairs.push((number(value)?, count));
    }
    Ok(pairs)
}

fn shown(value: &Value) -> String {
    cut(&value.to_string())
}

fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_795_404_658_826;

    fn line(directive: Value, fields: Value) -> String {
        let mut root = fields;
        root["_aws"] = json!({"Timestamp": NOW, "CloudWatchMetrics": [directive]});
        root.to_string()
    }

    fn orders(dimensions: Value, metric: Value) -> Value {
        json!({"Namespace": "Shop", "Dimensions": dimensions, "Metrics": [metric]})
    }

    fn check(line: &str, metrics: usize, problem: &str) {
        let found = extract(line, NOW).expect("an EMF line");
        assert_eq!(found.metrics.len(), metrics, "{found:?}");
        let all = found.problems.join("; ");
        assert_eq!(all.is_empty(), problem.is_empty(), "{all}");
        assert!(all.contains(problem), "{all}");
    }

    #[test]
    fn a_line_without_the_directive_is_a_plain_log_line() {
        for plain in [
            "",
            "hello",
            "{}",
            r#"{"_aws":1}"#,
            r#"{"_aws":{}}"#,
            r#"the "_aws" key"#,
        ] {
            assert_eq!(extract(plain, NOW), None, "{plain}");
        }
    }

    #[test]
    fn every_dimension_set_is_a_metric_of_its_own() {
        let directive = json!({
            "Namespace": "Shop",
            "Dimensions": [["service"], ["service", "kind"], []],
            "Metrics": [{"Name": "Orders", "Unit": "Count", "StorageResolution": 1}],
        });
        let line = line(
            directive,
            json!({"service": "pay", "kind": "card", "Orders": 3}),
        );
        let found = extract(&line, NOW).expect("an EMF line");
        assert_eq!(found.problems, Vec::<String>::new());
        let sets: Vec<usize> = found
            .metrics
            .iter()
            .map(|(_, datum)| datum.dimensions.len())
            .collect();
        assert_eq!(sets, [1, 2, 0]);
        let (namespace, first) = &found.metrics[0];
        assert_eq!(
            (namespace.as_str(), first.name.as_str()),
            ("Shop", "Orders")
        );
        assert_eq!((first.unit.as_str(), first.resolution), ("Count", 1));
        assert_eq!(
            (first.timestamp_ms, first.values.as_slice()),
            (NOW, &[(3.0, 1.0)][..])
        );
    }

    #[test]
    fn numbers_arrays_and_histograms_are_values_with_counts() {
        let check = |target: Value, expect: &[(f64, f64)]| {
            let text = line(
                orders(json!([[]]), json!({"Name": "A"})),
                json!({"A": target}),
            );
            let found = extract(&text, NOW).expect("an EMF line");
            assert_eq!(found.metrics[0].1.values, expect, "{found:?}");
        };
        check(json!(1.5), &[(1.5, 1.0)]);
        check(json!([1, 2, 2]), &[(1.0, 1.0), (2.0, 1.0), (2.0, 1.0)]);
        check(
            json!({"Values": [5, 6], "Counts": [2, 3.5]}),
            &[(5.0, 2.0), (6.0, 3.5)],
        );
        check(
            json!({"Values": [5], "Max": 5, "Min": 5, "Sum": 5, "Count": 1}),
            &[(5.0, 1.0)],
        );
    }

    #[test]
    fn what_breaks_a_rule_is_named_and_the_rest_of_the_line_counts() {
        let two = json!({
            "Namespace": "Shop",
            "Dimensions": [["service"], ["missing"]],
            "Metrics": [{"Name": "A"}, {"Name": "B", "Unit": "Parsecs"}],
        });
        let text = line(two, json!({"service": "pay", "A": 1, "B": 2}));
        check(
            &text,
            1,
            "dimension missing is not in the line; metric B has the unknown unit",
        );
    }

    #[test]
    fn values_that_are_not_numbers_are_refused() {
        let with = |target: Value| {
            line(
                orders(json!([]), json!({"Name": "A", "Unit": "Count"})),
                json!({"A": target}),
            )
        };
        check(&with(json!("7")), 0, "metric A is \"7\", not a number");
        check(&with(json!(null)), 0, "metric A is null");
        check(&with(json!([])), 0, "has 0 values");
        check(&with(json!(vec![1; 101])), 0, "has 101 values");
        check(&with(json!(vec![1; 100])), 1, "");
        check(&with(json!([1, "x"])), 0, "has the value \"x\"");
        check(&with(json!(1e109)), 0, "not a number");
        check(
            &with(json!({"Values": [1], "Counts": [1, 2]})),
            0,
            "not as many Counts",
        );
        check(
            &with(json!({"Values": [1], "Counts": [0]})),
            0,
            "the count 0",
        );
        check(&with(json!({"Counts": [0]})), 0, "no array Values");
        check(
            &line(orders(json!([]), json!({"Name": "A"})), json!({})),
            0,
            "has no value",
        );
    }

    #[test]
    fn names_dimensions_and_times_out_of_bounds_are_refused() {
        let fields = || json!({"A": 1, "d": 1, "blank": " ", "long": "x".repeat(1025)});
        let with = |dimensions: Value| line(orders(dimensions, json!({"Name": "A"})), fields());
        check(&with(json!([["d"]])), 0, "dimension d is 1, not a string");
        check(&with(json!([["blank"]])), 0, "dimension blank");
        check(&with(json!([["long"]])), 0, "dimension long");
        check(&with(json!([[":a"]])), 0, "not allowed");
        check(&with(json!("d")), 0, "not an array of arrays");
        check(&with(json!([vec!["A"; 31]])), 0, "31 dimensions");
        let metrics: Vec<Value> = (0..101).map(|_| json!({"Name": "A"})).collect();
        let many = json!({"Namespace": "Shop", "Dimensions": [], "Metrics": metrics});
        check(&line(many, fields()), 100, "101 metrics in a directive");
        check(&line(json!({"Metrics": []}), fields()), 0, "no Namespace");
        let resolution = json!({"Name": "A", "StorageResolution": 5});
        check(
            &line(orders(json!([]), resolution), fields()),
            0,
            "not 1 or 60",
        );
        let at =
            |ms: Value| json!({"_aws": {"Timestamp": ms, "CloudWatchMetrics": []}}).to_string();
        check(&at(json!(NOW - PAST_MS - 1)), 0, "14 days");
        check(&at(json!(NOW + FUTURE_MS + 1)), 0, "2 hours");
        check(&at(json!("now")), 0, "whole milliseconds");
        check(&at(json!(NOW)), 0, "");
        check(
            r#"{"_aws":{"Timestamp":1,"CloudWatchMetrics":[]}, "a": NaN}"#,
            0,
            "not valid JSON",
        );
    }
}
