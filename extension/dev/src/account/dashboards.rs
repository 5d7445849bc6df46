//! Dashboards: put with the engine's validation, given back byte for byte.

use obs_cloudwatch::dashboard::{self, Problem, Severity};
use serde::Deserialize;

use super::operations::Answer;
use super::tags::{Tag, check_tags};
use super::{Account, Change, paging};
use crate::store::DashboardRow;
use crate::wire::{Fault, Tree};

/// Dashboards a page.
const PAGE: usize = 1000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutDashboard {
    dashboard_name: String,
    dashboard_body: String,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetDashboard {
    dashboard_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListDashboards {
    dashboard_name_prefix: Option<String>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteDashboards {
    dashboard_names: Vec<String>,
}

impl Account {
    /// The ARN of a dashboard; dashboards are in no region.
    pub(super) fn dashboard_arn(&self, name: &str) -> String {
        format!("arn:aws:cloudwatch::{}:dashboard/{name}", self.account_id)
    }
}

/// Creates or replaces a dashboard. A body with errors is refused; warnings come
/// back as messages.
pub(super) fn put_dashboard(account: &Account, input: PutDashboard) -> Answer {
    let name = &input.dashboard_name;
    let valid = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || name.len() > 255 || !name.chars().all(valid) {
        let message = format!(
            "The value {name} for field DashboardName contains invalid characters, or is too long."
        );
        return Err(Fault::value(message));
    }
    check_tags(&input.tags)?;
    let (errors, warnings) = validate(&input.dashboard_body);
    if !errors.is_empty() {
        let details = Tree::fields()
            .set("dashboardValidationMessages", errors)
            .into();
        let message = "The field DashboardBody is not valid: see its validation messages";
        return Err(Fault::dashboard(message, details));
    }
    let is_new = account.store.put_dashboard(&DashboardRow {
        name: name.clone(),
        body: input.dashboard_body,
        modified_ms: account.clock.now_ms(),
    })?;
    // Tags of an existing dashboard change through TagResource only.
    if is_new {
        account
            .store
            .tag(&account.dashboard_arn(name), &Tag::pairs(input.tags))?;
    }
    account.changed(Change::Dashboard);
    Ok(Tree::fields()
        .set("DashboardValidationMessages", warnings)
        .into())
}

pub(super) fn get_dashboard(account: &Account, input: GetDashboard) -> Answer {
    let found = account.store.dashboard(&input.dashboard_name)?;
    let dashboard = found.ok_or_else(|| Fault::no_dashboard(&input.dashboard_name))?;
    Ok(Tree::fields()
        .set("DashboardArn", account.dashboard_arn(&dashboard.name))
        .set("DashboardBody", dashboard.body)
        .set("DashboardName", dashboard.name)
        .into())
}

pub(super) fn list_dashboards(account: &Account, input: ListDashboards) -> Answer {
    let prefix = input.dashboard_name_prefix.unwrap_or_default();
    let all = account.store.dashboards(&prefix)?;
    let (page, next) = paging::page(all, input.next_token.as_deref(), PAGE)?;
    let entry = |dashboard: DashboardRow| {
        Tree::fields()
            .set("DashboardArn", account.dashboard_arn(&dashboard.name))
            .set("DashboardName", dashboard.name)
            .set("LastModified", Tree::Time(dashboard.modified_ms))
            .set(
                "Size",
                i64::try_from(dashboard.body.len()).unwrap_or(i64::MAX),
            )
    };
    let entries = Tree::list(page.into_iter().map(entry));
    Ok(Tree::fields()
        .set("DashboardEntries", entries)
        .maybe("NextToken", next)
        .into())
}

/// Deletes all or, when one of them does not exist, none.
pub(super) fn delete_dashboards(account: &Account, input: DeleteDashboards) -> Answer {
    if input.dashboard_names.len() > 100 {
        return Err(Fault::value(
            "At most 100 dashboards can be deleted in one call",
        ));
    }
    for name in &input.dashboard_names {
        if account.store.dashboard(name)?.is_none() {
            return Err(Fault::no_dashboard(name));
        }
    }
    account.store.delete_dashboards(&input.dashboard_names)?;
    for name in &input.dashboard_names {
        account.store.forget_tags(&account.dashboard_arn(name))?;
    }
    account.changed(Change::Dashboard);
    Ok(Tree::empty())
}

/// What is wrong with a body, and what is only doubtful, as AWS's messages.
fn validate(body: &str) -> (Vec<Tree>, Vec<Tree>) {
    let problems = dashboard::validate(body);
    let (errors, warnings): (Vec<_>, Vec<_>) = problems
        .into_iter()
        .partition(|p| p.severity == Severity::Error);
    let message = |problem: Problem| {
        let message = Tree::fields().set("DataPath", problem.data_path);
        Tree::from(message.set("Message", problem.message))
    };
    let told = |problems: Vec<Problem>| problems.into_iter().map(message).collect();
    (told(errors), told(warnings))
}
