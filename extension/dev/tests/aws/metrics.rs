//! What is put of metrics, read back and refused.

use aws_sdk_cloudwatch::error::ProvideErrorMetadata;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    Dimension, Metric, MetricDataQuery, MetricDatum, MetricStat, StandardUnit, Statistic,
    StatisticSet,
};

use crate::support::{NOW_MS, Running};

fn at(ms: i64) -> DateTime {
    DateTime::from_millis(ms)
}

pub(crate) fn datum(name: &str) -> aws_sdk_cloudwatch::types::builders::MetricDatumBuilder {
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
    let running = Running::start().await;
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
    let running = Running::start().await;
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

/// CloudWatch's user guide, "Percentiles": they need the values themselves, or a set of
/// one sample, or one whose minimum is its maximum.
#[tokio::test]
async fn what_looks_at_single_values_is_not_known_of_a_statistic_set() {
    let running = Running::start().await;
    let cloudwatch = client!(aws_sdk_cloudwatch, running);
    let set = |count: f64, sum: f64, minimum: f64, maximum: f64| {
        let set = StatisticSet::builder().sample_count(count).sum(sum);
        set.minimum(minimum).maximum(maximum).build()
    };
    let sets = [
        ("Many", set(4.0, 10.0, 1.0, 4.0)),
        ("One", set(1.0, 3.0, 3.0, 3.0)),
        ("Equal", set(5.0, 10.0, 2.0, 2.0)),
    ];
    let mut put = cloudwatch.put_metric_data().namespace("CloudVault");
    for (name, set) in sets {
        put = put.metric_data(datum(name).statistic_values(set).build());
    }
    // One value beside the set does not make the set's values known.
    let beside = datum("Many").value(2.0).build();
    put.metric_data(beside).send().await.unwrap();
    for (name, stat, expect) in [
        ("Many", "Sum", Some(12.0)),
        ("Many", "Maximum", Some(4.0)),
        ("Many", "p90", None),
        ("Many", "TM(10%:90%)", None),
        ("Many", "IQM", None),
        ("Many", "PR(:3)", None),
        ("One", "p90", Some(3.0)),
        ("Equal", "tm99", Some(2.0)),
        ("Equal", "TC(1:)", Some(5.0)),
    ] {
        let answer = cloudwatch
            .get_metric_data()
            .metric_data_queries(query(name, stat))
            .start_time(at(NOW_MS - 300_000))
            .end_time(at(NOW_MS + 60_000))
            .send()
            .await
            .unwrap();
        let values = answer.metric_data_results()[0].values();
        assert_eq!(values.first().copied(), expect, "{stat} of {name}");
    }
}
