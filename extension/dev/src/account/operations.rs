//! Every operation by name, and the way from a tree to its typed input.

use serde::de::DeserializeOwned;

use super::Account;
use super::{
    alarm_state, alarms, composites, dashboards, describe_alarms, event_rules, log_groups,
    mute_rules, put_metric_data, read_metrics, sampling_rules, sns, sts, subscriptions, tags, xray,
};
use crate::wire::de::DecodeError;
use crate::wire::{Fault, Service, Tree};

/// What an operation answers.
pub(crate) type Answer = Result<Tree, Fault>;

/// Runs one operation.
pub(crate) fn call(account: &Account, service: Service, operation: &str, input: Tree) -> Answer {
    let answered = match service {
        Service::CloudWatch => cloudwatch(account, operation, input),
        Service::Sns => sns_operation(account, operation, input),
        Service::Sts => match operation {
            "GetCallerIdentity" => Some(run(account, input, sts::get_caller_identity)),
            "AssumeRole" => Some(run(account, input, sts::assume_role)),
            _ => None,
        },
        Service::XRay => x_ray(account, operation, input),
        Service::Logs => logs(account, operation, input),
        Service::Events => events(account, operation, input),
    };
    answered.unwrap_or_else(|| Err(Fault::unknown_operation(service.as_str(), operation)))
}

fn cloudwatch(account: &Account, operation: &str, input: Tree) -> Option<Answer> {
    Some(match operation {
        "PutMetricData" => run(account, input, put_metric_data::put_metric_data),
        "ListMetrics" => run(account, input, read_metrics::list_metrics),
        "GetMetricData" => run(account, input, read_metrics::get_metric_data),
        "GetMetricStatistics" => run(account, input, read_metrics::get_metric_statistics),
        "PutMetricAlarm" => run(account, input, alarms::put_metric_alarm),
        "PutCompositeAlarm" => run(account, input, composites::put_composite_alarm),
        "DescribeAlarms" => run(account, input, describe_alarms::describe_alarms),
        "DescribeAlarmsForMetric" => {
            run(account, input, describe_alarms::describe_alarms_for_metric)
        }
        "DescribeAlarmHistory" => run(account, input, alarm_state::describe_alarm_history),
        "DeleteAlarms" => run(account, input, composites::delete_alarms),
        "SetAlarmState" => run(account, input, alarm_state::set_alarm_state),
        "EnableAlarmActions" => run(account, input, alarm_state::enable_alarm_actions),
        "DisableAlarmActions" => run(account, input, alarm_state::disable_alarm_actions),
        "PutAlarmMuteRule" => run(account, input, mute_rules::put_alarm_mute_rule),
        "GetAlarmMuteRule" => run(account, input, mute_rules::get_alarm_mute_rule),
        "ListAlarmMuteRules" => run(account, input, mute_rules::list_alarm_mute_rules),
        "DeleteAlarmMuteRule" => run(account, input, mute_rules::delete_alarm_mute_rule),
        "PutDashboard" => run(account, input, dashboards::put_dashboard),
        "GetDashboard" => run(account, input, dashboards::get_dashboard),
        "ListDashboards" => run(account, input, dashboards::list_dashboards),
        "DeleteDashboards" => run(account, input, dashboards::delete_dashboards),
        "TagResource" => run(account, input, tags::tag_resource),
        "UntagResource" => run(account, input, tags::untag_resource),
        "ListTagsForResource" => run(account, input, tags::list_tags_for_resource),
        _ => return None,
    })
}

fn x_ray(account: &Account, operation: &str, input: Tree) -> Option<Answer> {
    Some(match operation {
        "PutTraceSegments" => run(account, input, xray::put_trace_segments),
        "GetTraceSummaries" => run(account, input, xray::get_trace_summaries),
        "BatchGetTraces" => run(account, input, xray::batch_get_traces),
        "PutTelemetryRecords" => run(account, input, xray::put_telemetry_records),
        "GetSamplingRules" => run(account, input, sampling_rules::get_sampling_rules),
        "GetSamplingTargets" => run(account, input, sampling_rules::get_sampling_targets),
        "CreateSamplingRule" => run(account, input, sampling_rules::create_sampling_rule),
        "UpdateSamplingRule" => run(account, input, sampling_rules::update_sampling_rule),
        "DeleteSamplingRule" => run(account, input, sampling_rules::delete_sampling_rule),
        "TagResource" => run(account, input, tags::tag_rule),
        "UntagResource" => run(account, input, tags::untag_rule),
        "ListTagsForResource" => run(account, input, tags::list_tags_for_rule),
        _ => return None,
    })
}

fn logs(account: &Account, operation: &str, input: Tree) -> Option<Answer> {
    Some(match operation {
        "PutMetricFilter" => run(account, input, log_groups::put_metric_filter),
        "DescribeMetricFilters" => run(account, input, log_groups::describe_metric_filters),
        "DeleteMetricFilter" => run(account, input, log_groups::delete_metric_filter),
        "DescribeLogGroups" => run(account, input, log_groups::describe_log_groups),
        "CreateLogGroup" => run(account, input, log_groups::create_log_group),
        "PutRetentionPolicy" => run(account, input, log_groups::put_retention_policy),
        _ => return None,
    })
}

fn events(account: &Account, operation: &str, input: Tree) -> Option<Answer> {
    Some(match operation {
        "PutRule" => run(account, input, event_rules::put_rule),
        "DescribeRule" => run(account, input, event_rules::describe_rule),
        "ListRules" => run(account, input, event_rules::list_rules),
        "DeleteRule" => run(account, input, event_rules::delete_rule),
        "PutTargets" => run(account, input, event_rules::put_targets),
        "ListTargetsByRule" => run(account, input, event_rules::list_targets_by_rule),
        "RemoveTargets" => run(account, input, event_rules::remove_targets),
        "TagResource" => run(account, input, tags::tag_rule),
        "UntagResource" => run(account, input, tags::untag_rule),
        "ListTagsForResource" => run(account, input, tags::list_tags_for_rule),
        _ => return None,
    })
}

fn sns_operation(account: &Account, operation: &str, input: Tree) -> Option<Answer> {
    Some(match operation {
        "CreateTopic" => run(account, input, sns::create_topic),
        "DeleteTopic" => run(account, input, sns::delete_topic),
        "ListTopics" => run(account, input, sns::list_topics),
        "GetTopicAttributes" => run(account, input, sns::get_topic_attributes),
        "SetTopicAttributes" => run(account, input, sns::set_topic_attributes),
        "Publish" => run(account, input, sns::publish),
        "Subscribe" => run(account, input, subscriptions::subscribe),
        "Unsubscribe" => run(account, input, subscriptions::unsubscribe),
        "ConfirmSubscription" => run(account, input, subscriptions::confirm_subscription),
        "ListSubscriptions" => run(account, input, subscriptions::list_subscriptions),
        "ListSubscriptionsByTopic" => {
            run(account, input, subscriptions::list_subscriptions_by_topic)
        }
        "GetSubscriptionAttributes" => {
            run(account, input, subscriptions::get_subscription_attributes)
        }
        "SetSubscriptionAttributes" => {
            run(account, input, subscriptions::set_subscription_attributes)
        }
        "TagResource" => run(account, input, tags::tag_topic),
        "UntagResource" => run(account, input, tags::untag_topic),
        "ListTagsForResource" => run(account, input, tags::list_tags_for_topic),
        _ => return None,
    })
}

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
    const READS: [&str; 4] = ["Get", "List", "Describe", "Batch"];
    !TELEMETRY.contains(&operation)
        && !READS.iter().any(|verb| operation.starts_with(verb))
        && operation.starts_with(|c: char| c.is_ascii_uppercase())
}
