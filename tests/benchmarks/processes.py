"""Programs that are measured: started in a session of their own, their CPU and memory read while they run. Linux."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from dev import start
from dev.emulator import stop_with_parent
from tests.processes import stop

START_TIMEOUT_S = 120.0
_SCHED = 2
"""Of CPUCLOCK_*: the time that all threads of a process have had, those that have ended included, in nanoseconds."""


class NotStartedError(Exception):
    """A program ended, or did not listen in time; the text holds the end of its output."""


@dataclass(frozen=True, slots=True)
class Program:
    """A running one, with all that it starts."""

    pid: int
    log: Path
    began_ns: int

    def cpu_ms(self) -> float:
        """Of the whole tree, since it began."""
        return sum(_cpu_ms(pid) for pid in tree(self.pid))

    def memory_mb(self, name: str = "VmRSS") -> float:
        """Of the whole tree; `name` is a line of /proc/<pid>/status."""
        return sum(_status_kb(pid, name) for pid in tree(self.pid)) / 1024

    def is_alive(self) -> bool:
        try:
            return _state(self.pid) != "Z"
        except OSError:
            return False

    def output(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]


def tree(pid: int) -> list[int]:
    """The process and its descendants."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            children.setdefault(_parent(int(folder.name)), []).append(int(folder.name))
    found, at = [pid], 0
    while at < len(found):
        found += children.get(found[at], [])
        at += 1
    return found


@asynccontextmanager
async def running(
    command: Sequence[str | Path], *, environment: Mapping[str, str], cwd: Path, log: Path, port: int | None = None
) -> AsyncIterator[Program]:
    """With this environment alone; awaited until it listens on `port`, if one is given. Raises NotStartedError."""
    began = time.monotonic_ns()
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: ASYNC220 - at once
            command,
            env=dict(environment),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=stop_with_parent,  # noqa: PLW1509 - no threads run
        )
    program = Program(process.pid, log, began)
    try:
        if port is not None:
            await _listens(process, program, port)
        yield program
    finally:
        stop(process)


async def awaited(program: Program, ready: Coroutine[None, None, None]) -> None:
    """Until it is ready. Raises NotStartedError."""
    waiting = asyncio.ensure_future(ready)
    deadline = time.monotonic() + START_TIMEOUT_S
    while not waiting.done():
        await asyncio.wait({waiting}, timeout=0.5)
        if not waiting.done() and (not program.is_alive() or time.monotonic() > deadline):
            waiting.cancel()
            raise NotStartedError(f"asks for no event: {program.output()}")
    await waiting


async def told_port(program: Program, file: Path) -> int:
    """Once the program has written it there, and listens. Raises NotStartedError."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while not file.exists():  # noqa: ASYNC240 - a small one
        if not program.is_alive() or time.monotonic() > deadline:
            raise NotStartedError(f"tells no port: {program.output()}")
        await asyncio.sleep(0.02)
    return int(file.read_text())  # noqa: ASYNC240


async def _listens(process: "subprocess.Popen[bytes]", program: Program, port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not start.answers(port):
        if process.poll() is not None:
            raise NotStartedError(f"ended with {process.returncode}: {program.output()}")
        if time.monotonic() > deadline:
            raise NotStartedError(f"does not listen: {program.output()}")
        await asyncio.sleep(0.02)


def _cpu_ms(pid: int) -> float:
    """See clock_getcpuclockid(3) for what the number of such a clock is made of; 0 for a process that has ended."""
    try:
        return time.clock_gettime_ns((~pid << 3) | _SCHED) / 1e6
    except OSError:
        return 0


def _status_kb(pid: int, name: str) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
