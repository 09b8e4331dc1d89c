"""`make emulator`, as a newcomer starts it."""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import processes
from tests.integration.conftest import ROOT
from tests.processes import Running

COMMAND = [sys.executable, "-m", "dev.aws", "--state"]
LISTENING = "0A"
"""As Linux has it in /proc/net/tcp."""


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def emulator(state: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    port, log = processes.free_port(), tmp_path_factory.mktemp("emulator") / "log"
    environment = {"PATH": os.environ["PATH"], "PORT": str(port)}
    with processes.running([*COMMAND, str(state)], port=port, environment=environment, cwd=ROOT, log=log) as running:
        while "ready: " not in running.output:
            time.sleep(0.05)
        yield running


def test_it_leaves_an_environment_to_source(emulator: Running, state: Path) -> None:
    told = (shlex.split(line) for line in (state / "aws" / "environment").read_text().splitlines())

    exported = dict(words[1].split("=", 1) for words in told if words[0] == "export")
    assert exported["AWS_ENDPOINT_URL"] == emulator.url
    assert {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"} <= exported.keys()


def test_it_listens_on_loopback_alone(emulator: Running) -> None:
    """Whoever reaches it may do anything there."""
    ours = f":{emulator.port:04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]

    assert {line[1] for line in lines if line[1].endswith(ours) and line[3] == LISTENING} == {f"0100007F{ours}"}


def test_a_second_one_says_that_the_port_is_taken(emulator: Running, tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, str(tmp_path)],
        env={"PATH": os.environ["PATH"], "PORT": str(emulator.port)},
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert f"try PORT={emulator.port + 1}" in done.stderr


def test_without_it_there_are_no_urls() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dev.aws.urls"],
        env={"PATH": os.environ["PATH"]}, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (1, "make emulator-urls: `source .dev/aws/environment` first\n")
