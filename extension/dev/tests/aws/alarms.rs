//! Alarms and dashboards: put, described, tagged, deleted.

use aws_sdk_cloudwatch::error::ProvideErrorMetadata;
use aws_sdk_cloudwatch::types::{AlarmType, ComparisonOperator, StateValue, Statistic, Tag};

use crate::support::Running;

fn an_alarm(
    cloudwatch: &aws_sdk_cloudwatch::Client,
) -> aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder {
    cloudwatch
        .put_metric_alarm()
        .alarm_name("errors")
        .namespace("CloudVault")
        .metric_name("Errors")
        .statistic(Statistic::Sum)
        .period(60)
        .evaluation_periods(1)
        .threshold(5.0)
        .comparison_operator(ComparisonOperator::GreaterThanOrEqualToThreshold)
        .tags(Tag::builder().key("project").value("cloudvault").build())
}

#[tokio::test]
async fn alarms_are_put_described_tagged_and_deleted_in_order() {
    let running = Running::start().await;
    let cloudwatch = client!(aws_sdk_cloudwatch, running);
    let put = an_alarm(&cloudwatch);
    put.clone().send().await.unwrap();
    let composite = cloudwatch
        .put_composite_alarm()
        .alarm_name("any")
        .alarm_rule("ALARM(\"errors\")");
    composite.clone().send().await.unwrap();
    let unknown = composite
        .alarm_rule("ALARM(\"nobody\")")
        .send()
        .await
        .unwrap_err();
    assert_eq!(unknown.code(), Some("ValidationError"));

    let described = cloudwatch.describe_alarms().send().await.unwrap();
    assert_eq!(
        described.composite_alarms().len(),
        0,
        "composites are given when they are asked for"
    );
    let alarm = &described.metric_alarms()[0];
    assert_eq!(alarm.threshold(), Some(5.0));
    assert_eq!(alarm.treat_missing_data(), None);
    assert_eq!(
        alarm.alarm_arn(),
        Some("arn:aws:cloudwatch:us-east-1:000000000000:alarm:errors")
    );
    let composites = cloudwatch
        .describe_alarms()
        .alarm_types(AlarmType::CompositeAlarm)
        .send()
        .await
        .unwrap();
    assert_eq!(composites.composite_alarms()[0].alarm_name(), Some("any"));

    let set = cloudwatch
        .set_alarm_state()
        .alarm_name("errors")
        .state_value(StateValue::Alarm)
        .state_reason("test");
    set.send().await.unwrap();
    let history = cloudwatch
        .describe_alarm_history()
        .alarm_name("errors")
        .send()
        .await
        .unwrap();
    let told: Vec<_> = history
        .alarm_history_items()
        .iter()
        .filter_map(|item| item.history_summary())
        .collect();
    assert!(
        told.contains(&"Alarm updated from INSUFFICIENT_DATA to ALARM"),
        "{told:?}"
    );

    let child = cloudwatch
        .delete_alarms()
        .alarm_names("errors")
        .send()
        .await
        .unwrap_err();
    assert!(
        child
            .message()
            .unwrap()
            .contains("composite alarm(s) depending on it"),
        "{child:?}"
    );
    cloudwatch
        .delete_alarms()
        .alarm_names("any")
        .send()
        .await
        .unwrap();
    cloudwatch
        .delete_alarms()
        .alarm_names("errors")
        .send()
        .await
        .unwrap();
    let gone = cloudwatch
        .delete_alarms()
        .alarm_names("errors")
        .send()
        .await
        .unwrap_err();
    assert_eq!(gone.code(), Some("ResourceNotFound"));

    let bad = put.period(45).send().await.unwrap_err();
    assert_eq!(bad.code(), Some("ValidationError"));
    running.dev.stop().await;
}

#[tokio::test]
async fn tags_of_an_alarm_are_set_when_it_is_new() {
    let running = Running::start().await;
    let cloudwatch = client!(aws_sdk_cloudwatch, running);
    let put = an_alarm(&cloudwatch);
    put.clone().send().await.unwrap();
    let arn = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:errors";
    // Tags of an update are ignored.
    put.clone()
        .tags(Tag::builder().key("more").value("x").build())
        .send()
        .await
        .unwrap();
    let tags = cloudwatch
        .list_tags_for_resource()
        .resource_arn(arn)
        .send()
        .await
        .unwrap();
    let keys: Vec<_> = tags.tags().iter().filter_map(|tag| tag.key()).collect();
    assert_eq!(keys, ["project"]);
    running.dev.stop().await;
}

#[tokio::test]
async fn a_dashboard_comes_back_byte_for_byte() {
    let running = Running::start().await;
    let cloudwatch = client!(aws_sdk_cloudwatch, running);
    let body = r#"{ "widgets" : [ {"type":"text","properties":{"markdown":"h\u00e9 é"}} ] }"#;
    cloudwatch
        .put_dashboard()
        .dashboard_name("service")
        .dashboard_body(body)
        .send()
        .await
        .unwrap();
    let found = cloudwatch
        .get_dashboard()
        .dashboard_name("service")
        .send()
        .await
        .unwrap();
    assert_eq!(found.dashboard_body(), Some(body));
    let listed = cloudwatch.list_dashboards().send().await.unwrap();
    assert_eq!(
        listed.dashboard_entries()[0].dashboard_name(),
        Some("service")
    );
    assert_eq!(
        listed.dashboard_entries()[0].size(),
        Some(i64::try_from(body.len()).unwrap())
    );
    let broken = cloudwatch
        .put_dashboard()
        .dashboard_name("service")
        .dashboard_body("{")
        .send()
        .await
        .unwrap_err();
    let broken = broken.into_service_error();
    assert!(broken.is_dashboard_invalid_input_error(), "{broken:?}");
    cloudwatch
        .delete_dashboards()
        .dashboard_names("service")
        .send()
        .await
        .unwrap();
    let gone = cloudwatch
        .get_dashboard()
        .dashboard_name("service")
        .send()
        .await
        .unwrap_err();
    assert!(gone.into_service_error().is_dashboard_not_found_error());
    running.dev.stop().await;
}
