"""OpenTelemetry's own SDK and Datadog's own client, writing to the extension."""

import json
import socket
from datetime import datetime, timedelta, timezone

import pytest
from conftest import ROOT, free_port, until
from datadog.dogstatsd import DogStatsd
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import (
    ExplicitBucketHistogramAggregation,
    ExponentialBucketHistogramAggregation,
)
from opentelemetry.sdk.resources import Resource
from test_emulator import emulate, invoke  # noqa: F401, the fixture

EVENT = (ROOT / "examples/events/upload-multipart.json").read_text()


class Function:
    """A function whose extension takes foreign metrics."""

    def __init__(self, account, emulate):
        self.cloudwatch = account.client("cloudwatch")
        self.otlp, self.statsd = free_port(), free_port(socket.SOCK_DGRAM)
        self.url, _ = emulate(
            "upload", account.url, CLOUDVAULT_STORE=str(account.store),
            OBS_NAMESPACE="Foreign", OBS_SERVICE="foreign", OBS_FLUSH="end",
            OBS_OTLP_PORT=str(self.otlp), OBS_STATSD_PORT=str(self.statsd),
        )
        # The emulator starts an extension with the first invocation.
        self.invoke()

    def invoke(self):
        assert invoke(self.url, json.loads(EVENT))["statusCode"] == 201

    def statistics(self, metric, **dimensions):
        now = datetime.now(timezone.utc)
        dimensions = [{"Name": "service", "Value": "foreign"}] + [
            {"Name": name, "Value": value} for name, value in dimensions.items()
        ]
        found = self.cloudwatch.get_metric_statistics(
            Namespace="Foreign", MetricName=metric, Dimensions=dimensions, Period=60,
            StartTime=now - timedelta(minutes=30), EndTime=now + timedelta(minutes=2),
            Statistics=["Sum", "SampleCount", "Minimum", "Maximum"],
        )["Datapoints"]
        if not found:
            return None
        return {
            "sum": sum(point["Sum"] for point in found),
            "count": sum(point["SampleCount"] for point in found),
            "min": min(point["Minimum"] for point in found),
            "max": max(point["Maximum"] for point in found),
            "unit": found[0]["Unit"],
        }


@pytest.fixture
def function(account, emulate):  # noqa: F811
    return Function(account, emulate)


CASES = [
    (AggregationTemporality.CUMULATIVE, ExplicitBucketHistogramAggregation([10, 100, 1000]), Compression.NoCompression),
    (AggregationTemporality.DELTA, ExponentialBucketHistogramAggregation(), Compression.Gzip),
    (AggregationTemporality.CUMULATIVE, ExponentialBucketHistogramAggregation(), Compression.Gzip),
]


@pytest.mark.parametrize("temporality, buckets, compression", CASES)
def test_an_opentelemetry_sdk_exports_to_cloudwatch(function, temporality, buckets, compression):
    exporter = OTLPMetricExporter(
        endpoint=f"http://127.0.0.1:{function.otlp}/v1/metrics", compression=compression,
        preferred_temporality={Counter: temporality, Histogram: temporality},
        preferred_aggregation={Histogram: buckets},
    )
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=3_600_000)
    provider = MeterProvider([reader], resource=Resource({"service.name": "foreign"}))
    meter = provider.get_meter("check")
    orders = meter.create_counter("orders", unit="{order}")
    queue = meter.create_gauge("queue")
    took = meter.create_histogram("took", unit="ms")
    values = [3, 12, 12, 450, 7, 99, 2500]
    for round in range(3):
        orders.add(round + 1, {"tier": "gold", "first": True})
        queue.set(5 + round)
        for value in values:
            took.record(value)
        assert provider.force_flush()
    function.invoke()
    found = until("the orders", lambda: function.statistics("orders", first="true", tier="gold"))
    assert (found["sum"], found["unit"]) == (6, "Count")
    assert function.statistics("queue")["max"] == 7
    found = function.statistics("took")
    assert (found["count"], found["unit"]) == (3 * len(values), "Milliseconds")
    assert found["sum"] == pytest.approx(3 * sum(values))
    assert found["min"] >= 3 and found["max"] <= 2500
    provider.shutdown()


def test_a_dogstatsd_client_reaches_cloudwatch(function):
    client = DogStatsd(
        host="127.0.0.1", port=function.statsd, disable_telemetry=True, constant_tags=["env:test"],
    )
    with client:
        for _ in range(5):
            client.increment("hits", 2, tags=["route:home"])
        client.gauge("depth", -3.5)
        for value in [10, 20, 30]:
            client.timing("latency", value)
            client.distribution("size", value)
        client.histogram("width", 4)
        for user in ["ann", "bob", "ann"]:
            client.set("users", user)
        client.event("title", "text")
    client.flush()
    function.invoke()
    found = until("the hits", lambda: function.statistics("hits", env="test", route="home"))
    assert (found["sum"], found["unit"]) == (10, "Count")
    assert function.statistics("depth", env="test")["min"] == -3.5
    for metric, unit in [("latency", "Milliseconds"), ("size", "None")]:
        found = function.statistics(metric, env="test")
        assert (found["count"], found["sum"], found["unit"]) == (3, 60, unit)
    assert function.statistics("width", env="test")["sum"] == 4
    assert function.statistics("users", env="test")["sum"] == 2
