"""A local account for each check, and clients of it that others wrote."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

ROOT = Path(os.environ["OBS_ROOT"])
BIN = Path(os.environ["OBS_BIN"])
REGION = "us-east-1"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(what, check, seconds=30):
    """Waits until `check` answers something true, and answers it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = check()
        if answer:
            return answer
        time.sleep(0.05)
    pytest.fail(f"waited {seconds} s in vain for {what}")


class Account:
    """A running `obs dev`."""

    def __init__(self, folder, *arguments):
        self.folder = folder
        self.store = folder / "store"
        self.store.mkdir()
        self.port = free_port()
        self.xray = f"127.0.0.1:{free_port(socket.SOCK_DGRAM)}"
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = open(folder / "obs-dev.log", "w+")
        command = [
            BIN / "obs", "dev", "--listen", f"127.0.0.1:{self.port}", "--xray", self.xray,
            "--data", folder / "account", *self.variables(), *arguments,
        ]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=self.log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
        until(f"obs dev on {self.url}", self.answers)

    def variables(self):
        return ["--var", f"store={self.store}", "--var", f"bin={BIN}"]

    def answers(self):
        if self.process.poll() is not None:
            self.log.seek(0)
            pytest.fail(f"obs dev ended: {self.log.read()}")
        try:
            return self.api("summary") is not None
        except OSError:
            return False

    def api(self, path, post=False):
        request = urllib.request.Request(f"{self.url}/api/{path}", method="POST" if post else "GET")
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)

    def logs(self, **filters):
        query = "&".join(f"{key}={value}" for key, value in {"limit": 1000, **filters}.items())
        return self.api(f"logs?{query}")["lines"]

    def messages(self, message, **filters):
        """Lines whose message is exactly `message`."""
        return [line for line in self.logs(**filters) if line["message"] == message]

    def client(self, service):
        retries = Config(retries={"max_attempts": 1})
        return boto3.client(
            service, endpoint_url=self.url, region_name=REGION, config=retries,
            aws_access_key_id="test", aws_secret_access_key="test",
        )

    def counted(self, service, name):
        """The sum of a service's counter, as boto3 reads it."""
        now = datetime.now(timezone.utc)
        datapoints = self.client("cloudwatch").get_metric_statistics(
            Namespace=service, MetricName=name, Dimensions=[{"Name": "service", "Value": service}],
            StartTime=now - timedelta(minutes=30), EndTime=now + timedelta(minutes=2),
            Period=60, Statistics=["Sum"],
        )["Datapoints"]
        return sum(point["Sum"] for point in datapoints)

    def invoke(self, function, payload):
        answer = self.client("lambda").invoke(FunctionName=function, Payload=json.dumps(payload))
        return answer.get("FunctionError"), json.loads(answer["Payload"].read() or b"null")

    def obs(self, *arguments, check=True):
        """Runs the `obs` command against this account."""
        done = subprocess.run(
            [BIN / "obs", *arguments], cwd=ROOT, text=True, capture_output=True,
            stdin=subprocess.DEVNULL, env={**os.environ, **CREDENTIALS, "AWS_ENDPOINT_URL": self.url},
        )
        if check:
            assert done.returncode == 0, f"{done.args}\n{done.stdout}\n{done.stderr}"
        return done

    def apply(self, *arguments):
        return self.obs("apply", "--yes", "--env", "dev", *self.variables(), *arguments)

    def aws(self, *arguments):
        """Runs the AWS CLI from PyPI against this account."""
        program = shutil.which("aws", path=str(Path(os.sys.executable).parent))
        done = subprocess.run(
            [program, "--endpoint-url", self.url, "--output", "json", *arguments],
            text=True, capture_output=True, stdin=subprocess.DEVNULL, env={**os.environ, **CREDENTIALS},
        )
        assert done.returncode == 0, f"aws {' '.join(arguments)}\n{done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else None

    def traffic(self, duration="6s", rate="10", seed="7"):
        return subprocess.run(
            [BIN / "traffic", "--endpoint", self.url, "--store", self.store, "--for", duration,
             "--rate", rate, "--seed", seed],
            cwd=ROOT, check=True, text=True, capture_output=True, stdin=subprocess.DEVNULL,
        )

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()


@pytest.fixture
def start(tmp_path):
    """Starts local accounts with further arguments for `obs dev`."""
    accounts = []

    def begin(*arguments):
        folder = tmp_path / f"account-{len(accounts)}"
        folder.mkdir()
        accounts.append(Account(folder, *arguments))
        return accounts[-1]

    yield begin
    for account in accounts:
        account.stop()


@pytest.fixture
def account(start):
    return start()


@pytest.fixture(scope="session")
def busy(tmp_path_factory):
    """One account with everything applied that has seen traffic through all functions."""
    folder = tmp_path_factory.mktemp("busy")
    account = Account(folder)
    account.apply()
    account.traffic()
    account.api("spin-down", post=True)
    yield account
    account.stop()
