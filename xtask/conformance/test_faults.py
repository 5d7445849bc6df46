"""A handler that is killed takes none of its recorded points with it."""

import os
import signal
import threading

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

    counted = lambda: account.counted("interrupted", "PointsBeforeTheEnd")
    until("all points to be delivered", lambda: counted() >= POINTS)
    assert counted() == POINTS
