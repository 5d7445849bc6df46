"""What functions left behind, asked for as AWS's own client asks: lines by filter
patterns, traces by filter expressions, and what `obs readiness` makes of both."""

import json
import re
from datetime import datetime, timedelta, timezone

import pytest
from botocore.exceptions import ClientError


def lines(account, group, **asked):
    pages = account.client("logs").get_paginator("filter_log_events")
    return [event for page in pages.paginate(logGroupName=group, **asked) for event in page["events"]]


def traces(account, expression):
    now = datetime.now(timezone.utc)
    pages = account.client("xray").get_paginator("get_trace_summaries").paginate(
        StartTime=now - timedelta(hours=1), EndTime=now + timedelta(minutes=1), FilterExpression=expression,
    )
    return {summary["Id"] for page in pages for summary in page["TraceSummaries"]}


def test_a_pattern_finds_the_lines_of_a_functions_group(busy):
    wanted = busy.messages("file uploaded")
    function = wanted[0]["function"]
    found = lines(busy, f"/aws/lambda/{function}", filterPattern='{ $.message = "file uploaded" }', limit=7)
    assert [event["message"] for event in found] == [line["line"] for line in wanted]
    assert len({event["eventId"] for event in found}) == len(found)
    streams = {event["logStreamName"] for event in found}
    assert all(re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\].+", stream) for stream in streams), streams
    by_stream = [lines(busy, f"/aws/lambda/{function}", logStreamNames=[stream]) for stream in streams]
    of_function = lines(busy, f"/aws/lambda/{function}")
    assert sum(map(len, by_stream)) <= len(of_function)
    assert of_function == sorted(of_function, key=lambda event: event["timestamp"])
    correlated = lines(busy, f"/aws/lambda/{function}", filterPattern='{ $.correlation_id = "*" }')
    ids = {json.loads(event["message"])["correlation_id"] for event in correlated}
    assert ids >= {line["correlation_id"] for line in wanted}


def test_an_expression_finds_the_traces_of_a_function(busy):
    line = busy.messages("file uploaded")[0]
    function = line["function"]
    found = traces(busy, f'service(id(name: "{function}", type: "AWS::Lambda::Function"))')
    assert line["xray_trace_id"] in found
    assert found <= traces(busy, "")
    one = traces(busy, f'annotation.correlation_id = "{line["correlation_id"]}" AND service("{function}")')
    assert one <= found and line["xray_trace_id"] in one
    assert found.isdisjoint(traces(busy, f'!service("{function}")'))
    with pytest.raises(ClientError, match="at character 1: .*groups are not evaluated here"):
        traces(busy, 'group.name = "g"')


def test_readiness_knows_traces_and_correlation_ids(busy):
    done = busy.obs("readiness", "--account", "--env", "dev", "--format", "json", *busy.variables())
    rules = {rule["rule"]: rule for rule in json.loads(done.stdout)["rules"]}
    called = {f"functions/{line['function']}" for line in busy.logs() if line["correlation_id"]}
    assert len(called) >= 3
    for name in ["tracing", "correlation"]:
        known = called.intersection(one["subject"] for one in rules[name]["unknown"])
        assert not known, rules[name]
        assert rules[name]["met"] >= len(called), rules[name]
