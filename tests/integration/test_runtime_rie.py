"""The runtime under Lambda's own runtime interface emulator, started through its wrapper as Lambda starts it.

The emulator takes a streamed response but hands it on in one piece: what arrives one by one is for cargo-lambda.
"""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests import processes
from tests.integration import emulators
from tests.processes import Running
from tests.unit.runtime.serving import rest_event

INVOCATIONS = "2015-03-31/functions/function/invocations"
PRELUDE = {"statusCode": 201, "headers": {"content-type": "text/plain"}, "cookies": ["a=1", "b=2"]}


@contextmanager
def _emulated(folder: Path, handler: str, timeout_s: int) -> Iterator[Running]:
    port = processes.free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": "",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LAMBDA_TASK_ROOT": str(emulators.APPS),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout_s),
    }
    command = emulators.rie(port, [str(emulators.RUNTIME), sys.executable, handler])
    with processes.running(command, port=port, environment=environment, cwd=folder, log=folder / "log") as function:
        yield function


@pytest.fixture(scope="module")
def function(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An application with two seconds for each event."""
    with _emulated(tmp_path_factory.mktemp("rie"), "streaming.app", timeout_s=2) as function:
        yield function


def _invoke(function: Running, event: Any) -> bytes:
    request = urllib.request.Request(f"{function.url}/{INVOCATIONS}", json.dumps(event).encode())
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return bytes(reply.read())
    except urllib.error.HTTPError as crash:
        with crash:
            return crash.read()


def _echo(function: Running, text: str = "text") -> tuple[bytes, bytes]:
    """The process that answered, and the body."""
    _, _, answer = _invoke(function, rest_event(path="/echo", body=text)).partition(bytes(8))
    process, _, body = answer.partition(b" ")
    return process, body


def test_a_response_is_prelude_delimiter_and_body(function: Running) -> None:
    answer = _invoke(function, rest_event(path="/echo", body="text"))

    prelude, delimiter, body = answer.partition(bytes(8))
    assert (json.loads(prelude), delimiter, body.partition(b" ")[2]) == (PRELUDE, bytes(8), b"text")


def test_one_process_serves_many_events(function: Running) -> None:
    answers = [_echo(function, text) for text in ("one", "two", "three")]

    assert [body for _, body in answers] == [b"one", b"two", b"three"]
    assert len({process for process, _ in answers}) == 1


def test_an_unknown_event_is_refused(function: Running) -> None:
    assert json.loads(_invoke(function, {"Records": []}))["errorType"] == "Runtime.UnknownEvent"


def test_a_deadline_is_met_by_the_same_process(function: Running) -> None:
    process, _ = _echo(function)

    answer = json.loads(_invoke(function, rest_event(path="/wait")))

    assert answer["errorType"] == "Runtime.DeadlineExceeded"
    assert _echo(function)[0] == process


def test_a_process_that_was_killed_at_its_deadline_is_followed_by_another(function: Running) -> None:
    process, _ = _echo(function)

    answer = _invoke(function, rest_event(path="/block"))

    assert b"Task timed out after 2.00 seconds" in answer
    assert _echo(function)[0] != process


def test_a_process_that_crashed_is_followed_by_another(function: Running) -> None:
    process, _ = _echo(function)

    answer = json.loads(_invoke(function, rest_event(path="/crash")))

    assert answer["errorType"] == "Runtime.ExitError"
    assert _echo(function)[0] != process


def test_a_start_that_fails_is_reported(tmp_path: Path) -> None:
    with _emulated(tmp_path, "no_such_module.app", timeout_s=2) as function:
        answer = json.loads(_invoke(function, rest_event()))

    assert answer["errorType"] == "ModuleNotFoundError"
    assert answer["errorMessage"] == "The application could not be started: ModuleNotFoundError"
