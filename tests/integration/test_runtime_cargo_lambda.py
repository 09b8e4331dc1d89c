"""The runtime behind real HTTP that streams: cargo-lambda stands in for function URLs and Lambda's invoke API.

It is told apart from a response that is held back without a clock: the application makes a chunk only after the test
has got the one before.
"""

import http.client
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from dev import cargo_lambda
from tests import processes
from tests.integration import emulators
from tests.processes import Running
from tests.unit.runtime.serving import rest_event

FUNCTION = "stream"
URL = f"/lambda-url/{FUNCTION}"
INVOCATIONS = f"/2015-03-31/functions/{FUNCTION}/invocations"
TIMEOUT_S = 20


@pytest.fixture(scope="module")
def control() -> Iterator[socket.socket]:
    """Where the application asks for its next chunk."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(TIMEOUT_S)
        yield server


@pytest.fixture(scope="module")
def emulator(control: socket.socket, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """cargo-lambda with one runtime."""
    folder = tmp_path_factory.mktemp("cargo-lambda")
    port = processes.free_port()
    command = cargo_lambda.command(port, FUNCTION, folder)
    environment = {"PATH": os.pathsep.join((str(folder), os.environ["PATH"])), "HOME": str(folder)}
    with (
        processes.running(command, port=port, environment=environment, cwd=folder, log=folder / "log") as emulator,
        _runtime(emulator, control, folder),
    ):
        yield emulator


@contextmanager
def _runtime(emulator: Running, control: socket.socket, folder: Path) -> Iterator[None]:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHON": sys.executable,
        "PYTHONDONTWRITEBYTECODE": "1",
        "LAMBDA_TASK_ROOT": str(emulators.APPS),
        "_HANDLER": "streaming.app",
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{emulator.port}/.rt/{FUNCTION}",
        "CONTROL_PORT": str(control.getsockname()[1]),
    }
    program = [emulators.RUNTIME]
    with processes.running(program, port=emulator.port, environment=environment, cwd=folder, log=folder / "runtime"):
        yield


@contextmanager
def _asked(emulator: Running, path: str, body: str = "") -> Iterator[http.client.HTTPResponse]:
    with closing(http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=TIMEOUT_S)) as connection:
        connection.request("POST", path, body)
        with connection.getresponse() as reply:
            yield reply


def _echo(emulator: Running, text: str) -> bytes:
    with _asked(emulator, f"{URL}/echo", text) as reply:
        return reply.read().partition(b" ")[2]


def test_chunks_arrive_one_by_one(emulator: Running, control: socket.socket) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=TIMEOUT_S)) as connection:
        connection.request("POST", f"{URL}/obey")
        with control.accept()[0] as orders:
            orders.sendall(b"first\n")
            with connection.getresponse() as reply:
                lines = [reply.readline()]
                for order in (b"second\n", b"third\n"):
                    orders.sendall(order)
                    lines.append(reply.readline())
                orders.shutdown(socket.SHUT_WR)
                lines.append(reply.read())

    assert lines == [b"first\n", b"second\n", b"third\n", b""]


def test_an_event_of_api_gateway_streams_too(emulator: Running, control: socket.socket) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=TIMEOUT_S)) as connection:
        connection.request("POST", INVOCATIONS, json.dumps(rest_event(path="/obey", httpMethod="POST")))
        with control.accept()[0] as orders:
            orders.sendall(b"first\n")
            with connection.getresponse() as reply:
                first = reply.readline()
                orders.sendall(b"second\n")
                second = reply.readline()
                orders.shutdown(socket.SHUT_WR)

    assert (first, second) == (b"first\n", b"second\n")


def test_status_headers_and_cookies_are_applied(emulator: Running) -> None:
    with _asked(emulator, f"{URL}/echo", "text") as reply:
        reply.read()

        assert (reply.status, reply.getheader("content-type")) == (201, "text/plain")
        assert reply.headers.get_all("set-cookie") == ["a=1", "b=2"]


def test_a_response_may_be_a_status_alone(emulator: Running) -> None:
    with _asked(emulator, f"{URL}/no-headers") as reply:
        assert (reply.status, reply.read()) == (204, b"")


@pytest.mark.parametrize("size", [0, 1, 1000])
def test_a_body_is_given_to_the_application(emulator: Running, size: int) -> None:
    assert _echo(emulator, "x" * size) == b"x" * size


def test_a_client_that_leaves_is_told_to_the_application(emulator: Running, control: socket.socket) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=TIMEOUT_S)
    connection.request("POST", f"{URL}/obey")
    with control.accept()[0] as orders, orders.makefile("rb") as told:
        orders.settimeout(TIMEOUT_S)
        orders.sendall(b"first\n")
        with connection.getresponse() as reply:
            reply.readline()
        connection.close()

        assert told.readline() == b"http.disconnect\n"

    assert _echo(emulator, "next") == b"next"


def test_a_failure_in_the_middle_ends_the_response(emulator: Running) -> None:
    """Mostly cut off; cargo-lambda does not hand on the trailers, and one time in ten it makes a clean end of them."""
    with _asked(emulator, f"{URL}/fail-midway") as reply:
        try:
            body = reply.read()
        except http.client.IncompleteRead as cut:
            body = cut.partial

    assert (body, _echo(emulator, "next")) == (b"half", b"next")


def test_a_deadline_in_the_past_is_none(emulator: Running) -> None:
    """cargo-lambda gives every event ten minutes from 1970 on."""
    assert [_echo(emulator, "text") for _ in range(2)] == [b"text", b"text"]
