"""Every request of plan, apply, drift and destroy: valid by botocore's service models,
taken by our account, by moto and by ministack, and read back by boto3."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import BotoCoreError
from capture import capturing
from conftest import BIN, CREDENTIALS, REGION, ROOT, Account, free_port, until
from peers import missing

PAGER = ("--var", "pager=http://127.0.0.1:9/")


def obs(url, *arguments, **variables):
    done = subprocess.run(
        [BIN / "obs", *arguments], cwd=ROOT, text=True, capture_output=True, stdin=subprocess.DEVNULL,
        env={**os.environ, **CREDENTIALS, "AWS_ENDPOINT_URL": url, **variables},
    )
    assert done.returncode == 0, f"{done.args}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """All that plan, apply, a second apply, drift and destroy said to our account."""
    account = Account(tmp_path_factory.mktemp("said"))
    with capturing(account.url) as (url, requests):
        obs(url, "plan", *PAGER)
        obs(url, "apply", *PAGER)
        applied = list(requests)
        found = alarms_of(account.client("cloudwatch"))
        reads_back(account.client, applied)
        obs(url, "apply", *PAGER)
        obs(url, "drift", *PAGER)
        obs(url, "destroy", "--yes")
    account.stop()
    return applied, requests, found


def alarms_of(cloudwatch):
    """All alarms by name, as boto3 reads them."""
    types = {"AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    pages = list(cloudwatch.get_paginator("describe_alarms").paginate(**types))
    return {alarm["AlarmName"]: alarm for page in pages for key in ("MetricAlarms", "CompositeAlarms") for alarm in page[key]}


def puts(requests):
    """What each alarm was put with, by name."""
    alarms = ("PutMetricAlarm", "PutCompositeAlarm")
    return {request.parameters["AlarmName"]: request.parameters for request in requests if request.operation in alarms}


def test_boto3_reads_back_what_was_put(said):
    applied, _, found = said
    put = puts(applied)
    assert found.keys() == put.keys()
    for name, one in put.items():
        holds(found[name], one)


def test_every_request_is_valid_by_botocores_models(said):
    _, requests, _ = said
    spoken = {f"{request.service}:{request.operation}" for request in requests}
    expected = {
        "sts:GetCallerIdentity", "cloudwatch:DescribeAlarms", "cloudwatch:ListDashboards", "cloudwatch:GetDashboard",
        "cloudwatch:PutMetricAlarm", "cloudwatch:PutCompositeAlarm", "cloudwatch:PutDashboard",
        "cloudwatch:DeleteAlarms", "cloudwatch:DeleteDashboards", "sns:CreateTopic", "sns:Subscribe",
        "sns:SetTopicAttributes", "sns:DeleteTopic", "logs:DescribeLogGroups", "logs:DescribeMetricFilters",
        "logs:PutMetricFilter", "logs:DeleteMetricFilter", "events:ListRules", "events:ListTargetsByRule",
        "events:PutRule", "events:PutTargets", "events:RemoveTargets", "events:DeleteRule",
        "cloudwatch:ListAlarmMuteRules", "cloudwatch:GetAlarmMuteRule", "cloudwatch:PutAlarmMuteRule",
        "cloudwatch:DeleteAlarmMuteRule", "xray:GetSamplingRules", "xray:CreateSamplingRule",
        "xray:ListTagsForResource", "xray:DeleteSamplingRule",
    }
    assert expected <= spoken
    assert [problem for request in requests for problem in request.problems()] == []


def test_the_models_would_have_found_a_wrong_request(said):
    """The check above can fail: a period of text, a comparison of no such name."""
    applied, _, _ = said
    request = next(request for request in applied if request.operation == "PutMetricAlarm")
    for wrong in ({"Period": "60"}, {"ComparisonOperator": "Above"}, {"AlarmName": "n" * 256}, {"Peroid": 60}):
        before = request.parameters
        request.parameters = {**before, **wrong}
        assert request.problems(), wrong
        request.parameters = before


def reads_back(client, applied):
    """Filters and event rules, as boto3 reads them out of an account that they were put into."""
    put = {name: [r.parameters for r in applied if r.operation == name] for name in ("PutMetricFilter", "PutRule", "PutTargets")}
    assert all(put.values()), put
    for one in put["PutMetricFilter"]:
        found = client("logs").describe_metric_filters(logGroupName=one["logGroupName"])["metricFilters"]
        mine = next(filter for filter in found if filter["filterName"] == one["filterName"])
        assert mine["filterPattern"] == one["filterPattern"]
        assert mine["metricTransformations"] == one["metricTransformations"]
    for one in put["PutRule"]:
        found = client("events").describe_rule(Name=one["Name"])
        assert json.loads(found["EventPattern"]) == json.loads(one["EventPattern"])
        assert (found["Description"], found["State"]) == (one["Description"], "ENABLED")
        tags = client("events").list_tags_for_resource(ResourceARN=found["Arn"])["Tags"]
        assert {tag["Key"]: tag["Value"] for tag in tags} == {tag["Key"]: tag["Value"] for tag in one["Tags"]}
    for one in put["PutTargets"]:
        found = client("events").list_targets_by_rule(Rule=one["Rule"])["Targets"]
        assert {(target["Id"], target["Arn"]) for target in found} == {(t["Id"], t["Arn"]) for t in one["Targets"]}


@pytest.fixture(scope="module")
def moto(tmp_path_factory):
    program = Path(sys.executable).parent / "moto_server"
    if not program.exists():
        missing("moto", 'pip install "moto[server]"')
    port = free_port()
    log = open(tmp_path_factory.mktemp("moto") / "moto.log", "w")
    process = subprocess.Popen(
        [program, "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL, env={**os.environ, "MOTO_ACCOUNT_ID": "000000000000"},
    )
    client = clients(f"http://127.0.0.1:{port}")
    until("moto", lambda: answers(client("sts").get_caller_identity), 60)
    yield client
    process.kill()
    process.wait()
    log.close()


def clients(url):
    return lambda service: boto3.client(
        service, endpoint_url=url, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test",
    )


def answers(call):
    try:
        return call()
    except BotoCoreError:
        return None


def snake(operation):
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation).lstrip("_")


def holds(found, put, *beside):
    """Whether what is read back is what was put; an empty list may be left out."""
    for name in put.keys() - {"Tags", *beside}:
        value = put[name]
        if not value and name not in found:
            continue
        assert found.get(name) == value, f"{put['AlarmName']}: {name} is {found.get(name)!r}, put was {value!r}"


def everything(client, operation, key, **arguments):
    pages = client.get_paginator(operation).paginate(**arguments)
    return [item for page in pages for item in page[key]]


def test_moto_takes_every_write_and_gives_it_back(said, moto):
    """moto does not speak rpc-v2-cbor, so boto3 says the same again in its own words."""
    applied, _, _ = said
    # What moto does not have.
    without = {"PutCompositeAlarm", "PutAlarmMuteRule", "CreateSamplingRule"}
    writes = [
        request for request in applied
        if request.operation.startswith(("Put", "Create", "Set", "Subscribe")) and request.operation not in without
    ]
    # A filter's group is not ours to make.
    for group in {request.parameters["logGroupName"] for request in writes if request.operation == "PutMetricFilter"}:
        moto("logs").create_log_group(logGroupName=group)
    for request in writes:
        getattr(moto(request.service), snake(request.operation))(**request.parameters)
    cloudwatch, sns = moto("cloudwatch"), moto("sns")
    alarms = {alarm["AlarmName"]: alarm for alarm in everything(cloudwatch, "describe_alarms", "MetricAlarms")}
    put = [request.parameters for request in writes if request.operation == "PutMetricAlarm"]
    assert len(alarms) == len(put) > 0
    for one in put:
        found = alarms[one["AlarmName"]]
        for name in ("Namespace", "MetricName", "Period", "EvaluationPeriods", "ComparisonOperator", "Threshold"):
            assert found.get(name) == one.get(name), f"{one['AlarmName']}: {name}"
    for request in writes:
        if request.operation == "PutDashboard":
            name, body = request.parameters["DashboardName"], request.parameters["DashboardBody"]
            assert cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"] == body
    reads_back(moto, applied)
    topics = {topic["TopicArn"].rsplit(":", 1)[1] for topic in everything(sns, "list_topics", "Topics")}
    assert topics == {request.parameters["Name"] for request in writes if request.operation == "CreateTopic"}


@pytest.fixture(scope="module")
def ministack(tmp_path_factory):
    """A foreign account that speaks rpc-v2-cbor."""
    program = Path(sys.executable).parent / "ministack"
    if not program.exists():
        missing("ministack", "pip install ministack")
    port, folder = free_port(), tmp_path_factory.mktemp("ministack")
    log = open(folder / "ministack.log", "w")
    process = subprocess.Popen(
        [program], stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        env={**os.environ, "GATEWAY_PORT": str(port), "EDGE_PORT": str(port), "HOME": str(folder)},
    )
    url = f"http://127.0.0.1:{port}"
    until("ministack", lambda: answers(clients(url)("cloudwatch").list_metrics), 60)
    yield url
    process.terminate()
    process.wait()
    log.close()


def without_mutes(folder):
    """The shipped project but for what ministack does not know: mute rules."""
    for part in ("alarms", "dashboards"):
        shutil.copytree(ROOT / part, folder / part)
    whole = (ROOT / "obs.yaml").read_text()
    (folder / "obs.yaml").write_text(re.sub(r"(?ms)^mutes:.*?(?=^\S|\Z)", "", whole))
    return folder


def test_an_apply_into_ministack_is_read_back_by_boto3(said, ministack, account, tmp_path):
    """It has no X-Ray either: sampling rules go into our account."""
    applied, _, _ = said
    client = clients(ministack)
    for group in {request.parameters["logGroupName"] for request in applied if request.operation == "PutMetricFilter"}:
        client("logs").create_log_group(logGroupName=group)
    obs(ministack, "apply", *PAGER, "-C", without_mutes(tmp_path), AWS_ENDPOINT_URL_XRAY=account.url)
    reads_back(client, applied)
    put = puts(applied)
    # ministack has no second page, so alarms are asked for by name.
    names, alarms = list(put), {}
    for start in range(0, len(names), 50):
        page = client("cloudwatch").describe_alarms(
            AlarmNames=names[start:start + 50], AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
        for alarm in page["MetricAlarms"] + page["CompositeAlarms"]:
            alarms[alarm["AlarmName"]] = alarm
    assert alarms.keys() == put.keys()
    for name, one in put.items():
        # What it does not keep at all.
        holds(
            alarms[name], one, "EvaluateLowSampleCountPercentile", "Metrics", "ActionsSuppressor",
            "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod",
        )
    bodies = {r.parameters["DashboardName"]: r.parameters["DashboardBody"] for r in applied if r.operation == "PutDashboard"}
    for name, body in bodies.items():
        assert client("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"] == body
