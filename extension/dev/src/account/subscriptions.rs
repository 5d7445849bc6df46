//! SNS subscriptions: made, confirmed, looked at, ended.

use std::collections::BTreeMap;

use http::Uri;
use serde::Deserialize;

use super::operations::Answer;
use super::{Account, Change, paging, publish};
use crate::store::SubscriptionRow;
use crate::wire::{Fault, Tree};

/// Subscriptions a page.
const PAGE: usize = 100;
/// Attributes that can be set on a subscription and mean something here.
const SETTABLE: [&str; 1] = ["RawMessageDelivery"];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Subscribe {
    topic_arn: String,
    protocol: String,
    endpoint: Option<String>,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(default)]
    return_subscription_arn: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Subscription {
    subscription_arn: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ConfirmSubscription {
    topic_arn: String,
    token: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListSubscriptions {
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListSubscriptionsByTopic {
    topic_arn: String,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetSubscriptionAttributes {
    subscription_arn: String,
    attribute_name: String,
    #[serde(default)]
    attribute_value: String,
}

/// Subscribes an endpoint. Endpoints outside of AWS stay pending until somebody
/// confirms; subscribing again asks them again.
pub(super) fn subscribe(account: &Account, input: Subscribe) -> Answer {
    account.need_topic(&input.topic_arn)?;
    let endpoint = input.endpoint.unwrap_or_default();
    check_endpoint(account, &input.protocol, &endpoint)?;
    for (name, value) in &input.attributes {
        check_attribute(name, value)?;
    }
    let known = account.store.subscriptions(Some(&input.topic_arn))?;
    let known = known
        .into_iter()
        .find(|s| s.protocol == input.protocol && s.endpoint == endpoint);
    let subscription = match known {
        Some(known) => known,
        None => {
            let new = SubscriptionRow {
                arn: format!("{}:{}", input.topic_arn, uuid::Uuid::new_v4()),
                topic: input.topic_arn,
                // What belongs to the account needs nobody's consent.
                confirmed: matches!(
                    input.protocol.as_str(),
                    "sqs" | "lambda" | "firehose" | "application" | "sms"
                ),
                protocol: input.protocol,
                endpoint,
                token: uuid::Uuid::new_v4().simple().to_string().repeat(2),
                attributes: input.attributes,
            };
            account.store.put_subscription(&new)?;
            new
        }
    };
    if !subscription.confirmed {
        publish::ask_to_confirm(account, &subscription)?;
    }
    account.changed(Change::Notification);
    let told = subscription.confirmed || input.return_subscription_arn;
    let arn = if told {
        subscription.arn
    } else {
        "pending confirmation".to_owned()
    };
    Ok(Tree::fields().set("SubscriptionArn", arn).into())
}

fn check_endpoint(account: &Account, protocol: &str, endpoint: &str) -> Result<(), Fault> {
    match protocol {
        "http" => {
            let uri: Option<Uri> = endpoint.parse().ok();
            let uri = uri.filter(|uri| uri.scheme_str() == Some("http"));
            let host = uri.as_ref().and_then(Uri::host);
            let host =
                host.ok_or_else(|| Fault::parameter("Endpoint must match the specified protocol"))?;
            if account.may_notify(host) {
                return Ok(());
            }
            Err(Fault::parameter(format!(
                "Unreachable Endpoint: obs dev posts to this machine only, not to {host}, unless it was started \
                 with that host allowed"
            )))
        }
        "https" => Err(Fault::parameter(
            "Protocol: obs dev posts over http, not https; subscribe an http endpoint of this machine",
        )),
        "email" | "email-json" if !endpoint.contains('@') => Err(Fault::parameter("Email address")),
        "sqs" | "lambda" | "firehose" | "application" if !endpoint.starts_with("arn:") => {
            Err(Fault::parameter(format!("{protocol} endpoint ARN")))
        }
        "email" | "email-json" | "sms" | "sqs" | "lambda" | "firehose" | "application" => Ok(()),
        other => Err(Fault::parameter(format!(
            "Does not support this protocol string: {other}"
        ))),
    }
}

fn check_attribute(name: &str, value: &str) -> Result<(), Fault> {
    if !SETTABLE.contains(&name) {
        let message = format!(
            "AttributeName: {name} is not one that obs dev acts on; it knows RawMessageDelivery"
        );
        return Err(Fault::parameter(message));
    }
    if !matches!(value, "true" | "false") {
        return Err(Fault::parameter(format!(
            "{name} Reason: {value} is not true or false"
        )));
    }
    Ok(())
}

/// Confirms with the token that the endpoint was sent.
pub(super) fn confirm_subscription(account: &Account, input: ConfirmSubscription) -> Answer {
    account.need_topic(&input.topic_arn)?;
    let known = account.store.subscriptions(Some(&input.topic_arn))?;
    let found = known
        .into_iter()
        .find(|subscription| subscription.token == input.token);
    let mut subscription = found.ok_or_else(|| Fault::parameter("Token"))?;
    subscription.confirmed = true;
    account.store.put_subscription(&subscription)?;
    account.changed(Change::Notification);
    Ok(Tree::fields()
        .set("SubscriptionArn", subscription.arn)
        .into())
}

/// Ends a subscription. One that is pending stays until it is confirmed or its
/// topic is deleted, as in SNS.
pub(super) fn unsubscribe(account: &Account, input: Subscription) -> Answer {
    if !input.subscription_arn.starts_with("arn:") {
        return Err(Fault::parameter(
            "SubscriptionArn Reason: An ARN must have at least 6 elements, not 1",
        ));
    }
    match account.store.subscription(&input.subscription_arn)? {
        Some(subscription) if !subscription.confirmed => Err(Fault::parameter(
            "SubscriptionArn Reason: the subscription is pending confirmation and cannot be deleted",
        )),
        _ => {
            account.store.delete_subscription(&input.subscription_arn)?;
            account.changed(Change::Notification);
            Ok(Tree::Null)
        }
    }
}

pub(super) fn list_subscriptions(account: &Account, input: ListSubscriptions) -> Answer {
    listed(
        account,
        account.store.subscriptions(None)?,
        input.next_token.as_deref(),
    )
}

pub(super) fn list_subscriptions_by_topic(
    account: &Account,
    input: ListSubscriptionsByTopic,
) -> Answer {
    let topic = account.need_topic(&input.topic_arn)?;
    let found = account.store.subscriptions(Some(&topic.arn))?;
    listed(account, found, input.next_token.as_deref())
}

fn listed(account: &Account, all: Vec<SubscriptionRow>, next: Option<&str>) -> Answer {
    let (page, next) = paging::page(all, next, PAGE)?;
    let subscription = |subscription: SubscriptionRow| {
        let arn = if subscription.confirmed {
            subscription.arn
        } else {
            "PendingConfirmation".to_owned()
        };
        Tree::fields()
            .set("TopicArn", subscription.topic)
            .set("Protocol", subscription.protocol)
            .set("SubscriptionArn", arn)
            .set("Owner", account.account_id.as_str())
            .set("Endpoint", subscription.endpoint)
    };
    let subscriptions = Tree::list(page.into_iter().map(subscription));
    Ok(Tree::fields()
        .set("Subscriptions", subscriptions)
        .maybe("NextToken", next)
        .into())
}

fn need(account: &Account, arn: &str) -> Result<SubscriptionRow, Fault> {
    account
        .store
        .subscription(arn)?
        .ok_or_else(|| Fault::not_found("Subscription does not exist"))
}

pub(super) fn get_subscription_attributes(account: &Account, input: Subscription) -> Answer {
    let subscription = need(account, &input.subscription_arn)?;
    let pending = !subscription.confirmed;
    let mut attributes = subscription.attributes;
    let mut own = |name: &str, value: &str| {
        attributes
            .entry(name.to_owned())
            .or_insert_with(|| value.to_owned());
    };
    own("SubscriptionArn", &subscription.arn);
    own("TopicArn", &subscription.topic);
    own("Owner", &account.account_id);
    own("Protocol", &subscription.protocol);
    own("Endpoint", &subscription.endpoint);
    own("RawMessageDelivery", "false");
    own(
        "PendingConfirmation",
        if pending { "true" } else { "false" },
    );
    own("ConfirmationWasAuthenticated", "false");
    Ok(Tree::fields()
        .set("Attributes", Tree::table(attributes))
        .into())
}

pub(super) fn set_subscription_attributes(
    account: &Account,
    input: SetSubscriptionAttributes,
) -> Answer {
    let mut subscription = need(account, &input.subscription_arn)?;
    check_attribute(&input.attribute_name, &input.attribute_value)?;
    subscription
        .attributes
        .insert(input.attribute_name, input.attribute_value);
    account.store.put_subscription(&subscription)?;
    Ok(Tree::Null)
}
