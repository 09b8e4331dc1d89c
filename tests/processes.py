"""Programs that tests start: awaited until they listen, their output kept, stopped with all that they started."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dev import start

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0
_POLL_S = 0.02


class ProcessError(Exception):
    """A program ended, or did not listen in time; the text holds its output."""


@dataclass(frozen=True)
class Running:
    """A program that listens on a port of loopback."""

    port: int
    log: Path
    pid: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(
    command: Sequence[str | Path], *, port: int, environment: Mapping[str, str], cwd: Path, log: Path
) -> Iterator[Running]:
    """Runs `command`, which is to listen on `port`, with `environment` alone. Raises ProcessError."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    program = Running(port, log, process.pid)
    try:
        _wait_until_listening(process, program)
        yield program
    finally:
        stop(process)


def _wait_until_listening(process: subprocess.Popen[bytes], program: Running) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not start.answers(program.port):
        if process.poll() is not None:
            raise ProcessError(f"ended with {process.returncode}: {program.output}")
        if time.monotonic() > deadline:
            raise ProcessError(f"does not listen on port {program.port}: {program.output}")
        time.sleep(_POLL_S)


def stop(process: subprocess.Popen[bytes]) -> None:
    """The whole session, since a program's children may outlive it."""
    _signal(process.pid, signal.SIGTERM)
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        pass
    finally:
        _signal(process.pid, signal.SIGKILL)
        process.wait()


def _signal(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return
