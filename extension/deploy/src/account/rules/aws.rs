//! The listings of CloudWatch Logs, EventBridge, CloudWatch's mute rules and X-Ray, and
//! from their shapes to the model's. What a service leaves out when it is the default
//! is filled in, so that a default makes no difference in a plan.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::operation::get_alarm_mute_rule::GetAlarmMuteRuleOutput;
use aws_sdk_cloudwatch::primitives::{DateTime, DateTimeFormat};
use aws_sdk_cloudwatchlogs::types::MetricFilter as FoundFilter;
use aws_sdk_eventbridge::types::{Rule as FoundRule, RuleState, Target as FoundTarget};
use aws_sdk_xray::types::SamplingRule as FoundSampling;

use crate::account::aws::Aws;
use crate::account::call::Service;
use crate::account::convert::aws as convert;
use crate::account::{AccountError, Trouble};
use crate::model::{EventRule, MetricFilter, MuteRule, SamplingRule, Tags};

/// Filters a page, the most that may be asked for.
const FILTERS: i32 = 50;
/// Rules, targets and mute rules a page, the most that may be asked for.
const PAGE: i32 = 100;
/// Where the names of mute rules begin in their ARNs.
const MUTE_RULE: &str = ":alarm-mute-rule:";
/// X-Ray's own sampling rule, which is always there.
const DEFAULT_SAMPLING: &str = "Default";
/// The value of a metric filter that was given none.
const COUNT_ONE: &str = "1";

impl Aws {
    /// Tags by the API of the service that the ARN names.
    pub(in crate::account) async fn tags_of(&self, arn: &str) -> Result<Tags, AccountError> {
        match Service::of(arn) {
            Service::CloudWatch => {
                let request = self.cloudwatch.list_tags_for_resource().resource_arn(arn);
                let operation = "cloudwatch:ListTagsForResource";
                let output = self.call(operation, || request.clone().send()).await?;
                Ok(convert::found_tags(output.tags()))
            }
            Service::Events => {
                let request = self.events.list_tags_for_resource().resource_arn(arn);
                let operation = "events:ListTagsForResource";
                let output = self.call(operation, || request.clone().send()).await?;
                let tags = output.tags().iter();
                Ok(tags
                    .map(|tag| (tag.key().to_owned(), tag.value().to_owned()))
                    .collect())
            }
            Service::XRay => {
                let request = self.xray.list_tags_for_resource().resource_arn(arn);
                let pages = self
                    .pages(
                        "xray:ListTagsForResource",
                        |token| request.clone().set_next_token(token).send(),
                        |page| page.next_token(),
                    )
                    .await?;
                let tags = pages.iter().flat_map(|page| page.tags());
                Ok(tags
                    .map(|tag| (tag.key().to_owned(), tag.value().to_owned()))
                    .collect())
            }
        }
    }

    pub(in crate::account) async fn list_metric_filters(
        &self,
    ) -> Result<Vec<MetricFilter>, AccountError> {
        let request = self.logs.describe_metric_filters().limit(FILTERS);
        let pages = self
            .pages(
                "logs:DescribeMetricFilters",
                |token| request.clone().set_next_token(token).send(),
                |page| page.next_token(),
            )
            .await?;
        let found = pages.iter().flat_map(|page| page.metric_filters());
        Ok(found.filter_map(metric_filter).collect())
    }

    pub(in crate::account) async fn list_event_rules(
        &self,
    ) -> Result<Vec<EventRule>, AccountError> {
        let request = self.events.list_rules().limit(PAGE);
        let pages = self
            .pages(
                "events:ListRules",
                |token| request.clone().set_next_token(token).send(),
                |page| page.next_token(),
            )
            .await?;
        let found = pages.iter().flat_map(|page| page.rules());
        Ok(found.map(event_rule).collect())
    }

    pub(in crate::account) async fn list_targets(
        &self,
        rule: &str,
    ) -> Result<BTreeMap<String, String>, AccountError> {
        let request = self.events.list_targets_by_rule().rule(rule).limit(PAGE);
        let pages = self
            .pages(
                "events:ListTargetsByRule",
                |token| request.clone().set_next_token(token).send(),
                |page| page.next_token(),
            )
            .await?;
        let found = pages.iter().flat_map(|page| page.targets());
        Ok(found
            .map(|target| (target.id().to_owned(), aim(target)))
            .collect())
    }

    pub(in crate::account) async fn list_mute_rules(&self) -> Result<Vec<String>, AccountError> {
        let request = self.cloudwatch.list_alarm_mute_rules().max_records(PAGE);
        let pages = self
            .pages(
                "cloudwatch:ListAlarmMuteRules",
                |token| request.clone().set_next_token(token).send(),
                |page| page.next_token(),
            )
            .await?;
        let found = pages
            .iter()
            .flat_map(|page| page.alarm_mute_rule_summaries());
        Ok(found
            .filter_map(|summary| summary.alarm_mute_rule_arn()?.split_once(MUTE_RULE))
            .map(|(_, name)| name.to_owned())
            .collect())
    }

    pub(in crate::account) async fn get_mute_rule(
        &self,
        name: &str,
    ) -> Result<Option<MuteRule>, AccountError> {
        let request = self
            .cloudwatch
            .get_alarm_mute_rule()
            .alarm_mute_rule_name(name);
        let operation = "cloudwatch:GetAlarmMuteRule";
        match self.call(operation, || request.clone().send()).await {
            Ok(found) => Ok(Some(mute_rule(name, &found))),
            // It went between the listing and the question.
            Err(error) if error.trouble == Trouble::Missing => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(in crate::account) async fn list_sampling_rules(
        &self,
    ) -> Result<Vec<SamplingRule>, AccountError> {
        let request = self.xray.get_sampling_rules();
        let pages = self
            .pages(
                "xray:GetSamplingRules",
                |token| request.clone().set_next_token(token).send(),
                |page| page.next_token(),
            )
            .await?;
        let found = pages.iter().flat_map(|page| page.sampling_rule_records());
        Ok(found
            .filter_map(|record| record.sampling_rule())
            .filter(|rule| rule.rule_name() != Some(DEFAULT_SAMPLING))
            .map(sampling_rule)
            .collect())
    }
}

fn metric_filter(found: &FoundFilter) -> Option<MetricFilter> {
    let writes = found.metric_transformations().first()?;
    let mut foreign = BTreeMap::new();
    if let Some(dimensions) = writes.dimensions().filter(|it| !it.is_empty()) {
        let sorted: BTreeMap<_, _> = dimensions.iter().collect();
        foreign.insert("dimensions".to_owned(), format!("{sorted:?}"));
    }
    let unit = writes.unit().map(|unit| unit.as_str());
    if let Some(unit) = unit.filter(|unit| *unit != "None") {
        foreign.insert("unit".to_owned(), unit.to_owned());
    }
    if let Some(criteria) = found.field_selection_criteria() {
        foreign.insert("field_selection_criteria".to_owned(), criteria.to_owned());
    }
    if found.apply_on_transformed_logs() {
        foreign.insert("apply_on_transformed_logs".to_owned(), "true".to_owned());
    }
    let value = Some(writes.metric_value()).filter(|value| !value.is_empty());
    Some(MetricFilter {
        log_group: text(found.log_group_name()),
        name: text(found.filter_name()),
        pattern: text(found.filter_pattern()),
        metric_namespace: writes.metric_namespace().to_owned(),
        metric_name: writes.metric_name().to_owned(),
        value: value.unwrap_or(COUNT_ONE).to_owned(),
        default_value: writes.default_value(),
        foreign,
    })
}

fn event_rule(found: &FoundRule) -> EventRule {
    let mut foreign = BTreeMap::new();
    match found.state() {
        None | Some(RuleState::Enabled) => {}
        Some(other) => {
            foreign.insert("state".to_owned(), other.as_str().to_owned());
        }
    }
    let more = [
        ("schedule", found.schedule_expression()),
        ("role", found.role_arn()),
    ];
    for (name, value) in more {
        foreign.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    }
    let pattern = found.event_pattern().unwrap_or_default();
    EventRule {
        name: text(found.name()),
        description: text(found.description()),
        pattern: serde_json::from_str(pattern).unwrap_or_default(),
        topics: Vec::new(),
        foreign,
    }
}

/// Where a target's events go. One that hands on something else than the event, or in
/// another way, is not what we put, whatever its ARN says.
fn aim(target: &FoundTarget) -> String {
    let arn = target.arn();
    let changed = target.input().is_some()
        || target.input_path().is_some()
        || target.input_transformer().is_some()
        || target.dead_letter_config().is_some()
        || target.retry_policy().is_some()
        || target.role_arn().is_some();
    match changed {
        true => format!("{arn} with settings of its own"),
        false => arn.to_owned(),
    }
}

fn mute_rule(name: &str, found: &GetAlarmMuteRuleOutput) -> MuteRule {
    let schedule = found.rule().and_then(|rule| rule.schedule());
    let mut alarms = found
        .mute_targets()
        .map(|targets| targets.alarm_names().to_vec())
        .unwrap_or_default();
    alarms.sort();
    let mut foreign = BTreeMap::new();
    for (name, date) in [
        ("starts", found.start_date()),
        ("expires", found.expire_date()),
    ] {
        foreign.extend(date.map(|date| (name.to_owned(), date_text(date))));
    }
    let duration = schedule.map(|it| it.duration()).unwrap_or_default();
    let minutes = MuteRule::minutes_of(duration.unwrap_or_default());
    if minutes.is_none() {
        foreign.insert("length".to_owned(), text(duration));
    }
    MuteRule {
        name: name.to_owned(),
        description: text(found.description()),
        alarms,
        expression: text(schedule.and_then(|it| it.expression())),
        minutes: minutes.unwrap_or_default(),
        timezone: schedule
            .and_then(|it| it.timezone())
            .unwrap_or("UTC")
            .to_owned(),
        foreign,
    }
}

fn date_text(date: &DateTime) -> String {
    // Only years that no date of a rule can have cannot be written.
    date.fmt(DateTimeFormat::DateTime).unwrap_or_default()
}

fn sampling_rule(found: &FoundSampling) -> SamplingRule {
    let natural = |number: i32| u32::try_from(number).unwrap_or(0);
    let attributes = found.attributes().into_iter().flatten();
    SamplingRule {
        name: text(found.rule_name()),
        priority: natural(found.priority()),
        reservoir: natural(found.reservoir_size()),
        rate: found.fixed_rate(),
        service: found.service_name().to_owned(),
        service_type: found.service_type().to_owned(),
        host: found.host().to_owned(),
        method: found.http_method().to_owned(),
        path: found.url_path().to_owned(),
        resource_arn: found.resource_arn().to_owned(),
        attributes: attributes
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    }
}

fn text(text: Option<&str>) -> String {
    text.unwrap_or_default().to_owned()
}
