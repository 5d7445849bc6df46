//! AWS's own Rust clients against a running account: CloudWatch over rpc-v2-cbor,
//! SNS and STS over the query protocol, X-Ray over REST JSON.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(
    clippy::too_many_lines,
    reason = "the clients' builders take a line a call"
)]

mod support;
#[macro_use]
#[path = "aws/client.rs"]
mod client;
#[path = "aws/metrics.rs"]
mod metrics;
#[path = "aws/alarms.rs"]
mod alarms;
#[path = "aws/topics.rs"]
mod topics;
#[path = "aws/segments.rs"]
mod segments;

use aws_sdk_cloudwatch::error::ProvideErrorMetadata;
use metrics::datum;
use support::Running;

#[tokio::test]
async fn a_caller_with_expired_credentials_is_told_so_by_every_service() {
    let running = Running::start().await;
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
    let running = Running::start().await;
    let identity = client!(aws_sdk_sts, running)
        .get_caller_identity()
        .send()
        .await
        .unwrap();
    assert_eq!(identity.account(), Some("000000000000"));
    running.dev.stop().await;
}

#[tokio::test]
async fn everything_survives_a_restart() {
    let running = Running::start().await;
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
    let again = running.restart().await;
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
