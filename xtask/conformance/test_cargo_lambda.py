"""A smoke test under cargo-lambda's emulator: register, next, one invocation."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from conftest import BIN, CREDENTIALS, free_port, until
from peers import missing

MANIFEST = '[package]\nname = "interrupted"\nversion = "0.0.0"\nedition = "2021"\n\n[workspace]\n'


def test_handler_and_extension_serve_an_invocation(account, tmp_path):
    program = Path(sys.executable).parent / "cargo-lambda"
    if not program.exists():
        missing("cargo-lambda", "pip install cargo-lambda")
    # The emulator only answers for functions that its project names.
    project = tmp_path / "interrupted"
    (project / "src").mkdir(parents=True)
    (project / "Cargo.toml").write_text(MANIFEST)
    (project / "src/main.rs").write_text("fn main() {}\n")
    port = free_port()
    api = f"http://127.0.0.1:{port}/.rt"
    environment = {
        **os.environ, **CREDENTIALS,
        "AWS_ENDPOINT_URL": account.url,
        "AWS_LAMBDA_FUNCTION_NAME": "interrupted",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "OBS_JOURNAL": str(tmp_path / "journal"),
    }
    processes = []

    def begin(command, runtime_api):
        log = open(tmp_path / f"{Path(command[0]).name}.log", "w")
        processes.append(subprocess.Popen(
            command, cwd=project, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            env={**environment, "AWS_LAMBDA_RUNTIME_API": runtime_api},
        ))
        log.close()

    def says(name, text):
        return text in (tmp_path / f"{name}.log").read_text()

    def invoke():
        url = f"http://127.0.0.1:{port}/2015-03-31/functions/interrupted/invocations"
        try:
            with urllib.request.urlopen(url, data=json.dumps({"points": 7}).encode(), timeout=30) as response:
                return response.status == 200
        except urllib.error.URLError:
            return False

    try:
        begin([program, "lambda", "watch", "--only-lambda-apis", "-A", "127.0.0.1", "-P", str(port)], "")
        until("the emulator", lambda: says("cargo-lambda", "starting Runtime server"))
        begin([BIN / "cloudvault-obs"], api)
        until("the journal", (tmp_path / "journal").exists)
        begin([BIN / "interrupted"], f"{api}/interrupted")
        until("an answer", invoke)
        until("the points", lambda: account.counted("interrupted", "PointsBeforeTheEnd") == 7)
    finally:
        for process in processes:
            process.kill()
            process.wait()
