//! Where a project is applied, and how ownership is marked there.

use super::{TAG_CONTENT, TAG_ENVIRONMENT, TAG_PROJECT, Tags, content_hash};

/// One project in one environment: an account and a region.
#[derive(Clone, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// What its trust policy asks for.
    pub external_id: Option<String>,
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
