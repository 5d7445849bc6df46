//! One write, complete: whoever makes it has nothing left to decide.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{Alarm, Subscription, Tags};

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
    /// CloudWatch TagResource.
    Tag {
        /// Alarm or dashboard.
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
            Call::SetDisplayName { .. } | Call::SetPolicy { .. } => "sns:SetTopicAttributes",
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
            Call::Tag { .. } => "cloudwatch:TagResource",
        }
    }
}
