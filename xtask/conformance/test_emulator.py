"""Functions with the extension under AWS's own Runtime Interface Emulator."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import BotoCoreError
from conftest import BIN, CREDENTIALS, REGION, ROOT, free_port, until
from peers import missing, runtime_interface_emulator

# The emulator wants /opt/extensions and /var/task; both exist only in its own
# mount namespace.
INSIDE = """
set -e
mount -t tmpfs none /opt
mkdir -p /opt/extensions
cp "$EXTENSION" /opt/extensions/cloudvault-obs
exec "$EMULATOR" --runtime-api-address "127.0.0.1:$RUNTIME_PORT" \
    --runtime-interface-emulator-address "127.0.0.1:$INVOKE_PORT" "$FUNCTION" handler
"""

# On Managed Instances the function is /var/task/bootstrap, run by another user, and
# telemetry is delivered to Lambda's own name of the environment, and to no other.
INSIDE_MANAGED = """
set -e
mount -t tmpfs none /opt
mkdir -p /opt/extensions
cp "$EXTENSION" /opt/extensions/cloudvault-obs
mkdir -p /var/task
mount -t tmpfs none /var/task
cp "$FUNCTION" /var/task/bootstrap
chmod 755 /var/task /var/task/bootstrap
mount -t tmpfs none /mnt
echo "127.0.0.1 localhost sandbox.localdomain" > /mnt/hosts
mount --bind /mnt/hosts /etc/hosts
exec "$EMULATOR" --runtime-api-address "127.0.0.1:$RUNTIME_PORT" \
    --runtime-interface-emulator-address "127.0.0.1:$INVOKE_PORT" /var/task/bootstrap handler
"""


@pytest.fixture
def emulate(tmp_path):
    """Starts a function of ours with the extension, sending to `endpoint`."""
    processes = []

    def begin(function, endpoint, inside=INSIDE, **variables):
        ports = {"RUNTIME_PORT": str(free_port()), "INVOKE_PORT": str(free_port())}
        environment = {
            **os.environ, **CREDENTIALS, **ports,
            "EMULATOR": str(runtime_interface_emulator()),
            "EXTENSION": str(BIN / "cloudvault-obs"),
            "FUNCTION": str(BIN / function),
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_LAMBDA_FUNCTION_NAME": function,
            "AWS_LAMBDA_FUNCTION_TIMEOUT": "10",
            "OBS_JOURNAL": str(tmp_path / "journal"),
            **variables,
        }
        log = open(tmp_path / "emulator.log", "w+")
        process = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "bash", "-c", inside],
            env=environment, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        processes.append((process, log))
        return f"http://127.0.0.1:{ports['INVOKE_PORT']}", log

    yield begin
    for process, log in processes:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        log.close()


def invoke(url, event):
    request = urllib.request.Request(
        f"{url}/2015-03-31/functions/function/invocations", data=json.dumps(event).encode()
    )
    for _ in range(100):
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return json.load(response)
        except ConnectionError:
            time.sleep(0.05)
        except urllib.error.HTTPError as error:
            # On Managed Instances it does not wait for the end of the initialization.
            if error.code != 400:
                raise
            time.sleep(0.05)
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionError):
                raise
            time.sleep(0.05)
    pytest.fail("the emulator does not answer")


def total(cloudwatch, namespace, metric, service):
    now = datetime.now(timezone.utc)
    points = cloudwatch.get_metric_statistics(
        Namespace=namespace, MetricName=metric, Dimensions=[{"Name": "service", "Value": service}],
        StartTime=now - timedelta(minutes=30), EndTime=now + timedelta(minutes=2),
        Period=60, Statistics=["Sum"],
    )["Datapoints"]
    return sum(point["Sum"] for point in points)


def shut_down():
    """The emulator passes SIGTERM on to the extension as SHUTDOWN."""
    found = subprocess.run(["pgrep", "-f", "runtime-interface-emulator-address"], text=True, capture_output=True)
    for pid in found.stdout.split():
        if os.readlink(f"/proc/{pid}/exe").endswith("aws-lambda-rie"):
            os.kill(int(pid), signal.SIGTERM)


def last_line(log):
    def search():
        log.seek(0)
        return next((line for line in log if "points_recorded" in line), None)

    line = until("the extension's last line", search)
    return json.loads(line[line.index("{"):])


def test_an_invocation_pushes_its_metrics_and_shutdown_drains(account, emulate):
    url, log = emulate(
        "upload", account.url, CLOUDVAULT_STORE=str(account.store),
        OBS_NAMESPACE="CloudVault", OBS_SERVICE="cloudvault",
    )
    event = json.loads((ROOT / "examples/events/upload-multipart.json").read_text())
    cloudwatch = account.client("cloudwatch")

    def uploaded():
        return total(cloudwatch, "CloudVault", "FilesUploaded", "cloudvault")

    for number in range(3):
        answer = invoke(url, event)
        assert answer["statusCode"] == 201, answer
        if number == 0:
            # This emulator has no telemetry, and the bell has not rung before: the
            # extension does not wait for the first end, and pushes when it rings.
            until("the first push", uploaded)
        # After that the emulator holds the answer back until the extension asks
        # for the next event, so this invocation's push is already done.
        assert uploaded() == number + 1
    shut_down()
    totals = last_line(log)
    assert totals["points_recorded"] == totals["points_delivered"] > 0
    assert totals["points_dropped"] == 0


def test_managed_instances_deliver_by_timer_and_with_real_telemetry(account, emulate):
    url, log = emulate(
        "interrupted", account.url, inside=INSIDE_MANAGED,
        AWS_LAMBDA_MAX_CONCURRENCY="2", OBS_FLUSH_INTERVAL="200ms",
        # Another user than ours writes it.
        OBS_JOURNAL="/mnt/cloudvault-obs/journal",
    )
    for _ in range(2):
        invoke(url, {"points": 25})
    cloudwatch = account.client("cloudwatch")

    def delivered():
        return total(cloudwatch, "interrupted", "PointsBeforeTheEnd", "interrupted")

    # Nothing announces an invocation here, and nothing shuts down.
    until("the points", lambda: delivered() >= 50)
    assert delivered() == 50
    log.seek(0)
    assert "Telemetry subscription created" in log.read()


@pytest.fixture
def ministack(tmp_path):
    """A foreign CloudWatch that speaks rpc-v2-cbor."""
    program = Path(sys.executable).parent / "ministack"
    if not program.exists():
        missing("ministack", "pip install ministack")
    port = free_port()
    with open(tmp_path / "ministack.log", "w") as log:
        process = subprocess.Popen(
            [program], stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            env={**os.environ, "GATEWAY_PORT": str(port), "EDGE_PORT": str(port), "HOME": str(tmp_path)},
        )
        yield f"http://127.0.0.1:{port}"
        process.terminate()
        process.wait()


def test_a_foreign_cloudwatch_takes_what_the_extension_sends(emulate, ministack):
    cloudwatch = boto3.client(
        "cloudwatch", endpoint_url=ministack, region_name=REGION,
        aws_access_key_id="test", aws_secret_access_key="test",
    )

    def ready():
        try:
            return cloudwatch.list_metrics() is not None
        except BotoCoreError:
            return False

    until("ministack", ready, 60)
    url, _ = emulate("interrupted", ministack)
    invoke(url, {"points": 25})
    count = until("the points", lambda: total(cloudwatch, "interrupted", "PointsBeforeTheEnd", "interrupted"))
    assert count == 25
