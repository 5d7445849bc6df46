//! A real account: CloudWatch and its neighbours over the AWS SDK.
//!
//! `AWS_ENDPOINT_URL` and its per-service forms are honoured by the SDK; the
//! environment's own `endpoint` comes after them.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_cloudwatch::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudwatch::types::AlarmType;
use tokio::time::{Instant, sleep, sleep_until};

use super::connect::aws::sdk_config;
use super::convert::aws as convert;
use super::pace::{Pace, Quotas};
use super::trouble::aws::{passing, trouble};
use super::{AccountError, Reads, TopicState, Trouble};
use crate::backtest::{Ask, Points};
use crate::gate::AlarmState;
use crate::model::{
    Alarm, EventRule, MetricFilter, MetricRef, MuteRule, SamplingRule, Subscription, Tags,
};
use crate::readiness::look::Inspects;

pub use super::connect::aws::{Assumed, Connect, is_loopback};

/// Times that a call is made again after the network or the service failed.
const REPEATS: u32 = 3;
/// Times that a refused call is made again, slower each time.
const REFUSALS: u32 = 12;
/// Wait before the first repeat; doubles with each.
const BACKOFF: Duration = Duration::from_millis(250);
/// Alarms that one call may ask for by name.
const NAMES_A_CALL: usize = 100;
/// Entries a page that may be asked for.
const PAGE: i32 = 100;

/// A real account.
#[derive(Clone, Debug)]
pub struct Aws {
    place: String,
    pub(super) cloudwatch: aws_sdk_cloudwatch::Client,
    pub(super) sns: aws_sdk_sns::Client,
    pub(super) logs: aws_sdk_cloudwatchlogs::Client,
    pub(super) events: aws_sdk_eventbridge::Client,
    pub(super) xray: aws_sdk_xray::Client,
    sts: aws_sdk_sts::Client,
    pace: Arc<Mutex<Pace>>,
    began: Instant,
    /// On this machine, where a call that got no answer gets none the second time.
    local: bool,
}

impl Aws {
    /// Prepares the clients; nothing is called yet.
    pub async fn connect(connect: &Connect) -> Aws {
        let config = sdk_config(connect).await;
        let quotas = match connect.local() {
            true => Quotas::None,
            false => Quotas::Aws,
        };
        Aws {
            place: connect.place(),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            sns: aws_sdk_sns::Client::new(&config),
            logs: aws_sdk_cloudwatchlogs::Client::new(&config),
            events: aws_sdk_eventbridge::Client::new(&config),
            xray: aws_sdk_xray::Client::new(&config),
            sts: aws_sdk_sts::Client::new(&config),
            pace: Arc::new(Mutex::new(Pace::new(quotas))),
            began: Instant::now(),
            local: connect.local(),
        }
    }

    /// Makes one request in its turn, and again while that may help.
    pub(super) async fn call<T, E, F>(
        &self,
        operation: &'static str,
        send: impl Fn() -> F + Send,
    ) -> Result<T, AccountError>
    where
        F: Future<Output = Result<T, SdkError<E>>> + Send,
        E: Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let (mut repeats, mut refusals) = (0, 0);
        loop {
            let turn = self.pace(|pace, now| pace.turn(operation, now));
            sleep_until(self.began + turn).await;
            let error = match send().await {
                Ok(answer) => {
                    self.pace(|pace, _| pace.passed(operation));
                    return Ok(answer);
                }
                Err(error) => error,
            };
            let again = passing(&error);
            let error = self.error(operation, &error);
            match error.trouble {
                Trouble::Throttled if refusals < REFUSALS => {
                    refusals += 1;
                    self.pace(|pace, now| pace.refused(operation, now));
                }
                // Nobody listens there: a wrong endpoint should say so at once.
                Trouble::Refused | Trouble::Unresolved => return Err(error),
                // A person waits for each of these to the end.
                Trouble::TimedOut if self.local || repeats > 0 => return Err(error),
                _ if again && repeats < REPEATS => {
                    sleep(BACKOFF * 2_u32.pow(repeats)).await;
                    repeats += 1;
                }
                _ => return Err(error),
            }
        }
    }

    /// All pages of a listing: `send` asks for the page of a token, `next` finds the
    /// token of the page after it.
    pub(super) async fn pages<P, E, F>(
        &self,
        operation: &'static str,
        send: impl Fn(Option<String>) -> F + Send + Sync,
        next: impl Fn(&P) -> Option<&str> + Send + Sync,
    ) -> Result<Vec<P>, AccountError>
    where
        P: Send,
        F: Future<Output = Result<P, SdkError<E>>> + Send,
        E: Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let mut pages = Vec::new();
        let mut token = None;
        loop {
            let page = self.call(operation, || send(token.clone())).await?;
            token = next(&page).map(str::to_owned);
            pages.push(page);
            if token.is_none() {
                return Ok(pages);
            }
        }
    }

    /// Where calls go, for messages.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) fn pace<T>(&self, act: impl FnOnce(&mut Pace, Duration) -> T) -> T {
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut pace, self.began.elapsed())
    }

    fn error<E>(&self, operation: &str, error: &SdkError<E>) -> AccountError
    where
        E: Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let (trouble, detail) = trouble(error);
        AccountError {
            trouble,
            operation: operation.to_owned(),
            place: self.place.clone(),
            detail,
        }
    }

    async fn subscriptions(&self, arn: &str, state: &mut TopicState) -> Result<(), AccountError> {
        let request = self.sns.list_subscriptions_by_topic().topic_arn(arn);
        let pages = self
            .pages(
                "sns:ListSubscriptionsByTopic",
                |token| request.clone().set_next_token(token).send(),
                |page| page.next_token(),
            )
            .await?;
        for found in pages.iter().flat_map(|page| page.subscriptions()) {
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
        Ok(())
    }
}

impl Reads for Aws {
    async fn identity(&self) -> Result<String, AccountError> {
        let request = self.sts.get_caller_identity();
        let identity = self
            .call("sts:GetCallerIdentity", || request.clone().send())
            .await?;
        Ok(identity.account().unwrap_or_default().to_owned())
    }

    async fn alarms(&self) -> Result<Vec<Alarm>, AccountError> {
        let request = self
            .cloudwatch
            .describe_alarms()
            .alarm_types(AlarmType::MetricAlarm)
            .alarm_types(AlarmType::CompositeAlarm)
            .max_records(PAGE);
        let pages = self
            .pages(
                "cloudwatch:DescribeAlarms",
                |token| request.clone().set_next_token(token).send(),
                |page| page.next_token(),
            )
            .await?;
        let metric = pages.iter().flat_map(|page| page.metric_alarms());
        let composite = pages.iter().flat_map(|page| page.composite_alarms());
        Ok(metric
            .map(convert::metric_alarm)
            .chain(composite.map(convert::composite_alarm))
            .collect())
    }

    async fn states(&self, names: &[String]) -> Result<Vec<AlarmState>, AccountError> {
        let mut states = Vec::new();
        for names in names.chunks(NAMES_A_CALL) {
            let request = self
                .cloudwatch
                .describe_alarms()
                .set_alarm_names(Some(names.to_vec()))
                .alarm_types(AlarmType::MetricAlarm)
                .alarm_types(AlarmType::CompositeAlarm)
                .max_records(PAGE);
            let page = self
                .call("cloudwatch:DescribeAlarms", || request.clone().send())
                .await?;
            let metric = page.metric_alarms().iter().map(convert::metric_alarm_state);
            let composite = page.composite_alarms().iter();
            states.extend(metric);
            states.extend(composite.map(convert::composite_alarm_state));
        }
        Ok(states)
    }

    async fn tags(&self, arn: &str) -> Result<Tags, AccountError> {
        self.tags_of(arn).await
    }

    async fn topics(&self) -> Result<Vec<String>, AccountError> {
        let request = self.sns.list_topics();
        let pages = self
            .pages(
                "sns:ListTopics",
                |token| request.clone().set_next_token(token).send(),
                |page| page.next_token(),
            )
            .await?;
        let topics = pages.iter().flat_map(|page| page.topics());
        Ok(topics
            .filter_map(|topic| topic.topic_arn().map(str::to_owned))
            .collect())
    }

    async fn topic(&self, arn: &str) -> Result<TopicState, AccountError> {
        let request = self.sns.get_topic_attributes().topic_arn(arn);
        let output = self
            .call("sns:GetTopicAttributes", || request.clone().send())
            .await?;
        let attribute = |name: &str| output.attributes().and_then(|map| map.get(name)).cloned();
        let request = self.sns.list_tags_for_resource().resource_arn(arn);
        let tags = self
            .call("sns:ListTagsForResource", || request.clone().send())
            .await?;
        let mut state = TopicState {
            display_name: attribute("DisplayName").unwrap_or_default(),
            policy: attribute("Policy").and_then(|policy| serde_json::from_str(&policy).ok()),
            key: attribute("KmsMasterKeyId").filter(|key| !key.is_empty()),
            tags: convert::found_topic_tags(tags.tags()),
            ..TopicState::default()
        };
        self.subscriptions(arn, &mut state).await?;
        Ok(state)
    }

    async fn dashboards(&self) -> Result<Vec<String>, AccountError> {
        let request = self.cloudwatch.list_dashboards();
        let pages = self
            .pages(
                "cloudwatch:ListDashboards",
                |token| request.clone().set_next_token(token).send(),
                |page| page.next_token(),
            )
            .await?;
        let entries = pages.iter().flat_map(|page| page.dashboard_entries());
        Ok(entries
            .filter_map(|entry| entry.dashboard_name().map(str::to_owned))
            .collect())
    }

    async fn metrics(&self, namespace: &str, name: &str) -> Result<Vec<MetricRef>, AccountError> {
        let request = self
            .cloudwatch
            .list_metrics()
            .namespace(namespace)
            .metric_name(name);
        let pages = self
            .pages(
                "cloudwatch:ListMetrics",
                |token| request.clone().set_next_token(token).send(),
                |page| page.next_token(),
            )
            .await?;
        let found = pages.iter().flat_map(|page| page.metrics());
        Ok(found.map(convert::metric).collect())
    }

    async fn metric_data(&self, ask: &Ask) -> Result<Vec<Points>, AccountError> {
        self.points(ask).await
    }

    async fn dashboard(&self, name: &str) -> Result<String, AccountError> {
        let request = self.cloudwatch.get_dashboard().dashboard_name(name);
        let output = self
            .call("cloudwatch:GetDashboard", || request.clone().send())
            .await?;
        Ok(output.dashboard_body().unwrap_or_default().to_owned())
    }

    async fn metric_filters(&self) -> Result<Vec<MetricFilter>, AccountError> {
        self.list_metric_filters().await
    }

    async fn has_log_group(&self, name: &str) -> Result<bool, AccountError> {
        Ok(self.retention(name).await?.is_some())
    }

    async fn event_rules(&self) -> Result<Vec<EventRule>, AccountError> {
        self.list_event_rules().await
    }

    async fn targets(&self, rule: &str) -> Result<BTreeMap<String, String>, AccountError> {
        self.list_targets(rule).await
    }

    async fn mute_rules(&self) -> Result<Vec<String>, AccountError> {
        self.list_mute_rules().await
    }

    async fn mute_rule(&self, name: &str) -> Result<Option<MuteRule>, AccountError> {
        self.get_mute_rule(name).await
    }

    async fn sampling_rules(&self) -> Result<Vec<SamplingRule>, AccountError> {
        self.list_sampling_rules().await
    }
}
