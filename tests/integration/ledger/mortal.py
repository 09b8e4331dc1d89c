"""Servers that are killed: one process has the imports done, and forks a server for each life.

As a program: `python -m tests.integration.ledger.mortal <descriptor of a listening socket>` forks one for every line
that it reads, and writes its process id once that accepts requests.
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from openmind_llm.api.asgi import App
from openmind_llm.bootstrap import application
from openmind_llm.settings import Settings
from openmind_llm.storage.wire.service import Service
from tests import canaries

ROOT = Path(__file__).parent.parent.parent.parent
WARM_UP = "marker of nobody"
"""To be answered with `connection: close`: a connection must not be shared by the lives."""


class Lives:
    """Of a server on one port, which stays open in between."""

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self._process = process
        self.port = port

    def begin(self) -> int:
        """The id of the new server's process."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def end(self, pid: int) -> None:
        """Without a word of warning."""
        os.kill(pid, signal.SIGKILL)


@contextmanager
def lives(environment: Mapping[str, str], log: Path) -> Iterator[Lives]:
    python_path = os.pathsep.join((str(ROOT), str(ROOT / "layers" / "core")))
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listener, log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(listener.fileno())],
            env={**environment, "PATH": os.environ["PATH"], "PYTHONPATH": python_path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            pass_fds=[listener.fileno()],
            start_new_session=True,
            text=True,
        )
        try:
            yield Lives(process, listener.getsockname()[1])
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def main() -> None:
    listener = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so that nobody has to wait for the dead
    app = _warm()
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off")
    config.load()
    for _ in sys.stdin:
        if os.fork() == 0:
            sys.stdout.write(f"{os.getpid()}\n")
            sys.stdout.flush()
            asyncio.run(uvicorn.Server(config).serve([listener]))


def _warm() -> App:
    """Has answered once, so that a life need not spend its time on imports; all its connections are closed again."""
    made: list[Service] = []
    make = Service.__init__

    def noted(service: Service, *args: Any) -> None:
        made.append(service)
        make(service, *args)

    Service.__init__ = noted  # type: ignore[assignment, method-assign]
    app = application.create(Settings.from_env(os.environ))
    asyncio.run(_ask(app))
    for service in made:
        service.close()
    return app


async def _ask(app: App) -> None:
    body = json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": WARM_UP}]})
    bearer = f"Bearer {canaries.API_KEY}".encode()
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/core/openai/chat/completions",
        "headers": [(b"authorization", bearer), (b"content-type", b"application/json")],
        "query_string": b"",
    }
    messages = iter([{"type": "http.request", "body": body.encode(), "more_body": False}])

    async def receive() -> Any:
        return next(messages, None) or await asyncio.Event().wait()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start" and message["status"] != 200:
            raise SystemExit(message)

    await app(scope, receive, send)


if __name__ == "__main__":
    main()
