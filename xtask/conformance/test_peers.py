"""Powertools' lines in our account, and our page in somebody else's browser."""

import os
import shutil
import stat
import subprocess
import sys
from datetime import datetime, timedelta, timezone

from conftest import ROOT, until
from peers import chromium, missing

POWERTOOLS = """#!{python} -u
import json, os, urllib.request
from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit

metrics = Metrics(namespace="Powertools", service="payment")
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"

@metrics.log_metrics
def handler(event, context):
    for value in event["values"]:
        metrics.add_metric(name="Latency", unit=MetricUnit.Milliseconds, value=value)

while True:
    with urllib.request.urlopen(api + "next") as request:
        id, event = request.headers["Lambda-Runtime-Aws-Request-Id"], json.load(request)
    handler(event, None)
    urllib.request.urlopen(api + id + "/response", data=b"null").close()
"""


def test_lines_of_powertools_for_python_become_metrics(start, tmp_path):
    script = tmp_path / "powertools-function"
    script.write_text(POWERTOOLS.format(python=sys.executable))
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    account = start("--function", f"powertools={script}")
    error, _ = account.invoke("powertools", {"values": [12.5, 20, 20]})
    assert error is None

    def statistics():
        now = datetime.now(timezone.utc)
        return account.client("cloudwatch").get_metric_statistics(
            Namespace="Powertools", MetricName="Latency", Dimensions=[{"Name": "service", "Value": "payment"}],
            StartTime=now - timedelta(minutes=5), EndTime=now + timedelta(minutes=2), Period=60,
            Statistics=["SampleCount", "Sum", "Maximum"],
        )["Datapoints"]

    point = until("a datapoint", statistics)[0]
    assert (point["SampleCount"], point["Sum"], point["Maximum"]) == (3, 52.5, 20)


def test_the_page_works_in_a_real_browser(busy):
    page = ROOT / "extension/dev/page"
    if shutil.which("npm") is None:
        missing("npm", "apt-get install npm")
    if not (page / "node_modules").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=page, check=True)
    done = subprocess.run(
        ["npm", "run", "e2e", "--", busy.url], cwd=page, text=True, capture_output=True,
        env={**os.environ, "CHROMIUM": chromium()},
    )
    assert done.returncode == 0, done.stdout + done.stderr
