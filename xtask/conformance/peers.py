"""Foreign programs that do not install as Python modules."""

import os
import shutil
import stat
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

PEERS = Path(os.environ["OBS_PEERS"])
SAM = "aws-sam-cli==1.170.0"
PYTEST = "pytest==9.2.0"


def missing(peer, remedy):
    """Skips the check, naming what would make it run; fails where a skip is not allowed."""
    text = f"{peer} cannot be had here; {remedy}"
    if os.environ.get("OBS_SKIP_FAILS") == "1":
        pytest.fail(text)
    pytest.skip(text)


def runtime_interface_emulator():
    """AWS's emulator, out of the wheel of AWS SAM CLI."""
    program = PEERS / "aws-lambda-rie"
    if not program.exists():
        wheels = PEERS / "wheels"
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", wheels, SAM]
        if subprocess.run(command).returncode != 0:
            missing("AWS's Runtime Interface Emulator", f"pip download {SAM} has to work")
        wheel = next(wheels.glob("aws_sam_cli*.whl"))
        name = f"samcli/local/rapid/aws-lambda-rie-{os.uname().machine.replace('aarch64', 'arm64')}"
        with zipfile.ZipFile(wheel) as archive, archive.open(name) as source, open(program, "wb") as out:
            shutil.copyfileobj(source, out)
        program.chmod(program.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        missing("a private mount namespace", "run as root with util-linux's unshare")
    return program


def junit_schema():
    """Jenkins' schema of JUnit's XML, out of the sources of pytest, which hold to it."""
    schema = PEERS / "junit-10.xsd"
    if not schema.exists():
        sources = PEERS / "sources"
        command = [
            sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", "pytest",
            "-d", sources, PYTEST,
        ]
        if subprocess.run(command).returncode != 0:
            missing("the schema of JUnit's XML", f"pip download {PYTEST} has to work")
        with tarfile.open(next(sources.glob("pytest-*.tar.gz"))) as archive:
            name = next(name for name in archive.getnames() if name.endswith("/junit-10.xsd"))
            schema.write_bytes(archive.extractfile(name).read())
    return schema


def chromium():
    """A real browser."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None and os.geteuid() == 0 and shutil.which("apt-get"):
        # A fresh machine has none; Debian's package is the one that works headless.
        subprocess.run(["apt-get", "update", "-qq"], stdout=subprocess.DEVNULL)
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(install, stdout=subprocess.DEVNULL, env=environment)
        program = shutil.which("chromium")
    if program is None:
        missing("Chromium", "apt-get install chromium")
    return program
