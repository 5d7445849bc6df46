//! From a message on a topic to a delivery a subscription.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::outbox::{Delivery, MessageType};
use super::policy;
use super::{Account, Change};
use crate::store::{DeliveryStatus, NewNotification, StoreError, SubscriptionRow, TopicRow};
use crate::wire::xml::iso;

/// A message to a topic.
pub(super) struct Message<'a> {
    /// What most subscriptions get.
    pub(super) text: &'a str,
    /// What subscriptions of one protocol get instead.
    pub(super) by_protocol: BTreeMap<String, String>,
    /// Its subject.
    pub(super) subject: Option<&'a str>,
    /// Its attributes as the envelope has them.
    pub(super) attributes: Value,
}

/// Publishes what an alarm has to say to one of its actions.
///
/// # Errors
/// Why nothing was published, in CloudWatch's words where it has some.
pub(super) fn from_alarm(
    account: &Account,
    action: &str,
    alarm: &str,
    told: (&str, &str),
) -> Result<(), String> {
    let (subject, text) = told;
    if !action.contains(":sns:") {
        return Err("obs dev takes actions on SNS topics only".to_owned());
    }
    let found = account
        .store
        .topic(action)
        .map_err(|error| format!("failed to {error}"))?;
    let topic =
        found.ok_or_else(|| "Resource does not exist: there is no such topic".to_owned())?;
    let caller = policy::Caller {
        service: "cloudwatch.amazonaws.com",
        account: &account.account_id,
        arn: &account.alarm_arn(alarm),
    };
    if !policy::may_publish(&topic, &caller) {
        return Err("CloudWatch Alarms is not authorized to perform: SNS:Publish on the topic: its policy does not \
                    let cloudwatch.amazonaws.com in"
            .to_owned());
    }
    let message = Message {
        text,
        by_protocol: BTreeMap::new(),
        subject: Some(subject),
        attributes: Value::Null,
    };
    let published = to_topic(account, &topic, &message);
    published
        .map(|_| ())
        .map_err(|error| format!("failed to {error}"))
}

/// Publishes a message to every subscription of a topic; gives the message's id.
///
/// # Errors
/// When the store cannot be written.
pub(super) fn to_topic(
    account: &Account,
    topic: &TopicRow,
    message: &Message<'_>,
) -> Result<String, StoreError> {
    let id = uuid::Uuid::new_v4().to_string();
    for subscription in account.store.subscriptions(Some(&topic.arn))? {
        let text = message.by_protocol.get(&subscription.protocol);
        let text = text.map_or(message.text, String::as_str);
        let status = status(&subscription);
        let notification = account.store.add_notification(&NewNotification {
            time_ms: account.clock.now_ms(),
            topic: topic.arn.clone(),
            subscription: subscription.arn.clone(),
            protocol: subscription.protocol.clone(),
            status,
            subject: message.subject.map(str::to_owned),
            message: text.to_owned(),
        })?;
        if status == DeliveryStatus::Pending {
            let raw = subscription
                .attributes
                .get("RawMessageDelivery")
                .is_some_and(|value| value == "true");
            let body = if raw {
                text.to_owned()
            } else {
                envelope(account, &subscription, (&id, text), message)
            };
            account.outbox.push(
                account,
                Delivery {
                    notification,
                    endpoint: subscription.endpoint.clone(),
                    kind: MessageType::Notification,
                    topic: topic.arn.clone(),
                    subscription: Some(subscription.arn),
                    message_id: id.clone(),
                    body,
                    raw,
                },
            );
        }
    }
    account.changed(Change::Notification);
    Ok(id)
}

/// What can be done for a subscription.
fn status(subscription: &SubscriptionRow) -> DeliveryStatus {
    match (subscription.confirmed, subscription.protocol.as_str()) {
        (false, _) => DeliveryStatus::Unconfirmed,
        (true, "http") => DeliveryStatus::Pending,
        (true, _) => DeliveryStatus::Captured,
    }
}

/// SNS's envelope. There is no AWS key here to sign with, so the signature is
/// empty.
fn envelope(
    account: &Account,
    subscription: &SubscriptionRow,
    told: (&str, &str),
    message: &Message<'_>,
) -> String {
    let (id, text) = told;
    let mut envelope = json!({
        "Type": "Notification",
        "MessageId": id,
        "TopicArn": subscription.topic,
        "Message": text,
        "Timestamp": iso(account.clock.now_ms()),
        "SignatureVersion": "1",
        "Signature": "",
        "SigningCertURL": "",
        "UnsubscribeURL": format!("{}/?Action=Unsubscribe&SubscriptionArn={}", account.endpoint, subscription.arn),
    });
    if let Some(subject) = message.subject {
        envelope["Subject"] = subject.into();
    }
    if !message.attributes.is_null() {
        envelope["MessageAttributes"] = message.attributes.clone();
    }
    envelope.to_string()
}

/// Asks an endpoint to confirm its subscription: by POST where that can be done,
/// else as a captured message that shows the link.
///
/// # Errors
/// When the store cannot be written.
pub(super) fn ask_to_confirm(
    account: &Account,
    subscription: &SubscriptionRow,
) -> Result<(), StoreError> {
    let (topic, token) = (&subscription.topic, &subscription.token);
    let url = format!(
        "{}/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}",
        account.endpoint
    );
    let text = format!(
        "You have chosen to subscribe to the topic {topic}.\nTo confirm the subscription, visit the SubscribeURL \
         included in this message."
    );
    let id = uuid::Uuid::new_v4().to_string();
    let by_post = subscription.protocol == "http";
    let notification = account.store.add_notification(&NewNotification {
        time_ms: account.clock.now_ms(),
        topic: topic.clone(),
        subscription: subscription.arn.clone(),
        protocol: subscription.protocol.clone(),
        status: if by_post {
            DeliveryStatus::Pending
        } else {
            DeliveryStatus::Captured
        },
        subject: Some("AWS Notification - Subscription Confirmation".to_owned()),
        message: format!("{text}\n{url}"),
    })?;
    let body = json!({
        "Type": "SubscriptionConfirmation",
        "MessageId": id,
        "Token": token,
        "TopicArn": topic,
        "Message": text,
        "SubscribeURL": url,
        "Timestamp": iso(account.clock.now_ms()),
        "SignatureVersion": "1",
        "Signature": "",
        "SigningCertURL": "",
    });
    if by_post {
        account.outbox.push(
            account,
            Delivery {
                notification,
                endpoint: subscription.endpoint.clone(),
                kind: MessageType::SubscriptionConfirmation,
                topic: topic.clone(),
                subscription: None,
                message_id: id,
                body: body.to_string(),
                raw: false,
            },
        );
    }
    account.changed(Change::Notification);
    Ok(())
}
