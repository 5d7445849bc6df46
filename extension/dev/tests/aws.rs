//! AWS's own Rust clients against a running account: CloudWatch over rpc-v2-cbor,
//! SNS and STS over the query protocol, X-Ray over REST JSON.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(
    clippy::too_many_lines,
    reason = "the clients' builders take a line a call"
)]

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sdk_cloudwatch::config::{BehaviorVersion, Region};
use aws_sdk_cloudwatch::error::ProvideErrorMetadata;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    AlarmType, ComparisonOperator, Dimension, Metric, MetricDataQuery, MetricDatum, MetricStat,
    StandardUnit, StateValue, Statistic, StatisticSet, Tag,
};
use obs_dev::{Dev, ManualClock, Options};

/// 2026-11-23T05:00:00Z
const NOW_MS: i64 = 1_795_410_000_000;

struct Running {
    dev: Dev,
    clock: Arc<ManualClock>,
    _data: tempfile::TempDir,
}

async fn start() -> Running {
    let data = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::at(NOW_MS));
    let options = Options {
        listen: "127.0.0.1:0".parse().unwrap(),
        ..Options::new(data.path())
    };
    let dev = Dev::start_at(options, clock.clone()).await.unwrap();
    Running {
        dev,
        clock,
        _data: data,
    }
}

macro_rules! client {
    ($sdk:ident, $running:expr, $key:expr) => {
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("us-east-1"))
                .endpoint_url(format!("http://{}", $running.dev.address()))
                .credentials_provider(Credentials::new($key, "secret", None, None, "test"))
                .http_client(aws_smithy_http_client::Builder::new().build_http())
                .build(),
        )
    };
    ($sdk:ident, $running:expr) => {
        client!($sdk, $running, "AKID")
    };
}

fn at(ms: i64) -> DateTime {
    DateTime::from_millis(ms)
}

fn datum(name: &str) -> aws_sdk_cloudwatch::types::builders::MetricDatumBuilder {
    let function = Dimension::builder()
        .name("function")
        .value("upload")
        .build();
    MetricDatum::builder()
        .metric_name(name)
        .dimensions(function)
        .timestamp(at(NOW_MS))
}

fn query(name: &str, stat: &str) -> MetricDataQuery {
    let function = Dimension::builder()
        .name("function")
        .value("upload")
        .build();
    let metric = Metric::builder()
        .namespace("CloudVault")
        .metric_name(name)
        .dimensions(function)
        .build();
    let stat = MetricStat::builder()
        .metric(metric)
        .period(60)
        .stat(stat)
        .build();
    MetricDataQuery::builder()
        .id(format!("q_{}", name.to_lowercase()))
        .metric_stat(stat)
        .build()
}

#[tokio::test]
async fn what_was_put_is_read_back_with_its_counts() {
    let running = start().await;
    let cloudwatch = client!(aws_sdk_cloudwatch, running);
    let mut put = cloudwatch.put_metric_data().namespace("CloudVault");
    // Enough data that the client packs the request with gzip.
    for index in 0..200 {
        put = put.metric_data(datum("Filler").value(f64::from(index)).build());
    }
    let latency = datum("Latency")
        .set_values(Some(vec![1.0, 2.0, 3.0]))
        .set_counts(Some(vec![2.0, 1.0, 1.0]));
    put = put.metric_data(latency.unit(StandardUnit::Milliseconds).build());
    let set = StatisticSet::builder()
        .sample_count(4.0)
        .sum(10.0)
        .minimum(1.0)
        .maximum(4.0)
        .build();
    put = put.metric_data(datum("Set").statistic_values(set).build());
    put.send().await.unwrap();

    let listed = cloudwatch
        .list_metrics()
        .namespace("CloudVault")
        .send()
        .await
        .unwrap();
    let names: Vec<_> = listed
        .metrics()
        .iter()
        .filter_map(|m| m.metric_name())
        .collect();
    assert_eq!(names, ["Filler", "Latency", "Set"]);

    let data = cloudwatch
        .get_metric_data()
        .metric_data_queries(query("Latency", "Sum"))
        .metric_data_queries(query("Set", "Maximum"))
        .metric_data_queries(query("Filler", "SampleCount"))
        .start_time(at(NOW_MS - 600_000))
        .end_time(at(NOW_MS + 60_000))
        .send()
        .await
        .unwrap();
    let results: Vec<_> = data
        .metric_data_results()
        .iter()
        .map(|r| (r.id().unwrap(), r.values()))
        .collect();
    let expect: [(&str, &[f64]); 3] = [
        ("q_latency", &[7.0]),
        ("q_set", &[4.0]),
        ("q_filler", &[200.0]),
    ];
    assert_eq!(results, expect);

    let statistics = cloudwatch
        .get_metric_statistics()
        .namespace("CloudVault")
        .metric_name("Latency")
        .dimensions(
            Dimension::builder()
                .name("function")
                .value("upload")
                .build(),
        )
        .start_time(at(NOW_MS))
        .end_time(at(NOW_MS + 60_000))
        .period(60)
        .statistics(Statistic::Average)
        .extended_statistics("p50")
        .send()
        .await
        .unwrap();
    let point = &statistics.datapoints()[0];
    assert_eq!(point.average(), Some(1.75));
    assert_eq!(point.unit(), Some(&StandardUnit::Milliseconds));
    assert!(point.extended_statistics().unwrap().contains_key("p50"));
    let summary = running.dev.account().store.summary().unwrap();
    assert_eq!(summary.points_received, 208.0);
    running.dev.stop().await;
}

#[tokio::test]
async fn what_cloudwatch_refuses_is_refused_whole_with_its_code() {
    let running = start().await;
    let cloudwatch = client!(aws_sdk_cloudwatch, running);
    let many: Vec<Dimension> = (0..31)
        .map(|i| {
            Dimension::builder()
                .name(format!("d{i}"))
                .value("v")
                .build()
        })
        .collect();
    let distinct: Vec<f64> = (0..151).map(f64::from).collect();
    let invalid = "InvalidParameterValue";
    let cases = [
        ("CloudVault", datum("NaN").value(f64::NAN), invalid),
        ("CloudVault", datum("Inf").value(f64::INFINITY), invalid),
        ("CloudVault", datum("Huge").value(1e300), invalid),
        (
            "CloudVault",
            datum("Old")
                .value(1.0)
                .timestamp(at(NOW_MS - 15 * 86_400_000)),
            invalid,
        ),
        (
            "CloudVault",
            datum("New")
                .value(1.0)
                .timestamp(at(NOW_MS + 3 * 3_600_000)),
            invalid,
        ),
        (
            "CloudVault",
            datum("Many").value(1.0).set_dimensions(Some(many)),
            "ValidationError",
        ),
        ("CloudVault", datum("é").value(1.0), invalid),
        (
            "CloudVault",
            datum("Distinct").set_values(Some(distinct)),
            invalid,
        ),
        (
            "CloudVault",
            datum("Uneven").values(1.0).counts(1.0).counts(2.0),
            invalid,
        ),
        (
            "CloudVault",
            datum("Resolution").value(1.0).storage_resolution(5),
            invalid,
        ),
        (
            "CloudVault",
            datum("Unit").value(1.0).unit("Bananas".into()),
            "ValidationError",
        ),
        ("CloudVault", datum("Nothing"), "MissingParameter"),
        (
            "CloudVault",
            datum("Both").value(1.0).values(2.0),
            "InvalidParameterCombination",
        ),
        ("AWS/Lambda", datum("Errors").value(1.0), invalid),
        (":CloudVault", datum("Errors").value(1.0), invalid),
    ];
    let count = cases.len();
    for (namespace, bad, code) in cases {
        let good = datum("Good").value(1.0).build();
        let put = cloudwatch
            .put_metric_data()
            .namespace(namespace)
            .metric_data(good)
            .metric_data(bad.clone().build());
        let error = put.send().await.unwrap_err();
        // The SDK prefers the query protocol's code where the header gives it.
        assert_eq!(error.code(), Some(code), "{bad:?}: {error:?}");
    }
    let listed = cloudwatch.list_metrics().send().await.unwrap();
    assert!(
        listed.metrics().is_empty(),
        "nothing of a refused call is kept"
    );
    let summary = running.dev.account().store.summary().unwrap();
    assert_eq!(summary.metrics_rejected, 2 * count as u64);
    running.dev.stop().await;
}

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
    let running = start().await;
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
    let running = start().await;
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
    let running = start().await;
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

#[tokio::test]
async fn a_caller_with_expired_credentials_is_told_so_by_every_service() {
    let running = start().await;
    let cloudwatch = client!(aws_sdk_cloudwatch, running, "EXPIRED");
    let error = cloudwatch.list_metrics().send().await.unwrap_err();
    assert_eq!(error.code(), Some("ExpiredToken"));
    let sns = client!(aws_sdk_sns, running, "EXPIRED");
    let error = sns.list_topics().send().await.unwrap_err();
    assert_eq!(
        aws_sdk_sns::error::ProvideErrorMetadata::code(&error),
        Some("ExpiredToken")
    );
    let sts = client!(aws_sdk_sts, running, "EXPIRED");
    let error = sts.get_caller_identity().send().await.unwrap_err();
    assert_eq!(
        aws_sdk_sts::error::ProvideErrorMetadata::code(&error),
        Some("ExpiredToken")
    );
    let xray = client!(aws_sdk_xray, running, "EXPIRED");
    let error = xray
        .batch_get_traces()
        .trace_ids("x")
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        aws_sdk_xray::error::ProvideErrorMetadata::code(&error),
        Some("ExpiredTokenException")
    );
    running.dev.stop().await;
}

#[tokio::test]
async fn sts_tells_the_account() {
    let running = start().await;
    let identity = client!(aws_sdk_sts, running)
        .get_caller_identity()
        .send()
        .await
        .unwrap();
    assert_eq!(identity.account(), Some("000000000000"));
    running.dev.stop().await;
}

#[tokio::test]
async fn topics_are_idempotent_and_keep_tags_and_attributes() {
    let running = start().await;
    let sns = client!(aws_sdk_sns, running);
    let tag = aws_sdk_sns::types::Tag::builder()
        .key("project")
        .value("cloudvault")
        .build()
        .unwrap();
    let create = sns.create_topic().name("alerts").tags(tag);
    let arn = create.clone().send().await.unwrap().topic_arn.unwrap();
    assert_eq!(
        create.send().await.unwrap().topic_arn.as_deref(),
        Some(arn.as_str())
    );
    let tags = sns
        .list_tags_for_resource()
        .resource_arn(&arn)
        .send()
        .await
        .unwrap();
    assert_eq!(tags.tags()[0].value(), "cloudvault");
    let policy = r#"{"Version":"2012-10-17","Statement":[]}"#;
    let set = sns
        .set_topic_attributes()
        .topic_arn(&arn)
        .attribute_name("Policy")
        .attribute_value(policy);
    set.send().await.unwrap();
    let attributes = sns
        .get_topic_attributes()
        .topic_arn(&arn)
        .send()
        .await
        .unwrap();
    assert_eq!(attributes.attributes().unwrap()["Policy"], policy);
    let subscribed = sns
        .subscribe()
        .topic_arn(&arn)
        .protocol("email")
        .endpoint("a@b.example");
    let subscription = subscribed
        .return_subscription_arn(true)
        .send()
        .await
        .unwrap()
        .subscription_arn
        .unwrap();
    let listed = sns
        .list_subscriptions_by_topic()
        .topic_arn(&arn)
        .send()
        .await
        .unwrap();
    assert_eq!(
        listed.subscriptions()[0].subscription_arn(),
        Some("PendingConfirmation")
    );
    let found = sns
        .get_subscription_attributes()
        .subscription_arn(&subscription)
        .send()
        .await
        .unwrap();
    assert_eq!(found.attributes().unwrap()["PendingConfirmation"], "true");
    let https = sns
        .subscribe()
        .topic_arn(&arn)
        .protocol("https")
        .endpoint("https://x.example/")
        .send()
        .await;
    let far = sns
        .subscribe()
        .topic_arn(&arn)
        .protocol("http")
        .endpoint("http://x.example/")
        .send()
        .await;
    for refused in [https.unwrap_err(), far.unwrap_err()] {
        assert_eq!(
            aws_sdk_sns::error::ProvideErrorMetadata::code(&refused),
            Some("InvalidParameter")
        );
    }
    sns.delete_topic().topic_arn(&arn).send().await.unwrap();
    let gone = sns
        .get_topic_attributes()
        .topic_arn(&arn)
        .send()
        .await
        .unwrap_err();
    assert!(gone.into_service_error().is_not_found_exception());
    running.dev.stop().await;
}

#[tokio::test]
async fn segments_make_a_trace_and_bad_ones_are_named() {
    let running = start().await;
    let xray = client!(aws_sdk_xray, running);
    let now = NOW_MS as f64 / 1000.0;
    let trace_id = "1-581cf771-a006649127e371903a2de979";
    let open = format!(
        r#"{{"id":"70de5b6f19ff9a0a","trace_id":"{trace_id}","name":"upload","start_time":{now},"in_progress":true}}"#
    );
    let done = format!(
        r#"{{"id":"70de5b6f19ff9a0a","trace_id":"{trace_id}","name":"upload","start_time":{now},"end_time":{},"fault":true,
            "subsegments":[{{"id":"70de5b6f19ff9a0b","name":"scale","start_time":{now},"end_time":{now}}}]}}"#,
        now + 0.5
    );
    let put = xray
        .put_trace_segments()
        .trace_segment_documents(&open)
        .trace_segment_documents(&done);
    // The open one again, late: it must not reopen the trace.
    let put = put
        .trace_segment_documents(&open)
        .trace_segment_documents(r#"{"id":"70de5b6f19ff9a0c"}"#);
    let answer = put.send().await.unwrap();
    let refused: Vec<_> = answer
        .unprocessed_trace_segments()
        .iter()
        .map(|u| (u.id(), u.error_code()))
        .collect();
    assert_eq!(refused, [(Some("70de5b6f19ff9a0c"), Some("MissingField"))]);
    let start = UNIX_EPOCH + Duration::from_millis(u64::try_from(NOW_MS).unwrap());
    let summaries = xray
        .get_trace_summaries()
        .start_time((start - Duration::from_secs(60)).into());
    let summaries = summaries
        .end_time((start + Duration::from_secs(60)).into())
        .send()
        .await
        .unwrap();
    let summary = &summaries.trace_summaries()[0];
    assert_eq!(
        (summary.id(), summary.has_fault(), summary.is_partial()),
        (Some(trace_id), Some(true), Some(false))
    );
    let traces = xray
        .batch_get_traces()
        .trace_ids(trace_id)
        .trace_ids("1-0-0")
        .send()
        .await
        .unwrap();
    assert_eq!(traces.unprocessed_trace_ids(), ["1-0-0"]);
    let segment = &traces.traces()[0].segments()[0];
    assert!(
        segment.document().unwrap().contains("70de5b6f19ff9a0b"),
        "subsegments are nested again"
    );
    running.dev.stop().await;
}

#[tokio::test]
async fn everything_survives_a_restart() {
    let running = start().await;
    let cloudwatch = client!(aws_sdk_cloudwatch, running);
    cloudwatch
        .put_metric_data()
        .namespace("CloudVault")
        .metric_data(datum("Kept").value(1.0).build())
        .send()
        .await
        .unwrap();
    cloudwatch
        .put_dashboard()
        .dashboard_name("kept")
        .dashboard_body(r#"{"widgets":[]}"#)
        .send()
        .await
        .unwrap();
    let Running {
        dev,
        clock,
        _data: data,
    } = running;
    dev.stop().await;
    let options = Options {
        listen: "127.0.0.1:0".parse().unwrap(),
        ..Options::new(data.path())
    };
    let dev = Dev::start_at(options, clock.clone()).await.unwrap();
    let again = Running {
        dev,
        clock,
        _data: data,
    };
    let cloudwatch = client!(aws_sdk_cloudwatch, again);
    assert_eq!(
        cloudwatch
            .list_metrics()
            .send()
            .await
            .unwrap()
            .metrics()
            .len(),
        1
    );
    assert_eq!(
        cloudwatch
            .list_dashboards()
            .send()
            .await
            .unwrap()
            .dashboard_entries()
            .len(),
        1
    );
    // Two weeks later the metric is no longer listed.
    again.clock.advance_ms(15 * 86_400_000);
    assert!(
        cloudwatch
            .list_metrics()
            .send()
            .await
            .unwrap()
            .metrics()
            .is_empty()
    );
    again.dev.stop().await;
}
