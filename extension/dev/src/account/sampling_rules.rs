//! X-Ray's sampling rules. The sandbox samples as `--sample` says: rules are kept, and
//! handed to whoever asks for them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Account;
use super::operations::Answer;
use super::tags::{Tag, check_tags};
use crate::store::DocumentRow;
use crate::wire::{Fault, Tree};

/// The store's kind.
const RULE: &str = "sampling-rule";
/// Rules of an account and region beside X-Ray's own.
const RULES: usize = 25;
/// X-Ray's own rule, which is always there and can be changed but not deleted.
const DEFAULT: &str = "Default";
/// The priority of X-Ray's own rule.
const LAST: i64 = 10_000;
/// How long a quota of [`get_sampling_targets`] holds, and when to ask again.
const QUOTA_MS: i64 = 10_000;
const INTERVAL_S: i64 = 10;

/// A rule as it is put and kept; for an update every part may be missing.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rule {
    rule_name: Option<String>,
    #[serde(rename = "RuleARN")]
    rule_arn: Option<String>,
    #[serde(rename = "ResourceARN")]
    resource_arn: Option<String>,
    priority: Option<i64>,
    fixed_rate: Option<f64>,
    reservoir_size: Option<i64>,
    service_name: Option<String>,
    service_type: Option<String>,
    host: Option<String>,
    #[serde(rename = "HTTPMethod")]
    http_method: Option<String>,
    #[serde(rename = "URLPath")]
    url_path: Option<String>,
    version: Option<i64>,
    attributes: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateSamplingRule {
    sampling_rule: Rule,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateSamplingRule {
    sampling_rule_update: Rule,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteSamplingRule {
    rule_name: Option<String>,
    #[serde(rename = "RuleARN")]
    rule_arn: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetSamplingRules {}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetSamplingTargets {
    sampling_statistics_documents: Vec<Statistics>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statistics {
    rule_name: String,
}

impl Account {
    fn sampling_rule_arn(&self, name: &str) -> String {
        let (region, account) = (&self.region, &self.account_id);
        format!("arn:aws:xray:{region}:{account}:sampling-rule/{name}")
    }

    /// Whether an ARN is that of a rule that exists.
    pub(super) fn is_sampling_rule(&self, arn: &str) -> Result<bool, Fault> {
        match arn.strip_prefix(&self.sampling_rule_arn("")) {
            Some(name) => Ok(self.store.document(RULE, name)?.is_some()),
            None => Ok(false),
        }
    }

    /// All rules, X-Ray's own last.
    fn sampling_rules(&self) -> Result<Vec<DocumentRow>, Fault> {
        let mut rules = self.store.documents(RULE)?;
        if rules.iter().all(|row| row.key != DEFAULT) {
            rules.push(DocumentRow {
                key: DEFAULT.to_owned(),
                document: serde_json::to_value(default_rule(self)).unwrap_or_default(),
                created_ms: 0,
                modified_ms: 0,
            });
        }
        rules.sort_by_key(|row| row.document["Priority"].as_i64().unwrap_or(LAST));
        Ok(rules)
    }

    /// A rule is named by its name or its ARN, and not by both.
    fn rule_named(&self, name: Option<&str>, arn: Option<&str>) -> Result<DocumentRow, Fault> {
        let name = match (name, arn) {
            (Some(name), None) => name,
            (None, Some(arn)) => arn
                .strip_prefix(&self.sampling_rule_arn(""))
                .ok_or_else(|| Fault::request("Invalid rule ARN"))?,
            _ => {
                return Err(Fault::request(
                    "Specify a rule by either name or ARN, but not both",
                ));
            }
        };
        let mut rules = self.sampling_rules()?.into_iter();
        rules
            .find(|row| row.key == name)
            .ok_or_else(|| Fault::request(format!("Sampling rule does not exist: {name}")))
    }
}

fn default_rule(account: &Account) -> Rule {
    let any = || Some("*".to_owned());
    Rule {
        rule_name: Some(DEFAULT.to_owned()),
        rule_arn: Some(account.sampling_rule_arn(DEFAULT)),
        resource_arn: any(),
        priority: Some(LAST),
        fixed_rate: Some(0.05),
        reservoir_size: Some(1),
        service_name: any(),
        service_type: any(),
        host: any(),
        http_method: any(),
        url_path: any(),
        version: Some(1),
        attributes: Some(BTreeMap::new()),
    }
}

/// The limits of a rule's parts, where they are given.
fn check(rule: &Rule) -> Result<(), Fault> {
    let texts = [
        ("ResourceARN", &rule.resource_arn, 500),
        ("ServiceName", &rule.service_name, 64),
        ("ServiceType", &rule.service_type, 64),
        ("Host", &rule.host, 64),
        ("HTTPMethod", &rule.http_method, 10),
        ("URLPath", &rule.url_path, 128),
    ];
    for (field, text, most) in texts {
        if text.as_ref().is_some_and(|text| text.len() > most) {
            return Err(Fault::request(format!("{field} is longer than {most}")));
        }
    }
    let priority = rule.priority.is_none_or(|it| (1..=9999).contains(&it));
    let own = rule.rule_name.as_deref() == Some(DEFAULT);
    if !priority && !own {
        return Err(Fault::request("Priority must be between 1 and 9999"));
    }
    if rule.fixed_rate.is_some_and(|it| !(0.0..=1.0).contains(&it)) {
        return Err(Fault::request("FixedRate must be between 0 and 1"));
    }
    if rule.reservoir_size.is_some_and(|it| it < 0) {
        return Err(Fault::request("ReservoirSize must not be negative"));
    }
    if rule.attributes.as_ref().is_some_and(|it| it.len() > 5) {
        return Err(Fault::request("At most 5 attributes are matched"));
    }
    Ok(())
}

pub(super) fn create_sampling_rule(account: &Account, input: CreateSamplingRule) -> Answer {
    let mut rule = input.sampling_rule;
    let name = match (&rule.rule_name, &rule.rule_arn) {
        (Some(name), None) if (1..=32).contains(&name.len()) => name.clone(),
        _ => return Err(Fault::request("RuleName must have 1 to 32 characters")),
    };
    let needed = [
        ("ResourceARN", rule.resource_arn.is_some()),
        ("Priority", rule.priority.is_some()),
        ("FixedRate", rule.fixed_rate.is_some()),
        ("ReservoirSize", rule.reservoir_size.is_some()),
        ("ServiceName", rule.service_name.is_some()),
        ("ServiceType", rule.service_type.is_some()),
        ("Host", rule.host.is_some()),
        ("HTTPMethod", rule.http_method.is_some()),
        ("URLPath", rule.url_path.is_some()),
        ("Version", rule.version == Some(1)),
    ];
    if let Some((field, _)) = needed.iter().find(|(_, given)| !given) {
        return Err(Fault::request(format!("{field} is required")));
    }
    check(&rule)?;
    check_tags(&input.tags).map_err(|fault| Fault::request(fault.message))?;
    let known = account.store.documents(RULE)?;
    if name == DEFAULT || known.iter().any(|row| row.key == name) {
        return Err(Fault::request(format!(
            "Sampling rule already exists: {name}"
        )));
    }
    if known.len() >= RULES {
        return Err(Fault::rule_limit("At most 25 sampling rules are taken"));
    }
    let arn = account.sampling_rule_arn(&name);
    rule.rule_arn = Some(arn.clone());
    rule.attributes.get_or_insert_default();
    account.store.tag(&arn, &Tag::pairs(input.tags))?;
    keep(account, &name, &rule)
}

/// What the update does not name stays as it is.
pub(super) fn update_sampling_rule(account: &Account, input: UpdateSamplingRule) -> Answer {
    let update = input.sampling_rule_update;
    let row = account.rule_named(update.rule_name.as_deref(), update.rule_arn.as_deref())?;
    let mut rule: Rule = serde_json::from_value(row.document)
        .map_err(|error| Fault::internal(format!("failed to read the rule: {error}")))?;
    let criteria = row.key == DEFAULT
        && (update.service_name.is_some() || update.host.is_some() || update.priority.is_some());
    if criteria {
        return Err(Fault::request(
            "Only the rate and the reservoir of the default rule can be changed",
        ));
    }
    check(&update)?;
    rule.resource_arn = update.resource_arn.or(rule.resource_arn);
    rule.priority = update.priority.or(rule.priority);
    rule.fixed_rate = update.fixed_rate.or(rule.fixed_rate);
    rule.reservoir_size = update.reservoir_size.or(rule.reservoir_size);
    rule.service_name = update.service_name.or(rule.service_name);
    rule.service_type = update.service_type.or(rule.service_type);
    rule.host = update.host.or(rule.host);
    rule.http_method = update.http_method.or(rule.http_method);
    rule.url_path = update.url_path.or(rule.url_path);
    rule.attributes = update.attributes.or(rule.attributes);
    keep(account, &row.key, &rule)
}

fn keep(account: &Account, name: &str, rule: &Rule) -> Answer {
    let document = serde_json::to_value(rule)
        .map_err(|error| Fault::internal(format!("failed to keep the rule: {error}")))?;
    let now = account.clock.now_ms();
    account.store.put_document(RULE, name, &document, now)?;
    let row = account.rule_named(Some(name), None)?;
    Ok(Tree::fields().set("SamplingRuleRecord", record(row)).into())
}

fn record(row: DocumentRow) -> Tree {
    let mut rule = row.document;
    if let Some(fields) = rule.as_object_mut() {
        fields.retain(|_, value| *value != Value::Null);
    }
    Tree::fields()
        .set("SamplingRule", rule)
        .set("CreatedAt", Tree::Time(row.created_ms))
        .set("ModifiedAt", Tree::Time(row.modified_ms))
        .into()
}

pub(super) fn delete_sampling_rule(account: &Account, input: DeleteSamplingRule) -> Answer {
    let row = account.rule_named(input.rule_name.as_deref(), input.rule_arn.as_deref())?;
    if row.key == DEFAULT {
        return Err(Fault::request("The default rule cannot be deleted"));
    }
    account.store.delete_document(RULE, &row.key)?;
    account
        .store
        .forget_tags(&account.sampling_rule_arn(&row.key))?;
    Ok(Tree::fields().set("SamplingRuleRecord", record(row)).into())
}

pub(super) fn get_sampling_rules(account: &Account, _input: GetSamplingRules) -> Answer {
    let rules = account.sampling_rules()?.into_iter().map(record);
    Ok(Tree::fields()
        .set("SamplingRuleRecords", Tree::list(rules))
        .into())
}

/// The one caller gets the whole reservoir.
pub(super) fn get_sampling_targets(account: &Account, input: GetSamplingTargets) -> Answer {
    let rules = account.sampling_rules()?;
    let now = account.clock.now_ms();
    let (mut targets, mut unknown) = (Vec::new(), Vec::new());
    for statistics in input.sampling_statistics_documents {
        let name = statistics.rule_name;
        let Some(row) = rules.iter().find(|row| row.key == name) else {
            let fields = Tree::fields().set("RuleName", name);
            let fields = fields.set("ErrorCode", "400");
            unknown.push(Tree::from(
                fields.set("Message", "Sampling rule does not exist"),
            ));
            continue;
        };
        let target = Tree::fields()
            .set("RuleName", name)
            .maybe("FixedRate", row.document["FixedRate"].as_f64())
            .maybe("ReservoirQuota", row.document["ReservoirSize"].as_i64())
            .set("ReservoirQuotaTTL", Tree::Time(now + QUOTA_MS))
            .set("Interval", INTERVAL_S);
        targets.push(Tree::from(target));
    }
    let modified = rules.iter().map(|row| row.modified_ms).max();
    Ok(Tree::fields()
        .set("SamplingTargetDocuments", targets)
        .set("LastRuleModification", Tree::Time(modified.unwrap_or(0)))
        .set("UnprocessedStatistics", unknown)
        .into())
}
