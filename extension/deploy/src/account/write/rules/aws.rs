//! Calls on filters and rules, each as one request of the SDK.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::{MuteTargets, Rule, Schedule};
use aws_sdk_cloudwatchlogs::types::MetricTransformation;
use aws_sdk_eventbridge::types::Target as RuleTarget;
use aws_sdk_xray::types::{SamplingRule as WholeRule, SamplingRuleUpdate};

use crate::account::aws::Aws;
use crate::account::call::Service;
use crate::account::convert::aws as convert;
use crate::account::write::aws::{gone, made};
use crate::account::{AccountError, Call, Trouble};
use crate::model::{EventRule, MetricFilter, MuteRule, SamplingRule, Tags};

/// Every field of a request's part is set right before it is built.
const COMPLETE: &str = "every required field is set";
/// The version of sampling rules' format, the only one.
const VERSION: i32 = 1;

impl Aws {
    pub(in crate::account::write) async fn write_rule(
        &self,
        call: &Call,
    ) -> Result<Vec<String>, AccountError> {
        let operation = call.operation();
        match call {
            Call::PutMetricFilter { filter } => self.put_metric_filter(filter).await,
            Call::DeleteMetricFilter { log_group, name } => {
                let request = self.logs.delete_metric_filter();
                let request = request.log_group_name(log_group).filter_name(name);
                gone(made!(self, operation, request))
            }
            Call::PutRule { rule, tags } => self.put_rule(rule, tags).await,
            Call::PutTargets { rule, targets } => self.put_targets(rule, targets).await,
            Call::RemoveTargets { rule, ids } => self.remove_targets(rule, ids).await,
            Call::DeleteRule { name } => {
                made!(self, operation, self.events.delete_rule().name(name))
            }
            Call::PutMuteRule { rule, tags } => self.put_mute_rule(rule, tags).await,
            Call::DeleteMuteRule { name } => {
                let request = self.cloudwatch.delete_alarm_mute_rule();
                gone(made!(self, operation, request.alarm_mute_rule_name(name)))
            }
            Call::CreateSamplingRule { rule, tags } => self.create_sampling(rule, tags).await,
            Call::UpdateSamplingRule { rule } => self.update_sampling(rule).await,
            Call::DeleteSamplingRule { name } => self.delete_sampling(name).await,
            other => Err(self.failed(other.operation(), "nobody makes this call".to_owned())),
        }
    }

    /// TagResource of the service that the ARN names.
    pub(in crate::account::write) async fn tag(
        &self,
        operation: &'static str,
        arn: &str,
        tags: &Tags,
    ) -> Result<Vec<String>, AccountError> {
        match Service::of(arn) {
            Service::CloudWatch => {
                let request = self.cloudwatch.tag_resource().resource_arn(arn);
                made!(self, operation, request.set_tags(Some(convert::tags(tags))))
            }
            Service::Events => {
                let request = self.events.tag_resource().resource_arn(arn);
                made!(self, operation, request.set_tags(Some(event_tags(tags))))
            }
            Service::XRay => {
                let request = self.xray.tag_resource().resource_arn(arn);
                made!(self, operation, request.set_tags(Some(xray_tags(tags))))
            }
        }
    }

    async fn put_metric_filter(&self, filter: &MetricFilter) -> Result<Vec<String>, AccountError> {
        let writes = MetricTransformation::builder()
            .metric_namespace(&filter.metric_namespace)
            .metric_name(&filter.metric_name)
            .metric_value(&filter.value)
            .set_default_value(filter.default_value)
            .build()
            .expect(COMPLETE);
        let request = self
            .logs
            .put_metric_filter()
            .log_group_name(&filter.log_group)
            .filter_name(&filter.name)
            .filter_pattern(&filter.pattern)
            .metric_transformations(writes);
        let put = made!(self, "logs:PutMetricFilter", request);
        put.map_err(|mut error| {
            if error.trouble == Trouble::Missing {
                let group = &filter.log_group;
                error.detail = format!(
                    "there is no log group {group}: {}",
                    MetricFilter::remedy(group)
                );
            }
            error
        })
    }

    async fn put_rule(&self, rule: &EventRule, tags: &Tags) -> Result<Vec<String>, AccountError> {
        let request = self
            .events
            .put_rule()
            .name(&rule.name)
            .description(&rule.description)
            .event_pattern(rule.pattern.to_string())
            .set_tags(Some(event_tags(tags)));
        made!(self, "events:PutRule", request)
    }

    /// EventBridge answers with success and a list of what failed.
    async fn put_targets(
        &self,
        rule: &str,
        targets: &BTreeMap<String, String>,
    ) -> Result<Vec<String>, AccountError> {
        let targets = targets
            .iter()
            .map(|(id, arn)| RuleTarget::builder().id(id).arn(arn).build());
        let targets: Vec<RuleTarget> = targets.map(|target| target.expect(COMPLETE)).collect();
        let request = self.events.put_targets().rule(rule);
        let request = request.set_targets(Some(targets));
        let operation = "events:PutTargets";
        let answer = self.call(operation, || request.clone().send()).await?;
        let failed = answer.failed_entries().iter();
        let failed = failed.map(|it| (it.target_id(), it.error_message()));
        self.none_failed(operation, failed)
    }

    async fn remove_targets(
        &self,
        rule: &str,
        ids: &[String],
    ) -> Result<Vec<String>, AccountError> {
        let request = self.events.remove_targets().rule(rule);
        let request = request.set_ids(Some(ids.to_vec()));
        let operation = "events:RemoveTargets";
        let answer = match self.call(operation, || request.clone().send()).await {
            // The rule is gone, and its targets with it.
            Err(error) if error.trouble == Trouble::Missing => return Ok(Vec::new()),
            answer => answer?,
        };
        let failed = answer.failed_entries().iter();
        let failed = failed.map(|it| (it.target_id(), it.error_message()));
        let removed = self.none_failed(operation, failed);
        if removed.is_err() {
            let left = self.list_targets(rule).await?;
            if !ids.iter().any(|id| left.contains_key(id)) {
                return Ok(Vec::new());
            }
        }
        removed
    }

    fn none_failed<'a>(
        &self,
        operation: &'static str,
        failed: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)>,
    ) -> Result<Vec<String>, AccountError> {
        let told: Vec<String> = failed
            .map(|(id, why)| format!("{}: {}", id.unwrap_or("?"), why.unwrap_or("no reason")))
            .collect();
        match told.is_empty() {
            true => Ok(Vec::new()),
            false => Err(self.failed(operation, told.join("; "))),
        }
    }

    fn failed(&self, operation: &str, detail: String) -> AccountError {
        AccountError {
            trouble: Trouble::Other,
            operation: operation.to_owned(),
            place: self.place().to_owned(),
            detail,
        }
    }

    async fn put_mute_rule(
        &self,
        rule: &MuteRule,
        tags: &Tags,
    ) -> Result<Vec<String>, AccountError> {
        let schedule = Schedule::builder()
            .expression(&rule.expression)
            .duration(rule.duration())
            .timezone(&rule.timezone)
            .build();
        let targets = MuteTargets::builder()
            .set_alarm_names(Some(rule.alarms.clone()))
            .build();
        let request = self
            .cloudwatch
            .put_alarm_mute_rule()
            .name(&rule.name)
            .description(&rule.description)
            .rule(Rule::builder().schedule(schedule).build())
            .mute_targets(targets)
            .set_tags(Some(convert::tags(tags)));
        made!(self, "cloudwatch:PutAlarmMuteRule", request)
    }

    async fn create_sampling(
        &self,
        rule: &SamplingRule,
        tags: &Tags,
    ) -> Result<Vec<String>, AccountError> {
        let whole = WholeRule::builder()
            .rule_name(&rule.name)
            .priority(whole_number(rule.priority))
            .fixed_rate(rule.rate)
            .reservoir_size(whole_number(rule.reservoir))
            .service_name(&rule.service)
            .service_type(&rule.service_type)
            .host(&rule.host)
            .http_method(&rule.method)
            .url_path(&rule.path)
            .resource_arn(&rule.resource_arn)
            .version(VERSION)
            .set_attributes(Some(rule.attributes.clone().into_iter().collect()))
            .build()
            .expect(COMPLETE);
        let request = self.xray.create_sampling_rule().sampling_rule(whole);
        let request = request.set_tags(Some(xray_tags(tags)));
        let created = made!(self, "xray:CreateSamplingRule", request);
        match created {
            // It may be the rule of this very request, whose first answer was lost.
            Err(error) if error.trouble == Trouble::Other => {
                let found = self.list_sampling_rules().await;
                match found.is_ok_and(|rules| rules.contains(rule)) {
                    true => Ok(Vec::new()),
                    false => Err(error),
                }
            }
            outcome => outcome,
        }
    }

    /// X-Ray has no error of its own for a rule that is gone.
    async fn delete_sampling(&self, name: &str) -> Result<Vec<String>, AccountError> {
        let request = self.xray.delete_sampling_rule().rule_name(name);
        match made!(self, "xray:DeleteSamplingRule", request) {
            Err(error) if error.trouble == Trouble::Other => {
                let left = self.list_sampling_rules().await;
                match left.is_ok_and(|rules| rules.iter().all(|rule| rule.name != name)) {
                    true => Ok(Vec::new()),
                    false => Err(error),
                }
            }
            outcome => gone(outcome),
        }
    }

    async fn update_sampling(&self, rule: &SamplingRule) -> Result<Vec<String>, AccountError> {
        let update = SamplingRuleUpdate::builder()
            .rule_name(&rule.name)
            .priority(whole_number(rule.priority))
            .fixed_rate(rule.rate)
            .reservoir_size(whole_number(rule.reservoir))
            .service_name(&rule.service)
            .service_type(&rule.service_type)
            .host(&rule.host)
            .http_method(&rule.method)
            .url_path(&rule.path)
            .resource_arn(&rule.resource_arn)
            .set_attributes(Some(rule.attributes.clone().into_iter().collect()))
            .build();
        let request = self.xray.update_sampling_rule();
        made!(
            self,
            "xray:UpdateSamplingRule",
            request.sampling_rule_update(update)
        )
    }
}

fn event_tags(tags: &Tags) -> Vec<aws_sdk_eventbridge::types::Tag> {
    let tags = tags.iter().map(|(key, value)| {
        let tag = aws_sdk_eventbridge::types::Tag::builder();
        tag.key(key).value(value).build().expect(COMPLETE)
    });
    tags.collect()
}

fn xray_tags(tags: &Tags) -> Vec<aws_sdk_xray::types::Tag> {
    let tags = tags.iter().map(|(key, value)| {
        let tag = aws_sdk_xray::types::Tag::builder();
        tag.key(key).value(value).build().expect(COMPLETE)
    });
    tags.collect()
}

fn whole_number(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
