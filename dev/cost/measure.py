"""`python -m dev.cost.measure`, beside a running `make dev`: what a request costs in CPU, memory and log, as JSON.

The stream function runs under its own runtime behind cargo-lambda, as `make stream-emulator` serves it; the provider is
the simulator of `make dev`, in another process. The authorizer is called in a process of its own. Linux only: /proc.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dev import function_url, start
from dev.smoke.wire import Door

ROOT = Path(__file__).parents[2]
PORT = 18_999
TIMES = 100
CHOICES = 30
STREAMS = 5
LARGE = 4_000_000
PATH = "/api/core/openai/chat/completions"
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100

_ALONE = """
import json, sys, time
began, cpu = time.perf_counter(), time.process_time()
from functions.{function} import handler
told = {{"import_ms": (time.perf_counter() - began) * 1000, "import_cpu_ms": (time.process_time() - cpu) * 1000}}
if {times}:
    event = json.load(open("events/auth_bearer.json"))
    event["methodArn"] = event.get("methodArn", "arn:aws:execute-api:us-east-1:1:a/dev/GET/")
    handler.handler(event, None)
    cpu, began = time.process_time(), time.perf_counter()
    for _ in range({times}):
        handler.handler(event, None)
    told["cpu_ms"] = (time.process_time() - cpu) * 1000 / {times}
    told["wall_ms"] = (time.perf_counter() - began) * 1000 / {times}
status = open("/proc/self/status").read()  # not getrusage, which tells what the parent once had
told["rss_mb"] = int(status.partition("VmHWM:")[2].split()[0]) / 1024
sys.stderr.write(json.dumps(told))
"""


def run(_: Mapping[str, str], state: Path) -> None:
    """Prints it. Raises StartError."""
    key = function_url.prepared(state)
    with tempfile.TemporaryFile() as log, function_url.served(PORT, log.fileno()) as runtime:
        door = Door(f"http://127.0.0.1:{PORT}/lambda-url/{function_url.FUNCTION}")
        stream = _Stream(runtime.pid, door, key, log).measured()
    found: dict[str, Any] = {"machine": _machine(), "stream": stream}
    found |= {"auth": _alone("auth", TIMES), "route": _alone("route", 0)}
    found["stream"] |= {f"alone_{name}": value for name, value in _alone("stream", 0).items()}
    print(json.dumps(found, indent=2))


class _Stream:
    """The stream function's process, and what it did."""

    def __init__(self, pid: int, door: Door, key: str, log: Any) -> None:
        self._pid = pid
        self._door = door
        self._headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        self._log = log

    def measured(self) -> dict[str, float]:
        for _ in range(10):
            self._ask("Hello!")
        warm_mb = self._rss_mb("VmRSS")
        logged = self._log_bytes()
        whole = self._cpu_ms(lambda: self._ask("Hello!"), TIMES)
        line_bytes = (self._log_bytes() - logged) / TIMES
        sizes: list[int] = []
        streamed = self._cpu_ms(lambda: sizes.extend(self._stream("Hello!", n=CHOICES)), STREAMS)
        busy_mb = self._rss_mb("VmHWM")
        self._ask("x" * LARGE)
        return {
            "whole_cpu_ms": whole,
            "log_bytes": line_bytes,
            "stream_events": len(sizes) / STREAMS,
            "event_bytes": sum(sizes) / len(sizes),
            "stream_cpu_ms": streamed,
            "rss_warm_mb": warm_mb,
            "rss_peak_mb": busy_mb,
            "rss_peak_after_4_mb_body_mb": self._rss_mb("VmHWM"),
        }

    def _ask(self, prompt: str) -> None:
        self._door.ask("POST", PATH, self._headers, _body(prompt, stream=False))

    def _stream(self, prompt: str, n: int) -> list[int]:
        """The bytes of each piece."""
        streamed = self._door.stream(PATH, self._headers, _body(prompt, stream=True, n=n))
        return [len(piece.raw) for piece in streamed.pieces]

    def _cpu_ms(self, act: Callable[[], None], times: int) -> float:
        before = self._ticks()
        for _ in range(times):
            act()
        time.sleep(0.5)  # the last one is settled after its answer
        return (self._ticks() - before) * 1000 / TICKS / times

    def _ticks(self) -> int:
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    def _rss_mb(self, name: str) -> float:
        lines = Path(f"/proc/{self._pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))

    def _log_bytes(self) -> int:
        return os.fstat(self._log.fileno()).st_size


def _body(prompt: str, *, stream: bool, n: int = 1) -> bytes:
    messages = [{"role": "user", "content": prompt}]
    return json.dumps({"model": "gpt-4o-mini", "messages": messages, "stream": stream, "n": n}).encode()


def _alone(function: str, times: int) -> dict[str, float]:
    """The function's import, and its handler so often, in a process of its own."""
    command: Sequence[str] = [sys.executable, "-c", _ALONE.format(function=function, times=times)]
    environment = os.environ | {"POWERTOOLS_SERVICE_NAME": function}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    told: dict[str, float] = json.loads(done.stderr)
    if times:
        told["log_bytes"] = len(done.stdout.encode()) / (times + 1)
    return told


def _machine() -> str:
    return f"{platform.machine()}, Python {platform.python_version()}, {os.cpu_count()} CPUs"


if __name__ == "__main__":
    sys.exit(start.command("cost-measure", run))
