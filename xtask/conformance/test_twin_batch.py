"""Answers to the same batches: Powertools' batch processors and ours."""

import itertools
import json

import pytest
from test_twin_log import samples
from twins import TRACE, twins  # noqa: F401

QUEUE = "arn:aws:sqs:eu-west-1:123456789012:orders"


def sqs(pattern, groups=None):
    """A message for each letter: `x` fails. With `groups`, those of a FIFO queue."""
    return {"Records": [
        {
            "messageId": f"m-{number}", "receiptHandle": "r", "body": "fail" if letter == "x" else "fine",
            "attributes": {"ApproximateReceiveCount": "1", **({"MessageGroupId": groups[number]} if groups else {})},
            "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "eu-west-1",
            "eventSourceARN": QUEUE + (".fifo" if groups else ""),
        }
        for number, letter in enumerate(pattern)
    ]}


def kinesis(pattern):
    return {"Records": [
        {
            "eventSource": "aws:kinesis", "eventID": f"shardId-0:{number}", "eventName": "aws:kinesis:record",
            "eventSourceARN": "arn:aws:kinesis:eu-west-1:123456789012:stream/s",
            "kinesis": {"sequenceNumber": f"s-{number}", "partitionKey": "k", "kinesisSchemaVersion": "1.0",
                        "data": "ZmFpbA==" if letter == "x" else "ZmluZQ=="},
        }
        for number, letter in enumerate(pattern)
    ]}


def dynamodb(pattern):
    return {"Records": [
        {
            "eventSource": "aws:dynamodb", "eventID": str(number), "eventName": "INSERT", "eventVersion": "1.0",
            "eventSourceARN": "arn:aws:dynamodb:eu-west-1:123456789012:table/t/stream/x",
            "dynamodb": {"SequenceNumber": f"s-{number}", "Keys": {"Id": {"N": str(number)}},
                         "NewImage": {"Message": {"S": "fail" if letter == "x" else "fine"}}},
        }
        for number, letter in enumerate(pattern)
    ]}


PATTERNS = ["o", "x", "ooo", "xxx", "oxo", "xoo", "oox", "xox", "oxxo", "ooooxooxoo"]


def answers(twins, events):
    """Each event's answer: ours and theirs, as the names of records or `None` for a failed invocation."""
    pairs = [(event, TRACE) for event in events]

    def read(emitted):
        return [
            [item["itemIdentifier"] for item in answer["batchItemFailures"]] if kind == "response" else None
            for kind, answer in emitted.answers
        ]

    return read(twins.ours("batch", pairs)), read(twins.theirs("batch", pairs))


def test_a_standard_queues_failures_are_powertools_failures(twins):
    ours, theirs = answers(twins, [sqs(pattern) for pattern in PATTERNS])
    assert ours == theirs
    assert ours[PATTERNS.index("oxo")] == ["m-1"]
    assert ours[PATTERNS.index("xxx")] is None


def test_a_fifo_queues_group_stops_at_its_first_failure_as_powertools_can_be_told_to(twins):
    """Powertools with `skip_group_on_error`, every way for four messages of two groups to fail."""
    events = [
        sqs(pattern, groups)
        for pattern in map("".join, itertools.product("ox", repeat=4))
        for groups in ("aaaa", "abab", "aabb")
    ]
    ours, theirs = answers(twins, events)
    for event, mine, other in zip(events, ours, theirs):
        told = [(record["attributes"]["MessageGroupId"], record["body"]) for record in event["Records"]]
        assert mine == other, told


@pytest.mark.parametrize("source", [kinesis, dynamodb])
def test_a_stream_is_read_again_from_the_record_that_powertools_names_first(source, twins):
    """They do the rest of a shard all the same and name each failure; Lambda reads
    again from the first. We stop there, so that no record is done out of order, and
    fail the invocation where the first record is the one: nothing was done."""
    ours, theirs = answers(twins, [source(pattern) for pattern in PATTERNS])
    for pattern, mine, other in zip(PATTERNS, ours, theirs):
        first = pattern.find("x")
        if first < 0:
            assert mine == other == [], pattern
        elif first == 0:
            assert mine is None, pattern
            assert other is None or other[0] == "s-0", pattern
        else:
            assert mine == other[:1] == [f"s-{first}"], pattern


def test_the_sample_batches_of_aws_lambda_events_succeed_in_both(twins):
    names = {"aws:sqs", "aws:kinesis", "aws:dynamodb"}
    events = {
        name: event for name, event in samples().items()
        if isinstance(event, dict) and event.get("Records")
        and event["Records"][0].get("eventSource") in names
    }
    assert len(events) >= 6, list(events)
    ours, theirs = answers(twins, list(events.values()))
    for name, mine, other in zip(events, ours, theirs):
        assert mine == other == [], json.dumps(events[name])
