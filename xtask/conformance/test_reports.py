"""Reports for other programs, read by those that others wrote: JUnit's XML of `obs test`
and the picture of `obs backtest`."""

import json
import subprocess
import time
from xml.etree import ElementTree

import pytest
from conftest import BIN, CREDENTIALS, ROOT
from junitparser import Failure, JUnitXml
from lxml import etree
from peers import junit_schema

PROJECT = """project: shop
environments:
  dev: { account: "000000000000", region: us-east-1 }
  live: { account: "000000000000", region: us-east-1 }
defaults: { owner: us, runbook: "https://runbooks.example/${alarm}" }
topics:
  oncall: { display_name: Shop }
severities:
  page: { topics: [oncall] }
"""

ALARMS = """alarms:
  - name: orders <failing> & more
    severity: page
    metric: { namespace: Shop, name: Failed }
    statistic: Sum
    period: 1m
    condition: "> %d"
    datapoints: 2 of 2
    treat_missing_data: notBreaching
"""

TESTS = """tests:
  - name: "two minutes of \\"<orders>\\" & 'more' page \\x01\\ud83d\\ude80"
    series: [{ metric: { namespace: Shop, name: Failed }, values: 4x2 }]
    expect: [{ at: 2m, alarm: orders <failing> & more, state: ALARM, told: [oncall] }]
  - name: one minute pages ]]>
    series: [{ metric: { namespace: Shop, name: Failed }, values: 4 _x3 }]
    expect:
      - { at: 1m, alarm: orders <failing> & more, state: ALARM, told: [oncall] }
      - { at: 3m, alarm: orders <failing> & more, reason: "]]>" }
"""


def write(folder, threshold=1):
    (folder / "alarms").mkdir(exist_ok=True)
    (folder / "obs.yaml").write_text(PROJECT)
    (folder / "alarms/shop.yaml").write_text(ALARMS % threshold)
    (folder / "alarms/shop.test.yaml").write_text(TESTS)
    return folder


def obs(folder, *arguments, **environment):
    return subprocess.run(
        [BIN / "obs", *arguments], cwd=folder, text=True, capture_output=True,
        stdin=subprocess.DEVNULL, env={**CREDENTIALS, **environment},
    )


def test_junitparser_reads_every_test_and_every_failure(tmp_path):
    folder = write(tmp_path)
    done = obs(folder, "test", "--env", "dev,live", "--junit", "tests.xml")
    assert done.returncode == 1, done.stderr
    told = [json.loads(line) for line in obs(folder, "test", "--env", "dev,live", "--format", "json").stdout.splitlines()]
    report = JUnitXml.fromfile(str(folder / "tests.xml"))
    suites = list(report)
    assert [suite.name for suite in suites] == ["dev: alarms/shop.test.yaml", "live: alarms/shop.test.yaml"]
    assert (report.tests, report.failures, report.errors) == (4, 2, 0)
    for suite, environment in zip(suites, told, strict=True):
        cases = list(suite)
        assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (2, 1, 0, 0)
        for case, test in zip(cases, environment["tests"], strict=True):
            # XML cannot hold a control character; everything else comes back as it was.
            assert case.name == test["name"].replace("\x01", "\ufffd")
            assert case.classname == f"shop.{environment['environment']}"
            failures = [result for result in case.result if isinstance(result, Failure)]
            assert len(failures) == (0 if test["passed"] else 1)
            for failure in failures:
                assert failure.message == test["failures"][0]["message"]
                for miss in test["failures"]:
                    assert f"{miss['file']}:{miss['line']}: {miss['message']}" in failure.text
                    assert miss["saw"] in failure.text


def test_the_report_is_valid_by_jenkins_schema(tmp_path):
    schema = etree.XMLSchema(etree.parse(junit_schema()))
    folder = write(tmp_path)
    for arguments in (["--env", "dev,live"], ["--filter", "two minutes"]):
        report = obs(folder, "test", *arguments, "--format", "junit").stdout.encode()
        assert schema.validate(etree.fromstring(report)), schema.error_log


def test_junitparser_reads_the_report_of_what_is_shipped():
    done = obs(ROOT, "test", "--env", "dev,staging,production", "--require-tests", "--format", "junit")
    assert done.returncode == 0, done.stderr
    report = JUnitXml.fromstring(done.stdout.encode())
    assert report.tests > 250 and report.failures == 0
    assert report.tests == sum(len(list(suite)) for suite in report)


@pytest.fixture
def past(account, tmp_path):
    """Ten minutes of four failed orders, an hour and a half ago."""
    start = int(time.time()) // 60 * 60 - 5400
    data = [
        {"MetricName": "Failed", "Value": 4, "Timestamp": start + 60 * minute} for minute in range(10)
    ]
    account.client("cloudwatch").put_metric_data(Namespace="Shop", MetricData=data)
    return start


def test_the_picture_of_a_backtest_is_what_its_table_says(account, past, tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    write(folder, threshold=1)
    assert obs(folder, "apply", "--yes", AWS_ENDPOINT_URL=account.url).returncode == 0
    write(folder, threshold=5)
    done = obs(
        folder, "backtest", "--since", "3h", "--svg", "past.svg", "--format", "json",
        AWS_ENDPOINT_URL=account.url,
    )
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)["alarms"]
    assert (row["before"]["fired"], row["after"]["fired"]) == (1, 0)
    svg = ElementTree.parse(folder / "past.svg").getroot()
    space = "{http://www.w3.org/2000/svg}"
    assert svg.tag == f"{space}svg"
    (lane,) = [group for group in svg.iter(f"{space}g") if group.get("class") == "lane"]
    assert lane.findtext(f"{space}text") == "orders <failing> & more"
    strips = [rect for rect in lane.iter(f"{space}rect") if rect.get("class")]
    assert [strip.get("class") for strip in strips] == ["before", "after"]
    spans = [rect for rect in lane.iter(f"{space}rect") if not rect.get("class")]
    # The one time it fired, where it belongs: two minutes after the first failed order.
    (span,) = spans
    left, width = (float(strips[0].get(name)) for name in ("x", "width"))
    compared = json.loads(done.stdout)
    share = (past * 1000 + 120_000 - compared["from_ms"]) / (compared["to_ms"] - compared["from_ms"])
    assert float(span.get("x")) == pytest.approx(left + share * width, abs=0.02)
    assert span.find(f"{space}title") is not None
