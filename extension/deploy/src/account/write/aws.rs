//! Each [`Call`] as one request of the SDK.

use crate::account::aws::Aws;
use crate::account::convert::aws as convert;
use crate::account::{AccountError, Call, Writes};
use crate::model::{Alarm, Tags};

impl Writes for Aws {
    async fn write(&self, call: &Call) -> Result<Vec<String>, AccountError> {
        let operation = call.operation();
        match call {
            Call::SetDisplayName {
                topic,
                display_name,
            } => {
                self.set_attribute(topic, "DisplayName", display_name.clone())
                    .await?;
            }
            Call::SetPolicy { topic, policy } => {
                self.set_attribute(topic, "Policy", policy.to_string())
                    .await?;
            }
            Call::CreateTopic { .. }
            | Call::TagTopic { .. }
            | Call::Subscribe { .. }
            | Call::Unsubscribe { .. }
            | Call::DeleteTopic { .. } => self.write_sns(call).await?,
            Call::PutAlarm { alarm, tags } => self.put_alarm(operation, alarm, tags).await?,
            Call::PutDashboard { name, body, tags } => {
                let output = self
                    .cloudwatch
                    .put_dashboard()
                    .dashboard_name(name)
                    .dashboard_body(body)
                    .set_tags(Some(convert::tags(tags)))
                    .send()
                    .await
                    .map_err(|error| self.error(operation, error))?;
                let remark = |path: Option<&str>, message: Option<&str>| {
                    format!(
                        "{} {}",
                        path.unwrap_or_default(),
                        message.unwrap_or_default()
                    )
                };
                return Ok(output
                    .dashboard_validation_messages()
                    .iter()
                    .map(|message| remark(message.data_path(), message.message()))
                    .collect());
            }
            Call::DeleteAlarm { .. } | Call::DeleteDashboard { .. } | Call::Tag { .. } => {
                self.write_cloudwatch(call).await?;
            }
        }
        Ok(Vec::new())
    }
}

impl Aws {
    async fn write_sns(&self, call: &Call) -> Result<(), AccountError> {
        let operation = call.operation();
        let sns = &self.sns;
        match call {
            Call::CreateTopic { name, tags } => {
                let request = sns.create_topic().name(name);
                let request = request.set_tags(Some(convert::topic_tags(tags)));
                request
                    .send()
                    .await
                    .map(drop)
                    .map_err(|error| self.error(operation, error))
            }
            Call::TagTopic { topic, tags } => {
                let request = sns.tag_resource().resource_arn(topic);
                let request = request.set_tags(Some(convert::topic_tags(tags)));
                request
                    .send()
                    .await
                    .map(drop)
                    .map_err(|error| self.error(operation, error))
            }
            Call::Subscribe {
                topic,
                subscription,
            } => {
                let request = sns
                    .subscribe()
                    .topic_arn(topic)
                    .protocol(&subscription.protocol)
                    .endpoint(&subscription.endpoint)
                    .return_subscription_arn(true);
                request
                    .send()
                    .await
                    .map(drop)
                    .map_err(|error| self.error(operation, error))
            }
            Call::Unsubscribe { arn } => {
                let request = sns.unsubscribe().subscription_arn(arn);
                request
                    .send()
                    .await
                    .map(drop)
                    .map_err(|error| self.error(operation, error))
            }
            Call::DeleteTopic { topic } => {
                let request = sns.delete_topic().topic_arn(topic);
                request
                    .send()
                    .await
                    .map(drop)
                    .map_err(|error| self.error(operation, error))
            }
            _ => Ok(()),
        }
    }

    async fn write_cloudwatch(&self, call: &Call) -> Result<(), AccountError> {
        let operation = call.operation();
        let cloudwatch = &self.cloudwatch;
        match call {
            Call::DeleteAlarm { name } => {
                let request = cloudwatch.delete_alarms().alarm_names(name);
                request
                    .send()
                    .await
                    .map(drop)
                    .map_err(|error| self.error(operation, error))
            }
            Call::DeleteDashboard { name } => {
                let request = cloudwatch.delete_dashboards().dashboard_names(name);
                request
                    .send()
                    .await
                    .map(drop)
                    .map_err(|error| self.error(operation, error))
            }
            Call::Tag { arn, tags } => {
                let request = cloudwatch.tag_resource().resource_arn(arn);
                let request = request.set_tags(Some(convert::tags(tags)));
                request
                    .send()
                    .await
                    .map(drop)
                    .map_err(|error| self.error(operation, error))
            }
            _ => Ok(()),
        }
    }

    async fn put_alarm(
        &self,
        operation: &str,
        alarm: &Alarm,
        tags: &Tags,
    ) -> Result<(), AccountError> {
        match alarm {
            Alarm::Metric(alarm) => convert::put_metric_alarm(alarm)
                .set_tags(Some(convert::tags(tags)))
                .send_with(&self.cloudwatch)
                .await
                .map(drop)
                .map_err(|error| self.error(operation, error)),
            Alarm::Composite(alarm) => convert::put_composite_alarm(alarm)
                .set_tags(Some(convert::tags(tags)))
                .send_with(&self.cloudwatch)
                .await
                .map(drop)
                .map_err(|error| self.error(operation, error)),
        }
    }
}
