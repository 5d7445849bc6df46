"""boto3 reads and writes the same in each of CloudWatch's three protocols."""

from datetime import datetime, timedelta, timezone

import botocore.session
import pytest
from conftest import REGION


def speaking(account, protocol):
    """A client whose service model knows one protocol only."""
    session = botocore.session.Session()
    loader = session.get_component("data_loader")
    model = loader.load_service_model("cloudwatch", "service-2")
    model["metadata"] = {**model["metadata"], "protocol": protocol, "protocols": [protocol]}
    if protocol == "json":
        model["metadata"].setdefault("jsonVersion", "1.0")
    return session.create_client(
        "cloudwatch", endpoint_url=account.url, region_name=REGION,
        aws_access_key_id="test", aws_secret_access_key="test",
    )


@pytest.mark.parametrize("protocol, named", [("smithy-rpc-v2-cbor", "cbor"), ("json", "json"), ("query", "query")])
def test_boto3_writes_and_reads_in(account, protocol, named):
    cloudwatch = speaking(account, protocol)
    now = datetime.now(timezone.utc)
    dimensions = [{"Name": "service", "Value": "peer"}]
    cloudwatch.put_metric_data(
        Namespace="Peer",
        MetricData=[{
            "MetricName": "Latency", "Dimensions": dimensions, "Timestamp": now, "Unit": "Milliseconds",
            "Values": [1.5, 20.0], "Counts": [2.0, 1.0],
        }],
    )
    listed = cloudwatch.list_metrics(Namespace="Peer")["Metrics"]
    assert listed == [{"Namespace": "Peer", "MetricName": "Latency", "Dimensions": dimensions}]
    point = cloudwatch.get_metric_statistics(
        Namespace="Peer", MetricName="Latency", Dimensions=dimensions, Period=60,
        StartTime=now - timedelta(minutes=5), EndTime=now + timedelta(minutes=2), Statistics=["SampleCount", "Sum"],
    )["Datapoints"][0]
    assert (point["SampleCount"], point["Sum"], point["Unit"]) == (3, 23, "Milliseconds")
    cloudwatch.put_metric_alarm(
        AlarmName="slow", Namespace="Peer", MetricName="Latency", Dimensions=dimensions, Statistic="Maximum",
        Period=60, EvaluationPeriods=1, Threshold=10, ComparisonOperator="GreaterThanThreshold",
    )
    alarm = cloudwatch.describe_alarms(AlarmNames=["slow"])["MetricAlarms"][0]
    assert (alarm["Threshold"], alarm["Dimensions"]) == (10, dimensions)
    with pytest.raises(cloudwatch.exceptions.ClientError) as refused:
        cloudwatch.put_metric_data(Namespace="AWS/Mine", MetricData=[{"MetricName": "M", "Value": 1}])
    assert refused.value.response["Error"]["Code"].startswith("InvalidParameterValue")
    used = {request["protocol"] for request in account.api("requests?limit=100")["requests"]}
    assert len(used) == 1 and named in used.pop().lower()
