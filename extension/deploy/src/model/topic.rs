//! Topics, who is subscribed, and who may publish.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{TAG_SUBSCRIPTIONS, Tags, Target, content_hash};

/// A place notifications are sent to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Subscription {
    /// `http`, `https`, `email`, `sqs` or `lambda`.
    pub protocol: String,
    /// The URL, address or ARN.
    pub endpoint: String,
}

impl Subscription {
    /// True for those whom SNS sends nothing before they said yes. A queue or a
    /// function of the same account needs no question.
    pub fn needs_confirmation(&self) -> bool {
        matches!(
            self.protocol.as_str(),
            "email" | "email-json" | "http" | "https"
        )
    }

    /// What the queue's or the function's own policy has to say before SNS may hand
    /// over what is published to the topic. Both policies belong to whoever deploys the
    /// queue or the function; SNS answers nothing when they do not say it.
    pub fn grant(&self, topic: &str) -> Option<String> {
        let endpoint = &self.endpoint;
        match self.protocol.as_str() {
            "sqs" => Some(format!(
                "the policy of queue {endpoint} has to contain {}",
                json!({
                    "Effect": "Allow",
                    "Principal": { "Service": "sns.amazonaws.com" },
                    "Action": "sqs:SendMessage",
                    "Resource": endpoint,
                    "Condition": { "ArnEquals": { "aws:SourceArn": topic } },
                })
            )),
            "lambda" => Some(format!(
                "SNS has to be let in once: aws lambda add-permission --function-name {endpoint} --statement-id obs-{} --action lambda:InvokeFunction --principal sns.amazonaws.com --source-arn {topic}",
                self.hash()
            )),
            _ => None,
        }
    }

    /// Short name in the topic's tag: marks this subscription as ours.
    pub fn hash(&self) -> String {
        content_hash(&format!("{} {}", self.protocol, self.endpoint))[..8].to_owned()
    }
}

/// For people. A chat's webhook is a secret in the form of a URL: of an address on
/// the web only the host is shown, and the short name that tells two apart.
impl std::fmt::Display for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Subscription { protocol, endpoint } = self;
        let Some((scheme, rest)) = endpoint.split_once("://") else {
            return write!(f, "{protocol} {endpoint}");
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let host = authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host);
        if host == authority && path.len() <= 1 {
            return write!(f, "{protocol} {endpoint}");
        }
        write!(f, "{protocol} {scheme}://{host}/... ({})", self.hash())
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

    /// What the content hash is taken of. Subscriptions have a tag of their own:
    /// whoever subscribes to our topic has not changed it.
    pub(crate) fn content(display_name: &str, policy: Option<&Value>, key: Option<&str>) -> String {
        let policy = policy.map(Value::to_string).unwrap_or_default();
        match key {
            None => format!("{display_name}\n{policy}"),
            Some(key) => format!("{display_name}\n{policy}\n{key}"),
        }
    }

    /// What the key's policy has to say, for those who look after the key: without it
    /// what the alarms tell vanishes at the encrypted topic.
    pub fn key_grant(&self, target: &Target) -> Option<Value> {
        self.kms_key.as_ref()?;
        let mut services = vec!["cloudwatch.amazonaws.com"];
        if !self.rules.is_empty() {
            services.push("events.amazonaws.com");
        }
        Some(json!({
            "Sid": "AlarmsMayUseTheKey",
            "Effect": "Allow",
            "Principal": { "Service": services },
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
            "Condition": { "StringEquals": { "aws:SourceAccount": target.account } },
        }))
    }

    /// The topic's tags.
    pub fn tags(&self, target: &Target) -> Tags {
        let hashes: Vec<String> = self.subscriptions.iter().map(Subscription::hash).collect();
        let policy = self.policy(target);
        let key = self.kms_key.as_deref();
        let mut tags = target.tags(&Topic::content(&self.display_name, Some(&policy), key));
        tags.insert(TAG_SUBSCRIPTIONS.to_owned(), hashes.join(" "));
        tags
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(protocol: &str, endpoint: &str, shown: &str) {
        let subscription = Subscription {
            protocol: protocol.to_owned(),
            endpoint: endpoint.to_owned(),
        };
        let shown = shown.replace('#', &subscription.hash());
        assert_eq!(subscription.to_string(), format!("{protocol} {shown}"));
    }

    #[test]
    fn of_a_web_address_only_the_host_is_shown() {
        check("email", "oncall@example.com", "oncall@example.com");
        check(
            "sqs",
            "arn:aws:sqs:eu-west-1:1:q",
            "arn:aws:sqs:eu-west-1:1:q",
        );
        check("http", "http://127.0.0.1:9/", "http://127.0.0.1:9/");
        check("https", "https://example.com", "https://example.com");
        check(
            "https",
            "https://hooks.example.com/T0/B1/x",
            "https://hooks.example.com/... (#)",
        );
        check(
            "https",
            "https://example.com?key=1",
            "https://example.com/... (#)",
        );
        check(
            "https",
            "https://me:secret@example.com/",
            "https://example.com/... (#)",
        );
    }
}
