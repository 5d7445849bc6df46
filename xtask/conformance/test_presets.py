"""The presets against the alarms that AWS recommends, row by row.

AWS publishes its recommendations as data in a package of its own. Each row of the
services that presets are for is either one of ours, or stands in `LEFT_OUT` with the
reason why not.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from capture import capturing
from peers import PEERS, missing
from test_requests import obs as run

PACKAGE = "awslabs.cloudwatch-mcp-server==0.3.1"
PROJECT = """
project: shop
environments:
  dev: { account: "000000000000", region: us-east-1 }
defaults: { owner: us, runbook: "https://example.com/${alarm}" }
resources:
  functions: { pay: { timeout: 10s, memory: 256MB } }
  http_apis: { shop: { id: a1, rate_limit: 1000 } }
  tables: { orders: { indexes: [by-day], operations: [GetItem] } }
  queues: { parcels: { dead_letter: parcels-dlq }, parcels-dlq: }
  buckets: { labels: { filter: EntireBucket } }
  schedules: { tidy: { expression: rate(1 day), function: pay } }
  user_pools: { users: { id: eu_1, clients: { web: c1 } } }
  nat_gateways: { out: { id: nat-1 } }
  certificates: { shop.example: { arn: "arn:aws:acm:us-east-1:000000000000:certificate/1" } }
topics: { oncall: { subscriptions: [] } }
severities:
  page: { topics: [oncall] }
  notice: { topics: [oncall] }
"""
# A row whose threshold AWS leaves to the user is given 7.
ALARMS = """
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
  - { use: schedules }
  - { use: user_pools }
  - { use: nat_gateways, alarms: { drops: { condition: "> 7" } } }
  - { use: certificates }
  - { use: topics, alarms: { failed: { condition: "> 7" } } }
"""
SERVICES = {
    "AWS/ApiGateway", "AWS/Lambda", "AWS/DynamoDB", "AWS/SQS", "AWS/S3", "AWS/SNS", "AWS/Scheduler", "AWS/Cognito",
    "AWS/NATGateway", "AWS/CertificateManager",
}
REST = "of REST APIs; the preset is for HTTP APIs"
WEBSOCKET = "of WebSocket APIs; the preset is for HTTP APIs"
ROUTES = "of single routes, which only an API with detailed metrics has"
REPLICAS = "of global tables and replication, which the resource does not describe"
BASELINE = "a baseline of traffic that only its owner knows"
LEFT_OUT = {
    ("AWS/ApiGateway", "4XXError", ("ApiName", "Stage")): REST,
    ("AWS/ApiGateway", "5XXError", ("ApiName", "Stage")): REST,
    ("AWS/ApiGateway", "Count", ("ApiName", "Stage")): REST,
    ("AWS/ApiGateway", "Count", ("ApiName", "Method", "Resource", "Stage")): REST,
    ("AWS/ApiGateway", "Latency", ("ApiName", "Stage")): REST,
    ("AWS/ApiGateway", "Latency", ("ApiName", "Method", "Resource", "Stage")): REST,
    ("AWS/ApiGateway", "Count", ("ApiId", "Method", "Resource", "Stage")): ROUTES,
    ("AWS/ApiGateway", "Latency", ("ApiId", "Method", "Resource", "Stage")): ROUTES,
    ("AWS/ApiGateway", "IntegrationLatency", ("ApiId", "Route", "Stage")): WEBSOCKET,
    ("AWS/ApiGateway", "MessageCount", ("ApiId", "Stage")): WEBSOCKET,
    ("AWS/ApiGateway", "MessageCount", ("ApiId", "Route", "Stage")): WEBSOCKET,
    ("AWS/ApiGateway", "ClientError", ("ApiId", "Stage")): WEBSOCKET,
    ("AWS/ApiGateway", "ExecutionError", ("ApiId", "Stage")): WEBSOCKET,
    ("AWS/DynamoDB", "AgeOfOldestUnreplicatedRecord", ("DelegatedOperation", "TableName")): REPLICAS,
    ("AWS/DynamoDB", "FailedToReplicateRecordCount", ("DelegatedOperation", "TableName")): REPLICAS,
    ("AWS/DynamoDB", "ThrottledPutRecordCount", ("DelegatedOperation", "TableName")): REPLICAS,
    ("AWS/DynamoDB", "ReplicationLatency", ("ReceivingRegion", "TableName")): REPLICAS,
    # DynamoDB's own page of metrics gives SystemErrors with both dimensions, always:
    # an alarm on the table alone never sees a datapoint.
    ("AWS/DynamoDB", "SystemErrors", ("TableName",)): "on a metric that does not exist; ours names the operation too",
    ("AWS/S3", "OperationsFailedReplication", ("DestinationBucket", "RuleId", "SourceBucket")): REPLICAS,
    ("AWS/SNS", "NumberOfMessagesPublished", ("TopicName",)): BASELINE,
    ("AWS/SNS", "NumberOfNotificationsDelivered", ("TopicName",)): BASELINE,
    ("AWS/SNS", "SMSMonthToDateSpentUSD", ("TopicName",)): "of topics that send SMS",
    ("AWS/SNS", "SMSSuccessRate", ("TopicName",)): "of topics that send SMS",
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", ("QueueName",)):
        "of a backlog: the age of the oldest message says the same without a baseline; dead-letter queues have it at > 0",
    ("AWS/Cognito", "FederationThrottles", ("IdentityProvider", "UserPool", "UserPoolClient")):
        "of identity providers, which the resource does not describe",
}


@pytest.fixture(scope="module")
def recommended():
    """AWS's rows: (namespace, metric, dimensions) and the rest of each."""
    folder = PEERS / "recommended"
    if not folder.exists():
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, PACKAGE]
        if subprocess.run(command).returncode != 0:
            missing("AWS's recommended alarms", f"pip install {PACKAGE} has to work")
    rows = []
    for metric in json.loads(next(folder.glob("**/metric_metadata.json")).read_text()):
        about = metric["metricId"]
        if about["namespace"] not in SERVICES:
            continue
        for alarm in metric.get("alarmRecommendations", []):
            names = tuple(sorted(dimension["name"] for dimension in alarm["dimensions"]))
            rows.append(((about["namespace"], about["metricName"], names), alarm))
    return rows


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """What the presets put."""
    from conftest import Account

    folder = tmp_path_factory.mktemp("presets")
    (folder / "obs.yaml").write_text(PROJECT)
    (folder / "alarms").mkdir()
    (folder / "alarms/presets.yaml").write_text(ALARMS)
    account = Account(folder)
    with capturing(account.url) as (url, requests):
        run(url, "apply", "--directory", str(folder))
    account.stop()
    put = [request.parameters for request in requests if request.operation == "PutMetricAlarm"]
    return [alarm for alarm in put if "Namespace" in alarm]


def same(alarm, row):
    key, recommended = row
    names = tuple(sorted(dimension["Name"] for dimension in alarm.get("Dimensions", [])))
    if (alarm["Namespace"], alarm["MetricName"], names) != key:
        return False
    threshold = recommended["threshold"].get("staticValue", alarm["Threshold"])
    return (
        alarm.get("Statistic", alarm.get("ExtendedStatistic")) == recommended["statistic"]
        and alarm["ComparisonOperator"] == recommended["comparisonOperator"]
        and alarm["Period"] == recommended["period"]
        and alarm["EvaluationPeriods"] == recommended["evaluationPeriods"]
        and alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"]) == recommended["datapointsToAlarm"]
        and alarm.get("TreatMissingData", "missing") == recommended["treatMissingData"]
        and alarm["Threshold"] == threshold
    )


def test_every_recommended_alarm_is_ours_or_left_out_with_a_reason(ours, recommended):
    assert len(recommended) > 50
    lacking = {row[0] for row in recommended if not any(same(alarm, row) for alarm in ours)}
    assert lacking == LEFT_OUT.keys()
