//! CloudWatch Logs: log groups and their metric filters. Lines themselves come from
//! the sandbox; each is shown to the filters of its function's log group.

use std::collections::BTreeMap;

use obs_cloudwatch::log_filter::Pattern;
use obs_cloudwatch::metric::Unit;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::operations::Answer;
use super::{Account, Change, paging};
use crate::options::LogGroup;
use crate::store::{Datum, LogRecord, StoreError};
use crate::wire::{Fault, Tree};

/// The store's kinds.
const GROUP: &str = "log-group";
const FILTER: &str = "metric-filter";
/// Filters a log group may have.
const FILTERS: usize = 100;
/// Entries a page, unless fewer are asked for.
const PAGE: usize = 50;
/// The days a log group may be told to keep lines (PutRetentionPolicy).
const RETENTIONS: [u32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];
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

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribeLogGroups {
    log_group_name_prefix: Option<String>,
    log_group_name_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GroupName {
    log_group_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PutRetentionPolicy {
    log_group_name: String,
    retention_in_days: u32,
}

impl Account {
    /// Makes the log groups that are there without anybody's call: Lambda makes those
    /// of functions, a trail's was named with the trail.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(crate) fn keep_log_groups(&self, groups: &[LogGroup]) -> Result<(), StoreError> {
        let now = self.clock.now_ms();
        for group in groups {
            let document = json!({
                "function": group.function,
                "retentionInDays": group.retention_days,
            });
            self.store
                .put_document(GROUP, &group.name, &document, now)?;
        }
        Ok(())
    }

    /// Shows a function's line to the filters of its log group; what they make of it
    /// is metric data.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub(super) fn filter_line(&self, record: &LogRecord) -> Result<(), StoreError> {
        let filters = self.store.documents(FILTER)?;
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
            let value = match pattern.matches(&record.line) {
                true => pattern.value(&writes.metric_value, &record.line),
                false => writes.default_value,
            };
            let Some(value) = value else { continue };
            let unit = writes.unit.as_deref().and_then(Unit::parse);
            let datum = Datum {
                name: writes.metric_name.clone(),
                dimensions: Vec::new(),
                unit: unit.unwrap_or(Unit::NONE),
                resolution: 60,
                timestamp_ms: record.time_ms,
                values: vec![(value, 1.0)],
            };
            self.store
                .put_metric_data(&writes.metric_namespace, &[datum])?;
            self.changed(Change::Metric);
        }
        Ok(())
    }

    /// The log group a function writes to: the one that names it, else Lambda's own.
    fn group_of(&self, function: &str) -> Result<String, StoreError> {
        let named = self.store.documents(GROUP)?.into_iter();
        let named = named
            .filter(|row| row.document["function"] == function)
            .map(|row| row.key)
            .next();
        Ok(named.unwrap_or_else(|| format!("/aws/lambda/{function}")))
    }

    fn need_group(&self, name: &str) -> Result<(), Fault> {
        match self.store.document(GROUP, name)? {
            Some(_) => Ok(()),
            None => Err(Fault::no_log_resource(
                "The specified log group does not exist.",
            )),
        }
    }

    fn log_group_arn(&self, name: &str) -> String {
        let (region, account) = (&self.region, &self.account_id);
        format!("arn:aws:logs:{region}:{account}:log-group:{name}")
    }
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
    let others = account.store.documents(FILTER)?;
    let others = others
        .iter()
        .filter(|row| row.key.starts_with(&group) && row.key != key);
    if others.count() >= FILTERS {
        return Err(Fault::limit("Resource limit exceeded."));
    }
    let document = serde_json::to_value(&input)
        .map_err(|error| Fault::internal(format!("failed to keep the filter: {error}")))?;
    let now = account.clock.now_ms();
    account.store.put_document(FILTER, &key, &document, now)?;
    Ok(Tree::Null)
}

fn check_filter(input: &PutMetricFilter) -> Result<(), Fault> {
    check_name("logGroupName", &input.log_group_name, |c| {
        c.is_ascii_alphanumeric() || "._-/#".contains(c)
    })?;
    check_name("filterName", &input.filter_name, |c| !":*".contains(c))?;
    if input.filter_pattern.chars().count() > 1024 {
        return Err(Fault::log_parameter(
            "filterPattern has more than 1024 characters",
        ));
    }
    Pattern::parse(&input.filter_pattern)
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
    if !writes.dimensions.is_empty() {
        if writes.default_value.is_some() {
            return Err(Fault::log_parameter(
                "a metric transformation with dimensions takes no defaultValue",
            ));
        }
        return Err(Fault::log_parameter(
            "obs dev does not evaluate dimensions of metric filters; leave them out",
        ));
    }
    if let Some(unit) = &writes.unit {
        Unit::parse(unit).ok_or_else(|| Fault::log_parameter(format!("unit '{unit}'")))?;
    }
    let number = writes.metric_value.parse::<f64>().is_ok();
    // `$.size` of a JSON line, `$bytes` of a field divided by spaces.
    let selects = writes.metric_value.starts_with('$') && writes.metric_value.len() > 1;
    if writes.metric_value.len() > 100 || !(number || selects) {
        return Err(Fault::log_parameter(format!(
            "Invalid metric transformation: metricValue '{}' is neither a number nor a selector",
            writes.metric_value
        )));
    }
    Ok(())
}

fn check_name(field: &str, name: &str, fits: impl Fn(char) -> bool) -> Result<(), Fault> {
    match (1..=512).contains(&name.chars().count()) && name.chars().all(fits) {
        true => Ok(()),
        false => Err(Fault::log_parameter(format!("{field} '{name}' is invalid"))),
    }
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
    let mut found = account.store.documents(FILTER)?;
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

fn size(limit: Option<usize>) -> Result<usize, Fault> {
    match limit {
        None => Ok(PAGE),
        Some(limit) if (1..=PAGE).contains(&limit) => Ok(limit),
        Some(limit) => Err(Fault::log_parameter(format!(
            "limit '{limit}' is not between 1 and {PAGE}"
        ))),
    }
}

pub(super) fn delete_metric_filter(account: &Account, input: FilterName) -> Answer {
    account.need_group(&input.log_group_name)?;
    let key = key(&input.log_group_name, &input.filter_name);
    match account.store.delete_document(FILTER, &key)? {
        true => Ok(Tree::Null),
        false => Err(Fault::no_log_resource(
            "The specified metric filter does not exist.",
        )),
    }
}

pub(super) fn describe_log_groups(account: &Account, input: DescribeLogGroups) -> Answer {
    let mut found = account.store.documents(GROUP)?;
    found.retain(|row| {
        let prefix = input.log_group_name_prefix.as_deref().unwrap_or_default();
        let part = input.log_group_name_pattern.as_deref().unwrap_or_default();
        row.key.starts_with(prefix) && row.key.to_lowercase().contains(&part.to_lowercase())
    });
    let filters = account.store.documents(FILTER)?;
    let size = size(input.limit)?;
    let (page, next) = paging::page(found, input.next_token.as_deref(), size)
        .map_err(|_| Fault::log_parameter("The specified nextToken is invalid."))?;
    let groups = page.into_iter().map(|row| {
        let own = format!("{}:", row.key);
        let count = filters.iter().filter(|it| it.key.starts_with(&own)).count();
        let arn = account.log_group_arn(&row.key);
        Tree::fields()
            .set("logGroupName", row.key)
            .set("creationTime", row.created_ms)
            .maybe("retentionInDays", row.document["retentionInDays"].as_i64())
            .set(
                "metricFilterCount",
                i64::try_from(count).unwrap_or(i64::MAX),
            )
            .set("arn", format!("{arn}:*"))
            .set("logGroupArn", arn)
            .set("storedBytes", 0_i64)
    });
    Ok(Tree::fields()
        .set("logGroups", Tree::list(groups))
        .maybe("nextToken", next)
        .into())
}

pub(super) fn create_log_group(account: &Account, input: GroupName) -> Answer {
    let name = &input.log_group_name;
    check_name("logGroupName", name, |c| {
        c.is_ascii_alphanumeric() || "._-/#".contains(c)
    })?;
    if account.store.document(GROUP, name)?.is_some() {
        return Err(Fault::log_exists("The specified log group already exists"));
    }
    let now = account.clock.now_ms();
    account.store.put_document(GROUP, name, &json!({}), now)?;
    Ok(Tree::Null)
}

pub(super) fn put_retention_policy(account: &Account, input: PutRetentionPolicy) -> Answer {
    let days = input.retention_in_days;
    let known = account.store.document(GROUP, &input.log_group_name)?;
    let Some(mut row) = known else {
        return Err(Fault::no_log_resource(
            "The specified log group does not exist.",
        ));
    };
    if !RETENTIONS.contains(&days) {
        return Err(Fault::log_parameter(format!(
            "retentionInDays '{days}' is none of the values that CloudWatch Logs takes"
        )));
    }
    row.document["retentionInDays"] = days.into();
    let now = account.clock.now_ms();
    account
        .store
        .put_document(GROUP, &row.key, &row.document, now)?;
    Ok(Tree::Null)
}
