//! A real account: CloudWatch, SNS and STS over the AWS SDK.
//!
//! `AWS_ENDPOINT_URL` and its per-service forms are honoured by the SDK; the
//! environment's own `endpoint` comes after them.

use std::error::Error;

use aws_config::retry::RetryConfig;
use aws_sdk_cloudwatch::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudwatch::types::AlarmType;

use super::connect::aws::sdk_config;
use super::convert::aws as convert;
use super::trouble::aws::trouble;
use super::{AccountError, Reads, TopicState};
use crate::model::{Alarm, Subscription, Tags};

pub use super::connect::aws::{Connect, is_loopback};

/// Attempts of the first call of all: a wrong endpoint should say so at once.
const FIRST_ATTEMPTS: u32 = 2;
/// Entries a page that may be asked for.
const PAGE: i32 = 100;

/// A real account.
#[derive(Clone, Debug)]
pub struct Aws {
    pub(super) place: String,
    pub(super) cloudwatch: aws_sdk_cloudwatch::Client,
    pub(super) sns: aws_sdk_sns::Client,
    sts: aws_sdk_sts::Client,
}

impl Aws {
    /// Prepares the clients; nothing is called yet.
    pub async fn connect(connect: &Connect) -> Aws {
        let config = sdk_config(connect).await;
        let first = aws_sdk_sts::config::Builder::from(&config)
            .retry_config(RetryConfig::standard().with_max_attempts(FIRST_ATTEMPTS))
            .build();
        Aws {
            place: connect.place(),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            sns: aws_sdk_sns::Client::new(&config),
            sts: aws_sdk_sts::Client::from_conf(first),
        }
    }

    pub(super) fn error<E>(&self, operation: &str, error: SdkError<E>) -> AccountError
    where
        E: Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let (trouble, detail) = trouble(&error);
        AccountError {
            trouble,
            operation: operation.to_owned(),
            place: self.place.clone(),
            detail,
        }
    }

    async fn subscriptions(&self, arn: &str, state: &mut TopicState) -> Result<(), AccountError> {
        let mut next = None;
        loop {
            let page = self
                .sns
                .list_subscriptions_by_topic()
                .topic_arn(arn)
                .set_next_token(next)
                .send()
                .await
                .map_err(|error| self.error("sns:ListSubscriptionsByTopic", error))?;
            for found in page.subscriptions() {
                let subscription = Subscription {
                    protocol: found.protocol().unwrap_or_default().to_owned(),
                    endpoint: found.endpoint().unwrap_or_default().to_owned(),
                };
                // Pending ones carry the word "PendingConfirmation" for an ARN.
                let arn = found
                    .subscription_arn()
                    .filter(|arn| arn.starts_with("arn:"))
                    .map(str::to_owned);
                state.subscriptions.insert(subscription, arn);
            }
            next = page.next_token().map(str::to_owned);
            if next.is_none() {
                return Ok(());
            }
        }
    }

    pub(super) async fn set_attribute(
        &self,
        topic: &str,
        name: &str,
        value: String,
    ) -> Result<(), AccountError> {
        self.sns
            .set_topic_attributes()
            .topic_arn(topic)
            .attribute_name(name)
            .attribute_value(value)
            .send()
            .await
            .map(drop)
            .map_err(|error| self.error("sns:SetTopicAttributes", error))
    }
}
impl Reads for Aws {
    async fn identity(&self) -> Result<String, AccountError> {
        let identity = self
            .sts
            .get_caller_identity()
            .send()
            .await
            .map_err(|error| self.error("sts:GetCallerIdentity", error))?;
        Ok(identity.account().unwrap_or_default().to_owned())
    }

    async fn alarms(&self) -> Result<Vec<Alarm>, AccountError> {
        let mut alarms = Vec::new();
        let mut next = None;
        loop {
            let page = self
                .cloudwatch
                .describe_alarms()
                .alarm_types(AlarmType::MetricAlarm)
                .alarm_types(AlarmType::CompositeAlarm)
                .max_records(PAGE)
                .set_next_token(next)
                .send()
                .await
                .map_err(|error| self.error("cloudwatch:DescribeAlarms", error))?;
            alarms.extend(page.metric_alarms().iter().map(convert::metric_alarm));
            alarms.extend(page.composite_alarms().iter().map(convert::composite_alarm));
            next = page.next_token().map(str::to_owned);
            if next.is_none() {
                return Ok(alarms);
            }
        }
    }

    async fn tags(&self, arn: &str) -> Result<Tags, AccountError> {
        let output = self
            .cloudwatch
            .list_tags_for_resource()
            .resource_arn(arn)
            .send()
            .await
            .map_err(|error| self.error("cloudwatch:ListTagsForResource", error))?;
        Ok(output
            .tags()
            .iter()
            .map(|tag| {
                (
                    tag.key().unwrap_or_default().to_owned(),
                    tag.value().unwrap_or_default().to_owned(),
                )
            })
            .collect())
    }

    async fn topics(&self) -> Result<Vec<String>, AccountError> {
        let mut arns = Vec::new();
        let mut next = None;
        loop {
            let page = self
                .sns
                .list_topics()
                .set_next_token(next)
                .send()
                .await
                .map_err(|error| self.error("sns:ListTopics", error))?;
            arns.extend(
                page.topics()
                    .iter()
                    .filter_map(|topic| topic.topic_arn())
                    .map(str::to_owned),
            );
            next = page.next_token().map(str::to_owned);
            if next.is_none() {
                return Ok(arns);
            }
        }
    }

    async fn topic(&self, arn: &str) -> Result<TopicState, AccountError> {
        let output = self
            .sns
            .get_topic_attributes()
            .topic_arn(arn)
            .send()
            .await
            .map_err(|error| self.error("sns:GetTopicAttributes", error))?;
        let attribute = |name: &str| output.attributes().and_then(|map| map.get(name)).cloned();
        let mut state = TopicState {
            display_name: attribute("DisplayName").unwrap_or_default(),
            policy: attribute("Policy").and_then(|policy| serde_json::from_str(&policy).ok()),
            ..TopicState::default()
        };
        let tags = self
            .sns
            .list_tags_for_resource()
            .resource_arn(arn)
            .send()
            .await
            .map_err(|error| self.error("sns:ListTagsForResource", error))?;
        state.tags = tags
            .tags()
            .iter()
            .map(|tag| (tag.key().to_owned(), tag.value().to_owned()))
            .collect();
        self.subscriptions(arn, &mut state).await?;
        Ok(state)
    }

    async fn dashboards(&self) -> Result<Vec<String>, AccountError> {
        let mut names = Vec::new();
        let mut next = None;
        loop {
            let page = self
                .cloudwatch
                .list_dashboards()
                .set_next_token(next)
                .send()
                .await
                .map_err(|error| self.error("cloudwatch:ListDashboards", error))?;
            names.extend(
                page.dashboard_entries()
                    .iter()
                    .filter_map(|entry| entry.dashboard_name())
                    .map(str::to_owned),
            );
            next = page.next_token().map(str::to_owned);
            if next.is_none() {
                return Ok(names);
            }
        }
    }

    async fn dashboard(&self, name: &str) -> Result<String, AccountError> {
        let output = self
            .cloudwatch
            .get_dashboard()
            .dashboard_name(name)
            .send()
            .await
            .map_err(|error| self.error("cloudwatch:GetDashboard", error))?;
        Ok(output.dashboard_body().unwrap_or_default().to_owned())
    }
}
