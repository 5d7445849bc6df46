//! Metric filters: each line that a function writes is shown to the filters of its log
//! group, and what they make of it is metric data.

use std::collections::BTreeMap;

use obs_cloudwatch::log_filter::Pattern;
use obs_cloudwatch::metric::Unit;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::log_groups::{check_group_name, check_name, size};
use super::operations::Answer;
use super::{Account, Change, paging};
use crate::store::{Datum, LogRecord, StoreError};
use crate::wire::{Fault, Tree};

/// The store's kind.
pub(super) const KIND: &str = "metric-filter";
/// Filters a log group may have.
const FILTERS: usize = 100;
/// Dimensions a filter's metric may have.
const DIMENSIONS: usize = 3;
/// The namespaces that only AWS writes to.
const RESERVED: &str = "AWS/";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PutMetricFilter {
    log_group_name: String,
    filter_name: String,
    filter_pattern: String,
    metric_transformations: Vec<Transformation>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Transformation {
    metric_name: String,
    metric_namespace: String,
    metric_value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    dimensions: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FilterName {
    log_group_name: String,
    filter_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribeMetricFilters {
    log_group_name: Option<String>,
    filter_name_prefix: Option<String>,
    metric_name: Option<String>,
    metric_namespace: Option<String>,
    next_token: Option<String>,
    limit: Option<usize>,
}

impl Account {
    /// Shows a function's line to the filters of its log group; what they make of it
    /// is metric data.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub(super) fn filter_line(&self, record: &LogRecord) -> Result<(), StoreError> {
        let filters = self.store.documents(KIND)?;
        if filters.is_empty() {
            return Ok(());
        }
        let group = self.group_of(&record.function)?;
        for row in filters {
            let Ok(filter) = serde_json::from_value::<PutMetricFilter>(row.document) else {
                continue;
            };
            if group != filter.log_group_name {
                continue;
            }
            let (Ok(pattern), Some(writes)) = (
                Pattern::parse(&filter.filter_pattern),
                filter.metric_transformations.first(),
            ) else {
                continue;
            };
            let Some(datum) = writes.datum(&pattern, record) else {
                continue;
            };
            self.store
                .put_metric_data(&writes.metric_namespace, &[datum])?;
            self.changed(Change::Metric);
        }
        Ok(())
    }
}

impl Transformation {
    /// What a line counts as. One that fits and lacks a dimension's field counts for
    /// nothing: half of the dimensions would be another metric.
    fn datum(&self, pattern: &Pattern, record: &LogRecord) -> Option<Datum> {
        let line = &record.line;
        let (value, dimensions) = match pattern.matches(line) {
            true => {
                let dimension = |(name, selector): (&String, &String)| {
                    let value = pattern.text(selector, line).filter(|it| is_value(it))?;
                    Some((name.clone(), value))
                };
                let dimensions: Option<Vec<_>> = self.dimensions.iter().map(dimension).collect();
                (pattern.value(&self.metric_value, line)?, dimensions?)
            }
            false => (self.default_value?, Vec::new()),
        };
        let unit = self.unit.as_deref().and_then(Unit::parse);
        Some(Datum {
            name: self.metric_name.clone(),
            dimensions,
            unit: unit.unwrap_or(Unit::NONE),
            resolution: 60,
            timestamp_ms: record.time_ms,
            values: vec![(value, 1.0)],
            of_set: false,
        })
    }
}

/// Whether CloudWatch takes it as a dimension's value.
fn is_value(text: &str) -> bool {
    text.is_ascii() && text.len() <= 1024 && !text.trim().is_empty()
}

fn key(group: &str, name: &str) -> String {
    // `:` stands in neither.
    format!("{group}:{name}")
}

/// Creates or replaces a filter.
pub(super) fn put_metric_filter(account: &Account, input: PutMetricFilter) -> Answer {
    check_filter(&input)?;
    account.need_group(&input.log_group_name)?;
    let group = format!("{}:", input.log_group_name);
    let key = key(&input.log_group_name, &input.filter_name);
    let others = account.store.documents(KIND)?;
    let others = others
        .iter()
        .filter(|row| row.key.starts_with(&group) && row.key != key);
    if others.count() >= FILTERS {
        return Err(Fault::limit("Resource limit exceeded."));
    }
    let document = serde_json::to_value(&input)
        .map_err(|error| Fault::internal(format!("failed to keep the filter: {error}")))?;
    let now = account.clock.now_ms();
    account.store.put_document(KIND, &key, &document, now)?;
    Ok(Tree::Null)
}

fn check_filter(input: &PutMetricFilter) -> Result<(), Fault> {
    check_group_name("logGroupName", &input.log_group_name)?;
    check_name("filterName", &input.filter_name, |c| !":*".contains(c))?;
    if input.filter_pattern.chars().count() > 1024 {
        return Err(Fault::log_parameter(
            "filterPattern has more than 1024 characters",
        ));
    }
    let pattern = Pattern::parse(&input.filter_pattern)
        .map_err(|error| Fault::log_parameter(format!("Invalid metric filter pattern: {error}")))?;
    let [writes] = &input.metric_transformations[..] else {
        return Err(Fault::log_parameter(
            "metricTransformations must have exactly one member",
        ));
    };
    for (field, value) in [
        ("metricName", &writes.metric_name),
        ("metricNamespace", &writes.metric_namespace),
    ] {
        let fits = value.chars().count() <= 255 && !value.contains([':', '*', '$']);
        if !fits || value.is_empty() {
            return Err(Fault::log_parameter(format!(
                "{field} '{value}' is invalid"
            )));
        }
    }
    if writes.metric_namespace.starts_with(RESERVED) {
        return Err(Fault::log_parameter(
            "metricNamespace must not begin with AWS/",
        ));
    }
    check_dimensions(writes, &pattern)?;
    if let Some(unit) = &writes.unit {
        Unit::parse(unit).ok_or_else(|| Fault::log_parameter(format!("unit '{unit}'")))?;
    }
    let number = writes.metric_value.parse::<f64>().is_ok();
    let selects = writes.metric_value.starts_with("$.")
        || pattern.check_selector(&writes.metric_value).is_ok();
    if writes.metric_value.len() > 100 || !(number || selects) {
        return Err(Fault::log_parameter(format!(
            "Invalid metric transformation: metricValue '{}' is neither a number nor a selector",
            writes.metric_value
        )));
    }
    Ok(())
}

fn check_dimensions(writes: &Transformation, pattern: &Pattern) -> Result<(), Fault> {
    let count = writes.dimensions.len();
    if count > DIMENSIONS {
        return Err(Fault::log_parameter(format!(
            "dimensions has {count} members; at most {DIMENSIONS} are taken"
        )));
    }
    if count > 0 && writes.default_value.is_some() {
        return Err(Fault::log_parameter(
            "a metric transformation with dimensions takes no defaultValue",
        ));
    }
    for (name, selector) in &writes.dimensions {
        if name.len() > 255 || !is_value(name) || name.starts_with(':') {
            return Err(Fault::log_parameter(format!(
                "dimension name '{name}' is not 1 to 255 ASCII characters, or begins with a colon"
            )));
        }
        pattern.check_selector(selector).map_err(|error| {
            Fault::log_parameter(format!(
                "Invalid metric transformation: dimension '{name}': {error}"
            ))
        })?;
    }
    Ok(())
}

pub(super) fn describe_metric_filters(account: &Account, input: DescribeMetricFilters) -> Answer {
    if let Some(group) = &input.log_group_name {
        account.need_group(group)?;
    }
    if input.metric_name.is_some() != input.metric_namespace.is_some() {
        return Err(Fault::log_parameter(
            "metricName and metricNamespace go together",
        ));
    }
    let mut found = account.store.documents(KIND)?;
    found.retain(|row| {
        let filter = &row.document;
        let writes = &filter["metricTransformations"][0];
        let is = |wanted: &Option<String>, value: &Value| {
            wanted.as_ref().is_none_or(|wanted| value == wanted)
        };
        // Without a log group AWS does not look at the prefix.
        let prefix = input.filter_name_prefix.as_deref().unwrap_or_default();
        let begins = input.log_group_name.is_none()
            || filter["filterName"]
                .as_str()
                .is_some_and(|name| name.starts_with(prefix));
        begins
            && is(&input.log_group_name, &filter["logGroupName"])
            && is(&input.metric_name, &writes["metricName"])
            && is(&input.metric_namespace, &writes["metricNamespace"])
    });
    let size = size(input.limit)?;
    let (page, next) = paging::page(found, input.next_token.as_deref(), size)
        .map_err(|_| Fault::log_parameter("The specified nextToken is invalid."))?;
    let filters = page.into_iter().map(|row| {
        Tree::fields()
            .all_of(Tree::from(row.document))
            .set("creationTime", row.created_ms)
    });
    Ok(Tree::fields()
        .set("metricFilters", Tree::list(filters))
        .maybe("nextToken", next)
        .into())
}

pub(super) fn delete_metric_filter(account: &Account, input: FilterName) -> Answer {
    account.need_group(&input.log_group_name)?;
    let key = key(&input.log_group_name, &input.filter_name);
    match account.store.delete_document(KIND, &key)? {
        true => Ok(Tree::Null),
        false => Err(Fault::no_log_resource(
            "The specified metric filter does not exist.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use obs_cloudwatch::metric::MetricFilter;
    use serde_json::json;

    use super::*;
    use crate::account::operations;
    use crate::clock::ManualClock;
    use crate::options::LogGroup;
    use crate::store::{OWN_STREAM, Store};
    use crate::wire::Service;

    const NOW_MS: i64 = 1_795_410_000_000;

    fn account() -> Account {
        let clock = Arc::new(ManualClock::at(NOW_MS));
        let store = Store::in_memory().unwrap();
        let account = Account::new(store, clock, "us-east-1", "http://127.0.0.1:0");
        let group = LogGroup {
            name: "/shop/orders".to_owned(),
            function: Some("orders".to_owned()),
            retention_days: None,
        };
        account.keep_log_groups(&[group]).unwrap();
        account
    }

    fn put(account: &Account, pattern: &str, more: Value) -> Answer {
        let mut writes = json!({
            "metricName": "Calls", "metricNamespace": "Shop", "metricValue": "1",
        });
        let fields = writes.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        let input = json!({
            "logGroupName": "/shop/orders", "filterName": "calls", "filterPattern": pattern,
            "metricTransformations": [writes],
        });
        operations::call(account, Service::Logs, "PutMetricFilter", Tree::from(input))
    }

    /// Every series that the lines became, with its dimensions.
    fn check(pattern: &str, writes: Value, lines: &[&str], expect: &[&[(&str, &str)]]) {
        let account = account();
        put(&account, pattern, writes).unwrap();
        for line in lines {
            let record = LogRecord {
                time_ms: NOW_MS,
                function: "orders".to_owned(),
                stream: OWN_STREAM.to_owned(),
                request_id: None,
                line: (*line).to_owned(),
            };
            account.log(&record).unwrap();
        }
        let series = account.store.series(&MetricFilter::default()).unwrap();
        let mut found: Vec<_> = series
            .into_iter()
            .map(|row| row.metric.dimensions)
            .collect();
        found.sort();
        let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        let expect: Vec<Vec<_>> = expect
            .iter()
            .map(|it| it.iter().map(owned).collect())
            .collect();
        assert_eq!(found, expect, "{pattern}");
    }

    #[test]
    fn a_line_that_fits_has_the_values_of_its_fields_as_dimensions() {
        let two = json!({ "dimensions": { "Code": "$.code", "Kind": "$.of.kind" } });
        check(
            "{ $.code = * }",
            two,
            &[
                r#"{"code":404,"of":{"kind":"a"}}"#,
                r#"{"code":404,"of":{"kind":"a"}}"#,
                r#"{"code":"x","of":{"kind":true}}"#,
                // Without one of the fields, or with none that can be a dimension's value.
                r#"{"code":404}"#,
                r#"{"code":404,"of":{"kind":""}}"#,
                r#"{"code":404,"of":{"kind":"ä"}}"#,
                r#"{"code":404,"of":{"kind":["a"]}}"#,
                r#"{"other":1}"#,
            ],
            &[
                &[("Code", "404"), ("Kind", "a")],
                &[("Code", "x"), ("Kind", "true")],
            ],
        );
        check(
            "[ip, ..., code = 4*, bytes]",
            json!({ "metricValue": "$bytes", "dimensions": { "Code": "$code" } }),
            &[
                "1.1.1.1 - 404 17",
                "1.1.1.1 - 403 5",
                "1.1.1.1 - 200 5",
                "1.1.1.1 - 404 -",
            ],
            &[&[("Code", "403")], &[("Code", "404")]],
        );
        check(
            "ERROR",
            json!({ "defaultValue": 0.0 }),
            &["ERROR", "x"],
            &[&[]],
        );
    }

    #[test]
    fn dimensions_that_cannot_be_are_refused() {
        let check = |pattern: &str, writes: Value, says: &str| {
            let fault = put(&account(), pattern, writes).unwrap_err();
            assert_eq!(fault.code, "InvalidParameterException");
            assert!(fault.message.contains(says), "{pattern}: {}", fault.message);
        };
        let of = |name: &str, selector: &str| json!({ "dimensions": { name: selector } });
        let json = "{ $.a = 1 }";
        check(json, of("A", "a"), "dimension 'A': expected a selector");
        check(json, of("A", "$a"), "expected a selector");
        check(json, of(":A", "$.a"), "dimension name ':A'");
        check(json, of(" ", "$.a"), "dimension name");
        check(
            "[a, b]",
            of("A", "$c"),
            "`$c` is none of the pattern's fields",
        );
        check("ERROR", of("A", "$.a"), "needs a pattern of JSON");
        check("", of("A", "$.a"), "needs a pattern of JSON");
        let four = json!({ "dimensions": { "A": "$.a", "B": "$.b", "C": "$.c", "D": "$.d" } });
        check(json, four, "4 members; at most 3");
        let default = json!({ "dimensions": { "A": "$.a" }, "defaultValue": 0 });
        check(json, default, "takes no defaultValue");
        check(
            "[a, b]",
            json!({ "metricValue": "$c" }),
            "neither a number nor a selector",
        );
    }

    #[test]
    fn dimensions_are_described_as_they_were_put() {
        let account = account();
        let dimensions = json!({ "Code": "$.code" });
        put(
            &account,
            "{ $.code = * }",
            json!({ "dimensions": dimensions }),
        )
        .unwrap();
        let input = Tree::from(json!({ "logGroupName": "/shop/orders" }));
        let answer = operations::call(&account, Service::Logs, "DescribeMetricFilters", input);
        let answer = format!("{:?}", answer.unwrap());
        assert!(
            answer.contains("[(\"Code\", Text(\"$.code\"))]"),
            "{answer}"
        );
    }
}
