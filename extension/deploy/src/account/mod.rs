//! An account as the planner and the executor see it: a port to read and a port to
//! write. [`aws`] speaks to AWS's services, [`fake`] is an account in memory.

pub mod error;
pub mod call;
pub mod fake;
mod pace;
#[cfg(test)]
mod quota;
mod connect;
mod convert;
mod trouble;
pub mod aws;
mod rules;
mod write;
mod inspect;
mod history;

use std::collections::BTreeMap;
use std::future::Future;

use crate::backtest::{Ask, Points};
use crate::gate::AlarmState;
use crate::model::{
    Alarm, EventRule, MetricFilter, MetricRef, MuteRule, SamplingRule, Subscription, Tags,
};

pub use self::call::Call;
pub use self::error::{AccountError, Trouble};

/// A topic as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicState {
    /// Empty for none.
    pub display_name: String,
    /// As JSON; `None` when it is not JSON.
    pub policy: Option<serde_json::Value>,
    /// Who is told, and under which ARN; `None` while the person has not confirmed.
    pub subscriptions: BTreeMap<Subscription, Option<String>>,
    /// The key that encrypts it, as it was set; `None` for none.
    pub key: Option<String>,
    /// Its tags.
    pub tags: Tags,
}

/// Reading an account.
pub trait Reads: Sync {
    /// The account the credentials belong to: twelve digits.
    fn identity(&self) -> impl Future<Output = Result<String, AccountError>> + Send;
    /// All alarms of the region, metric and composite.
    fn alarms(&self) -> impl Future<Output = Result<Vec<Alarm>, AccountError>> + Send;
    /// How the alarms of these names are; those that do not exist are left out.
    fn states(
        &self,
        names: &[String],
    ) -> impl Future<Output = Result<Vec<AlarmState>, AccountError>> + Send;
    /// Tags of an alarm, dashboard, event rule or sampling rule.
    fn tags(&self, arn: &str) -> impl Future<Output = Result<Tags, AccountError>> + Send;
    /// ARNs of all topics of the region.
    fn topics(&self) -> impl Future<Output = Result<Vec<String>, AccountError>> + Send;
    /// One topic.
    fn topic(&self, arn: &str) -> impl Future<Output = Result<TopicState, AccountError>> + Send;
    /// Names of all dashboards.
    fn dashboards(&self) -> impl Future<Output = Result<Vec<String>, AccountError>> + Send;
    /// Metrics of a namespace and a name that had a datapoint in the last two weeks.
    fn metrics(
        &self,
        namespace: &str,
        name: &str,
    ) -> impl Future<Output = Result<Vec<MetricRef>, AccountError>> + Send;
    /// Numbers of the past: one answer a query, each oldest first.
    fn metric_data(
        &self,
        ask: &Ask,
    ) -> impl Future<Output = Result<Vec<Points>, AccountError>> + Send;
    /// One dashboard's body.
    fn dashboard(&self, name: &str) -> impl Future<Output = Result<String, AccountError>> + Send;
    /// All metric filters of the region.
    fn metric_filters(
        &self,
    ) -> impl Future<Output = Result<Vec<MetricFilter>, AccountError>> + Send;
    /// Whether a log group exists.
    fn has_log_group(&self, name: &str) -> impl Future<Output = Result<bool, AccountError>> + Send;
    /// All rules on the default event bus, their descriptions with the mark and without
    /// their targets.
    fn event_rules(&self) -> impl Future<Output = Result<Vec<EventRule>, AccountError>> + Send;
    /// The targets of an event rule: id to ARN.
    fn targets(
        &self,
        rule: &str,
    ) -> impl Future<Output = Result<BTreeMap<String, String>, AccountError>> + Send;
    /// Names of all alarm mute rules.
    fn mute_rules(&self) -> impl Future<Output = Result<Vec<String>, AccountError>> + Send;
    /// One mute rule, its description with the mark; `None` when it is gone.
    fn mute_rule(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Option<MuteRule>, AccountError>> + Send;
    /// All sampling rules but X-Ray's own.
    fn sampling_rules(
        &self,
    ) -> impl Future<Output = Result<Vec<SamplingRule>, AccountError>> + Send;
}

/// Writing to an account.
pub trait Writes: Sync {
    /// Makes one call. What the service remarks on a success is returned.
    fn write(&self, call: &Call) -> impl Future<Output = Result<Vec<String>, AccountError>> + Send;
}
