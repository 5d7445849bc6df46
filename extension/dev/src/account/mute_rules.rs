//! Alarm mute rules: windows in which alarms change their state and tell nobody.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::mute_window::{Status, Window};
use super::operations::Answer;
use super::tags::{Tag, check_tags};
use super::{Account, Change, paging};
use crate::store::{DocumentRow, StoreError};
use crate::wire::de::Timestamp;
use crate::wire::{Fault, Tree};

/// The store's kind.
const RULE: &str = "mute-rule";
/// Alarms a rule may name.
const ALARMS: usize = 100;
/// Rules a page, unless another number is asked for, and at most.
const PAGE: usize = 50;
const MOST: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutAlarmMuteRule {
    name: String,
    description: Option<String>,
    rule: RuleInput,
    mute_targets: Option<TargetsInput>,
    #[serde(default)]
    tags: Vec<Tag>,
    start_date: Option<Timestamp>,
    expire_date: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RuleInput {
    schedule: Schedule,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Schedule {
    expression: String,
    duration: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    timezone: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TargetsInput {
    alarm_names: Vec<String>,
}

/// A rule as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    description: Option<String>,
    schedule: Schedule,
    alarms: Option<Vec<String>>,
    start_ms: Option<i64>,
    expire_ms: Option<i64>,
}

impl Kept {
    fn of(row: &DocumentRow) -> Option<Kept> {
        Kept::deserialize(&row.document).ok()
    }

    fn window(&self) -> Option<Window> {
        let zone = self.schedule.timezone.as_deref();
        let window = Window::read(&self.schedule.expression, &self.schedule.duration, zone);
        let window = window.ok()?;
        Some(window.between(self.start_ms, self.expire_ms))
    }

    fn names(&self, alarm: &str) -> bool {
        let alarms = self.alarms.as_ref();
        alarms.is_some_and(|alarms| alarms.iter().any(|name| name == alarm))
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MuteRuleName {
    alarm_mute_rule_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListAlarmMuteRules {
    alarm_name: Option<String>,
    #[serde(default)]
    statuses: Vec<String>,
    max_records: Option<usize>,
    next_token: Option<String>,
}

impl Account {
    fn mute_rule_arn(&self, name: &str) -> String {
        let (region, account) = (&self.region, &self.account_id);
        format!("arn:aws:cloudwatch:{region}:{account}:alarm-mute-rule:{name}")
    }

    /// The name of a rule that mutes an alarm at this time.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn muted_by(&self, alarm: &str, now_ms: i64) -> Result<Option<String>, StoreError> {
        let rules = self.store.documents(RULE)?;
        let muting = rules.into_iter().find(|row| {
            Kept::of(row).is_some_and(|rule| {
                rule.names(alarm)
                    && rule
                        .window()
                        .is_some_and(|window| window.status(now_ms) == Status::Active)
            })
        });
        Ok(muting.map(|row| row.key))
    }
}

/// Creates or replaces a rule.
pub(super) fn put_alarm_mute_rule(account: &Account, input: PutAlarmMuteRule) -> Answer {
    check_texts(&input)?;
    check_tags(&input.tags)?;
    let schedule = input.rule.schedule;
    Window::read(
        &schedule.expression,
        &schedule.duration,
        schedule.timezone.as_deref(),
    )
    .map_err(Fault::validation)?;
    let alarms = input.mute_targets.map(|targets| targets.alarm_names);
    check_alarms(account, alarms.as_deref().unwrap_or_default())?;
    let (start_ms, expire_ms) = (
        input.start_date.map(|date| date.0),
        input.expire_date.map(|date| date.0),
    );
    if let (Some(start), Some(expire)) = (start_ms, expire_ms)
        && expire <= start
    {
        return Err(Fault::validation("ExpireDate must be after StartDate"));
    }
    let kept = Kept {
        description: input.description,
        schedule,
        alarms,
        start_ms,
        expire_ms,
    };
    let document = serde_json::to_value(&kept)
        .map_err(|error| Fault::internal(format!("failed to keep the rule: {error}")))?;
    let now = account.clock.now_ms();
    let is_new = account
        .store
        .put_document(RULE, &input.name, &document, now)?;
    if is_new {
        let arn = account.mute_rule_arn(&input.name);
        account.store.tag(&arn, &Tag::pairs(input.tags))?;
    }
    account.changed(Change::Alarm);
    Ok(Tree::Null)
}

fn check_texts(input: &PutAlarmMuteRule) -> Result<(), Fault> {
    let length = |text: &str| text.chars().count();
    if !(1..=255).contains(&length(&input.name)) {
        return Err(Fault::validation(
            "The parameter Name must be 1 to 255 characters long.",
        ));
    }
    let description = input.description.as_deref().unwrap_or_default();
    if length(description) > 1024 {
        return Err(Fault::validation(
            "The parameter Description must be at most 1024 characters long.",
        ));
    }
    Ok(())
}

fn check_alarms(account: &Account, names: &[String]) -> Result<(), Fault> {
    if names.len() > ALARMS {
        return Err(Fault::validation(format!(
            "The collection AlarmNames must not have a size greater than {ALARMS}."
        )));
    }
    for name in names {
        if account.store.alarm(name)?.is_none() {
            return Err(Fault::validation(format!(
                "AlarmNames must match existing alarms: there is no alarm named {name}"
            )));
        }
    }
    Ok(())
}

pub(super) fn get_alarm_mute_rule(account: &Account, input: MuteRuleName) -> Answer {
    let name = &input.alarm_mute_rule_name;
    let found = account.store.document(RULE, name)?;
    let found = found.and_then(|row| Some((Kept::of(&row)?, row)));
    let (kept, row) = found
        .ok_or_else(|| Fault::no_resource(format!("Alarm mute rule {name} does not exist")))?;
    let schedule: Value = serde_json::to_value(&kept.schedule).unwrap_or_default();
    let targets = kept.alarms.as_ref().map(|alarms| {
        Tree::from(Tree::fields().set("AlarmNames", Tree::list(alarms.iter().map(String::as_str))))
    });
    let rule: Tree = Tree::fields().set("Schedule", schedule).into();
    Ok(Tree::fields()
        .set("Name", name.as_str())
        .maybe("Description", kept.description.clone())
        .set("Rule", rule)
        .maybe("MuteTargets", targets)
        .maybe("StartDate", kept.start_ms.map(Tree::Time))
        .all_of(summary(account, &row, &kept))
        .into())
}

/// What the listing says of a rule.
fn summary(account: &Account, row: &DocumentRow, kept: &Kept) -> Tree {
    let window = kept.window();
    let now = account.clock.now_ms();
    let status = window.as_ref().map(|window| window.status(now).as_str());
    let once = window.as_ref().is_some_and(Window::is_once);
    Tree::fields()
        .set("AlarmMuteRuleArn", account.mute_rule_arn(&row.key))
        .maybe("ExpireDate", kept.expire_ms.map(Tree::Time))
        .maybe("Status", status)
        .set("MuteType", if once { "ONE_TIME" } else { "RECURRING" })
        .set("LastUpdatedTimestamp", Tree::Time(row.modified_ms))
        .into()
}

pub(super) fn list_alarm_mute_rules(account: &Account, input: ListAlarmMuteRules) -> Answer {
    let known = ["SCHEDULED", "ACTIVE", "EXPIRED"];
    if input
        .statuses
        .iter()
        .any(|status| !known.contains(&status.as_str()))
    {
        return Err(Fault::validation(
            "The parameter Statuses holds something else than SCHEDULED, ACTIVE and EXPIRED.",
        ));
    }
    let size = input.max_records.unwrap_or(PAGE);
    if !(1..=MOST).contains(&size) {
        return Err(Fault::validation(format!(
            "The parameter MaxRecords must be between 1 and {MOST}."
        )));
    }
    let now = account.clock.now_ms();
    let rows = account.store.documents(RULE)?.into_iter();
    let rules = rows.filter_map(|row| Some((Kept::of(&row)?, row)));
    let found: Vec<(Kept, DocumentRow)> = rules
        .filter(|(kept, _)| {
            input
                .alarm_name
                .as_ref()
                .is_none_or(|name| kept.names(name))
        })
        .filter(|(kept, _)| {
            let status = kept.window().map(|window| window.status(now).as_str());
            input.statuses.is_empty()
                || status.is_some_and(|status| input.statuses.iter().any(|it| it == status))
        })
        .collect();
    let (page, next) = paging::page(found, input.next_token.as_deref(), size)?;
    let summaries = page.iter().map(|(kept, row)| summary(account, row, kept));
    Ok(Tree::fields()
        .set("AlarmMuteRuleSummaries", Tree::list(summaries))
        .maybe("NextToken", next)
        .into())
}

/// Deleting what is not there is no error.
pub(super) fn delete_alarm_mute_rule(account: &Account, input: MuteRuleName) -> Answer {
    let name = &input.alarm_mute_rule_name;
    account.store.delete_document(RULE, name)?;
    account.store.forget_tags(&account.mute_rule_arn(name))?;
    account.changed(Change::Alarm);
    Ok(Tree::Null)
}
