//! The presets against AWS's recommended alarms, row by row.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::collections::BTreeSet;

use obs_deploy::model::alarm::Term;
use obs_deploy::model::{MetricAlarm, Signal};
use obs_deploy::resolve::{Choice, Resolved, resolve};
use obs_deploy::source::read;

const PROJECT: &str = r#"
project: shop
environments:
  dev:
    account: "000000000000"
    region: eu-central-1
defaults: { owner: us, runbook: "https://example.com/${alarm}" }
resources:
  functions: { pay: { timeout: 10s, memory: 256MB } }
  http_apis: { shop: { id: a1, rate_limit: 1000 } }
  tables: { orders: { indexes: [by-day], operations: [GetItem] } }
  queues: { parcels: { dead_letter: parcels-dlq }, parcels-dlq: }
  buckets: { labels: { filter: EntireBucket } }
  rules: { nightly: }
  schedules: { tidy: { expression: rate(1 day), function: pay } }
  user_pools: { users: { id: eu_1, clients: { web: c1 } } }
  web_acls: { front: { metric_name: FrontAcl } }
  nat_gateways: { out: { id: nat-1 } }
  secrets: { signing-key: }
  certificates: { shop.example: { arn: "arn:aws:acm:eu-central-1:000000000000:certificate/1" } }
  trails: { trail: { log_group: /trail } }
  detectors: { guard: }
topics: { oncall: { subscriptions: [] } }
severities:
  page: { topics: [oncall] }
  notice: { topics: [oncall] }
"#;

/// Rows whose threshold is the user's get 7.
const ALARMS: &str = r#"
presets:
  - { use: functions }
  - { use: http_apis, alarms: { traffic: { condition: "< 7" } } }
  - use: tables
    alarms:
      read-throttles: &seven { condition: "> 7" }
      write-throttles: *seven
      index-read-throttles: *seven
      index-write-throttles: *seven
      system-errors: *seven
      latency: *seven
  - { use: queues, alarms: { age: { condition: ">= 7s" }, sent: { condition: "<= 0" } } }
  - { use: buckets }
  - { use: rules }
  - { use: schedules }
  - { use: user_pools }
  - { use: web_acls, alarms: { blocked: { condition: "> 7" } } }
  - { use: nat_gateways, alarms: { drops: { condition: "> 7" } } }
  - { use: secrets }
  - { use: certificates }
  - { use: trails }
  - { use: detectors }
  - { use: topics, alarms: { failed: { condition: "> 7" } } }
"#;

/// Namespace, metric, dimensions, statistic, condition, datapoints, period, missing data.
const ROWS: &[&str] = &[
    "AWS/ApiGateway 4xx {ApiId Stage} Average > 0.05 5/5 60 missing",
    "AWS/ApiGateway 5xx {ApiId Stage} Average > 0.05 3/3 60 missing",
    "AWS/ApiGateway Latency {ApiId Stage} p90 >= 2500 5/5 60 missing",
    "AWS/ApiGateway IntegrationLatency {ApiId Stage} p90 >= 2000 5/5 60 missing",
    "AWS/ApiGateway Count {ApiId Stage} SampleCount < 7 10/10 60 breaching",
    "AWS/ApiGateway Count {ApiId Stage} SampleCount > 48000 3/5 60 notBreaching",
    "AWS/Lambda Errors {FunctionName} Sum > 0 3/3 60 missing",
    "AWS/Lambda Throttles {FunctionName} Sum >= 1 5/5 60 missing",
    "AWS/Lambda Duration {FunctionName} p90 > 9000 15/15 60 missing",
    "AWS/Lambda ConcurrentExecutions {FunctionName} Maximum > 900 10/10 60 missing",
    "AWS/Lambda ClaimedAccountConcurrency {} Maximum > 900 10/10 60 notBreaching",
    "100 * throttles / (throttles + invocations) > 0 1/1 notBreaching",
    "AWS/DynamoDB ReadThrottleEvents {TableName} Sum > 7 5/5 60 notBreaching",
    "AWS/DynamoDB WriteThrottleEvents {TableName} Sum > 7 5/5 60 notBreaching",
    "AWS/DynamoDB ReadThrottleEvents {GlobalSecondaryIndexName TableName} Sum > 7 5/5 60 notBreaching",
    "AWS/DynamoDB WriteThrottleEvents {GlobalSecondaryIndexName TableName} Sum > 7 5/5 60 notBreaching",
    "AWS/DynamoDB SystemErrors {Operation TableName} Sum > 7 15/15 60 notBreaching",
    "AWS/DynamoDB UserErrors {} Sum > 0 10/10 60 missing",
    "AWS/DynamoDB SuccessfulRequestLatency {Operation TableName} Average > 7 10/10 60 missing",
    "AWS/DynamoDB AccountProvisionedReadCapacityUtilization {} Maximum > 80 2/2 300 missing",
    "AWS/DynamoDB AccountProvisionedWriteCapacityUtilization {} Maximum > 80 2/2 300 missing",
    "AWS/SQS ApproximateAgeOfOldestMessage {QueueName} Maximum >= 7 15/15 60 missing",
    "AWS/SQS ApproximateNumberOfMessagesNotVisible {QueueName} Average >= 96000 15/15 60 missing",
    "AWS/SQS NumberOfMessagesSent {QueueName} Sum <= 0 15/15 60 missing",
    "AWS/SQS ApproximateNumberOfMessagesVisible {QueueName} Maximum > 0 1/1 60 notBreaching",
    "AWS/S3 4xxErrors {BucketName FilterId} Average > 0.05 15/15 60 missing",
    "AWS/S3 5xxErrors {BucketName FilterId} Average > 0.05 15/15 60 missing",
    "AWS/SNS NumberOfNotificationsFailed {TopicName} Sum > 7 5/5 60 notBreaching",
    "AWS/SNS NumberOfNotificationsFilteredOut-InvalidAttributes {TopicName} Sum > 0 5/5 60 notBreaching",
    "AWS/SNS NumberOfNotificationsFilteredOut-InvalidMessageBody {TopicName} Sum > 0 5/5 60 notBreaching",
    "AWS/SNS NumberOfNotificationsRedrivenToDlq {TopicName} Sum > 0 5/5 60 notBreaching",
    "AWS/SNS NumberOfNotificationsFailedToRedriveToDlq {TopicName} Sum > 0 5/5 60 notBreaching",
    "AWS/Scheduler InvocationDroppedCount {} Sum > 0 1/1 60 notBreaching",
    "AWS/Scheduler TargetErrorThrottledCount {} Sum > 0 15/15 60 notBreaching",
    "AWS/Scheduler InvocationThrottleCount {} Sum > 0 15/15 60 notBreaching",
    "AWS/Scheduler InvocationsFailedToBeSentToDeadLetterCount {} Sum > 0 15/15 60 notBreaching",
    "AWS/Events FailedInvocations {RuleName} Sum > 0 1/1 60 notBreaching",
    "AWS/Events InvocationsFailedToBeSentToDlq {RuleName} Sum > 0 1/1 60 notBreaching",
    "AWS/Events ThrottledRules {RuleName} Sum > 0 1/1 60 notBreaching",
    "AWS/Cognito SignUpThrottles {UserPool UserPoolClient} Sum > 0 5/5 60 missing",
    "AWS/Cognito SignInThrottles {UserPool UserPoolClient} Sum > 0 5/5 60 missing",
    "AWS/Cognito TokenRefreshThrottles {UserPool UserPoolClient} Sum > 0 5/5 60 missing",
    "AWS/NATGateway ErrorPortAllocation {NatGatewayId} Sum > 0 15/15 60 missing",
    "AWS/NATGateway PacketsDropCount {NatGatewayId} Sum > 7 5/5 60 missing",
    "AWS/CertificateManager DaysToExpiry {CertificateArn} Minimum <= 44 1/1 86400 breaching",
    "100 * blocked / (allowed + blocked) > 7 3/3 notBreaching",
    "shop/CloudTrail signing-key-RotationFailed {} Sum >= 1 1/1 60 notBreaching",
    "shop/CloudTrail trail-RootUse {} Sum >= 1 1/1 60 notBreaching",
    "shop/CloudTrail trail-UnauthorizedCalls {} Sum >= 10 1/1 300 notBreaching",
    "shop/CloudTrail trail-ConsoleSignInFailures {} Sum >= 1 1/1 60 notBreaching",
    "shop/CloudTrail trail-IamChanges {} Sum >= 1 1/1 60 notBreaching",
    "shop/CloudTrail trail-SecurityGroupChanges {} Sum >= 1 1/1 60 notBreaching",
];

fn resolved(alarms: &str) -> Resolved {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("obs.yaml"), PROJECT).unwrap();
    std::fs::create_dir(dir.path().join("alarms")).unwrap();
    std::fs::write(dir.path().join("alarms/all.yaml"), alarms).unwrap();
    let overview = "rows: [{ overview: true }]";
    std::fs::create_dir(dir.path().join("dashboards")).unwrap();
    std::fs::write(dir.path().join("dashboards/all.yaml"), overview).unwrap();
    resolve(&read(dir.path()).unwrap(), &Choice::default()).unwrap_or_else(|invalid| {
        panic!(
            "{}",
            invalid.render(obs_deploy::source::problem::Paint::Plain)
        )
    })
}

/// An alarm as a line of the table.
fn line(alarm: &MetricAlarm) -> String {
    let sign = match alarm.comparison.as_str() {
        "GreaterThanThreshold" => ">",
        "GreaterThanOrEqualToThreshold" => ">=",
        "LessThanThreshold" => "<",
        _ => "<=",
    };
    let rest = |period: String| {
        format!(
            "{sign} {} {}/{}{period} {}",
            alarm.threshold,
            alarm.datapoints_to_alarm,
            alarm.evaluation_periods,
            alarm.treat_missing_data
        )
    };
    match &alarm.signal {
        Signal::Metric {
            metric,
            statistic,
            period,
            ..
        } => {
            let dimensions: Vec<&str> = metric.dimensions.keys().map(String::as_str).collect();
            format!(
                "{} {} {{{}}} {statistic} {}",
                metric.namespace,
                metric.name,
                dimensions.join(" "),
                rest(format!(" {period}"))
            )
        }
        Signal::Math(queries) => {
            let text = queries.iter().find_map(|query| match &query.term {
                Term::Expression { text } => Some(text.clone()),
                Term::Metric { .. } => None,
            });
            format!("{} {}", text.unwrap(), rest(String::new()))
        }
    }
}

#[test]
fn every_row_of_the_recommended_alarms_is_there_and_no_other() {
    let resolved = resolved(ALARMS);
    let mut made: Vec<String> = resolved.desired.alarms.iter().map(line).collect();
    let mut rows: Vec<String> = ROWS.iter().map(|row| (*row).to_owned()).collect();
    made.sort();
    rows.sort();
    assert_eq!(made, rows);
}

#[test]
fn a_web_acls_metrics_have_its_metric_name_the_region_and_all_rules() {
    let resolved = resolved(ALARMS);
    let blocked = resolved
        .desired
        .alarms
        .iter()
        .find(|it| it.name == "front-blocked");
    insta::assert_snapshot!(
        "blocked",
        obs_deploy::model::Alarm::Metric(blocked.unwrap().clone()).content()
    );
}

#[test]
fn what_cloudtrail_records_is_counted_by_filters_and_findings_go_to_topics() {
    let desired = resolved(ALARMS).desired;
    let filters: Vec<String> = desired
        .metric_filters
        .iter()
        .map(|it| format!("{} {}: {}", it.log_group, it.name, it.pattern))
        .collect();
    insta::assert_snapshot!("filters", filters.join("\n"));
    let rules: Vec<String> = desired
        .event_rules
        .iter()
        .map(|it| format!("{}: {:?}", it.name, it.fields()))
        .collect();
    insta::assert_snapshot!("rules", rules.join("\n"));
    let topic = &desired.topics[0];
    insta::assert_snapshot!(
        "events_may_publish",
        topic.policy(&desired.target)["Statement"][2]
    );
}

#[test]
fn a_row_without_a_threshold_is_left_out_until_it_has_one() {
    let resolved = resolved("presets: [{ use: nat_gateways }]");
    let names: BTreeSet<&str> = resolved.desired.alarms.iter().map(|it| &*it.name).collect();
    assert_eq!(names, BTreeSet::from(["out-ports"]));
}

#[test]
fn changes_are_laid_over_a_row_and_then_over_a_resource() {
    let desired = resolved(
        r#"presets:
  - use: functions
    severity: notice
    alarms:
      errors: { datapoints: 1 of 2, condition: "> 4" }
      duration: off
      concurrency: off
      account-concurrency: off
      throttle-rate: off
    resources:
      pay: { errors: { condition: "> 9", name: pay-is-broken } }
"#,
    )
    .desired;
    let lines: Vec<String> = desired
        .alarms
        .iter()
        .map(|alarm| format!("{}: {}", alarm.name, line(alarm)))
        .collect();
    assert_eq!(
        lines,
        [
            "pay-is-broken: AWS/Lambda Errors {FunctionName} Sum > 9 1/2 60 missing",
            "pay-throttles: AWS/Lambda Throttles {FunctionName} Sum >= 1 5/5 60 missing",
        ]
    );
}

/// Everything CloudWatch has to say of the pages that are made has been said: their
/// bodies are checked when they are resolved.
#[test]
fn the_overview_shows_every_kind_there_is() {
    let resolved = resolved(ALARMS);
    let body = resolved.desired.dashboards[0].value().unwrap();
    let titles: Vec<&str> = body["widgets"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|widget| widget["properties"]["title"].as_str())
        .collect();
    insta::assert_snapshot!("overview", titles.join("\n"));
}
