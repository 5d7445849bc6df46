"""AWS CLI and boto3 read what the handlers recorded, and agree with the log lines."""

from datetime import datetime, timedelta, timezone

import pytest

SERVICE = [{"Name": "service", "Value": "cloudvault"}]

# Each counter has one log line an increment: the examples' documentation says which.
COUNTED = {
    "FilesUploaded": "file uploaded",
    "FilesDownloaded": "file downloaded",
    "SharesCreated": "share created",
    "ThumbnailsCreated": "thumbnail created",
    "ThumbnailsFailed": "thumbnail failed",
}


def window():
    now = datetime.now(timezone.utc)
    return now - timedelta(minutes=30), now + timedelta(minutes=2)


@pytest.mark.parametrize("metric, message", COUNTED.items())
def test_boto3_sums_agree_with_the_log_lines(busy, metric, message):
    start, end = window()
    answer = busy.client("cloudwatch").get_metric_statistics(
        Namespace="CloudVault", MetricName=metric, Dimensions=SERVICE,
        StartTime=start, EndTime=end, Period=60, Statistics=["Sum", "SampleCount"],
    )
    lines = busy.messages(message)
    assert lines, f"no line says {message!r}"
    assert sum(point["Sum"] for point in answer["Datapoints"]) == len(lines)


@pytest.mark.parametrize("metric, message", COUNTED.items())
def test_the_aws_cli_reads_the_same(busy, metric, message):
    start, end = window()
    query = (
        '[{"Id":"m","MetricStat":{"Metric":{"Namespace":"CloudVault","MetricName":"%s",'
        '"Dimensions":[{"Name":"service","Value":"cloudvault"}]},"Period":60,"Stat":"Sum"}}]' % metric
    )
    answer = busy.aws(
        "cloudwatch", "get-metric-data", "--metric-data-queries", query,
        "--start-time", start.isoformat(), "--end-time", end.isoformat(),
    )
    assert sum(answer["MetricDataResults"][0]["Values"]) == len(busy.messages(message))


def test_the_aws_cli_lists_metrics_alarms_and_dashboards(busy):
    metrics = busy.aws("cloudwatch", "list-metrics", "--namespace", "CloudVault")["Metrics"]
    assert {metric["MetricName"] for metric in metrics} >= set(COUNTED)
    alarms = busy.aws("cloudwatch", "describe-alarms", "--alarm-types", "MetricAlarm", "CompositeAlarm")
    assert len(alarms["MetricAlarms"]) >= 10 and len(alarms["CompositeAlarms"]) >= 1
    dashboards = busy.aws("cloudwatch", "list-dashboards")["DashboardEntries"]
    assert len(dashboards) >= 2


def test_samples_over_every_series_are_what_the_account_was_sent(busy):
    """SampleCounts over every custom series are what the account says it was sent."""
    cloudwatch = busy.client("cloudwatch")
    start, end = window()
    total = 0
    for page in cloudwatch.get_paginator("list_metrics").paginate(Namespace="CloudVault"):
        for metric in page["Metrics"]:
            answer = cloudwatch.get_metric_statistics(
                **metric, StartTime=start, EndTime=end, Period=60, Statistics=["SampleCount"]
            )
            total += sum(point["SampleCount"] for point in answer["Datapoints"])
    summary = busy.api("summary")
    assert total == summary["points_received"] + summary["points_emf"] > 0


def test_an_uploads_correlation_id_is_found_again_in_the_thumbnails_lines_and_trace(busy):
    created = busy.messages("thumbnail created")
    assert created
    for line in created[:5]:
        uploads = busy.messages("file uploaded", correlation_id=line["correlation_id"])
        assert len(uploads) == 1, "one upload has the thumbnail's correlation id"
        trace = busy.api(f"traces/{line['xray_trace_id']}")
        annotated = [
            segment["document"].get("annotations", {}).get("correlation_id") for segment in trace["segments"]
        ]
        assert line["correlation_id"] in annotated


def test_the_poisoned_image_raised_its_alarm(busy):
    history = busy.aws(
        "cloudwatch", "describe-alarm-history", "--alarm-name", "cloudvault-thumbnail-poisoned",
        "--history-item-type", "StateUpdate",
    )["AlarmHistoryItems"]
    assert any("to ALARM" in item["HistorySummary"] for item in history)
