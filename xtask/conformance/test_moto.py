"""moto takes what our account and our handlers made."""

import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import BotoCoreError
from conftest import REGION, free_port, until
from peers import missing


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    program = Path(sys.executable).parent / "moto_server"
    if not program.exists():
        missing("moto", 'pip install "moto[server]"')
    port = free_port()
    log = open(tmp_path_factory.mktemp("moto") / "moto.log", "w")
    process = subprocess.Popen(
        [program, "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
    )

    def client(service):
        return boto3.client(
            service, endpoint_url=f"http://127.0.0.1:{port}", region_name=REGION,
            aws_access_key_id="test", aws_secret_access_key="test",
        )

    def ready():
        try:
            return client("sts").get_caller_identity()
        except BotoCoreError:
            return None

    until("moto", ready, 60)
    yield client
    process.kill()
    process.wait()
    log.close()


def test_moto_takes_the_handlers_segments(busy, moto):
    trace = busy.messages("file uploaded")[0]["xray_trace_id"]
    mine = busy.client("xray").batch_get_traces(TraceIds=[trace])["Traces"][0]["Segments"]
    documents = [segment["Document"] for segment in mine]
    assert documents
    answer = moto("xray").put_trace_segments(TraceSegmentDocuments=documents)
    assert answer["UnprocessedTraceSegments"] == []
    now = datetime.now(timezone.utc)
    found = moto("xray").get_trace_summaries(StartTime=now - timedelta(hours=1), EndTime=now + timedelta(hours=1))
    assert trace in [summary["Id"] for summary in found["TraceSummaries"]]


def test_moto_takes_the_applied_dashboards_and_alarms(busy, moto):
    ours, theirs = busy.client("cloudwatch"), moto("cloudwatch")
    for entry in ours.list_dashboards()["DashboardEntries"]:
        name = entry["DashboardName"]
        body = ours.get_dashboard(DashboardName=name)["DashboardBody"]
        theirs.put_dashboard(DashboardName=name, DashboardBody=body)
        assert theirs.get_dashboard(DashboardName=name)["DashboardBody"] == body
    described = ours.describe_alarms()["MetricAlarms"]
    allowed = ours.meta.service_model.operation_model("PutMetricAlarm").input_shape.members
    for alarm in described:
        theirs.put_metric_alarm(**{key: value for key, value in alarm.items() if key in allowed})
    names = {alarm["AlarmName"] for alarm in theirs.describe_alarms()["MetricAlarms"]}
    assert names == {alarm["AlarmName"] for alarm in described}
