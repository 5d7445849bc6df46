//! Topics, who is subscribed, and who may publish.

use serde_json::{Value, json};

use super::{TAG_SUBSCRIPTIONS, Tags, Target, content_hash};

/// A place notifications are sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Name in SNS.
    pub name: String,
    /// Shown as the sender; empty for none.
    pub display_name: String,
    /// Who is told, by protocol and endpoint.
    pub subscriptions: Vec<Subscription>,
    /// Names of the EventBridge rules that publish to it, sorted.
    pub rules: Vec<String>,
    /// The customer-managed key that encrypts it: its key policy has to grant
    /// cloudwatch.amazonaws.com (and events.amazonaws.com, when there are `rules`)
    /// `kms:Decrypt` and `kms:GenerateDataKey*`, else notices vanish.
    pub kms_key: Option<String>,
    /// ARNs of chat configurations that show what is published. A chat configuration
    /// lists its topics and subscribes by itself; SNS takes no such subscription.
    pub chats: Vec<String>,
}

/// One who is told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subscription {
    /// `http`, `https`, `email`, `sqs` or `lambda`.
    pub protocol: String,
    /// The URL, address or ARN.
    pub endpoint: String,
}

impl Subscription {
    /// Short name in the topic's tag: marks this subscription as ours.
    pub fn hash(&self) -> String {
        content_hash(&format!("{} {}", self.protocol, self.endpoint))[..8].to_owned()
    }
}

impl Topic {
    /// The most subscriptions a topic can have here: their marks share one tag of
    /// 256 characters.
    pub const MAX_SUBSCRIPTIONS: usize = 28;

    /// CloudWatch may publish its alarms to the topic, EventBridge what its rules send,
    /// the account may do the rest. Without the statements of the services an alarm
    /// fires and nobody hears of it.
    pub fn policy(&self, target: &Target) -> Value {
        let arn = target.topic_arn(&self.name);
        let mut policy = json!({
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "AccountMayUseTheTopic",
                    "Effect": "Allow",
                    "Principal": { "AWS": "*" },
                    "Action": [
                        "sns:AddPermission",
                        "sns:DeleteTopic",
                        "sns:GetTopicAttributes",
                        "sns:ListSubscriptionsByTopic",
                        "sns:Publish",
                        "sns:RemovePermission",
                        "sns:SetTopicAttributes",
                        "sns:Subscribe",
                    ],
                    "Resource": arn,
                    "Condition": { "StringEquals": { "aws:SourceOwner": target.account } },
                },
                {
                    "Sid": "AlarmsMayPublish",
                    "Effect": "Allow",
                    "Principal": { "Service": "cloudwatch.amazonaws.com" },
                    "Action": "sns:Publish",
                    "Resource": arn,
                    "Condition": {
                        "StringEquals": { "aws:SourceAccount": target.account },
                        "ArnLike": { "aws:SourceArn": target.alarm_arn("*") },
                    },
                },
            ],
        });
        if let (false, Some(statements)) =
            (self.rules.is_empty(), policy["Statement"].as_array_mut())
        {
            let rules: Vec<String> = self
                .rules
                .iter()
                .map(|rule| target.rule_arn(rule))
                .collect();
            statements.push(json!({
                "Sid": "EventsMayPublish",
                "Effect": "Allow",
                "Principal": { "Service": "events.amazonaws.com" },
                "Action": "sns:Publish",
                "Resource": target.topic_arn(&self.name),
                "Condition": { "ArnEquals": { "aws:SourceArn": rules } },
            }));
        }
        policy
    }

    /// The topic's tags.
    pub fn tags(&self, target: &Target) -> Tags {
        let hashes: Vec<String> = self.subscriptions.iter().map(Subscription::hash).collect();
        let content = format!(
            "{}\n{}\n{}",
            self.display_name,
            self.policy(target),
            hashes.join(" ")
        );
        let mut tags = target.tags(&content);
        tags.insert(TAG_SUBSCRIPTIONS.to_owned(), hashes.join(" "));
        tags
    }
}
