"""Two functions, one world: what each of them emits for the same events.

A function is a process that speaks Lambda's Runtime API. `Function` plays Lambda
for it: it hands out events, takes answers, and is the X-Ray daemon as well.
"""

import json
import os
import queue
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jsonschema
import pytest
from conftest import BIN, ROOT

ROOT_ID = "1-5759e988-bd862e3fe1be46a994272793"
PARENT = "53995c3f42cd8ad8"
TRACE = f"Root={ROOT_ID};Parent={PARENT};Sampled=1"
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:twin"
FUNCTION = {
    "AWS_LAMBDA_FUNCTION_NAME": "twin",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "AWS_REGION": "eu-west-1",
    "LAMBDA_TASK_ROOT": "/var/task",
}
OURS = {"OBS_SERVICE": "twin", "OBS_NAMESPACE": "Twins", "OBS_JOURNAL": "/nonexistent/journal"}
THEIRS = {
    "POWERTOOLS_SERVICE_NAME": "twin", "POWERTOOLS_METRICS_NAMESPACE": "Twins",
    "POWERTOOLS_METRICS_FUNCTION_NAME": "twin", "PYTHONDONTWRITEBYTECODE": "1",
}


class Emitted:
    """What a function emitted for its events."""

    def __init__(self, answers, output, documents):
        self.answers = answers
        self.output = output
        self.lines = [json.loads(line) for line in output.splitlines()]
        self.documents = documents

    @property
    def answer(self):
        [answer] = self.answers
        return answer

    def logs(self):
        return [line for line in self.lines if "_aws" not in line]

    def metric_lines(self):
        return [line for line in self.lines if "_aws" in line]


class Api(BaseHTTPRequestHandler):
    """The part of Lambda's Runtime API that a function needs."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        number, event, trace = self.server.asked()
        body = json.dumps(event).encode()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", f"request-{number}")
        self.send_header("Lambda-Runtime-Deadline-Ms", "4102444800000")
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", ARN)
        if trace is not None:
            self.send_header("Lambda-Runtime-Trace-Id", trace)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = self.path.rsplit("/", 1)[1]
        self.server.answers.append((kind, json.loads(body or b"null")))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Runtime(ThreadingHTTPServer):
    """Hands out each event once; asked for one more, it knows that all is done."""

    daemon_threads = True

    def __init__(self, events):
        super().__init__(("127.0.0.1", 0), Api)
        self.events = queue.SimpleQueue()
        for entry in enumerate(events):
            self.events.put(entry)
        self.answers = []
        self.done = threading.Event()

    def asked(self):
        try:
            number, (event, trace) = self.events.get_nowait()
        except queue.Empty:
            self.done.set()
            threading.Event().wait()  # as Lambda does: until the process ends
        return number, event, trace


def datagrams(daemon):
    """What waits in the daemon's socket: loopback delivers before `send` returns."""
    documents = []
    while True:
        try:
            header, document = daemon.recv(1 << 16).split(b"\n", 1)
        except BlockingIOError:
            return documents
        assert json.loads(header) == {"format": "json", "version": 1}
        documents.append(json.loads(document))


def run(command, events, environment):
    """Runs the function `command` on `events`, pairs of an event and a trace header."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon, Runtime(events) as runtime:
        daemon.bind(("127.0.0.1", 0))
        daemon.setblocking(False)
        threading.Thread(target=runtime.serve_forever, daemon=True).start()
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
            env={
                "PATH": os.environ["PATH"], **FUNCTION, **environment,
                "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{runtime.server_port}",
                "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon.getsockname()[1]}",
            },
        )
        # Read beside the waiting, or a full pipe would stop the function.
        output = []
        reader = threading.Thread(target=lambda: output.extend(process.communicate()))
        reader.start()
        while not runtime.done.wait(0.05):
            if process.poll() is not None:
                reader.join()
                pytest.fail(f"{command} ended: {output[0].decode()}{output[1].decode()}")
        process.kill()
        reader.join()
        runtime.shutdown()
        return Emitted(runtime.answers, output[0].decode(), datagrams(daemon))


def schema(name, draft):
    """A schema that AWS publishes."""
    text = (ROOT / "cloudvault-obs/core/schemas" / name).read_text()
    return draft(json.loads(text))


SEGMENT = schema("xray-segmentdocument-schema-v1.0.0.json", jsonschema.Draft4Validator)
METRICS = schema("embedded-metric-format.json", jsonschema.Draft7Validator)


class Twins:
    """Our function and theirs; all that ours sends has to be valid by AWS's schemas."""

    def __init__(self, program):
        self.program = program

    def ours(self, subject, events, **environment):
        emitted = run([self.program, subject], events, {**OURS, **environment})
        for document in emitted.documents:
            SEGMENT.validate(document)
        for line in emitted.metric_lines():
            METRICS.validate(line)
        return emitted

    def theirs(self, subject, events, **environment):
        script = Path(__file__).with_name("twin.py")
        return run([sys.executable, "-u", script, subject], events, {**THEIRS, **environment})

    def both(self, subject, *programs):
        """Ours and theirs for the events that name `programs`."""
        events = [({"program": program}, TRACE) for program in programs]
        return self.ours(subject, events), self.theirs(subject, events)


@pytest.fixture(scope="session")
def twins():
    """`cargo xtask conformance` has built ours."""
    return Twins(BIN / "twin")


class Intended:
    """A table of differences that are meant, each with its reason. What differs and
    is not in the table fails the test, and so does a row that nothing differs by."""

    def __init__(self, rows):
        self.rows = rows
        self.seen = set()

    def compare(self, where, theirs, ours):
        """Compares two values, objects member by member."""
        if isinstance(theirs, dict) and isinstance(ours, dict):
            return [
                text
                for key in sorted({*theirs, *ours})
                for text in self.compare(f"{where}.{key}".lstrip("."), theirs.get(key), ours.get(key))
            ]
        if theirs == ours:
            return []
        for pattern, _reason in self.rows:
            if self.fits(pattern, where):
                self.seen.add(pattern)
                return []
        return [f"{where}: theirs {theirs!r}, ours {ours!r}"]

    @staticmethod
    def fits(pattern, where):
        # Not `fnmatch`: names hold its other characters.
        head, star, tail = pattern.partition("*")
        if not star:
            return pattern == where
        return where.startswith(head) and where.endswith(tail) and len(where) >= len(head + tail)

    def check(self, differences):
        stale = [pattern for pattern, _ in self.rows if pattern not in self.seen]
        assert not differences, "\n".join(differences)
        assert not stale, f"nothing differs any more by {stale}"
