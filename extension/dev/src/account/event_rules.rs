//! EventBridge: rules on the default bus and their targets. Nothing puts events here:
//! rules are kept as AWS keeps them and send nothing.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::operations::Answer;
use super::tags::{Tag, check_tags};
use super::{Account, paging};
use crate::store::DocumentRow;
use crate::wire::{Fault, Tree};

/// The store's kind.
const RULE: &str = "event-rule";
/// Rules a bus may have, and targets a rule.
const RULES: usize = 300;
const TARGETS: usize = 5;
/// Targets a call may put.
const AT_ONCE: usize = 10;
/// Entries a page, unless fewer are asked for.
const PAGE: usize = 100;
const DEFAULT_BUS: &str = "default";

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutRule {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule_expression: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_pattern: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_bus_name: Option<String>,
    #[serde(default, skip_serializing)]
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RuleName {
    name: String,
    event_bus_name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListRules {
    name_prefix: Option<String>,
    event_bus_name: Option<String>,
    next_token: Option<String>,
    limit: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListTargets {
    rule: String,
    event_bus_name: Option<String>,
    next_token: Option<String>,
    limit: Option<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutTargets {
    rule: String,
    event_bus_name: Option<String>,
    targets: Vec<Map<String, Value>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RemoveTargets {
    rule: String,
    event_bus_name: Option<String>,
    ids: Vec<String>,
}

impl Account {
    /// The ARN of a rule on the default bus.
    pub(super) fn event_rule_arn(&self, name: &str) -> String {
        let (region, account) = (&self.region, &self.account_id);
        format!("arn:aws:events:{region}:{account}:rule/{name}")
    }

    /// Whether an ARN is that of a rule that exists.
    pub(super) fn is_event_rule(&self, arn: &str) -> Result<bool, Fault> {
        match arn.strip_prefix(&self.event_rule_arn("")) {
            Some(name) => Ok(self.store.document(RULE, name)?.is_some()),
            None => Ok(false),
        }
    }

    fn need_rule(&self, name: &str, bus: Option<&str>) -> Result<DocumentRow, Fault> {
        check_bus(bus)?;
        self.store.document(RULE, name)?.ok_or_else(|| {
            let message = format!("Rule {name} does not exist on EventBus {DEFAULT_BUS}.");
            Fault::no_event_resource(message)
        })
    }
}

fn check_bus(bus: Option<&str>) -> Result<(), Fault> {
    match bus {
        None | Some(DEFAULT_BUS) => Ok(()),
        Some(other) if other.ends_with(":event-bus/default") => Ok(()),
        Some(other) => Err(Fault::no_event_resource(format!(
            "Event bus {other} does not exist."
        ))),
    }
}

/// Creates or replaces a rule; its targets stay.
pub(super) fn put_rule(account: &Account, mut input: PutRule) -> Answer {
    check_bus(input.event_bus_name.take().as_deref())?;
    check_rule(&input)?;
    check_tags(&input.tags).map_err(|fault| Fault::validation(fault.message))?;
    let known = account.store.document(RULE, &input.name)?;
    if known.is_none() && account.store.documents(RULE)?.len() >= RULES {
        return Err(Fault::limit(
            "The requested resource exceeds the maximum number allowed.",
        ));
    }
    input.state.get_or_insert_with(|| "ENABLED".to_owned());
    let targets = match &known {
        Some(row) => row.document["targets"].clone(),
        None => json!([]),
    };
    let document = json!({ "rule": input, "targets": targets });
    let now = account.clock.now_ms();
    account
        .store
        .put_document(RULE, &input.name, &document, now)?;
    let arn = account.event_rule_arn(&input.name);
    if known.is_none() {
        // Tags of an existing rule change through TagResource only.
        account.store.tag(&arn, &Tag::pairs(input.tags))?;
    }
    Ok(Tree::fields().set("RuleArn", arn).into())
}

fn check_rule(input: &PutRule) -> Result<(), Fault> {
    check_name("name", &input.name)?;
    let long = |text: &Option<String>, most: usize| {
        text.as_ref()
            .is_some_and(|text| text.chars().count() > most)
    };
    if long(&input.description, 512) {
        return Err(Fault::validation(
            "description has more than 512 characters",
        ));
    }
    let states = [
        "ENABLED",
        "DISABLED",
        "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
    ];
    if input
        .state
        .as_ref()
        .is_some_and(|state| !states.contains(&state.as_str()))
    {
        return Err(Fault::validation("state is none of its values"));
    }
    if input.event_pattern.is_none() && input.schedule_expression.is_none() {
        return Err(Fault::validation(
            "Parameter(s) EventPattern or ScheduleExpression must be specified.",
        ));
    }
    let Some(text) = &input.event_pattern else {
        return Ok(());
    };
    if long(&input.event_pattern, 4096) {
        return Err(Fault::event_pattern(
            "Reason: the pattern is longer than 4096 characters",
        ));
    }
    let pattern: Value = serde_json::from_str(text)
        .map_err(|error| Fault::event_pattern(format!("Reason: {error}")))?;
    check_pattern(&pattern).map_err(Fault::event_pattern)
}

/// Objects down to lists, and lists of values or of one-key matchers.
fn check_pattern(pattern: &Value) -> Result<(), String> {
    let fields = pattern.as_object().ok_or("Filter is not an object")?;
    if fields.is_empty() {
        return Err("Reason: Empty objects are not allowed".to_owned());
    }
    for (name, value) in fields {
        match value {
            Value::Object(_) => check_pattern(value)?,
            Value::Array(items) if name == "$or" => {
                items.iter().try_for_each(check_pattern)?;
            }
            Value::Array(items) if items.is_empty() => {
                return Err("Reason: Empty arrays are not allowed".to_owned());
            }
            Value::Array(_) => {}
            _ => {
                return Err(format!("Reason: \"{name}\" must be an object or an array"));
            }
        }
    }
    Ok(())
}

fn check_name(field: &str, name: &str) -> Result<(), Fault> {
    let fits = (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    match fits {
        true => Ok(()),
        false => Err(Fault::validation(format!(
            "Value '{name}' at '{field}' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+"
        ))),
    }
}

pub(super) fn list_rules(account: &Account, input: ListRules) -> Answer {
    check_bus(input.event_bus_name.as_deref())?;
    let prefix = input.name_prefix.unwrap_or_default();
    let mut found = account.store.documents(RULE)?;
    found.retain(|row| row.key.starts_with(&prefix));
    let size = size(input.limit)?;
    let (page, next) = paging::page(found, input.next_token.as_deref(), size)?;
    let rules = page.into_iter().map(|row| described(account, row));
    Ok(Tree::fields()
        .set("Rules", Tree::list(rules))
        .maybe("NextToken", next)
        .into())
}

pub(super) fn describe_rule(account: &Account, input: RuleName) -> Answer {
    let row = account.need_rule(&input.name, input.event_bus_name.as_deref())?;
    Ok(described(account, row))
}

fn described(account: &Account, mut row: DocumentRow) -> Tree {
    Tree::fields()
        .all_of(Tree::from(row.document["rule"].take()))
        .set("Arn", account.event_rule_arn(&row.key))
        .set("EventBusName", DEFAULT_BUS)
        .into()
}

fn size(limit: Option<usize>) -> Result<usize, Fault> {
    match limit {
        None => Ok(PAGE),
        Some(limit) if (1..=PAGE).contains(&limit) => Ok(limit),
        Some(_) => Err(Fault::validation("limit is not between 1 and 100")),
    }
}

/// A rule with targets cannot be deleted; one that is not there is no error.
pub(super) fn delete_rule(account: &Account, input: RuleName) -> Answer {
    check_bus(input.event_bus_name.as_deref())?;
    let Some(row) = account.store.document(RULE, &input.name)? else {
        return Ok(Tree::Null);
    };
    if row.document["targets"]
        .as_array()
        .is_some_and(|it| !it.is_empty())
    {
        return Err(Fault::validation(
            "Rule can't be deleted since it has targets.",
        ));
    }
    account.store.delete_document(RULE, &row.key)?;
    account
        .store
        .forget_tags(&account.event_rule_arn(&row.key))?;
    Ok(Tree::Null)
}

pub(super) fn list_targets_by_rule(account: &Account, input: ListTargets) -> Answer {
    let row = account.need_rule(&input.rule, input.event_bus_name.as_deref())?;
    let targets = row.document["targets"].as_array().cloned();
    let size = size(input.limit)?;
    let (page, next) = paging::page(
        targets.unwrap_or_default(),
        input.next_token.as_deref(),
        size,
    )?;
    Ok(Tree::fields()
        .set("Targets", Tree::list(page))
        .maybe("NextToken", next)
        .into())
}

/// Adds targets, or replaces those of the same ids. Targets that cannot be put are
/// told of in the answer, which is a success.
pub(super) fn put_targets(account: &Account, input: PutTargets) -> Answer {
    let mut row = account.need_rule(&input.rule, input.event_bus_name.as_deref())?;
    if input.targets.is_empty() || input.targets.len() > AT_ONCE {
        return Err(Fault::validation("targets must have 1 to 10 members"));
    }
    let mut kept = row.document["targets"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let mut failed = Vec::new();
    for target in input.targets {
        let text = |name: &str| target.get(name).and_then(Value::as_str).unwrap_or_default();
        let id = text("Id").to_owned();
        check_name("targets.member.id", &id)?;
        if !text("Arn").starts_with("arn:") {
            failed.push(failure(&id, "Parameter Arn is not valid: it is no ARN"));
            continue;
        }
        kept.retain(|known| known["Id"] != id.as_str());
        kept.push(Value::Object(target));
    }
    if kept.len() > TARGETS {
        return Err(Fault::limit(
            "The requested resource exceeds the maximum number allowed.",
        ));
    }
    row.document["targets"] = kept.into();
    let now = account.clock.now_ms();
    account
        .store
        .put_document(RULE, &row.key, &row.document, now)?;
    Ok(outcome(failed))
}

pub(super) fn remove_targets(account: &Account, input: RemoveTargets) -> Answer {
    let mut row = account.need_rule(&input.rule, input.event_bus_name.as_deref())?;
    let mut kept = row.document["targets"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let mut failed = Vec::new();
    for id in &input.ids {
        let before = kept.len();
        kept.retain(|known| known["Id"] != id.as_str());
        if kept.len() == before {
            failed.push(failure(id, "the rule has no such target"));
        }
    }
    row.document["targets"] = kept.into();
    let now = account.clock.now_ms();
    account
        .store
        .put_document(RULE, &row.key, &row.document, now)?;
    Ok(outcome(failed))
}

fn failure(id: &str, why: &str) -> Tree {
    Tree::fields()
        .set("TargetId", id)
        .set("ErrorCode", "ValidationException")
        .set("ErrorMessage", why)
        .into()
}

fn outcome(failed: Vec<Tree>) -> Tree {
    Tree::fields()
        .set(
            "FailedEntryCount",
            i64::try_from(failed.len()).unwrap_or(i64::MAX),
        )
        .set("FailedEntries", failed)
        .into()
}
