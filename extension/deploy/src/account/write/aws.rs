//! Each [`Call`] as one request of the SDK.

use crate::account::aws::Aws;
use crate::account::convert::aws as convert;
use crate::account::{AccountError, Call, Reads, Trouble, Writes};
use crate::model::{Alarm, Subscription, Tags};

/// Makes a request in its turn and drops the answer, which says nothing new.
macro_rules! made {
    ($account:expr, $operation:expr, $request:expr) => {{
        let request = $request;
        $account
            .call($operation, || request.clone().send())
            .await
            .map(|_| Vec::new())
    }};
}

pub(super) use made;

/// What is gone already is as it should be: a request that is made again, its first
/// answer lost, finds nothing.
pub(super) fn gone(
    outcome: Result<Vec<String>, AccountError>,
) -> Result<Vec<String>, AccountError> {
    match outcome {
        Err(error) if error.trouble == Trouble::Missing => Ok(Vec::new()),
        outcome => outcome,
    }
}

impl Writes for Aws {
    async fn write(&self, call: &Call) -> Result<Vec<String>, AccountError> {
        let operation = call.operation();
        let (cloudwatch, sns) = (&self.cloudwatch, &self.sns);
        match call {
            Call::CreateTopic { name, tags } => {
                let tags = Some(convert::topic_tags(tags));
                made!(
                    self,
                    operation,
                    sns.create_topic().name(name).set_tags(tags)
                )
            }
            Call::SetDisplayName {
                topic,
                display_name,
            } => self.set_attribute(topic, "DisplayName", display_name).await,
            Call::SetPolicy { topic, policy } => {
                self.set_attribute(topic, "Policy", &policy.to_string())
                    .await
            }
            Call::SetKey { topic, key } => self.set_attribute(topic, "KmsMasterKeyId", key).await,
            Call::TagTopic { topic, tags } => {
                let tags = Some(convert::topic_tags(tags));
                let request = sns.tag_resource().resource_arn(topic).set_tags(tags);
                made!(self, operation, request)
            }
            Call::Subscribe {
                topic,
                subscription,
            } => self.subscribe(topic, subscription).await,
            Call::Unsubscribe { arn } => {
                made!(self, operation, sns.unsubscribe().subscription_arn(arn))
            }
            Call::DeleteTopic { topic } => {
                made!(self, operation, sns.delete_topic().topic_arn(topic))
            }
            Call::PutAlarm { alarm, tags } => self.put_alarm(operation, alarm, tags).await,
            Call::DeleteAlarms { names } => self.delete_alarms(names).await,
            Call::PutDashboard { name, body, tags } => self.put_dashboard(name, body, tags).await,
            Call::DeleteDashboard { name } => {
                let request = cloudwatch.delete_dashboards().dashboard_names(name);
                gone(made!(self, operation, request))
            }
            Call::Tag { arn, tags } => self.tag(operation, arn, tags).await,
            other => self.write_rule(other).await,
        }
    }
}

impl Aws {
    async fn set_attribute(
        &self,
        topic: &str,
        name: &str,
        value: &str,
    ) -> Result<Vec<String>, AccountError> {
        let request = self
            .sns
            .set_topic_attributes()
            .topic_arn(topic)
            .attribute_name(name)
            .attribute_value(value);
        made!(self, "sns:SetTopicAttributes", request)
    }

    async fn subscribe(
        &self,
        topic: &str,
        subscription: &Subscription,
    ) -> Result<Vec<String>, AccountError> {
        let request = self
            .sns
            .subscribe()
            .topic_arn(topic)
            .protocol(&subscription.protocol)
            .endpoint(&subscription.endpoint)
            .return_subscription_arn(true);
        made!(self, "sns:Subscribe", request)
    }

    async fn put_alarm(
        &self,
        operation: &'static str,
        alarm: &Alarm,
        tags: &Tags,
    ) -> Result<Vec<String>, AccountError> {
        let tags = Some(convert::tags(tags));
        match alarm {
            Alarm::Metric(alarm) => {
                let request = convert::put_metric_alarm(alarm).set_tags(tags);
                self.call(operation, || request.clone().send_with(&self.cloudwatch))
                    .await
                    .map(|_| Vec::new())
            }
            Alarm::Composite(alarm) => {
                let request = convert::put_composite_alarm(alarm).set_tags(tags);
                self.call(operation, || request.clone().send_with(&self.cloudwatch))
                    .await
                    .map(|_| Vec::new())
            }
        }
    }

    /// One name that is gone already stops the whole call: the others go without it.
    async fn delete_alarms(&self, names: &[String]) -> Result<Vec<String>, AccountError> {
        let operation = "cloudwatch:DeleteAlarms";
        let request = |names: Vec<String>| {
            let request = self.cloudwatch.delete_alarms();
            request.set_alarm_names(Some(names))
        };
        match made!(self, operation, request(names.to_vec())) {
            Err(error) if error.trouble == Trouble::Missing => {
                let left = self.states(names).await?.into_iter();
                let left: Vec<String> = left.map(|state| state.name).collect();
                match left.len() {
                    0 => Ok(Vec::new()),
                    all if all == names.len() => Err(error),
                    _ => gone(made!(self, operation, request(left))),
                }
            }
            outcome => outcome,
        }
    }

    /// A body may be taken and found wanting at once: what CloudWatch says about it
    /// is passed on.
    async fn put_dashboard(
        &self,
        name: &str,
        body: &str,
        tags: &Tags,
    ) -> Result<Vec<String>, AccountError> {
        let request = self
            .cloudwatch
            .put_dashboard()
            .dashboard_name(name)
            .dashboard_body(body)
            .set_tags(Some(convert::tags(tags)));
        let output = self
            .call("cloudwatch:PutDashboard", || request.clone().send())
            .await?;
        Ok(output
            .dashboard_validation_messages()
            .iter()
            .map(|message| {
                let path = message.data_path().unwrap_or_default();
                format!("{path} {}", message.message().unwrap_or_default())
            })
            .collect())
    }
}
