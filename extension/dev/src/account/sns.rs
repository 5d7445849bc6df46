//! SNS topics: create, look at, publish to.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::operations::Answer;
use super::tags::{Tag, check_tags};
use super::{Account, paging, publish};
use crate::store::TopicRow;
use crate::wire::{Fault, Tree};

/// Topics a page.
const PAGE: usize = 100;
/// Longest message in bytes.
const MESSAGE: usize = 256 * 1024;
/// Attributes that can be set on a topic.
const SETTABLE: [&str; 8] = [
    "Policy",
    "DisplayName",
    "DeliveryPolicy",
    "KmsMasterKeyId",
    "SignatureVersion",
    "TracingConfig",
    "HTTPSuccessFeedbackSampleRate",
    "HTTPFailureFeedbackRoleArn",
];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateTopic {
    name: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Topic {
    topic_arn: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListTopics {
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetTopicAttributes {
    topic_arn: String,
    attribute_name: String,
    #[serde(default)]
    attribute_value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Publish {
    topic_arn: Option<String>,
    target_arn: Option<String>,
    message: String,
    subject: Option<String>,
    message_structure: Option<String>,
    #[serde(default)]
    message_attributes: BTreeMap<String, MessageAttribute>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MessageAttribute {
    data_type: String,
    string_value: Option<String>,
    binary_value: Option<String>,
}

/// Attributes as the envelope has them.
fn attributes(given: BTreeMap<String, MessageAttribute>) -> Value {
    if given.is_empty() {
        return Value::Null;
    }
    let attribute = |(name, attribute): (String, MessageAttribute)| {
        let value = attribute.string_value.or(attribute.binary_value);
        (name, json!({ "Type": attribute.data_type, "Value": value }))
    };
    Value::Object(given.into_iter().map(attribute).collect())
}

impl Account {
    /// The ARN of a topic.
    pub(super) fn topic_arn(&self, name: &str) -> String {
        format!("arn:aws:sns:{}:{}:{name}", self.region, self.account_id)
    }

    /// A topic, or SNS's error.
    pub(super) fn need_topic(&self, arn: &str) -> Result<TopicRow, Fault> {
        self.store
            .topic(arn)?
            .ok_or_else(|| Fault::not_found("Topic does not exist"))
    }
}

/// Creates a topic; one that exists with the same attributes is given back.
pub(super) fn create_topic(account: &Account, input: CreateTopic) -> Answer {
    let valid = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if input.name.is_empty() || input.name.len() > 256 || !input.name.chars().all(valid) {
        return Err(Fault::parameter("Topic Name"));
    }
    for (name, value) in &input.attributes {
        check_attribute(name, value)?;
    }
    check_tags(&input.tags).map_err(|fault| Fault::parameter(fault.message))?;
    let arn = account.topic_arn(&input.name);
    let tags = Tag::pairs(input.tags);
    match account.store.topic(&arn)? {
        Some(known) => {
            let other = input
                .attributes
                .iter()
                .any(|(name, value)| known.attributes.get(name) != Some(value));
            if other {
                return Err(Fault::parameter(
                    "Attributes Reason: Topic already exists with different attributes",
                ));
            }
            let has = account.store.tags(&arn)?;
            if tags.iter().any(|tag| !has.contains(tag)) {
                return Err(Fault::parameter(
                    "Tags Reason: Topic already exists with different tags",
                ));
            }
        }
        None => {
            account.store.put_topic(&TopicRow {
                arn: arn.clone(),
                name: input.name,
                attributes: input.attributes,
            })?;
            account.store.tag(&arn, &tags)?;
        }
    }
    Ok(Tree::fields().set("TopicArn", arn).into())
}

fn check_attribute(name: &str, value: &str) -> Result<(), Fault> {
    if !SETTABLE.contains(&name) {
        return Err(Fault::parameter(format!("AttributeName: {name}")));
    }
    if matches!(name, "Policy" | "DeliveryPolicy")
        && !serde_json::from_str::<Value>(value).is_ok_and(|v| v.is_object())
    {
        return Err(Fault::parameter(format!("{name} Error: no JSON object")));
    }
    Ok(())
}

/// Deleting what is not there is no error.
pub(super) fn delete_topic(account: &Account, input: Topic) -> Answer {
    account.store.delete_topic(&input.topic_arn)?;
    Ok(Tree::Null)
}

pub(super) fn list_topics(account: &Account, input: ListTopics) -> Answer {
    let (page, next) = paging::page(account.store.topics()?, input.next_token.as_deref(), PAGE)?;
    let topic = |topic: TopicRow| Tree::fields().set("TopicArn", topic.arn);
    let topics = Tree::list(page.into_iter().map(topic));
    Ok(Tree::fields()
        .set("Topics", topics)
        .maybe("NextToken", next)
        .into())
}

pub(super) fn get_topic_attributes(account: &Account, input: Topic) -> Answer {
    let topic = account.need_topic(&input.topic_arn)?;
    let subscriptions = account.store.subscriptions(Some(&topic.arn))?;
    let confirmed = subscriptions
        .iter()
        .filter(|subscription| subscription.confirmed)
        .count();
    let pending = subscriptions.len() - confirmed;
    let mut attributes = topic.attributes;
    let mut own = |name: &str, value: String| {
        attributes.entry(name.to_owned()).or_insert(value);
    };
    own("TopicArn", topic.arn.clone());
    own("Owner", account.account_id.clone());
    own("DisplayName", String::new());
    own("SubscriptionsConfirmed", confirmed.to_string());
    own("SubscriptionsPending", pending.to_string());
    own("SubscriptionsDeleted", "0".to_owned());
    own("Policy", default_policy(account, &topic.arn));
    Ok(Tree::fields()
        .set("Attributes", Tree::table(attributes))
        .into())
}

/// The policy a topic has until it is given one: the account's own may do all.
fn default_policy(account: &Account, arn: &str) -> String {
    let actions = [
        "GetTopicAttributes",
        "SetTopicAttributes",
        "AddPermission",
        "RemovePermission",
        "DeleteTopic",
    ];
    let more = ["Subscribe", "ListSubscriptionsByTopic", "Publish"];
    let actions: Vec<String> = actions
        .iter()
        .chain(&more)
        .map(|action| format!("SNS:{action}"))
        .collect();
    json!({
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": { "AWS": "*" },
            "Action": actions,
            "Resource": arn,
            "Condition": { "StringEquals": { "AWS:SourceOwner": account.account_id } },
        }],
    })
    .to_string()
}

pub(super) fn set_topic_attributes(account: &Account, input: SetTopicAttributes) -> Answer {
    let mut topic = account.need_topic(&input.topic_arn)?;
    check_attribute(&input.attribute_name, &input.attribute_value)?;
    topic
        .attributes
        .insert(input.attribute_name, input.attribute_value);
    account.store.put_topic(&topic)?;
    Ok(Tree::Null)
}

pub(super) fn publish(account: &Account, input: Publish) -> Answer {
    let arn = input.topic_arn.or(input.target_arn);
    let arn = arn.ok_or_else(|| {
        Fault::parameter("TopicArn or TargetArn Reason: no value for required parameter")
    })?;
    let topic = account.need_topic(&arn)?;
    if input.message.is_empty() {
        return Err(Fault::parameter("Empty message"));
    }
    if input.message.len() > MESSAGE {
        return Err(Fault::parameter("Message too long"));
    }
    let bad = |c: char| c.is_control() || !c.is_ascii();
    if input
        .subject
        .as_ref()
        .is_some_and(|s| s.is_empty() || s.len() > 100 || s.contains(bad))
    {
        return Err(Fault::parameter("Subject"));
    }
    let mut by_protocol = BTreeMap::new();
    let mut text = input.message;
    if input.message_structure.as_deref() == Some("json") {
        let told: Map<String, Value> = serde_json::from_str(&text).map_err(|_| {
            Fault::parameter("Message Structure - JSON message body failed to parse")
        })?;
        let texts = told
            .into_iter()
            .filter_map(|(key, value)| Some((key, value.as_str()?.to_owned())));
        by_protocol = texts.collect();
        text = by_protocol.remove("default").ok_or_else(|| {
            Fault::parameter("Message Structure - No default entry in JSON message body")
        })?;
    }
    let message = publish::Message {
        text: &text,
        by_protocol,
        subject: input.subject.as_deref(),
        attributes: attributes(input.message_attributes),
    };
    let id = publish::to_topic(account, &topic, &message)?;
    Ok(Tree::fields().set("MessageId", id).into())
}
