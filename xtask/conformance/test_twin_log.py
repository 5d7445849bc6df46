"""Lines of the same work: Powertools' Logger and ours."""

import json
import os
import subprocess
from datetime import datetime
from pathlib import Path

import jmespath
import pytest
from aws_lambda_powertools.logging import correlation_paths
from conftest import ROOT
from twins import ROOT_ID, TRACE, Intended, twins  # noqa: F401

# Keys that mean the same, by Powertools' name.
NAMES = {"function_request_id": "request_id"}
ALWAYS = [
    ("*.correlation_id", "ours has an id in any case, theirs where a path was given and found one"),
    ("*.function_version", "theirs has the function's name alone"),
    ("*.location", "theirs names the function and the line, ours the file and the line"),
    ("*.target", "theirs has no module's path"),
]
PROGRAMS = {
    "keys": [
        ("restored.tier", "theirs forgets what a key was before the scope that replaced it"),
        ("removed.tier", "the same"),
    ],
    "levels": [("warning.level", "theirs writes WARNING, which Lambda's filter does not know; ours WARN")],
    "values": [
        ("nan.value", "theirs is no JSON; ours is text"),
        ("infinity.value", "the same"),
    ],
    "error": [
        ("kept.exception", "theirs repeats the traceback as text"),
        ("kept.exception_name", "ours stands in error.type"),
        ("kept.error.type", "the same"),
        ("kept.error.message", "theirs stands in stack_trace.value"),
        ("kept.stack_trace", "Rust's errors carry no stack of their own"),
    ],
}


def keyed(lines):
    """Lines by message, with their keys by one name and without what is the time's."""
    found = {}
    for line in lines:
        line = {NAMES.get(key, key): value for key, value in line.items()}
        written = datetime.fromisoformat(line.pop("timestamp"))
        assert written.tzinfo is not None
        found[line.pop("message")] = line
    return found


@pytest.fixture(scope="module")
def emitted(twins):
    """Each program's lines: ours and theirs, in one environment of each."""
    ours, theirs = twins.both("log", *PROGRAMS, "failure")
    by_program = lambda lines, key: {
        name: [line for line in lines if line[key] == f"request-{number}"]
        for number, name in enumerate([*PROGRAMS, "failure"])
    }
    return by_program(ours.logs(), "request_id"), by_program(theirs.logs(), "function_request_id")


@pytest.mark.parametrize("program", PROGRAMS)
def test_lines_differ_from_powertools_only_as_intended(program, emitted):
    ours, theirs = (keyed(lines[program]) for lines in emitted)
    assert list(ours) == list(theirs), "the same lines in the same order"
    intended = Intended([*ALWAYS, *PROGRAMS[program]])
    intended.check(intended.compare("", theirs, ours))


def test_errors_say_the_same_in_both(emitted):
    ours, theirs = (keyed(lines["error"])["kept"] for lines in emitted)
    assert ours["error.type"] == theirs["stack_trace"]["type"] == theirs["exception_name"]
    assert ours["error.message"] == theirs["stack_trace"]["value"]


def test_a_handlers_failure_is_a_line_of_ours_and_none_of_theirs(emitted):
    ours, theirs = (lines["failure"] for lines in emitted)
    assert theirs == []
    assert [(line["level"], line["message"]) for line in ours] == [("ERROR", "handler failed")]


def test_every_line_of_ours_is_json_that_a_strict_reader_takes(twins):
    ours = twins.ours("log", [({"program": "values"}, TRACE)])

    def strict(constant):
        pytest.fail(f"{constant} is no JSON")

    for line in ours.output.splitlines():
        json.loads(line, parse_constant=strict)


def test_a_start_is_cold_once_in_both(emitted):
    for lines in emitted:
        for number, program in enumerate(PROGRAMS):
            assert {line["cold_start"] for line in lines[program]} == {number == 0}, program


LEVELS = ["DEBUG", "INFO", "WARN", "ERROR"]
# Lambda's own level, then the library's: either may be missing.
SETTINGS = [
    (None, None), (None, "DEBUG"), (None, "WARN"), (None, "ERROR"), ("INFO", None), ("DEBUG", "ERROR"),
    ("ERROR", None), ("WARN", "DEBUG"),
]


@pytest.mark.parametrize(("lambdas", "own"), SETTINGS)
def test_the_environment_switches_the_same_levels_on(lambdas, own, twins):
    events = [({"program": "levels"}, TRACE)]
    common = {"AWS_LAMBDA_LOG_LEVEL": lambdas, "AWS_LAMBDA_LOG_FORMAT": "JSON"} if lambdas else {}
    ours = twins.ours("log", events, **common, **({"OBS_LOG": own} if own else {}))
    # Python spells it differently, and only one spelling works in both places.
    spelt = {"WARN": "WARNING"}.get(own, own)
    theirs = twins.theirs("log", events, **common, **({"POWERTOOLS_LOG_LEVEL": spelt} if spelt else {}))
    of = lambda emitted: [line["message"] for line in emitted.logs() if line["message"] in WORDS]
    assert of(ours) == of(theirs)
    assert of(ours)[-1:] == ["error"]


WORDS = {"debug", "info", "warning", "error"}


@pytest.mark.parametrize(("rate", "debug"), [("1", True), ("0", False)])
def test_a_sampled_invocation_writes_its_debug_lines_in_both(rate, debug, twins):
    events = [({"program": "levels"}, TRACE)]
    for emitted in (
        twins.ours("log", events, OBS_LOG_SAMPLE=rate),
        twins.theirs("log", events, POWERTOOLS_LOGGER_SAMPLE_RATE=rate),
    ):
        lines = [line for line in emitted.logs() if line["message"] in WORDS]
        assert ("debug" in {line["message"] for line in lines}) is debug
        # Both say the rate, where there is one; theirs may say that there is none.
        rates = {float(line["sampling_rate"]) for line in lines if "sampling_rate" in line}
        assert rates - {0.0} == ({1.0} if debug else set())


def test_kept_debug_lines_come_out_before_the_error_in_both(twins):
    events = [({"program": "levels"}, TRACE)]
    of = lambda emitted: [line["message"] for line in emitted.logs() if line["message"] in WORDS]
    ours = of(twins.ours("log", events, OBS_LOG_BUFFER="20000"))
    theirs = of(twins.theirs("log", events, LOG_BUFFER="20000"))
    assert ours == theirs == ["info", "warning", "debug", "error"]


def test_the_incoming_event_is_the_same_in_both(twins):
    event = {"program": "levels", "order": {"id": 7, "tags": ["a", None, 1.5]}, "text": "żółć \"q\""}
    ours = twins.ours("log", [(event, TRACE)], OBS_LOG_EVENT="true")
    theirs = twins.theirs("log", [(event, TRACE)], POWERTOOLS_LOGGER_LOG_EVENT="true")
    [line] = [line for line in ours.logs() if line["message"] == "event received"]
    seen = line["event"] if isinstance(line["event"], dict) else json.loads(line["event"])
    assert seen == event
    assert [line["message"] for line in theirs.logs() if isinstance(line["message"], dict)] == [event]


# One event a source as AWS writes it, with an id where Powertools looks for it.
ID = f"Root={ROOT_ID}"
EVENTS = {
    "API_GATEWAY_REST": {"resource": "/", "path": "/", "httpMethod": "GET", "headers": {"Accept": "*/*"},
                         "requestContext": {"requestId": "id-1"}, "body": None},
    "API_GATEWAY_HTTP": {"version": "2.0", "routeKey": "GET /", "rawPath": "/", "headers": {"accept": "*/*"},
                         "requestContext": {"requestId": "id-1", "http": {"method": "GET"}}},
    "LAMBDA_FUNCTION_URL": {"version": "2.0", "routeKey": "$default", "rawPath": "/", "headers": {"accept": "*/*"},
                            "requestContext": {"requestId": "id-1", "domainName": "x.lambda-url.us-east-1.on.aws"}},
    "APPSYNC_RESOLVER": {"arguments": {}, "info": {}, "request": {"headers": {"x-amzn-trace-id": ID}}},
    "APPSYNC_AUTHORIZER": {"authorizationToken": "t", "requestContext": {"requestId": "id-1", "queryString": "q"}},
    "APPLICATION_LOAD_BALANCER": {"requestContext": {"elb": {}}, "httpMethod": "GET", "path": "/",
                                  "headers": {"x-amzn-trace-id": ID}, "body": ""},
    "EVENT_BRIDGE": {"version": "0", "id": "id-1", "detail-type": "t", "source": "s", "detail": {"a": 1}},
    "S3_OBJECT_LAMBDA": {"xAmzRequestId": "id-1", "userRequest": {"url": "u", "headers": {"Host": "h"}}},
    "VPC_LATTICE": {"raw_path": "/", "method": "GET", "headers": {"x-amzn-trace-id": ID}, "body": ""},
}


def test_no_path_of_powertools_is_left_out():
    names = {name for name in vars(correlation_paths) if name.isupper()}
    assert names == set(EVENTS)
    for name, event in EVENTS.items():
        assert jmespath.search(getattr(correlation_paths, name), event), name


def seen(emitted, key):
    """Lines `seen`, by the number of their event."""
    found = {}
    for line in emitted.logs():
        if line["message"] == "seen":
            found.setdefault(int(line[key].removeprefix("request-")), []).append(line)
    return found


def test_every_id_that_powertools_finds_is_found(twins):
    """Powertools takes a whole trace header for the id, ours is the root in it."""
    events = [(event, TRACE) for event in EVENTS.values()]
    ours = seen(twins.ours("log", events), "request_id")
    theirs = seen(twins.theirs("log", events), "function_request_id")
    for number, name in enumerate(EVENTS):
        [line] = [line for line in theirs[number] if line["path"] == name]
        assert line["correlation_id"]
        assert [line["correlation_id"].removeprefix("Root=")] == [one["correlation_id"] for one in ours[number]], name


def samples():
    """The sample events of the crate `aws_lambda_events`, where cargo has put them."""
    # Other platforms' packages need not have been downloaded.
    platform = f"{os.uname().machine}-unknown-linux-gnu"
    metadata = subprocess.run(
        ["cargo", "metadata", "--format-version=1", "--offline", "--filter-platform", platform],
        cwd=ROOT, text=True, capture_output=True,
    )
    assert metadata.returncode == 0, metadata.stderr
    [manifest] = {
        package["manifest_path"] for package in json.loads(metadata.stdout)["packages"]
        if package["name"] == "aws_lambda_events"
    }
    files = sorted((Path(manifest).parent / "src/fixtures").glob("*.json"))
    assert len(files) >= 173
    found = {}
    for file in files:
        try:
            found[file.stem] = json.loads(file.read_text())
        except json.JSONDecodeError:
            continue  # one sample is a fragment
    return found


def test_in_every_sample_event_that_has_an_id_for_powertools_ours_is_the_same(twins):
    """The 173 events of `aws_lambda_events` (Powertools' own are in no distribution on
    PyPI); each goes through both functions as it is.
    """
    events = {name: event for name, event in samples().items() if isinstance(event, dict)}
    pairs = [(event, TRACE) for event in events.values()]
    ours = seen(twins.ours("log", pairs), "request_id")
    theirs = seen(twins.theirs("log", pairs), "function_request_id")
    compared, different = 0, {}
    for number, name in enumerate(events):
        [line] = ours[number]
        source = source_of(name)
        if source is None:
            continue
        ids = [other.get("correlation_id") for other in theirs.get(number, []) if other["path"] == source]
        if not ids or not isinstance(ids[0], str):
            continue
        compared += 1
        expected = ids[0].removeprefix("Root=").split(";")[0]
        if line["correlation_id"] != expected:
            different[name] = (expected, line["correlation_id"])
    assert compared >= 40
    assert not different


def source_of(name):
    """Which of Powertools' paths a user would choose for a sample, by its name."""
    for prefix, path in [
        ("example-apigw-request", "API_GATEWAY_REST"),
        ("example-apigw-console", "API_GATEWAY_REST"),
        ("example-apigw-custom-auth", "API_GATEWAY_REST"),
        ("example-apigw-v2", "API_GATEWAY_HTTP"),
        ("example-apigw-websocket", "API_GATEWAY_REST"),
        ("example-alb", "APPLICATION_LOAD_BALANCER"),
        ("example-appsync-lambda-auth", "APPSYNC_AUTHORIZER"),
        ("example-appsync", "APPSYNC_RESOLVER"),
        ("example-lambda-function-url", "LAMBDA_FUNCTION_URL"),
        ("example-s3-object-lambda", "S3_OBJECT_LAMBDA"),
        ("example-vpc-lattice", "VPC_LATTICE"),
        ("example-cloudwatch-event", "EVENT_BRIDGE"),
        ("example-eventbridge", "EVENT_BRIDGE"),
        ("example-codebuild", "EVENT_BRIDGE"),
        ("example-codedeploy", "EVENT_BRIDGE"),
        ("example-codepipeline", "EVENT_BRIDGE"),
        ("example-autoscaling", "EVENT_BRIDGE"),
    ]:
        if name.startswith(prefix):
            return path
    return None
