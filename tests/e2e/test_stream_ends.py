"""Streams that end with the function itself: killed, out of time, unable to reach its provider."""

import json
import os
import signal
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from openmind_llm.bootstrap import application
from openmind_llm.settings import Settings
from tests import canaries, function_url, processes
from tests.doors import ROOT, HttpDoor, UvicornDoor
from tests.e2e.streaming import TIMEOUT_S, LedgerRows, asked
from tests.fake_upstream import FakeUpstream, HangUpError, Stream, chunk, event
from tests.function_url import FunctionUrlDoor
from tests.integration import emulators
from tests.processes import Running

FIRST = event(chunk({"role": "assistant", "content": "Hello"}))
FUNCTION_TIMEOUT_S = 4


def stalling(until: threading.Event) -> Iterator[bytes]:
    yield FIRST
    until.wait(TIMEOUT_S)
    raise HangUpError


@pytest.fixture(params=["uvicorn", "function_url"])
def unreachable(request: pytest.FixtureRequest, stack: dict[str, str], tmp_path: Path) -> Iterator[HttpDoor]:
    """A door to a gateway whose provider's port is closed."""
    environment = stack | {"OPENAI_BASE_URL": f"http://127.0.0.1:{processes.free_port()}"}
    if request.param == "uvicorn":
        with UvicornDoor(application.create(Settings.from_env(environment))) as door:
            yield door
        return
    with function_url.emulator(tmp_path) as emulator, function_url.runtime(emulator, environment, tmp_path):
        yield FunctionUrlDoor(emulator)


def test_a_provider_that_cannot_be_reached_is_503_again_and_again(unreachable: HttpDoor) -> None:
    rows = LedgerRows()
    for _ in range(2):
        with asked(unreachable) as answer:
            body = json.load(answer.reply)

        assert (answer.status, body) == (503, {"error": "Failed to connect to openai server"})
    assert [(row["outcome"], row["charge"]) for row in rows.all(2)] == [("refused", 0), ("refused", 0)]


def test_a_killed_runtime_leaves_its_request_held_and_another_takes_the_next(
    stack: dict[str, str], upstream: FakeUpstream, tmp_path: Path
) -> None:
    rows, killed = LedgerRows(), threading.Event()
    upstream.answer = lambda _: Stream(stalling(killed))
    with function_url.emulator(tmp_path) as emulator:
        door = FunctionUrlDoor(emulator)
        with function_url.runtime(emulator, stack, tmp_path) as runtime, asked(door) as answer:
            events = answer.events()
            next(events)
            os.kill(runtime.pid, signal.SIGKILL)
            rest = [data for data in events if data != b"[DONE]"]
            killed.set()
        row = rows.one()
        upstream.reset()
        with function_url.runtime(emulator, stack, tmp_path), asked(door) as answer:
            chunks = answer.chunks()

    assert rest == []
    assert (row["state"], row["assumed_charge"] > 0, "charge" in row) == ("held", True, False)
    assert len(chunks) == 4


@contextmanager
def short_lived(environment: dict[str, str], folder: Path) -> Iterator[Running]:
    """The stream function with real deadlines, under Lambda's own emulator, and no clock of its own before them."""
    port = processes.free_port()
    own = {
        "PATH": os.environ["PATH"],
        "PYTHONDONTWRITEBYTECODE": "1",
        "LAMBDA_TASK_ROOT": str(ROOT / "functions" / "stream"),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(FUNCTION_TIMEOUT_S),
        "UPSTREAM_TIMEOUT_S": "60",
        "IDLE_TIMEOUT_S": "60",
        "FIRST_CHUNK_TIMEOUT_S": "60",
    }
    command = emulators.rie(port, [str(emulators.RUNTIME), sys.executable, "handler.app"])
    with processes.running(
        command, port=port, environment=environment | own, cwd=folder, log=folder / "log"
    ) as function:
        yield function
        canaries.look_through("stream function", [function.output])


def invoked(function: Running, event_name: str) -> tuple[int, bytes]:
    url = f"{function.url}/2015-03-31/functions/function/invocations"
    recorded = (ROOT / "events" / f"{event_name}.json").read_bytes()
    with urllib.request.urlopen(urllib.request.Request(url, recorded), timeout=TIMEOUT_S) as reply:
        prelude, _, body = reply.read().partition(bytes(8))
    return json.loads(prelude)["statusCode"], body


@pytest.fixture
def rows_of_the_event(stack: dict[str, str]) -> LedgerRows:
    return LedgerRows()


def test_a_deadline_ends_a_stream_with_an_error_event(
    stack: dict[str, str], upstream: FakeUpstream, tmp_path: Path, rows_of_the_event: LedgerRows
) -> None:
    ended = threading.Event()
    upstream.answer = lambda _: Stream(stalling(ended))

    with short_lived(stack, tmp_path) as function:
        status, body = invoked(function, "stream_chat")
        ended.set()
        row: dict[str, Any] = rows_of_the_event.one()
        upstream.reset()
        _, after = invoked(function, "stream_chat")

    error = json.loads(body.rstrip().rpartition(b"data: ")[2])["error"]
    assert (status, error["code"]) == (200, "deadline_exceeded")
    assert b"[DONE]" not in body
    assert (row["outcome"], row["is_exact"]) == ("stopped", False)
    assert after.endswith(b"data: [DONE]\n\n")


def test_a_deadline_before_the_first_event_is_503(
    stack: dict[str, str], upstream: FakeUpstream, tmp_path: Path, rows_of_the_event: LedgerRows
) -> None:
    ended = threading.Event()

    def silent() -> Iterator[bytes]:
        ended.wait(TIMEOUT_S)
        raise HangUpError
        yield b""

    upstream.answer = lambda _: Stream(silent())

    with short_lived(stack, tmp_path) as function:
        status, body = invoked(function, "stream_chat")
        ended.set()
        row = rows_of_the_event.one()
        upstream.reset()
        _, after = invoked(function, "stream_chat_buffered")

    assert (status, list(json.loads(body))) == (503, ["error"])
    assert row["outcome"] == "stopped"
    assert b'"chat.completion"' in after
