"""The stream function as its function URL serves it: our runtime behind cargo-lambda, over real HTTP."""

import base64
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dev import cargo_lambda
from tests import canaries, processes
from tests.doors import ROOT, Answer, Headers, HttpDoor
from tests.integration import emulators
from tests.processes import Running

FUNCTION = "stream"


@contextmanager
def emulator(folder: Path) -> Iterator[Running]:
    port = processes.free_port()
    command = cargo_lambda.command(port, FUNCTION, folder)
    environment = {"PATH": os.pathsep.join((str(folder), os.environ["PATH"])), "HOME": str(folder)}
    with processes.running(command, port=port, environment=environment, cwd=folder, log=folder / "log") as running:
        yield running


@contextmanager
def runtime(emulator: Running, environment: Mapping[str, str], folder: Path) -> Iterator[Running]:
    """One environment of the function; its client is an HttpDoor on the emulator."""
    own = {
        "PATH": os.environ["PATH"],
        "PYTHON": sys.executable,
        "PYTHONDONTWRITEBYTECODE": "1",
        "LAMBDA_TASK_ROOT": str(ROOT / "functions" / "stream"),
        "_HANDLER": "handler.app",
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{emulator.port}/.rt/{FUNCTION}",
    }
    log = folder / "runtime"
    with processes.running(
        [emulators.RUNTIME], port=emulator.port, environment={**environment, **own}, cwd=folder, log=log
    ) as running:
        yield running
        canaries.look_through("stream function", [running.output])


class FunctionUrlDoor(HttpDoor):
    """A body that is not UTF-8 goes as an event, with base64 as Lambda makes it: cargo-lambda refuses such bodies."""

    def __init__(self, emulator: Running) -> None:
        super().__init__(emulator.port, f"/lambda-url/{FUNCTION}")
        self._invocations = HttpDoor(emulator.port, f"/2015-03-31/functions/{FUNCTION}/invocations")

    def request(self, method: str, path: str, headers: Headers, body: bytes) -> Answer:
        try:
            body.decode()
        except UnicodeDecodeError:
            return self.invoke(_event(path, headers, body))
        return super().request(method, path, headers, body)

    def invoke(self, event: dict[str, Any]) -> Answer:
        """Sends an event as it is, by Lambda's own API."""
        return self._invocations.request("POST", "", {}, json.dumps(event).encode())


def _event(path: str, headers: Headers, body: bytes) -> dict[str, Any]:
    recorded: dict[str, Any] = json.loads((ROOT / "events" / "stream_url_chat.json").read_text())
    content = {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    return recorded | {"rawPath": path, "headers": headers} | content
