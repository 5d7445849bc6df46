//! CloudWatch Logs: log groups. Lines themselves come from the sandbox; they belong to
//! the log group of their function.

use serde::Deserialize;
use serde_json::json;

use super::operations::Answer;
use super::{Account, metric_filters, paging};
use crate::options::LogGroup;
use crate::store::StoreError;
use crate::wire::{Fault, Tree};

/// The store's kind.
const GROUP: &str = "log-group";
/// Entries a page, unless fewer are asked for.
const PAGE: usize = 50;
/// The days a log group may be told to keep lines (PutRetentionPolicy).
const RETENTIONS: [u32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

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

    /// The log group a function writes to: the one that names it, else Lambda's own.
    pub(super) fn group_of(&self, function: &str) -> Result<String, StoreError> {
        let named = self.store.documents(GROUP)?.into_iter();
        let named = named
            .filter(|row| row.document["function"] == function)
            .map(|row| row.key)
            .next();
        Ok(named.unwrap_or_else(|| format!("/aws/lambda/{function}")))
    }

    /// The functions whose lines a log group has, as [`Account::group_of`] finds it.
    pub(super) fn functions_of(&self, group: &str) -> Result<Vec<String>, StoreError> {
        let row = self.store.document(GROUP, group)?;
        let named = row.and_then(|row| row.document["function"].as_str().map(str::to_owned));
        let own = group.strip_prefix("/aws/lambda/").map(str::to_owned);
        let mut functions = Vec::new();
        for function in named.into_iter().chain(own) {
            if !functions.contains(&function) && self.group_of(&function)? == group {
                functions.push(function);
            }
        }
        Ok(functions)
    }

    /// # Errors
    /// `ResourceNotFoundException` when there is no such log group.
    pub(super) fn need_group(&self, name: &str) -> Result<(), Fault> {
        match self.store.document(GROUP, name)? {
            Some(_) => Ok(()),
            None => Err(Fault::no_log_resource(
                "The specified log group does not exist.",
            )),
        }
    }

    pub(super) fn log_group_arn(&self, name: &str) -> String {
        let (region, account) = (&self.region, &self.account_id);
        format!("arn:aws:logs:{region}:{account}:log-group:{name}")
    }
}

/// # Errors
/// `InvalidParameterException` for what is no name of a log group.
pub(super) fn check_group_name(field: &str, name: &str) -> Result<(), Fault> {
    check_name(field, name, |c| {
        c.is_ascii_alphanumeric() || "._-/#".contains(c)
    })
}

/// # Errors
/// `InvalidParameterException` for a name with a character that it may not have.
pub(super) fn check_name(
    field: &str,
    name: &str,
    fits: impl Fn(char) -> bool,
) -> Result<(), Fault> {
    match (1..=512).contains(&name.chars().count()) && name.chars().all(fits) {
        true => Ok(()),
        false => Err(Fault::log_parameter(format!("{field} '{name}' is invalid"))),
    }
}

/// How many entries a page has.
///
/// # Errors
/// `InvalidParameterException` for none or more than a page may have.
pub(super) fn size(limit: Option<usize>) -> Result<usize, Fault> {
    match limit {
        None => Ok(PAGE),
        Some(limit) if (1..=PAGE).contains(&limit) => Ok(limit),
        Some(limit) => Err(Fault::log_parameter(format!(
            "limit '{limit}' is not between 1 and {PAGE}"
        ))),
    }
}

pub(super) fn describe_log_groups(account: &Account, input: DescribeLogGroups) -> Answer {
    let mut found = account.store.documents(GROUP)?;
    found.retain(|row| {
        let prefix = input.log_group_name_prefix.as_deref().unwrap_or_default();
        let part = input.log_group_name_pattern.as_deref().unwrap_or_default();
        row.key.starts_with(prefix) && row.key.to_lowercase().contains(&part.to_lowercase())
    });
    let filters = account.store.documents(metric_filters::KIND)?;
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
    check_group_name("logGroupName", name)?;
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
