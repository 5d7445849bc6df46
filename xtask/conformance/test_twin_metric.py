"""Points of the same work: Powertools' Metrics and ours without the extension."""

import time

import pytest
from twins import TRACE, Intended, twins  # noqa: F401

# What CloudWatch takes; each is checked against every line of both.
MAX_METRICS, MAX_VALUES, MAX_DIMENSIONS = 100, 100, 30


def series(lines):
    """What CloudWatch makes of the lines: each series with its values in order."""
    found = {}
    for line in lines:
        for directive in line["_aws"]["CloudWatchMetrics"]:
            for names in directive["Dimensions"]:
                dimensions = ",".join(f"{name}={line[name]}" for name in sorted(names))
                for metric in directive["Metrics"]:
                    key = " ".join([
                        directive["Namespace"], f"[{dimensions}]", metric["Name"], metric.get("Unit", "None"),
                        str(metric.get("StorageResolution", 60)),
                    ])
                    found.setdefault(key, []).extend(values(line[metric["Name"]]))
    return {key: sorted(numbers) for key, numbers in found.items()}


def values(member):
    if isinstance(member, dict):
        return [value for value, count in zip(member["Values"], member["Counts"]) for _ in range(int(count))]
    return member if isinstance(member, list) else [member]


def check_limits(lines):
    for line in lines:
        for directive in line["_aws"]["CloudWatchMetrics"]:
            assert len(directive["Metrics"]) <= MAX_METRICS
            assert all(len(names) <= MAX_DIMENSIONS for names in directive["Dimensions"])
            for metric in directive["Metrics"]:
                member = line[metric["Name"]]
                distinct = member["Values"] if isinstance(member, dict) else member
                assert not isinstance(distinct, list) or len(distinct) <= MAX_VALUES


PROGRAMS = {
    "plain": [],
    "dimensions": [
        ("Twins [region=eu-west-1,service=twin] Booked Count 60", "ours names `service` in each set itself"),
        ("Twins [region=eu-west-1] Booked Count 60", "theirs leaves the first set's dimensions out of the second"),
    ],
    "single": [
        ("Imports [source=bucket] Imported Count 60", "a single metric of ours has its own dimensions and no other"),
        ("Imports [service=twin,source=bucket] Imported Count 60", "theirs adds the service"),
    ],
    "many values": [],
    "many metrics": [],
    "units": [],
    "limits": [("Twins [service=twin] Broken Count 60", "theirs writes NaN and Infinity, which is no JSON")],
}


@pytest.fixture(scope="module")
def emitted(twins):
    """Each program's lines: ours and theirs, each in an environment of its own."""
    return {program: twins.both("metric", program) for program in PROGRAMS}


@pytest.mark.parametrize("program", PROGRAMS)
def test_points_differ_from_powertools_only_as_intended(program, emitted):
    ours, theirs = emitted[program]
    intended = Intended(PROGRAMS[program])
    theirs, ours = series(theirs.metric_lines()), series(ours.metric_lines())
    differences = [
        text for key in sorted({*theirs, *ours}) for text in intended.compare(key, theirs.get(key), ours.get(key))
    ]
    intended.check(differences)
    assert ours


@pytest.mark.parametrize("program", PROGRAMS)
def test_lines_keep_within_cloudwatchs_limits_in_both(program, emitted):
    for lines in emitted[program]:
        check_limits(lines.metric_lines())


def test_what_cloudwatch_refuses_is_said_once_a_metric_and_never_sent(emitted):
    ours, theirs = emitted["limits"]
    refused = [line for line in theirs.lines if "refused" in line]
    said = [line for line in ours.logs() if line["message"] == "metric is not recorded as asked"]
    # Theirs raises for both names; ours says both names and, once, the broken value.
    assert len(refused) == 2
    assert len(said) >= 3
    assert all(line["level"] == "WARN" for line in said)
    assert ours.answer[0] == "response"


def test_metadata_stands_on_the_line_and_is_no_dimension(emitted):
    for lines in emitted["plain"]:
        [line] = lines.metric_lines()
        assert line["booking_id"] == "b-1"
        names = {name for directive in line["_aws"]["CloudWatchMetrics"] for names in directive["Dimensions"]
                 for name in names}
        assert "booking_id" not in names


def test_a_time_of_its_own_is_the_lines_time_in_both(twins):
    at = (int(time.time()) - 3600) * 1000
    events = [({"program": "time", "timestamp": at}, TRACE)]
    for emitted in (twins.ours("metric", events), twins.theirs("metric", events)):
        [line] = [line for line in emitted.metric_lines() if "Measured" in line]
        assert line["_aws"]["Timestamp"] == at


def test_a_cold_start_is_counted_once_in_both(twins):
    events = [({"program": "none"}, TRACE)] * 2
    for emitted in (
        twins.ours("metric", events, OBS_COLD_START_METRIC="true"),
        twins.theirs("metric", events, COLD_START="true"),
    ):
        found = {key: numbers for key, numbers in series(emitted.metric_lines()).items() if " ColdStart " in key}
        [(key, numbers)] = found.items()
        assert numbers == [1.0]
        assert "service=twin" in key and key.startswith("Twins ") and key.endswith(" ColdStart Count 60")


def test_metrics_can_be_switched_off_in_both(twins):
    events = [({"program": "plain"}, TRACE)]
    for emitted in (
        twins.ours("metric", events, OBS_METRICS="off"),
        twins.theirs("metric", events, POWERTOOLS_METRICS_DISABLED="true"),
    ):
        assert emitted.metric_lines() == []
        assert emitted.answer[0] == "response"
