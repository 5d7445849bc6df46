"""A handler that is killed takes none of its recorded points with it."""

import os
import signal
import threading
from datetime import datetime, timedelta, timezone

from conftest import BIN, until

POINTS = 1000


def test_points_of_a_handler_killed_in_mid_invocation_are_delivered(start):
    account = start("--function", f"interrupted={BIN / 'interrupted'}")
    answer = []
    payload = {"points": POINTS, "sleep_ms": 600_000}
    caller = threading.Thread(target=lambda: answer.append(account.invoke("interrupted", payload)))
    caller.start()
    until("the points to be recorded", lambda: account.messages("points recorded"))
    functions = account.api("functions")["functions"]
    pid = next(
        environment["pid"] for function in functions if function["name"] == "interrupted"
        for environment in function["environments"]
    )
    os.kill(pid, signal.SIGKILL)
    caller.join(60)
    error, _ = answer[0]
    assert error == "Unhandled"

    def delivered():
        now = datetime.now(timezone.utc)
        points = account.client("cloudwatch").get_metric_statistics(
            Namespace="interrupted", MetricName="PointsBeforeTheEnd",
            Dimensions=[{"Name": "service", "Value": "interrupted"}],
            StartTime=now - timedelta(minutes=30), EndTime=now + timedelta(minutes=2),
            Period=60, Statistics=["SampleCount"],
        )["Datapoints"]
        return sum(point["SampleCount"] for point in points)

    until("all points to be delivered", lambda: delivered() >= POINTS)
    assert delivered() == POINTS
