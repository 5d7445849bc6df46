//! Every operation by name, and the way from a tree to its typed input.

use serde::de::DeserializeOwned;

use super::Account;
use super::{
    alarm_state, alarms, composites, dashboards, describe_alarms, put_metric_data, read_metrics,
    sns, sts, subscriptions, tags, xray,
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
            _ => None,
        },
        Service::XRay => match operation {
            "PutTraceSegments" => Some(run(account, input, xray::put_trace_segments)),
            "GetTraceSummaries" => Some(run(account, input, xray::get_trace_summaries)),
            "BatchGetTraces" => Some(run(account, input, xray::batch_get_traces)),
            "PutTelemetryRecords" => Some(run(account, input, xray::put_telemetry_records)),
            _ => None,
        },
    };
    answered.unwrap_or_else(|| Err(Fault::unknown_operation(service.as_str(), operation)))
}

/// The operations of a service, by name.
pub(crate) fn names(service: Service) -> &'static [&'static str] {
    match service {
        Service::CloudWatch => &[
            "PutMetricData",
            "ListMetrics",
            "GetMetricData",
            "GetMetricStatistics",
            "PutMetricAlarm",
            "PutCompositeAlarm",
            "DescribeAlarms",
            "DescribeAlarmsForMetric",
            "DescribeAlarmHistory",
            "DeleteAlarms",
            "SetAlarmState",
            "EnableAlarmActions",
            "DisableAlarmActions",
            "PutDashboard",
            "GetDashboard",
            "ListDashboards",
            "DeleteDashboards",
            "TagResource",
            "UntagResource",
            "ListTagsForResource",
        ],
        Service::Sns => &[
            "CreateTopic",
            "DeleteTopic",
            "ListTopics",
            "GetTopicAttributes",
            "SetTopicAttributes",
            "Publish",
            "Subscribe",
            "Unsubscribe",
            "ConfirmSubscription",
            "ListSubscriptions",
            "ListSubscriptionsByTopic",
            "GetSubscriptionAttributes",
            "SetSubscriptionAttributes",
            "TagResource",
            "UntagResource",
            "ListTagsForResource",
        ],
        Service::Sts => &["GetCallerIdentity"],
        Service::XRay => &[
            "PutTraceSegments",
            "GetTraceSummaries",
            "BatchGetTraces",
            "PutTelemetryRecords",
        ],
    }
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
    const TELEMETRY: [&str; 4] = [
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
