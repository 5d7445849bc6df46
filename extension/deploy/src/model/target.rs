//! Where a project is applied, and how ownership is marked there.

use super::{Alarm, TAG_CONTENT, TAG_ENVIRONMENT, TAG_PROJECT, Tags, content_hash};
use serde::{Deserialize, Serialize};

/// One project in one environment: an account and a region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The project's name.
    pub project: String,
    /// The environment's name.
    pub environment: String,
    /// Twelve digits.
    pub account: String,
    /// Such as `eu-central-1`.
    pub region: String,
    /// Where the API is, when the environment says so.
    pub endpoint: Option<String>,
    /// Whom to become before the first call.
    pub role: Option<Role>,
}

/// A role that is assumed in the target's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// What its trust policy asks for.
    pub external_id: Option<String>,
}

/// What an alarm's mark says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seal {
    /// It carries no mark of this project and environment.
    None,
    /// It is as it was put.
    Whole,
    /// Somebody changed it by hand since.
    Broken,
}

impl Target {
    /// The ARN of a topic in this account and region.
    pub fn topic_arn(&self, name: &str) -> String {
        let (partition, region, account) = (self.partition(), &self.region, &self.account);
        format!("arn:{partition}:sns:{region}:{account}:{name}")
    }

    /// The ARN of a rule on the default event bus.
    pub fn rule_arn(&self, name: &str) -> String {
        let (partition, region, account) = (self.partition(), &self.region, &self.account);
        format!("arn:{partition}:events:{region}:{account}:rule/{name}")
    }

    /// The ARN of a sampling rule.
    pub fn sampling_rule_arn(&self, name: &str) -> String {
        let (partition, region, account) = (self.partition(), &self.region, &self.account);
        format!("arn:{partition}:xray:{region}:{account}:sampling-rule/{name}")
    }

    /// The ARN of a function in this account and region.
    pub fn function_arn(&self, name: &str) -> String {
        let (partition, region, account) = (self.partition(), &self.region, &self.account);
        format!("arn:{partition}:lambda:{region}:{account}:function:{name}")
    }

    /// The ARN of a queue in this account and region.
    pub fn queue_arn(&self, name: &str) -> String {
        let (partition, region, account) = (self.partition(), &self.region, &self.account);
        format!("arn:{partition}:sqs:{region}:{account}:{name}")
    }

    /// The ARN of an alarm in this account and region.
    pub fn alarm_arn(&self, name: &str) -> String {
        let (partition, region, account) = (self.partition(), &self.region, &self.account);
        format!("arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}")
    }

    /// The ARN of a dashboard; dashboards belong to no region.
    pub fn dashboard_arn(&self, name: &str) -> String {
        let (partition, account) = (self.partition(), &self.account);
        format!("arn:{partition}:cloudwatch::{account}:dashboard/{name}")
    }

    /// The prefix of topics that carry no name of their own.
    pub fn topic_prefix(&self) -> String {
        format!("{}-{}-", self.project, self.environment)
    }

    /// Last line of every alarm's description. DescribeAlarms shows no tags, and one
    /// ListTagsForResource call an alarm would make a plan of a thousand alarms a
    /// thousand calls: this line says which alarms are worth that question.
    pub fn marker(&self) -> String {
        format!("Kept as code by obs: {}/{}", self.project, self.environment)
    }

    /// Characters that sealing adds to a description.
    pub const SEAL: usize = 14;

    /// The alarm as it is put: its mark carries a hash of all the rest, so that a
    /// later plan sees what hands changed since. A tag could not do that: it would be
    /// set by a second call, which may fail while the first one stands.
    #[must_use]
    pub fn sealed(&self, alarm: &Alarm) -> Alarm {
        let hash = content_hash(&alarm.content());
        let mut alarm = alarm.clone();
        let description = alarm.description_mut();
        if description.ends_with(&self.marker()) {
            description.push_str(" #");
            description.push_str(&hash);
        }
        alarm
    }

    /// An alarm as found: without its seal, and with what the seal says of it.
    pub fn unsealed(&self, alarm: &Alarm) -> (Alarm, Seal) {
        let marker = self.marker();
        let description = alarm.description();
        let start = description.rfind('\n').map_or(0, |end| end + 1);
        let Some(rest) = description[start..].strip_prefix(&marker) else {
            return (alarm.clone(), Seal::None);
        };
        let hash = match rest.strip_prefix(" #") {
            None if !rest.is_empty() => return (alarm.clone(), Seal::None),
            hash => hash,
        };
        let mut bare = alarm.clone();
        bare.description_mut().truncate(start + marker.len());
        let whole = hash.is_none_or(|hash| hash == content_hash(&bare.content()));
        let seal = match whole {
            true => Seal::Whole,
            false => Seal::Broken,
        };
        (bare, seal)
    }

    /// The tags of something of ours with this content.
    pub fn tags(&self, content: &str) -> Tags {
        Tags::from([
            (TAG_PROJECT.to_owned(), self.project.clone()),
            (TAG_ENVIRONMENT.to_owned(), self.environment.clone()),
            (TAG_CONTENT.to_owned(), content_hash(content)),
        ])
    }

    /// True when the tags say that this project and environment own it.
    pub fn owns(&self, tags: &Tags) -> bool {
        tags.get(TAG_PROJECT) == Some(&self.project)
            && tags.get(TAG_ENVIRONMENT) == Some(&self.environment)
    }

    /// `PROJECT/ENVIRONMENT` of another one that owns it, by its tags.
    pub fn other(&self, tags: &Tags) -> Option<String> {
        let project = tags.get(TAG_PROJECT)?;
        let environment = tags.get(TAG_ENVIRONMENT)?;
        (!self.owns(tags)).then(|| format!("{project}/{environment}"))
    }

    fn partition(&self) -> &'static str {
        if self.region.starts_with("cn-") {
            "aws-cn"
        } else if self.region.starts_with("us-gov-") {
            "aws-us-gov"
        } else {
            "aws"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CompositeAlarm;

    fn target(environment: &str) -> Target {
        Target {
            project: "shop".to_owned(),
            environment: environment.to_owned(),
            account: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            endpoint: None,
            role: None,
        }
    }

    fn alarm(description: &str, rule: &str) -> Alarm {
        Alarm::Composite(CompositeAlarm {
            name: "down".to_owned(),
            description: description.to_owned(),
            actions: crate::model::Actions::default(),
            actions_enabled: true,
            rule: rule.to_owned(),
            suppressor: None,
            foreign: std::collections::BTreeMap::new(),
        })
    }

    #[test]
    fn a_seal_is_whole_until_a_hand_touches_the_alarm() {
        let target = target("dev");
        for text in ["", "Orders fail.\n", "Two\nlines.\n"] {
            let bare = alarm(&format!("{text}{}", target.marker()), "ALARM(a)");
            let sealed = target.sealed(&bare);
            let added = sealed.description().len() - bare.description().len();
            assert_eq!(added, Target::SEAL);
            assert_eq!(target.unsealed(&sealed), (bare, Seal::Whole));
            let touched = alarm(sealed.description(), "ALARM(b)");
            assert_eq!(target.unsealed(&touched).1, Seal::Broken);
        }
    }

    #[test]
    fn only_the_own_mark_is_a_seal() {
        let dev = target("dev");
        for description in [
            "",
            "Somebody else's.",
            &target("dev2").marker(),
            &format!("{} and more", dev.marker()),
            &format!("{}\nmore", dev.marker()),
        ] {
            let found = alarm(description, "ALARM(a)");
            assert_eq!(dev.unsealed(&found), (found, Seal::None), "{description}");
        }
        let old = alarm(&dev.marker(), "ALARM(a)");
        assert_eq!(dev.unsealed(&old), (old, Seal::Whole));
    }
}
