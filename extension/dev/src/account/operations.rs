//! Every operation by name, and the way from a tree to its typed input.

use serde::de::DeserializeOwned;

use super::Account;
use super::{
    alarm_state, alarms, composites, dashboards, describe_alarms, event_rules, log_events,
    log_groups, metric_filters, mute_rules, put_metric_data, read_metrics, sampling_rules, sns,
    sts, subscriptions, tags, xray,
};
use crate::wire::de::DecodeError;
use crate::wire::{Fault, Service, Tree};

/// What an operation answers.
pub(crate) type Answer = Result<Tree, Fault>;

/// Reads an operation's input and runs it.
type Operation = fn(&Account, Tree) -> Answer;

/// Lists operations of a service by name.
macro_rules! operations {
    ($($name:literal => $operation:path,)*) => {
        &[$(($name, |account, input| run(account, input, $operation))),*]
    };
}

/// Runs one operation.
pub(crate) fn call(account: &Account, service: Service, operation: &str, input: Tree) -> Answer {
    let known = of(service).iter().find(|(name, _)| *name == operation);
    match known {
        Some((_, run)) => run(account, input),
        None => Err(Fault::unknown_operation(service.as_str(), operation)),
    }
}

/// The operations of a service, by name.
pub(crate) fn names(service: Service) -> impl Iterator<Item = &'static str> {
    of(service).iter().map(|(name, _)| *name)
}

fn of(service: Service) -> &'static [(&'static str, Operation)] {
    match service {
        Service::CloudWatch => CLOUDWATCH,
        Service::Sns => SNS,
        Service::Sts => STS,
        Service::XRay => X_RAY,
        Service::Logs => LOGS,
        Service::Events => EVENTS,
    }
}

const CLOUDWATCH: &[(&str, Operation)] = operations! {
    "PutMetricData" => put_metric_data::put_metric_data,
    "ListMetrics" => read_metrics::list_metrics,
    "GetMetricData" => read_metrics::get_metric_data,
    "GetMetricStatistics" => read_metrics::get_metric_statistics,
    "PutMetricAlarm" => alarms::put_metric_alarm,
    "PutCompositeAlarm" => composites::put_composite_alarm,
    "DescribeAlarms" => describe_alarms::describe_alarms,
    "DescribeAlarmsForMetric" => describe_alarms::describe_alarms_for_metric,
    "DescribeAlarmHistory" => alarm_state::describe_alarm_history,
    "DeleteAlarms" => composites::delete_alarms,
    "SetAlarmState" => alarm_state::set_alarm_state,
    "EnableAlarmActions" => alarm_state::enable_alarm_actions,
    "DisableAlarmActions" => alarm_state::disable_alarm_actions,
    "PutAlarmMuteRule" => mute_rules::put_alarm_mute_rule,
    "GetAlarmMuteRule" => mute_rules::get_alarm_mute_rule,
    "ListAlarmMuteRules" => mute_rules::list_alarm_mute_rules,
    "DeleteAlarmMuteRule" => mute_rules::delete_alarm_mute_rule,
    "PutDashboard" => dashboards::put_dashboard,
    "GetDashboard" => dashboards::get_dashboard,
    "ListDashboards" => dashboards::list_dashboards,
    "DeleteDashboards" => dashboards::delete_dashboards,
    "TagResource" => tags::tag_resource,
    "UntagResource" => tags::untag_resource,
    "ListTagsForResource" => tags::list_tags_for_resource,
};

const SNS: &[(&str, Operation)] = operations! {
    "CreateTopic" => sns::create_topic,
    "DeleteTopic" => sns::delete_topic,
    "ListTopics" => sns::list_topics,
    "GetTopicAttributes" => sns::get_topic_attributes,
    "SetTopicAttributes" => sns::set_topic_attributes,
    "Publish" => sns::publish,
    "Subscribe" => subscriptions::subscribe,
    "Unsubscribe" => subscriptions::unsubscribe,
    "ConfirmSubscription" => subscriptions::confirm_subscription,
    "ListSubscriptions" => subscriptions::list_subscriptions,
    "ListSubscriptionsByTopic" => subscriptions::list_subscriptions_by_topic,
    "GetSubscriptionAttributes" => subscriptions::get_subscription_attributes,
    "SetSubscriptionAttributes" => subscriptions::set_subscription_attributes,
    "TagResource" => tags::tag_topic,
    "UntagResource" => tags::untag_topic,
    "ListTagsForResource" => tags::list_tags_for_topic,
};

const STS: &[(&str, Operation)] = operations! {
    "GetCallerIdentity" => sts::get_caller_identity,
    "AssumeRole" => sts::assume_role,
};

const X_RAY: &[(&str, Operation)] = operations! {
    "PutTraceSegments" => xray::put_trace_segments,
    "GetTraceSummaries" => xray::get_trace_summaries,
    "BatchGetTraces" => xray::batch_get_traces,
    "PutTelemetryRecords" => xray::put_telemetry_records,
    "GetSamplingRules" => sampling_rules::get_sampling_rules,
    "GetSamplingTargets" => sampling_rules::get_sampling_targets,
    "CreateSamplingRule" => sampling_rules::create_sampling_rule,
    "UpdateSamplingRule" => sampling_rules::update_sampling_rule,
    "DeleteSamplingRule" => sampling_rules::delete_sampling_rule,
    "TagResource" => tags::tag_rule,
    "UntagResource" => tags::untag_rule,
    "ListTagsForResource" => tags::list_tags_for_rule,
};

const LOGS: &[(&str, Operation)] = operations! {
    "PutMetricFilter" => metric_filters::put_metric_filter,
    "DescribeMetricFilters" => metric_filters::describe_metric_filters,
    "DeleteMetricFilter" => metric_filters::delete_metric_filter,
    "FilterLogEvents" => log_events::filter_log_events,
    "DescribeLogGroups" => log_groups::describe_log_groups,
    "CreateLogGroup" => log_groups::create_log_group,
    "PutRetentionPolicy" => log_groups::put_retention_policy,
};

const EVENTS: &[(&str, Operation)] = operations! {
    "PutRule" => event_rules::put_rule,
    "DescribeRule" => event_rules::describe_rule,
    "ListRules" => event_rules::list_rules,
    "DeleteRule" => event_rules::delete_rule,
    "PutTargets" => event_rules::put_targets,
    "ListTargetsByRule" => event_rules::list_targets_by_rule,
    "RemoveTargets" => event_rules::remove_targets,
    "TagResource" => tags::tag_rule,
    "UntagResource" => tags::untag_rule,
    "ListTagsForResource" => tags::list_tags_for_rule,
};

/// Reads the input as the operation wants it, then runs it.
fn run<I: DeserializeOwned>(
    account: &Account,
    input: Tree,
    operation: fn(&Account, I) -> Answer,
) -> Answer {
    let input = input.read().map_err(|error| match error {
        DecodeError::Missing(_) => Fault::missing(error.to_string()),
        DecodeError::Type(_) => Fault::serialization(error.to_string()),
        DecodeError::Sense(_) => Fault::validation(error.to_string()),
    })?;
    operation(account, input)
}

/// Whether an operation changes configuration: what a second apply must not do.
/// Telemetry coming in is no configuration.
pub(crate) fn changes_configuration(operation: &str) -> bool {
    const TELEMETRY: [&str; 5] = [
        // Credentials for the calls that follow.
        "AssumeRole",
        "PutMetricData",
        "PutTraceSegments",
        "PutTelemetryRecords",
        "Publish",
    ];
    const READS: [&str; 5] = ["Get", "List", "Describe", "Batch", "Filter"];
    !TELEMETRY.contains(&operation)
        && !READS.iter().any(|verb| operation.starts_with(verb))
        && operation.starts_with(|c: char| c.is_ascii_uppercase())
}
