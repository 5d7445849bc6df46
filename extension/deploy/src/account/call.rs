//! One write, complete: whoever makes it has nothing left to decide.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

use crate::model::{Alarm, EventRule, MetricFilter, MuteRule, SamplingRule, Subscription, Tags};

/// One call that writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Call {
    /// SNS CreateTopic.
    CreateTopic {
        /// Name.
        name: String,
        /// Tags at creation.
        tags: Tags,
    },
    /// SNS SetTopicAttributes, `DisplayName`.
    SetDisplayName {
        /// The topic.
        topic: String,
        /// Empty for none.
        display_name: String,
    },
    /// SNS SetTopicAttributes, `Policy`.
    SetPolicy {
        /// The topic.
        topic: String,
        /// The policy document.
        policy: Value,
    },
    /// SNS SetTopicAttributes, `KmsMasterKeyId`.
    SetKey {
        /// The topic.
        topic: String,
        /// The key's id, ARN or alias; empty for none.
        key: String,
    },
    /// SNS TagResource.
    TagTopic {
        /// The topic.
        topic: String,
        /// Tags to set.
        tags: Tags,
    },
    /// SNS Subscribe.
    Subscribe {
        /// The topic.
        topic: String,
        /// Who.
        subscription: Subscription,
    },
    /// SNS Unsubscribe.
    Unsubscribe {
        /// The subscription's ARN.
        arn: String,
    },
    /// SNS DeleteTopic.
    DeleteTopic {
        /// The topic.
        topic: String,
    },
    /// CloudWatch PutMetricAlarm or PutCompositeAlarm.
    PutAlarm {
        /// The whole configuration.
        alarm: Box<Alarm>,
        /// Tags, which take effect at creation only.
        tags: Tags,
    },
    /// CloudWatch DeleteAlarms: at most 100 names, and at most one of a composite.
    DeleteAlarms {
        /// Their names.
        names: Vec<String>,
    },
    /// CloudWatch PutDashboard.
    PutDashboard {
        /// Its name.
        name: String,
        /// The whole body.
        body: String,
        /// Tags, which take effect at creation only.
        tags: Tags,
    },
    /// CloudWatch DeleteDashboards, one name a call.
    DeleteDashboard {
        /// Its name.
        name: String,
    },
    /// CloudWatch Logs PutMetricFilter.
    PutMetricFilter {
        /// The whole filter.
        filter: MetricFilter,
    },
    /// CloudWatch Logs DeleteMetricFilter.
    DeleteMetricFilter {
        /// The log group it reads.
        log_group: String,
        /// Its name.
        name: String,
    },
    /// EventBridge PutRule, on the default bus.
    PutRule {
        /// The whole rule but its targets, with the mark in its description.
        rule: EventRule,
        /// Tags, which take effect at creation only.
        tags: Tags,
    },
    /// EventBridge PutTargets: what the others of the same rule are stays.
    PutTargets {
        /// The rule.
        rule: String,
        /// Id to ARN.
        targets: BTreeMap<String, String>,
    },
    /// EventBridge RemoveTargets.
    RemoveTargets {
        /// The rule.
        rule: String,
        /// Ids.
        ids: Vec<String>,
    },
    /// EventBridge DeleteRule: of a rule without targets.
    DeleteRule {
        /// Its name.
        name: String,
    },
    /// CloudWatch PutAlarmMuteRule.
    PutMuteRule {
        /// The whole rule, with the mark in its description.
        rule: MuteRule,
        /// Tags, which take effect at creation only.
        tags: Tags,
    },
    /// CloudWatch DeleteAlarmMuteRule.
    DeleteMuteRule {
        /// Its name.
        name: String,
    },
    /// X-Ray CreateSamplingRule.
    CreateSamplingRule {
        /// The whole rule.
        rule: SamplingRule,
        /// Its tags.
        tags: Tags,
    },
    /// X-Ray UpdateSamplingRule.
    UpdateSamplingRule {
        /// The whole rule.
        rule: SamplingRule,
    },
    /// X-Ray DeleteSamplingRule.
    DeleteSamplingRule {
        /// Its name.
        name: String,
    },
    /// TagResource of CloudWatch, EventBridge or X-Ray, as the ARN says.
    Tag {
        /// Alarm, dashboard, event rule or sampling rule.
        arn: String,
        /// Tags to set.
        tags: Tags,
    },
}

impl Call {
    /// The operation's name as AWS documents it.
    pub fn operation(&self) -> &'static str {
        match self {
            Call::CreateTopic { .. } => "sns:CreateTopic",
            Call::SetDisplayName { .. } | Call::SetPolicy { .. } | Call::SetKey { .. } => {
                "sns:SetTopicAttributes"
            }
            Call::TagTopic { .. } => "sns:TagResource",
            Call::Subscribe { .. } => "sns:Subscribe",
            Call::Unsubscribe { .. } => "sns:Unsubscribe",
            Call::DeleteTopic { .. } => "sns:DeleteTopic",
            Call::PutAlarm { alarm, .. } => match **alarm {
                Alarm::Metric(_) => "cloudwatch:PutMetricAlarm",
                Alarm::Composite(_) => "cloudwatch:PutCompositeAlarm",
            },
            Call::DeleteAlarms { .. } => "cloudwatch:DeleteAlarms",
            Call::PutDashboard { .. } => "cloudwatch:PutDashboard",
            Call::DeleteDashboard { .. } => "cloudwatch:DeleteDashboards",
            Call::PutMetricFilter { .. } => "logs:PutMetricFilter",
            Call::DeleteMetricFilter { .. } => "logs:DeleteMetricFilter",
            Call::PutRule { .. } => "events:PutRule",
            Call::PutTargets { .. } => "events:PutTargets",
            Call::RemoveTargets { .. } => "events:RemoveTargets",
            Call::DeleteRule { .. } => "events:DeleteRule",
            Call::PutMuteRule { .. } => "cloudwatch:PutAlarmMuteRule",
            Call::DeleteMuteRule { .. } => "cloudwatch:DeleteAlarmMuteRule",
            Call::CreateSamplingRule { .. } => "xray:CreateSamplingRule",
            Call::UpdateSamplingRule { .. } => "xray:UpdateSamplingRule",
            Call::DeleteSamplingRule { .. } => "xray:DeleteSamplingRule",
            Call::Tag { arn, .. } => match Service::of(arn) {
                Service::CloudWatch => "cloudwatch:TagResource",
                Service::Events => "events:TagResource",
                Service::XRay => "xray:TagResource",
            },
        }
    }
}

/// Whose API a resource's tags are read and set with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// Alarms and dashboards.
    CloudWatch,
    /// Event rules.
    Events,
    /// Sampling rules.
    XRay,
}

impl Service {
    /// The service that an ARN names in its third part.
    pub(crate) fn of(arn: &str) -> Service {
        match arn.split(':').nth(2) {
            Some("events") => Service::Events,
            Some("xray") => Service::XRay,
            _ => Service::CloudWatch,
        }
    }
}
