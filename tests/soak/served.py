"""The gateway of a soak, in a process of its own: `python -m tests.soak.served <port>`.

The product as it is, with a path beside it that tells what goes on inside.
"""

import asyncio
import gc
import json
import logging
import os
import resource
import socket
import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import uvicorn

from openmind_llm.api.asgi import App, Receive, Scope, Send, send_json
from openmind_llm.bootstrap import application
from openmind_llm.settings import Settings
from tests import canaries

PATH = "/soak/state"
_STATM = Path("/proc/self/statm")


class Looks(logging.Handler):
    """Looks for planted secrets in what is logged; counts and prints errors."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        canaries.look_through(f"log {record.name}", [text, repr(record.__dict__)])
        if record.levelno >= logging.ERROR or record.name == "py.warnings":
            self.errors[text.partition("\n")[0]] += 1
            sys.stderr.write(f"{record.name}: {text} {getattr(record, 'trace', '')} {record.exc_text or ''}\n")


class Watched:
    """Answers PATH itself."""

    def __init__(self, app: App, looks: Looks) -> None:
        self._app = app
        self._looks = looks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PATH:
            await send_json(send, 200, json.dumps(self._state()).encode(), {})
        else:
            await self._app(scope, receive, send)

    def _state(self) -> dict[str, Any]:
        gc.collect()  # what waits for it is no leak
        return {
            "rss": _rss_bytes(),
            "blocks": sys.getallocatedblocks(),
            "tasks": Counter(_name(task) for task in asyncio.all_tasks()),
            "sockets": _sockets(),
            "errors": self._looks.errors,
            "leaks": canaries.leaks,
        }


def _name(task: "asyncio.Task[Any]") -> str:
    return getattr(task.get_coro(), "__qualname__", "?")


def _rss_bytes() -> int:
    """Where the system does not tell, the most that it ever was, which is never less."""
    if _STATM.exists():
        return int(_STATM.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _sockets() -> dict[str, list[int]]:
    """By the port at their other end: how many are connected, and how many of them the other end has closed."""
    found: dict[str, list[int]] = {}
    for number in os.listdir("/dev/fd"):  # noqa: PTH208 - no paths
        peer = _peer(int(number))
        if peer is not None:
            counts = found.setdefault(str(peer[0]), [0, 0])
            counts[0] += 1
            counts[1] += peer[1]
    return found


def _peer(number: int) -> tuple[int, bool] | None:
    """The port, and whether its end is closed; None for what is no connection."""
    try:
        connection = socket.socket(fileno=number)
    except OSError:
        return None
    try:
        return connection.getpeername()[1], _is_closed(connection)
    except (OSError, IndexError):
        return None
    finally:
        connection.detach()


def _is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def main() -> None:
    looks = Looks()
    warnings.simplefilter("always", ResourceWarning)
    logging.captureWarnings(capture=True)
    logging.basicConfig(level=logging.INFO, handlers=[looks])
    served = Watched(application.create(Settings.from_env(os.environ)), looks)
    uvicorn.run(served, port=int(sys.argv[1]), log_config=None, access_log=False, lifespan="off")


if __name__ == "__main__":
    main()
