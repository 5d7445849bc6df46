//! Tags: on alarms and dashboards through CloudWatch, on topics through SNS, on rules
//! through EventBridge and X-Ray.

use serde::Deserialize;

use super::Account;
use super::operations::Answer;
use crate::wire::{Fault, Tree};

/// Most tags a resource may have.
const TAGS: usize = 50;

/// A tag of an input.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    key: String,
    value: String,
}

impl Tag {
    /// Keys and values.
    pub(super) fn pairs(tags: Vec<Tag>) -> Vec<(String, String)> {
        tags.into_iter().map(|tag| (tag.key, tag.value)).collect()
    }
}

/// Checks tags wherever an input has them.
pub(super) fn check_tags(tags: &[Tag]) -> Result<(), Fault> {
    if tags.len() > TAGS {
        return Err(Fault::value(format!(
            "A resource may have at most {TAGS} tags"
        )));
    }
    for tag in tags {
        let (key, value) = (tag.key.chars().count(), tag.value.chars().count());
        if key == 0 || key > 128 || value > 256 || tag.key.starts_with("aws:") {
            let message = format!(
                "The tag {} is invalid: a key has 1 to 128 characters and does not begin with aws:, a value at most 256",
                tag.key
            );
            return Err(Fault::value(message));
        }
    }
    Ok(())
}

/// CloudWatch and SNS spell the member differently.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagResource {
    #[serde(alias = "ResourceARN")]
    resource_arn: String,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UntagResource {
    #[serde(alias = "ResourceARN")]
    resource_arn: String,
    #[serde(default)]
    tag_keys: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListTagsForResource {
    #[serde(alias = "ResourceARN")]
    resource_arn: String,
}

pub(super) fn tag_resource(account: &Account, input: TagResource) -> Answer {
    need_resource(account, &input.resource_arn)?;
    check_tags(&input.tags)?;
    let room = has_room(account, &input)?;
    if !room {
        return Err(Fault::value(format!(
            "A resource may have at most {TAGS} tags"
        )));
    }
    account
        .store
        .tag(&input.resource_arn, &Tag::pairs(input.tags))?;
    Ok(Tree::empty())
}

pub(super) fn untag_resource(account: &Account, input: UntagResource) -> Answer {
    need_resource(account, &input.resource_arn)?;
    account.store.untag(&input.resource_arn, &input.tag_keys)?;
    Ok(Tree::empty())
}

pub(super) fn list_tags_for_resource(account: &Account, input: ListTagsForResource) -> Answer {
    need_resource(account, &input.resource_arn)?;
    listed(account, &input.resource_arn)
}

pub(super) fn tag_topic(account: &Account, input: TagResource) -> Answer {
    need_topic(account, &input.resource_arn)?;
    check_tags(&input.tags).map_err(|fault| Fault::parameter(fault.message))?;
    if !has_room(account, &input)? {
        return Err(Fault::too_many_tags());
    }
    account
        .store
        .tag(&input.resource_arn, &Tag::pairs(input.tags))?;
    Ok(Tree::empty())
}

pub(super) fn untag_topic(account: &Account, input: UntagResource) -> Answer {
    need_topic(account, &input.resource_arn)?;
    account.store.untag(&input.resource_arn, &input.tag_keys)?;
    Ok(Tree::empty())
}

pub(super) fn list_tags_for_topic(account: &Account, input: ListTagsForResource) -> Answer {
    need_topic(account, &input.resource_arn)?;
    listed(account, &input.resource_arn)
}

/// EventBridge and X-Ray.
pub(super) fn tag_rule(account: &Account, input: TagResource) -> Answer {
    need_rule(account, &input.resource_arn)?;
    check_tags(&input.tags).map_err(|fault| Fault::validation(fault.message))?;
    if !has_room(account, &input)? {
        return Err(Fault::validation(format!(
            "A resource may have at most {TAGS} tags"
        )));
    }
    account
        .store
        .tag(&input.resource_arn, &Tag::pairs(input.tags))?;
    Ok(Tree::empty())
}

pub(super) fn untag_rule(account: &Account, input: UntagResource) -> Answer {
    need_rule(account, &input.resource_arn)?;
    account.store.untag(&input.resource_arn, &input.tag_keys)?;
    Ok(Tree::empty())
}

pub(super) fn list_tags_for_rule(account: &Account, input: ListTagsForResource) -> Answer {
    need_rule(account, &input.resource_arn)?;
    listed(account, &input.resource_arn)
}

fn need_rule(account: &Account, arn: &str) -> Result<(), Fault> {
    match account.is_event_rule(arn)? || account.is_sampling_rule(arn)? {
        true => Ok(()),
        false => Err(Fault::no_resource(format!("{arn} does not exist"))),
    }
}

fn listed(account: &Account, arn: &str) -> Answer {
    let tag = |(key, value): (String, String)| Tree::fields().set("Key", key).set("Value", value);
    let tags = Tree::list(account.store.tags(arn)?.into_iter().map(tag));
    Ok(Tree::fields().set("Tags", tags).into())
}

fn has_room(account: &Account, input: &TagResource) -> Result<bool, Fault> {
    let known = account.store.tags(&input.resource_arn)?;
    let new = input
        .tags
        .iter()
        .filter(|tag| known.iter().all(|(key, _)| *key != tag.key));
    Ok(known.len() + new.count() <= TAGS)
}

fn need_resource(account: &Account, arn: &str) -> Result<(), Fault> {
    let alarm = account.alarm_arn("");
    let dashboard = account.dashboard_arn("");
    let exists = if let Some(name) = arn.strip_prefix(&alarm) {
        account.store.alarm(name)?.is_some()
    } else if let Some(name) = arn.strip_prefix(&dashboard) {
        account.store.dashboard(name)?.is_some()
    } else {
        let message = format!(
            "The value {arn} for parameter ResourceARN is no alarm or dashboard of this account"
        );
        return Err(Fault::value(message));
    };
    if exists {
        Ok(())
    } else {
        Err(Fault::no_resource(format!("{arn} does not exist")))
    }
}

fn need_topic(account: &Account, arn: &str) -> Result<(), Fault> {
    if account.store.topic(arn)?.is_some() {
        Ok(())
    } else {
        Err(Fault::no_topic_to_tag())
    }
}
